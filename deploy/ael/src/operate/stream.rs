//! `ael stream`: the stream of events, which is derived and can be made anew from the database.

use super::access::Access;
use super::projection;
use crate::import::progress;
use crate::output::remark;
use crate::people::moment::shown;
use crate::problem::Problem;
use crate::session::Global;
use crate::stack::BUS_ADMIN;
use crate::up::bring;
use ael_bus::{Bus, topology};
use ael_events::subjects::EVENTS;
use clap::{Args, Subcommand};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// What can be done with the stream.
#[derive(Debug, Subcommand)]
pub enum StreamCommand {
    /// Say how full the stream is
    #[command(after_help = "Example:\n  ael stream show")]
    Show,
    /// Delete the stream and let the relay fill it anew from the database
    #[command(after_help = "Do this when the relay says that the stream knows more than the \
        database (after a restore), or when the stream was damaged.\nCommands may go on \
        meanwhile: nothing that was accepted is lost.\n\nExample:\n  ael stream rebuild")]
    Rebuild(Rebuild),
}

/// See [`StreamCommand::Rebuild`].
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Build the read models anew as well
    #[arg(long)]
    read_models: bool,
}

/// How long the refilled stream may stand still before we stop waiting.
const PATIENCE: Duration = Duration::from_secs(60);

impl StreamCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let admin = Bus::connect(&global.bus_config(BUS_ADMIN)?).await?;
        match self {
            Self::Show => {
                let state = admin.stream(EVENTS).state().await?;
                let answer = json!({
                    "messages": state.messages, "bytes": state.bytes,
                    "last_sequence": state.last_sequence, "created": state.created
                });
                global.output().answer(&answer, |out| {
                    out.facts([
                        ("messages", state.messages.to_string()),
                        ("bytes", state.bytes.to_string()),
                        ("made", format!("{} UTC", shown(state.created))),
                    ])
                })
            }
            Self::Rebuild(wanted) => wanted.run(global, &admin).await,
        }
    }
}

impl Rebuild {
    async fn run(self, global: &Global, admin: &Bus) -> anyhow::Result<()> {
        let out = global.output();
        let access = Access::new(global)?;
        let reader = access.reader().await?;
        // Everything that is settled now has to be there again.
        let goal = reader.backlog(ael_events::order::Order::START).await?;
        topology::recreate_stream(admin, &bring::topology()?, EVENTS).await?;
        let bar = progress::bar(goal, "refilling", out.json);
        let mut deadline = Instant::now() + PATIENCE;
        let mut filled = 0;
        while filled < goal {
            let now = admin.stream(EVENTS).state().await?.messages;
            if now > filled {
                deadline = Instant::now() + PATIENCE;
            }
            filled = now;
            bar.set_position(filled.min(goal));
            if Instant::now() >= deadline {
                bar.finish_and_clear();
                let what = format!("the stream holds {filled} of {goal} events and grows no more");
                let advice = "Is the relay running? It goes on by itself; its log is relay.log.";
                return Err(Problem::new("unfinished", what, advice).into());
            }
            if filled < goal {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        bar.finish_and_clear();
        if !out.json {
            remark(out.dim("the stream is full again; waiting for the read models"));
        }
        if self.read_models {
            projection::rebuild(global, ael_projections::NAMES).await?;
        }
        projection::level(&global.session().await?, PATIENCE).await?;
        out.answer(&json!({ "messages": filled }), |out| {
            out.say(format!("{} the stream is made anew: {filled} events", out.good("✓")))
        })
    }
}
