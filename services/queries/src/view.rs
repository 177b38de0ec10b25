//! One look at the read models: read-only, of one moment, of one workspace, and bounded in time.

use crate::refusal::Answered;
use ael_auth::CursorKey;
use ael_events::ids::WorkspaceId;
use ael_events::values::Scope;
use sqlx::{PgPool, Postgres, Transaction};
use std::collections::BTreeSet;
use std::time::Duration;

/// Opens looks at the read models.
#[derive(Debug, Clone)]
pub struct Viewer {
    pool: PgPool,
    cursors: CursorKey,
    patience: Duration,
}

/// One look; everything that it shows belongs together and to its workspace.
#[derive(Debug)]
pub struct View {
    /// The transaction in which it looks.
    pub tx: Transaction<'static, Postgres>,
    /// The workspace, which row-level security holds to as well.
    pub workspace: WorkspaceId,
    /// Signs where pages go on.
    pub cursors: CursorKey,
    /// What the asker's token is good for, where it is one.
    pub scopes: Option<BTreeSet<Scope>>,
}

impl Viewer {
    /// Looks through `pool`; no statement takes longer than `patience`.
    #[must_use]
    pub const fn new(pool: PgPool, cursors: CursorKey, patience: Duration) -> Self {
        Self { pool, cursors, patience }
    }

    /// Opens a look in one exchange with the database. Nothing but an id and numbers of ours
    /// stands in its text.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn open(&self, workspace: WorkspaceId, plan: Plan) -> Answered<View> {
        let planned = match plan {
            Plan::Kept => "",
            Plan::Anew => "; SET LOCAL plan_cache_mode = force_custom_plan",
        };
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET LOCAL ael.workspace = '{workspace}'; SET LOCAL statement_timeout = {}{planned}",
            self.patience.as_millis()
        );
        let tx = self.pool.begin_with(begin).await?;
        Ok(View { tx, workspace, cursors: self.cursors.clone(), scopes: None })
    }
}

impl Viewer {
    /// How many events the read model that is furthest behind has still to take.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn behind(&self) -> Answered<u64> {
        let behind: Option<i64> =
            sqlx::query_scalar("SELECT max(behind) FROM read.projection_status()")
                .fetch_one(&self.pool)
                .await?;
        Ok(behind.unwrap_or_default().unsigned_abs())
    }
}

impl View {
    /// Whether the asker may look at sales: a token says what it is good for.
    #[must_use]
    pub fn shows_sales(&self) -> bool {
        let shows = |scopes: &BTreeSet<Scope>| {
            scopes.contains(&Scope::SalesRead) || scopes.contains(&Scope::Admin)
        };
        self.scopes.as_ref().is_none_or(shows)
    }
}

/// How statements are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// A plan that was made before will do.
    Kept,
    /// By the very values that are asked for: they decide which index serves.
    Anew,
}
