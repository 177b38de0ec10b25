//! The way to Telegram: requests as teloxide has them, answers with all that the sender decides by.
//!
//! teloxide's own sending waits ten seconds after each 5xx and keeps neither status nor scope of a
//! refusal; here its payloads and its client are used and the answer is read by ourselves.
//!
//! # Invariants
//!
//! - **Nothing secret or personal leaves by an error.** The token stands in the address, so
//!   addresses are taken out of errors; Telegram's words, which may quote a message, stay apart
//!   from what is logged.

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use std::time::Duration;
use teloxide::Bot;
use teloxide::requests::Payload;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// When to come again where Telegram does not say it.
const SOON: Duration = Duration::from_secs(5);

/// Why Telegram did not do something.
#[derive(thiserror::Error)]
pub(crate) enum Refusal {
    /// It is away, or something between is; it may have done it all the same.
    #[error("Telegram is away: {0}")]
    Away(String),
    /// Too much was asked: come again after this.
    #[error("Telegram asks to wait for {} s", .0.as_secs())]
    TooMuch(Duration),
    /// The group is now another chat.
    #[error("the group has another number now")]
    Moved(i64),
    /// It will not do it.
    #[error("Telegram refused with {code}")]
    Refused {
        /// Its code: 400, 401, 403, 404, 409.
        code: u16,
        /// Its words, which may quote a message.
        words: String,
    },
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Refusal {
    /// Whether Telegram does not know the token.
    pub(crate) const fn is_of_the_token(&self) -> bool {
        matches!(self, Self::Refused { code: 401 | 404, .. })
    }
}

/// Telegram, or whoever speaks its Bot API. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Telegram {
    bot: Bot,
    base: String,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telegram(***)")
    }
}

#[derive(Deserialize)]
struct Reply<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Telegram {
    /// With this token, at this address.
    pub(crate) fn new(token: &SecretString, api_url: &str) -> Self {
        let bot = Bot::new(token.expose_secret());
        let base = format!("{}/bot{}", api_url.trim_end_matches('/'), token.expose_secret());
        Self { bot, base }
    }

    /// Has something done; what it gives is not needed.
    pub(crate) async fn call<P: Payload + Serialize>(&self, payload: &P) -> Result<(), Refusal> {
        let body = written(payload)?;
        self.post(P::NAME, "application/json", body, PATIENCE, &|_| Ok(())).await
    }

    /// Asks for something, which may take this long.
    pub(crate) async fn ask<P, T>(&self, payload: &P, patience: Duration) -> Result<T, Refusal>
    where
        P: Payload + Serialize,
        T: DeserializeOwned,
    {
        let read = |result: &RawValue| {
            let unread = |_| Refusal::Away(format!("the answer to {} cannot be read", P::NAME));
            serde_json::from_str(result.get()).map_err(unread)
        };
        self.post(P::NAME, "application/json", written(payload)?, patience, &read).await
    }

    /// Sends a form (with a file in it).
    pub(crate) async fn submit(&self, method: &str, form: Form) -> Result<(), Refusal> {
        let (kind, body) = form.finished();
        self.post(method, &kind, body, PATIENCE * 2, &|_| Ok(())).await
    }

    async fn post<T>(
        &self,
        method: &str,
        kind: &str,
        body: Vec<u8>,
        patience: Duration,
        read: &(dyn Fn(&RawValue) -> Result<T, Refusal> + Sync),
    ) -> Result<T, Refusal> {
        // Methods of inline messages are named apart in teloxide alone.
        let method = method.trim_end_matches("Inline");
        let request = self.bot.client().post(format!("{}/{method}", self.base));
        let request = request.header("content-type", kind).timeout(patience).body(body);
        let answer = request.send().await.map_err(|error| away(&error.without_url()))?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|error| away(&error.without_url()))?;
        if status >= 500 {
            return Err(Refusal::Away(format!("it answered {status}")));
        }
        let Ok(reply) = serde_json::from_slice::<Reply<'_>>(&body) else {
            return Err(unreadable(status));
        };
        match reply.result {
            Some(result) if reply.ok => read(result),
            Some(_) | None => Err(refusal(status, reply)),
        }
    }
}

fn written(payload: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    let unwritten = |_| Refusal::Refused { code: 400, words: "cannot be written as JSON".into() };
    serde_json::to_vec(payload).map_err(unwritten)
}

/// What the client says, and what it says of the reason, without the address.
fn away(error: &dyn std::error::Error) -> Refusal {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        words = format!("{words}: {reason}");
        source = reason.source();
    }
    Refusal::Away(words)
}

/// What is no answer of the Bot API comes from something in between, but for a wrong address.
fn unreadable(status: u16) -> Refusal {
    match status {
        401 | 404 => Refusal::Refused { code: status, words: String::new() },
        429 => Refusal::TooMuch(SOON),
        _ => Refusal::Away(format!("an answer ({status}) that is none of the Bot API")),
    }
}

fn refusal(status: u16, reply: Reply<'_>) -> Refusal {
    let Reply { error_code, description, parameters, .. } = reply;
    let code = if error_code == 0 { status } else { error_code };
    match (parameters.migrate_to_chat_id, parameters.retry_after, code) {
        (Some(chat), _, _) => Refusal::Moved(chat),
        (None, Some(seconds), _) => Refusal::TooMuch(Duration::from_secs(seconds.clamp(1, 86_400))),
        (None, None, 429) => Refusal::TooMuch(SOON),
        (None, None, 500..) => Refusal::Away(format!("it answered {code}")),
        (None, None, code) => Refusal::Refused { code, words: description },
    }
}

/// A form with a file, as browsers send it.
pub(crate) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { boundary: format!("ael-{:032x}", rand::random::<u128>()), body: Vec::new() }
    }

    /// With a field.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.head(&format!("name=\"{name}\""));
        self.body.extend_from_slice(value.as_bytes());
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// With a PNG.
    pub(crate) fn png(mut self, name: &str, file: &str, bytes: &[u8]) -> Self {
        self.head(&format!("name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/png"));
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    fn head(&mut self, what: &str) {
        let head = format!("--{}\r\nContent-Disposition: form-data; {what}\r\n\r\n", self.boundary);
        self.body.extend_from_slice(head.as_bytes());
    }

    fn finished(mut self) -> (String, Vec<u8>) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Refusal {
        refusal(200, serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_telegram_says_is_told_apart() {
        let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests",
            "parameters":{"retry_after":7}}"#;
        assert!(matches!(of(flood), Refusal::TooMuch(wait) if wait == Duration::from_secs(7)));
        let moved = r#"{"ok":false,"error_code":400,"description":"x",
            "parameters":{"migrate_to_chat_id":-1007}}"#;
        assert!(matches!(of(moved), Refusal::Moved(-1007)));
        let token = of(r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#);
        assert!(token.is_of_the_token());
        assert!(matches!(unreadable(502), Refusal::Away(_)));
    }

    #[test]
    fn a_refusal_shows_no_word_of_a_message() {
        let quoting = of(
            r#"{"ok":false,"error_code":400,"description":"can't parse entities: tag \"Olena\""}"#,
        );
        assert!(!format!("{quoting} {quoting:?}").contains("Olena"));
    }

    #[test]
    fn a_form_is_written_as_browsers_write_it() {
        let (kind, body) =
            Form::new().text("chat_id", "7").png("photo", "a.png", b"\x89P").finished();
        let boundary = kind.split_once("boundary=").unwrap().1.to_owned();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert!(
            body.starts_with(&format!("--{boundary}\r\nContent-Disposition: form-data; name="))
        );
        assert!(body.contains("name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n"));
        assert!(body.ends_with(&format!("\r\n--{boundary}--\r\n")));
    }
}
