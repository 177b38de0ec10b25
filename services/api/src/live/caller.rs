//! Who listens, and which changes they may hear of. Pure.

use ael_events::ids::MemberId;
use ael_events::query::{LiveChange, Topic};
use ael_events::values::{AggregateKind, Role, Scope};
use std::collections::BTreeSet;

/// A listener, as the query service resolved them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub member: MemberId,
    /// In which role, now.
    pub role: Role,
    /// What the token is good for; everything, when it is not a token.
    pub scopes: Option<BTreeSet<Scope>>,
}

impl Caller {
    /// Whether a change is to be told to them: what their role lets them see, and their token lets
    /// them read.
    #[must_use]
    pub fn may_hear(&self, change: &LiveChange) -> bool {
        change.is_for(self.member, self.role) && change.is_within(self.member, self.scopes.as_ref())
    }

    /// Whether a change is told to them only because the thing has just left their sight.
    #[must_use]
    pub fn loses(&self, change: &LiveChange) -> bool {
        change.is_farewell_to(self.member, self.role)
    }

    fn is(&self, change: &LiveChange) -> bool {
        change.id == self.member.uuid()
    }

    /// Whether what is known of them may have changed by this: then they are looked up anew.
    #[must_use]
    pub fn is_concerned_by(&self, change: &LiveChange, token: Option<uuid::Uuid>) -> bool {
        match change.topic {
            Topic::Of(AggregateKind::Member) => self.is(change),
            // What is revoked may be the token that theirs was made with.
            Topic::Of(AggregateKind::Token) => {
                token.is_some_and(|token| token == change.id || change.version > 1)
            }
            Topic::Of(
                AggregateKind::Lead
                | AggregateKind::Sale
                | AggregateKind::Workspace
                | AggregateKind::Invitation
                | AggregateKind::Advisor,
            )
            | Topic::Unknown(_) => false,
        }
    }
}

/// Whether a change may concern who somebody is at all, whoever listens.
#[must_use]
pub const fn concerns_callers(topic: &Topic) -> bool {
    match topic {
        Topic::Of(AggregateKind::Member | AggregateKind::Token) => true,
        Topic::Of(
            AggregateKind::Lead
            | AggregateKind::Sale
            | AggregateKind::Workspace
            | AggregateKind::Invitation
            | AggregateKind::Advisor,
        )
        | Topic::Unknown(_) => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ael_events::ids::{Lane, WorkspaceId};
    use ael_events::order::{Order, PositionToken};
    use uuid::Uuid;

    const ALICE: MemberId = MemberId::from_uuid(Uuid::from_u128(1));
    const BOB: MemberId = MemberId::from_uuid(Uuid::from_u128(2));

    pub(crate) fn change(topic: &str, id: u128, version: u64) -> LiveChange {
        let lane = Lane::try_from(3).unwrap();
        LiveChange {
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(9)),
            topic: topic.to_owned().into(),
            id: Uuid::from_u128(id),
            version,
            position: PositionToken { lane, order: Order::START },
            owner: None,
            owner_changed: false,
            previous_owner: None,
        }
    }

    pub(crate) fn caller(role: Role, scopes: Option<&[Scope]>) -> Caller {
        let scopes = scopes.map(|scopes| scopes.iter().copied().collect());
        Caller { member: ALICE, role, scopes }
    }

    #[test]
    fn an_agent_hears_of_own_leads_and_of_those_that_they_lose_and_a_manager_of_all() {
        let of = |owner| LiveChange { owner: Some(owner), ..change("lead", 7, 1) };
        let lost = LiveChange { owner_changed: true, previous_owner: Some(ALICE), ..of(BOB) };
        let agent = caller(Role::Agent, None);
        assert!(agent.may_hear(&of(ALICE)) && agent.may_hear(&lost) && !agent.may_hear(&of(BOB)));
        assert!(caller(Role::Manager, None).may_hear(&of(BOB)));
    }

    #[test]
    fn a_token_hears_only_of_what_it_is_good_for() {
        let leads = caller(Role::Admin, Some(&[Scope::LeadsRead]));
        assert!(leads.may_hear(&change("lead", 7, 1)) && !leads.may_hear(&change("sale", 7, 1)));
        assert!(!leads.may_hear(&change("token", 7, 1)));
    }

    #[test]
    fn only_admins_hear_of_tokens_and_invitations_and_nobody_of_what_is_unheard_of() {
        for topic in ["token", "invitation"] {
            assert!(caller(Role::Admin, None).may_hear(&change(topic, 7, 1)));
            assert!(!caller(Role::Manager, None).may_hear(&change(topic, 7, 1)));
            assert!(!caller(Role::Agent, Some(&[Scope::Admin])).may_hear(&change(topic, 7, 1)));
            let narrow = caller(Role::Admin, Some(&[Scope::LeadsRead]));
            assert!(!narrow.may_hear(&change(topic, 7, 1)));
        }
        assert!(!caller(Role::Admin, None).may_hear(&change("weather", 7, 1)));
    }

    #[test]
    fn a_listener_is_looked_up_anew_when_they_or_their_token_change() {
        let alice = caller(Role::Agent, None);
        let token = Uuid::from_u128(5);
        assert!(alice.is_concerned_by(&change("member", 1, 2), Some(token)));
        assert!(!alice.is_concerned_by(&change("member", 2, 2), Some(token)));
        assert!(alice.is_concerned_by(&change("token", 5, 2), Some(token)));
        assert!(alice.is_concerned_by(&change("token", 6, 2), Some(token)));
        assert!(!alice.is_concerned_by(&change("token", 6, 1), Some(token)));
        assert!(!alice.is_concerned_by(&change("token", 5, 2), None));
        assert!(!alice.is_concerned_by(&change("lead", 1, 2), Some(token)));
    }
}
