//! What a question can mean.

use ael_events::ids::LeadId;
use ael_events::values::{Channel, LostReason, MessageDirection, SaleStage, Source, Stage, Tier};

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// To hear what the assistant can do.
    Help,
    /// To be polite.
    Hello,
    /// The same, at the end.
    Thanks,
    /// To see leads.
    Leads(Wanted),
    /// To know how many there are.
    HowMany(Wanted),
    /// To know which leads wait for somebody.
    Attention,
    /// Numbers.
    Numbers(Numbers),
    /// To find somebody.
    Find(String),
    /// To know about one lead.
    Card(Whom),
    /// To see sales.
    Sales(Option<SaleStage>),
    /// To know how many sales there are.
    HowManySales(Option<SaleStage>),
    /// To have something done.
    Do(Deed, Whom),
    /// Something that nobody here understands.
    Unclear,
}

/// Which leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// In this stage.
    pub(crate) stage: Option<Stage>,
    /// From this source.
    pub(crate) source: Option<Source>,
    /// In this tier.
    pub(crate) tier: Option<Tier>,
    /// Whose.
    pub(crate) whose: Option<Whose>,
    /// Created since.
    pub(crate) since: Option<Since>,
    /// Words that may name a line of business or a tag.
    pub(crate) about: Vec<String>,
}

/// Whose leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The asker's.
    Mine,
    /// Nobody's.
    Nobodys,
}

/// Since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Today.
    Today,
    /// Yesterday and today.
    Yesterday,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
}

impl Since {
    /// Its name among the assistant's words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// How many days it goes back.
    pub(crate) const fn days(self) -> i64 {
        match self {
            Self::Today => 1,
            Self::Yesterday => 2,
            Self::Week => 7,
            Self::Month => 30,
        }
    }
}

/// Which numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// At a glance.
    Overview,
    /// By stage.
    Funnel,
    /// By source.
    Sources,
    /// By line of business.
    Domains,
    /// By member.
    Agents,
    /// Money.
    Revenue,
}

/// Which lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whom {
    /// The one with this name (or phone, or company).
    Named(String),
    /// The one that was spoken of last.
    Last,
    /// The nth of those that were listed last, from 1.
    Nth(usize),
    /// The one with this id.
    Known(LeadId),
}

/// What is to be done with a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Note that the person was reached.
    MarkContacted,
    /// Say that it is worth a sale.
    Qualify,
    /// Say that it came to nothing; the reason, where it was said, and in which words.
    MarkLost(Option<LostReason>, Option<String>),
    /// Keep a note; nothing, when it was not said which.
    AddNote(Option<String>),
    /// Count messages.
    LogMessage(u32, MessageDirection, Channel),
    /// Give it to somebody.
    Assign(Assignee),
    /// Ask the advisor.
    Analyse,
    /// Hand it to sales.
    Transfer,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Assignee {
    /// The asker.
    Me,
    /// Nobody any more.
    Nobody,
    /// A colleague.
    Named(String),
}
