//! Given what has happened, when something is asked, then this happens or that refuses it: the form
//! of every rule's test, over the test framework of `cqrs-es`.

use crate::{Asked, Request};
use ael_events::actor::{Actor, ServicePrincipal};
use ael_events::answer::Rejected;
use ael_events::ids::MemberId;
use ael_events::values::{Role, Tag, WorkspaceSettings};
use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;
use std::fmt::Debug;
use uuid::Uuid;

pub(crate) fn now() -> DateTime<Utc> {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

pub(crate) const fn member_id(number: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(number))
}

pub(crate) const OLENA: MemberId = member_id(1);
pub(crate) const TARAS: MemberId = member_id(2);

/// Olena, who owns the lead of most tests.
pub(crate) const AGENT: Actor = Actor::Member { id: OLENA, role: Role::Agent };
/// Taras, who does not.
pub(crate) const OTHER_AGENT: Actor = Actor::Member { id: TARAS, role: Role::Agent };
pub(crate) const MANAGER: Actor = Actor::Member { id: member_id(3), role: Role::Manager };
pub(crate) const ADMIN: Actor = Actor::Member { id: member_id(4), role: Role::Admin };

/// A service, on behalf of the Admin.
pub(crate) const fn service(principal: ServicePrincipal) -> Actor {
    Actor::Service { principal, on_behalf_of: Some(member_id(4)) }
}

/// Asked now; a service acts on behalf of an Admin.
pub(crate) fn asked() -> Asked {
    Asked { on_behalf_of: Some(Role::Admin), ..Asked::at(now()) }
}

pub(crate) fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

/// The standard settings with a vocabulary of two tags.
pub(crate) fn settings() -> WorkspaceSettings {
    let mut settings = WorkspaceSettings::standard().unwrap();
    settings.tags.extend([tag("vip"), tag("webinar")]);
    settings
}

/// What has happened, and what the handler found out.
pub(crate) struct Given<A: Aggregate, X> {
    events: Vec<A::Event>,
    context: X,
}

pub(crate) fn given_in<A: Aggregate, X>(
    context: X,
    events: impl IntoIterator<Item = A::Event>,
) -> Given<A, X> {
    Given { events: events.into_iter().collect(), context }
}

impl<A, X, C> Given<A, X>
where
    A: Aggregate<Command = Request<X, C>, Services = ()>,
{
    /// Something else that the handler found out.
    pub(crate) fn and(mut self, change: impl FnOnce(&mut X)) -> Self {
        change(&mut self.context);
        self
    }

    pub(crate) fn when(self, by: Actor, command: impl Into<C>) -> Then<A> {
        let request = Request { by, context: self.context, command: command.into() };
        Then(TestFramework::<A>::with(()).given(self.events).when(request).inspect_result())
    }
}

/// What came of it.
pub(crate) struct Then<A: Aggregate>(Result<Vec<A::Event>, A::Error>);

impl<A> Then<A>
where
    A: Aggregate,
    A::Error: PartialEq + Clone + Debug + Into<Rejected>,
{
    #[track_caller]
    pub(crate) fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0.unwrap(), events.into_iter().collect::<Vec<_>>());
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) {
        assert_eq!(self.0.unwrap(), []);
    }

    #[track_caller]
    pub(crate) fn then_events(self) -> Vec<A::Event> {
        self.0.unwrap()
    }

    #[track_caller]
    pub(crate) fn then_refused(self, rejection: impl Into<A::Error>) {
        let refused = self.0.unwrap_err();
        assert_eq!(refused, rejection.into());
        let answer: Rejected = refused.into();
        assert!(answer.sentence.ends_with('.') && !answer.code.is_empty(), "{answer:?}");
    }
}
