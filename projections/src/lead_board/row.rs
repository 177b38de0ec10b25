//! A lead as lists show it, event by event. Pure.

use crate::lead_card::fold::missed;
use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use crate::search;
use ael_events::event::{LeadEvent, LeadProfile};
use ael_events::ids::MemberId;
use ael_events::private::Private;
use ael_events::values::{
    Contact, DomainSlug, Recommendation, Score, Source, Stage, StaleReason, Tag,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// A lead in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardRow {
    /// What lists filter and sort by.
    pub lead: ListedLead,
    /// What every event changes.
    pub activity: Activity,
}

/// What lists filter and sort by.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedLead {
    /// Its stage.
    pub stage: Stage,
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    pub business_domain: Option<DomainSlug>,
    /// Who works it.
    pub owner: Option<MemberId>,
    /// Who and how to reach.
    pub contact: Contact,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// What the advisor said last.
    pub advice: Option<Advice>,
    /// How far it has come of new, contacted and qualified, whatever became of it then.
    pub reached: Stage,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When its stage last changed.
    pub stage_since: DateTime<Utc>,
    /// Whether another lead has it all now: it is in no list.
    pub merged: bool,
    /// Whether the person was erased.
    pub erased: bool,
}

/// What the advisor said of a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Advice {
    /// Its score.
    pub score: Score,
    /// What to do.
    pub recommendation: Recommendation,
    /// When the analysis was made.
    pub at: DateTime<Utc>,
    /// The messages that it knew of.
    pub messages: u32,
    /// What of the lead is another since.
    pub outdated: Option<StaleReason>,
}

/// What every event changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// The lead's version.
    pub version: u64,
    /// Messages exchanged.
    pub message_count: u32,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
}

impl ListedLead {
    /// The words by which it is found; none for who is not to be found.
    #[must_use]
    pub fn search(&self) -> String {
        if self.merged || self.erased { String::new() } else { search::words_of(&self.contact) }
    }
}

/// The row after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply(
    row: Option<BoardRow>,
    facts: &EventFacts,
    event: &LeadEvent,
) -> Result<BoardRow, Unfit> {
    let version = row.as_ref().map_or(0, |row| row.activity.version);
    if let Some(row) = &row
        && !expect_next(version, facts.sequence)?
    {
        return Ok(row.clone());
    }
    let mut row = match row {
        Some(mut row) => {
            change(&mut row, facts, event);
            row
        }
        None => begin(facts, event).ok_or(Unfit::NoBeginning)?,
    };
    row.activity.version = facts.sequence;
    row.activity.updated_at = row.activity.updated_at.max(facts.occurred_at);
    Ok(row)
}

/// Takes everything personal out of a row.
pub fn purge(row: &mut BoardRow) {
    row.lead.contact = Contact::default();
    row.lead.erased = true;
}

fn begin(facts: &EventFacts, event: &LeadEvent) -> Option<BoardRow> {
    let (source, stage, domain, owner, tags, messages, contact) = match event {
        LeadEvent::Created(e) => {
            let contact = contact_of(&e.private);
            (e.source, Stage::New, &e.business_domain, e.owner, &e.tags, 0, contact)
        }
        LeadEvent::Imported(e) => {
            let profile = e.private.open().map(|private| private.profile.contact.clone());
            let contact = profile.unwrap_or_default();
            (e.source, e.stage, &e.business_domain, e.owner, &e.tags, e.message_count, contact)
        }
        LeadEvent::DetailsEdited(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::Analysed(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => return None,
    };
    let at = facts.occurred_at;
    let lead = ListedLead {
        stage,
        source,
        business_domain: domain.clone(),
        owner,
        contact,
        tags: tags.clone(),
        advice: None,
        reached: reached(Stage::New, stage),
        created_at: at,
        stage_since: at,
        merged: false,
        erased: false,
    };
    let activity = Activity { version: facts.sequence, message_count: messages, updated_at: at };
    Some(BoardRow { lead, activity })
}

fn change(row: &mut BoardRow, facts: &EventFacts, event: &LeadEvent) {
    let lead = &mut row.lead;
    let messages = &mut row.activity.message_count;
    match event {
        LeadEvent::DetailsEdited(event) => {
            set_domain(lead, event.business_domain.as_ref());
            lead.tags = event.tags.clone();
            lead.contact = contact_of(&event.private);
        }
        LeadEvent::Assigned(event) => lead.owner = event.owner,
        LeadEvent::Contacted(_) => enter(lead, facts, Stage::Contacted),
        LeadEvent::Qualified(_) => enter(lead, facts, Stage::Qualified),
        LeadEvent::Transferred(_) => enter(lead, facts, Stage::Transferred),
        LeadEvent::Lost(_) => enter(lead, facts, Stage::Lost),
        LeadEvent::RolledBack(event) => enter(lead, facts, event.to),
        LeadEvent::Reopened(_) => enter(lead, facts, Stage::New),
        LeadEvent::MessageLogged(event) => *messages = messages.saturating_add(event.count),
        LeadEvent::Analysed(event) => {
            lead.advice = Some(Advice {
                score: event.score,
                recommendation: event.recommendation,
                at: event.analysed_at,
                messages: event.features.message_count,
                outdated: missed(&event.features, lead.stage, lead.business_domain.is_some()),
            });
        }
        LeadEvent::MergedInto(_) => lead.merged = true,
        LeadEvent::Absorbed(event) => {
            set_domain(lead, event.business_domain.as_ref());
            lead.tags = event.tags.clone();
            lead.contact = contact_of(&event.private);
            *messages = event.message_count;
        }
        LeadEvent::Erased(_) => purge(row),
        // These change the version and the time alone; the first two only begin a lead.
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_) => {}
    }
}

fn enter(lead: &mut ListedLead, facts: &EventFacts, stage: Stage) {
    lead.stage = stage;
    lead.stage_since = facts.occurred_at;
    lead.reached = reached(lead.reached, stage);
    outdate(lead, StaleReason::StageChanged);
}

/// The farther one of two stages on the way to a sale; a lost lead stays where it came to.
const fn reached(before: Stage, entered: Stage) -> Stage {
    match (before, entered) {
        (_, Stage::Qualified | Stage::Transferred) | (Stage::Qualified, _) => Stage::Qualified,
        (_, Stage::Contacted) | (Stage::Contacted, _) => Stage::Contacted,
        (Stage::New | Stage::Transferred | Stage::Lost, Stage::New | Stage::Lost) => Stage::New,
    }
}

fn set_domain(lead: &mut ListedLead, domain: Option<&DomainSlug>) {
    if lead.business_domain.as_ref() != domain {
        lead.business_domain = domain.cloned();
        outdate(lead, StaleReason::DomainChanged);
    }
}

const fn outdate(lead: &mut ListedLead, reason: StaleReason) {
    if let Some(advice) = &mut lead.advice {
        advice.outdated = Some(reason);
    }
}

fn contact_of(profile: &Private<LeadProfile>) -> Contact {
    profile.open().map(|profile| profile.contact.clone()).unwrap_or_default()
}
