//! The members of each workspace, and the workspaces themselves.

mod expected;
mod row;
mod rows;

pub use row::{MemberRow, apply_to_member, apply_to_workspace};

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View};
use ael_events::event::Event;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The read model of people and workspaces.
#[derive(Debug)]
pub struct Members;

#[async_trait]
impl ReadModel for Members {
    fn name(&self) -> &'static str {
        "members"
    }

    fn shape(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[
            View { name: "members", query: "SELECT * FROM {schema}.members", public: true },
            View { name: "workspaces", query: "SELECT * FROM {schema}.workspaces", public: true },
        ]
    }

    fn functions(&self) -> &'static str {
        include_str!("functions.sql")
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedMember::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        matches!(kind, AggregateKind::Member | AggregateKind::Workspace)
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event, Event::Member(_) | Event::Workspace(_))
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
        let members_before = rows::load_members(connection, target, &keys).await?;
        let workspaces_before = rows::load_workspaces(connection, target, &keys).await?;
        let (mut members, mut workspaces) = (members_before.clone(), workspaces_before.clone());
        let mut applied = Applied::default();
        for incoming in events {
            let facts = &incoming.opened.facts;
            if incoming.only_purge || applied.waits(incoming.opened) {
                continue;
            }
            let key = (facts.workspace, facts.aggregate_id);
            let fits = match incoming.event {
                Event::Member(event) => apply_to_member(members.get(&key).cloned(), facts, event)
                    .map(|row| {
                        members.insert(key, row);
                    }),
                Event::Workspace(event) => {
                    let known = workspaces.get(&facts.workspace).cloned();
                    apply_to_workspace(known, facts, event).map(|row| {
                        workspaces.insert(facts.workspace, row);
                    })
                }
                Event::Lead(_)
                | Event::Sale(_)
                | Event::Invitation(_)
                | Event::Token(_)
                | Event::Advisor(_) => Ok(()),
            };
            if let Err(reason) = fits {
                applied.refuse(incoming.index, incoming.opened, &reason);
            }
        }
        members.retain(|key, row| members_before.get(key) != Some(row));
        workspaces.retain(|key, row| workspaces_before.get(key) != Some(row));
        rows::store_members(connection, target, &members).await?;
        rows::store_workspaces(connection, target, &workspaces).await?;
        Ok(applied)
    }
}
