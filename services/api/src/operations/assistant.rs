//! Questions in one's own words.

use super::Tag;
use crate::desk::Desk;
use crate::wire::{Body, Caller, Found, Problem};
use ael_events::command::{Command, LeadCommand};
use ael_events::query::{AssistantAnswer, MentionedLead, Proposal};
use ael_events::values::{ConversationName, Language, QuestionText};
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Asking the assistant.
#[derive(Debug)]
pub(crate) struct AssistantApi(pub(crate) Desk);

/// A question.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The question, in Ukrainian or English.
    pub(crate) text: QuestionText,
    /// Which conversation it goes on with, so that "her" and "the second one" mean somebody. Yours
    /// alone, whatever name you give it; remembered for half an hour.
    #[serde(default)]
    pub(crate) conversation: Option<ConversationName>,
    /// In which language to answer; the question's own (else yours) when not said.
    #[serde(default)]
    pub(crate) language: Option<Language>,
}

/// What the assistant says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Reply {
    /// For people, as plain text: show it as such.
    text: String,
    /// In which language.
    language: Language,
    /// The leads that it speaks of, in their order.
    leads: Vec<MentionedLead>,
    /// A change that was asked for. Nothing has happened yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<Offer>,
    /// `rules`, or the language model's name.
    answered_by: String,
    /// Whether a language model was to answer and could not, so that the rules did.
    fell_back: bool,
    /// What could be asked next.
    suggestions: Vec<String>,
}

/// A change that was drafted: to have it done, send `request` once the person has said yes.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Offer {
    /// What it is, in a sentence.
    sentence: String,
    /// What follows from it.
    consequences: Vec<String>,
    /// The request that does it.
    request: Call,
}

/// A request to this interface.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Call {
    /// Its method.
    method: &'static str,
    /// Its path, from the host on.
    path: String,
    /// The value of `If-Match`: the change is refused if the lead has changed meanwhile.
    if_match: String,
    /// Its body.
    body: Value,
}

impl From<AssistantAnswer> for Reply {
    fn from(answer: AssistantAnswer) -> Self {
        Self {
            text: answer.text,
            language: answer.language,
            leads: answer.leads,
            proposal: answer.proposal.and_then(offer),
            answered_by: answer.answered_by,
            fell_back: answer.fell_back,
            suggestions: answer.suggestions,
        }
    }
}

fn offer(proposal: Proposal) -> Option<Offer> {
    let (path, body) = call_of(&proposal.command)?;
    let path = format!("/api/v1{path}");
    let if_match = format!("\"{}\"", proposal.expected_version);
    let request = Call { method: "POST", path, if_match, body };
    Some(Offer { sentence: proposal.sentence, consequences: proposal.consequences, request })
}

/// The operation that does what a command does, for what the assistant drafts.
fn call_of(command: &Command) -> Option<(String, Value)> {
    let Command::Lead(to) = command else { return None };
    let (path, body) = match &to.command {
        LeadCommand::MarkContacted(_) => ("stage", json!({ "stage": "contacted" })),
        LeadCommand::Qualify(_) => ("stage", json!({ "stage": "qualified" })),
        LeadCommand::MarkLost(lost) => ("lost", json!(lost)),
        LeadCommand::AddNote(note) => ("notes", json!({ "text": note.text })),
        LeadCommand::LogMessage(message) => ("messages", json!(message)),
        LeadCommand::Assign(assign) => ("assign", json!({ "owner": assign.owner })),
        LeadCommand::RequestAnalysis(analysis) => ("analyze", json!(analysis)),
        LeadCommand::TransferToSales(transfer) => {
            ("transfer", json!({ "amount": transfer.amount, "reason": transfer.override_reason }))
        }
        LeadCommand::Create(_)
        | LeadCommand::Import(_)
        | LeadCommand::EditDetails(_)
        | LeadCommand::RollBack(_)
        | LeadCommand::Reopen(_)
        | LeadCommand::PinNote(_)
        | LeadCommand::UnpinNote(_)
        | LeadCommand::AttachFile(_)
        | LeadCommand::RemoveFile(_)
        | LeadCommand::RecordAnalysis(_)
        | LeadCommand::Merge(_)
        | LeadCommand::Erase(_) => return None,
    };
    Some((format!("/leads/{}/{path}", to.id), body))
}

#[OpenApi(tag = "Tag::Assistant")]
impl AssistantApi {
    /// Ask the assistant
    ///
    /// In plain words, Ukrainian or English: leads, how many there are, what waits, numbers, one
    /// lead, sales. It answers from what you may see and changes nothing: a change that you ask for
    /// comes back as a `proposal` with the request that does it, which you send once the person has
    /// confirmed.
    #[oai(path = "/assistant", method = "post", operation_id = "ask_assistant")]
    async fn ask(&self, caller: Caller, body: Body<Question>) -> Result<Found<Reply>, Problem> {
        Found::of(&self.0.assist(&caller, body.0).await?.into())
    }
}
