//! Requests and answers as they travel.

use super::{Answer, Fault};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// The next request on a connection: its path, its content type and its body.
pub fn request(reader: &mut impl BufRead) -> std::io::Result<Option<(String, String, Vec<u8>)>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut kind, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "content-type" => value.trim().clone_into(&mut kind),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((path, kind, body)))
}

/// The fields of a body, of JSON or of a form, and the file in it.
pub fn parsed(kind: &str, body: &[u8]) -> (Value, Option<Vec<u8>>) {
    let Some((_, boundary)) = kind.split_once("boundary=") else {
        return (serde_json::from_slice(body).unwrap_or_default(), None);
    };
    let (mut fields, mut file) = (json!({}), None);
    for part in split(body, format!("--{boundary}").as_bytes()) {
        let Some(end) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..end]);
        let content = part[end + 4..].strip_suffix(b"\r\n").unwrap_or(&part[end + 4..]);
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
        if head.contains("filename=") {
            file = Some(content.to_vec());
        } else if let Some(name) = name {
            fields[name] = json!(String::from_utf8_lossy(content));
        }
    }
    (fields, file)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn split<'a>(mut text: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(place) = find(text, by) {
        parts.push(&text[..place]);
        text = &text[place + by.len()..];
    }
    parts
}

/// Answers, as a fault wants it.
pub fn respond(to: &mut impl Write, answer: &Answer, fault: Option<&Fault>) -> std::io::Result<()> {
    let (status, body) = match (answer, fault) {
        (_, Some(Fault::Away(status))) => (*status, "<html>Bad Gateway</html>".to_owned()),
        (Ok(result), _) => (200, json!({ "ok": true, "result": result }).to_string()),
        (Err((429, seconds)), _) => {
            let wait: u64 = seconds.parse().unwrap_or(1);
            let words = format!("Too Many Requests: retry after {wait}");
            let body = json!({ "ok": false, "error_code": 429, "description": words,
                "parameters": { "retry_after": wait } });
            (429, body.to_string())
        }
        (Err((code, words)), _) => {
            let body = json!({ "ok": false, "error_code": code, "description": words });
            (*code, body.to_string())
        }
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let sent = if fault == Some(&Fault::CutOff) { &body[..body.len() / 2] } else { &body };
    to.write_all(&[head.as_bytes(), sent.as_bytes()].concat())?;
    to.flush()
}
