//! `ael projection`: the read models, how far they have come, and building them anew.

use super::access::Access;
use crate::import::progress;
use crate::output::remark;
use crate::problem::Problem;
use crate::session::{Global, Session};
use ael_events::query::{ProjectionStatus, Query};
use ael_store::DbRole;
use clap::{Args, Subcommand};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// What can be done with read models.
#[derive(Debug, Subcommand)]
pub enum ProjectionCommand {
    /// List the read models and how far they have come
    #[command(after_help = "Example:\n  ael projection list")]
    List,
    /// Build a read model anew beside the old one, and swap: readers see no gap
    #[command(after_help = "Examples:\n  ael projection rebuild lead_board\n  \
        ael projection rebuild --all")]
    Rebuild(Rebuild),
}

/// See [`ProjectionCommand::Rebuild`].
#[derive(Debug, Args)]
pub struct Rebuild {
    /// The read model
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    name: Option<String>,
    /// All of them, one after the other
    #[arg(long)]
    all: bool,
}

impl ProjectionCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::List => list(&global.session().await?).await,
            Self::Rebuild(wanted) => wanted.run(global).await,
        }
    }
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let all: Vec<ProjectionStatus> = session.ask(Query::ListProjections {}).await?;
    session.out.answer(&all, |out| {
        let row = |one: &ProjectionStatus| {
            let building = one.building.map(|version| format!("building {version}"));
            vec![
                one.name.clone(),
                one.version.to_string(),
                building.unwrap_or_default(),
                one.behind.to_string(),
                one.parked.to_string(),
                one.position.clone(),
            ]
        };
        let header = ["read model", "version#", "", "behind#", "parked#", "position"];
        out.table(&header, all.iter().map(row))
    })
}

impl Rebuild {
    async fn run(self, global: &Global) -> anyhow::Result<()> {
        let known = ael_projections::NAMES;
        let names: Vec<&str> = match &self.name {
            None => known.to_vec(),
            Some(name) => match known.iter().find(|known| *known == name) {
                Some(name) => vec![*name],
                None => {
                    let what = format!("there is no read model {name:?}");
                    let advice = format!("There are: {}.", known.join(", "));
                    return Err(Problem::new("not_found", what, advice).into());
                }
            },
        };
        rebuild(global, &names).await?;
        global.output().answer(&json!({ "rebuilt": names }), |_| Ok(()))
    }
}

/// Builds read models anew, one after the other, with progress.
pub async fn rebuild(global: &Global, names: &[&str]) -> anyhow::Result<()> {
    let (access, out) = (Access::new(global)?, global.output());
    let pool = access.pool(DbRole::Projections).await?;
    for name in names {
        let began = Instant::now();
        let bar = progress::bar(0, "rebuilding", out.json);
        bar.set_prefix((*name).to_owned());
        let show = |done: u64, total: u64| {
            bar.set_length(total);
            bar.set_position(done);
        };
        ael_projections::rebuild(&pool, access.keyring(), name, &show).await?;
        bar.finish_and_clear();
        let seconds = began.elapsed().as_secs_f64();
        out.say(format!("{} {name} is built anew ({seconds:.1} s)", out.good("✓")))?;
    }
    Ok(())
}

/// Waits until every read model has taken everything that is settled.
pub async fn level(session: &Session, patience: Duration) -> anyhow::Result<()> {
    let mut deadline = Instant::now() + patience;
    let mut least = u64::MAX;
    loop {
        let all: Vec<ProjectionStatus> = session.ask(Query::ListProjections {}).await?;
        let behind = all.iter().map(|one| one.behind).max().unwrap_or(0);
        if behind == 0 {
            return Ok(());
        }
        if behind < least {
            (least, deadline) = (behind, Instant::now() + patience);
        }
        if Instant::now() >= deadline {
            remark(format!("note: the read models are still {behind} events behind"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
