//! A client of the HTTP interface with no code of the house in it: a request, an answer, and the
//! connection is closed.

use crate::house::{House, PATIENCE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// One copy of the API, called with one token.
#[derive(Clone)]
pub struct Web {
    address: String,
    token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        let problem = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert!(problem["request_id"].is_string() && problem["status"] == self.status, "{self:?}");
        problem["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }

    /// The id of what was written.
    pub fn id(&self) -> String {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }
}

impl Web {
    /// A copy of the API (counted from 1), for whoever has this token.
    pub fn of(house: &House, copy: usize, token: &str) -> Self {
        let name = if copy == 1 { "http".to_owned() } else { format!("http-{copy}") };
        let endpoints = house.running().state().endpoints.clone();
        let url = endpoints.get(&name).unwrap_or_else(|| panic!("no {name} in {endpoints:?}"));
        let address = url.strip_prefix("http://").unwrap().to_owned();
        Self { address, token: token.to_owned() }
    }

    /// The same copy for another token.
    pub fn with(&self, token: &str) -> Self {
        Self { address: self.address.clone(), token: token.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(&body.to_string()))
    }

    /// Sends a request to a path under `/api/v1`.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// The same, when the API may be away.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> std::io::Result<Answer> {
        let mut all: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        if body.is_some() {
            all.push(("content-type", b"application/json"));
        }
        self.send_bytes(method, path.as_bytes(), &all, body.map(str::as_bytes))
    }

    /// Sends a request of any bytes, whatever sense they make; a path and its query come as they
    /// are written on the wire.
    pub fn send_bytes(
        &self,
        method: &str,
        path: &[u8],
        headers: &[(&str, &[u8])],
        body: Option<&[u8]>,
    ) -> std::io::Result<Answer> {
        let path = match path.strip_prefix(b"//") {
            Some(rest) => [b"/", rest].concat(),
            None => [b"/api/v1", path].concat(),
        };
        // With HTTP/1.0 an answer ends with its connection.
        let mut request = [method.as_bytes(), b" ", &path, b" HTTP/1.0\r\nhost: test\r\n"].concat();
        let mut line = |name: &str, value: &[u8]| {
            request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        line("authorization", format!("Bearer {}", self.token).as_bytes());
        headers.iter().for_each(|(name, value)| line(name, value));
        if let Some(body) = body {
            line("content-length", body.len().to_string().as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.unwrap_or_default());
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // What is refused before all of it was sent is answered all the same.
        let sent = stream.write_all(&request);
        let mut answer = Vec::new();
        let received = stream.read_to_end(&mut answer);
        if answer.is_empty() {
            sent.and(received.map(drop))?;
        }
        parsed(&String::from_utf8_lossy(&answer))
    }
}

fn parsed(answer: &str) -> std::io::Result<Answer> {
    let broken = || std::io::Error::other(format!("no answer: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Ok(Answer { status: status.ok_or_else(broken)?, headers, body: body.to_owned() })
}

/// A token of a member (the first Admin when none is named) with these scopes.
pub fn token(house: &House, member: Option<&str>, scopes: &[&str]) -> String {
    let mut all = vec!["token", "create", "for a test"];
    for scope in scopes {
        all.extend(["--scope", scope]);
    }
    if let Some(member) = member {
        all.splice(0..0, ["--as", member]);
    }
    house.json(&all)["token"].as_str().unwrap().to_owned()
}
