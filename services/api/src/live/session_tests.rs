//! What a client hears, and what ends the talk: a real client over a pipe, the house played.

use super::*;
use crate::live::caller::Caller;
use crate::live::caller::tests::{caller, change};
use crate::live::callers::Callers;
use crate::live::room::Pump;
use ael_events::answer::{Failed, Rejected};
use ael_events::command::Credential;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::values::Role as MemberRole;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Mutex;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use uuid::Uuid;

/// Stretches hold two changes, and a cursor is a number of changes.
const STRETCH: usize = 2;

/// The house, which remembers what happened.
struct Feed {
    log: Mutex<Vec<LiveChange>>,
    who: Mutex<Result<Caller, &'static str>>,
    is_away: Mutex<bool>,
    /// How long it takes to find what happened.
    takes: Mutex<Duration>,
}

impl Feed {
    fn answers<T>(&self, value: T) -> Result<T, ClientError> {
        let failed = || Failed { sentence: "away".to_owned(), retry_after_ms: 1 };
        if *self.is_away.lock().unwrap() { Err(ClientError::Failed(failed())) } else { Ok(value) }
    }
}

fn refusal(code: &str) -> ClientError {
    ClientError::Rejected(Rejected::new(code, "no"))
}

#[async_trait]
impl House for Feed {
    async fn who(&self, _: WorkspaceId, _: &Credential) -> Result<Caller, ClientError> {
        let who = self.who.lock().unwrap().clone();
        self.answers(())?;
        who.map_err(refusal)
    }

    async fn changes(
        &self,
        _: WorkspaceId,
        _: &Credential,
        cursor: Option<&str>,
    ) -> Result<Stretch, ClientError> {
        self.answers(())?;
        let takes = *self.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        let log = self.log.lock().unwrap();
        let now = log.len().to_string();
        let nothing = Stretch { cursor: now, is_end: true, ..Stretch::default() };
        let from: usize = match cursor {
            None => return Ok(nothing),
            Some("too old") => return Ok(Stretch { reset: true, ..nothing }),
            Some(cursor) => cursor.parse().map_err(|_| refusal("bad_cursor"))?,
        };
        let changes: Vec<_> = log.iter().skip(from).take(STRETCH).cloned().collect();
        let cursor = (from + changes.len()).to_string();
        Ok(Stretch { is_end: changes.len() < STRETCH, changes, cursor, reset: false })
    }
}

/// A workspace with one socket.
struct Hall {
    feed: Arc<Feed>,
    callers: Arc<Callers>,
    room: Arc<Room>,
    pump: Pump,
    stop: CancellationToken,
    options: Options,
    pipe: usize,
}

type Client = WebSocketStream<DuplexStream>;

impl Hall {
    fn new(role: MemberRole) -> Self {
        let feed = Arc::new(Feed {
            log: Mutex::default(),
            who: Mutex::new(Ok(caller(role, None))),
            is_away: Mutex::new(false),
            takes: Mutex::default(),
        });
        let callers = Callers::new(feed.clone(), 10);
        let (room, pump) = Room::new(8, callers.clone());
        let (stop, options) = (CancellationToken::new(), Options::default());
        Self { feed, callers, room: Arc::new(room), pump, stop, options, pipe: 65_536 }
    }

    /// Something happened, of which the room has not heard.
    fn happened(&self, change: &LiveChange) {
        self.feed.log.lock().unwrap().push(change.clone());
    }

    /// The room hears of it.
    fn said(&mut self, change: &LiveChange) {
        self.pump.pass_on(&serde_json::to_vec(change).unwrap());
    }

    fn changed(&mut self, change: &LiveChange) {
        self.happened(change);
        self.said(change);
    }

    async fn connect(&self, cursor: Option<&str>) -> (Client, JoinHandle<()>) {
        let (ours, theirs) = tokio::io::duplex(self.pipe);
        let token = format!("ael_{}_{}_secret", Uuid::from_u128(9), Uuid::from_u128(5));
        let workspace = change("lead", 1, 1).workspace;
        let seat = self.callers.admit(workspace, Credential::Token { token }).await.unwrap();
        let means = Means {
            seat,
            room: self.room.clone(),
            house: self.feed.clone(),
            options: Arc::new(self.options.clone()),
            stop: self.stop.clone(),
        };
        let config = WebSocketConfig::default().write_buffer_size(0).max_message_size(Some(4_096));
        let socket = WebSocketStream::from_raw_socket(ours, Role::Server, Some(config)).await;
        let session = Session::new(means, socket).run(cursor.map(str::to_owned));
        let running = tokio::spawn(session);
        (WebSocketStream::from_raw_socket(theirs, Role::Client, None).await, running)
    }

    /// A client that was greeted.
    async fn greeted(&self) -> Client {
        let (mut client, _) = self.connect(None).await;
        assert_eq!(next(&mut client).await["type"], "hello");
        client
    }
}

/// What is said next, pings aside.
async fn frame(client: &mut Client) -> Message {
    loop {
        match client.next().await.expect("the connection stands").expect("a frame") {
            Message::Ping(_) | Message::Pong(_) => {}
            said @ (Message::Text(_)
            | Message::Binary(_)
            | Message::Close(_)
            | Message::Frame(_)) => return said,
        }
    }
}

async fn next(client: &mut Client) -> Value {
    let said = frame(client).await;
    serde_json::from_str(said.to_text().expect("a message")).unwrap()
}

/// The version of the next change that is told.
async fn version(client: &mut Client) -> u64 {
    let said = next(client).await;
    assert_eq!(said["type"], "change", "{said}");
    said["version"].as_u64().unwrap()
}

async fn closes(client: &mut Client) -> u16 {
    let said = frame(client).await;
    let Message::Close(Some(frame)) = said else { panic!("no goodbye: {said:?}") };
    frame.code.into()
}

async fn say(client: &mut Client, text: &str) {
    client.send(Message::Text(text.into())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_is_greeted_and_hears_what_changes() {
    let mut hall = Hall::new(MemberRole::Manager);
    hall.happened(&change("lead", 7, 1));
    let (mut client, _session) = hall.connect(None).await;
    let hello = json!({ "type": "hello", "cursor": "1", "heartbeat_ms": 25_000 });
    assert_eq!(next(&mut client).await, hello);
    hall.changed(&change("lead", 7, 2));
    hall.changed(&change("token", 7, 2));
    hall.changed(&change("sale", 8, 1));
    assert_eq!(next(&mut client).await["topic"], "lead");
    assert_eq!(next(&mut client).await["topic"], "sale", "a token is not for managers");
}

#[tokio::test(start_paused = true)]
async fn an_agent_hears_once_of_a_lead_that_they_lose_and_then_no_more() {
    let mut hall = Hall::new(MemberRole::Agent);
    let mut client = hall.greeted().await;
    let alice = caller(MemberRole::Agent, None).member;
    let bob = Some(MemberId::from_uuid(Uuid::from_u128(2)));
    let own = |version, owner| LiveChange { owner, ..change("lead", 7, version) };
    hall.changed(&own(1, Some(alice)));
    let lost = own(2, bob);
    hall.changed(&LiveChange { owner_changed: true, previous_owner: Some(alice), ..lost });
    hall.changed(&own(3, bob));
    hall.changed(&LiveChange { owner: None, ..change("lead", 8, 44) });
    let heard = [version(&mut client).await, version(&mut client).await];
    assert_eq!((heard, version(&mut client).await), ([1, 2], 44));
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_hears_what_they_missed_and_then_what_happens_nothing_twice() {
    let mut hall = Hall::new(MemberRole::Manager);
    for number in 1..=5 {
        hall.happened(&change("lead", number, 10 + number as u64));
    }
    let (mut client, _session) = hall.connect(Some("1")).await;
    // They are said while it is being read what was missed.
    hall.said(&change("lead", 4, 14));
    hall.said(&change("lead", 5, 15));
    hall.changed(&change("lead", 6, 16));
    let hello = next(&mut client).await;
    assert_eq!((&hello["type"], &hello["cursor"]), (&json!("hello"), &json!("1")));
    for missed in 12..=16 {
        assert_eq!(version(&mut client).await, missed);
    }
    let cursor = next(&mut client).await;
    assert_eq!(cursor["type"], "cursor");
    // The room is late with what was read: it is not told again.
    hall.said(&change("lead", 5, 15));
    hall.changed(&change("lead", 5, 17));
    assert_eq!(version(&mut client).await, 17);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_say_once_what_it_missed() {
    let mut hall = Hall::new(MemberRole::Manager);
    hall.happened(&change("lead", 1, 11));
    let mut client = hall.greeted().await;
    hall.changed(&change("lead", 2, 12));
    assert_eq!(version(&mut client).await, 12);
    say(&mut client, r#"{"type":"resume","cursor":"0"}"#).await;
    assert_eq!(version(&mut client).await, 11, "and not once more what was told");
    assert_eq!(next(&mut client).await, json!({ "type": "cursor", "cursor": "2" }));
    say(&mut client, r#"{"type":"resume","cursor":"0"}"#).await;
    assert_eq!(closes(&mut client).await, 1008);
}

#[tokio::test(start_paused = true)]
async fn who_was_away_too_long_or_brings_no_cursor_of_ours_loads_everything_anew() {
    for cursor in ["too old", "nonsense"] {
        let hall = Hall::new(MemberRole::Manager);
        hall.happened(&change("lead", 1, 11));
        let (mut client, _session) = hall.connect(Some(cursor)).await;
        assert_eq!(next(&mut client).await["type"], "hello");
        let reload = json!({ "type": "reload", "cursor": "1" });
        assert_eq!(next(&mut client).await, reload, "{cursor}");
        assert_eq!(closes(&mut client).await, 4008, "{cursor}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told_to_reload_and_dropped() {
    let mut hall = Hall::new(MemberRole::Manager);
    hall.pipe = 64;
    let mut client = hall.greeted().await;
    for number in 1..=100 {
        hall.changed(&change("lead", number, 1));
        tokio::task::yield_now().await;
    }
    let mut told = 0;
    let reload = loop {
        let said = next(&mut client).await;
        if said["type"] != "change" {
            break said;
        }
        told += 1;
    };
    assert!(told < 20, "{told} were kept for a slow reader");
    assert_eq!(reload, json!({ "type": "reload", "cursor": "100" }));
    assert_eq!(closes(&mut client).await, 4008);
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_takes_nothing_is_dropped_without_a_word() {
    let mut hall = Hall::new(MemberRole::Manager);
    hall.pipe = 64;
    let (client, session) = hall.connect(None).await;
    for number in 1..=5 {
        hall.changed(&change("lead", number, 1));
    }
    let patience = hall.options.stuck_after * 2;
    timeout(patience, session).await.expect("it ends").unwrap();
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_no_ping_is_dropped_and_one_that_does_stays() {
    let hall = Hall::new(MemberRole::Manager);
    let (silent, gone) = hall.connect(None).await;
    let (mut lively, stays) = hall.connect(None).await;
    let began = Instant::now();
    let listening = tokio::spawn(async move { while lively.next().await.is_some() {} });
    gone.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), hall.options.silence.as_secs());
    tokio::time::sleep(hall.options.silence * 3).await;
    assert!(!stays.is_finished() && !listening.is_finished());
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_closes_the_socket() {
    let mut hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    *hall.feed.who.lock().unwrap() = Err("bad_token");
    hall.said(&change("token", 5, 2));
    assert_eq!(closes(&mut client).await, 4001);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_closes_the_socket_also_while_it_is_asked_what_was_missed() {
    let mut hall = Hall::new(MemberRole::Manager);
    hall.happened(&change("lead", 1, 11));
    *hall.feed.takes.lock().unwrap() = Duration::from_secs(3);
    let (mut client, _session) = hall.connect(Some("0")).await;
    assert_eq!(next(&mut client).await["type"], "hello");
    let began = Instant::now();
    *hall.feed.who.lock().unwrap() = Err("bad_token");
    hall.said(&change("token", 5, 2));
    assert_eq!(closes(&mut client).await, 4001, "and nothing is told any more");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_is_not_lost_because_it_took_long_to_find_what_it_missed() {
    let hall = Hall::new(MemberRole::Manager);
    for number in 1..=60 {
        hall.happened(&change("lead", number, 1));
    }
    *hall.feed.takes.lock().unwrap() = Duration::from_secs(3);
    let (mut client, _session) = hall.connect(Some("0")).await;
    assert_eq!(next(&mut client).await["type"], "hello");
    let began = Instant::now();
    for _ in 1..=60 {
        assert_eq!(version(&mut client).await, 1);
    }
    assert_eq!(next(&mut client).await["type"], "cursor");
    assert!(began.elapsed() > hall.options.silence, "{:?}", began.elapsed());
    *hall.feed.takes.lock().unwrap() = Duration::ZERO;
    hall.happened(&change("lead", 61, 2));
    assert_eq!(version(&mut client).await, 2, "it is there as before");
}

#[tokio::test(start_paused = true)]
async fn an_agent_hears_that_they_lost_a_lead_although_only_a_later_notice_came_through() {
    let mut hall = Hall::new(MemberRole::Agent);
    let alice = caller(MemberRole::Agent, None).member;
    let bob = Some(MemberId::from_uuid(Uuid::from_u128(2)));
    let bobs = |version| LiveChange { owner: bob, ..change("lead", 7, version) };
    let lost =
        |version| LiveChange { owner_changed: true, previous_owner: Some(alice), ..bobs(version) };
    let mut client = hall.greeted().await;
    // The notice of the handover gets lost; the next one is not for her.
    hall.happened(&lost(2));
    hall.said(&bobs(3));
    hall.changed(&change("lead", 8, 44));
    assert_eq!(version(&mut client).await, 44);
    assert_eq!(version(&mut client).await, 2);
    assert_eq!(next(&mut client).await["type"], "cursor");
    // What was told is not told again.
    hall.changed(&LiveChange { id: Uuid::from_u128(9), ..lost(5) });
    assert_eq!(version(&mut client).await, 5);
    assert_eq!(next(&mut client).await["type"], "cursor");
}

#[tokio::test(start_paused = true)]
async fn a_demotion_changes_what_is_heard() {
    let mut hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    let bobs = |version| {
        let owner = Some(MemberId::from_uuid(Uuid::from_u128(2)));
        LiveChange { owner, ..change("lead", 7, version) }
    };
    hall.changed(&bobs(1));
    assert_eq!(version(&mut client).await, 1);
    *hall.feed.who.lock().unwrap() = Ok(caller(MemberRole::Agent, None));
    hall.said(&change("member", 1, 2));
    assert_eq!(next(&mut client).await["topic"], "member");
    tokio::time::sleep(Duration::from_secs(1)).await;
    hall.changed(&bobs(2));
    hall.changed(&change("lead", 8, 33));
    assert_eq!(version(&mut client).await, 33);
}

#[tokio::test(start_paused = true)]
async fn a_restart_says_goodbye() {
    let hall = Hall::new(MemberRole::Manager);
    let (mut client, session) = hall.connect(None).await;
    assert_eq!(next(&mut client).await["type"], "hello");
    hall.stop.cancel();
    assert_eq!(closes(&mut client).await, 1012);
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nonsense_closes_the_socket_with_a_reason() {
    let too_long = "x".repeat(5_000);
    for (text, code) in [("{}", 1008), ("shout", 1008), (&too_long, 1009)] {
        let hall = Hall::new(MemberRole::Manager);
        let mut client = hall.greeted().await;
        say(&mut client, text).await;
        assert_eq!(closes(&mut client).await, code);
    }
    let hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    client.send(Message::Binary(vec![0, 159, 146, 150].into())).await.unwrap();
    assert_eq!(closes(&mut client).await, 1008);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_while_the_bus_was_away_is_told_when_it_is_back() {
    let mut hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    hall.changed(&change("lead", 1, 11));
    assert_eq!(version(&mut client).await, 11);
    hall.happened(&change("lead", 2, 12));
    let began = Instant::now();
    hall.pump.say(Notice::Gap);
    assert_eq!(version(&mut client).await, 12);
    assert!(began.elapsed() <= hall.options.gap_spread, "{:?}", began.elapsed());
    assert_eq!(next(&mut client).await, json!({ "type": "cursor", "cursor": "2" }));
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_got_lost_is_told_with_the_next_cursor() {
    let mut hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    hall.happened(&change("lead", 1, 11));
    assert_eq!(version(&mut client).await, 11);
    assert_eq!(next(&mut client).await["cursor"], "1");
    // Something is told: a cursor follows sooner.
    let began = Instant::now();
    hall.changed(&change("lead", 2, 12));
    assert_eq!(version(&mut client).await, 12);
    assert_eq!(next(&mut client).await, json!({ "type": "cursor", "cursor": "2" }));
    assert!(began.elapsed() < hall.options.cursor_every * 2);
}

#[tokio::test(start_paused = true)]
async fn an_older_version_is_never_told_after_a_newer_one() {
    let mut hall = Hall::new(MemberRole::Manager);
    let mut client = hall.greeted().await;
    hall.happened(&change("lead", 1, 11));
    hall.changed(&change("lead", 1, 12));
    assert_eq!(version(&mut client).await, 12);
    assert_eq!(next(&mut client).await, json!({ "type": "cursor", "cursor": "2" }));
}

#[tokio::test(start_paused = true)]
async fn while_the_house_is_away_a_client_waits_a_little_and_is_then_sent_away() {
    let hall = Hall::new(MemberRole::Manager);
    let (mut client, session) = {
        let connected = hall.connect(Some("0"));
        let connected = connected.await;
        *hall.feed.is_away.lock().unwrap() = true;
        connected
    };
    assert_eq!(next(&mut client).await["type"], "hello");
    let began = Instant::now();
    assert_eq!(closes(&mut client).await, 1013);
    let waited = began.elapsed();
    assert!(waited > hall.options.patience / 2 && waited <= hall.options.patience, "{waited:?}");
    session.await.unwrap();
}
