//! `ael dev`: for those who work on the house itself.

use crate::session::Global;
use crate::up::bring::{self, Steps};
use crate::up::{quiet_telemetry, unless_stopped};
use ael_service::{Env, shutdown};
use clap::Subcommand;

/// What developers need.
#[derive(Debug, Subcommand)]
pub enum DevCommand {
    /// Start PostgreSQL and nats-server with schema and topology, print `ready`, wait to be stopped
    #[command(after_help = "Example:\n  ael dev stack --home /tmp/stack")]
    Stack,
}

impl DevCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Stack => Box::pin(stack(global)).await,
        }
    }
}

async fn stack(global: &Global) -> anyhow::Result<()> {
    let env = Env::of_process();
    quiet_telemetry("dev-stack", &env)?;
    let steps = Steps::new(global.output());
    let stop = shutdown::signal()?;
    let bringing = bring::servers(global, &env, &steps);
    let Some(servers) = unless_stopped(&stop, bringing).await? else { return Ok(()) };
    let running = servers.running();
    let prepared = async {
        bring::database(&running, &env, &steps).await?;
        bring::bus(&running, &env, &steps).await?;
        servers.publish_ready(bring::endpoints(&servers, &env)?)?;
        steps.out.raw("ready\n")
    };
    let outcome = unless_stopped(&stop, prepared).await;
    if matches!(outcome, Ok(Some(()))) {
        stop.cancelled().await;
    }
    servers.stop().await?;
    outcome.map(drop)
}
