//! `ael lead` commands that change something: each one a command to the house.

use super::lead::Which;
use super::moment;
use super::whom::{self, Found};
use crate::problem::Problem;
use crate::session::{Asked, Desk};
use ael_events::answer::Accepted;
use ael_events::command::{
    AddNote, AssignLead, Command, CreateLead, DetailsPatch, EditDetails, EraseLead, LeadCommand,
    LogMessage, MarkContacted, MarkLost, MergeLead, Patch, QualifyLead, ReopenLead, RollBackLead,
    To, TransferToSales,
};
use ael_events::event::LeadProfile;
use ael_events::ids::{CommandId, LeadId, NoteId};
use ael_events::values::{
    Budget, Channel, Company, Contact, DomainSlug, Email, FullName, Intent, JobTitle,
    Justification, LostReason, MessageDirection, NoteText, PainPoint, Phone, ReasonText, Source,
    Tag, TelegramUsername,
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use std::io::{IsTerminal as _, Write as _};

/// What changes a lead.
#[derive(Debug, Subcommand)]
pub enum Change {
    /// Enter a lead
    #[command(after_help = "Examples:\n  \
        ael lead create --name \"Олена Петренко\" --phone \"067 123 45 67\" --domain first\n  \
        ael lead create --company Acme --email info@acme.example --source partner --owner me")]
    Create(Box<Create>),
    /// Change a lead's details; an empty value (--company "") removes one
    #[command(
        after_help = "Example:\n  ael lead edit petrenko --email olena@example.com --tag vip"
    )]
    Edit(Box<Edit>),
    /// Say that somebody has spoken with the person
    #[command(after_help = "Example:\n  ael lead contact petrenko")]
    Contact(Which),
    /// Say that a lead is worth a sale
    #[command(after_help = "Example:\n  ael lead qualify petrenko")]
    Qualify(Which),
    /// Give a lead an owner, or take it back
    #[command(after_help = "Examples:\n  ael lead assign petrenko bohdan\n  \
        ael lead assign petrenko nobody")]
    Assign(Assign),
    /// Hand a qualified lead to sales
    #[command(after_help = "Examples:\n  ael lead transfer petrenko --amount 12500.50\n  \
        ael lead transfer petrenko --reason \"signed the offer by phone\"")]
    Transfer(Transfer),
    /// Say that a lead is not going to buy
    #[command(after_help = "Examples:\n  ael lead lose petrenko no_budget\n  \
        ael lead lose petrenko other --text \"moved abroad\"")]
    Lose(Lose),
    /// Take a lead back one stage
    #[command(after_help = "Example:\n  ael lead rollback petrenko \"qualified by mistake\"")]
    Rollback(Because),
    /// Begin anew with a lost lead
    #[command(after_help = "Example:\n  ael lead reopen petrenko \"called back with a budget\"")]
    Reopen(Because),
    /// Write a note
    #[command(after_help = "Example:\n  ael lead note petrenko \"prefers mornings\"")]
    Note(Note),
    /// Count messages that were exchanged
    #[command(after_help = "Example:\n  ael lead message petrenko --channel phone --count 2")]
    Message(Message),
    /// Close another lead in favour of this one
    #[command(after_help = "Example:\n  ael lead merge KEPT CLOSED")]
    Merge(Merge),
    /// Erase the person for ever: the history stays, without them
    #[command(after_help = "Example:\n  ael lead erase petrenko --yes")]
    Erase(Erase),
}

/// See [`Change::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// Where it came from: scanner, partner, manual
    #[arg(long, default_value = "manual")]
    source: Source,
    /// For which line of business
    #[arg(long)]
    domain: Option<DomainSlug>,
    /// Who is to work it: a member, or `me`
    #[arg(long, value_name = "MEMBER")]
    owner: Option<String>,
    /// The full name
    #[arg(long)]
    name: Option<FullName>,
    /// Where they work
    #[arg(long)]
    company: Option<Company>,
    /// The position in the company
    #[arg(long)]
    position: Option<JobTitle>,
    /// The e-mail address
    #[arg(long)]
    email: Option<Email>,
    /// The phone number; a local one gets the workspace's country code
    #[arg(long)]
    phone: Option<String>,
    /// The Telegram user name
    #[arg(long)]
    telegram: Option<TelegramUsername>,
    /// What they want
    #[arg(long)]
    intent: Option<Intent>,
    /// What they are ready to spend, in words
    #[arg(long)]
    budget: Option<Budget>,
    /// What hurts them (several may be given)
    #[arg(long = "pain-point", value_name = "TEXT")]
    pain_points: Vec<PainPoint>,
    /// A tag of the workspace's vocabulary (several may be given)
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<Tag>,
    /// When it happened, if not now
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    occurred_at: Option<DateTime<Utc>>,
    /// Enter it although another lead has the same contact (Manager and above)
    #[arg(long)]
    allow_duplicate: bool,
}

/// See [`Change::Edit`].
#[derive(Debug, Args)]
pub struct Edit {
    #[command(flatten)]
    which: Which,
    /// For which line of business
    #[arg(long)]
    domain: Option<String>,
    /// The full name
    #[arg(long)]
    name: Option<String>,
    /// Where they work
    #[arg(long)]
    company: Option<String>,
    /// The position in the company
    #[arg(long)]
    position: Option<String>,
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The phone number; a local one gets the workspace's country code
    #[arg(long)]
    phone: Option<String>,
    /// The Telegram user name
    #[arg(long)]
    telegram: Option<String>,
    /// What they want
    #[arg(long)]
    intent: Option<String>,
    /// What they are ready to spend, in words
    #[arg(long)]
    budget: Option<String>,
    /// All tags afterwards (several may be given)
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Take the contact although another lead has it (Manager and above)
    #[arg(long)]
    allow_duplicate: bool,
}

/// See [`Change::Assign`].
#[derive(Debug, Args)]
pub struct Assign {
    #[command(flatten)]
    which: Which,
    /// A member, `me` or `nobody`
    owner: String,
}

/// See [`Change::Transfer`].
#[derive(Debug, Args)]
pub struct Transfer {
    #[command(flatten)]
    which: Which,
    /// What it is expected to bring, such as 12500.50 (in the workspace's currency) or "99 EUR"
    #[arg(long)]
    amount: Option<String>,
    /// Why, when the analysis is missing, stale or low
    #[arg(long)]
    reason: Option<ReasonText>,
}

/// See [`Change::Lose`].
#[derive(Debug, Args)]
pub struct Lose {
    #[command(flatten)]
    which: Which,
    /// no_budget, no_response, competitor, not_interested, invalid_contact or other
    reason: LostReason,
    /// In words; needed for `other`
    #[arg(long)]
    text: Option<ReasonText>,
}

/// A lead and a reason.
#[derive(Debug, Args)]
pub struct Because {
    #[command(flatten)]
    which: Which,
    /// Why, in ten characters at least
    reason: Justification,
}

/// See [`Change::Note`].
#[derive(Debug, Args)]
pub struct Note {
    #[command(flatten)]
    which: Which,
    /// The note
    text: NoteText,
}

/// See [`Change::Message`].
#[derive(Debug, Args)]
pub struct Message {
    #[command(flatten)]
    which: Which,
    /// How many
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// phone, email, telegram, meeting or other
    #[arg(long, default_value = "other")]
    channel: Channel,
    /// The lead spoke, not we
    #[arg(long)]
    incoming: bool,
    /// What was said
    #[arg(long)]
    text: Option<NoteText>,
}

/// See [`Change::Merge`].
#[derive(Debug, Args)]
pub struct Merge {
    #[command(flatten)]
    which: Which,
    /// The lead that is closed: its id, or words that find one lead only
    other: String,
}

/// See [`Change::Erase`].
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    which: Which,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

/// Asks for a change.
pub async fn run(desk: &Desk, change: Change) -> anyhow::Result<()> {
    match change {
        Change::Create(create) => create.run(desk).await,
        Change::Edit(edit) => {
            let which = edit.which.lead.clone();
            send(desk, &which, edit.command(desk)?).await
        }
        Change::Contact(which) => send(desk, &which.lead, MarkContacted {}).await,
        Change::Qualify(which) => send(desk, &which.lead, QualifyLead {}).await,
        Change::Assign(assign) => {
            let owner = match assign.owner.as_str() {
                "nobody" => None,
                "me" => Some(desk.member),
                member => Some(desk.find_member(member)?),
            };
            send(desk, &assign.which.lead, AssignLead { owner, rule: None }).await
        }
        Change::Transfer(transfer) => {
            let amount = transfer.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
            let command = TransferToSales { amount, override_reason: transfer.reason };
            send(desk, &transfer.which.lead, command).await
        }
        Change::Lose(lose) => {
            send(desk, &lose.which.lead, MarkLost { reason: lose.reason, text: lose.text }).await
        }
        Change::Rollback(because) => {
            send(desk, &because.which.lead, RollBackLead { reason: because.reason }).await
        }
        Change::Reopen(because) => {
            send(desk, &because.which.lead, ReopenLead { reason: because.reason }).await
        }
        Change::Note(note) => {
            let command = AddNote { note_id: NoteId::generate(), text: note.text };
            send(desk, &note.which.lead, command).await
        }
        Change::Message(message) => {
            let Message { which, count, channel, incoming, text } = message;
            let direction =
                if incoming { MessageDirection::Incoming } else { MessageDirection::Outgoing };
            send(desk, &which.lead, LogMessage { count, direction, channel, text }).await
        }
        Change::Merge(merge) => {
            let other = whom::to_change(desk, &merge.other).await?.id;
            send(desk, &merge.which.lead, MergeLead { other }).await
        }
        Change::Erase(erase) => {
            let lead = whom::to_change(desk, &erase.which.lead).await?;
            confirm(&erase, &lead)?;
            finish(desk, &lead, EraseLead {}.into()).await
        }
    }
}

async fn send(desk: &Desk, lead: &str, command: impl Into<LeadCommand>) -> anyhow::Result<()> {
    let lead = whom::to_change(desk, lead).await?;
    finish(desk, &lead, command.into()).await
}

async fn finish(desk: &Desk, lead: &Found, command: LeadCommand) -> anyhow::Result<()> {
    let deed = deed(&command);
    let accepted = desk.send(Command::Lead(To { id: lead.id, command })).await?;
    told(desk, lead, deed, &accepted)
}

fn told(desk: &Desk, lead: &Found, deed: &str, accepted: &Accepted) -> anyhow::Result<()> {
    desk.out().answer(accepted, |out| {
        let (called, version) = (lead.called(), accepted.version);
        out.say(format!("{} {called}: {deed}, now version {version}", out.good("✓")))
    })
}

/// What was done, in a word or two.
const fn deed(command: &LeadCommand) -> &'static str {
    match command {
        LeadCommand::Create(_) => "entered",
        LeadCommand::Import(_) => "imported",
        LeadCommand::EditDetails(_) => "changed",
        LeadCommand::Assign(AssignLead { owner: Some(_), .. }) => "assigned",
        LeadCommand::Assign(AssignLead { owner: None, .. }) => "nobody's",
        LeadCommand::MarkContacted(_) => "contacted",
        LeadCommand::Qualify(_) => "qualified",
        LeadCommand::TransferToSales(_) => "handed to sales",
        LeadCommand::MarkLost(_) => "lost",
        LeadCommand::RollBack(_) => "taken back a stage",
        LeadCommand::Reopen(_) => "begun anew",
        LeadCommand::LogMessage(_) => "messages counted",
        LeadCommand::AddNote(_) => "noted",
        LeadCommand::PinNote(_) => "note pinned",
        LeadCommand::UnpinNote(_) => "note unpinned",
        LeadCommand::AttachFile(_) => "file attached",
        LeadCommand::RemoveFile(_) => "file removed",
        LeadCommand::RequestAnalysis(_) => "analysis asked for",
        LeadCommand::RecordAnalysis(_) => "analysis kept",
        LeadCommand::Merge(_) => "merged",
        LeadCommand::Erase(_) => "erased",
    }
}

impl Create {
    async fn run(self: Box<Self>, desk: &Desk) -> anyhow::Result<()> {
        let owner = match self.owner.as_deref() {
            None => None,
            Some("me") => Some(desk.member),
            Some(member) => Some(desk.find_member(member)?),
        };
        let phone = self.phone.as_deref().map(|phone| phone_of(desk, phone)).transpose()?;
        let name = self.name.as_ref().map(|name| name.as_str().to_owned());
        let command = LeadCommand::Create(CreateLead {
            source: self.source,
            business_domain: self.domain,
            owner,
            tags: self.tags.into_iter().collect(),
            profile: LeadProfile {
                contact: Contact {
                    full_name: self.name,
                    company: self.company,
                    position: self.position,
                    email: self.email,
                    phone,
                    telegram: self.telegram,
                },
                intent: self.intent,
                budget: self.budget,
                pain_points: self.pain_points,
            },
            allow_duplicate: self.allow_duplicate,
        });
        let lead = Found { id: LeadId::generate(), name, stage: None };
        let asked = Asked {
            command_id: CommandId::generate(),
            occurred_at: self.occurred_at,
            command: Command::Lead(To { id: lead.id, command }),
        };
        told(desk, &lead, "entered", &desk.send(asked).await?)
    }
}

fn phone_of(desk: &Desk, text: &str) -> anyhow::Result<Phone> {
    Ok(Phone::parse_in(text, Some(&desk.workspace.settings.country))?)
}

/// Not said: as it is. Empty: removed. Else: this.
fn patch<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<Patch<T>> {
    match text.map(str::trim) {
        None => Ok(Patch::Keep),
        Some("") => Ok(Patch::Clear),
        Some(text) => parse(text).map(Patch::Set),
    }
}

impl Edit {
    fn command(&self, desk: &Desk) -> anyhow::Result<EditDetails> {
        let tags: Result<_, _> =
            self.tags.iter().filter(|tag| !tag.is_empty()).map(|tag| Tag::parse(tag)).collect();
        let tags = if self.tags.is_empty() { Patch::Keep } else { Patch::Set(tags?) };
        let changes = DetailsPatch {
            business_domain: patch(self.domain.as_deref(), |text| Ok(text.parse()?))?,
            tags,
            full_name: patch(self.name.as_deref(), |text| Ok(text.parse()?))?,
            company: patch(self.company.as_deref(), |text| Ok(text.parse()?))?,
            position: patch(self.position.as_deref(), |text| Ok(text.parse()?))?,
            email: patch(self.email.as_deref(), |text| Ok(text.parse()?))?,
            phone: patch(self.phone.as_deref(), |text| phone_of(desk, text))?,
            telegram: patch(self.telegram.as_deref(), |text| Ok(text.parse()?))?,
            intent: patch(self.intent.as_deref(), |text| Ok(text.parse()?))?,
            budget: patch(self.budget.as_deref(), |text| Ok(text.parse()?))?,
            pain_points: Patch::Keep,
        };
        Ok(EditDetails { changes, allow_duplicate: self.allow_duplicate })
    }
}

/// Erasing cannot be undone, so it is asked for twice.
fn confirm(erase: &Erase, lead: &Found) -> anyhow::Result<()> {
    if erase.yes {
        return Ok(());
    }
    let what = format!("erasing {} cannot be undone", lead.called());
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new("not_confirmed", what, "Say that you mean it: --yes").into());
    }
    let mut terminal = std::io::stderr();
    write!(terminal, "{what}: the person's data is destroyed for ever. Type ERASE to go on: ")?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("no answer was given")?;
    if answer.trim() == "ERASE" {
        return Ok(());
    }
    Err(Problem::new("not_confirmed", "nothing was erased", "Type ERASE, or use --yes.").into())
}
