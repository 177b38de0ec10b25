//! The other side: poem and sqlx with nothing in between, a process of its own. It knows one caller
//! by a string, and does the statements that the query service does, in its role.

use crate::query::page_in_process;
use ael_events::ids::WorkspaceId;
use ael_store::{DbRole, PoolOptions};
use anyhow::Context as _;
use poem::http::{StatusCode, header};
use poem::listener::TcpListener;
use poem::web::{Data, Path};
use poem::{EndpointExt as _, Request, Response, Route, Server, get, handler};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

/// What its one caller says.
pub(super) const SECRET: &str = "Bearer bench";

/// Where it writes: what an event's row holds, and nothing but a primary key.
pub(super) const TABLE: &str = "CREATE SCHEMA IF NOT EXISTS bench; \
    CREATE TABLE bench.http (id uuid PRIMARY KEY, workspace uuid NOT NULL, \
        recorded_at timestamptz NOT NULL DEFAULT now(), event_type text NOT NULL, \
        payload text NOT NULL, metadata text NOT NULL)";

/// About as many bytes as the metadata of an event.
const METADATA: &str = "{\"actor\":{\"kind\":\"member\",\
    \"id\":\"00000000-0000-0000-0000-000000000000\",\"role\":\"admin\"},\"edge\":\"api\",\
    \"data_subject\":\"00000000-0000-0000-0000-000000000000\",\
    \"command_id\":\"00000000-0000-0000-0000-000000000000\",\
    \"correlation_id\":\"00000000-0000-0000-0000-000000000000\"}";

/// What it needs.
#[derive(Debug, Clone)]
struct Bare {
    workspace: WorkspaceId,
    reader: PgPool,
    writer: PgPool,
}

/// Serves until it is stopped.
///
/// # Errors
/// When a variable is missing, the database cannot be entered, or the address is taken.
pub async fn serve() -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is not set"));
    let options = PoolOptions { max_connections: 16, ..PoolOptions::default() };
    let bare = Bare {
        workspace: variable("BENCH_WORKSPACE")?.parse()?,
        reader: ael_store::connect(&variable("BENCH_READER_URL")?, DbRole::Queries, &options)
            .await?,
        writer: PgPoolOptions::new()
            .max_connections(16)
            .test_before_acquire(false)
            .connect(&variable("BENCH_WRITER_URL")?)
            .await?,
    };
    let app =
        Route::new().at("/leads", get(page).post(insert)).at("/leads/:id", get(one)).data(bare);
    Ok(Server::new(TcpListener::bind(variable("BENCH_HTTP_ADDR")?)).run(app).await?)
}

fn known(request: &Request) -> poem::Result<()> {
    let said = request.headers().get(header::AUTHORIZATION);
    let is_known = said.is_some_and(|value| value.as_bytes() == SECRET.as_bytes());
    is_known.then_some(()).ok_or_else(|| StatusCode::UNAUTHORIZED.into())
}

fn failed(error: impl std::fmt::Display) -> poem::Error {
    poem::Error::from_string(error.to_string(), StatusCode::INTERNAL_SERVER_ERROR)
}

fn json(body: Vec<u8>) -> Response {
    Response::builder().content_type("application/json").body(body)
}

#[handler]
async fn page(request: &Request, bare: Data<&Bare>) -> poem::Result<Response> {
    known(request)?;
    Ok(json(page_in_process(&bare.reader, bare.workspace).await.map_err(failed)?))
}

#[handler]
async fn one(request: &Request, id: Path<Uuid>, bare: Data<&Bare>) -> poem::Result<Response> {
    known(request)?;
    let workspace = bare.workspace;
    let begin = format!("BEGIN READ ONLY; SET LOCAL ael.workspace = '{workspace}'");
    let mut tx = bare.reader.begin_with(begin).await.map_err(failed)?;
    let (_, card): (Option<Uuid>, Value) =
        sqlx::query_as("SELECT owner, card FROM read.lead_cards WHERE workspace = $1 AND id = $2")
            .bind(workspace.uuid())
            .bind(id.0)
            .fetch_one(&mut *tx)
            .await
            .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(json(serde_json::to_vec(&card).map_err(failed)?))
}

#[handler]
async fn insert(request: &Request, body: String, bare: Data<&Bare>) -> poem::Result<Response> {
    known(request)?;
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO bench.http (id, workspace, event_type, payload, metadata) \
         VALUES ($1, $2, 'lead.created.v1', $3, $4)",
    )
    .bind(id)
    .bind(bare.workspace.uuid())
    .bind(body)
    .bind(METADATA)
    .execute(&bare.writer)
    .await
    .map_err(failed)?;
    Ok(json(format!("{{\"id\":\"{id}\"}}").into_bytes()))
}
