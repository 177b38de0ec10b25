//! `ael lead`: enter leads, look at them as they are or were, and move them along.

use super::lead_changes::{self, Change};
use super::paging::Paging;
use super::{lead_view, moment, whom};
use crate::session::{Desk, Global};
use ael_events::query::{
    GetLead, HistoryEntry, HistoryPage, LeadFilter, LeadHistory, LeadListItem, LeadPage, LeadSort,
    LeadView, ListLeads, OwnerFilter, Query, SortDirection, SortKey,
};
use ael_events::values::{DomainSlug, Score, Source, Stage, Tag, Tier};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

/// What can be done with leads.
#[derive(Debug, Subcommand)]
pub enum LeadCommand {
    /// List leads, newest first
    #[command(after_help = "Examples:\n  ael lead list --stage new --stage contacted\n  \
        ael lead list --owner me --sort updated\n  ael lead list -q petrenko --json\n  \
        ael lead list --limit 100")]
    List(List),
    /// Show a lead as it is, or as it was
    #[command(after_help = "Examples:\n  ael lead show petrenko\n  \
        ael lead show 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e --as-of \"2h ago\"\n  \
        ael lead show ID --version 3\n  ael lead show ID --as-of 2026-03-05 --effective")]
    Show(Show),
    /// Tell what happened to a lead: who did what, when and why
    #[command(after_help = "Examples:\n  ael lead history petrenko\n  \
        ael lead history petrenko --limit 100 --json")]
    History(History),
    #[command(flatten)]
    Change(Change),
}

/// Which lead.
#[derive(Debug, Args)]
pub struct Which {
    /// The lead: its id, or words that find one lead only
    #[arg(value_name = "LEAD")]
    pub lead: String,
}

/// See [`LeadCommand::List`].
#[derive(Debug, Args)]
pub struct List {
    /// In this stage (several may be given): new, contacted, qualified, transferred, lost
    #[arg(long)]
    stage: Vec<Stage>,
    /// From this source (several may be given): scanner, partner, manual
    #[arg(long)]
    source: Vec<Source>,
    /// For this line of business
    #[arg(long)]
    domain: Vec<DomainSlug>,
    /// In this tier: hot, warm, cold, dead
    #[arg(long)]
    tier: Vec<Tier>,
    /// Whose: a member, `me` or `nobody`
    #[arg(long, value_name = "MEMBER")]
    owner: Option<String>,
    /// Only those whose analysis says nothing any more
    #[arg(long)]
    stale: bool,
    /// With this tag
    #[arg(long)]
    tag: Option<Tag>,
    /// With at least this score, 0.0 to 1.0
    #[arg(long, value_parser = score)]
    min_score: Option<Score>,
    /// Created at or after
    #[arg(long, value_parser = moment::parse)]
    since: Option<DateTime<Utc>>,
    /// Created before
    #[arg(long, value_parser = moment::parse)]
    until: Option<DateTime<Utc>>,
    /// Part of a name, company, e-mail, phone or Telegram name; small typos are forgiven
    #[arg(short, long = "query", value_name = "WORDS")]
    q: Option<String>,
    /// By what they are sorted
    #[arg(long, value_enum, default_value = "created")]
    sort: Sort,
    /// Smallest or oldest first
    #[arg(long)]
    ascending: bool,
    #[command(flatten)]
    paging: Paging,
}

/// By what leads are sorted.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Sort {
    Created,
    Updated,
    Score,
}

/// See [`LeadCommand::History`].
#[derive(Debug, Args)]
pub struct History {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    paging: Paging,
}

/// See [`LeadCommand::Show`].
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    which: Which,
    /// As we knew it then: 2026-03-05, "2026-03-05 10:30" (UTC), "2h ago"
    #[arg(long, value_name = "TIME", value_parser = moment::parse, conflicts_with = "version")]
    as_of: Option<DateTime<Utc>>,
    /// Let --as-of mean when things happened, not when we learned of them
    #[arg(long, requires = "as_of")]
    effective: bool,
    /// As it was at this version
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

fn score(text: &str) -> Result<Score, String> {
    let number: f64 = text.parse().map_err(|_| "a number from 0.0 to 1.0".to_owned())?;
    Score::new(number).map_err(|error| error.to_string())
}

impl LeadCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        match self {
            Self::List(list) => list.run(&desk).await,
            Self::Show(show) => show.run(&desk).await,
            Self::History(history) => history.run(&desk).await,
            Self::Change(change) => lead_changes::run(&desk, change).await,
        }
    }
}

impl List {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let owner = match self.owner.as_deref() {
            None => None,
            Some("me") => Some(OwnerFilter::Me),
            Some("nobody") => Some(OwnerFilter::Nobody),
            Some(member) => Some(OwnerFilter::Member(desk.find_member(member)?)),
        };
        let filter = LeadFilter {
            stages: self.stage.into_iter().collect(),
            sources: self.source.into_iter().collect(),
            business_domains: self.domain.into_iter().collect(),
            tiers: self.tier.into_iter().collect(),
            owner,
            tag: self.tag,
            min_score: self.min_score,
            max_score: None,
            created_from: self.since,
            created_to: self.until,
            stale: self.stale.then_some(true),
            q: self.q,
        };
        let by = match self.sort {
            Sort::Created => SortKey::CreatedAt,
            Sort::Updated => SortKey::UpdatedAt,
            Sort::Score => SortKey::AiScore,
        };
        let direction =
            if self.ascending { SortDirection::Ascending } else { SortDirection::Descending };
        let sort = LeadSort { by, direction };
        let nothing = if filter == LeadFilter::default() {
            "There is no lead to be seen yet.\n\
             Enter one: ael lead create --name NAME --phone PHONE\n\
             or take over a file: ael import leads FILE --mapping MAP.toml"
        } else {
            "No lead is like that. All of them: ael lead list"
        };
        let question = |cursor, limit| {
            let filter = filter.clone();
            Query::ListLeads(ListLeads { filter, sort, cursor, limit, ..ListLeads::default() })
        };
        let page: LeadPage = self.paging.collect(desk, question).await?;
        let row = |lead: &LeadListItem| lead_view::row(desk, lead);
        self.paging.answer(desk.out(), &page, lead_view::LIST_HEADER, row, nothing)
    }
}

impl Show {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let lead_id = whom::to_see(desk, &self.which.lead).await?.id;
        let Self { as_of, version, effective, .. } = self;
        let query = Query::GetLead(GetLead { as_of, version, effective, ..GetLead::now(lead_id) });
        let lead: LeadView = desk.ask(query).await?;
        desk.out().answer(&lead, |out| {
            if let Some(as_of) = as_of {
                let how = if effective { "as it was" } else { "as we knew it" };
                out.say(out.dim(format!("{how} at {} UTC", moment::shown(as_of))))?;
            }
            lead_view::card(*out, desk, &lead)
        })
    }
}

impl History {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let lead_id = whom::to_see(desk, &self.which.lead).await?.id;
        let question = |cursor, limit| Query::LeadHistory(LeadHistory { lead_id, cursor, limit });
        let page: HistoryPage = self.paging.collect(desk, question).await?;
        let row = |entry: &HistoryEntry| lead_view::happening(desk, entry);
        let header = lead_view::HISTORY_HEADER;
        self.paging.answer(desk.out(), &page, header, row, "Nothing is known to have happened.")
    }
}
