//! What a button below a message says when it is pressed: 64 bytes at most. A button that changes
//! something names the version for which it was made, so that one from last week does nothing
//! wrong.

use ael_events::ids::{LeadId, MemberId, NoteId, SaleId, WorkspaceId};
use ael_events::values::{Language, LostReason, SaleStage, Source, Stage, Tier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which leads a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Filter {
    All,
    Mine,
    Unowned,
    Stale,
    Stage(Stage),
    Source(Source),
    Tier(Tier),
    /// The n-th business domain of the workspace.
    Domain(u8),
    /// Those that the last search found.
    Search,
    /// One's own hot ones.
    MyHot,
    /// One's own whose analysis says nothing any more.
    MyStale,
}

/// What a button below a lead's card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Contacted,
    Qualified,
    Transfer,
    Lost,
    RollBack,
    Reopen,
    Assign,
    Take,
    Analyse,
    Message,
    AddNote,
    Edit,
    Undo,
}

impl Deed {
    const ALL: [(Self, &'static str); 13] = [
        (Self::Contacted, "c"),
        (Self::Qualified, "q"),
        (Self::Transfer, "t"),
        (Self::Lost, "l"),
        (Self::RollBack, "r"),
        (Self::Reopen, "o"),
        (Self::Assign, "a"),
        (Self::Take, "k"),
        (Self::Analyse, "n"),
        (Self::Message, "m"),
        (Self::AddNote, "w"),
        (Self::Edit, "e"),
        (Self::Undo, "u"),
    ];
}

/// A field that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Field {
    Name,
    Phone,
    Email,
    Telegram,
    Company,
    Position,
    Domain,
    Intent,
    Budget,
    Tags,
}

impl Field {
    /// All of them: how they are called in buttons, and in texts (`field-<name>`).
    pub(crate) const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Name, "n", "name"),
        (Self::Phone, "p", "phone"),
        (Self::Email, "e", "email"),
        (Self::Telegram, "t", "telegram"),
        (Self::Company, "c", "company"),
        (Self::Position, "j", "position"),
        (Self::Domain, "d", "domain"),
        (Self::Intent, "i", "intent"),
        (Self::Budget, "b", "budget"),
        (Self::Tags, "g", "tags"),
    ];

    /// How texts call it.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|it| it.0 == self).map_or("name", |it| it.2)
    }
}

/// What a button of a flow does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Back,
    Skip,
    Cancel,
    Confirm,
    /// Confirm although another lead has the same contact.
    Anyway,
    Continue,
    /// The n-th of what is offered.
    Choose(u8),
}

/// Settings that are chosen by a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Show,
    Language(Language),
    PageSize(u8),
    Workspaces,
    Invite,
}

/// A press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tap {
    /// Nothing: a button that only shows something.
    Nothing,
    Filters,
    List {
        filter: Filter,
        page: u16,
    },
    Lead(LeadId),
    Deed {
        deed: Deed,
        lead: LeadId,
        version: u64,
    },
    LostFor {
        lead: LeadId,
        version: u64,
        reason: LostReason,
    },
    AssignTo {
        lead: LeadId,
        version: u64,
        member: Option<MemberId>,
    },
    EditField {
        lead: LeadId,
        version: u64,
        field: Field,
    },
    Notes(LeadId),
    Pin {
        lead: LeadId,
        note: NoteId,
    },
    Files(LeadId),
    History {
        lead: LeadId,
        page: u16,
    },
    Flow {
        flow: u32,
        step: Step,
    },
    Sales {
        stage: Option<SaleStage>,
        page: u16,
    },
    Sale(SaleId),
    SaleTo {
        sale: SaleId,
        version: u64,
        to: SaleStage,
    },
    SaleLostFor {
        sale: SaleId,
        version: u64,
        reason: Option<LostReason>,
    },
    SaleAmount {
        sale: SaleId,
        version: u64,
    },
    Stats {
        picture: bool,
    },
    Quick(u8),
    Setting(Setting),
    Workspace(WorkspaceId),
    Proposal {
        number: u32,
        yes: bool,
    },
    AskAgain(u8),
}

fn id(uuid: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(uuid.as_bytes())
}

fn of_id(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

impl Filter {
    fn code(self) -> String {
        match self {
            Self::All => "a".to_owned(),
            Self::Mine => "m".to_owned(),
            Self::Unowned => "u".to_owned(),
            Self::Stale => "x".to_owned(),
            Self::Search => "q".to_owned(),
            Self::MyHot => "h".to_owned(),
            Self::MyStale => "y".to_owned(),
            Self::Stage(stage) => format!("s{stage}"),
            Self::Source(source) => format!("o{source}"),
            Self::Tier(tier) => format!("t{tier}"),
            Self::Domain(index) => format!("d{index}"),
        }
    }

    fn of(code: &str) -> Option<Self> {
        Some(match (code.get(..1)?, code.get(1..)?) {
            ("a", "") => Self::All,
            ("m", "") => Self::Mine,
            ("u", "") => Self::Unowned,
            ("x", "") => Self::Stale,
            ("q", "") => Self::Search,
            ("h", "") => Self::MyHot,
            ("y", "") => Self::MyStale,
            ("s", stage) => Self::Stage(stage.parse().ok()?),
            ("o", source) => Self::Source(source.parse().ok()?),
            ("t", tier) => Self::Tier(tier.parse().ok()?),
            ("d", index) => Self::Domain(index.parse().ok()?),
            _ => return None,
        })
    }
}

impl Step {
    fn code(self) -> String {
        match self {
            Self::Back => "b".to_owned(),
            Self::Skip => "s".to_owned(),
            Self::Cancel => "x".to_owned(),
            Self::Confirm => "y".to_owned(),
            Self::Anyway => "z".to_owned(),
            Self::Continue => "g".to_owned(),
            Self::Choose(index) => format!("c{index}"),
        }
    }

    fn of(code: &str) -> Option<Self> {
        Some(match code {
            "b" => Self::Back,
            "s" => Self::Skip,
            "x" => Self::Cancel,
            "y" => Self::Confirm,
            "z" => Self::Anyway,
            "g" => Self::Continue,
            _ => Self::Choose(code.strip_prefix('c')?.parse().ok()?),
        })
    }
}

impl Setting {
    fn code(self) -> String {
        match self {
            Self::Show => "s".to_owned(),
            Self::Language(language) => format!("l{language}"),
            Self::PageSize(size) => format!("p{size}"),
            Self::Workspaces => "w".to_owned(),
            Self::Invite => "i".to_owned(),
        }
    }

    fn of(code: &str) -> Option<Self> {
        Some(match (code.get(..1)?, code.get(1..)?) {
            ("s", "") => Self::Show,
            ("w", "") => Self::Workspaces,
            ("i", "") => Self::Invite,
            ("l", language) => Self::Language(language.parse().ok()?),
            ("p", size) => Self::PageSize(size.parse().ok()?),
            _ => return None,
        })
    }
}

impl Tap {
    /// As it travels.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Nothing => "-".to_owned(),
            Self::Filters => "f".to_owned(),
            Self::List { filter, page } => format!("l.{}.{page}", filter.code()),
            Self::Lead(lead) => format!("c.{}", id(lead.uuid())),
            Self::Deed { deed, lead, version } => {
                let code = Deed::ALL.iter().find(|it| it.0 == deed).map_or("", |it| it.1);
                format!("d.{code}.{}.{version}", id(lead.uuid()))
            }
            Self::LostFor { lead, version, reason } => {
                format!("x.{}.{version}.{reason}", id(lead.uuid()))
            }
            Self::AssignTo { lead, version, member } => {
                let member = member.map(|member| id(member.uuid())).unwrap_or_default();
                format!("a.{}.{version}.{member}", id(lead.uuid()))
            }
            Self::EditField { lead, version, field } => {
                let code = Field::ALL.iter().find(|it| it.0 == field).map_or("", |it| it.1);
                format!("e.{}.{version}.{code}", id(lead.uuid()))
            }
            Self::Notes(lead) => format!("n.{}", id(lead.uuid())),
            Self::Pin { lead, note } => format!("p.{}.{}", id(lead.uuid()), id(note.uuid())),
            Self::Files(lead) => format!("i.{}", id(lead.uuid())),
            Self::History { lead, page } => format!("h.{}.{page}", id(lead.uuid())),
            Self::Flow { flow, step } => format!("w.{flow}.{}", step.code()),
            Self::Sales { stage, page } => {
                let stage = stage.map(SaleStage::as_str).unwrap_or_default();
                format!("s.{stage}.{page}")
            }
            Self::Sale(sale) => format!("v.{}", id(sale.uuid())),
            Self::SaleTo { sale, version, to } => format!("t.{}.{version}.{to}", id(sale.uuid())),
            Self::SaleLostFor { sale, version, reason } => {
                let reason = reason.map(LostReason::as_str).unwrap_or_default();
                format!("y.{}.{version}.{reason}", id(sale.uuid()))
            }
            Self::SaleAmount { sale, version } => format!("m.{}.{version}", id(sale.uuid())),
            Self::Stats { picture } => format!("z.{}", u8::from(picture)),
            Self::Quick(index) => format!("q.{index}"),
            Self::Setting(setting) => format!("g.{}", setting.code()),
            Self::Workspace(workspace) => format!("k.{}", id(workspace.uuid())),
            Self::Proposal { number, yes } => format!("o.{number}.{}", u8::from(yes)),
            Self::AskAgain(index) => format!("b.{index}"),
        }
    }

    /// What a button said; nothing, when none of ours says that.
    pub(crate) fn of(code: &str) -> Option<Self> {
        let parts: Vec<&str> = code.split('.').collect();
        let lead = |text: &str| of_id(text).map(LeadId::from_uuid);
        let sale = |text: &str| of_id(text).map(SaleId::from_uuid);
        let yes = |text: &str| text == "1";
        Some(match parts[..] {
            ["-"] => Self::Nothing,
            ["f"] => Self::Filters,
            ["l", filter, page] => {
                Self::List { filter: Filter::of(filter)?, page: page.parse().ok()? }
            }
            ["c", it] => Self::Lead(lead(it)?),
            ["d", deed, it, version] => Self::Deed {
                deed: Deed::ALL.iter().find(|known| known.1 == deed)?.0,
                lead: lead(it)?,
                version: version.parse().ok()?,
            },
            ["x", it, version, reason] => Self::LostFor {
                lead: lead(it)?,
                version: version.parse().ok()?,
                reason: reason.parse().ok()?,
            },
            ["a", it, version, member] => Self::AssignTo {
                lead: lead(it)?,
                version: version.parse().ok()?,
                member: match member {
                    "" => None,
                    some => Some(MemberId::from_uuid(of_id(some)?)),
                },
            },
            ["e", it, version, field] => Self::EditField {
                lead: lead(it)?,
                version: version.parse().ok()?,
                field: Field::ALL.iter().find(|known| known.1 == field)?.0,
            },
            ["n", it] => Self::Notes(lead(it)?),
            ["p", it, note] => Self::Pin { lead: lead(it)?, note: NoteId::from_uuid(of_id(note)?) },
            ["i", it] => Self::Files(lead(it)?),
            ["h", it, page] => Self::History { lead: lead(it)?, page: page.parse().ok()? },
            ["w", flow, step] => Self::Flow { flow: flow.parse().ok()?, step: Step::of(step)? },
            ["s", stage, page] => Self::Sales {
                stage: match stage {
                    "" => None,
                    some => Some(some.parse().ok()?),
                },
                page: page.parse().ok()?,
            },
            ["v", it] => Self::Sale(sale(it)?),
            ["t", it, version, to] => Self::SaleTo {
                sale: sale(it)?,
                version: version.parse().ok()?,
                to: to.parse().ok()?,
            },
            ["y", it, version, reason] => Self::SaleLostFor {
                sale: sale(it)?,
                version: version.parse().ok()?,
                reason: match reason {
                    "" => None,
                    some => Some(some.parse().ok()?),
                },
            },
            ["m", it, version] => {
                Self::SaleAmount { sale: sale(it)?, version: version.parse().ok()? }
            }
            ["z", picture] => Self::Stats { picture: yes(picture) },
            ["q", index] => Self::Quick(index.parse().ok()?),
            ["g", setting] => Self::Setting(Setting::of(setting)?),
            ["k", it] => Self::Workspace(WorkspaceId::from_uuid(of_id(it)?)),
            ["o", number, answer] => {
                Self::Proposal { number: number.parse().ok()?, yes: yes(answer) }
            }
            ["b", index] => Self::AskAgain(index.parse().ok()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
#[path = "tap_tests.rs"]
mod tests;
