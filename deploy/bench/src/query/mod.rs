//! Pages of a long lead list over the bus: against the same statement on a pool in-process, and
//! filters, combinations and searches against the cheapest page.

mod questions;

use crate::Sizes;
use crate::house::{House, Service, Tenant};
use crate::load::closed;
use crate::measure::{Run, Sample, ms_since, percentile};
use crate::report::{Figure, Report};
use ael_client::Client;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{LeadPage, ListLeads, Query, QueryRequest};
use ael_store::DbRole;
use chrono::{DateTime, Utc};
use questions::Question;
use serde_json::Value;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use uuid::Uuid;

const FILL: &str = include_str!("fill.sql");
const PATIENCE: Duration = Duration::from_secs(60);
/// How many pages are asked for at once when pages a second are counted.
const AT_ONCE: usize = 16;
/// How often each question is asked in a round, one after the other.
const TIMES: usize = 20;

/// The statement by which the service reads the first page of everything, and its transaction.
const PAGE: &str = "SELECT l.id, l.version, l.stage, l.source, l.business_domain, l.owner, \
    m.name AS owner_name, l.contact, l.tags, l.message_count, l.score, l.recommendation, CASE \
    WHEN l.analysed_at IS NULL OR l.erased OR l.stage NOT IN ('new', 'contacted', 'qualified') \
        THEN NULL \
    WHEN l.outdated IS NOT NULL THEN l.outdated \
    WHEN l.message_count - l.analysed_messages >= \
            coalesce((w.settings #>> '{advisor,stale_messages}')::bigint, 3) \
        AND (l.message_count - l.analysed_messages) * 100 >= l.analysed_messages * \
            coalesce((w.settings #>> '{advisor,stale_messages_percent}')::bigint, 50) \
        THEN 'messages' \
    WHEN l.analysed_at <= now() - make_interval( \
            hours => 24 * \
            least(greatest((w.settings ->> 'stale_days')::bigint, 1), 36500)::integer) \
        THEN 'age' END AS stale, l.created_at, l.updated_at, l.erased \
    FROM ((SELECT l.* FROM read.lead_board l \
    WHERE l.workspace = $1 ORDER BY l.created_at DESC, l.id DESC LIMIT 51)) l \
    LEFT JOIN read.workspaces w ON w.workspace = $2 \
    LEFT JOIN read.members m ON m.workspace = $2 AND m.id = l.owner \
    ORDER BY l.created_at DESC, l.id DESC LIMIT 51";

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    let most = [Service::Commands, Service::Relay, Service::Projections, Service::Queries];
    house.start(&most).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "One").await?;
    let other = house.found(&client, "Two").await?;
    let pool = house.superuser(1).await?;
    house.level(&pool, PATIENCE).await?;
    report.say(&format!("query: writing {} leads into the list", sizes.rows()));
    fill(&pool, sizes.rows(), &tenant, &other).await?;
    // Nothing is written any more.
    for service in [Service::Projections, Service::Relay, Service::Commands] {
        house.stop(service).await?;
    }
    let asker = Asker { client, tenant };
    pages(sizes, report, &house, &asker).await?;
    questions(sizes, report, &asker).await
}

pub(crate) async fn fill(
    pool: &PgPool,
    rows: usize,
    one: &Tenant,
    two: &Tenant,
) -> anyhow::Result<()> {
    let version: i32 =
        sqlx::query_scalar("SELECT version FROM read.projections WHERE name = 'lead_board'")
            .fetch_one(pool)
            .await?;
    let schema = format!("rm_lead_board_{version}");
    let sql = FILL
        .replace("{schema}", &schema)
        .replace("{one}", &one.workspace.to_string())
        .replace("{two}", &two.workspace.to_string())
        .replace("{rows}", &rows.to_string());
    sqlx::raw_sql(&sql).execute(pool).await?;
    for table in ["leads", "activity", "lead_tags"] {
        sqlx::query(&format!("VACUUM ANALYZE {schema}.{table}")).execute(pool).await?;
    }
    sqlx::query("CHECKPOINT").execute(pool).await?;
    Ok(())
}

/// Somebody who asks over the bus.
#[derive(Debug, Clone)]
struct Asker {
    client: Client,
    tenant: Tenant,
}

impl Asker {
    async fn ask(&self, asked: &ListLeads) -> anyhow::Result<LeadPage> {
        let request = QueryRequest {
            credential: Credential::Operator { as_member: Some(self.tenant.admin) },
            after: None,
            query: Query::ListLeads(asked.clone()),
        };
        Ok(self.client.query(self.tenant.workspace, &request).await?)
    }
}

async fn pages(
    sizes: &Sizes,
    report: &mut Report,
    house: &House,
    asker: &Asker,
) -> anyhow::Result<()> {
    let connections = u32::try_from(AT_ONCE)?;
    let pool = house.role_pool(DbRole::Queries, connections).await?;
    let (mut ours, mut theirs) = (Sample::default(), Sample::default());
    // The first round of each is for warming up.
    for round in 0..=sizes.rounds {
        report.say(&format!("query: pages, round {round} of {}", sizes.rounds));
        let one = over_the_bus(asker, sizes.time()).await?;
        let other = in_process(&pool, &asker.tenant, sizes.time()).await?;
        if round > 0 {
            ours.push(one.rate());
            theirs.push(other.rate());
        }
    }
    let pages = Figure::median("query: pages of the lead list", &ours, "pages/s");
    report.add(pages.against("the same SQL in-process", &theirs).ratio_at_least(0.5))
}

async fn over_the_bus(asker: &Asker, time: Duration) -> anyhow::Result<Run> {
    let asker = asker.clone();
    closed(AT_ONCE, time, move |_| {
        let asker = asker.clone();
        async move {
            let page = asker.ask(&Question::cheapest()).await?;
            anyhow::ensure!(page.items.len() == 50, "a page of {}", page.items.len());
            Ok(())
        }
    })
    .await
}

async fn in_process(pool: &PgPool, tenant: &Tenant, time: Duration) -> anyhow::Result<Run> {
    let (pool, tenant) = (pool.clone(), *tenant);
    closed(AT_ONCE, time, move |_| {
        let pool = pool.clone();
        async move { page_in_process(&pool, tenant.workspace).await.map(drop) }
    })
    .await
}

/// A row, read into values as the service reads it.
#[derive(Debug, sqlx::FromRow, serde::Serialize)]
struct Row {
    id: Uuid,
    version: i64,
    stage: String,
    source: String,
    business_domain: Option<String>,
    owner: Option<Uuid>,
    owner_name: Option<String>,
    contact: Value,
    tags: Value,
    message_count: i64,
    score: Option<f64>,
    recommendation: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    erased: bool,
}

/// The first page of everything, as JSON.
pub(crate) async fn page_in_process(
    pool: &PgPool,
    workspace: WorkspaceId,
) -> anyhow::Result<Vec<u8>> {
    let begin = format!("BEGIN READ ONLY; SET LOCAL ael.workspace = '{workspace}'");
    let mut tx = pool.begin_with(begin).await?;
    let rows: Vec<Row> = sqlx::query_as(PAGE)
        .bind(workspace.uuid())
        .bind(workspace.uuid())
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    let answer = serde_json::to_vec(&rows)?;
    anyhow::ensure!(rows.len() == 51 && !answer.is_empty(), "a page of {}", rows.len());
    Ok(answer)
}

/// Every question, one at a time, in turns with the cheapest.
async fn questions(sizes: &Sizes, report: &mut Report, asker: &Asker) -> anyhow::Result<()> {
    let all = Question::all()?;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); all.len()];
    for round in 0..=sizes.rounds {
        report.say(&format!("query: questions, round {round} of {}", sizes.rounds));
        for (question, times) in all.iter().zip(&mut times) {
            for _ in 0..TIMES {
                let began = Instant::now();
                asker.ask(&question.asked).await?;
                if round > 0 {
                    times.push(ms_since(began));
                }
            }
        }
    }
    let mut cheapest = Sample::default();
    for (question, times) in all.iter().zip(&times) {
        let (p50, p99) = (percentile(times, 0.5), percentile(times, 0.99));
        let name = format!("query: {}", question.name);
        let (half, most) = (
            Figure::of(format!("{name}, p50"), p50, "ms"),
            Figure::of(format!("{name}, p99"), p99, "ms"),
        );
        report.add(match question.kind {
            questions::Kind::Cheapest => {
                cheapest.push(p50);
                half
            }
            questions::Kind::Single => half.against("cheapest page", &cheapest).ratio_at_most(3.0),
            questions::Kind::Combination => most.at_most(50.0),
            questions::Kind::Search => most.at_most(150.0),
        })?;
    }
    Ok(())
}
