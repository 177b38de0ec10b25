//! Requests that make no sense, made from what the interface's document says of an operation: the
//! same ones for the same seed.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Whose name is in everything that is sent, and must not be in a log.
pub const PERSON: &str = "Канарейка Жовтопера";
/// The same in a path or a query.
const PERSON_ENCODED: &str = "%D0%9A%D0%B0%D0%BD%D0%B0%D1%80%D0%B5%D0%B9%D0%BA%D0%B0%20%D0%96";
/// Where that person has an e-mail address.
pub const MAIL: &str = "canary.example";
/// A position that no write has had, and none will have: lane 3, far ahead.
const FAR_AHEAD: &[u8] = b"My8yMTQ3NDgzNjQ3LjE4NDQ2NzQ0MDczNzA5NTUxNjE1LjkyMjMzNzIwMzY4NTQ3NzU4MDc";
/// Stands for a piece of JSON that no value of ours can hold.
const RAW: &str = "@raw@";

/// An operation as the document has it.
#[derive(Debug)]
pub struct Operation {
    pub name: String,
    pub method: String,
    pub path: String,
    /// The answers that it is said to give.
    pub statuses: BTreeSet<u16>,
    /// What may be asked in the query.
    questions: Vec<String>,
    /// The example of its body.
    pub body: Option<Value>,
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document = ael_api::openapi();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let questions = parameters
                .filter(|parameter| parameter["in"] == "query")
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned());
            let statuses = operation["responses"].as_object().unwrap().keys();
            let content = &operation["requestBody"]["content"]["application/json"];
            all.push(Operation {
                name: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                statuses: statuses.map(|status| status.parse().unwrap()).collect(),
                questions: questions.collect(),
                body: content.is_object().then(|| content["example"].clone()),
            });
        }
    }
    all
}

/// A request, byte by byte.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is odd about it.
    pub what: String,
    /// Path and query.
    pub target: Vec<u8>,
    /// Names and values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What it brings.
    pub body: Option<Vec<u8>>,
}

impl Call {
    fn odd(&self, what: impl Into<String>) -> Self {
        Self { what: what.into(), ..self.clone() }
    }

    fn with_body(&self, what: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self.odd(what) }
    }
}

/// Makes up requests to one operation.
pub struct Hostile<'a> {
    pub random: StdRng,
    pub operation: &'a Operation,
    /// The id that stands in the path, and of what is beneath it.
    pub ids: [String; 2],
    /// A body that makes sense.
    pub body: Option<Value>,
    /// Something of another workspace.
    pub foreign: &'a str,
}

impl Hostile<'_> {
    /// A request that makes sense, and then some that make none.
    pub fn calls(&mut self) -> Vec<Call> {
        let sound = self.sound();
        let mut calls = vec![sound.clone(), sound.odd("the same again")];
        calls.extend(self.paths(&sound));
        calls.extend(self.queries(&sound));
        calls.extend(self.headers(&sound));
        calls.extend(self.bodies(&sound));
        calls
    }

    fn sound(&self) -> Call {
        let mut target = self.path(&self.ids[0], &self.ids[1]);
        if self.operation.name == "audit_events" {
            target.extend_from_slice(b"?limit=20");
        }
        let body = self.body.as_ref().map(|body| body.to_string().into_bytes());
        let kind = ("content-type".to_owned(), b"application/json".to_vec());
        let headers = if body.is_some() { vec![kind] } else { Vec::new() };
        Call { what: "what makes sense".to_owned(), target, headers, body }
    }

    fn path(&self, id: impl AsRef<[u8]>, beneath: impl AsRef<[u8]>) -> Vec<u8> {
        let mut path = Vec::new();
        for part in self.operation.path.split('/').skip(1) {
            path.push(b'/');
            path.extend_from_slice(match part {
                "{id}" => id.as_ref(),
                "{note_id}" => beneath.as_ref(),
                word => word.as_bytes(),
            });
        }
        path
    }

    fn one_of<T: Clone>(&mut self, choice: &[T]) -> T {
        choice[self.random.random_range(0..choice.len())].clone()
    }

    /// Something that is no id, no number, no time and no cursor, as it stands in an address.
    fn word(&mut self) -> Vec<u8> {
        let words: [&[u8]; 24] = [
            b"",
            b"x",
            b"-1",
            b"0",
            b"1e999",
            b"70000",
            b"18446744073709551616",
            b"%00",
            b"a%00b",
            b"%FF%FE",
            b"%E2%80%AEx",
            b"%F0%9F%92%A5",
            b"%",
            b"%zz",
            b"\xff\xfe",
            "їжак".as_bytes(),
            b"null",
            b"a,,b,",
            b"'%20OR%201=1;--",
            b"%2E%2E%2F%2E%2E%2Fetc%2Fpasswd",
            b"9999-12-31T23:59:60Z",
            b"-262143-01-01T00:00:00Z",
            b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAeyJvZiI6IngiLCJhdCI6MX0",
            b"00000000-0000-0000-0000-000000000000",
        ];
        match self.random.random_range(0..8) {
            0 => self.foreign.as_bytes().to_vec(),
            1 => PERSON_ENCODED.as_bytes().to_vec(),
            2 => b"A".repeat(3_000),
            _ => self.one_of(&words).to_vec(),
        }
    }

    fn paths(&mut self, sound: &Call) -> Vec<Call> {
        let mut calls = Vec::new();
        if self.operation.path.contains("{id}") {
            let foreign = self.foreign.to_owned();
            let target = self.path(&foreign, &foreign);
            calls.push(Call { target, ..sound.odd("another workspace's id") });
            for _ in 0..2 {
                let (id, beneath) = (self.word(), self.word());
                calls.push(Call { target: self.path(id, beneath), ..sound.odd("an odd id") });
            }
        }
        calls
    }

    fn queries(&mut self, sound: &Call) -> Vec<Call> {
        let mut questions = self.operation.questions.clone();
        let odd = if questions.is_empty() { 3 } else { 6 };
        questions.push("nonsense".to_owned());
        let mut calls = Vec::new();
        for _ in 0..odd {
            let name = self.one_of(&questions);
            let word = self.word();
            let path = self.path(&self.ids[0], &self.ids[1]);
            let target = [&path, b"?".as_slice(), name.as_bytes(), b"=", &word].concat();
            calls.push(Call { target, ..sound.odd(format!("an odd {name} in the query")) });
        }
        let long = self.one_of(&[20_000, 70_000]);
        let target = [sound.target.as_slice(), b"?", &b"a".repeat(long)].concat();
        calls.push(Call { target, ..sound.odd("a long address") });
        calls
    }

    fn headers(&mut self, sound: &Call) -> Vec<Call> {
        let odd: [(&str, &[u8]); 28] = [
            ("if-match", b"\"18446744073709551616\""),
            ("if-match", b"\"18446744073709551615\""),
            ("if-match", b"W/\"1\""),
            ("if-match", b"\xff\xfe"),
            ("if-match", b"\"1\", \"2\""),
            ("idempotency-key", b""),
            ("idempotency-key", b"\x80\x81"),
            ("idempotency-key", PERSON.as_bytes()),
            ("idempotency-key", b"the same for everybody"),
            ("x-ael-position", b"nonsense!"),
            ("x-ael-position", b"OC8xLjE2NDUuMTgyOA.AA"),
            ("x-ael-position", FAR_AHEAD),
            ("x-ael-position", b"\xff"),
            ("content-type", b"text/plain"),
            ("content-type", b"application/json; charset=utf-16"),
            ("content-type", b"multipart/form-data; boundary=\xff"),
            ("content-type", b";;;"),
            ("content-encoding", b"gzip"),
            ("accept", b"nonsense/\xff;q=9"),
            ("accept-encoding", b"gzip;q=nan, zstd;q=-1, \xff"),
            ("traceparent", b"00-zzzz"),
            ("x-request-id", b"\xf0\x9f\x92\xa5"),
            ("x-forwarded-for", b"999.999.999.999, \xff"),
            ("origin", b"null"),
            ("authorization", b"Bearer another"),
            ("expect", b"nothing"),
            ("content-length", b"-1"),
            ("bad name", b"\x01"),
        ];
        let mut calls = Vec::new();
        for _ in 0..7 {
            let (name, value) = self.one_of(&odd);
            let mut call = sound.odd(format!("{name}: {}", String::from_utf8_lossy(value)));
            call.headers.retain(|(known, _)| known != name);
            call.headers.push((name.to_owned(), value.to_vec()));
            calls.push(call);
        }
        let mut large = sound.odd("large headers");
        let (many, long) = self.one_of(&[(1, 300), (1, 40_000), (1, 600_000), (150, 1)]);
        let filled = (0..many).map(|number| (format!("x-odd-{number}"), b"y".repeat(long)));
        large.headers.extend(filled);
        large.headers.push(("idempotency-key".to_owned(), b"z".repeat(long)));
        calls.push(large);
        calls
    }

    fn bodies(&mut self, sound: &Call) -> Vec<Call> {
        let Some(body) = self.body.clone() else { return Vec::new() };
        let mut calls = Vec::new();
        let mut places = Vec::new();
        find_places(&body, "", &mut places);
        if !places.is_empty() {
            for _ in 0..5 {
                let (place, odd) = (self.one_of(&places), self.json());
                let shown: String = odd.chars().take(60).collect();
                let what = format!("{shown} at {place}");
                calls.push(sound.with_body(what, put(&body, &place, odd.as_bytes())));
            }
            let megabyte = format!("\"{}\"", "ж".repeat(500_000));
            let place = self.one_of(&places);
            calls.push(sound.with_body("a megabyte", put(&body, &place, megabyte.as_bytes())));
            let place = self.one_of(&places);
            calls.push(sound.with_body("broken text", put(&body, &place, b"\"\xd0\xff\"")));
            let place = self.one_of(&places);
            calls.push(sound.with_body(format!("no {place}"), without(&body, &place)));
        }
        let mut more = body.clone();
        more["nonsense"] = json!(PERSON);
        calls.push(sound.with_body("an unknown field", more.to_string()));
        for _ in 0..2 {
            let whole = self.whole();
            let shown = String::from_utf8_lossy(&whole).chars().take(60).collect::<String>();
            calls.push(sound.with_body(format!("the body {shown}"), whole));
        }
        calls.push(Call { headers: Vec::new(), ..sound.odd("a body of no kind") });
        calls
    }

    /// JSON that is hardly ever what is expected.
    fn json(&mut self) -> String {
        let odd = [
            "null",
            "true",
            "0",
            "-1",
            "-0.0",
            "1.5",
            "1e999",
            "9e99",
            "18446744073709551616",
            "9223372036854775807",
            "123456789012345678901234567890",
            "[]",
            "[null]",
            "{}",
            "[[],{}]",
            r#""""#,
            r#"" ""#,
            r#""\u0000""#,
            r#""a\u0000b""#,
            r#""\u202e\u2066 evil \u2069""#,
            r#""\ud800""#,
            r#""\ufeff\ufffe""#,
            r#""0001-01-01T00:00:00Z""#,
            r#""+262142-12-31T23:59:59Z""#,
            r#"{"$ref":"x"}"#,
            r#""nobody@""#,
            r#""+38067""#,
        ];
        match self.random.random_range(0..10) {
            0 => format!("\"{}\"", self.foreign),
            1 => format!("\"{PERSON}\""),
            2 => format!(r#"{{"{PERSON}":"{PERSON}"}}"#),
            3 => format!("{}{}", "[".repeat(300), "]".repeat(300)),
            // Within what a body may have, and more than the bus carries with what is around it.
            4 => format!("\"{}\"", "x".repeat(261_500)),
            _ => self.one_of(&odd).to_owned(),
        }
    }

    /// A body that is none.
    fn whole(&mut self) -> Vec<u8> {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        let object = br#"{"a":"#.repeat(30_000);
        let odd: [&[u8]; 14] = [
            b"",
            b"{",
            b"[]",
            b"null",
            b"5",
            b"\"x\"",
            b"{}{}",
            b"{\"a\":1,\"a\":2}",
            b"\xff\xfe{\x00}\x00",
            b"\xef\xbb\xbf{}",
            b"{\"\xd0\":1}",
            b"\x00",
            &deep,
            &object,
        ];
        self.one_of(&odd).to_vec()
    }
}

/// JSON pointers to everything inside a value.
fn find_places(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), it)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, it)| (index.to_string(), it)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (name, child) in children {
        let place = format!("{at}/{name}");
        find_places(child, &place, found);
        found.push(place);
    }
}

/// The value as JSON, with these bytes in this place.
fn put(value: &Value, place: &str, raw: &[u8]) -> Vec<u8> {
    let mut value = value.clone();
    *value.pointer_mut(place).unwrap() = json!(RAW);
    let text = value.to_string();
    let (before, after) = text.split_once(&format!("\"{RAW}\"")).unwrap();
    [before.as_bytes(), raw, after.as_bytes()].concat()
}

/// The value as JSON, without what is in this place.
fn without(value: &Value, place: &str) -> String {
    let mut value = value.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(Map::remove(fields, name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value.to_string()
}
