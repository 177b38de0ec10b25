//! The server refuses each user whatever the topology does not give it.

use crate::server::{eventually, on_every_server};
use ael_bus::{Bus, Handler, Request, ServeOptions, Unhandled, topology::Permissions};
use ael_events::subjects::COMMANDS;
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// No user may say or hear this: when its refusal has come, all earlier ones have.
const LAST: &str = "ael.nothing.last";

/// Whether an allowed subject (with wildcards) covers a subject (with wildcards).
fn covers(allowed: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in allowed.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(token)) if token != ">" => {}
            (_, Some(token)) if token == wanted => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

/// A subject without wildcards below a pattern.
fn concrete(pattern: &str) -> String {
    let token =
        |token: &str| if matches!(token, "*" | ">") { "w".into() } else { token.to_owned() };
    pattern.split('.').map(token).collect::<Vec<_>>().join(".")
}

/// Subjects of the server's own that no service may use, besides all that other users may.
const FORBIDDEN: [&str; 12] = [
    "$JS.API.STREAM.DELETE.EVENTS",
    "$JS.API.STREAM.PURGE.EVENTS",
    "$JS.API.STREAM.CREATE.EVENTS",
    "$JS.API.STREAM.UPDATE.EVENTS",
    "$JS.API.STREAM.LIST",
    "$JS.API.CONSUMER.CREATE.EVENTS.mine",
    "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine",
    "$JS.API.CONSUMER.DELETE.EVENTS.projector-00",
    "$JS.API.INFO",
    "$SYS.REQ.SERVER.PING",
    "ael.evt.00.w.lead.qualified",
    "somewhere.else",
];

async fn refused(bus: &Bus, verb: &str, subjects: &BTreeSet<String>) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    let subjects: Vec<&String> = subjects.iter().collect();
    // Fewer than the client remembers, and than it queues.
    for some in subjects.chunks(50) {
        bus.flush().await.unwrap();
        let before = bus.refusals().len();
        let last = LAST.to_owned();
        let mut heard = Vec::new();
        for subject in some.iter().copied().chain([&last]) {
            if verb == "Publish" {
                bus.publish(subject, "").await.unwrap();
            } else {
                heard.push(bus.subscribe(subject).await.unwrap());
            }
        }
        let ours = || {
            let all = bus.refusals();
            let quoted = |refusal: &String| {
                let (_, rest) = refusal.split_once(verb)?;
                rest.split('"').nth(1).map(str::to_owned)
            };
            all.iter().skip(before).filter_map(quoted).collect::<Vec<_>>()
        };
        eventually("the server refused the last", async || ours().iter().any(|s| s == LAST)).await;
        refused.extend(ours().into_iter().filter(|subject| subject != LAST));
    }
    refused
}

#[tokio::test]
async fn each_user_may_say_and_hear_its_own_and_nothing_else() {
    on_every_server(async |server| {
        server.ready().await;
        let topology = &server.topology;
        let all: Vec<Permissions> =
            topology.users.iter().map(|user| topology.permissions(user)).collect();
        let said: BTreeSet<String> = all
            .iter()
            .flat_map(|permissions| &permissions.publish)
            .map(|pattern| concrete(pattern))
            .chain(FORBIDDEN.map(str::to_owned))
            .collect();
        let of_queue = |subject: &String| subject.split(' ').next().unwrap().to_owned();
        let heard: BTreeSet<String> = all
            .iter()
            .flat_map(|permissions| &permissions.subscribe)
            .map(of_queue)
            .chain(["ael.evt.>", "ael.>", "_INBOX.>", "$JS.>", "$KV.>", ">"].map(str::to_owned))
            .chain(["*.*", "_INBOX_*.>", "$SYS.>"].map(str::to_owned))
            .collect();
        for user in topology.users.iter().filter(|user| !user.administers) {
            let permissions = topology.permissions(user);
            let may = |subject: &String| permissions.publish.iter().any(|p| covers(p, subject));
            let expected: BTreeSet<String> = said.iter().filter(|s| !may(s)).cloned().collect();
            let mut refused_to_say = BTreeSet::new();
            // A new connection for each part, so that no more refusals come than are remembered.
            for part in said.iter().cloned().collect::<Vec<_>>().chunks(200) {
                let bus = server.bus(&user.name).await;
                let part = part.iter().cloned().collect();
                refused_to_say.extend(refused(&bus, "Publish", &part).await);
            }
            assert_eq!(refused_to_say, expected, "{} publishes", user.name);

            // A subject that is served in a queue may not be heard outside of it.
            let plain = |p: &&String| !p.contains(' ');
            let own: Vec<&String> = permissions.subscribe.iter().filter(plain).collect();
            let may = |subject: &String| own.iter().any(|p| covers(p, subject));
            let expected: BTreeSet<String> = heard.iter().filter(|s| !may(s)).cloned().collect();
            let bus = server.bus(&user.name).await;
            assert_eq!(refused(&bus, "Subscription", &heard).await, expected, "{}", user.name);
        }
    })
    .await;
}

struct Secretive;

impl Handler for Secretive {
    async fn handle(&self, _: Request) -> Bytes {
        Bytes::from("the secret")
    }
    fn unhandled(&self, _: &str, _: Unhandled) -> Bytes {
        Bytes::new()
    }
}

#[tokio::test]
async fn no_service_overhears_anothers_answers() {
    on_every_server(async |server| {
        let commands = server.bus("commands").await;
        let stop = CancellationToken::new();
        let options = ServeOptions::new(COMMANDS);
        let _task = commands.serve(options, Arc::new(Secretive), stop).await.unwrap();
        let (mut ears, mut clients) = (Vec::new(), Vec::new());
        for user in server.topology.users.iter().filter(|user| user.name != "cli") {
            let raw = server.raw(&user.name).await;
            for subject in ["_INBOX_cli.>", "_INBOX_cli.*", "_INBOX_*.>", "*.>", ">"] {
                ears.push((user.name.clone(), raw.subscribe(subject).await.unwrap()));
            }
            settle(&raw).await;
            clients.push(raw);
        }
        let cli = server.bus("cli").await;
        for _ in 0..20 {
            let answer = cli.request("ael.cmd.cli.w.lead", "?", Duration::from_secs(5)).await;
            assert_eq!(answer.unwrap(), "the secret");
        }
        for client in &clients {
            settle(client).await;
        }
        for (user, mut ear) in ears {
            if let Some(Some(message)) = ear.next().now_or_never() {
                panic!("{user} overheard {message:?}");
            }
        }
    })
    .await;
}

/// A responder may answer what it was asked, once, and cannot write to inboxes otherwise.
#[tokio::test]
async fn a_responder_answers_once_and_only_who_asked() {
    on_every_server(async |server| {
        let commands = server.raw("commands").await;
        let cli = server.raw("cli").await;
        let mut asked = commands.queue_subscribe(COMMANDS.0, COMMANDS.1.to_owned()).await.unwrap();
        settle(&commands).await;
        let mut inbox = cli.subscribe("_INBOX_cli.mine").await.unwrap();
        settle(&cli).await;
        commands.publish("_INBOX_cli.mine", "unasked".into()).await.unwrap();
        settle(&commands).await;
        cli.publish_with_reply("ael.cmd.cli.w.lead", "_INBOX_cli.mine", "?".into()).await.unwrap();
        let reply = asked.next().await.unwrap().reply.unwrap();
        for answer in ["first", "second", "third"] {
            commands.publish(reply.clone(), answer.into()).await.unwrap();
        }
        settle(&commands).await;
        settle(&cli).await;
        let mut received = Vec::new();
        while let Some(Some(answer)) = inbox.next().now_or_never() {
            received.push(answer.payload);
        }
        assert_eq!(received, ["first"]);
    })
    .await;
}

/// The server does not ask whether the asker may speak where it wants its answer, so nothing that a
/// service wrote itself may come back as it was: neither from a bucket nor from a responder.
#[tokio::test]
async fn nobody_borrows_the_voice_of_whoever_answers() {
    on_every_server(async |server| {
        server.ready().await;
        let forged = r#"{"specversion":"1.0","id":"forged"}"#;
        let (bot, api) = (server.raw("bot").await, server.raw("api").await);
        let relay = server.bus("relay").await;
        let commands = server.bus("commands").await;
        let stop = CancellationToken::new();
        let answering = commands.serve(ServeOptions::new(COMMANDS), Arc::new(Echo), stop.clone());
        let answering = answering.await.unwrap();
        let event = "ael.evt.00.w.lead.transferred";
        let key = "$KV.bot_dialogues.mine";
        bot.publish(key, forged.into()).await.unwrap();
        settle(&bot).await;
        let last = format!("{{\"last_by_subj\":\"{key}\"}}");
        for (subject, body) in [
            (format!("$JS.API.DIRECT.GET.KV_bot_dialogues.{key}"), ""),
            ("$JS.API.DIRECT.GET.KV_bot_dialogues".to_owned(), last.as_str()),
            ("$JS.API.STREAM.MSG.GET.KV_bot_dialogues".to_owned(), last.as_str()),
        ] {
            bot.publish_with_reply(subject, event, body.to_owned().into()).await.unwrap();
        }
        settle(&bot).await;
        api.publish_with_reply("ael.cmd.api.w.lead", event, forged.into()).await.unwrap();
        let inbox = api.new_inbox();
        api.request("ael.cmd.api.w.lead", inbox.into()).await.unwrap();
        stop.cancel();
        answering.await.unwrap();
        commands.flush().await.unwrap();
        let stream = relay.stream(ael_events::subjects::EVENTS);
        for sequence in 1..=stream.state().await.unwrap().last_sequence {
            let message = stream.message_at(sequence).await.unwrap().unwrap();
            assert_ne!(message.payload, forged, "{}", message.subject);
        }
    })
    .await;
}

struct Echo;

impl Handler for Echo {
    async fn handle(&self, request: Request) -> Bytes {
        request.payload
    }

    fn unhandled(&self, _subject: &str, _why: Unhandled) -> Bytes {
        Bytes::new()
    }
}

/// Waits until the server has done all that this client asked, and all that it has for it is here.
async fn settle(client: &async_nats::Client) {
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.unwrap();
    client.publish(inbox, Bytes::new()).await.unwrap();
    echo.next().await.unwrap();
}
