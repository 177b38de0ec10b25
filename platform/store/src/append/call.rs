//! The one call of `write.append`, and what its refusals mean.

use super::prepare::Prepared;
use super::{Appended, AppendedStream};
use crate::StoreError;
use ael_events::order::{Order, PositionToken};
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

/// Why a call did not do what it should.
#[derive(Debug)]
pub(super) enum CallError {
    /// A rule was violated: the whole group was rolled back.
    Violation(Violation),
    /// There was no connection to be had; trying again may help.
    NotBegun(Arc<StoreError>),
    /// It was rolled back, because it took too long or had to wait too long; trying again may help.
    NotDone(Arc<StoreError>),
    /// The connection was lost: it may have happened.
    Unknown(Arc<StoreError>),
    /// It cannot be carried out as it is.
    Broken(Arc<StoreError>),
}

/// Which rule of the store was violated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Violation {
    /// An event of that number is there already, or the one before it isn't.
    Version,
    /// The command has an answer.
    Command,
    /// A contact is another lead's.
    Contact,
    /// A credential is another member's.
    Credential,
    /// A data key is destroyed.
    Key,
    /// No Admin would be left.
    LastAdmin,
}

/// The columns of a group, in the order of the function's parameters.
#[derive(Debug, Default)]
struct Columns {
    types: Vec<&'static str>,
    ids: Vec<String>,
    sequences: Vec<i64>,
    event_types: Vec<String>,
    event_versions: Vec<String>,
    payloads: Vec<String>,
    metadata: Vec<String>,
    times: Vec<chrono::DateTime<chrono::Utc>>,
    event_ids: Vec<Uuid>,
    lanes: Vec<i16>,
    after_types: Vec<&'static str>,
    after_ids: Vec<String>,
    after_sequences: Vec<i64>,
    after_keys: Vec<Option<Uuid>>,
    principals: Vec<String>,
    command_ids: Vec<Uuid>,
    fingerprints: Vec<Vec<u8>>,
    aggregates: Vec<Uuid>,
    versions: Vec<i64>,
    shown: Vec<i32>,
    command_times: Vec<chrono::DateTime<chrono::Utc>>,
    key_subjects: Vec<Uuid>,
    key_wrapped: Vec<Vec<u8>>,
    key_keks: Vec<Vec<u8>>,
    claim_kinds: Vec<&'static str>,
    claim_hmacs: Vec<Vec<u8>>,
    claim_leads: Vec<Uuid>,
    claim_begins: Vec<bool>,
    side: Map<String, Value>,
}

impl Columns {
    fn of(group: &[&Prepared]) -> Self {
        let mut columns = Self::default();
        for prepared in group {
            columns.add(prepared);
        }
        columns
    }

    fn add(&mut self, prepared: &Prepared) {
        let before = self.sequences.len();
        self.add_events(prepared);
        if let Some(answer) = &prepared.answer {
            let primary = prepared.streams.first().map_or(0, |stream| stream.events);
            let shown = if primary == 0 { 0 } else { before + primary };
            self.principals.push(answer.principal.clone());
            self.command_ids.push(answer.command_id.uuid());
            self.fingerprints.push(answer.fingerprint.to_vec());
            self.aggregates.push(answer.aggregate_id);
            self.versions.push(i64::try_from(answer.version).unwrap_or(i64::MAX));
            self.shown.push(i32::try_from(shown).unwrap_or(0));
            self.command_times.push(prepared.recorded_at);
        }
        for (subject, wrapped) in &prepared.new_keys {
            self.key_subjects.push(*subject);
            self.key_wrapped.push(wrapped.bytes.clone());
            self.key_keks.push(wrapped.kek.0.to_vec());
        }
        for claim in prepared.claims.iter().filter(|claim| !claim.if_free) {
            self.claim_kinds.push(claim.kind.as_str());
            self.claim_hmacs.push(claim.hmac.to_vec());
            self.claim_leads.push(claim.lead.uuid());
            self.claim_begins.push(prepared.begins(claim.lead));
        }
        for (name, rows) in &prepared.side {
            let list = self.side.entry(name.as_str()).or_insert_with(|| Value::Array(Vec::new()));
            if let (Some(list), Some(rows)) = (list.as_array_mut(), rows.as_array()) {
                list.extend(rows.iter().cloned());
            }
        }
    }

    fn add_events(&mut self, prepared: &Prepared) {
        for row in &prepared.events {
            self.types.push(row.aggregate);
            self.ids.push(row.aggregate_id.clone());
            self.sequences.push(row.sequence);
            self.event_types.push(row.event_type.clone());
            self.event_versions.push(row.event_version.clone());
            self.payloads.push(row.payload.clone());
            self.metadata.push(row.metadata.clone());
            self.times.push(prepared.recorded_at);
            self.event_ids.push(row.event_id);
            self.lanes.push(i16::from(row.lane.number()));
        }
        for after in &prepared.after {
            self.after_types.push(after.aggregate);
            self.after_ids.push(after.aggregate_id.clone());
            self.after_sequences.push(after.sequence);
            self.after_keys.push(after.key);
        }
    }
}

const CALL: &str = "SELECT o_incarnation, o_xid, o_positions FROM write.append(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24, $25, $26, $27, $28, $29, $30)";

/// Writes a group of appends of one workspace: all of them, or none.
pub(super) async fn call(pool: &PgPool, group: &[&Prepared]) -> Result<Vec<Appended>, CallError> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let columns = Columns::of(group);
    let side = (!columns.side.is_empty()).then_some(Value::Object(columns.side));
    let mut connection = pool.acquire().await.map_err(not_begun)?;
    let written: Result<(i32, i64, Option<Vec<i64>>), sqlx::Error> = sqlx::query_as(CALL)
        .bind(first.workspace.uuid())
        .bind(columns.types)
        .bind(columns.ids)
        .bind(columns.sequences)
        .bind(columns.event_types)
        .bind(columns.event_versions)
        .bind(columns.payloads)
        .bind(columns.metadata)
        .bind(columns.times)
        .bind(columns.event_ids)
        .bind(columns.lanes)
        .bind(columns.after_types)
        .bind(columns.after_ids)
        .bind(columns.after_sequences)
        .bind(columns.after_keys)
        .bind(columns.principals)
        .bind(columns.command_ids)
        .bind(columns.fingerprints)
        .bind(columns.aggregates)
        .bind(columns.versions)
        .bind(columns.shown)
        .bind(columns.command_times)
        .bind(columns.key_subjects)
        .bind(columns.key_wrapped)
        .bind(columns.key_keks)
        .bind(columns.claim_kinds)
        .bind(columns.claim_hmacs)
        .bind(columns.claim_leads)
        .bind(columns.claim_begins)
        .bind(side)
        .fetch_one(&mut *connection)
        .await;
    let (incarnation, xid, positions) = written.map_err(judge)?;
    let xid = xid.cast_unsigned();
    Ok(share_out(group, incarnation, xid, &positions.unwrap_or_default()))
}

/// Gives each append of the group its part of the positions.
fn share_out(group: &[&Prepared], incarnation: i32, xid: u64, positions: &[i64]) -> Vec<Appended> {
    let mut orders = positions.iter().map(|&position| Order { incarnation, xid, position });
    group.iter().map(|prepared| assemble(prepared, &mut orders)).collect()
}

/// What is known about an append once the order of its events is.
pub(super) fn assemble(prepared: &Prepared, orders: &mut impl Iterator<Item = Order>) -> Appended {
    let streams = prepared.streams.iter().map(|stream| AppendedStream {
        lane: stream.lane,
        version: stream.version,
        orders: orders.by_ref().take(stream.events).collect(),
    });
    let streams: Vec<AppendedStream> = streams.collect();
    let primary = streams.first();
    let position = primary.and_then(|stream| {
        let order = *stream.orders.last()?;
        Some(PositionToken { lane: stream.lane, order })
    });
    let answered = prepared.answer.as_ref().map(|answer| answer.version);
    let version = answered.or(primary.map(|stream| stream.version)).unwrap_or(0);
    Appended { version, position, streams }
}

fn not_begun(error: sqlx::Error) -> CallError {
    CallError::NotBegun(Arc::new(error.into()))
}

fn judge(error: sqlx::Error) -> CallError {
    let Some(refusal) = error.as_database_error() else {
        // Only a lost connection leaves the outcome open; the rest are answers that we can't read.
        let error = StoreError::from(error);
        return match error.is_transient() {
            true => CallError::Unknown(error.into()),
            false => CallError::Broken(error.into()),
        };
    };
    let code = refusal.code().unwrap_or_default().into_owned();
    let violation = match (code.as_str(), refusal.constraint()) {
        ("23505", Some("events_pkey" | "data_keys_pkey")) | ("AE005", _) => Violation::Version,
        ("23505", Some("commands_pkey")) => Violation::Command,
        ("23505", Some("contact_claims_pkey")) => Violation::Contact,
        ("AE001", _) => Violation::Key,
        ("AE002", _) => Violation::Credential,
        ("AE003", _) => Violation::LastAdmin,
        _ => return not_a_rule(&code, error),
    };
    CallError::Violation(violation)
}

fn not_a_rule(code: &str, error: sqlx::Error) -> CallError {
    let error = Arc::new(StoreError::from(error));
    // 57014 is our own limit, rolled back; other interventions of class 57 may come just after the
    // commit.
    match code {
        "57014" => CallError::NotDone(error),
        _ if code.starts_with("57") || code.starts_with("08") => CallError::Unknown(error),
        _ if error.is_transient() => CallError::NotDone(error),
        _ => CallError::Broken(error),
    }
}
