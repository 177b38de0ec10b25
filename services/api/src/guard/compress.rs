//! Answers in fewer bytes, for who takes them so.
//!
//! (poem compresses well, but its own negotiation does not know the name of zstd.)

use bytes::Bytes;
use poem::http::{HeaderMap, HeaderValue, header};
use poem::web::{Compress, CompressionAlgo, CompressionLevel};
use poem::{IntoResponse as _, Response};
use tokio::sync::OnceCell;

/// How an answer is to be compressed: the way that is taken best, zstd before gzip; none, when
/// neither is taken.
pub(super) fn negotiated(headers: &HeaderMap) -> Option<CompressionAlgo> {
    let best = weighed(headers).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, algorithm)| algorithm)
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    weighed(headers).any(|(_, algorithm)| matches!(algorithm, CompressionAlgo::GZIP))
}

/// The ways that are taken, with how well: by weight, then by our own preference.
fn weighed(headers: &HeaderMap) -> impl Iterator<Item = ((f32, u8), CompressionAlgo)> {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter();
    let named = named.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    named.filter_map(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        let (algorithm, preference) = match name.as_str() {
            "zstd" => (CompressionAlgo::ZSTD, 2),
            "gzip" => (CompressionAlgo::GZIP, 1),
            _ => return None,
        };
        let weight = weight.unwrap_or(1.0);
        (weight > 0.0).then_some(((weight, preference), algorithm))
    })
}

/// A text that never changes: compressed once, for whoever takes gzip.
#[derive(Debug, Default)]
pub(crate) struct Fixed(OnceCell<Bytes>);

impl Fixed {
    /// Nothing compressed yet.
    pub(crate) const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    /// The text in the form that the asker takes.
    pub(crate) async fn answer(
        &self,
        text: &'static str,
        asked: &HeaderMap,
    ) -> poem::Result<Response> {
        if !accepts_gzip(asked) {
            return Ok(text.into_response());
        }
        let small = self.0.get_or_try_init(|| async {
            let compress = Compress::new(text, CompressionAlgo::GZIP);
            compress.into_response().into_body().into_bytes().await
        });
        let response = Response::builder().header(header::CONTENT_ENCODING, "gzip");
        Ok(response.body(small.await?.clone()))
    }
}

/// Compresses an answer that is text.
pub(super) fn compressed(response: Response, algorithm: Option<CompressionAlgo>) -> Response {
    let is_text = response.content_type().is_some_and(|kind| {
        kind.starts_with("text/") || kind.contains("json") || kind.contains("javascript")
    });
    if !is_text {
        return response;
    }
    let is_done = response.headers().contains_key(header::CONTENT_ENCODING);
    let mut response = match algorithm.filter(|_| !is_done) {
        Some(algorithm) => {
            let compress = Compress::new(response, algorithm);
            compress.with_quality(CompressionLevel::Fastest).into_response()
        }
        None => response,
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accepted: &str) -> Option<CompressionAlgo> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
        negotiated(&headers)
    }

    #[tokio::test]
    async fn a_text_that_never_changes_is_compressed_once_for_who_takes_it_so() {
        static TEXT: Fixed = Fixed::new();
        let text: &'static str = "the same over and over ".repeat(100).leak();
        let of = |accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            async move { TEXT.answer(text, &headers).await.unwrap() }
        };
        let plain = of("br").await;
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(plain.into_body().into_string().await.unwrap(), text);
        let small = of("br, zstd, gzip").await;
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "gzip");
        let small = compressed(small, Some(CompressionAlgo::ZSTD));
        assert_eq!(small.headers()[header::CONTENT_ENCODING], "gzip", "and not twice");
        assert!(small.into_body().into_vec().await.unwrap().len() < text.len() / 4);
    }

    #[test]
    fn what_is_taken_best_is_chosen_and_what_is_refused_is_not() {
        assert!(matches!(chosen("gzip, deflate, br, zstd"), Some(CompressionAlgo::ZSTD)));
        assert!(matches!(chosen("zstd;q=0.5, GZIP"), Some(CompressionAlgo::GZIP)));
        assert!(matches!(chosen("zstd;q=0, gzip;q=0.1"), Some(CompressionAlgo::GZIP)));
        for none in ["identity", "br", "*", "zstd;q=0", ""] {
            assert!(chosen(none).is_none(), "{none}");
        }
    }
}
