//! Every event's wire form, pinned: what was once written must be readable for ever, so a change
//! here is a new version.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use ael_events::actor::Actor;
use ael_events::envelope::CloudEvent;
use ael_events::event::{
    AdvisorEvent, Event, EventMetadata, InvitationEvent, LeadEvent, MemberEvent, Recorded,
    SaleEvent, TokenEvent, WorkspaceEvent,
};
use ael_events::ids::{CommandId, EventId, Lane, MemberId, WorkspaceId};
use ael_events::order::Order;
use ael_events::values::{AggregateKind, Role};
use chrono::{TimeZone as _, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const ID: &str = "018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e";
const OTHER: &str = "018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0f";

fn profile() -> Value {
    json!({
        "contact": {
            "full_name": "Олена Петренко", "company": "Вежа", "position": "директорка",
            "email": "olena@example.com", "phone": "+380671234567", "telegram": "olena_p"
        },
        "intent": "курс", "budget": "до 20 тис.", "pain_points": ["час"]
    })
}

fn settings() -> Value {
    json!({
        "business_domains": ["first", "second"], "tags": ["vip"], "min_transfer_score": 0.6,
        "stale_days": 7, "currency": "UAH", "language": "uk", "country": "UA",
        "time_zone": "Europe/Kyiv",
        "stage_deadlines": { "new_hours": 24, "contacted_hours": 48, "qualified_hours": 72 },
        "consents": ["cloud_text"],
        "advisor": {
            "stale_messages": 3, "stale_messages_percent": 50, "monthly_budget_cents": 1000
        }
    })
}

fn leads() -> Vec<(&'static str, Value)> {
    let reason = json!({ "reason": "помилка агента" });
    let money = json!({ "amount_minor": 1_500_000, "currency": "UAH" });
    vec![
        (
            "lead.created.v1",
            json!({ "source": "partner", "business_domain": "first", "owner": ID,
            "tags": ["vip"], "duplicate_of": OTHER, "private": profile() }),
        ),
        (
            "lead.imported.v1",
            json!({ "origin": "xeducation", "source": "scanner",
            "stage": "transferred", "outcome": { "kind": "won", "amount": money },
            "business_domain": "first", "owner": ID, "tags": ["finance"], "message_count": 5,
            "attributes": { "city": "Mumbai", "visits": 2.5 }, "duplicate_of": OTHER,
            "private": { "external_id": "A-1", "profile": profile() } }),
        ),
        (
            "lead.details_edited.v1",
            json!({ "changed": ["phone"], "business_domain": "first",
            "tags": ["vip"], "private": profile() }),
        ),
        ("lead.assigned.v1", json!({ "owner": ID, "previous": OTHER, "rule": "round-robin" })),
        ("lead.contacted.v1", json!({})),
        ("lead.qualified.v1", json!({})),
        (
            "lead.transferred.v1",
            json!({ "sale_id": ID, "amount": money, "overridden": "stale",
            "private": { "text": "клієнт готовий" } }),
        ),
        ("lead.lost.v1", json!({ "reason": "other", "private": { "text": "переїзд" } })),
        (
            "lead.rolled_back.v1",
            json!({ "from": "qualified", "to": "contacted", "private": reason }),
        ),
        ("lead.reopened.v1", json!({ "private": reason })),
        (
            "lead.message_logged.v2",
            json!({ "count": 2, "direction": "incoming",
            "channel": "telegram", "private": { "text": "так" } }),
        ),
        ("lead.note_added.v1", json!({ "note_id": ID, "private": { "text": "передзвонити" } })),
        ("lead.note_pinned.v1", json!({ "note_id": ID })),
        ("lead.note_unpinned.v1", json!({ "note_id": ID })),
        (
            "lead.file_attached.v1",
            json!({ "file_id": ID, "size_bytes": 1024,
            "media_type": "image/png", "private": { "name": "паспорт.png" } }),
        ),
        ("lead.file_removed.v1", json!({ "file_id": ID })),
        ("lead.analysis_requested.v1", json!({ "force": true })),
        (
            "lead.analysed.v1",
            json!({ "score": 0.75, "recommendation": "transfer",
            "analysed_at": "2026-01-02T03:04:05Z", "model": "gpt-4o-mini", "prompt_version": "1",
            "features": { "source": "partner", "stage": "qualified", "message_count": 5,
                "has_domain": true, "age_days": 3 },
            "feature_hash": "00", "usage": { "input_tokens": 10, "output_tokens": 5,
                "cost_micro_usd": 7, "latency_ms": 320, "cached": false }, "private": reason }),
        ),
        ("lead.merged_into.v1", json!({ "into": OTHER })),
        (
            "lead.absorbed.v1",
            json!({ "other": OTHER, "business_domain": "first", "tags": ["vip"],
            "message_count": 9, "private": profile() }),
        ),
        ("lead.erased.v1", json!({})),
    ]
}

fn others() -> Vec<(&'static str, Value)> {
    let money = json!({ "amount_minor": 1_500_000, "currency": "UAH" });
    let person = json!({ "name": "Ірина", "email": "iryna@example.com" });
    let until = "2026-03-04T05:06:07Z";
    let figures = json!({ "auc": 0.88, "brier": 0.13, "log_loss": 0.42, "ece": 0.01 });
    let training = json!({ "trained_until": until, "won": 40, "lost": 60, "judged": 20,
        "against": 1, "champion": figures, "challenger": figures,
        "outside": [{ "model": "gpt-4o-mini", "outcomes": 50, "slope": 0.8, "shift": -0.1 }] });
    vec![
        ("sale.opened.v1", json!({ "lead_id": ID, "amount": money, "imported": true })),
        ("sale.kyc_started.v1", json!({})),
        ("sale.agreement_started.v1", json!({})),
        ("sale.paid.v1", json!({ "amount": money })),
        ("sale.lost.v1", json!({ "reason": "other", "private": { "text": "передумав" } })),
        ("sale.amount_set.v1", json!({ "amount": money })),
        ("member.joined.v1", json!({ "role": "agent", "language": "uk", "private": person })),
        ("member.renamed.v1", json!({ "private": person })),
        ("member.role_changed.v1", json!({ "from": "agent", "to": "manager" })),
        ("member.deactivated.v1", json!({})),
        ("member.reactivated.v1", json!({})),
        ("member.telegram_linked.v1", json!({ "private": { "user_id": 7 } })),
        ("member.telegram_unlinked.v1", json!({})),
        (
            "member.identity_linked.v1",
            json!({ "private": { "issuer": "https://login.example.com/", "subject": "auth0|7" } }),
        ),
        ("member.identity_unlinked.v1", json!({})),
        ("member.language_changed.v1", json!({ "language": "en" })),
        (
            "member.notifications_changed.v1",
            json!({ "notifications": { "assigned": true,
            "stale": true, "hot": true, "sale": false, "digest": true, "quiet_hours": [22, 8] } }),
        ),
        ("member.bot_blocked.v1", json!({})),
        (
            "invitation.created.v1",
            json!({ "role": "agent", "language": "uk", "code_hash": "00",
            "expires_at": until, "private": person }),
        ),
        ("invitation.accepted.v1", json!({ "member_id": ID })),
        ("invitation.revoked.v1", json!({})),
        (
            "token.created.v1",
            json!({ "member_id": ID, "secret_hash": "00",
            "scopes": ["leads:read"], "expires_at": until, "private": { "label": "звіти" } }),
        ),
        ("token.revoked.v1", json!({})),
        (
            "advisor.model_trained.v1",
            json!({ "model_version": 2, "training": training, "model": "AQID" }),
        ),
        ("advisor.challenger_refused.v1", json!({ "training": training })),
        ("advisor.rolled_back.v1", json!({ "to": 1 })),
        (
            "advisor.consulted.v1",
            json!({ "model": "gpt-4o-mini", "usage": {
            "input_tokens": 900, "output_tokens": 120, "cost_micro_usd": 207, "latency_ms": 0,
            "cached": false } }),
        ),
        ("workspace.created.v1", json!({ "name": "Вежа", "settings": settings() })),
        ("workspace.settings_changed.v1", json!({ "settings": settings() })),
    ]
}

fn examples() -> BTreeMap<&'static str, Value> {
    leads().into_iter().chain(others()).collect()
}

#[test]
fn every_event_has_its_wire_form_pinned() {
    let pinned: Map<String, Value> = examples()
        .into_iter()
        .map(|(name, data)| {
            let event = Event::from_wire(name, data).unwrap();
            assert_eq!(event.event_type(), name);
            (name.to_owned(), event.to_wire().unwrap())
        })
        .collect();
    let names = [
        WorkspaceEvent::WIRE_NAMES,
        MemberEvent::WIRE_NAMES,
        InvitationEvent::WIRE_NAMES,
        TokenEvent::WIRE_NAMES,
        LeadEvent::WIRE_NAMES,
        SaleEvent::WIRE_NAMES,
        AdvisorEvent::WIRE_NAMES,
    ]
    .concat();
    for name in &names {
        assert!(pinned.contains_key(*name), "{name} has no example: add one above");
    }
    assert_eq!(pinned.len(), names.len());
    insta::assert_json_snapshot!(pinned);
}

#[test]
fn what_is_written_reads_back_as_the_same_event() {
    for (name, data) in examples() {
        let event = Event::from_wire(name, data.clone()).unwrap();
        let again = Event::from_wire(name, event.to_wire().unwrap()).unwrap();
        assert_eq!(event, again, "{name}");
        assert_eq!(event.to_wire().unwrap(), data, "{name} loses or adds something");
    }
}

#[test]
fn an_erased_event_still_reads() {
    for (name, mut data) in examples() {
        if data.as_object_mut().unwrap().remove("private").is_some() {
            let event = Event::from_wire(name, data).unwrap();
            assert!(!format!("{event:?}").contains("***"), "{name} has nothing left to hide");
        }
    }
}

#[test]
fn no_event_shows_a_person_to_a_log() {
    for (name, data) in examples() {
        let shown = format!("{:?}", Event::from_wire(name, data).unwrap());
        for secret in ["Петренко", "olena", "+38067", "передзвонити", "паспорт", "Ірина", "A-1"]
        {
            assert!(!shown.contains(secret), "{name} shows {secret}");
        }
    }
}

fn recorded() -> Recorded {
    let subject = Uuid::parse_str(ID).unwrap();
    let member = MemberId::from_uuid(Uuid::parse_str(OTHER).unwrap());
    Recorded {
        event_id: EventId::from_uuid(subject),
        workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
        aggregate: AggregateKind::Lead,
        aggregate_id: subject,
        sequence: 3,
        event_type: "lead.qualified.v1".into(),
        data: serde_json::value::RawValue::from_string("{}".into()).unwrap(),
        metadata: EventMetadata {
            actor: Actor::Member { id: member, role: Role::Agent },
            edge: "bot".into(),
            data_subject: subject,
            occurred_at: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap(),
            command_id: CommandId::from_uuid(Uuid::from_u128(2)),
            correlation_id: Uuid::from_u128(3),
            causation_id: None,
            traceparent: None,
        },
        recorded_at: Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 6).unwrap(),
        lane: Lane::of(subject),
        order: Order { incarnation: 1, xid: 42, position: 7 },
    }
}

#[test]
fn the_envelope_is_a_cloud_event_and_its_form_is_pinned() {
    let envelope = CloudEvent::from_recorded(&recorded()).unwrap();
    let value = serde_json::to_value(&envelope).unwrap();
    let attribute = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    assert!(value.as_object().unwrap().keys().all(|name| attribute(name)));
    insta::assert_json_snapshot!(value);
}

#[test]
fn an_event_survives_its_trip_over_the_bus() {
    let before = recorded();
    let payload = serde_json::to_vec(&CloudEvent::from_recorded(&before).unwrap()).unwrap();
    let after = CloudEvent::parse(&payload).unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert!(CloudEvent::parse(b"{\"specversion\":\"1.0\"}").is_err());
}
