//! What a lead is worth before anything was learnt: points for what is known of it.

use ael_events::values::{Source, Stage};
use serde::{Deserialize, Serialize};

/// What the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadFacts {
    /// Where it came from.
    pub source: Source,
    /// How far it had come when the score was due.
    pub stage: Stage,
    /// How many messages there were.
    pub message_count: u32,
    /// Whether it has a business domain.
    pub business_domain: bool,
    /// Whether there is an e-mail address.
    pub email: bool,
    /// Whether there is a phone number.
    pub phone: bool,
    /// Whether a company is known.
    pub company: bool,
    /// Whether a position is known.
    pub position: bool,
}

/// What points were given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its source.
    Source(Source),
    /// So many messages.
    Messages(u32),
    /// A business domain.
    BusinessDomain,
    /// Both an e-mail address and a phone number.
    EmailAndPhone,
    /// One of the two.
    EmailOrPhone,
    /// Company and position.
    CompanyAndPosition,
    /// Its stage.
    Stage(Stage),
}

/// A score by the rules, with what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColdStart {
    /// The sum of the points, 0.0 to 1.0.
    pub score: f64,
    /// Where points came from, the most first.
    pub points: Vec<(Reason, f64)>,
}

/// Scores a lead by the rules.
///
/// Points are hundredths, so that sums are exact. A transferred lead was qualified before and
/// counts as qualified; new and lost leads get nothing for their stage.
#[must_use]
pub fn cold_start(lead: &LeadFacts) -> ColdStart {
    let source = match lead.source {
        Source::Partner => 30,
        Source::Scanner => 20,
        Source::Manual => 10,
    };
    let messages = match lead.message_count {
        10.. => 25,
        5..=9 => 15,
        2..=4 => 8,
        0..=1 => 0,
    };
    let contact = match (lead.email, lead.phone) {
        (true, true) => (Reason::EmailAndPhone, 15),
        (true, false) | (false, true) => (Reason::EmailOrPhone, 7),
        (false, false) => (Reason::EmailOrPhone, 0),
    };
    let stage = match lead.stage {
        Stage::Qualified | Stage::Transferred => 20,
        Stage::Contacted => 10,
        Stage::New | Stage::Lost => 0,
    };
    let when = |is: bool, points: u32| if is { points } else { 0 };
    let mut points = vec![
        (Reason::Source(lead.source), source),
        (Reason::Messages(lead.message_count), messages),
        (Reason::BusinessDomain, when(lead.business_domain, 15)),
        contact,
        (Reason::CompanyAndPosition, when(lead.company && lead.position, 10)),
        (Reason::Stage(lead.stage), stage),
    ];
    points.retain(|(_, points)| *points > 0);
    points.sort_by(|(_, few), (_, many)| many.cmp(few));
    let sum: u32 = points.iter().map(|(_, points)| points).sum();
    let part = |points: u32| f64::from(points) / 100.0;
    ColdStart {
        score: part(sum.min(100)),
        points: points.into_iter().map(|(reason, points)| (reason, part(points))).collect(),
    }
}
