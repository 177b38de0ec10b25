//! The numbers: counters per lane, changed by the difference between what was counted of a lead
//! before and after.

mod ai;
mod expected;
mod facts;
#[cfg(test)]
mod tests;

pub use ai::AiFacts;
pub use facts::{Counter, Counts, Facts, LeadFacts, SaleFacts, counted, lead_event, sale_event};

use crate::audit::row::Audited;
use crate::model::{
    Applied, Expected, Incoming, Key, ReadModel, Target, View, key_arrays, look_up,
};
use ael_events::event::Event;
use ael_events::ids::{Lane, MemberId, WorkspaceId};
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::types::Json;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The read model of counters.
#[derive(Debug)]
pub struct Stats;

type Deltas = BTreeMap<(Lane, WorkspaceId, Counter), i64>;

#[async_trait]
impl ReadModel for Stats {
    fn name(&self) -> &'static str {
        "stats"
    }

    fn shape(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[View { name: "counters", query: "SELECT * FROM {schema}.counters", public: true }]
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedFacts::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        matches!(kind, AggregateKind::Lead | AggregateKind::Sale)
    }

    fn wants(&self, event: &Event) -> bool {
        match event {
            Event::Lead(event) => facts::counts_change(event),
            Event::Sale(_) => true,
            Event::Workspace(_) | Event::Member(_) | Event::Invitation(_) | Event::Token(_) => {
                false
            }
        }
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        let keys: BTreeSet<Key> = events.iter().map(|incoming| key(incoming)).collect();
        let before = load(connection, target, &keys).await?;
        let mut after = before.clone();
        let mut applied = Applied::default();
        for incoming in events {
            // Nothing personal is counted: a waiting aggregate needs no purge.
            if incoming.only_purge || applied.waits(incoming.opened) {
                continue;
            }
            let key = key(incoming);
            let known = after.get(&key).cloned().unwrap_or_default();
            let counted = match incoming.event {
                Event::Lead(event) => lead_event(known, &incoming.opened.facts, event),
                Event::Sale(event) => sale_event(known, &incoming.opened.facts, event),
                Event::Workspace(_) | Event::Member(_) | Event::Invitation(_) | Event::Token(_) => {
                    Ok(known)
                }
            };
            match counted {
                Ok(facts) => {
                    after.insert(key, facts);
                }
                Err(reason) => applied.refuse(incoming.index, incoming.opened, &reason),
            }
        }
        after.retain(|key, facts| before.get(key) != Some(facts));
        store_facts(connection, target, &after).await?;
        count(connection, target, &differences(&before, &after)).await?;
        Ok(applied)
    }
}

fn key(incoming: &Incoming<'_>) -> Key {
    (incoming.opened.facts.workspace, incoming.opened.facts.data_subject)
}

fn differences(before: &BTreeMap<Key, Facts>, after: &BTreeMap<Key, Facts>) -> Deltas {
    let mut deltas = Deltas::new();
    for (key, facts) in after {
        for (counter, amount) in counted(facts) {
            *deltas.entry((Lane::of(key.1), key.0, counter)).or_default() += amount;
        }
        for (counter, amount) in before.get(key).map(counted).unwrap_or_default() {
            *deltas.entry((Lane::of(key.1), key.0, counter)).or_default() -= amount;
        }
    }
    deltas.retain(|_, amount| *amount != 0);
    deltas
}

async fn load(
    connection: &mut PgConnection,
    target: &Target,
    keys: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, Facts>, sqlx::Error> {
    let (workspaces, leads) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, "facts", "lead_id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(leads).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let workspace = WorkspaceId::from_uuid(row.try_get("workspace")?);
            let facts = row.try_get::<Json<Facts>, _>("facts")?.0;
            Ok(((workspace, row.try_get("lead_id")?), facts))
        })
        .collect()
}

async fn store_facts(
    connection: &mut PgConnection,
    target: &Target,
    facts: &BTreeMap<Key, Facts>,
) -> Result<(), sqlx::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let (workspaces, leads) = key_arrays(facts.keys());
    let sql = format!(
        "INSERT INTO {}.facts (workspace, lead_id, facts) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[]) \
         ON CONFLICT (workspace, lead_id) DO UPDATE SET facts = excluded.facts",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(leads)
        .bind(facts.values().map(Json).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn count(
    connection: &mut PgConnection,
    target: &Target,
    deltas: &Deltas,
) -> Result<(), sqlx::Error> {
    if deltas.is_empty() {
        return Ok(());
    }
    let owner = |counter: &Counter| counter.0.map_or(Uuid::nil(), MemberId::uuid);
    let sql = format!(
        "INSERT INTO {}.counters AS c (workspace, owner, metric, key, lane, amount) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[], \
             $6::bigint[]) \
         ON CONFLICT (workspace, owner, metric, key, lane) \
             DO UPDATE SET amount = c.amount + excluded.amount",
        target.schema
    );
    sqlx::query(&sql)
        .bind(deltas.keys().map(|(_, workspace, _)| workspace.uuid()).collect::<Vec<_>>())
        .bind(deltas.keys().map(|(.., counter)| owner(counter)).collect::<Vec<_>>())
        .bind(deltas.keys().map(|(.., counter)| counter.1).collect::<Vec<_>>())
        .bind(deltas.keys().map(|(.., counter)| counter.2.as_str()).collect::<Vec<_>>())
        .bind(deltas.keys().map(|(lane, ..)| i16::from(lane.number())).collect::<Vec<_>>())
        .bind(deltas.values().copied().collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    forget_zeros(connection, target, deltas).await
}

/// What is counted no more leaves no row: a replay in other batches ends in the same rows.
async fn forget_zeros(
    connection: &mut PgConnection,
    target: &Target,
    deltas: &Deltas,
) -> Result<(), sqlx::Error> {
    let fewer: Vec<_> =
        deltas.iter().filter(|(_, amount)| **amount < 0).map(|(counter, _)| counter).collect();
    if fewer.is_empty() {
        return Ok(());
    }
    let owner = |counter: &Counter| counter.0.map_or(Uuid::nil(), MemberId::uuid);
    let sql = format!(
        "DELETE FROM {}.counters c \
         USING unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[]) \
             AS d (workspace, owner, metric, key, lane) \
         WHERE c.workspace = d.workspace AND c.owner = d.owner AND c.metric = d.metric \
           AND c.key = d.key AND c.lane = d.lane AND c.amount = 0",
        target.schema
    );
    sqlx::query(&sql)
        .bind(fewer.iter().map(|(_, workspace, _)| workspace.uuid()).collect::<Vec<_>>())
        .bind(fewer.iter().map(|(.., counter)| owner(counter)).collect::<Vec<_>>())
        .bind(fewer.iter().map(|(.., counter)| counter.1).collect::<Vec<_>>())
        .bind(fewer.iter().map(|(.., counter)| counter.2.as_str()).collect::<Vec<_>>())
        .bind(fewer.iter().map(|(lane, ..)| i16::from(lane.number())).collect::<Vec<_>>())
        .persistent(false)
        .execute(connection)
        .await?;
    Ok(())
}
