//! Who may do what: the one table of the house, checked before every decision.
//!
//! People make every state-changing decision; a service may do only what its row says.

use crate::Asked;
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::command::{
    AdvisorCommand, InvitationCommand, LeadCommand, MemberCommand, SaleCommand, TokenCommand,
    WorkspaceCommand,
};
use ael_events::ids::MemberId;
use ael_events::values::Role;
use serde_json::{Value, json};

/// When somebody may do something: one cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Not at all.
    Never,
    /// With whatever there is.
    Always,
    /// With what is theirs, or nobody's.
    OwnOrUnowned,
    /// With what is theirs: their lead, the sale of their lead, their token, their own membership.
    Own,
    /// Without giving it to anybody but themselves.
    NamingNoOther,
    /// Only to take for themselves what is nobody's.
    Take,
}

/// Which services may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Services {
    /// None.
    None,
    /// This one.
    One(ServicePrincipal),
    /// This one, on behalf of a member who has at least this role now.
    OneFor(ServicePrincipal, Role),
    /// Every one.
    Every,
}

/// What each kind of actor may: one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// An Agent.
    pub agent: May,
    /// A Manager.
    pub manager: May,
    /// An Admin.
    pub admin: May,
    /// A service.
    pub services: Services,
    /// The operator at the server, acting for nobody.
    pub operator: bool,
}

const fn people(agent: May, manager: May, admin: May) -> Row {
    Row { agent, manager, admin, services: Services::None, operator: false }
}

const fn only(services: Services) -> Row {
    Row { services, ..people(May::Never, May::Never, May::Never) }
}

impl Row {
    const fn and(self, services: Services) -> Self {
        Self { services, ..self }
    }

    const fn of(&self, role: Role) -> May {
        match role {
            Role::Agent => self.agent,
            Role::Manager => self.manager,
            Role::Admin => self.admin,
        }
    }
}

use May::{Always, NamingNoOther, Never, Own, OwnOrUnowned, Take};
use Services::{One, OneFor};

/// Workspaces: the operator founds them, Admins run them.
#[rustfmt::skip]
#[must_use]
pub const fn workspace(command: &WorkspaceCommand) -> Row {
    use WorkspaceCommand as C;
    match command { //                           Agent  Manager Admin
        C::Create(_)                   => Row { operator: true, ..people(Never, Never, Never) },
        C::ChangeSettings(_)           => people(Never, Never,  Always),
    }
}

/// Members: Admins decide about them; what concerns only themselves they decide.
#[rustfmt::skip]
#[must_use]
pub const fn member(command: &MemberCommand) -> Row {
    use MemberCommand as C;
    match command { //                           Agent  Manager Admin
        C::Add(_) | C::ChangeRole(_)   => people(Never, Never,  Always),
        C::Deactivate(_)               => people(Never, Never,  Always),
        C::Reactivate(_)               => people(Never, Never,  Always),
        C::Rename(_)                   => people(Own,   Own,    Always),
        C::LinkTelegram(_)             => people(Own,   Own,    Always),
        C::UnlinkTelegram(_)           => people(Own,   Own,    Always),
        C::LinkIdentity(_)             => people(Never, Never,  Always),
        C::UnlinkIdentity(_)           => people(Never, Never,  Always),
        C::ChangeLanguage(_)           => people(Own,   Own,    Own),
        C::ChangeNotifications(_)      => people(Own,   Own,    Own),
        C::NoteBotBlocked(_)           => only(One(ServicePrincipal::Bot)),
    }
}

/// Invitations: Admins send them; whoever has the code may come, for the code is the proof.
#[rustfmt::skip]
#[must_use]
pub const fn invitation(command: &InvitationCommand) -> Row {
    use InvitationCommand as C;
    match command { //                           Agent   Manager Admin
        C::Create(_) | C::Revoke(_)    => people(Never,  Never,  Always),
        C::Accept(_)                   => Row {
            services: Services::Every,
            operator: true,
            ..people(Always, Always, Always)
        },
    }
}

/// Tokens: everybody their own, Admins everybody's.
#[rustfmt::skip]
#[must_use]
pub const fn token(command: &TokenCommand) -> Row {
    use TokenCommand as C;
    match command { //                           Agent  Manager Admin
        C::Create(_) | C::Revoke(_)    => people(Own,   Own,    Always),
    }
}

/// Leads.
#[rustfmt::skip]
#[must_use]
pub const fn lead(command: &LeadCommand) -> Row {
    use LeadCommand as C;
    match command { //                           Agent          Manager Admin
        C::Create(_)                   => people(NamingNoOther, Always, Always),
        C::LogMessage(_)               => people(OwnOrUnowned,  Always, Always),
        C::AddNote(_)                  => people(OwnOrUnowned,  Always, Always),
        C::PinNote(_) | C::UnpinNote(_) => people(OwnOrUnowned, Always, Always),
        C::EditDetails(_)              => people(OwnOrUnowned,  Always, Always),
        C::RequestAnalysis(_)          => people(OwnOrUnowned,  Always, Always),
        C::MarkContacted(_)            => people(Own,           Always, Always),
        C::Qualify(_)                  => people(Own,           Always, Always),
        C::MarkLost(_)                 => people(Own,           Always, Always),
        C::AttachFile(_)               => people(Own,           Always, Always),
        C::RemoveFile(_)               => people(Own,           Always, Always),
        C::RollBack(_) | C::Reopen(_)  => people(Never,         Always, Always),
        C::Merge(_)                    => people(Never,         Always, Always),
        C::Assign(_)                   => people(Take,          Always, Always)
            .and(OneFor(ServicePrincipal::AssignmentRule, Role::Manager)),
        C::TransferToSales(_)          => people(Never,         Always, Always),
        C::Import(_)                   => people(Never,         Never,  Always)
            .and(OneFor(ServicePrincipal::Importer, Role::Admin)),
        C::Erase(_)                    => people(Never,         Never,  Always)
            .and(OneFor(ServicePrincipal::Retention, Role::Admin)),
        C::RecordAnalysis(_)           => only(One(ServicePrincipal::Scoring)),
    }
}

/// Sales: an Agent's own are those of their leads.
#[rustfmt::skip]
#[must_use]
pub const fn sale(command: &SaleCommand) -> Row {
    use SaleCommand as C;
    match command { //                           Agent  Manager Admin
        C::Open(_)                     => only(One(ServicePrincipal::ProcessManager)),
        C::Move(_) | C::MarkLost(_)    => people(Own,   Always, Always),
        C::SetAmount(_)                => people(Own,   Always, Always),
    }
}

/// Advisors: what was learnt is measured before it counts, and going back is a person's decision.
#[rustfmt::skip]
#[must_use]
pub const fn advisor(command: &AdvisorCommand) -> Row {
    use AdvisorCommand as C;
    match command { //                           Agent  Manager Admin
        C::RecordTraining(_)           => people(Never, Never,  Always)
            .and(One(ServicePrincipal::Scoring)),
        C::RollBack(_)                 => people(Never, Never,  Always),
        C::RecordConsultation(_)       => only(One(ServicePrincipal::Scoring)),
    }
}

/// What a decision is about, as far as the table asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Subject {
    /// Whether it is there at all: what is not there is nobody's, and is refused as that later.
    pub(crate) exists: bool,
    /// Whose it is.
    pub(crate) owner: Option<MemberId>,
    /// To whom the command gives it.
    pub(crate) named: Option<MemberId>,
}

/// Who asks may not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Another role decides this.
    #[error("this needs the role {needs} at least: ask somebody who has it")]
    RoleTooLow {
        /// The least role that may.
        needs: Role,
    },
    /// It belongs to somebody else, or to nobody where it has to be theirs.
    #[error(
        "this is not yours, and your role decides only about what is: take it first if it is \
             nobody's, or ask a manager"
    )]
    NotYours,
    /// An Agent can take an unowned lead and nothing else.
    #[error("you can only take a lead that nobody owns, and only for yourself: ask a manager")]
    OnlyTaking,
    /// An Agent can't create a lead for somebody else.
    #[error("you can create a lead for yourself or for nobody: ask a manager to assign it")]
    OnlyForYourself,
    /// A service decides this.
    #[error("no person decides this: the {principal} service does", principal = principal.as_str())]
    NotForPeople {
        /// Which.
        principal: ServicePrincipal,
    },
    /// Only the operator at the server decides this.
    #[error("only the operator at the server decides this: use `ael` there")]
    OnlyOperator,
    /// A service has no such row.
    #[error("the {principal} service may not do this: a person decides it",
            principal = principal.as_str())]
    NotForService {
        /// Which.
        principal: ServicePrincipal,
    },
    /// The member for whom a service acts may not do it (any more).
    #[error("the {principal} service may do this only on behalf of an active member whose role is \
             {needs} at least", principal = principal.as_str())]
    OnBehalfOfNobody {
        /// Which service.
        principal: ServicePrincipal,
        /// The role that the member needs.
        needs: Role,
    },
    /// The operator acts as a member for this.
    #[error("the operator does this only as a member: name one with --as")]
    NotForOperator,
}

impl Forbidden {
    /// Stable and meant for machines.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RoleTooLow { .. } => "role_too_low",
            Self::NotYours => "not_yours",
            Self::OnlyTaking => "only_taking",
            Self::OnlyForYourself => "only_for_yourself",
            Self::NotForPeople { .. } => "not_for_people",
            Self::OnlyOperator => "only_operator",
            Self::NotForService { .. } => "not_for_service",
            Self::OnBehalfOfNobody { .. } => "on_behalf_of_nobody",
            Self::NotForOperator => "not_for_operator",
        }
    }

    pub(crate) fn details(self) -> Value {
        match self {
            Self::RoleTooLow { needs } => json!({ "needs": needs }),
            Self::NotForPeople { principal } | Self::NotForService { principal } => {
                json!({ "principal": principal })
            }
            Self::OnBehalfOfNobody { principal, needs } => {
                json!({ "principal": principal, "needs": needs })
            }
            Self::NotYours
            | Self::OnlyTaking
            | Self::OnlyForYourself
            | Self::OnlyOperator
            | Self::NotForOperator => Value::Null,
        }
    }
}

/// Whether the actor may do what the row is about, with this subject.
pub(crate) fn check(
    row: Row,
    by: &Actor,
    asked: &Asked,
    subject: Subject,
) -> Result<(), Forbidden> {
    match by {
        Actor::Member { id, role } => person(row, *id, *role, subject),
        Actor::Service { principal, .. } => service(row, *principal, asked.on_behalf_of),
        Actor::Operator if row.operator => Ok(()),
        Actor::Operator => Err(Forbidden::NotForOperator),
    }
}

fn person(row: Row, id: MemberId, role: Role, subject: Subject) -> Result<(), Forbidden> {
    let mine = subject.owner == Some(id) || !subject.exists;
    let unowned = subject.owner.is_none();
    match row.of(role) {
        May::Always => Ok(()),
        May::Own if mine => Ok(()),
        May::OwnOrUnowned if mine || unowned => Ok(()),
        May::Own | May::OwnOrUnowned => Err(Forbidden::NotYours),
        May::NamingNoOther if subject.named.is_none_or(|named| named == id) => Ok(()),
        May::NamingNoOther => Err(Forbidden::OnlyForYourself),
        May::Take if (mine || unowned) && subject.named == Some(id) => Ok(()),
        May::Take => Err(Forbidden::OnlyTaking),
        May::Never => Err(never(row)),
    }
}

/// Why no person of this role may: which role may, or that no person may at all.
fn never(row: Row) -> Forbidden {
    let may = |role: &&Role| row.of(**role) != May::Never;
    match (Role::ALL.iter().find(may), row.services) {
        (Some(role), _) => Forbidden::RoleTooLow { needs: *role },
        (None, Services::One(principal) | Services::OneFor(principal, _)) => {
            Forbidden::NotForPeople { principal }
        }
        (None, Services::None | Services::Every) => Forbidden::OnlyOperator,
    }
}

fn service(
    row: Row,
    principal: ServicePrincipal,
    on_behalf_of: Option<Role>,
) -> Result<(), Forbidden> {
    match row.services {
        Services::Every => Ok(()),
        Services::One(named) if named == principal => Ok(()),
        Services::OneFor(named, needs) if named == principal => {
            if on_behalf_of.is_some_and(|role| role >= needs) {
                Ok(())
            } else {
                Err(Forbidden::OnBehalfOfNobody { principal, needs })
            }
        }
        Services::None | Services::One(_) | Services::OneFor(..) => {
            Err(Forbidden::NotForService { principal })
        }
    }
}
