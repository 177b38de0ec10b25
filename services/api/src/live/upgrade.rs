//! From an HTTP request to a WebSocket.

use super::{Admission, Live, Refused, TicketError};
use crate::wire::{Caller, Problem};
use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};
use secrecy::SecretString;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The longest cursor that is taken.
const LONGEST_CURSOR: usize = 4_096;

/// Answers a request that opens a WebSocket, and serves what it becomes.
pub(crate) async fn upgrade(
    live: &Live,
    request: &Request,
    ticket: Option<SecretString>,
    cursor: Option<String>,
) -> Result<Response, Problem> {
    let key = handshake(request).ok_or_else(not_a_handshake)?;
    if cursor.as_ref().is_some_and(|cursor| cursor.len() > LONGEST_CURSOR) {
        return Err(Problem::at("cursor", "this is no cursor of ours"));
    }
    let upgraded = request.take_upgrade().map_err(|_| not_a_handshake())?;
    let admission = admit(live, request, ticket).await?;
    tokio::spawn(async move {
        // It fails when the client leaves between asking and being answered.
        if let Ok(connection) = upgraded.await {
            admission.serve(connection, cursor);
        }
    });
    Ok(Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .finish())
}

async fn admit(
    live: &Live,
    request: &Request,
    ticket: Option<SecretString>,
) -> Result<Admission, Problem> {
    if let Some(ticket) = ticket {
        return Ok(live.admit_by_ticket(&ticket).await?);
    }
    let caller = Caller::of(request)?;
    Ok(live.admit(caller.workspace, caller.credential).await?)
}

/// The client's key, if the request opens a WebSocket (RFC 6455, 4.2.1).
fn handshake(request: &Request) -> Option<HeaderValue> {
    let says = |name: HeaderName, word: &str| {
        let values = request.headers().get_all(name).into_iter();
        let mut texts = values.filter_map(|value| value.to_str().ok());
        texts.any(|text| text.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    let opens = request.method() == Method::GET
        && says(header::CONNECTION, "upgrade")
        && says(header::UPGRADE, "websocket")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    request.headers().get(header::SEC_WEBSOCKET_KEY).filter(|_| opens).cloned()
}

fn not_a_handshake() -> Problem {
    let sentence = "This is for WebSockets: connect with a WebSocket client (RFC 6455).";
    Problem::new(StatusCode::UPGRADE_REQUIRED, "not_a_websocket", sentence)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let sentence = refused.to_string();
        match refused {
            Refused::Asked(error) => error.into(),
            Refused::Ticket(TicketError::NotGood) => {
                Self::new(StatusCode::UNAUTHORIZED, "bad_ticket", sentence)
            }
            Refused::Ticket(error @ (TicketError::Unavailable(_) | TicketError::Unmade)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no tickets");
                Self::unavailable("unavailable", sentence, 1)
            }
            Refused::TooMany { limit } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut problem = Self::new(status, "too_many_sockets", sentence).retry_after(5);
                problem.details = serde_json::json!({ "limit": limit });
                problem
            }
            Refused::Full => Self::unavailable("overloaded", sentence, 5),
            Refused::Unavailable(error) => {
                tracing::warn!(error = &*error as &dyn std::error::Error, "no live changes");
                Self::unavailable("unavailable", sentence, 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(headers: &[(&str, &str)]) -> Option<HeaderValue> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        handshake(&request.finish())
    }

    #[test]
    fn a_handshake_is_one_only_when_it_is_whole() {
        let whole = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let key = asking(&whole).unwrap();
        assert_eq!(derive_accept_key(key.as_bytes()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for missing in 0..whole.len() {
            let mut headers = whole.to_vec();
            headers.remove(missing);
            assert_eq!(asking(&headers), None, "without {missing}");
        }
    }
}
