//! What `commands` and `queries` answer: accepted, rejected or failed, and never something in
//! between.

use crate::order::PositionToken;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CommandAnswer {
    /// It happened, and is kept.
    Accepted(Accepted),
    /// It is not to happen: asking again cannot help.
    Rejected(Rejected),
    /// It could not be done now: asking again, with the same command id, may help.
    Failed(Failed),
}

/// A command was carried out (now, or when it was first asked).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// The aggregate.
    pub aggregate_id: Uuid,
    /// Its version afterwards.
    pub version: u64,
    /// Bring it to a read to see this write; missing when there was nothing to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionToken>,
    /// Whether this answer was given before, to the same command id.
    #[serde(default)]
    pub repeated: bool,
}

/// A request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{sentence}")]
pub struct Rejected {
    /// Stable and meant for machines, such as `not_qualified`.
    pub code: String,
    /// For people: what is the matter and what can be done.
    pub sentence: String,
    /// What belongs to it, such as the id of the lead that has the same contact.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Rejected {
    /// A refusal without details.
    #[must_use]
    pub fn new(code: &str, sentence: impl Into<String>) -> Self {
        Self { code: code.to_owned(), sentence: sentence.into(), details: Value::Null }
    }

    /// The same with details.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// A request could not be answered now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{sentence}")]
pub struct Failed {
    /// For people.
    pub sentence: String,
    /// When to ask again, in milliseconds.
    pub retry_after_ms: u64,
}

/// The answer to a query: the page or thing itself, a refusal, or a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum QueryAnswer<T> {
    /// Here it is.
    Found {
        /// The answer.
        value: T,
    },
    /// It is not to be had: no right to it, no such thing, or a question that makes no sense.
    Rejected(Rejected),
    /// It could not be looked up now.
    Failed(Failed),
}
