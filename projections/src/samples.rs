//! Events for the tests of the pure folds.

use crate::opened::EventFacts;
use ael_events::actor::Actor;
use ael_events::event::{
    AnalysisRecorded, Created, DetailsEdited, LeadEvent, LeadProfile, ReasonPrivate, ScoreFeatures,
    Usage,
};
use ael_events::ids::{EventId, Lane, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::{
    AggregateKind, Contact, FullName, ReasonText, Recommendation, Score, Source, Stage, Tag,
};
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) const LEAD: Uuid = Uuid::from_u128(7);

/// An hour of the first day.
pub(crate) fn hour(hour: u64) -> DateTime<Utc> {
    let hours = TimeDelta::hours(i64::try_from(hour).unwrap());
    Utc.with_ymd_and_hms(2026, 1, 31, 0, 0, 0).unwrap() + hours
}

/// What is known about the lead's event of this number, which happened at that hour.
pub(crate) fn facts(sequence: u64) -> EventFacts {
    EventFacts {
        event_id: EventId::from_uuid(Uuid::from_u128(u128::from(sequence))),
        workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
        aggregate: AggregateKind::Lead,
        aggregate_id: LEAD,
        sequence,
        event_type: String::new(),
        data_subject: LEAD,
        occurred_at: hour(sequence),
        recorded_at: hour(sequence),
        actor: Actor::Operator,
        edge: "cli".to_owned(),
        lane: Lane::of(LEAD),
        order: Order { incarnation: 1, xid: sequence, position: 1 },
    }
}

pub(crate) fn profile(name: &str) -> LeadProfile {
    let full_name = Some(FullName::parse(name).unwrap());
    LeadProfile { contact: Contact { full_name, ..Contact::default() }, ..LeadProfile::default() }
}

pub(crate) fn created() -> LeadEvent {
    LeadEvent::Created(Created {
        source: Source::Manual,
        business_domain: None,
        owner: None,
        tags: BTreeSet::from([Tag::parse("vip").unwrap()]),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: profile("Olena").into(),
    })
}

pub(crate) fn renamed(name: &str) -> LeadEvent {
    LeadEvent::DetailsEdited(DetailsEdited {
        changed: BTreeSet::from(["full_name".to_owned()]),
        business_domain: None,
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: profile(name).into(),
    })
}

pub(crate) fn analysed(score: f64) -> LeadEvent {
    LeadEvent::Analysed(AnalysisRecorded { score: Score::new(score).unwrap(), ..analysis() })
}

pub(crate) fn analysis() -> AnalysisRecorded {
    AnalysisRecorded {
        score: Score::new(0.5).unwrap(),
        recommendation: Recommendation::Nurture,
        analysed_at: hour(5),
        model: "local".parse().unwrap(),
        prompt_version: "local".parse().unwrap(),
        features: ScoreFeatures {
            source: Source::Manual,
            stage: Stage::New,
            message_count: 0,
            has_domain: false,
            age_days: 0,
        },
        feature_hash: "00".parse().unwrap(),
        cache_key: None,
        usage: Usage::default(),
        raw_score: None,
        raw_recommendation: None,
        private: ReasonPrivate { reason: ReasonText::parse("Olena is keen").unwrap() }.into(),
    }
}
