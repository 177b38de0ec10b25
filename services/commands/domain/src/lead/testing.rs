//! A lead's story in short words, for the tests of its rules.

use super::{Duplicate, Lead, LeadContext};
use crate::testing::{Given, OLENA, asked, given_in, now, settings};
use ael_events::event::{
    AnalysisRecorded, Contacted, Created, Erased, LeadEvent, LeadProfile, Lost, MergedInto,
    Qualified, ReasonPrivate, ScoreFeatures, Transferred, Usage,
};
use ael_events::ids::{FileId, LeadId, MemberId, NoteId, SaleId};
use ael_events::private::Private;
use ael_events::values::{
    Contact, ContactKind, DomainSlug, Justification, LostReason, Money, ReasonText, Recommendation,
    Score, Source, Stage,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// The lead of most tests.
pub(crate) const LEAD: LeadId = lead_id(100);

pub(crate) const fn lead_id(number: u128) -> LeadId {
    LeadId::from_uuid(Uuid::from_u128(number))
}

pub(crate) const fn note_id(number: u128) -> NoteId {
    NoteId::from_uuid(Uuid::from_u128(number))
}

pub(crate) const fn file_id(number: u128) -> FileId {
    FileId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn context() -> LeadContext {
    LeadContext::new(LEAD, asked(), Arc::new(settings()))
}

pub(crate) fn given(events: impl IntoIterator<Item = LeadEvent>) -> Given<Lead, LeadContext> {
    given_in(context(), events)
}

pub(crate) fn text(text: &str) -> ReasonText {
    ReasonText::parse(text).unwrap()
}

pub(crate) fn justification() -> Justification {
    Justification::parse("it was the wrong person").unwrap()
}

pub(crate) fn domain(slug: &str) -> DomainSlug {
    DomainSlug::parse(slug).unwrap()
}

pub(crate) fn hryvnias(amount: i64) -> Money {
    Money::new(amount * 100, "UAH".parse().unwrap()).unwrap()
}

/// Ivan, whom nothing is missing from.
pub(crate) fn ivan() -> LeadProfile {
    LeadProfile {
        contact: Contact {
            full_name: Some("Іван Франко".parse().unwrap()),
            email: Some("ivan@example.com".parse().unwrap()),
            phone: Some("+380671234567".parse().unwrap()),
            ..Contact::default()
        },
        ..LeadProfile::default()
    }
}

pub(crate) fn created(
    owner: Option<MemberId>,
    business_domain: Option<&str>,
    profile: LeadProfile,
) -> Created {
    Created {
        source: Source::Scanner,
        business_domain: business_domain.map(domain),
        owner,
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: Private::Open(profile),
    }
}

/// Olena's lead: Ivan, of the first business domain.
pub(crate) fn captured() -> LeadEvent {
    LeadEvent::Created(created(Some(OLENA), Some("first"), ivan()))
}

/// Nobody's lead: Ivan, of the first business domain.
pub(crate) fn captured_unowned() -> LeadEvent {
    LeadEvent::Created(created(None, Some("first"), ivan()))
}

/// Olena's lead of whom nothing is known.
pub(crate) fn captured_unknown() -> LeadEvent {
    LeadEvent::Created(created(Some(OLENA), None, LeadProfile::default()))
}

pub(crate) fn contacted() -> LeadEvent {
    LeadEvent::Contacted(Contacted {})
}

pub(crate) fn qualified() -> LeadEvent {
    LeadEvent::Qualified(Qualified {})
}

pub(crate) fn transferred() -> LeadEvent {
    LeadEvent::Transferred(Transferred {
        sale_id: SaleId::of(LEAD),
        amount: None,
        overridden: None,
        private: Private::Open(Default::default()),
    })
}

pub(crate) fn lost() -> LeadEvent {
    LeadEvent::Lost(Lost {
        reason: LostReason::NoResponse,
        private: Private::Open(Default::default()),
    })
}

pub(crate) fn erased() -> LeadEvent {
    LeadEvent::Erased(Erased {})
}

pub(crate) fn merged_into(into: LeadId) -> LeadEvent {
    LeadEvent::MergedInto(MergedInto { into })
}

/// What the advisor said now about a lead of this stage.
pub(crate) fn analysis(stage: Stage, score: f64) -> AnalysisRecorded {
    AnalysisRecorded {
        score: Score::new(score).unwrap(),
        recommendation: Recommendation::Transfer,
        analysed_at: now(),
        model: "local".parse().unwrap(),
        prompt_version: "1".parse().unwrap(),
        features: ScoreFeatures {
            source: Source::Scanner,
            stage,
            message_count: 0,
            has_domain: true,
            age_days: 1,
        },
        feature_hash: "00".parse().unwrap(),
        cache_key: None,
        usage: Usage::default(),
        raw_score: None,
        raw_recommendation: None,
        private: Private::Open(ReasonPrivate { reason: text("they answered twice") }),
    }
}

/// What the advisor said now about a qualified lead.
pub(crate) fn analysed(score: f64) -> LeadEvent {
    LeadEvent::Analysed(analysis(Stage::Qualified, score))
}

/// Lead 200 of Taras claims the same.
pub(crate) fn duplicate(kind: ContactKind) -> Duplicate {
    Duplicate { kind, lead_id: lead_id(200), owner: Some(crate::testing::TARAS) }
}
