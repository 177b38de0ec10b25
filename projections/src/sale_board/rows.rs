//! The tables of sales: read and written a batch at a time, and only what changed.

use super::row::Person;
use super::sale_of;
use crate::model::{Key, Target, key_arrays, look_up, to_i64, to_u64};
use crate::words::{bad_column, maybe_word, word};
use ael_events::ids::{LeadId, MemberId, SaleId, WorkspaceId};
use ael_events::query::SaleView;
use ael_events::values::{FullName, Money, ReasonText};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn load_people(
    connection: &mut PgConnection,
    target: &Target,
    leads: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, Person>, sqlx::Error> {
    let (workspaces, ids) = key_arrays(leads.iter());
    let sql = look_up(&target.schema, "people", "lead_id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let person = Person {
                full_name: maybe_word::<FullName>(row, "full_name")?,
                owner: row.try_get::<Option<_>, _>("owner")?.map(MemberId::from_uuid),
                erased: row.try_get("erased")?,
            };
            let workspace = WorkspaceId::from_uuid(row.try_get("workspace")?);
            Ok(((workspace, row.try_get("lead_id")?), person))
        })
        .collect()
}

pub(super) async fn load_sales(
    connection: &mut PgConnection,
    target: &Target,
    leads: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, SaleView>, sqlx::Error> {
    let keys: Vec<Key> = leads.iter().map(sale_of).collect();
    let (workspaces, ids) = key_arrays(keys.iter());
    let sql = look_up(&target.schema, "sales", "id");
    let rows = sqlx::query(&sql).bind(workspaces).bind(ids).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let sale = read(row)?;
            Ok(((WorkspaceId::from_uuid(row.try_get("workspace")?), sale.id.uuid()), sale))
        })
        .collect()
}

/// A sale as its row tells it.
fn read(row: &PgRow) -> Result<SaleView, sqlx::Error> {
    let minor: Option<i64> = row.try_get("amount_minor")?;
    let amount = match (minor, maybe_word(row, "currency")?) {
        (Some(minor), Some(currency)) => {
            let money = Money::new(minor, currency);
            Some(money.map_err(|error| bad_column("amount_minor", error))?)
        }
        (None, _) | (_, None) => None,
    };
    Ok(SaleView {
        id: SaleId::from_uuid(row.try_get("id")?),
        version: to_u64(row.try_get("version")?),
        lead_id: LeadId::from_uuid(row.try_get("lead_id")?),
        full_name: maybe_word(row, "full_name")?,
        owner: row.try_get::<Option<_>, _>("owner")?.map(MemberId::from_uuid),
        stage: word(row, "stage")?,
        amount,
        lost_reason: maybe_word(row, "lost_reason")?,
        lost_text: maybe_word(row, "lost_text")?,
        imported: row.try_get("imported")?,
        opened_at: row.try_get("opened_at")?,
        updated_at: row.try_get("updated_at")?,
        paid_at: row.try_get("paid_at")?,
    })
}

pub(super) async fn store_people(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &Person)],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| *key));
    let name = |person: &Person| person.full_name.clone().map(String::from);
    let sql = format!(
        "INSERT INTO {}.people (workspace, lead_id, full_name, owner, erased) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::boolean[]) \
         ON CONFLICT (workspace, lead_id) DO UPDATE SET full_name = excluded.full_name, \
             owner = excluded.owner, erased = excluded.erased",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(rows.iter().map(|(_, person)| name(person)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, person)| person.owner.map(MemberId::uuid)).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, person)| person.erased).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn store_sales(
    connection: &mut PgConnection,
    target: &Target,
    rows: &[(&Key, &SaleView)],
    erased: impl Fn(&(&Key, &SaleView)) -> bool,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($sale:ident => $value:expr) => {
            rows.iter().map(|(_, $sale)| $value).collect::<Vec<_>>()
        };
    }
    let (workspaces, ids) = key_arrays(rows.iter().map(|(key, _)| *key));
    let gone: Vec<_> = rows.iter().map(erased).collect();
    let sql = format!(
        "INSERT INTO {}.sales (workspace, id, version, lead_id, full_name, owner, stage, \
             amount_minor, currency, lost_reason, lost_text, imported, opened_at, updated_at, \
             paid_at, erased) \
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], \
             $6::uuid[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[], \
             $12::boolean[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], \
             $16::boolean[]) \
         ON CONFLICT (workspace, id) DO UPDATE SET version = excluded.version, \
             full_name = excluded.full_name, owner = excluded.owner, stage = excluded.stage, \
             amount_minor = excluded.amount_minor, currency = excluded.currency, \
             lost_reason = excluded.lost_reason, lost_text = excluded.lost_text, \
             updated_at = excluded.updated_at, paid_at = excluded.paid_at, \
             erased = excluded.erased",
        target.schema
    );
    sqlx::query(&sql)
        .bind(workspaces)
        .bind(ids)
        .bind(column!(sale => to_i64(sale.version)))
        .bind(column!(sale => sale.lead_id.uuid()))
        .bind(column!(sale => sale.full_name.as_ref().map(FullName::as_str)))
        .bind(column!(sale => sale.owner.map(MemberId::uuid)))
        .bind(column!(sale => sale.stage.as_str()))
        .bind(column!(sale => sale.amount.map(Money::amount_minor)))
        .bind(column!(sale => sale.amount.map(|amount| amount.currency().code())))
        .bind(column!(sale => sale.lost_reason.map(|reason| reason.as_str())))
        .bind(column!(sale => sale.lost_text.as_ref().map(ReasonText::as_str)))
        .bind(column!(sale => sale.imported))
        .bind(column!(sale => sale.opened_at))
        .bind(column!(sale => sale.updated_at))
        .bind(column!(sale => sale.paid_at))
        .bind(gone)
        .execute(connection)
        .await?;
    Ok(())
}
