//! Answers in fewer bytes, for who takes them so.
//!
//! (poem compresses well, but its own negotiation does not know the name of zstd.)

use poem::http::{HeaderMap, HeaderValue, header};
use poem::web::{Compress, CompressionAlgo};
use poem::{IntoResponse as _, Response};

/// How an answer is to be compressed: the way that is taken best, zstd before gzip; none, when
/// neither is taken.
pub(super) fn negotiated(headers: &HeaderMap) -> Option<CompressionAlgo> {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter();
    let named = named.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut best = None;
    for coding in named {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        let (algorithm, preference) = match name.as_str() {
            "zstd" => (CompressionAlgo::ZSTD, 2),
            "gzip" => (CompressionAlgo::GZIP, 1),
            _ => continue,
        };
        let rank = (weight.unwrap_or(1.0), preference);
        if rank.0 > 0.0 && best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, algorithm));
        }
    }
    best.map(|(_, algorithm)| algorithm)
}

/// Compresses an answer that is text.
pub(super) fn compressed(response: Response, algorithm: Option<CompressionAlgo>) -> Response {
    let is_text = response.content_type().is_some_and(|kind| {
        kind.starts_with("text/") || kind.contains("json") || kind.contains("javascript")
    });
    if !is_text {
        return response;
    }
    let mut response = match algorithm {
        Some(algorithm) => Compress::new(response, algorithm).into_response(),
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
