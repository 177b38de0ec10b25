//! `/ws`: what changed, told to whoever may know, by two copies of the API that behave as one.

use crate::house::{House, PATIENCE, items};
use ael_events::subjects::WS_TICKETS;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Where a copy of the API listens: `host:port`.
fn address(house: &House, copy: usize) -> String {
    let name = if copy == 1 { "http".to_owned() } else { format!("http-{copy}") };
    let endpoints = house.running().state().endpoints.clone();
    let url = endpoints.get(&name).unwrap_or_else(|| panic!("no {name} in {endpoints:?}"));
    url.strip_prefix("http://").unwrap().to_owned()
}

fn token(house: &House, arguments: &[&str]) -> String {
    let mut all = vec!["token", "create", "for a test"];
    all.extend(arguments);
    house.json(&all)["token"].as_str().unwrap().to_owned()
}

fn id_of(answer: &Value) -> String {
    answer["aggregate_id"].as_str().or(answer["id"].as_str()).unwrap().to_owned()
}

fn lead(house: &House, arguments: &[&str]) -> String {
    let mut all = vec!["lead", "create"];
    all.extend(arguments);
    id_of(&house.json(&all))
}

/// A client with a socket.
struct Ear(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Ear {
    async fn try_open(address: &str, query: &str, token: Option<&str>) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/api/v1/ws{query}").into_client_request().unwrap();
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(SocketError::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{address}: {error}"),
        }
    }

    /// Opens and is greeted.
    async fn open(address: &str, query: &str, token: Option<&str>) -> (Self, Value) {
        let mut ear = Self::try_open(address, query, token).await.unwrap();
        let hello = ear.hear().await;
        assert_eq!(hello["type"], "hello", "{hello}");
        (ear, hello)
    }

    async fn frame(&mut self) -> Message {
        loop {
            let frame = timeout(PATIENCE, self.0.next()).await.unwrap();
            match frame.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                said @ (Message::Text(_)
                | Message::Binary(_)
                | Message::Close(_)
                | Message::Frame(_)) => return said,
            }
        }
    }

    async fn hear(&mut self) -> Value {
        let said = self.frame().await;
        let Message::Text(text) = &said else { panic!("no message: {said:?}") };
        serde_json::from_str(text).unwrap()
    }

    /// Hears until this is said; gives all that was said before it, too.
    async fn hear_until(&mut self, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            all.push(self.hear().await);
            if is_it(&all[all.len() - 1]) {
                return all;
            }
        }
    }

    async fn closes(&mut self) -> u16 {
        loop {
            let said = self.frame().await;
            if let Message::Close(Some(frame)) = said {
                return frame.code.into();
            }
            assert!(said.is_text(), "no goodbye: {said:?}");
        }
    }
}

fn is_change(said: &Value, topic: &str, id: &str) -> bool {
    said["type"] == "change" && said["topic"] == topic && said["id"] == id
}

/// A ticket, got as a browser would.
async fn ticket(address: &str, token: &str) -> Value {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/ws/ticket HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 201"), "{answer}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_know_hears_what_changes_and_reads_it_at_once() {
    let house = House::start(&["--copies", "2"]);
    house.said_by(&["member", "add", "Ira Melnyk", "--role", "agent"]);
    house.said_by(&["member", "add", "Taras Bondar", "--role", "agent"]);
    let admin = token(&house, &["--scope", "admin"]);
    let ira = token(&house, &["--member", "ira", "--scope", "leads:read"]);
    let sales = token(&house, &["--scope", "sales:read"]);
    let (mut admin, _) = Ear::open(&address(&house, 1), "", Some(&admin)).await;
    let (mut ira, _) = Ear::open(&address(&house, 2), "", Some(&ira)).await;
    let (mut sales, _) = Ear::open(&address(&house, 2), "", Some(&sales)).await;

    let own = ["--name", "Олена", "--phone", "0671234567", "--domain", "first", "--owner", "ira"];
    let own = lead(&house, &own);
    let foreign = lead(&house, &["--name", "Павло", "--phone", "0671234568", "--owner", "taras"]);
    let nobodys = lead(&house, &["--name", "Марія", "--phone", "0671234569"]);
    house.said_by(&["--as", "ira", "lead", "contact", &own]);

    let heard = admin.hear_until(|said| is_change(said, "lead", &own) && said["version"] == 2);
    let heard = heard.await;
    for id in [&own, &foreign, &nobodys] {
        assert!(heard.iter().any(|said| is_change(said, "lead", id)), "{id}: {heard:?}");
    }
    let heard = ira.hear_until(|said| is_change(said, "lead", &own) && said["version"] == 2).await;
    assert!(heard.iter().any(|said| is_change(said, "lead", &nobodys)), "{heard:?}");
    assert!(!heard.iter().any(|said| is_change(said, "lead", &foreign)), "{heard:?}");

    // The lead changes hands: who loses it hears of that, and of nothing that follows.
    house.said_by(&["lead", "assign", &own, "taras"]);
    let lost = ira.hear().await;
    assert!(is_change(&lost, "lead", &own) && lost["version"] == 3, "{lost}");
    house.said_by(&["--as", "taras", "lead", "qualify", &own]);
    house.said_by(&["lead", "transfer", &own, "--reason", "all is agreed"]);
    let next = lead(&house, &["--name", "Назар"]);
    let heard = ira.hear().await;
    assert!(is_change(&heard, "lead", &next), "{heard}");
    let sale = sales.hear().await;
    assert_eq!((&sale["topic"], &sale["version"]), (&json!("sale"), &json!(1)), "{sale}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_to_another_copy_hears_what_they_missed_once() {
    let house = House::start(&["--copies", "2"]);
    let admin = token(&house, &["--scope", "admin"]);
    let (ear, hello) = Ear::open(&address(&house, 1), "", Some(&admin)).await;
    let cursor = hello["cursor"].as_str().unwrap();
    drop(ear);
    let missed: Vec<String> =
        (0..5).map(|number| lead(&house, &["--name", &format!("Missed {number}")])).collect();
    house.assert_sound();
    let query = format!("?cursor={cursor}");
    let (mut ear, _) = Ear::open(&address(&house, 2), &query, Some(&admin)).await;
    let heard = ear.hear_until(|said| said["type"] == "cursor").await;
    let ids: Vec<&str> = heard.iter().filter_map(|said| said["id"].as_str()).collect();
    assert_eq!(ids, missed, "in order, and each once");
    let next = lead(&house, &["--name", "Live"]);
    assert!(is_change(&ear.hear().await, "lead", &next));

    // A narrower token hears of less, also of what was missed.
    let sales = token(&house, &["--scope", "sales:read"]);
    let (mut sales, _) = Ear::open(&address(&house, 2), &query, Some(&sales)).await;
    assert_eq!(sales.hear().await["type"], "cursor");

    let nonsense = format!("{query}nonsense");
    let (mut ear, _) = Ear::open(&address(&house, 1), &nonsense, Some(&admin)).await;
    assert_eq!(ear.hear().await["type"], "reload");
    assert_eq!(ear.closes().await, 4008);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_was_away_hears_that_they_lost_a_lead_and_nothing_of_what_followed() {
    let house = House::start(&[]);
    house.said_by(&["member", "add", "Ira Melnyk", "--role", "agent"]);
    house.said_by(&["member", "add", "Taras Bondar", "--role", "agent"]);
    let ira = token(&house, &["--member", "ira", "--scope", "leads:read"]);
    let own = ["--name", "Олена", "--phone", "0671234567", "--domain", "first", "--owner", "ira"];
    let own = lead(&house, &own);
    let (ear, hello) = Ear::open(&address(&house, 1), "", Some(&ira)).await;
    drop(ear);
    house.said_by(&["lead", "assign", &own, "taras"]);
    house.said_by(&["--as", "taras", "lead", "contact", &own]);
    house.until("the read models show what followed", || {
        let history = house.json(&["lead", "history", &own]);
        items(&history).iter().any(|it| it["version"] == 3).then_some(())
    });
    let query = format!("?cursor={}", hello["cursor"].as_str().unwrap());
    let (mut ear, _) = Ear::open(&address(&house, 1), &query, Some(&ira)).await;
    let heard = ear.hear_until(|said| said["type"] == "cursor").await;
    let of_own: Vec<&Value> = heard.iter().filter(|said| said["id"] == own.as_str()).collect();
    assert_eq!(of_own.len(), 1, "{heard:?}");
    assert_eq!(of_own[0]["version"], 2, "as it changed hands: {heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_socket_on_whichever_copy_and_the_bus_holds_no_open_secret() {
    let house = House::start(&["--copies", "2"]);
    let admin = token(&house, &["--scope", "admin"]);
    let issued = ticket(&address(&house, 1), &admin).await;
    let text = issued["ticket"].as_str().unwrap();
    let kept = house.bus("api").await.stream(&format!("KV_{WS_TICKETS}"));
    let last = kept.state().await.unwrap().last_sequence;
    let kept = kept.message_at(last).await.unwrap().unwrap();
    let holds = |part: &str| kept.payload.windows(part.len()).any(|it| it == part.as_bytes());
    assert!(!kept.subject.contains(text) && !holds(text) && !holds(&admin));

    // Both copies at once: one gets in.
    let query = format!("?ticket={text}");
    let (one, two) = (address(&house, 1), address(&house, 2));
    let (one, two) =
        tokio::join!(Ear::try_open(&one, &query, None), Ear::try_open(&two, &query, None));
    let opened = [one.is_ok(), two.is_ok()];
    assert_eq!(opened.iter().filter(|is| **is).count(), 1, "{opened:?}");
    let refused = [one.err(), two.err()];
    assert!(refused.contains(&Some(401)), "{refused:?}");

    for (query, token, status) in [
        (query.as_str(), None, 401),
        ("?ticket=nonsense", None, 401),
        ("", None, 401),
        ("", Some("ael_x"), 401),
        ("?colour=red", Some(admin.as_str()), 422),
    ] {
        let refused = Ear::try_open(&address(&house, 2), query, token).await.err();
        assert_eq!(refused, Some(status), "{query} {token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_a_demotion_and_a_restart_are_felt_at_once() {
    let mut house = House::start(&[]);
    house.said_by(&["member", "add", "Bohdan Koval", "--role", "manager"]);
    house.said_by(&["member", "add", "Ira Melnyk", "--role", "agent"]);
    let api = address(&house, 1);
    let tokens = ["bohdan", "ira"]
        .map(|member| token(&house, &["--member", member, "--scope", "leads:read"]));
    let admin = token(&house, &["--scope", "admin"]);
    let (mut bohdan, _) = Ear::open(&api, "", Some(&tokens[0])).await;
    let (mut ira, _) = Ear::open(&api, "", Some(&tokens[1])).await;
    let (mut admin, _) = Ear::open(&api, "", Some(&admin)).await;

    let listed = house.json(&["token", "list"]);
    let iras = tokens[1].split('_').nth(2).unwrap();
    let id = items(&listed).iter().find(|it| it["id"] == iras).unwrap()["id"].as_str().unwrap();
    house.said_by(&["token", "revoke", id]);
    let revoked = Instant::now();
    assert_eq!(ira.closes().await, 4001);
    assert!(revoked.elapsed() < Duration::from_secs(2), "{:?}", revoked.elapsed());
    assert_eq!(Ear::try_open(&api, "", Some(&tokens[1])).await.err(), Some(401));

    house.said_by(&["member", "role", "bohdan", "agent"]);
    let demoted = bohdan.hear_until(|said| said["topic"] == "member").await;
    assert_eq!(demoted.len(), 1, "{demoted:?}");
    // The rule binds within a second: what is told after that keeps to it.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_200) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let foreign = lead(&house, &["--name", "Павло", "--phone", "0671234568", "--owner", "ira"]);
    let nobodys = lead(&house, &["--name", "Марія"]);
    let heard = bohdan.hear_until(|said| is_change(said, "lead", &nobodys)).await;
    assert!(!heard.iter().any(|said| is_change(said, "lead", &foreign)), "{heard:?}");

    admin.0.send(Message::Text("{}".into())).await.unwrap();
    assert_eq!(admin.closes().await, 1008);
    let (mut last, _) = Ear::open(&api, "", Some(&tokens[0])).await;
    house.stop();
    assert_eq!(last.closes().await, 1012);
}
