//! What the timeline should hold of an aggregate, or of a lead and its sale: for audits.

use crate::audit::row::{Audited, Row};
use crate::model::{Expected, Incoming, Unfit};
use crate::opened::EventFacts;
use ael_events::event::event_name;
use ael_events::private::OPEN_KEY;
use ael_events::values::AggregateKind;
use serde_json::Value;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] = &[
    part(AggregateKind::Workspace, &["workspace"]),
    part(AggregateKind::Member, &["member"]),
    part(AggregateKind::Invitation, &["invitation"]),
    part(AggregateKind::Token, &["token"]),
    part(AggregateKind::Advisor, &["advisor"]),
    part(AggregateKind::Lead, &["lead", "sale"]),
];

const fn part(kind: AggregateKind, of: &'static [&'static str]) -> Audited {
    Audited { table: "entries", kind, id: "subject", key: &["position"], of }
}

pub(super) struct ExpectedTimeline {
    id: Uuid,
    entries: Vec<(EventFacts, Value)>,
}

impl ExpectedTimeline {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, entries: Vec::new() }
    }
}

impl Expected for ExpectedTimeline {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let opened = incoming.opened;
        if !incoming.only_purge {
            self.entries.push((opened.facts.clone(), super::shown(opened)));
        }
        if opened.erases() {
            for (_, data) in &mut self.entries {
                if let Some(fields) = data.as_object_mut() {
                    fields.remove(OPEN_KEY);
                }
            }
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(facts, data): &(EventFacts, Value)| {
            Row::of("entries")
                .open("subject", self.id)
                .open("incarnation", facts.order.incarnation)
                .open("xid", facts.order.xid)
                .open("position", facts.order.position)
                .open("event_id", facts.event_id)
                .open("aggregate", facts.aggregate.as_str())
                .open("aggregate_id", facts.aggregate_id)
                .open("sequence", facts.sequence)
                .open("event_name", event_name(&facts.event_type))
                .open("event_type", &facts.event_type)
                .time("occurred_at", facts.occurred_at)
                .time("recorded_at", facts.recorded_at)
                .open("actor", facts.actor.to_string())
                .open("actor_member", facts.actor.member())
                .open("edge", &facts.edge)
                .parts("data", data, |part| part == OPEN_KEY)
        };
        self.entries.iter().map(row).collect()
    }
}
