//! `ael topology`: what is on the bus and who may say and hear what.

use crate::problem::Differences;
use crate::session::Global;
use crate::stack::BUS_ADMIN;
use crate::up::bring;
use ael_bus::Bus;
use ael_bus::topology;
use ael_stack::StackError;
use clap::Subcommand;
use serde_json::json;

/// What can be done with the topology.
#[derive(Debug, Subcommand)]
pub enum TopologyCommand {
    /// Make the running bus as the topology says
    #[command(after_help = "Example:\n  ael topology apply")]
    Apply,
    /// Compare the running bus with the topology; exit code 1 when they differ
    #[command(after_help = "Example:\n  ael topology check && echo all is well")]
    Check,
    /// Print who talks to whom (this is docs/bus.md)
    #[command(after_help = "Example:\n  ael topology show > docs/bus.md")]
    Show,
    /// Print the authorization block for a nats-server of your own; it holds passwords
    #[command(after_help = "Example:\n  ael topology server-config > authorization.conf   \
        # include it in nats-server.conf\n  NATS_URL=nats://127.0.0.1:4222 ael up")]
    ServerConfig,
}

impl TopologyCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (out, topology) = (global.output(), bring::topology()?);
        match self {
            Self::Show => out.raw(&topology.show()),
            Self::ServerConfig => {
                let secrets = match global.home()?.running() {
                    Ok(running) => running.secrets().clone(),
                    // Before the first start: the home gets its passwords now.
                    Err(StackError::NotRunning { .. }) => {
                        let users: Vec<&str> = topology.user_names().collect();
                        global.home()?.claim(&users).await?.secrets().clone()
                    }
                    Err(error) => return Err(error.into()),
                };
                out.raw(&topology.server_authorization(|user| secrets.nats_password(user))?)
            }
            Self::Apply => {
                let admin = Bus::connect(&global.bus_config(BUS_ADMIN)?).await?;
                let applied = topology::apply(&admin, &topology).await?;
                let topology::Applied { made, changed, unchanged } = applied;
                let answer = json!({ "made": made, "changed": changed, "unchanged": unchanged });
                out.answer(&answer, |out| {
                    for what in &made {
                        out.say(format!("made {what}"))?;
                    }
                    for what in &changed {
                        out.say(format!("changed {what}"))?;
                    }
                    out.say(format!("{} {unchanged} things were right already", out.good("✓")))
                })
            }
            Self::Check => {
                let admin = Bus::connect(&global.bus_config(BUS_ADMIN)?).await?;
                let drifts = topology::check(&admin, &topology).await?;
                let told: Vec<String> = drifts.iter().map(ToString::to_string).collect();
                out.answer(&json!({ "differences": told }), |out| {
                    if told.is_empty() {
                        return out.say(format!("{} the bus is as it should be", out.good("✓")));
                    }
                    told.iter().try_for_each(|drift| out.say(format!("{} {drift}", out.bad("✗"))))
                })?;
                if told.is_empty() { Ok(()) } else { Err(Differences.into()) }
            }
        }
    }
}
