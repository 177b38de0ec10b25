//! A lead's life as the advisor learns from it: how it ended, and what it was like at one moment
//! when a score was due. Pure.
//!
//! A score is due when a lead comes to be, when it becomes contacted or qualified, and when it is
//! analysed. A lead counts once, however long it lived: of its moments one is drawn, by a digest
//! of the event that made it. What happened after that moment is in no feature.

use ael_events::event::{Event, ImportedOutcome, LeadEvent, SaleEvent, ScoreFeatures};
use ael_events::ids::LeadId;
use ael_events::query::{InsideFeatures, LeadView, TrainingExample};
use ael_events::values::{Score, Stage};
use ael_projections::lead_card::fold::{self, Moment};
use ael_projections::model::Unfit;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What an answer that was sent nowhere says of its prompt: it is none of another model's.
const LOCAL: &str = "local";

/// Something that happened to a lead or to its sale.
#[derive(Debug)]
pub struct Happened {
    /// Which event it is.
    pub event_id: Uuid,
    /// As which of its aggregate's.
    pub sequence: u64,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What.
    pub event: Event,
}

/// A life as far as it was told.
#[derive(Debug)]
pub struct Life {
    lead: LeadId,
    now: Option<LeadView>,
    /// When anything but an analysis happened last.
    active_at: DateTime<Utc>,
    end: Option<(DateTime<Utc>, bool)>,
    /// It was merged into another lead, or the person was erased.
    gone: bool,
    drawn: Option<(u64, TrainingExample)>,
    scored: BTreeMap<String, (u64, Score)>,
}

impl Life {
    /// A lead of which nothing is told yet.
    #[must_use]
    pub const fn of(lead: LeadId) -> Self {
        Self {
            lead,
            now: None,
            active_at: DateTime::UNIX_EPOCH,
            end: None,
            gone: false,
            drawn: None,
            scored: BTreeMap::new(),
        }
    }

    /// Takes what happened next.
    ///
    /// # Errors
    /// [`Unfit`] when the lead has no beginning.
    pub fn take(&mut self, happened: &Happened) -> Result<(), Unfit> {
        match &happened.event {
            Event::Lead(event) => self.take_of_lead(happened, event),
            Event::Sale(event) => {
                self.take_of_sale(happened, event);
                Ok(())
            }
            Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => Ok(()),
        }
    }

    fn take_of_lead(&mut self, happened: &Happened, event: &LeadEvent) -> Result<(), Unfit> {
        let ticket = ticket(happened.event_id);
        if let LeadEvent::Analysed(analysis) = event {
            self.due(ticket, analysis.analysed_at, false);
            if self.is_open() && analysis.prompt_version.as_str() != LOCAL {
                let said = analysis.raw_score.unwrap_or(analysis.score);
                let kept = self.scored.entry(analysis.model.as_str().to_owned());
                let kept = kept.or_insert((ticket, said));
                *kept = if kept.0 <= ticket { *kept } else { (ticket, said) };
            }
        }
        let moment = Moment {
            lead: self.lead,
            sequence: happened.sequence,
            occurred_at: happened.occurred_at,
            actor: "",
        };
        self.now = Some(fold::apply_at(self.now.take(), &moment, event)?);
        if !matches!(event, LeadEvent::AnalysisRequested(_) | LeadEvent::Analysed(_)) {
            self.active_at = self.active_at.max(happened.occurred_at);
        }
        self.after(happened, event, ticket);
        Ok(())
    }

    fn after(&mut self, happened: &Happened, event: &LeadEvent, ticket: u64) {
        let at = happened.occurred_at;
        match event {
            LeadEvent::Created(_)
            | LeadEvent::Contacted(_)
            | LeadEvent::Qualified(_)
            | LeadEvent::RolledBack(_) => self.due(ticket, at, false),
            LeadEvent::Imported(imported) => match imported.outcome {
                Some(ImportedOutcome::Won { .. }) => self.ended_elsewhere(ticket, at, true),
                Some(ImportedOutcome::Lost { .. }) => self.ended_elsewhere(ticket, at, false),
                None => self.due(ticket, at, false),
            },
            LeadEvent::Lost(_) => self.end = Some((at, false)),
            LeadEvent::Reopened(_) => self.end = None,
            LeadEvent::MergedInto(_) | LeadEvent::Erased(_) => self.gone = true,
            LeadEvent::DetailsEdited(_)
            | LeadEvent::Assigned(_)
            | LeadEvent::Transferred(_)
            | LeadEvent::MessageLogged(_)
            | LeadEvent::NoteAdded(_)
            | LeadEvent::NotePinned(_)
            | LeadEvent::NoteUnpinned(_)
            | LeadEvent::FileAttached(_)
            | LeadEvent::FileRemoved(_)
            | LeadEvent::AnalysisRequested(_)
            | LeadEvent::Analysed(_)
            | LeadEvent::Absorbed(_) => {}
        }
    }

    fn take_of_sale(&mut self, happened: &Happened, event: &SaleEvent) {
        match event {
            SaleEvent::Paid(_) => self.end = Some((happened.occurred_at, true)),
            SaleEvent::Lost(_) => self.end = Some((happened.occurred_at, false)),
            SaleEvent::Opened(_)
            | SaleEvent::KycStarted(_)
            | SaleEvent::AgreementStarted(_)
            | SaleEvent::AmountSet(_) => {}
        }
    }

    fn ended_elsewhere(&mut self, ticket: u64, at: DateTime<Utc>, won: bool) {
        self.draw(ticket, at, true);
        self.end = Some((at, won));
    }

    /// Whether nobody knows yet how it ends: a lead handed to sales, or lost, tells it by its
    /// stage.
    fn is_open(&self) -> bool {
        let open = |lead: &LeadView| match lead.stage {
            Stage::New | Stage::Contacted | Stage::Qualified => true,
            Stage::Transferred | Stage::Lost => false,
        };
        self.end.is_none() && self.now.as_ref().is_some_and(open)
    }

    fn due(&mut self, ticket: u64, at: DateTime<Utc>, from_file: bool) {
        if self.is_open() {
            self.draw(ticket, at, from_file);
        }
    }

    /// Draws the moment, when its lot is lower than those before.
    fn draw(&mut self, ticket: u64, at: DateTime<Utc>, from_file: bool) {
        let is_lower = self.drawn.as_ref().is_none_or(|(drawn, _)| ticket < *drawn);
        if let Some(lead) = self.now.as_ref().filter(|_| is_lower) {
            let example = as_it_is(lead, at, self.active_at, from_file);
            self.drawn = Some((ticket, example));
        }
    }

    /// The lead as an example; none when it has not ended, or is not to be learnt from.
    #[must_use]
    pub fn example(self) -> Option<TrainingExample> {
        let (ended_at, won) = self.end.filter(|_| !self.gone)?;
        let (_, drawn) = self.drawn?;
        let scored = self.scored.into_iter().map(|(model, (_, score))| (model, score)).collect();
        Some(TrainingExample { ended_at, won, scored, ..drawn })
    }
}

/// The lot of a moment: the same for ever, and nothing in the lead decides it.
fn ticket(event: Uuid) -> u64 {
    let digest = Sha256::digest(event.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Whole days between two moments; none, when the later one comes first.
pub fn days(from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    u32::try_from(to.signed_duration_since(from).num_days()).unwrap_or(0)
}

/// Of a lead that came with its end only what its file says of the beginning counts. What work on
/// a lead fills in (its stage, messages, domain, tags, budget) tells how it ended.
fn as_it_is(
    lead: &LeadView,
    at: DateTime<Utc>,
    active_at: DateTime<Utc>,
    from_file: bool,
) -> TrainingExample {
    let known = !from_file;
    TrainingExample {
        at,
        ended_at: at,
        won: false,
        from_file,
        anonymous: ScoreFeatures {
            source: lead.source,
            stage: if known { lead.stage } else { Stage::New },
            message_count: if known { lead.message_count } else { 0 },
            has_domain: known && lead.business_domain.is_some(),
            age_days: if known { days(lead.created_at, at) } else { 0 },
        },
        inside: InsideFeatures {
            has_email: lead.contact.email.is_some(),
            has_phone: lead.contact.phone.is_some(),
            has_company: lead.contact.company.is_some(),
            has_position: lead.contact.position.is_some(),
            has_budget: known && lead.budget.is_some(),
            tags: if known { lead.tags.clone() } else { BTreeSet::new() },
            idle_days: if known { days(active_at, at) } else { 0 },
            attributes: lead.attributes.clone(),
        },
        scored: BTreeMap::new(),
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
