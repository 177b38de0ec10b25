//! How far the read models have come.

use crate::error::ProjectionError;
use ael_events::query::ProjectionStatus;
use sqlx::{PgPool, Row as _};

/// Every read model: its version, what is built beside it, how far its slowest lane has come, and
/// what waits.
///
/// # Errors
/// When PostgreSQL fails, or nothing has been projected here yet.
pub async fn status(pool: &PgPool) -> Result<Vec<ProjectionStatus>, ProjectionError> {
    let rows = sqlx::query("SELECT * FROM read.projection_status()").fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            let order = crate::projector::checkpoints::read_order(row)?;
            Ok(ProjectionStatus {
                name: row.try_get("name")?,
                version: row.try_get("version")?,
                building: row.try_get("building")?,
                position: order.to_string(),
                behind: crate::model::to_u64(row.try_get("behind")?),
                parked: crate::model::to_u64(row.try_get("parked")?),
            })
        })
        .collect()
}
