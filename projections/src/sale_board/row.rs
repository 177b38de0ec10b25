//! A sale event by event, and what it shows of its lead. Pure.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{LeadEvent, SaleEvent};
use ael_events::ids::{LeadId, MemberId, SaleId};
use ael_events::query::SaleView;
use ael_events::values::{FullName, SaleStage};
use chrono::{DateTime, Utc};

/// What a sale shows of its lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The person's name.
    pub full_name: Option<FullName>,
    /// Who works the lead, and so the sale.
    pub owner: Option<MemberId>,
    /// Whether the person was erased.
    pub erased: bool,
}

/// Whether a lead's event can change what its sale shows.
#[must_use]
pub const fn tells_of_person(event: &LeadEvent) -> bool {
    match event {
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => true,
        LeadEvent::Contacted(_)
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
        | LeadEvent::MergedInto(_) => false,
    }
}

/// What the sale shows of its lead after an event of the lead.
#[must_use]
pub fn learn(mut person: Person, event: &LeadEvent) -> Person {
    let profile = match event {
        LeadEvent::Created(event) => {
            person.owner = event.owner;
            event.private.open()
        }
        LeadEvent::Imported(event) => {
            person.owner = event.owner;
            event.private.open().map(|private| &private.profile)
        }
        LeadEvent::DetailsEdited(event) => event.private.open(),
        LeadEvent::Absorbed(event) => event.private.open(),
        LeadEvent::Assigned(event) => {
            person.owner = event.owner;
            return person;
        }
        LeadEvent::Erased(_) => {
            person.erased = true;
            None
        }
        LeadEvent::Contacted(_)
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
        | LeadEvent::MergedInto(_) => return person,
    };
    person.full_name = profile.and_then(|profile| profile.contact.full_name.clone());
    person
}

/// Which sale it happened to, when, and as which of its events.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The sale.
    pub sale: SaleId,
    /// The lead that became it.
    pub lead: LeadId,
    /// The event's number, which is the sale's version afterwards.
    pub sequence: u64,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

/// The sale after an event of its own, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply(
    sale: Option<SaleView>,
    facts: &EventFacts,
    event: &SaleEvent,
) -> Result<SaleView, Unfit> {
    if let Some(sale) = &sale
        && !expect_next(sale.version, facts.sequence)?
    {
        return Ok(sale.clone());
    }
    let moment = Moment {
        sale: SaleId::from_uuid(facts.aggregate_id),
        lead: LeadId::from_uuid(facts.data_subject),
        sequence: facts.sequence,
        occurred_at: facts.occurred_at,
    };
    apply_at(sale, &moment, event)
}

/// The sale after an event of its own, whichever came before.
///
/// # Errors
/// [`Unfit::NoBeginning`] when the sale is not open yet.
pub fn apply_at(
    sale: Option<SaleView>,
    moment: &Moment,
    event: &SaleEvent,
) -> Result<SaleView, Unfit> {
    let at = moment.occurred_at;
    let mut sale = match (sale, event) {
        (_, SaleEvent::Opened(event)) => SaleView {
            id: moment.sale,
            version: moment.sequence,
            lead_id: moment.lead,
            full_name: None,
            owner: None,
            stage: SaleStage::New,
            amount: event.amount,
            lost_reason: None,
            lost_text: None,
            imported: event.imported,
            opened_at: at,
            updated_at: at,
            paid_at: None,
        },
        (Some(sale), _) => sale,
        (None, _) => return Err(Unfit::NoBeginning),
    };
    match event {
        SaleEvent::Opened(_) => {}
        SaleEvent::KycStarted(_) => sale.stage = SaleStage::Kyc,
        SaleEvent::AgreementStarted(_) => sale.stage = SaleStage::Agreement,
        SaleEvent::Paid(event) => {
            sale.stage = SaleStage::Paid;
            sale.amount = event.amount;
            sale.paid_at = Some(at);
        }
        SaleEvent::Lost(event) => {
            sale.stage = SaleStage::Lost;
            sale.lost_reason = Some(event.reason);
            sale.lost_text = event.private.open().and_then(|private| private.text.clone());
        }
        SaleEvent::AmountSet(event) => sale.amount = Some(event.amount),
    }
    sale.version = moment.sequence;
    sale.updated_at = sale.updated_at.max(at);
    Ok(sale)
}

/// The sale as its lead's state makes it look.
pub fn show(sale: &mut SaleView, person: &Person) {
    sale.owner = person.owner;
    sale.full_name = person.full_name.clone();
    if person.erased {
        sale.full_name = None;
        sale.lost_text = None;
    }
}
