//! How fast the house is: each of its promises measured against the plainest code that could do
//! the same work, on the same servers, in the same run.
//!
//! A benchmark has a throwaway stack of its own with real service processes. Both sides take
//! turns, round after round; what is reported are medians and their spread.

mod ai;
mod append;
mod bot;
mod house;
mod http;
mod idle;
mod lag;
mod load;
mod measure;
mod people;
mod process;
mod profile;
mod query;
mod rebuild;
mod report;
mod seed;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use report::Report;
use std::path::PathBuf;
use std::time::Duration;

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum BenchCommand {
    /// Commands a second through the whole write path
    Append(Sizes),
    /// From the commit to the read model
    Lag(Sizes),
    /// Building the lead list anew from the events
    Rebuild(Sizes),
    /// Pages of the lead list
    Query(Sizes),
    /// What the system needs when nothing happens
    Idle(Sizes),
    /// Requests to the HTTP interface
    Http(Sizes),
    /// WebSockets that stay open while nothing happens
    Sockets(Sizes),
    /// The advisor: remembered answers beside Redis, and many analyses through a model outside
    /// (needs redis-server)
    Ai(Sizes),
    /// From an update of Telegram's to the bot's answer
    Bot(Sizes),
    /// The bare server that `http` is measured against
    #[command(hide = true)]
    BareHttp,
    /// All of them, one after the other
    All(Sizes),
}

/// How much is measured. Without flags: a quick look, too small for a verdict.
#[derive(Debug, Clone, Args)]
pub struct Sizes {
    /// The sizes of a verdict: 100,000 leads, a million events, a million rows, 10,000 sockets
    #[arg(long)]
    full: bool,
    /// How often both sides take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds that a side has in a round
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Leads that are there before the load begins
    #[arg(long)]
    leads: Option<usize>,
    /// Events that are rebuilt from
    #[arg(long)]
    events: Option<usize>,
    /// Leads in the list that is read, in two workspaces
    #[arg(long)]
    rows: Option<usize>,
    /// Analyses through a model outside
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    analyses: Option<u32>,
    /// WebSockets that are open at the same time
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sockets: Option<u32>,
    /// Commands under way at once
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Commands a second while the lag is measured; half of what the write path takes, when not
    /// said
    #[arg(long)]
    rate: Option<f64>,
    /// Say afterwards which statements took the time of PostgreSQL (costs a little itself)
    #[arg(long)]
    profile: bool,
    /// The `ael` program whose services are measured; this one, when not said
    #[arg(long, value_name = "FILE", hide = true)]
    program: Option<PathBuf>,
}

impl Sizes {
    fn time(&self) -> Duration {
        let seconds = self.seconds.unwrap_or(if self.full { 6.0 } else { 1.0 });
        Duration::from_secs_f64(seconds.clamp(0.1, 3600.0))
    }

    fn leads(&self) -> usize {
        self.leads.unwrap_or(if self.full { 100_000 } else { 2_000 }).max(1)
    }

    fn events(&self) -> usize {
        self.events.unwrap_or(if self.full { 1_000_000 } else { 20_000 }).max(1)
    }

    fn rows(&self) -> usize {
        self.rows.unwrap_or(if self.full { 1_000_000 } else { 20_000 }).max(1_000)
    }

    fn analyses(&self) -> usize {
        let analyses = self.analyses.unwrap_or(if self.full { 10_000 } else { 500 });
        usize::try_from(analyses).unwrap_or(usize::MAX)
    }

    fn sockets(&self) -> usize {
        let sockets = self.sockets.unwrap_or(if self.full { 10_000 } else { 500 });
        usize::try_from(sockets).unwrap_or(usize::MAX)
    }

    fn program(&self) -> anyhow::Result<PathBuf> {
        match &self.program {
            Some(program) => Ok(program.clone()),
            None => std::env::current_exe().context("the path of this program is not known"),
        }
    }
}

impl BenchCommand {
    /// Measures, and prints a table, or a line of JSON for each figure.
    ///
    /// # Errors
    /// When a part of the stack does not come up or breaks off; never because of a figure.
    pub async fn run(self, json: bool) -> anyhow::Result<()> {
        let mut report = Report::new(json);
        match &self {
            Self::Append(sizes) => drop(append::run(sizes, &mut report).await?),
            Self::Lag(sizes) => lag::run(sizes, None, &mut report).await?,
            Self::Rebuild(sizes) => rebuild::run(sizes, &mut report).await?,
            Self::Query(sizes) => query::run(sizes, &mut report).await?,
            Self::Idle(sizes) => idle::run(sizes, &mut report).await?,
            Self::Http(sizes) => http::run(sizes, &mut report).await?,
            Self::Sockets(sizes) => http::sockets::run(sizes, &mut report).await?,
            Self::Ai(sizes) => ai::run(sizes, &mut report).await?,
            Self::Bot(sizes) => bot::run(sizes, &mut report).await?,
            Self::BareHttp => http::serve().await?,
            Self::All(sizes) => all(sizes, &mut report).await?,
        }
        report.finish()
    }
}

async fn all(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let written = append::run(sizes, report).await?;
    lag::run(sizes, Some(written), report).await?;
    rebuild::run(sizes, report).await?;
    query::run(sizes, report).await?;
    http::run(sizes, report).await?;
    http::sockets::run(sizes, report).await?;
    bot::run(sizes, report).await?;
    if ai::has_redis().await {
        ai::run(sizes, report).await?;
    } else {
        report.say("ai: left out, since redis-server, its other side, is not installed here");
    }
    idle::run(sizes, report).await
}
