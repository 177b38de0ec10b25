//! How a request goes out and what of its answer comes in: a status that is no success is an error
//! with how long to wait, a body is read so far and no farther, and nothing of it is logged.

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::{Response, StatusCode, header};
use serde::de::IgnoredAny;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// An answer is a few hundred bytes; whoever sends more than this means no good.
const MOST_BYTES: usize = 256 * 1024;

/// Whoever asks for more time than this means for ever.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What came instead of an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The server answered, but with no success.
    #[error("the server answered {status}")]
    Status {
        /// The status.
        status: StatusCode,
        /// What it says of when to come again.
        retry_after: Option<Duration>,
    },
    /// Nothing came, or not all of it.
    #[error("the server could not be asked")]
    Transport(#[source] reqwest::Error),
    /// More came than any answer has.
    #[error("the server's answer is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is no JSON.
    #[error("the server's answer is no JSON")]
    NoJson,
    /// The request could not be made.
    #[error("the request could not be made")]
    Request,
}

impl From<Refused> for OpenAIError {
    fn from(refused: Refused) -> Self {
        Self::Boxed(Box::new(refused))
    }
}

/// Sends requests, one attempt each.
#[derive(Debug, Clone)]
pub(super) struct Careful(pub(super) reqwest::Client);

impl tower::Service<HttpRequestFactory> for Careful {
    type Response = Response;
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Refused>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let http = self.0.clone();
        Box::pin(async move {
            let request = request.build().await.map_err(|_| Refused::Request)?;
            let response = http.execute(request).await.map_err(Refused::Transport)?;
            let status = response.status();
            if !status.is_success() {
                let retry_after = retry_after(response.headers());
                return Err(Refused::Status { status, retry_after });
            }
            let body = body(response).await?;
            serde_json::from_slice::<IgnoredAny>(&body).map_err(|_| Refused::NoJson)?;
            Ok(Response::from(http::Response::new(body)))
        })
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Refused::Transport)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Refused::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Seconds, or a date (RFC 9110, 10.2.3); a day at most.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            (date.to_utc() - chrono::Utc::now()).to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(asked.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_again_is_said_in_seconds_or_by_a_date() {
        let said = |text: &str| {
            let headers = [(header::RETRY_AFTER, text.parse().unwrap())];
            retry_after(&headers.into_iter().collect())
        };
        assert_eq!(said("7"), Some(Duration::from_secs(7)));
        assert_eq!(said("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(said("Tue, 01 Jan 2999 00:00:00 GMT").unwrap() > Duration::from_secs(3_600));
        assert_eq!(said(&u64::MAX.to_string()), Some(LONGEST));
        assert_eq!(said("soon"), None);
        assert_eq!(said("-1"), None);
    }
}
