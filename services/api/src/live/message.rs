//! What is said over a socket, in both directions, and with which codes it closes.

use ael_events::order::PositionToken;
use ael_events::query::LiveChange;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use uuid::Uuid;

/// What we say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outgoing<'a> {
    /// The first message: from here on changes are told.
    Hello {
        /// Where a later connection may go on; nothing while it is not known.
        cursor: &'a str,
        /// How often we send a ping; who does not answer for more than twice that is dropped.
        heartbeat_ms: u64,
    },
    /// Something changed: load it anew.
    Change {
        /// `lead`, `sale`, `member` …
        topic: &'a str,
        /// Which one.
        id: Uuid,
        /// Its version now; what is older than one already has may be passed over.
        version: u64,
        /// Bring it to a read (`X-Ael-Position`) to see at least this.
        position: PositionToken,
    },
    /// Everything up to here was told: where a later connection may go on.
    Cursor {
        /// Opaque.
        cursor: &'a str,
    },
    /// What was missed cannot be told: load everything anew, and connect again with this cursor.
    /// The socket closes.
    Reload {
        /// Opaque; nothing when it is not known: connect without one.
        cursor: Option<&'a str>,
    },
}

impl Outgoing<'_> {
    /// As it is sent.
    #[must_use]
    pub fn text(&self) -> Utf8Bytes {
        // None of it can fail to be written.
        serde_json::to_string(self).unwrap_or_default().into()
    }

    /// A change, as everybody who may hear of it gets it.
    #[must_use]
    pub fn of(change: &LiveChange) -> Outgoing<'_> {
        let LiveChange { topic, id, version, position, .. } = change;
        Outgoing::Change { topic: topic.as_str(), id: *id, version: *version, position: *position }
    }
}

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Incoming {
    /// Tell what was missed after this cursor, once per connection.
    Resume {
        /// As it was told.
        cursor: String,
    },
}

/// Why a socket closes, beside the reasons of RFC 6455.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// The service restarts: connect again (1012).
    Restarting,
    /// The token or the member is not good any more (4001).
    NotAuthorised,
    /// Load everything anew and connect again (4008).
    Reload,
    /// What the client said is nothing that can be said (1008).
    NotUnderstood,
    /// What the client said is too large (1009).
    TooLarge,
    /// Who listens could not be looked up for too long: connect again later (1013).
    TryLater,
}

impl Farewell {
    /// The code of the closing frame.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Restarting => 1012,
            Self::NotAuthorised => 4001,
            Self::Reload => 4008,
            Self::NotUnderstood => 1008,
            Self::TooLarge => 1009,
            Self::TryLater => 1013,
        }
    }

    /// The reason in the closing frame.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Restarting => "restarting: connect again",
            Self::NotAuthorised => "the token or its member is not good any more",
            Self::Reload => "load everything anew and connect again",
            Self::NotUnderstood => "expected {\"type\":\"resume\",\"cursor\":…}, once",
            Self::TooLarge => "a message may have 4096 bytes",
            Self::TryLater => "connect again in a moment",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::caller::tests::change;

    #[test]
    fn the_wire_forms_are_those_of_the_documentation() {
        let of = |message: Outgoing<'_>| message.text().to_string();
        let position = change("lead", 7, 3).position;
        assert_eq!(
            of(Outgoing::of(&change("lead", 7, 3))),
            format!(
                "{{\"type\":\"change\",\"topic\":\"lead\",\
                 \"id\":\"00000000-0000-0000-0000-000000000007\",\"version\":3,\
                 \"position\":\"{position}\"}}"
            )
        );
        assert_eq!(
            of(Outgoing::Hello { cursor: "c", heartbeat_ms: 25_000 }),
            r#"{"type":"hello","cursor":"c","heartbeat_ms":25000}"#
        );
        assert_eq!(of(Outgoing::Cursor { cursor: "c" }), r#"{"type":"cursor","cursor":"c"}"#);
        let reload = Outgoing::Reload { cursor: Some("c") };
        assert_eq!(of(reload), r#"{"type":"reload","cursor":"c"}"#);
    }

    #[test]
    fn a_client_says_resume_and_nothing_else() {
        let read = |text: &str| serde_json::from_str::<Incoming>(text).ok();
        let resume = Incoming::Resume { cursor: "c".to_owned() };
        assert_eq!(read(r#"{"type":"resume","cursor":"c"}"#), Some(resume));
        for nonsense in ["", "{}", "null", r#"{"type":"resume"}"#, r#"{"type":"shout"}"#] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        assert_eq!(read(r#"{"type":"resume","cursor":"c","more":1}"#), None);
    }
}
