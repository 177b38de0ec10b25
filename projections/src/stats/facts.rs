//! What is counted of a lead and its sale, event by event, and in which counters. Pure.

use super::ai::AiFacts;
use crate::model::Unfit;
use crate::opened::EventFacts;
use ael_events::event::{LeadEvent, SaleEvent};
use ael_events::ids::MemberId;
use ael_events::values::{DomainSlug, Money, SaleStage, Source, Stage, Tier};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is counted of a lead and its sale. Nothing of it is personal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Of the lead.
    pub lead: Option<LeadFacts>,
    /// Of its sale.
    pub sale: Option<SaleFacts>,
}

/// What is counted of a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadFacts {
    /// Its stage.
    pub stage: Stage,
    /// Where it came from.
    pub source: Source,
    /// For which line of business.
    pub business_domain: Option<DomainSlug>,
    /// Who works it.
    pub owner: Option<MemberId>,
    /// Its tier.
    pub tier: Option<Tier>,
    /// The month of its creation.
    pub month: String,
    /// Merged and erased leads are not counted.
    pub gone: bool,
    /// What the advisor did.
    #[serde(default, skip_serializing_if = "is_idle")]
    pub ai: AiFacts,
}

fn is_idle(ai: &AiFacts) -> bool {
    *ai == AiFacts::default()
}

/// What is counted of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleFacts {
    /// Its stage.
    pub stage: SaleStage,
    /// Its amount.
    pub amount: Option<Money>,
    /// The month in which it was paid.
    pub paid_month: Option<String>,
}

/// A counter: whose, of what, for which key.
pub type Counter = (Option<MemberId>, &'static str, String);

/// What a lead and its sale add to each counter.
pub type Counts = BTreeMap<Counter, i64>;

/// The facts after an event of the lead.
///
/// # Errors
/// [`Unfit::NoBeginning`] when the lead's first event is missing.
pub fn lead_event(
    mut facts: Facts,
    event_facts: &EventFacts,
    event: &LeadEvent,
) -> Result<Facts, Unfit> {
    facts.lead = Some(match facts.lead.take() {
        Some(mut lead) => {
            change_lead(&mut lead, event);
            lead
        }
        None => begin(event_facts, event).ok_or(Unfit::NoBeginning)?,
    });
    Ok(facts)
}

fn begin(facts: &EventFacts, event: &LeadEvent) -> Option<LeadFacts> {
    let (stage, source, domain, owner) = match event {
        LeadEvent::Created(event) => {
            (Stage::New, event.source, &event.business_domain, event.owner)
        }
        LeadEvent::Imported(event) => {
            (event.stage, event.source, &event.business_domain, event.owner)
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
    let month = month_of(facts.occurred_at);
    let business_domain = domain.clone();
    let (tier, gone, ai) = (None, false, AiFacts::default());
    Some(LeadFacts { stage, source, business_domain, owner, tier, month, gone, ai })
}

fn change_lead(lead: &mut LeadFacts, event: &LeadEvent) {
    match event {
        LeadEvent::DetailsEdited(event) => lead.business_domain = event.business_domain.clone(),
        LeadEvent::Absorbed(event) => lead.business_domain = event.business_domain.clone(),
        LeadEvent::Assigned(event) => lead.owner = event.owner,
        LeadEvent::Contacted(_) => lead.stage = Stage::Contacted,
        LeadEvent::Qualified(_) => lead.stage = Stage::Qualified,
        LeadEvent::Transferred(_) => lead.stage = Stage::Transferred,
        LeadEvent::Lost(_) => lead.stage = Stage::Lost,
        LeadEvent::RolledBack(event) => lead.stage = event.to,
        LeadEvent::Reopened(_) => lead.stage = Stage::New,
        LeadEvent::Analysed(event) => {
            lead.tier = Some(event.score.tier());
            lead.ai.add(event);
        }
        LeadEvent::MergedInto(_) | LeadEvent::Erased(_) => lead.gone = true,
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_) => {}
    }
}

/// Whether a lead's event can change what is counted.
#[must_use]
pub const fn counts_change(event: &LeadEvent) -> bool {
    match event {
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::Analysed(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Erased(_) => true,
        LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_) => false,
    }
}

/// The facts after an event of the sale.
///
/// # Errors
/// [`Unfit::NoBeginning`] when the sale's first event is missing.
pub fn sale_event(
    mut facts: Facts,
    event_facts: &EventFacts,
    event: &SaleEvent,
) -> Result<Facts, Unfit> {
    let mut sale = match (facts.sale.take(), event) {
        (_, SaleEvent::Opened(event)) => {
            SaleFacts { stage: SaleStage::New, amount: event.amount, paid_month: None }
        }
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
            sale.paid_month = Some(month_of(event_facts.occurred_at));
        }
        SaleEvent::Lost(_) => sale.stage = SaleStage::Lost,
        SaleEvent::AmountSet(event) => sale.amount = Some(event.amount),
    }
    facts.sale = Some(sale);
    Ok(facts)
}

/// What a lead and its sale add to each counter. A sale counts even when its lead is gone, and so
/// does what the advisor cost: the money was real.
#[must_use]
pub fn counted(facts: &Facts) -> Counts {
    let mut counts = Counts::new();
    let owner = facts.lead.as_ref().and_then(|lead| lead.owner);
    let mut add = |metric: &'static str, key: &str, amount: i64| {
        *counts.entry((owner, metric, key.to_owned())).or_default() += amount;
    };
    let sale_stage = facts.sale.as_ref().map(|sale| sale.stage);
    if let Some(lead) = facts.lead.as_ref().filter(|lead| !lead.gone) {
        let domain = lead.business_domain.as_ref().map_or("", DomainSlug::as_str);
        add("leads", "", 1);
        add("stage", lead.stage.as_str(), 1);
        add("source", lead.source.as_str(), 1);
        add("domain", domain, 1);
        add("month", &lead.month, 1);
        if let Some(tier) = lead.tier {
            add("tier", tier.as_str(), 1);
        }
        if !matches!(lead.stage, Stage::Transferred | Stage::Lost) {
            add("open", "", 1);
        }
        if sale_stage == Some(SaleStage::Paid) {
            add("source_converted", lead.source.as_str(), 1);
            add("domain_converted", domain, 1);
        }
        if lead.stage == Stage::Lost || sale_stage == Some(SaleStage::Lost) {
            add("source_lost", lead.source.as_str(), 1);
        }
    }
    for (metric, key, amount) in facts.lead.iter().flat_map(|lead| lead.ai.counted()) {
        add(metric, key, amount);
    }
    if let Some(sale) = &facts.sale {
        add("sales", "", 1);
        add("sale_stage", sale.stage.as_str(), 1);
        if sale.stage == SaleStage::Paid {
            add("converted", "", 1);
            if let Some(month) = &sale.paid_month {
                add("month_converted", month, 1);
            }
        }
        let sum = match sale.stage {
            SaleStage::Kyc => Some("kyc"),
            SaleStage::Agreement => Some("agreement"),
            SaleStage::Paid => Some("paid"),
            SaleStage::New | SaleStage::Lost => None,
        };
        // An imported sale of unknown amount is converted, but no revenue counts it.
        if let (Some(sum), Some(amount)) = (sum, sale.amount) {
            add(sum, amount.currency().code(), amount.amount_minor());
        }
    }
    counts
}

pub(super) fn month_of(time: DateTime<Utc>) -> String {
    time.format("%Y-%m").to_string()
}
