//! Sales, newest first, and one sale.

use super::rows::{member, parsed, word};
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::{Answered, Unanswered, invalid, not_found};
use crate::view::View;
use ael_events::ids::{LeadId, SaleId};
use ael_events::query::{GetSale, ListSales, SaleSummary, SaleView};
use ael_events::values::{Currency, FullName, InvalidMoney, Money, ReasonText};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many leads may be named at once.
const MOST_LEADS: usize = 200;

const COLUMNS: &str = "SELECT id, version, lead_id, full_name, owner, stage, amount_minor, \
                       currency, lost_reason, lost_text, imported, opened_at, updated_at, paid_at \
                       FROM read.sales WHERE workspace = ";

/// A page of the sales that the asker may see.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn list(view: &mut View, asker: Colleague, asked: &ListSales) -> Answered<Written> {
    let wanted = limit(asked.limit)?;
    if asked.leads.len() > MOST_LEADS {
        let sentence = format!("ask for the sales of {MOST_LEADS} leads at most");
        return Err(invalid("leads", sentence).into());
    }
    let question = ("sales", view.workspace, asker.id, &asked.stages, asked.owner, &asked.leads);
    let from: Option<(i64, Uuid)> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let owner = asked.owner.or(asker.sight().only());
    if owner.is_some() && !asker.sight().shows_sale_of(owner) {
        return Ok(Written { items: Vec::new(), next_cursor: None });
    }
    let mut sql = QueryBuilder::new(COLUMNS);
    sql.push_bind(view.workspace.uuid());
    if let Some(owner) = owner {
        sql.push(" AND owner = ").push_bind(owner.uuid());
    }
    let stages: Vec<&'static str> = asked.stages.iter().map(|stage| stage.as_str()).collect();
    match stages.as_slice() {
        [] => {}
        [only] => {
            sql.push(" AND stage = ").push_bind(*only);
        }
        [..] => {
            sql.push(" AND stage = ANY(").push_bind(stages).push(")");
        }
    }
    if !asked.leads.is_empty() {
        let leads: Vec<Uuid> = asked.leads.iter().map(|lead| lead.uuid()).collect();
        sql.push(" AND lead_id = ANY(").push_bind(leads).push(")");
    }
    if let Some((micros, id)) = from {
        let opened_at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
        sql.push(" AND (opened_at, id) < (").push_bind(opened_at);
        sql.push(", ").push_bind(id).push(")");
    }
    sql.push(format!(" ORDER BY opened_at DESC, id DESC LIMIT {}", wanted + 1));
    let rows: Vec<Row> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let items = rows.into_iter().map(Row::into_view).collect::<Answered<Vec<_>>>()?;
    page(&items, wanted, |last| {
        view.cursors.seal(&question, &(last.opened_at.timestamp_micros(), last.id))
    })
}

/// One sale.
///
/// # Errors
/// When there is none that the asker may see.
pub async fn one(view: &mut View, asker: Colleague, asked: &GetSale) -> Answered<SaleView> {
    let mut sql = QueryBuilder::<sqlx::Postgres>::new(COLUMNS);
    sql.push_bind(view.workspace.uuid()).push(" AND id = ").push_bind(asked.sale_id.uuid());
    let row: Option<Row> = sql.build_query_as().fetch_optional(&mut *view.tx).await?;
    match row {
        Some(row) if asker.sight().shows_sale_of(row.owner.map(member)) => row.into_view(),
        Some(_) | None => Err(not_found("sale").into()),
    }
}

/// The sales of these leads in short, as far as the asker may see them: one statement, however
/// many there are.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn summaries(
    view: &mut View,
    asker: Colleague,
    leads: impl Iterator<Item = LeadId>,
) -> Answered<BTreeMap<LeadId, SaleSummary>> {
    let leads: Vec<Uuid> = leads.map(LeadId::uuid).collect();
    if leads.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = QueryBuilder::<sqlx::Postgres>::new(COLUMNS);
    sql.push_bind(view.workspace.uuid());
    sql.push(" AND lead_id = ANY(").push_bind(leads).push(")");
    let rows: Vec<Row> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    let mut found = BTreeMap::new();
    for row in rows {
        let SaleView { id, version, lead_id, stage, amount, owner, .. } = row.into_view()?;
        if asker.sight().shows_sale_of(owner) {
            found.insert(lead_id, SaleSummary { id, version, stage, amount, owner });
        }
    }
    Ok(found)
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    lead_id: Uuid,
    full_name: Option<String>,
    owner: Option<Uuid>,
    stage: String,
    amount_minor: Option<i64>,
    currency: Option<String>,
    lost_reason: Option<String>,
    lost_text: Option<String>,
    imported: bool,
    opened_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    paid_at: Option<DateTime<Utc>>,
}

impl Row {
    fn into_view(self) -> Answered<SaleView> {
        let amount = self.amount_minor.zip(self.currency).map(|(minor, code)| money(minor, &code));
        Ok(SaleView {
            id: SaleId::from_uuid(self.id),
            version: self.version.unsigned_abs(),
            lead_id: LeadId::from_uuid(self.lead_id),
            full_name: parsed("a person's name", self.full_name, FullName::try_from)?,
            owner: self.owner.map(member),
            stage: word("a sale's stage", &self.stage)?,
            amount: amount
                .transpose()
                .map_err(Unanswered::unreadable::<InvalidMoney>("an amount"))?,
            lost_reason: self.lost_reason.map(|text| word("a lost reason", &text)).transpose()?,
            lost_text: parsed("a lost reason", self.lost_text, ReasonText::try_from)?,
            imported: self.imported,
            opened_at: self.opened_at,
            updated_at: self.updated_at,
            paid_at: self.paid_at,
        })
    }
}

fn money(amount_minor: i64, code: &str) -> Result<Money, InvalidMoney> {
    Money::new(amount_minor, code.parse::<Currency>()?)
}
