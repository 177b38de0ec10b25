//! Many things to many leads in one request, each answered by itself.

use super::lead_bodies::{
    Analysis, Assignment, LeadChanges, Loss, Merge, Messages, NewLead, NewNote, Nothing,
    StageChange, Transfer, Undo,
};
use super::leads::to_lead;
use crate::desk::Desk;
use crate::guard::Purse;
use crate::wire::{Maker, Problem, Reader, Writer, parse_value};
use ael_events::answer::Accepted;
use ael_events::command::{
    AddNote, AssignLead, CreateLead, EditDetails, EraseLead, LeadCommand, LogMessage, MarkLost,
    MergeLead, ReopenLead, RequestAnalysis, RollBackLead, TransferToSales,
};
use ael_events::ids::{LeadId, NoteId};
use ael_events::order::PositionToken;
use ael_events::query::Query;
use futures::StreamExt as _;
use poem::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use uuid::Uuid;

/// How many things are done at once.
const AT_ONCE: usize = 16;
/// How many things a request may ask for.
const MOST: usize = 100;

/// What is to be done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bulk {
    /// One after the other, 1 to 100.
    #[schemars(with = "Vec<BulkItem>", length(min = 1, max = 100))]
    pub(crate) items: Vec<Value>,
}

/// One thing that is to be done with one lead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkItem {
    /// The lead; none to enter a new one.
    #[serde(default)]
    pub(crate) lead_id: Option<LeadId>,
    /// Do it only if the lead has this version.
    #[serde(default)]
    pub(crate) version: Option<u64>,
    /// What to do.
    #[serde(flatten)]
    pub(crate) action: BulkAction,
}

/// What is to be done, with what the operation of the same name takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "do", content = "with", rename_all = "snake_case")]
pub(crate) enum BulkAction {
    /// Enter a lead.
    Create(NewLead),
    /// Change what is known about it.
    Edit(LeadChanges),
    /// Move it forward.
    Stage(StageChange),
    /// Move it back.
    Rollback(Undo),
    /// Reopen it.
    Reopen(Undo),
    /// Say that it came to nothing.
    Lost(Loss),
    /// Give it to somebody.
    Assign(Assignment),
    /// Log messages.
    Messages(Messages),
    /// Add a note.
    Note(NewNote),
    /// Ask for an analysis.
    Analyze(Analysis),
    /// Hand it to sales.
    Transfer(Transfer),
    /// Merge another lead into it.
    Merge(Merge),
    /// Erase the person's data.
    Erase(Nothing),
}

/// What became of all of it, in the order in which it was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BulkAnswer {
    /// An answer for each item.
    pub(crate) items: Vec<BulkResult>,
}

/// What became of one of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BulkResult {
    /// Which of the request's items, from 0.
    pub(crate) index: usize,
    /// The status that the operation alone would have had.
    pub(crate) status: u16,
    /// The lead, when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Uuid>,
    /// Its version now, when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u64>,
    /// Where the write stands, when it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<PositionToken>,
    /// Why not, when it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
}

/// Does all of it: what concerns one lead in the order in which it was asked for, different leads
/// side by side.
///
/// Whoever is known to nobody is told so as a whole, and not item by item.
pub(crate) async fn run(
    desk: &Desk,
    purse: &Purse,
    maker: &Maker,
    bulk: Bulk,
) -> Result<BulkAnswer, Problem> {
    let asked = bulk.items.len();
    if !(1..=MOST).contains(&asked) {
        let sentence = format!("{asked} items were sent, and 1 to {MOST} are taken at once");
        return Err(Problem::at("/items", sentence));
    }
    purse.spend(asked - 1)?;
    let mut results: Vec<BulkResult> = Vec::with_capacity(asked);
    let mut turns: BTreeMap<Uuid, Vec<(usize, LeadCommand, Writer)>> = BTreeMap::new();
    for (index, item) in bulk.items.into_iter().enumerate() {
        match prepared(maker, index, item) {
            Ok((lead, command, writer)) => {
                turns.entry(lead.uuid()).or_default().push((index, command, writer));
            }
            Err(problem) => results.push(refused(index, problem)),
        }
    }
    if turns.is_empty() {
        let reader = Reader { caller: maker.caller.clone(), after: None };
        desk.ask(&reader, Query::Me {}).await?;
    }
    let broken = OnceLock::new();
    let done = futures::stream::iter(turns)
        .map(|(lead, turn)| in_turn(desk, LeadId::from_uuid(lead), turn, &broken))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let done: Vec<BulkResult> = done.into_iter().flatten().collect();
    if let Some(unknown) = unknown_to_all(&done) {
        return Err(unknown);
    }
    results.extend(done);
    results.sort_by_key(|result| result.index);
    Ok(BulkAnswer { items: results })
}

/// The refusal of a caller who could do nothing at all because nobody knows them.
fn unknown_to_all(done: &[BulkResult]) -> Option<Problem> {
    let is_unknown = |result: &BulkResult| result.status == StatusCode::UNAUTHORIZED.as_u16();
    let first = done.first().filter(|_| done.iter().all(is_unknown))?;
    first.problem.clone()
}

/// Does one thing after the other. Once the house is `broken`, nothing more is tried: what waits
/// for it would only cost the answer to what was done.
async fn in_turn(
    desk: &Desk,
    lead: LeadId,
    turn: Vec<(usize, LeadCommand, Writer)>,
    broken: &OnceLock<Problem>,
) -> Vec<BulkResult> {
    let mut results = Vec::with_capacity(turn.len());
    for (index, command, writer) in turn {
        if let Some(problem) = broken.get() {
            results.push(refused(index, problem.clone()));
            continue;
        }
        let status = status_of(&command);
        results.push(match desk.tell(&writer, to_lead(lead, command)).await {
            Ok(accepted) => accepted_as(index, status, &accepted),
            Err(problem) => {
                if problem.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() {
                    broken.get_or_init(|| problem.clone());
                }
                refused(index, problem)
            }
        });
    }
    results
}

/// Which lead, which command, and by whom; each item's key is part of the whole's.
fn prepared(
    maker: &Maker,
    index: usize,
    item: Value,
) -> Result<(LeadId, LeadCommand, Writer), Problem> {
    let item: BulkItem = parse_value(item)?;
    let maker = maker.nth(index);
    let new_id = maker.new_id();
    let lead = match (&item.action, item.lead_id) {
        (BulkAction::Create(_), None) => LeadId::from_uuid(new_id),
        (BulkAction::Create(_), Some(_)) => {
            return Err(Problem::at("/lead_id", "a new lead gets its id here: name none"));
        }
        (_, Some(lead)) => lead,
        (_, None) => return Err(Problem::at("/lead_id", "name the lead that is meant")),
    };
    let command = command_of(item.action, new_id);
    Ok((lead, command, Writer { maker, version: item.version }))
}

fn command_of(action: BulkAction, new_id: Uuid) -> LeadCommand {
    match action {
        BulkAction::Create(body) => CreateLead::from(body).into(),
        BulkAction::Edit(body) => EditDetails::from(body).into(),
        BulkAction::Stage(body) => body.into(),
        BulkAction::Rollback(body) => RollBackLead { reason: body.reason }.into(),
        BulkAction::Reopen(body) => ReopenLead { reason: body.reason }.into(),
        BulkAction::Lost(body) => MarkLost::from(body).into(),
        BulkAction::Assign(body) => AssignLead { owner: body.owner, rule: None }.into(),
        BulkAction::Messages(body) => LogMessage::from(body).into(),
        BulkAction::Note(body) => {
            AddNote { note_id: NoteId::from_uuid(new_id), text: body.text }.into()
        }
        BulkAction::Analyze(body) => RequestAnalysis { force: body.force }.into(),
        BulkAction::Transfer(body) => TransferToSales::from(body).into(),
        BulkAction::Merge(body) => MergeLead { other: body.other }.into(),
        BulkAction::Erase(Nothing {}) => EraseLead {}.into(),
    }
}

const fn status_of(command: &LeadCommand) -> u16 {
    match command {
        LeadCommand::Create(_) | LeadCommand::AddNote(_) => 201,
        LeadCommand::TransferToSales(_) | LeadCommand::RequestAnalysis(_) => 202,
        LeadCommand::Import(_)
        | LeadCommand::EditDetails(_)
        | LeadCommand::Assign(_)
        | LeadCommand::MarkContacted(_)
        | LeadCommand::Qualify(_)
        | LeadCommand::MarkLost(_)
        | LeadCommand::RollBack(_)
        | LeadCommand::Reopen(_)
        | LeadCommand::LogMessage(_)
        | LeadCommand::PinNote(_)
        | LeadCommand::UnpinNote(_)
        | LeadCommand::AttachFile(_)
        | LeadCommand::RemoveFile(_)
        | LeadCommand::RecordAnalysis(_)
        | LeadCommand::Merge(_)
        | LeadCommand::Erase(_) => 200,
    }
}

fn accepted_as(index: usize, status: u16, accepted: &Accepted) -> BulkResult {
    let Accepted { aggregate_id, version, position, repeated: _ } = *accepted;
    let (id, version) = (Some(aggregate_id), Some(version));
    BulkResult { index, status, id, version, position, problem: None }
}

fn refused(index: usize, problem: Problem) -> BulkResult {
    let status = problem.status;
    let problem = Some(problem);
    BulkResult { index, status, id: None, version: None, position: None, problem }
}
