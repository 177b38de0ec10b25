//! Requests that the HTTP stack refuses before they are requests: it answers with a bare status,
//! and a problem goes out instead.

use super::sizes::{address_too_long, headers_too_large};
use super::{REQUEST_ID, dress};
use crate::wire::Problem;
use poem::http::StatusCode;
use poem::{IntoResponse as _, Response};

/// Longer than any answer that the stack gives by itself.
const LONGEST: usize = 256;

/// What goes out instead of what is about to: a problem, when it is a refusal of the stack's own.
/// Those have no body and, other than ours, no name. Nothing inside an answer of ours looks like
/// one: JSON has no line ends of this kind.
pub(crate) fn instead_of(written: &[u8]) -> Option<Vec<u8>> {
    if written.len() > LONGEST || !written.starts_with(b"HTTP/1.") {
        return None;
    }
    let head = str::from_utf8(written).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?;
    let mut is_empty = false;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        if name == REQUEST_ID.as_str() {
            return None;
        }
        is_empty |= name == "content-length" && value == "0";
    }
    let problem = match status.parse() {
        Ok(400) => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_request",
            "This is no HTTP request that can be read: look at its address and its headers.",
        ),
        Ok(414) => address_too_long(),
        Ok(431) => headers_too_large(),
        Ok(0..=u16::MAX) | Err(_) => return None,
    };
    is_empty.then(|| on_the_wire(problem))
}

/// The problem as the last answer of its connection.
fn on_the_wire(mut problem: Problem) -> Vec<u8> {
    let name = uuid::Uuid::now_v7().to_string();
    problem.request_id = Some(name.clone());
    tracing::debug!(status = problem.status, request_id = %name, "a request cannot be read");
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let status = problem.status_code();
    let mut response: Response = problem.into_response();
    dress(&mut response, &name);
    let mut written = format!("HTTP/1.1 {status}\r\n").into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        written.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    };
    response.headers().iter().for_each(|(name, value)| line(name.as_str(), value.as_bytes()));
    line("content-length", body.len().to_string().as_bytes());
    line("connection", b"close");
    written.extend_from_slice(b"\r\n");
    written.extend(body);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(status: &str) -> String {
        format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\
             date: Fri, 27 Nov 2026 14:00:00 GMT\r\n\r\n"
        )
    }

    #[test]
    fn a_bare_refusal_becomes_a_problem() {
        for (status, code) in [
            ("400 Bad Request", "malformed_request"),
            ("414 URI Too Long", "address_too_long"),
            ("431 Request Header Fields Too Large", "headers_too_large"),
        ] {
            let written = String::from_utf8(instead_of(bare(status).as_bytes()).unwrap()).unwrap();
            let (head, body) = written.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
            assert!(head.contains("content-type: application/problem+json"), "{head}");
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            let problem: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(problem["code"], code);
            assert!(head.contains(problem["request_id"].as_str().unwrap()), "{head}");
        }
    }

    #[test]
    fn an_answer_of_ours_goes_out_as_it_is() {
        let ours = bare("400 Bad Request").replace("date:", "x-request-id: mine\r\ndate:");
        let body = bare("400 Bad Request").replace("length: 0", "length: 7");
        let open = bare("400 Bad Request").replace("\r\n\r\n", "\r\n");
        for answer in [&ours, &body, &open, &bare("200 OK"), "HTTP/1.1", "", r#"{"a":1}"#] {
            assert_eq!(instead_of(answer.as_bytes()), None, "{answer}");
        }
    }
}
