//! Who asks, and what they may see. The see-rule of the house is decided here and nowhere else:
//! an Agent sees their own and unowned leads and their own sales, Managers and Admins see all, the
//! scoring service sees anonymous features alone, the operator what belongs to no workspace.

use crate::refusal::not_allowed;
use ael_auth::Principal;
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::answer::Rejected;
use ael_events::ids::MemberId;
use ael_events::query::Query;
use ael_events::values::Role;

/// Which leads and sales somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All of the workspace's.
    All,
    /// This member's own, and leads that nobody owns.
    Own(MemberId),
}

impl Sight {
    /// Whether a lead of this owner is to be seen.
    #[must_use]
    pub fn shows_lead_of(self, owner: Option<MemberId>) -> bool {
        match self {
            Self::All => true,
            Self::Own(me) => owner.is_none_or(|owner| owner == me),
        }
    }

    /// Whether a sale of this owner is to be seen.
    #[must_use]
    pub fn shows_sale_of(self, owner: Option<MemberId>) -> bool {
        match self {
            Self::All => true,
            Self::Own(me) => owner == Some(me),
        }
    }

    /// The member whose numbers are told; nothing when it is everybody's.
    #[must_use]
    pub const fn only(self) -> Option<MemberId> {
        match self {
            Self::All => None,
            Self::Own(me) => Some(me),
        }
    }
}

/// A member who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colleague {
    /// Who.
    pub id: MemberId,
    /// In which role, now.
    pub role: Role,
    /// Whether they ask by a token that is not good for `admin`: it tells only what is theirs where
    /// an Admin is told everybody's.
    pub narrow: bool,
}

impl Colleague {
    /// Whose tokens they are told of; nothing when it is everybody's.
    #[must_use]
    pub fn tokens_of(self) -> Option<MemberId> {
        (self.role != Role::Admin || self.narrow).then_some(self.id)
    }

    /// What they may see.
    #[must_use]
    pub const fn sight(self) -> Sight {
        match self.role {
            Role::Agent => Sight::Own(self.id),
            Role::Manager | Role::Admin => Sight::All,
        }
    }

    /// Whether they may see how to reach this member.
    #[must_use]
    pub fn may_reach(self, member: MemberId) -> bool {
        self.role == Role::Admin || self.id == member
    }
}

/// Who needs to ask for the question to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Member,
    MemberOrOperator,
    Admin,
    AdminOrOperator,
    AdminOrScoring,
    Operator,
    Scoring,
    Bot,
}

const fn needs(query: &Query) -> Needs {
    match query {
        Query::ListLeads(_)
        | Query::GetLead(_)
        | Query::LeadHistory(_)
        | Query::ListSales(_)
        | Query::GetSale(_)
        | Query::Statistics {}
        | Query::ListChanges(_)
        | Query::ListTokens(_)
        | Query::Me {}
        | Query::GetWorkspace {} => Needs::Member,
        Query::ListMembers {} => Needs::MemberOrOperator,
        Query::ListInvitations(_) | Query::ListEvents(_) => Needs::Admin,
        Query::ListDead {} => Needs::AdminOrOperator,
        Query::ListProjections {} | Query::ListWorkspaces {} | Query::FindMember { .. } => {
            Needs::Operator
        }
        Query::TrainingExamples(_) | Query::ListModels {} | Query::GetModel(_) => {
            Needs::AdminOrScoring
        }
        Query::LeadFeatures { .. }
        | Query::TrainingStates {}
        | Query::AdvisorContext {}
        | Query::StaleAnalyses {} => Needs::Scoring,
        Query::FindAccount { .. } => Needs::Bot,
    }
}

/// Somebody whose question is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A member, of whom [`Sight`] says what they see.
    Colleague(Colleague),
    /// Nobody of the workspace: the operator, or a service with its own questions.
    House,
}

impl Asker {
    /// The same by a token that is good for `admin`, or by one that is not.
    #[must_use]
    pub fn by(self, principal: &Principal) -> Self {
        match self {
            Self::Colleague(colleague) => {
                Self::Colleague(Colleague { narrow: !principal.administers(), ..colleague })
            }
            Self::House => Self::House,
        }
    }

    /// Lets the actor ask this, or says who may.
    ///
    /// # Errors
    /// When the actor may not ask this.
    pub fn admit(actor: &Actor, query: &Query) -> Result<Self, Rejected> {
        let needs = needs(query);
        let admitted = match (needs, actor) {
            (Needs::Member | Needs::MemberOrOperator, Actor::Member { id, role }) => {
                Some(Self::Colleague(Colleague { id: *id, role: *role, narrow: false }))
            }
            (
                Needs::Admin | Needs::AdminOrOperator | Needs::AdminOrScoring,
                Actor::Member { id, role: Role::Admin },
            ) => Some(Self::Colleague(Colleague { id: *id, role: Role::Admin, narrow: false })),
            (
                Needs::MemberOrOperator | Needs::AdminOrOperator | Needs::Operator,
                Actor::Operator,
            )
            | (
                Needs::Scoring | Needs::AdminOrScoring,
                Actor::Service { principal: ServicePrincipal::Scoring, .. },
            )
            | (Needs::Bot, Actor::Service { principal: ServicePrincipal::Bot, .. }) => {
                Some(Self::House)
            }
            (
                Needs::Member
                | Needs::MemberOrOperator
                | Needs::Admin
                | Needs::AdminOrOperator
                | Needs::AdminOrScoring
                | Needs::Operator
                | Needs::Scoring
                | Needs::Bot,
                Actor::Member { .. } | Actor::Service { .. } | Actor::Operator,
            ) => None,
        };
        admitted.ok_or_else(|| {
            let who = match needs {
                Needs::Member => "members of the workspace",
                Needs::MemberOrOperator => "members of the workspace and the operator",
                Needs::Admin => "Admins of the workspace",
                Needs::AdminOrOperator => "Admins and the operator",
                Needs::AdminOrScoring => "Admins and the scoring service",
                Needs::Operator => "the operator at the server",
                Needs::Scoring => "the scoring service",
                Needs::Bot => "the bot",
            };
            not_allowed(query, who)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::ids::LeadId;

    const ALICE: MemberId = MemberId::from_uuid(uuid::Uuid::from_u128(1));
    const BOB: MemberId = MemberId::from_uuid(uuid::Uuid::from_u128(2));

    #[test]
    fn an_agent_sees_own_and_unowned_leads_and_own_sales_only() {
        let agent = Colleague { id: ALICE, role: Role::Agent, narrow: false }.sight();
        assert!(agent.shows_lead_of(Some(ALICE)) && agent.shows_lead_of(None));
        assert!(!agent.shows_lead_of(Some(BOB)));
        assert!(agent.shows_sale_of(Some(ALICE)));
        assert!(!agent.shows_sale_of(None) && !agent.shows_sale_of(Some(BOB)));
    }

    #[test]
    fn managers_and_admins_see_everything() {
        for role in [Role::Manager, Role::Admin] {
            let sight = Colleague { id: ALICE, role, narrow: false }.sight();
            for owner in [None, Some(ALICE), Some(BOB)] {
                assert!(sight.shows_lead_of(owner) && sight.shows_sale_of(owner));
            }
        }
    }

    #[test]
    fn everybody_is_told_of_their_own_tokens_and_an_admin_of_all_unless_by_a_lesser_token() {
        let of = |role, narrow| Colleague { id: ALICE, role, narrow }.tokens_of();
        for role in [Role::Agent, Role::Manager] {
            assert_eq!((of(role, false), of(role, true)), (Some(ALICE), Some(ALICE)));
        }
        assert_eq!((of(Role::Admin, false), of(Role::Admin, true)), (None, Some(ALICE)));
    }

    /// One of each query, in the order of [`Query::NAMES`].
    fn every_query() -> Vec<Query> {
        let lead = LeadId::generate();
        let of = |name: &str| {
            let with = match name {
                "get_lead" | "lead_history" | "lead_features" => {
                    serde_json::json!({"lead_id": lead})
                }
                "get_sale" => serde_json::json!({"sale_id": lead}),
                "find_member" => serde_json::json!({"text": "x"}),
                "find_account" => serde_json::json!({"user_id": 7}),
                _ => serde_json::json!({}),
            };
            serde_json::from_value(serde_json::json!({"query": name, "with": with})).unwrap()
        };
        Query::NAMES.iter().map(|name| of(name)).collect()
    }

    #[test]
    fn who_may_ask_what() {
        let member = |role| Actor::Member { id: ALICE, role };
        let service = |principal| Actor::Service { principal, on_behalf_of: Some(ALICE) };
        let agents = [
            "list_leads",
            "get_lead",
            "lead_history",
            "list_sales",
            "get_sale",
            "statistics",
            "list_members",
            "list_changes",
            "list_tokens",
            "me",
            "get_workspace",
        ];
        for query in every_query() {
            let name = query.name();
            let may = |actor: &Actor| Asker::admit(actor, &query).is_ok();
            assert_eq!(may(&member(Role::Agent)), agents.contains(&name), "agent {name}");
            assert_eq!(may(&member(Role::Manager)), agents.contains(&name), "manager {name}");
            let learning = ["training_examples", "list_models", "get_model"];
            let admins = ["list_invitations", "list_events", "list_dead"];
            let admin = [&agents[..], &admins, &learning].concat().contains(&name);
            assert_eq!(may(&member(Role::Admin)), admin, "admin {name}");
            let operator =
                ["list_members", "list_dead", "list_projections", "list_workspaces", "find_member"];
            assert_eq!(may(&Actor::Operator), operator.contains(&name), "operator {name}");
            for principal in ServicePrincipal::ALL {
                let scoring =
                    ["lead_features", "training_states", "advisor_context", "stale_analyses"];
                let may_it = match principal {
                    ServicePrincipal::Scoring => {
                        scoring.contains(&name) || learning.contains(&name)
                    }
                    ServicePrincipal::Bot => name == "find_account",
                    ServicePrincipal::ProcessManager
                    | ServicePrincipal::Importer
                    | ServicePrincipal::AssignmentRule
                    | ServicePrincipal::Retention => false,
                };
                assert_eq!(may(&service(principal)), may_it, "{principal:?} {name}");
            }
        }
    }
}
