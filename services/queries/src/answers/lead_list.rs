//! A page of the leads that the asker may see.

use super::lead_order::{LeadOrder, Marks, Place};
use super::lead_sql::{LeadPageSql, branches, together};
use super::rows::{parsed, word};
use super::sales;
use crate::asker::Colleague;
use crate::page::{Written, limit, page};
use crate::refusal::{Answered, invalid};
use crate::view::View;
use ael_events::answer::Rejected;
use ael_events::ids::LeadId;
use ael_events::query::{LeadInclude, ListLeads, SaleSummary};
use ael_events::values::{Score, Source, Stage, Tier};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

/// Answers the question.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn answer(view: &mut View, asker: Colleague, asked: &ListLeads) -> Answered<Written> {
    let wanted = limit(asked.limit)?;
    let search = asked.filter.q.as_deref().map(searched).transpose()?;
    let sql = statement(view, asker, asked, search.as_deref())?;
    let rows = read(view, &sql, wanted + 1).await?;
    let mut items = rows.into_iter().map(Row::into_item).collect::<Answered<Vec<_>>>()?;
    if asked.include.contains(&LeadInclude::Sale) {
        let leads = items.iter().map(|lead| lead.id);
        let mut found = sales::summaries(view, asker, leads).await?;
        for lead in &mut items {
            lead.sale = Some(found.remove(&lead.id));
        }
    }
    let question = question(view, asker, asked);
    page(&items, wanted, |last| view.cursors.seal(&question, &sql.order.place_of(last.marks())))
}

/// How the database would answer: the plan of each statement with what it looked at.
///
/// # Errors
/// As [`answer`].
pub async fn explain(view: &mut View, asker: Colleague, asked: &ListLeads) -> Answered<Vec<Value>> {
    const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ";
    let wanted = limit(asked.limit)? + 1;
    let search = asked.filter.q.as_deref().map(searched).transpose()?;
    let sql = statement(view, asker, asked, search.as_deref())?;
    let mut plans = Vec::new();
    for stretch in sql.order.stretches(sql.filter, sql.from) {
        let mut statement = sql.build_after(EXPLAIN, stretch, wanted);
        let (plan,): (Value,) = statement.build_query_as().fetch_one(&mut *view.tx).await?;
        plans.push(plan);
    }
    Ok(plans)
}

/// What a cursor is bound to: another question or another asker begins anew.
fn question<'a>(view: &View, asker: Colleague, asked: &'a ListLeads) -> impl Serialize + use<'a> {
    ("leads", view.workspace, asker.id, &asked.filter, &asked.sort, &asked.then)
}

fn statement<'a>(
    view: &View,
    asker: Colleague,
    asked: &'a ListLeads,
    search: Option<&'a str>,
) -> Answered<LeadPageSql<'a>> {
    let order = LeadOrder::of(asked)?;
    let question = question(view, asker, asked);
    let from: Option<Place> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let mut owners = branches(asker.sight(), asker.id, asked.filter.owner);
    if search.is_some() {
        // A search is run once; what it finds is few enough to be looked through.
        owners = together(owners);
    }
    Ok(LeadPageSql {
        workspace: view.workspace,
        sight: asker.sight(),
        owners,
        filter: &asked.filter,
        search,
        order,
        from,
    })
}

/// Reads stretch after stretch until the page is full.
async fn read(view: &mut View, sql: &LeadPageSql<'_>, wanted: usize) -> Answered<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    if sql.owners.is_empty() {
        return Ok(rows);
    }
    for stretch in sql.order.stretches(sql.filter, sql.from) {
        let missing = wanted - rows.len();
        if missing > 0 {
            let mut statement = sql.build(stretch, missing);
            rows.extend(statement.build_query_as::<Row>().fetch_all(&mut *view.tx).await?);
        }
    }
    Ok(rows)
}

fn searched(typed: &str) -> Result<String, Rejected> {
    let refusal =
        || invalid("q", "a search needs 2 to 100 characters, two different ones at least");
    if !(2..=100).contains(&typed.trim().chars().count()) {
        return Err(refusal());
    }
    ael_projections::search::normalise(typed).ok_or_else(refusal)
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    stage: String,
    source: String,
    business_domain: Option<String>,
    owner: Option<Uuid>,
    owner_name: Option<String>,
    contact: Json<Box<RawValue>>,
    tags: Json<Box<RawValue>>,
    message_count: i64,
    score: Option<f64>,
    recommendation: Option<String>,
    stale: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    erased: bool,
}

/// A [`LeadListItem`](ael_events::query::LeadListItem) as it is written: what the projector wrote
/// from our own values is not taken apart and proved again for each row of each page.
#[derive(Serialize)]
struct Listed {
    id: LeadId,
    version: u64,
    stage: Stage,
    source: Source,
    business_domain: Option<String>,
    owner: Option<Uuid>,
    owner_name: Option<String>,
    contact: Box<RawValue>,
    tags: Box<RawValue>,
    message_count: u32,
    ai_score: Option<Score>,
    tier: Option<Tier>,
    ai_recommendation: Option<String>,
    ai_stale: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    erased: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale: Option<Option<SaleSummary>>,
}

impl Row {
    fn into_item(self) -> Answered<Listed> {
        let ai_score = parsed("a lead's score", self.score, Score::new)?;
        Ok(Listed {
            id: LeadId::from_uuid(self.id),
            version: self.version.unsigned_abs(),
            stage: word("a lead's stage", &self.stage)?,
            source: word("a lead's source", &self.source)?,
            business_domain: self.business_domain,
            owner: self.owner,
            owner_name: self.owner_name,
            contact: self.contact.0,
            tags: self.tags.0,
            message_count: u32::try_from(self.message_count).unwrap_or(u32::MAX),
            ai_score,
            tier: ai_score.map(Score::tier),
            ai_recommendation: self.recommendation,
            ai_stale: self.stale,
            created_at: self.created_at,
            updated_at: self.updated_at,
            erased: self.erased,
            sale: None,
        })
    }
}

impl Listed {
    const fn marks(&self) -> Marks {
        Marks {
            id: self.id,
            score: self.ai_score,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_looked_for_however_it_is_written() {
        for typed in ["+380 (67) 123-45-67", "00380671234567", "380671234567"] {
            assert_eq!(searched(typed).unwrap(), "380671234567", "{typed}");
        }
        assert_eq!(searched("(067) 123 45 67").unwrap(), "671234567");
    }

    #[test]
    fn a_search_that_is_too_short_or_too_long_is_refused() {
        for typed in ["", " ", "x", " x ", "?!", &"x".repeat(101)] {
            assert_eq!(searched(typed).unwrap_err().code, "invalid_query", "{typed}");
        }
        assert!(searched("її").is_err(), "two letters of one sound say too little");
        assert!(searched("Юля").is_ok());
    }
}
