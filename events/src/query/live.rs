//! What changed: said live, and asked for by whoever lost the connection for a while.

use super::lead::Cursor;
use crate::ids::{MemberId, WorkspaceId};
use crate::order::PositionToken;
use crate::values::{AggregateKind, Role, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What kind of thing changed, read once for all who may hear of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Topic {
    /// A kind that is known here.
    Of(AggregateKind),
    /// A kind that whoever said it knows and we do not: nobody's to hear.
    Unknown(String),
}

impl Topic {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Of(kind) => kind.as_str(),
            Self::Unknown(word) => word,
        }
    }
}

impl From<AggregateKind> for Topic {
    fn from(kind: AggregateKind) -> Self {
        Self::Of(kind)
    }
}

impl From<String> for Topic {
    fn from(word: String) -> Self {
        word.parse().map_or_else(|_| Self::Unknown(word), Self::Of)
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Of(kind) => kind.as_str().to_owned(),
            Topic::Unknown(word) => word,
        }
    }
}

/// What changed, said on `ael.live.<workspace>` after the read models' commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiveChange {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// `lead`, `sale`, `member` …
    #[schemars(with = "String")]
    pub topic: Topic,
    /// Which one.
    pub id: uuid::Uuid,
    /// Its version now.
    pub version: u64,
    /// Bring it to a read.
    pub position: PositionToken,
    /// The owner of the lead now, for the see-rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<MemberId>,
    /// Whether the lead, and so its sale, changed hands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owner_changed: bool,
    /// Who owned it before, when it changed hands: whoever loses it is told too. Nobody did, when
    /// it changed hands and there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_owner: Option<MemberId>,
}

impl LiveChange {
    /// Whether a member may be told only because the thing has just left their sight.
    #[must_use]
    pub fn is_farewell_to(&self, member: MemberId, role: Role) -> bool {
        let kept = Self { owner_changed: false, ..self.clone() };
        self.owner_changed && self.is_for(member, role) && !kept.is_for(member, role)
    }

    /// Whether a member may be told: who may see it now, and who could until it changed hands.
    /// Members and the workspace are everybody's to see, what opens doors is for Admins; a topic
    /// that is not known here is nobody's.
    #[must_use]
    pub fn is_for(&self, member: MemberId, role: Role) -> bool {
        let sees_all = role >= Role::Manager;
        let one_of = |sees: &dyn Fn(Option<MemberId>) -> bool| {
            sees_all || sees(self.owner) || (self.owner_changed && sees(self.previous_owner))
        };
        match self.topic {
            Topic::Of(AggregateKind::Lead) => {
                one_of(&|owner| owner.is_none_or(|owner| owner == member))
            }
            Topic::Of(AggregateKind::Sale) => one_of(&|owner| owner == Some(member)),
            Topic::Of(AggregateKind::Member | AggregateKind::Workspace) => true,
            Topic::Of(
                AggregateKind::Token | AggregateKind::Invitation | AggregateKind::Advisor,
            ) => role == Role::Admin,
            Topic::Unknown(_) => false,
        }
    }

    /// Whether a member's token is good for hearing of it: for what it could look up. Without
    /// scopes there is no token, and so no limit.
    #[must_use]
    pub fn is_within(&self, member: MemberId, scopes: Option<&BTreeSet<Scope>>) -> bool {
        let Some(scopes) = scopes.filter(|scopes| !scopes.contains(&Scope::Admin)) else {
            return true;
        };
        match self.topic {
            Topic::Of(AggregateKind::Lead) => scopes.contains(&Scope::LeadsRead),
            Topic::Of(AggregateKind::Sale) => scopes.contains(&Scope::SalesRead),
            Topic::Of(AggregateKind::Member) => {
                scopes.contains(&Scope::LeadsRead) || self.id == member.uuid()
            }
            Topic::Of(AggregateKind::Workspace) => true,
            Topic::Of(
                AggregateKind::Token | AggregateKind::Invitation | AggregateKind::Advisor,
            )
            | Topic::Unknown(_) => false,
        }
    }
}

/// See [`super::Query::ListChanges`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListChanges {
    /// What was taken before; without it the answer is a cursor of now and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How many, 1 to 500; 500 when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// What changed since a cursor, once per thing, in order. A page of fewer than were asked for is
/// the last one for now; one may have one more, since a lead and its sale change hands together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangePage {
    /// What changed and the asker may hear of.
    pub items: Vec<LiveChange>,
    /// From where to go on: always there.
    pub next_cursor: Cursor,
    /// Too much has happened to be told, or the asker sees other things now: load everything anew,
    /// then go on from the cursor.
    pub reset: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Lane;
    use crate::order::Order;
    use uuid::Uuid;

    const ALICE: MemberId = MemberId::from_uuid(Uuid::from_u128(1));
    const BOB: MemberId = MemberId::from_uuid(Uuid::from_u128(2));

    fn change(topic: &str, owner: Option<MemberId>) -> LiveChange {
        let id = Uuid::from_u128(7);
        LiveChange {
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(3)),
            topic: topic.to_owned().into(),
            id,
            version: 1,
            position: PositionToken { lane: Lane::of(id), order: Order::START },
            owner,
            owner_changed: false,
            previous_owner: None,
        }
    }

    fn handed_over(topic: &str, from: Option<MemberId>, to: Option<MemberId>) -> LiveChange {
        LiveChange { owner_changed: true, previous_owner: from, ..change(topic, to) }
    }

    #[test]
    fn an_agent_hears_of_own_and_unowned_leads_and_of_own_sales() {
        for (topic, owner, hears) in [
            ("lead", Some(ALICE), true),
            ("lead", None, true),
            ("lead", Some(BOB), false),
            ("sale", Some(ALICE), true),
            ("sale", None, false),
            ("sale", Some(BOB), false),
        ] {
            let change = change(topic, owner);
            assert_eq!(change.is_for(ALICE, Role::Agent), hears, "{topic} {owner:?}");
            assert!(change.is_for(ALICE, Role::Manager) && change.is_for(ALICE, Role::Admin));
        }
    }

    #[test]
    fn whoever_loses_a_lead_hears_of_it_and_nobody_hears_of_what_they_never_saw() {
        for topic in ["lead", "sale"] {
            assert!(handed_over(topic, Some(ALICE), Some(BOB)).is_for(ALICE, Role::Agent));
            let other = MemberId::from_uuid(Uuid::from_u128(9));
            assert!(!handed_over(topic, Some(other), Some(BOB)).is_for(ALICE, Role::Agent));
        }
        assert!(handed_over("lead", None, Some(BOB)).is_for(ALICE, Role::Agent));
        let farewell = |to| handed_over("lead", Some(ALICE), to).is_farewell_to(ALICE, Role::Agent);
        assert!(farewell(Some(BOB)) && !farewell(None), "what is nobody's is seen on");
        assert!(!handed_over("lead", Some(ALICE), Some(BOB)).is_farewell_to(ALICE, Role::Manager));
        assert!(!change("lead", Some(BOB)).is_farewell_to(ALICE, Role::Agent));
        assert!(!handed_over("sale", None, Some(BOB)).is_for(ALICE, Role::Agent));
    }

    #[test]
    fn people_are_everybodys_and_doors_are_for_admins() {
        for role in [Role::Agent, Role::Manager, Role::Admin] {
            assert!(change("member", None).is_for(ALICE, role));
            assert!(change("workspace", None).is_for(ALICE, role));
            for topic in ["token", "invitation"] {
                assert_eq!(change(topic, None).is_for(ALICE, role), role == Role::Admin);
            }
            assert!(!change("unheard_of", None).is_for(ALICE, role));
        }
    }

    #[test]
    fn a_token_hears_only_of_what_it_could_look_up() {
        let within = |topic: &str, scopes: &[Scope]| {
            let scopes = scopes.iter().copied().collect();
            change(topic, None).is_within(ALICE, Some(&scopes))
        };
        let topics = ["lead", "sale", "member", "token", "invitation", "workspace"];
        for (scope, heard) in [
            (Scope::LeadsRead, &["lead", "member", "workspace"][..]),
            (Scope::SalesRead, &["sale", "workspace"]),
            (Scope::LeadsWrite, &["workspace"]),
            (Scope::Admin, &topics),
        ] {
            for topic in topics {
                assert_eq!(within(topic, &[scope]), heard.contains(&topic), "{scope} {topic}");
            }
        }
        let themselves = LiveChange { id: ALICE.uuid(), ..change("member", None) };
        assert!(themselves.is_within(ALICE, Some(&BTreeSet::new())));
        assert!(topics.iter().all(|topic| change(topic, None).is_within(ALICE, None)));
        assert!(!within("unheard_of", &[Scope::LeadsRead]));
    }

    #[test]
    fn a_topic_is_written_as_it_was_said_also_one_that_is_unheard_of() {
        for topic in ["lead", "unheard_of", ""] {
            let json = serde_json::to_value(change(topic, None)).unwrap();
            assert_eq!(json["topic"], topic);
            assert_eq!(serde_json::from_value::<LiveChange>(json).unwrap(), change(topic, None));
        }
    }

    #[test]
    fn a_notice_of_before_there_were_previous_owners_is_read() {
        let json = serde_json::to_value(change("lead", Some(BOB))).unwrap();
        assert!(json.get("owner_changed").is_none() && json.get("previous_owner").is_none());
        assert_eq!(serde_json::from_value::<LiveChange>(json).unwrap(), change("lead", Some(BOB)));
    }
}
