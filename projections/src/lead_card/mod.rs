//! The card of a lead: everything that is known about it, on one page.

mod expected;
pub mod fold;
#[cfg(test)]
mod fold_tests;

pub use fold::present;

use crate::audit::row::Audited;
use crate::model::{
    Applied, Expected, Incoming, Key, ReadModel, Target, View, key_arrays, look_up, to_i64,
};
use ael_events::event::Event;
use ael_events::ids::WorkspaceId;
use ael_events::query::LeadView;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The read model of whole leads.
#[derive(Debug)]
pub struct LeadCard;

#[async_trait]
impl ReadModel for LeadCard {
    fn name(&self) -> &'static str {
        "lead_card"
    }

    fn shape(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[View { name: "lead_cards", query: "SELECT * FROM {schema}.cards", public: true }]
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedCard::of(id))
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
        let mut cards = load(connection, target, &keys).await?;
        let mut applied = Applied::default();
        let mut changed = BTreeSet::new();
        for incoming in events {
            let Event::Lead(event) = incoming.event else { continue };
            let key = key(incoming);
            if incoming.only_purge || applied.waits(incoming.opened) {
                if incoming.opened.erases()
                    && let Some(card) = cards.get_mut(&key)
                {
                    fold::purge(card);
                    changed.insert(key);
                }
                continue;
            }
            match fold::apply(cards.get(&key).cloned(), &incoming.opened.facts, event) {
                Ok(card) => {
                    cards.insert(key, card);
                    changed.insert(key);
                }
                Err(reason) => applied.refuse(incoming.index, incoming.opened, &reason),
            }
        }
        cards.retain(|key, _| changed.contains(key));
        store(connection, target, &cards).await?;
        Ok(applied)
    }
}

fn key(incoming: &Incoming<'_>) -> Key {
    (incoming.opened.facts.workspace, incoming.opened.facts.aggregate_id)
}

async fn load(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, LeadView>, sqlx::Error> {
    let (workspaces, ids) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, "cards", "id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.into_iter()
        .map(|row| {
            let card = row.try_get::<Json<LeadView>, _>("card")?.0;
            Ok(((WorkspaceId::from_uuid(row.try_get("workspace")?), card.id.uuid()), card))
        })
        .collect()
}

async fn store(
    connection: &mut PgConnection,
    target: &Target,
    cards: &BTreeMap<Key, LeadView>,
) -> Result<(), sqlx::Error> {
    if cards.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(cards.keys());
    let versions: Vec<_> = cards.values().map(|card| to_i64(card.version)).collect();
    let owners: Vec<_> = cards.values().map(|card| card.owner.map(|owner| owner.uuid())).collect();
    let merged: Vec<_> = cards.values().map(|card| card.merged_into.map(|id| id.uuid())).collect();
    let erased: Vec<_> = cards.values().map(|card| card.erased).collect();
    let views: Vec<_> = cards.values().map(Json).collect();
    let sql = format!(
        "INSERT INTO {}.cards (workspace, id, version, owner, merged_into, erased, card) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], \
             $6::boolean[], $7::jsonb[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             owner = excluded.owner, merged_into = excluded.merged_into, \
             erased = excluded.erased, card = excluded.card",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(versions)
        .bind(owners)
        .bind(merged)
        .bind(erased)
        .bind(views)
        .execute(connection)
        .await?;
    Ok(())
}
