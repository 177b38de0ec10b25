//! The timeline: everything that happened in a workspace, in order, in the open — until the person
//! is erased, and never with anything by which a secret could be guessed.

mod expected;

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View, key_arrays, to_i64};
use crate::opened::Opened;
use ael_events::event::{Event, event_name};
use ael_events::private::OPEN_KEY;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The read model of histories.
#[derive(Debug)]
pub struct Timeline;

#[async_trait]
impl ReadModel for Timeline {
    fn name(&self) -> &'static str {
        "timeline"
    }

    fn shape(&self) -> i32 {
        3
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[View { name: "timeline", query: "SELECT * FROM {schema}.entries", public: true }]
    }

    fn functions(&self) -> &'static str {
        include_str!("functions.sql")
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedTimeline::of(id))
    }

    fn concerns(&self, _kind: AggregateKind) -> bool {
        true
    }

    fn wants(&self, _event: &Event) -> bool {
        true
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        // Up to which event of the batch a lead's personal data has to go.
        let erased: BTreeMap<Key, usize> = events
            .iter()
            .filter(|incoming| incoming.opened.erases())
            .map(|incoming| (key(incoming), incoming.index))
            .collect();
        let entries: Vec<Entry<'_>> = events
            .iter()
            .filter(|incoming| !incoming.only_purge)
            .map(|incoming| {
                let gone = erased.get(&key(incoming)).is_some_and(|last| incoming.index <= *last);
                entry(incoming, gone)
            })
            .collect();
        insert(connection, target, &entries).await?;
        purge(connection, target, &erased).await?;
        Ok(Applied::default())
    }
}

struct Entry<'a> {
    incoming: &'a Incoming<'a>,
    data: Value,
}

fn key(incoming: &Incoming<'_>) -> Key {
    (incoming.opened.facts.workspace, incoming.opened.facts.data_subject)
}

fn entry<'a>(incoming: &'a Incoming<'a>, gone: bool) -> Entry<'a> {
    let mut data = shown(incoming.opened);
    if gone && let Some(fields) = data.as_object_mut() {
        fields.remove(OPEN_KEY);
    }
    Entry { incoming, data }
}

/// The event that has a whole model in it, of any version.
const MODEL_TRAINED: &str = "advisor.model_trained.";

/// An event's data as it is shown: of what opens doors, not even the digest of the secret.
fn shown(opened: &Opened) -> Value {
    let mut data = opened.data.clone();
    let hidden: fn(&str) -> bool = match opened.facts.aggregate {
        AggregateKind::Invitation | AggregateKind::Token => |name| name.ends_with("_hash"),
        // A history tells what a model was worth; the model itself is read elsewhere.
        AggregateKind::Advisor if opened.facts.event_type.starts_with(MODEL_TRAINED) => {
            |name| name == "model"
        }
        AggregateKind::Workspace
        | AggregateKind::Member
        | AggregateKind::Lead
        | AggregateKind::Sale
        | AggregateKind::Advisor => return data,
    };
    if let Some(fields) = data.as_object_mut() {
        fields.retain(|name, _| !hidden(name));
    }
    data
}

async fn insert(
    connection: &mut PgConnection,
    target: &Target,
    entries: &[Entry<'_>],
) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($facts:ident => $value:expr) => {
            entries
                .iter()
                .map(|entry| {
                    let $facts = &entry.incoming.opened.facts;
                    $value
                })
                .collect::<Vec<_>>()
        };
    }
    let sql = format!(
        "INSERT INTO {}.entries (workspace, subject, incarnation, xid, position, event_id, \
             aggregate, aggregate_id, sequence, event_name, event_type, occurred_at, recorded_at, \
             actor, actor_member, edge, data) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::bigint[], $5::bigint[], \
             $6::uuid[], $7::text[], $8::uuid[], $9::bigint[], $10::text[], $11::text[], \
             $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[], $16::text[], \
             $17::jsonb[]) \
         ON CONFLICT (workspace, subject, incarnation, xid, position) DO NOTHING",
        target.schema
    );
    sqlx::query(&sql)
        .bind(column!(facts => facts.workspace.uuid()))
        .bind(column!(facts => facts.data_subject))
        .bind(column!(facts => facts.order.incarnation))
        .bind(column!(facts => to_i64(facts.order.xid)))
        .bind(column!(facts => facts.order.position))
        .bind(column!(facts => facts.event_id.uuid()))
        .bind(column!(facts => facts.aggregate.as_str()))
        .bind(column!(facts => facts.aggregate_id))
        .bind(column!(facts => to_i64(facts.sequence)))
        .bind(column!(facts => event_name(&facts.event_type)))
        .bind(column!(facts => facts.event_type.as_str()))
        .bind(column!(facts => facts.occurred_at))
        .bind(column!(facts => facts.recorded_at))
        .bind(column!(facts => facts.actor.to_string()))
        .bind(column!(facts => facts.actor.member().map(|member| member.uuid())))
        .bind(column!(facts => facts.edge.as_str()))
        .bind(entries.iter().map(|entry| Json(&entry.data)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Erased: what was in the open about the person, in all of their lead's and sale's events, is
/// gone.
async fn purge(
    connection: &mut PgConnection,
    target: &Target,
    erased: &BTreeMap<Key, usize>,
) -> Result<(), sqlx::Error> {
    if erased.is_empty() {
        return Ok(());
    }
    let (workspaces, leads) = key_arrays(erased.keys());
    let sql = format!(
        "UPDATE {}.entries e SET data = e.data - $3 \
         FROM unnest($1::uuid[], $2::uuid[]) AS k (workspace, subject) \
         WHERE e.workspace = k.workspace AND e.subject = k.subject AND e.data ? $3",
        target.schema
    );
    // Rare: planned anew each time, by what the table holds then.
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(leads)
        .bind(OPEN_KEY)
        .persistent(false)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::facts;
    use serde_json::json;

    #[test]
    fn what_a_secret_could_be_guessed_by_is_never_shown() {
        let data = json!({ "secret_hash": "5ec7e7", "code_hash": "5ec7e7", "feature_hash": "00",
                           "scopes": ["leads:read"] });
        let of = |aggregate| {
            let event = Err("it does not matter".to_owned());
            let facts = crate::EventFacts { aggregate, ..facts(1) };
            shown(&Opened { facts, event, data: data.clone() })
        };
        for kind in [AggregateKind::Token, AggregateKind::Invitation] {
            assert_eq!(of(kind), json!({ "scopes": ["leads:read"] }), "{kind}");
        }
        assert_eq!(of(AggregateKind::Lead)["feature_hash"], "00", "it hides nothing");
    }
}
