//! What is remembered of a conversation with one person in one chat. It lies sealed on the bus, so
//! that any copy of the bot goes on with it.

use super::tap::{Field, Filter};
use ael_events::command::Command;
use ael_events::ids::{InvitationId, LeadId, SaleId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::Cursor;
use ael_events::values::{
    Company, DomainSlug, Email, FullName, Intent, JobTitle, Language, LostReason, MemberName,
    Money, Phone, ReasonText, Source, TelegramUsername,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How many rows a page of a list has at first.
const ROWS: u8 = 7;

/// A conversation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Dialogue {
    /// In which workspace, of several.
    pub(crate) workspace: Option<WorkspaceId>,
    /// In which language, where the person chose one before they were a member.
    pub(crate) language: Option<Language>,
    /// Rows of a page.
    pub(crate) rows: u8,
    /// What is being filled in.
    pub(crate) flow: Option<Flow>,
    /// The number of the last flow, so that a button of an earlier one is known as such.
    pub(crate) flows: u32,
    /// The list that was shown last.
    pub(crate) list: Option<Listed>,
    /// What was searched for last.
    pub(crate) search: Option<String>,
    /// Where the pages of the sales that were shown last begin.
    pub(crate) sales: Vec<Cursor>,
    /// Where the pages of the history that was shown last begin, and whose it is.
    pub(crate) history: Option<(LeadId, Vec<Cursor>)>,
    /// The lead that was looked at last.
    pub(crate) lead: Option<LeadId>,
    /// The last write, which is waited for before anything is shown.
    pub(crate) after: Option<PositionToken>,
    /// A change that the assistant drafted, and its number.
    pub(crate) proposal: Option<Proposed>,
    /// The number of the last proposal.
    pub(crate) proposals: u32,
    /// What the assistant offered to be asked next.
    pub(crate) suggestions: Vec<String>,
}

impl Default for Dialogue {
    fn default() -> Self {
        Self {
            workspace: None,
            language: None,
            rows: ROWS,
            flow: None,
            flows: 0,
            list: None,
            search: None,
            sales: Vec::new(),
            history: None,
            lead: None,
            after: None,
            proposal: None,
            proposals: 0,
            suggestions: Vec::new(),
        }
    }
}

/// A list that was shown, so that its pages can be turned.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) filter: Filter,
    /// Rows of a page when it was opened.
    pub(crate) rows: u8,
    /// Where the second page begins, and the third, and so on, as far as they were turned.
    pub(crate) starts: Vec<Cursor>,
    /// How many there are.
    pub(crate) count: usize,
    /// Whether there are more than were counted.
    pub(crate) more: bool,
}

/// A change that the assistant drafted.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Proposed {
    pub(crate) number: u32,
    pub(crate) command: Command,
    pub(crate) expected_version: u64,
    pub(crate) sentence: String,
}

/// Something that is filled in step by step.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// Its number in this conversation.
    pub(crate) number: u32,
    /// Which step, from 0.
    pub(crate) step: u8,
    pub(crate) what: What,
}

/// What is filled in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum What {
    NewLead(Box<Draft>),
    Search,
    Note {
        lead: LeadId,
    },
    Transfer {
        lead: LeadId,
        version: u64,
        needs_reason: bool,
        amount: Option<Money>,
        reason: Option<ReasonText>,
    },
    LostText {
        lead: LeadId,
        version: u64,
        reason: LostReason,
    },
    RollBack {
        lead: LeadId,
        version: u64,
    },
    Reopen {
        lead: LeadId,
        version: u64,
    },
    Edit {
        lead: LeadId,
        version: u64,
        field: Field,
    },
    SaleAmount {
        sale: SaleId,
        version: u64,
        pay: bool,
    },
    SaleLostText {
        sale: SaleId,
        version: u64,
        reason: LostReason,
    },
    Invite {
        name: Option<MemberName>,
        made: Option<Invited>,
    },
    Assist,
}

impl What {
    /// How texts call it (`flow-<name>`).
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::NewLead(_) => "new-lead",
            Self::Search => "search",
            Self::Note { .. } => "note",
            Self::Transfer { .. } => "transfer",
            Self::LostText { .. } | Self::SaleLostText { .. } => "lost",
            Self::RollBack { .. } => "roll-back",
            Self::Reopen { .. } => "reopen",
            Self::Edit { .. } => "edit",
            Self::SaleAmount { .. } => "amount",
            Self::Invite { .. } => "invite",
            Self::Assist => "assist",
        }
    }
}

/// An invitation that is about to be made, with the code that will be shown.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Invited {
    pub(crate) id: InvitationId,
    pub(crate) code: String,
    pub(crate) code_hash: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A lead that is being entered.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Its id, made when the flow began: confirming twice is entering once.
    pub(crate) lead: LeadId,
    pub(crate) source: Option<Source>,
    pub(crate) full_name: Option<FullName>,
    pub(crate) company: Option<Company>,
    pub(crate) position: Option<JobTitle>,
    pub(crate) phone: Option<Phone>,
    pub(crate) email: Option<Email>,
    pub(crate) telegram: Option<TelegramUsername>,
    pub(crate) domain: Option<DomainSlug>,
    pub(crate) intent: Option<Intent>,
    /// Whether it was read from a text: then only what was read is shown and confirmed.
    pub(crate) pasted: bool,
}

impl Draft {
    pub(crate) const fn new(lead: LeadId) -> Self {
        Self {
            lead,
            source: None,
            full_name: None,
            company: None,
            position: None,
            phone: None,
            email: None,
            telegram: None,
            domain: None,
            intent: None,
            pasted: false,
        }
    }

    pub(crate) const fn is_reachable(&self) -> bool {
        self.phone.is_some() || self.email.is_some() || self.telegram.is_some()
    }
}
