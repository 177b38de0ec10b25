//! Accepted, refused, repeated: what a command is answered, the first time and again.

use crate::world::{World, acting_as, create, lead, message, named, note, refusal, request};
use ael_events::answer::{CommandAnswer, Rejected};
use ael_events::command::{ChangeSettings, Command, MarkContacted, PinNote, To, TokenCommand};
use ael_events::ids::{LeadId, NoteId};
use ael_events::subjects::{self, Edge, RELAY_WAKE};
use ael_events::values::{AggregateKind, Scope};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_accepted_command_is_in_the_store_and_says_where() {
    let world = World::start().await;
    let mut bell = world.bus("api").await.subscribe(RELAY_WAKE).await.unwrap();
    let id = LeadId::generate();
    let command = lead(id, create(named("Olena")));
    let accepted = world.ask(world.admin, command).await.unwrap();
    assert_eq!((accepted.aggregate_id, accepted.version), (id.uuid(), 1));
    assert!(accepted.position.is_some() && !accepted.repeated);
    let loaded = world.load(AggregateKind::Lead, id.uuid()).await;
    assert_eq!(loaded.events[0].event_type, "lead.created.v1");
    assert_eq!(loaded.events[0].metadata().unwrap().edge, "cli");
    assert_eq!(loaded.events[0].metadata().unwrap().actor.member(), Some(world.admin));
    let rung = tokio::time::timeout(Duration::from_secs(5), bell.next()).await.unwrap();
    assert!(rung.is_some(), "the relay is woken after the commit");
}

#[tokio::test]
async fn the_same_command_is_carried_out_once_and_answered_the_same() {
    let world = World::with_copies(2).await;
    let client = world.client(Edge::Cli).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let first = request(acting_as(world.admin), lead(id, message()));
    let accepted = client.command(world.workspace, &first).await.unwrap();
    for _ in 0..4 {
        let again = client.command(world.workspace, &first).await.unwrap();
        assert!(again.repeated);
        assert_eq!((again.version, again.position), (accepted.version, accepted.position));
    }
    let mut other = first.clone();
    other.command = lead(id, note("something else"));
    let refused = refusal(client.command(world.workspace, &other).await);
    assert_eq!(refused.code, "command_id_reused");
    let mut elsewhere = first.clone();
    elsewhere.correlation_id = Some(uuid::Uuid::now_v7());
    assert!(client.command(world.workspace, &elsewhere).await.unwrap().repeated);
    assert_eq!(world.load(AggregateKind::Lead, id.uuid()).await.version, 2);
}

#[tokio::test]
async fn the_same_id_of_another_person_is_another_command() {
    let world = World::start().await;
    let client = world.client(Edge::Cli).await;
    let other = world.member(ael_events::values::Role::Manager).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let mut asked = request(acting_as(world.admin), lead(id, message()));
    client.command(world.workspace, &asked).await.unwrap();
    asked.credential = acting_as(other);
    let accepted = client.command(world.workspace, &asked).await.unwrap();
    assert!(!accepted.repeated);
    assert_eq!(accepted.version, 3);
}

#[tokio::test]
async fn a_refusal_stands_for_its_command_even_when_the_reason_is_gone() {
    let world = World::start().await;
    let client = world.client(Edge::Cli).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let early = request(acting_as(world.admin), lead(id, MarkContacted {}));
    let refused = refusal(client.command(world.workspace, &early).await);
    assert_eq!(refused.code, "missing_details");
    let changes = json!({ "changes": { "email": "olena@example.com" } });
    let edit: ael_events::command::EditDetails = serde_json::from_value(changes).unwrap();
    world.ask(world.admin, lead(id, edit)).await.unwrap();
    assert_eq!(refusal(client.command(world.workspace, &early).await), refused);
    let anew = request(acting_as(world.admin), lead(id, MarkContacted {}));
    client.command(world.workspace, &anew).await.unwrap();
}

#[tokio::test]
async fn asked_again_for_a_secret_with_another_one_it_is_the_same_command() {
    let world = World::start().await;
    let client = world.client(Edge::Cli).await;
    let (token, make) = world.new_token(world.admin, &[Scope::Files]);
    let asked = request(acting_as(world.admin), make);
    client.command(world.workspace, &asked).await.unwrap();
    let anew = |label: &str| {
        let mut again = asked.clone();
        let Command::Token(to) = &mut again.command else { panic!() };
        let TokenCommand::Create(create) = &mut to.command else { panic!() };
        (create.secret_hash, create.label) = ("0b".repeat(32), label.parse().unwrap());
        again
    };
    assert!(client.command(world.workspace, &anew("for a test")).await.unwrap().repeated);
    assert_eq!(world.load(AggregateKind::Token, token.id.uuid()).await.version, 1);
    let refused = refusal(client.command(world.workspace, &anew("other")).await);
    assert_eq!(refused.code, "command_id_reused");
}

#[tokio::test]
async fn an_answer_that_an_earlier_release_kept_is_given_again() {
    let world = World::start().await;
    let client = world.client(Edge::Cli).await;
    let (_, make) = world.new_token(world.admin, &[Scope::Files]);
    let asked = request(acting_as(world.admin), make);
    // With the hash of the secret, as all of a command's body was kept then.
    let command = serde_json::to_string(&asked.command).unwrap();
    let (workspace, rest) = (world.workspace, r#""expected_version":null,"occurred_at":null"#);
    let written = format!(r#"{{"workspace":"{workspace}","command":{command},{rest}}}"#);
    let writer = world.writer().await;
    let fingerprint = writer.hmac(world.workspace).await.unwrap().fingerprint(written.as_bytes());
    let by = format!("member:{}", world.admin);
    let kept = Rejected::new("no_scopes", "kept by an earlier release");
    let id = asked.command_id;
    writer.record_rejection(workspace, &by, id, fingerprint, &kept).await.unwrap();
    assert_eq!(refusal(client.command(world.workspace, &asked).await), kept);
}

#[tokio::test]
async fn settings_change_one_by_one_and_the_same_change_again_is_the_same_command() {
    let world = World::with_copies(2).await;
    let client = world.client(Edge::Cli).await;
    let change = |settings: serde_json::Value| {
        let settings = serde_json::from_value(settings).unwrap();
        let command = ChangeSettings { settings }.into();
        let command = Command::Workspace(To { id: world.workspace, command });
        request(acting_as(world.admin), command)
    };
    let euros = change(json!({ "currency": "EUR" }));
    let first = client.command(world.workspace, &euros).await.unwrap();
    let stale = change(json!({ "stale_days": 3 }));
    client.command(world.workspace, &stale).await.unwrap();
    let again = client.command(world.workspace, &euros).await.unwrap();
    assert_eq!((again.repeated, again.version), (true, first.version));
    let loaded = world.load(AggregateKind::Workspace, world.workspace.uuid()).await;
    let settings = &loaded.events.last().unwrap().data["settings"];
    assert_eq!((&settings["currency"], &settings["stale_days"]), (&json!("EUR"), &json!(3)));
}

#[tokio::test]
async fn what_is_so_already_is_accepted_and_writes_nothing() {
    let world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let written = note("call back");
    let pin = PinNote { note_id: written.note_id };
    world.ask(world.admin, lead(id, written)).await.unwrap();
    world.ask(world.admin, lead(id, pin.clone())).await.unwrap();
    let client = world.client(Edge::Cli).await;
    let asked = request(acting_as(world.admin), lead(id, pin));
    let again = client.command(world.workspace, &asked).await.unwrap();
    assert_eq!((again.version, again.position, again.repeated), (3, None, false));
    world.ask(world.admin, lead(id, message())).await.unwrap();
    let repeated = client.command(world.workspace, &asked).await.unwrap();
    assert_eq!((repeated.version, repeated.position, repeated.repeated), (3, None, true));
    let unknown = PinNote { note_id: NoteId::generate() };
    assert_eq!(refusal(world.ask(world.admin, lead(id, unknown)).await).code, "no_such_note");
}

#[tokio::test]
async fn a_change_of_what_has_changed_is_refused_with_its_version() {
    let world = World::with_copies(2).await;
    let client = world.client(Edge::Cli).await;
    let id = world.lead(world.admin, named("Olena")).await;
    let mut asked = request(acting_as(world.admin), lead(id, message()));
    asked.expected_version = Some(1);
    assert_eq!(client.command(world.workspace, &asked).await.unwrap().version, 2);
    let mut late = request(acting_as(world.admin), lead(id, message()));
    late.expected_version = Some(1);
    let refused = refusal(client.command(world.workspace, &late).await);
    assert_eq!(refused.code, "version_conflict");
    assert_eq!(refused.details, json!({ "version": 2 }));
    // The one that was accepted is still answered the same.
    assert!(client.command(world.workspace, &asked).await.unwrap().repeated);
}

#[tokio::test]
async fn a_workspace_that_does_not_exist_has_no_leads() {
    let mut world = World::start().await;
    let elsewhere = ael_events::ids::WorkspaceId::generate();
    let asked = request(crate::world::operator(), lead(LeadId::generate(), create(named("Olena"))));
    let client = world.client(Edge::Cli).await;
    assert_eq!(refusal(client.command(elsewhere, &asked).await).code, "no_such_workspace");
    world.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused_on_every_subject_and_breaks_nothing() {
    let world = World::start().await;
    let wait = Duration::from_secs(5);
    for edge in Edge::ALL {
        let bus = world.bus(edge.token()).await;
        for kind in AggregateKind::ALL {
            let subject = subjects::command(edge, world.workspace, *kind);
            let deep = "[".repeat(200_000);
            for nonsense in [&b""[..], b"{", b"\xff", b"[]", deep.as_bytes()] {
                let answer = bus.request(&subject, nonsense.to_vec(), wait).await.unwrap();
                let answer: CommandAnswer = serde_json::from_slice(&answer).unwrap();
                let CommandAnswer::Rejected(rejected) = answer else { panic!("{answer:?}") };
                assert_eq!(rejected.code, "malformed");
            }
        }
        for rest in ["", ".x.lead", ".x.y.z"] {
            let subject = format!("ael.cmd.{edge}{rest}");
            let answer = bus.request(&subject, "{}", wait).await.unwrap();
            let answer: CommandAnswer = serde_json::from_slice(&answer).unwrap();
            let CommandAnswer::Rejected(rejected) = answer else { panic!("{answer:?}") };
            assert_eq!(rejected.code, "bad_subject");
        }
    }
    let lead = world.lead(world.admin, named("Olena")).await;
    assert_eq!(world.load(AggregateKind::Lead, lead.uuid()).await.version, 1);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let mut import = create(named("Olena"));
    import.profile.pain_points = (0..300).map(|_| "x".repeat(1_000).parse().unwrap()).collect();
    let refused = refusal(world.ask(world.admin, lead(id, import)).await);
    assert_eq!(refused.code, "too_large");
}
