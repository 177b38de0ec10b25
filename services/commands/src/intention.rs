//! What makes two requests with one id the same: everything that is asked, but not who proves what,
//! in which story it stands, or which secret an edge made for it.

use crate::intake::Intake;
use ael_events::actor::Actor;
use ael_events::command::{Command, InvitationCommand, MemberRef, TokenCommand};
use ael_events::ids::WorkspaceId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::borrow::Cow;

/// What is asked, as bytes that are the same whenever the same is intended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Intention {
    /// The bytes.
    pub(crate) body: Vec<u8>,
    /// The bytes as earlier releases had them, where they differ: answers are kept for ever.
    pub(crate) earlier: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct Body<'a> {
    workspace: WorkspaceId,
    command: &'a Command,
    expected_version: Option<u64>,
    occurred_at: Option<DateTime<Utc>>,
}

impl Intention {
    /// What this actor intends.
    pub(crate) fn of(intake: &Intake, by: &Actor) -> Result<Self, serde_json::Error> {
        let Intake { workspace, request, .. } = intake;
        let written = |command: &Command| {
            serde_json::to_vec(&Body {
                workspace: *workspace,
                command,
                expected_version: request.expected_version,
                occurred_at: request.occurred_at,
            })
        };
        let command = spelled_out(&request.command, by);
        let Some(bare) = without_secret(&command) else {
            return Ok(Self { body: written(&command)?, earlier: None });
        };
        Ok(Self { body: written(&bare)?, earlier: Some(written(&command)?) })
    }
}

/// The command with whoever asks by their id: whether they said `me` or who they are, they mean
/// the same.
fn spelled_out<'a>(command: &'a Command, by: &Actor) -> Cow<'a, Command> {
    let Some(me) = by.member().map(MemberRef::Id) else { return Cow::Borrowed(command) };
    let mut command = Cow::Borrowed(command);
    if let Command::Member(to) = &*command
        && to.id == MemberRef::Me
        && let Command::Member(to) = command.to_mut()
    {
        to.id = me;
    } else if let Command::Token(to) = &*command
        && let TokenCommand::Create(create) = &to.command
        && create.member_id == MemberRef::Me
        && let Command::Token(to) = command.to_mut()
        && let TokenCommand::Create(create) = &mut to.command
    {
        create.member_id = me;
    }
    command
}

/// The command without what the edge makes anew each time that it is asked, if there is such:
/// whoever asks again for a secret that they did not get has another made, and intends the same.
fn without_secret(command: &Command) -> Option<Command> {
    let (Command::Token(_) | Command::Invitation(_)) = command else { return None };
    let mut bare = command.clone();
    if let Command::Token(to) = &mut bare
        && let TokenCommand::Create(create) = &mut to.command
    {
        create.secret_hash.clear();
    } else if let Command::Invitation(to) = &mut bare
        && let InvitationCommand::Create(create) = &mut to.command
    {
        create.code_hash.clear();
        if create.valid_hours.is_some() {
            create.expires_at = DateTime::UNIX_EPOCH;
        }
    } else {
        return None;
    }
    Some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::command::{CommandRequest, Credential};
    use ael_events::ids::{CommandId, MemberId};
    use ael_events::subjects::Edge;
    use ael_events::values::Role;
    use serde_json::{Value, json};

    const ADA: MemberId = MemberId::from_uuid(uuid::Uuid::from_u128(7));

    fn asked(command: &Value) -> Intake {
        let command: Command = serde_json::from_value(command.clone()).unwrap();
        let name = command.name();
        let request = CommandRequest {
            command_id: CommandId::generate(),
            credential: Credential::Operator { as_member: None },
            expected_version: None,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command,
        };
        let workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(1));
        Intake { edge: Edge::Api, workspace, name, request }
    }

    fn intention(intake: &Intake) -> Intention {
        Intention::of(intake, &Actor::Member { id: ADA, role: Role::Admin }).unwrap()
    }

    fn token(member: &str, secret: &str, label: &str) -> Value {
        json!({ "token": { "id": ADA, "do": { "command": "create", "member_id": member,
            "label": label, "secret_hash": secret, "scopes": ["files"] } } })
    }

    fn invitation(code: &str, expires_at: &str, valid_hours: Option<u32>) -> Value {
        let mut create = json!({ "command": "create", "name": "Ada", "role": "agent",
            "language": "en", "code_hash": code, "expires_at": expires_at });
        if let Some(hours) = valid_hours {
            create["valid_hours"] = hours.into();
        }
        json!({ "invitation": { "id": ADA, "do": create } })
    }

    fn same(one: &Value, other: &Value) -> bool {
        intention(&asked(one)).body == intention(&asked(other)).body
    }

    #[test]
    fn the_same_is_intended_whatever_the_story() {
        let mark = json!({ "lead": { "id": ADA, "do": { "command": "mark_contacted" } } });
        let (first, mut again) = (asked(&mark), asked(&mark));
        again.request.correlation_id = Some(uuid::Uuid::now_v7());
        assert_eq!(intention(&first), intention(&again));
        again.request.expected_version = Some(3);
        assert_ne!(intention(&first), intention(&again));
    }

    #[test]
    fn a_secret_that_was_made_anew_is_no_other_intention_and_everything_else_is() {
        let me = ADA.to_string();
        assert!(same(&token(&me, "a", "form"), &token(&me, "b", "form")));
        assert!(!same(&token(&me, "a", "form"), &token(&me, "a", "backup")));
        let (noon, later) = ("2030-01-01T12:00:00Z", "2030-01-01T12:00:01Z");
        let two_days = |code, end| invitation(code, end, Some(48));
        assert!(same(&two_days("a", noon), &two_days("b", later)));
        assert!(!same(&two_days("a", noon), &invitation("a", noon, Some(24))));
        assert!(same(&invitation("a", noon, None), &invitation("b", noon, None)));
        assert!(!same(&invitation("a", noon, None), &invitation("a", later, None)));
    }

    #[test]
    fn whoever_says_me_means_themselves() {
        let language = |member: &str| {
            let change = json!({ "command": "change_language", "language": "en" });
            json!({ "member": { "id": member, "do": change } })
        };
        let (me, other) = (ADA.to_string(), MemberId::generate().to_string());
        assert!(same(&language("me"), &language(&me)) && !same(&language("me"), &language(&other)));
        let token = |member: &str| token(member, "a", "form");
        assert!(same(&token("me"), &token(&me)) && !same(&token("me"), &token(&other)));
    }

    #[test]
    fn what_an_earlier_release_kept_is_still_known() {
        let kept = |command: &str| {
            let workspace = "00000000-0000-0000-0000-000000000001";
            let body = r#","expected_version":null,"occurred_at":null}"#;
            format!(r#"{{"workspace":"{workspace}","command":{command}{body}"#).into_bytes()
        };
        let id = ADA.to_string();
        let make = format!(r#"{{"token":{{"id":"{id}","do":{{"command":"create","#)
            + &format!(r#""member_id":"{id}","label":"form","#)
            + r#""secret_hash":"abc","scopes":["files"]}}}"#;
        assert_eq!(intention(&asked(&token("me", "abc", "form"))).earlier, Some(kept(&make)));
        let invite = format!(r#"{{"invitation":{{"id":"{id}","do":{{"command":"create","#)
            + r#""name":"Ada","role":"agent","language":"en","code_hash":"abc","#
            + r#""expires_at":"2030-01-01T12:00:00Z"}}}"#;
        let asked_again = asked(&invitation("abc", "2030-01-01T12:00:00Z", None));
        assert_eq!(intention(&asked_again).earlier, Some(kept(&invite)));
        let rename =
            format!(r#"{{"member":{{"id":"{id}","do":{{"command":"rename","name":"Ada"}}}}}}"#);
        let Intention { body, earlier } =
            intention(&asked(&serde_json::from_str(&rename).unwrap()));
        assert_eq!((body, earlier), (kept(&rename), None));
    }
}
