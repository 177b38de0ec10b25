//! What comes in: a subject that the bus server vouches for, and a body that is believed in
//! nothing.

use ael_events::answer::Rejected;
use ael_events::command::{
    AdvisorCommand, Command, CommandRequest, InvitationCommand, LeadCommand, TokenCommand,
};
use ael_events::ids::WorkspaceId;
use ael_events::subjects::{Edge, RequestSubject};
use ael_events::values::Role;
use chrono::Datelike as _;
use serde_json::json;
use std::ops::RangeInclusive;

/// A command as it came in, read and admitted to be looked at.
#[derive(Debug)]
pub(crate) struct Intake {
    /// Who brought it.
    pub(crate) edge: Edge,
    /// For which workspace.
    pub(crate) workspace: WorkspaceId,
    /// The use case's name, such as `lead.qualify`.
    pub(crate) name: String,
    /// What was asked.
    pub(crate) request: CommandRequest,
}

impl Intake {
    /// Reads a request and refuses what is malformed, misdirected or not this edge's to ask.
    pub(crate) fn read(subject: &str, payload: &[u8]) -> Result<Self, Rejected> {
        let Some(RequestSubject { edge, workspace, topic }) = RequestSubject::parse(subject) else {
            return Err(Rejected::new(
                "bad_subject",
                "a command is sent to ael.cmd.<edge>.<workspace>.<aggregate>",
            ));
        };
        let request: CommandRequest = serde_json::from_slice(payload).map_err(|error| {
            Rejected::new("malformed", format!("the command cannot be read: {error}"))
        })?;
        if request.command.aggregate().as_str() != topic {
            let is_for = request.command.aggregate();
            let sentence = format!("a command to a {is_for} was sent where {topic} commands go");
            return Err(Rejected::new("subject_mismatch", sentence));
        }
        if let Command::Workspace(to) = &request.command
            && to.id != workspace
        {
            let sentence = "the workspace in the command is not the one in its subject";
            return Err(Rejected::new("subject_mismatch", sentence));
        }
        let name = request.command.name();
        ael_auth::admit_command(edge, &name)?;
        agents_only(edge, &request.command)?;
        named(&request)?;
        within_the_calendar(&request)?;
        Ok(Self { edge, workspace, name, request })
    }
}

/// The nil id names nothing, here as everywhere.
fn named(request: &CommandRequest) -> Result<(), Rejected> {
    let is_nil = request.command.aggregate_id().is_some_and(|id| id.is_nil());
    if is_nil || request.command_id.uuid().is_nil() {
        return Err(Rejected::new("malformed", "an id of zeros names nothing: make a new id"));
    }
    Ok(())
}

/// The years that everything can show which keeps a moment: RFC 3339, the tables, the calendars of
/// those who read our events.
const YEARS: RangeInclusive<i32> = 1900..=9999;

/// An event with a moment that a table cannot hold would be poison for ever.
fn within_the_calendar(request: &CommandRequest) -> Result<(), Rejected> {
    let inside = if let Command::Lead(to) = &request.command
        && let LeadCommand::RecordAnalysis(record) = &to.command
    {
        Some(record.analysed_at)
    } else if let Command::Invitation(to) = &request.command
        && let InvitationCommand::Create(create) = &to.command
    {
        Some(create.expires_at)
    } else if let Command::Token(to) = &request.command
        && let TokenCommand::Create(create) = &to.command
    {
        create.expires_at
    } else if let Command::Advisor(to) = &request.command
        && let AdvisorCommand::RecordTraining(record) = &to.command
    {
        Some(record.training.trained_until)
    } else {
        None
    };
    for moment in request.occurred_at.into_iter().chain(inside) {
        if !YEARS.contains(&moment.year()) {
            let sentence = "a moment of that year cannot be kept: give one between 1900 and 9999";
            return Err(Rejected::new("malformed", sentence).with(json!({ "moment": moment })));
        }
    }
    Ok(())
}

/// The bot invites Agents only: a stolen bot makes no Admin.
fn agents_only(edge: Edge, command: &Command) -> Result<(), Rejected> {
    if let Command::Invitation(to) = command
        && let InvitationCommand::Create(create) = &to.command
        && edge == Edge::Bot
        && create.role != Role::Agent
    {
        let sentence = "the bot invites agents only: invite others from the dashboard";
        return Err(Rejected::new("not_allowed_here", sentence)
            .with(json!({ "edge": edge.token(), "role": create.role })));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::ids::{CommandId, LeadId};
    use ael_events::subjects;
    use ael_events::values::AggregateKind;
    use serde_json::Value;

    fn body(command: &Value) -> Vec<u8> {
        let request = json!({
            "command_id": CommandId::generate(),
            "credential": { "kind": "operator" },
            "command": command,
        });
        serde_json::to_vec(&request).unwrap()
    }

    fn note() -> Value {
        json!({ "lead": { "id": LeadId::generate(), "do": { "command": "mark_contacted" } } })
    }

    fn code(subject: &str, payload: &[u8]) -> String {
        Intake::read(subject, payload).unwrap_err().code
    }

    #[test]
    fn a_command_is_read_with_what_its_subject_says() {
        let workspace = WorkspaceId::generate();
        let subject = subjects::command(Edge::Api, workspace, AggregateKind::Lead);
        let intake = Intake::read(&subject, &body(&note())).unwrap();
        assert_eq!((intake.edge, intake.workspace), (Edge::Api, workspace));
        assert_eq!(intake.name, "lead.mark_contacted");
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_a_helpful_sentence_on_every_subject() {
        let workspace = WorkspaceId::generate();
        for kind in AggregateKind::ALL {
            let subject = subjects::command(Edge::Api, workspace, *kind);
            for broken in [&b""[..], b"{", b"null", b"[1]", b"\xff\xfe", b"{\"command_id\":1}"] {
                assert_eq!(code(&subject, broken), "malformed");
            }
            let deep = "[".repeat(100_000);
            assert_eq!(code(&subject, deep.as_bytes()), "malformed");
            let unknown = json!({ kind.as_str(): { "id": workspace, "do": { "command": "fly" } } });
            let refusal = Intake::read(&subject, &body(&unknown)).unwrap_err();
            assert!(refusal.sentence.contains("fly"), "{}", refusal.sentence);
        }
    }

    #[test]
    fn a_command_goes_where_its_subject_says_or_nowhere() {
        let workspace = WorkspaceId::generate();
        let sale = subjects::command(Edge::Api, workspace, AggregateKind::Sale);
        assert_eq!(code(&sale, &body(&note())), "subject_mismatch");
        assert_eq!(code("ael.cmd.nobody.x.lead", &body(&note())), "bad_subject");
        let settings = ael_events::values::WorkspaceSettings::standard().unwrap();
        let other = json!({ "workspace": { "id": WorkspaceId::generate(),
            "do": { "command": "change_settings", "settings": settings } } });
        let subject = subjects::command(Edge::Api, workspace, AggregateKind::Workspace);
        assert_eq!(code(&subject, &body(&other)), "subject_mismatch");
    }

    #[test]
    fn a_moment_that_no_table_can_hold_is_refused() {
        let workspace = WorkspaceId::generate();
        let subject = subjects::command(Edge::Api, workspace, AggregateKind::Lead);
        let at = |moment: &str| {
            let mut request: Value = serde_json::from_slice(&body(&note())).unwrap();
            request["occurred_at"] = moment.into();
            Intake::read(&subject, &serde_json::to_vec(&request).unwrap())
        };
        assert!(at("1900-01-01T00:00:00Z").is_ok() && at("2026-03-01T00:00:00Z").is_ok());
        for moment in ["-9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"] {
            assert_eq!(at(moment).unwrap_err().code, "malformed", "{moment}");
        }
    }

    #[test]
    fn the_nil_id_names_no_lead_and_no_command() {
        let workspace = WorkspaceId::generate();
        let subject = subjects::command(Edge::Api, workspace, AggregateKind::Lead);
        let nil = uuid::Uuid::nil();
        let nobody = json!({ "lead": { "id": nil, "do": { "command": "mark_contacted" } } });
        assert_eq!(code(&subject, &body(&nobody)), "malformed");
        let mut request: Value = serde_json::from_slice(&body(&note())).unwrap();
        request["command_id"] = nil.to_string().into();
        assert_eq!(code(&subject, &serde_json::to_vec(&request).unwrap()), "malformed");
    }

    #[test]
    fn an_edge_asks_only_what_its_row_says() {
        let workspace = WorkspaceId::generate();
        let subject = subjects::command(Edge::Transcription, workspace, AggregateKind::Lead);
        assert_eq!(code(&subject, &body(&note())), "not_allowed_here");
    }

    #[test]
    fn the_bot_invites_agents_only() {
        let workspace = WorkspaceId::generate();
        let subject = subjects::command(Edge::Bot, workspace, AggregateKind::Invitation);
        let invite = |role: Role| {
            let create = ael_events::command::CreateInvitation {
                name: "Ada".parse().unwrap(),
                email: None,
                role,
                language: ael_events::values::Language::En,
                code_hash: "0".repeat(64),
                expires_at: chrono::DateTime::UNIX_EPOCH,
                valid_hours: None,
            };
            let command = Command::Invitation(ael_events::command::To {
                id: ael_events::ids::InvitationId::generate(),
                command: create.into(),
            });
            body(&serde_json::to_value(command).unwrap())
        };
        assert!(Intake::read(&subject, &invite(Role::Agent)).is_ok());
        assert_eq!(code(&subject, &invite(Role::Manager)), "not_allowed_here");
        let api = subjects::command(Edge::Api, workspace, AggregateKind::Invitation);
        assert!(Intake::read(&api, &invite(Role::Admin)).is_ok());
    }
}
