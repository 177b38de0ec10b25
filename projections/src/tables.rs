//! The versions of the read models' tables: how one is made, read through its views, and dropped.

use crate::error::ProjectionError;
use crate::model::{ReadModel, schema_of};
use ael_events::ids::LANES;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Row as _};
use std::sync::Arc;

/// Everybody who changes which version is read takes this lock alone; who projects shares it.
pub(crate) const REGISTRY_LOCK: i64 = 0x0061_656c_0000;
/// A lane of the versions that are read is projected by one transaction at a time: this plus its
/// number.
pub(crate) const LANE_LOCK: i64 = 0x0061_656c_0100;
/// One rebuild of a read model at a time: this plus a hash of its name.
pub(crate) const REBUILD_LOCK: i64 = 0x0061_656c_0200;

/// Makes the first version of every read model that has none, its views, and all functions.
/// Run by whoever projects, as `ael_projections`; any number of copies may do so at once.
///
/// # Errors
/// When PostgreSQL cannot be reached or refuses.
pub async fn ensure(pool: &PgPool, models: &[Arc<dyn ReadModel>]) -> Result<(), ProjectionError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(REGISTRY_LOCK).execute(&mut *tx).await?;
    let known: Vec<(String, i32)> =
        sqlx::query_as("SELECT name, shape FROM read.projections").fetch_all(&mut *tx).await?;
    for model in models {
        if let Some((name, shape)) = known.iter().find(|(name, _)| name == model.name()) {
            if *shape != model.shape() {
                tracing::warn!(
                    projection = name,
                    "its tables are of another release and stand still: `ael projection rebuild`"
                );
            }
        } else {
            create_version(&mut tx, model.as_ref(), 1).await?;
            sqlx::query("INSERT INTO read.projections (name, version, shape) VALUES ($1, 1, $2)")
                .bind(model.name())
                .bind(model.shape())
                .execute(&mut *tx)
                .await?;
            point_views(&mut tx, model.as_ref(), 1).await?;
        }
    }
    for model in models {
        run_script(&mut tx, model.functions()).await?;
    }
    run_script(&mut tx, include_str!("status.sql")).await?;
    tx.commit().await?;
    Ok(())
}

/// The read models that are not what this program makes of the events: those of another release,
/// and those that did not exist when there were others already. A new installation has none.
///
/// # Errors
/// When PostgreSQL cannot be reached or refuses.
pub async fn outdated(
    pool: &PgPool,
    models: &[Arc<dyn ReadModel>],
) -> Result<Vec<&'static str>, ProjectionError> {
    let known: Vec<(String, i32)> =
        sqlx::query_as("SELECT name, shape FROM read.projections").fetch_all(pool).await?;
    let is_current = |model: &&Arc<dyn ReadModel>| {
        known.iter().any(|(name, shape)| name == model.name() && *shape == model.shape())
    };
    let stale = models.iter().filter(|model| !known.is_empty() && !is_current(model));
    Ok(stale.map(|model| model.name()).collect())
}

/// Makes the tables of a version, empty, with all their indexes and rights, and its checkpoints
/// at the start.
pub(crate) async fn create_version(
    connection: &mut PgConnection,
    model: &dyn ReadModel,
    version: i32,
) -> Result<(), ProjectionError> {
    let schema = schema_of(model.name(), version);
    drop_version(connection, model.name(), version).await?;
    run_script(connection, &format!("CREATE SCHEMA {schema}")).await?;
    run_script(connection, &model.tables().replace("{schema}", &schema)).await?;
    for table in tables_of(connection, &schema).await? {
        run_script(
            connection,
            &format!(
                "ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY; \
                 ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY; \
                 CREATE POLICY projector ON {schema}.{table} TO ael_projections \
                     USING (true) WITH CHECK (true); \
                 CREATE POLICY tenant ON {schema}.{table} FOR SELECT TO ael_queries USING ( \
                     workspace = NULLIF(current_setting('ael.workspace', true), '')::uuid)"
            ),
        )
        .await?;
    }
    run_script(
        connection,
        &format!(
            "GRANT USAGE ON SCHEMA {schema} TO ael_queries; \
             GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO ael_queries"
        ),
    )
    .await?;
    sqlx::query(
        "INSERT INTO read.checkpoints (projection, version, lane) \
         SELECT $1, $2, lane FROM generate_series(0, $3 - 1) AS lane",
    )
    .bind(model.name())
    .bind(version)
    .bind(i32::from(LANES))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn tables_of(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<Vec<String>, ProjectionError> {
    Ok(sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
        .bind(schema)
        .fetch_all(connection)
        .await?)
}

/// Tells PostgreSQL what lies in a freshly filled version, so that its first readers get good
/// plans.
pub(crate) async fn analyse(
    pool: &PgPool,
    name: &str,
    version: i32,
) -> Result<(), ProjectionError> {
    let mut connection = pool.acquire().await?;
    let schema = schema_of(name, version);
    for table in tables_of(&mut connection, &schema).await? {
        let mut tx = connection.begin().await?;
        outlast_autovacuum(&mut tx).await?;
        run_script(&mut tx, &format!("ANALYZE {schema}.{table}")).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Waits for a table's lock longer than autovacuum may hold it: it gives way to whoever has waited
/// for it for `deadlock_timeout`, a second unless set otherwise.
pub(crate) async fn outlast_autovacuum(tx: &mut PgConnection) -> Result<(), ProjectionError> {
    run_script(tx, "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '60s'").await
}

/// Drops a version with everything that belongs to it, if it is there.
pub(crate) async fn drop_version(
    connection: &mut PgConnection,
    name: &str,
    version: i32,
) -> Result<(), ProjectionError> {
    let schema = schema_of(name, version);
    run_script(connection, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await?;
    for table in ["checkpoints", "parked"] {
        sqlx::query(&format!("DELETE FROM read.{table} WHERE projection = $1 AND version = $2"))
            .bind(name)
            .bind(version)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The versions of a read model whose tables are there, whether read, being built or left behind.
pub(crate) async fn versions_there(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Vec<i32>, ProjectionError> {
    let prefix = schema_of(name, 0);
    let prefix = prefix.trim_end_matches('0');
    let rows =
        sqlx::query("SELECT nspname::text AS name FROM pg_namespace").fetch_all(connection).await?;
    let mut versions = Vec::new();
    for row in rows {
        let schema: String = row.try_get("name")?;
        versions.extend(schema.strip_prefix(prefix).and_then(|number| number.parse::<i32>().ok()));
    }
    versions.sort_unstable();
    Ok(versions)
}

/// Lets a version be the one that is read.
pub(crate) async fn point_views(
    connection: &mut PgConnection,
    model: &dyn ReadModel,
    version: i32,
) -> Result<(), ProjectionError> {
    let schema = schema_of(model.name(), version);
    for view in model.views() {
        let name = view.name;
        let query = view.query.replace("{schema}", &schema);
        let columns = columns_of(connection, "read", name).await?;
        run_script(connection, &format!("CREATE VIEW {schema}.probe AS {query}")).await?;
        let wanted = columns_of(connection, &schema, "probe").await?;
        run_script(connection, &format!("DROP VIEW {schema}.probe")).await?;
        // A view of the same columns is replaced under its readers; another form needs a new view.
        if !wanted.starts_with(&columns) {
            run_script(connection, &format!("DROP VIEW IF EXISTS read.{name}")).await?;
        }
        run_script(
            connection,
            &format!(
                "CREATE OR REPLACE VIEW read.{name} WITH (security_invoker = true) AS {query}"
            ),
        )
        .await?;
        if view.public {
            run_script(connection, &format!("GRANT SELECT ON read.{name} TO ael_queries")).await?;
        }
    }
    Ok(())
}

async fn columns_of(
    connection: &mut PgConnection,
    schema: &str,
    view: &str,
) -> Result<Vec<(String, String)>, ProjectionError> {
    Ok(sqlx::query_as(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'v' AND a.attnum > 0 \
           AND NOT a.attisdropped ORDER BY a.attnum",
    )
    .bind(schema)
    .bind(view)
    .fetch_all(connection)
    .await?)
}

/// Runs statements of ours (no values in them), one after another.
async fn run_script(connection: &mut PgConnection, script: &str) -> Result<(), ProjectionError> {
    if !script.trim().is_empty() {
        connection.execute(script).await?;
    }
    Ok(())
}
