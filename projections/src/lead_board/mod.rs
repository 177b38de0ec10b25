//! The board: leads as lists show, filter, sort and find them.

mod expected;
mod row;
mod rows;

pub use row::{Activity, Advice, BoardRow, ListedLead, apply, purge};

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View};
use ael_events::event::Event;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The read model of lists of leads.
#[derive(Debug)]
pub struct LeadBoard;

const VIEWS: &[View] = &[
    View {
        name: "lead_board",
        query: "SELECT l.workspace, l.id, a.version, l.stage, l.source, l.business_domain, \
                l.owner, l.contact, l.tags, a.message_count, l.score, l.score_rank, l.tier, \
                l.recommendation, l.analysed_at, l.analysed_messages, l.outdated, l.reached, \
                l.created_at, a.updated_at, l.stage_since, l.erased \
                FROM {schema}.leads l \
                JOIN {schema}.activity a ON a.workspace = l.workspace AND a.id = l.id \
                WHERE NOT l.merged",
        public: true,
    },
    View {
        name: "lead_stages",
        query: "SELECT workspace, stage, stage_since, owner FROM {schema}.leads \
                WHERE NOT merged AND NOT erased AND stage IN ('new', 'contacted', 'qualified')",
        public: true,
    },
    View {
        name: "lead_analyses",
        query: "SELECT workspace, id, analysed_at FROM {schema}.leads \
                WHERE NOT merged AND NOT erased AND analysed_at IS NOT NULL \
                AND stage IN ('new', 'contacted', 'qualified')",
        public: true,
    },
    View { name: "lead_tags", query: "SELECT * FROM {schema}.lead_tags", public: true },
    View {
        name: "lead_search",
        query: "SELECT workspace, id, owner, search FROM {schema}.leads \
                WHERE NOT merged AND NOT erased",
        public: false,
    },
];

#[async_trait]
impl ReadModel for LeadBoard {
    fn name(&self) -> &'static str {
        "lead_board"
    }

    fn shape(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        VIEWS
    }

    fn functions(&self) -> &'static str {
        include_str!("functions.sql")
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedBoard::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        kind == AggregateKind::Lead
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event, Event::Lead(_))
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        let keys: BTreeSet<Key> = events.iter().map(|incoming| key(incoming)).collect();
        let before = rows::load(connection, target, &keys).await?;
        let mut after = before.clone();
        let mut applied = Applied::default();
        for incoming in events {
            let Event::Lead(event) = incoming.event else { continue };
            let key = key(incoming);
            if incoming.only_purge || applied.waits(incoming.opened) {
                if incoming.opened.erases()
                    && let Some(row) = after.get_mut(&key)
                {
                    purge(row);
                }
                continue;
            }
            match apply(after.get(&key).cloned(), &incoming.opened.facts, event) {
                Ok(row) => {
                    after.insert(key, row);
                }
                Err(reason) => applied.refuse(incoming.index, incoming.opened, &reason),
            }
        }
        applied.owners = after.iter().map(|(key, row)| (*key, row.lead.owner)).collect();
        applied.previous_owners = before
            .iter()
            .filter(|(key, row)| applied.owners.get(*key) != Some(&row.lead.owner))
            .map(|(key, row)| (*key, row.lead.owner))
            .collect();
        rows::store(connection, target, &before, &after).await?;
        Ok(applied)
    }
}

fn key(incoming: &Incoming<'_>) -> Key {
    (incoming.opened.facts.workspace, incoming.opened.facts.aggregate_id)
}
