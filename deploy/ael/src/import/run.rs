//! The import itself: rows in, one idempotent command each, many under way at once, and a report.

use super::mapping::Mapping;
use super::plan::{Arrival, Destination, Plan, RowProblem};
use super::rehearse::Rehearsal;
use super::report::{Counts, Fate, Report};
use super::rows::{self, BadRow, Row};
use super::settle::{self, Written};
use super::turns::{Key, Turn, Turns};
use super::{progress, text};
use crate::output::remark;
use crate::problem::{Differences, Problem};
use crate::session::{Asked, Desk, Global};
use ael_client::ClientError;
use ael_events::answer::Accepted;
use ael_events::command::{Command, LeadCommand, To};
use ael_events::query::{Query, Statistics};
use ael_service::shutdown;
use clap::{Args, Subcommand};
use futures::StreamExt as _;
use indicatif::ProgressBar;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Import leads from a CSV file; doing it again imports nothing twice
    #[command(after_help = "Mappings for HubSpot, Pipedrive and a plain file are in \
        deploy/mappings/.\nThe file may be UTF-8 or Windows-1251, separated by commas, semicolons \
        or tabs.\nWhat became of each row is written to FILE.report.csv.\n\nExamples:\n  \
        ael import leads contacts.csv --mapping deploy/mappings/hubspot.toml --dry-run\n  \
        ael import leads contacts.csv --mapping deploy/mappings/hubspot.toml\n  \
        ael import leads leads.csv --mapping deploy/mappings/plain.toml --json")]
    Leads(Leads),
}

/// See [`ImportCommand::Leads`].
#[derive(Debug, Args)]
pub struct Leads {
    /// The file
    file: PathBuf,
    /// What its columns mean
    #[arg(long, value_name = "MAP.toml")]
    mapping: PathBuf,
    /// Only say what would be imported and what refused
    #[arg(long)]
    dry_run: bool,
    /// Rows under way at once
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    concurrency: u16,
    /// The file's encoding, such as windows-1251; found out when not said
    #[arg(long)]
    encoding: Option<String>,
    /// Where the report goes; FILE.report.csv, when not said
    #[arg(long, value_name = "PATH")]
    report: Option<PathBuf>,
}

impl ImportCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Leads(leads) => leads.run(global).await,
        }
    }
}

/// What became of a row, and what was written for it.
struct Outcome {
    line: u64,
    lead: String,
    fate: Fate,
    accepted: Option<(Accepted, bool)>,
}

impl Leads {
    async fn run(self, global: &Global) -> anyhow::Result<()> {
        let mapping = Mapping::read(&self.mapping)?;
        let encoding = match &self.encoding {
            Some(label) => text::encoding_named(label)?,
            None => text::encoding_of(&self.file)
                .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", self.file.display()))?,
        };
        let (mut rows, read) = rows::open(&self.file, encoding)?;
        let desk = global.desk().await?;
        let plan = Plan::new(&mapping, rows.header(), destination(&desk))?;
        if !desk.out().json {
            remark(desk.out().dim(format!(
                "{}: {}, separated by {:?}",
                self.file.display(),
                encoding.name(),
                rows.delimiter()
            )));
        }
        if self.dry_run {
            let rehearsal = Rehearsal::of(&plan, &mut rows);
            if let Some(error) = rows.broken() {
                let what = format!("{} could be read only in part: {error}", self.file.display());
                let advice = "Nothing was sent. Is the file whole?";
                return Err(Problem::new("unreadable", what, advice).into());
            }
            return rehearsal.answer(desk.out());
        }
        let stop = shutdown::signal()?;
        let path = self.report.clone().unwrap_or_else(|| Report::beside(&self.file));
        let mut report = Report::create(path)?;
        let converted = converted(&desk).await?;
        let bar = progress::bar(std::fs::metadata(&self.file)?.len(), "importing", desk.out().json);
        let sent = self.send_all(&desk, &plan, &mut rows, &mut report, (&bar, &read), &stop).await;
        bar.finish_and_clear();
        let (counts, path) = report.finish()?;
        let written = match sent {
            Ok(written) => written,
            Err(error) => {
                let what = format!("the import broke off: {error}");
                return Err(Problem::new("broken_off", what, self.to_continue(counts)).into());
            }
        };
        if let Some(error) = rows.broken() {
            let what = format!("{} could be read only in part: {error}", self.file.display());
            return Err(Problem::new("unreadable", what, self.to_continue(counts)).into());
        }
        if stop.is_cancelled() {
            let what = "the import was stopped before the end of the file";
            return Err(Problem::new("stopped", what, self.to_continue(counts)).into());
        }
        settle::wait(&desk, &written, converted, &stop).await?;
        tell(&desk, counts, &path)
    }

    /// Sends every row; what is under way when the import is stopped is finished.
    async fn send_all(
        &self,
        desk: &Desk,
        plan: &Plan,
        rows: &mut (impl Iterator<Item = Result<Row, BadRow>> + Send),
        report: &mut Report,
        (bar, read): (&ProgressBar, &AtomicU64),
        stop: &CancellationToken,
    ) -> anyhow::Result<Written> {
        let (mut written, mut turns) = (Written::default(), Turns::default());
        let outcomes = futures::stream::iter(rows)
            .take_until(stop.cancelled())
            .map(|row| {
                // Turns are given in the order of the file, before anything is under way.
                let understood = understood(plan, row);
                let keys = understood.as_ref().map(|(_, arrival)| Key::of(arrival));
                let turn = turns.next(keys.unwrap_or_default());
                async move {
                    match understood {
                        Ok((line, arrival)) => take_over(desk, line, arrival, turn).await,
                        Err(bad) => Ok(Outcome::refused(bad)),
                    }
                }
            })
            .buffered(usize::from(self.concurrency));
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some(outcome) = outcomes.next().await {
            let outcome = outcome?;
            report.note(outcome.line, &outcome.lead, &outcome.fate)?;
            if let Some((accepted, won)) = outcome.accepted {
                written.note(&accepted, won);
            }
            let counts = report.counts();
            bar.set_position(read.load(Ordering::Relaxed));
            bar.set_prefix(format!("{} imported, {} skipped", counts.imported, counts.skipped));
        }
        Ok(written)
    }

    fn to_continue(&self, counts: Counts) -> String {
        let Counts { imported, skipped, refused } = counts;
        format!(
            "{imported} imported, {skipped} skipped, {refused} refused so far. Run the same \
             command again to continue: nothing is imported twice."
        )
    }
}

fn destination(desk: &Desk) -> Destination {
    let mut members = std::collections::BTreeMap::new();
    for member in desk.members.iter().filter(|member| member.active) {
        if let Some(name) = &member.name {
            members.insert(name.as_str().to_lowercase(), member.id);
        }
        if let Some(email) = &member.email {
            members.insert(email.as_str().to_owned(), member.id);
        }
    }
    let settings = &desk.workspace.settings;
    Destination {
        workspace: desk.workspace.id,
        country: settings.country.clone(),
        currency: settings.currency,
        members,
    }
}

async fn converted(desk: &Desk) -> anyhow::Result<u64> {
    let numbers: Statistics = desk.ask(Query::Statistics {}).await?;
    Ok(numbers.overview.converted)
}

fn understood(plan: &Plan, row: Result<Row, BadRow>) -> Result<(u64, Arrival), BadRow> {
    let Row { line, cells } = row?;
    let because = |problem: RowProblem| BadRow { line, reason: problem.to_string() };
    plan.arrival(&cells).map(|arrival| (line, arrival)).map_err(because)
}

/// One row: sent when its turn has come, answered. An error ends the import; a refusal is the
/// row's own.
async fn take_over(
    desk: &Desk,
    line: u64,
    arrival: Arrival,
    turn: Turn,
) -> anyhow::Result<Outcome> {
    turn.comes().await;
    let won = arrival.is_won();
    let Arrival { lead, command_id, occurred_at, command } = arrival;
    let command = Command::Lead(To { id: lead, command: LeadCommand::Import(command) });
    let answer = desk.submit(Asked { command_id, occurred_at, command }).await;
    let lead = lead.to_string();
    let (fate, accepted) = match answer {
        Ok(accepted) if accepted.repeated => (Fate::Skipped("imported before"), None),
        Ok(accepted) => (Fate::Imported, Some((accepted, won))),
        Err(error) => match error.downcast::<ClientError>()? {
            ClientError::Rejected(rejected) if rejected.code == "already_exists" => {
                (Fate::Skipped("the lead is there already"), None)
            }
            ClientError::Rejected(rejected) => (Fate::Refused(rejected.to_string()), None),
            error @ (ClientError::Failed(_) | ClientError::Unavailable(_)) => {
                return Err(error.into());
            }
        },
    };
    Ok(Outcome { line, lead, fate, accepted })
}

impl Outcome {
    fn refused(BadRow { line, reason }: BadRow) -> Self {
        Self { line, lead: String::new(), fate: Fate::Refused(reason), accepted: None }
    }
}

fn tell(desk: &Desk, counts: Counts, report: &std::path::Path) -> anyhow::Result<()> {
    desk.out().answer(&counts, |out| {
        let Counts { imported, skipped, refused } = counts;
        let refused = format!("{refused} refused");
        let refused = if counts.refused > 0 { out.bad(refused) } else { refused };
        let mark = if counts.is_failure() { out.bad("✗") } else { out.good("✓") };
        out.say(format!("{mark} {imported} imported, {skipped} skipped, {refused}"))?;
        out.say(out.dim(format!("each row and its reason: {}", report.display())))
    })?;
    if counts.is_failure() { Err(Differences.into()) } else { Ok(()) }
}
