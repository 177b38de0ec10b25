//! `ael migrate`: roles, schemas and tables in their present form, without starting anything.

use crate::session::Global;
use crate::up::bring::{self, Steps};
use ael_service::Env;
use ael_stack::StackError;

/// Migrates the database of the running system, or the one that `DATABASE_URL` names.
pub async fn run(global: &Global) -> anyhow::Result<()> {
    let (env, out) = (Env::of_process(), global.output());
    let steps = Steps::new(out);
    let running = match global.home()?.running() {
        Ok(running) => running,
        // Nothing runs here: with a named database, the home still holds the roles' passwords.
        Err(StackError::NotRunning { .. }) if env.get("DATABASE_URL").is_some() => {
            let servers = bring::servers(global, &env, &steps).await?;
            bring::database(&servers.running(), &env, &steps).await?;
            servers.stop().await?;
            return out.answer(&serde_json::json!({ "migrated": true }), |_| Ok(()));
        }
        Err(error) => return Err(error.into()),
    };
    bring::database(&running, &env, &steps).await?;
    out.answer(&serde_json::json!({ "migrated": true }), |_| Ok(()))
}
