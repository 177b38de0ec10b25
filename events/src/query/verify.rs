//! Asking whether the history is the one that was, and whether the read models show it.

use super::lead::Cursor;
use crate::command::Credential;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What travels on `ael.ask.<edge>.<workspace>.verify`: go on with the audit of this workspace for
/// a while. Only its Admins may; answered with a [`VerifyPage`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// Who asks.
    pub credential: Credential,
    /// Where to go on: the last page's `next_cursor`; from the beginning when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How long a page may take, 1 to 10,000 milliseconds; 2,000 when not said. What was begun is
    /// finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<u32>,
    /// A head of the hash chain that was kept elsewhere: history may have grown since, but not
    /// changed. The same with every page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

impl VerifyRequest {
    /// The last token of its subject.
    pub const NAME: &'static str = "verify";
    /// The longest time that a page may take, in milliseconds.
    pub const MAX_BUDGET_MS: u32 = 10_000;
    /// How long a page may take when nobody says it, in milliseconds.
    pub const BUDGET_MS: u32 = 2_000;
    /// How many faults a page tells one by one.
    pub const MOST_FAULTS: usize = 200;
}

/// What a stretch of the audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyPage {
    /// How many aggregates were folded and compared in this page.
    pub checked: u64,
    /// How many events they have.
    pub events: u64,
    /// How many faults were found in this page.
    pub faults_found: u64,
    /// The first 200 of them.
    pub faults: Vec<Fault>,
    /// The hash chain, once the audit has come to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainState>,
    /// Where to go on; nothing when all was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

/// How far the hash chain was followed and what it said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainState {
    /// Whether no fault was found up to there, in this page and those before it.
    pub ok: bool,
    /// The last link that was looked at, counted from 1.
    pub verified_to: u64,
    /// The head after it, to be kept elsewhere; nothing while there is no link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// Something that is not as it should be. Says nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Where it was found: a read model's name, `history` or `chain`.
    pub what: String,
    /// What it is about: `lead/<id>` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<String>,
    /// The table and column, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is the matter.
    pub detail: String,
}
