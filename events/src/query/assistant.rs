//! Asking the assistant in one's own words.

use crate::command::{Command, Credential};
use crate::ids::LeadId;
use crate::subjects::Edge;
use crate::values::{ConversationName, Language, QuestionText, Scope, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What travels on `ael.ask.<edge>.<workspace>.assistant`: a question in plain words. Answered with
/// an [`AssistantAnswer`] from what the asker may see, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssistantRequest {
    /// Who asks.
    pub credential: Credential,
    /// Which conversation it goes on with, so that "him" and "the second one" mean somebody; the
    /// asker's own, which nobody else can go on with. A question by itself, when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationName>,
    /// The question.
    pub text: QuestionText,
    /// In which language to answer; the question's own (else the member's), when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

impl AssistantRequest {
    /// The last token of its subject.
    pub const NAME: &'static str = "assistant";
    /// The scope that a token needs for it; what an answer tells needs that of its query besides.
    pub const SCOPE: Scope = Scope::LeadsRead;
    /// The edges by which people ask it.
    pub const EDGES: &'static [Edge] = &[Edge::Api, Edge::Bot, Edge::Cli];
}

/// What the assistant says.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssistantAnswer {
    /// For people, as plain text.
    pub text: String,
    /// In which language.
    pub language: Language,
    /// The leads that it speaks of, in their order.
    pub leads: Vec<MentionedLead>,
    /// A change that was asked for. Nothing has happened yet: only who asked can have it done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
    /// `rules`, or the language model's name.
    pub answered_by: String,
    /// Whether a language model was to answer and could not, so that the rules did.
    #[serde(default)]
    pub fell_back: bool,
    /// What could be asked next.
    pub suggestions: Vec<String>,
}

/// What is said of people hides itself.
impl fmt::Debug for AssistantAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssistantAnswer")
            .field("text", &"***")
            .field("leads", &self.leads)
            .field("proposal", &self.proposal.as_ref().map(|it| it.command.name()))
            .field("answered_by", &self.answered_by)
            .finish_non_exhaustive()
    }
}

/// A lead that an answer speaks of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MentionedLead {
    /// Which.
    pub id: LeadId,
    /// How it is called in the answer.
    pub name: String,
    /// Its version.
    pub version: u64,
    /// Its stage.
    pub stage: Stage,
}

/// The name hides itself.
impl fmt::Debug for MentionedLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MentionedLead").field(&self.id).finish()
    }
}

/// A change that the assistant drafted. It cannot carry it out: whoever asked sends the command
/// under their own credential once they have said yes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    /// What would be done.
    pub command: Command,
    /// The version of the aggregate that it was drafted for: send it as the expected one.
    pub expected_version: u64,
    /// What it is, in a sentence.
    pub sentence: String,
    /// What follows from it.
    pub consequences: Vec<String>,
}
