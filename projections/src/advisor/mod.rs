//! What the advisors of workspaces learnt: their models, how those were judged, and which of them
//! scores; and what questions to them cost.

mod expected;
mod row;
mod rows;

pub use row::{AdvisorRow, Questions, TrainingRow, apply};

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View};
use ael_events::event::Event;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The read model of advisors.
#[derive(Debug)]
pub struct Advisor;

#[async_trait]
impl ReadModel for Advisor {
    fn name(&self) -> &'static str {
        "advisor"
    }

    fn shape(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[
            View { name: "advisors", query: "SELECT * FROM {schema}.advisors", public: true },
            View { name: "trainings", query: "SELECT * FROM {schema}.trainings", public: true },
        ]
    }

    fn functions(&self) -> &'static str {
        include_str!("functions.sql")
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedAdvisor::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        kind == AggregateKind::Advisor
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event, Event::Advisor(_))
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        let keys: BTreeSet<Key> = events
            .iter()
            .map(|incoming| (incoming.opened.facts.workspace, incoming.opened.facts.aggregate_id))
            .collect();
        let mut advisors = rows::load(connection, target, &keys).await?;
        let mut trainings = Vec::new();
        let mut applied = Applied::default();
        for incoming in events {
            let Event::Advisor(event) = incoming.event else { continue };
            let facts = &incoming.opened.facts;
            if incoming.only_purge || applied.waits(incoming.opened) {
                continue;
            }
            let key = (facts.workspace, facts.aggregate_id);
            match apply(advisors.get(&key).cloned(), facts, event) {
                Ok((advisor, training)) => {
                    advisors.insert(key, advisor);
                    trainings.extend(training.map(|training| (key, training)));
                }
                Err(reason) => applied.refuse(incoming.index, incoming.opened, &reason),
            }
        }
        rows::store_advisors(connection, target, &advisors).await?;
        rows::store_trainings(connection, target, &trainings).await?;
        Ok(applied)
    }
}
