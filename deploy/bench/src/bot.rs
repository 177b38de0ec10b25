//! The bot: how soon an update is answered, from its arrival to the request to Telegram, while 500
//! people press and write; and what the questions behind it take over the bus by themselves.

use crate::Sizes;
use crate::house::{House, Service, Tenant};
use crate::load;
use crate::measure::{Sample, ms_since, percentile};
use crate::people::People;
use crate::process::Usage;
use crate::report::{Figure, Report};
use crate::seed;
use ael_client::Client;
use ael_events::command::{
    AddMember, Command, Credential, LinkTelegram, MemberCommand, MemberRef, To,
};
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{GetLead, LeadDetails, Me, Query, QueryRequest};
use ael_events::values::{Language, Role, TelegramUserId};
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::{Data, Json, Path};
use poem::{EndpointExt as _, Route, Server, handler, post};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

const PATIENCE: Duration = Duration::from_secs(120);
/// How many people there are, and how many updates a second they make.
const PEOPLE: i64 = 500;
const A_SECOND: f64 = 200.0;
/// How many commands prepare them at once.
const AT_ONCE: usize = 32;
const MOST_MS: f64 = 60.0;
const MOST_MB: f64 = 80.0;
const BOT: &str = "7000001:bench";

/// Telegram, as far as the bot needs it.
#[derive(Default)]
struct Telegram {
    updates: Mutex<VecDeque<Value>>,
    more: Notify,
    /// When the update came that a chat waits for an answer to.
    waiting: Mutex<HashMap<i64, Instant>>,
    each_ms: Mutex<Vec<f64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Telegram {
    fn push(&self, chat: i64, update: Value) {
        locked(&self.waiting).insert(chat, Instant::now());
        locked(&self.updates).push_back(update);
        self.more.notify_waiters();
    }

    /// What was asked of the Bot API is answered.
    async fn answer(&self, method: &str, body: &Value) -> Value {
        match method.to_ascii_lowercase().as_str() {
            "getme" => json!({ "id": 7_000_001, "is_bot": true, "first_name": "Bench",
                "username": "bench_bot", "can_join_groups": true,
                "can_read_all_group_messages": false, "supports_inline_queries": true,
                "can_connect_to_business": false, "has_main_web_app": false }),
            "getupdates" => self.updates(body).await,
            "sendmessage" | "editmessagetext" => {
                let chat = body["chat_id"].as_i64().unwrap_or_default();
                if let Some(came) = locked(&self.waiting).remove(&chat) {
                    locked(&self.each_ms).push(ms_since(came));
                }
                json!({ "message_id": 1, "date": 1_700_000_000, "text": "…",
                    "chat": { "id": chat, "type": "private", "first_name": "Ada" } })
            }
            _ => json!(true),
        }
    }

    async fn updates(&self, body: &Value) -> Value {
        let offset = body["offset"].as_i64().unwrap_or(0);
        let limit = usize::try_from(body["limit"].as_u64().unwrap_or(100)).unwrap_or(100);
        let wait = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
        let until = Instant::now() + wait;
        loop {
            let more = self.more.notified();
            {
                let mut updates = locked(&self.updates);
                updates.retain(|update| update["update_id"].as_i64().unwrap_or(0) >= offset);
                if !updates.is_empty() || Instant::now() >= until {
                    return updates.iter().take(limit).cloned().collect();
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            // When it ends without one, nothing came.
            tokio::time::timeout(left.min(Duration::from_millis(200)), more).await.ok();
        }
    }

    async fn settle(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !locked(&self.waiting).is_empty() {
            let left = locked(&self.waiting).len();
            anyhow::ensure!(began.elapsed() < PATIENCE, "{left} updates are not answered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

#[handler]
async fn serve(
    telegram: Data<&Arc<Telegram>>,
    Path((_, method)): Path<(String, String)>,
    body: Option<Json<Value>>,
) -> Json<Value> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    Json(json!({ "ok": true, "result": telegram.answer(&method, &body).await }))
}

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    let telegram = Arc::new(Telegram::default());
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    let address = acceptor.local_addr().pop().context("no address")?;
    let address = address.as_socket_addr().context("no address")?.to_string();
    let app = Route::new().at("/:token/:method", post(serve)).data(Arc::clone(&telegram));
    let server = tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    house
        .start(&[Service::Commands, Service::Relay, Service::Projections, Service::Queries])
        .await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Bot").await?;
    let writer = house.writer().await?;
    let leads = seed::leads(&writer, &tenant, &People::default(), sizes.leads(), 2).await?;
    report.say(&format!("bot: {PEOPLE} members with a Telegram account"));
    members(&client, tenant).await?;
    house.level(&house.superuser(1).await?, PATIENCE).await?;
    let key = house.bus_key()?;
    let settings = [
        ("TELEGRAM_BOT_TOKEN", BOT.to_owned()),
        ("TELEGRAM_API_URL", format!("http://{address}")),
        ("BOT_LIMITS", "off".to_owned()),
        ("AEL_BUS_KEY", key),
    ];
    house.start_with(Service::Bot, &settings).await?;
    // Everybody is known once before anything is measured.
    for person in 1..=PEOPLE {
        telegram.push(person, written(person, person, "/menu"));
    }
    telegram.settle().await?;
    let (mut p50, mut p99) = (Sample::default(), Sample::default());
    let (mut bus_p50, mut bus_p99) = (Sample::default(), Sample::default());
    let mut number = PEOPLE;
    for round in 0..=sizes.rounds {
        report.say(&format!("bot: 200 updates a second, round {round} of {}", sizes.rounds));
        locked(&telegram.each_ms).clear();
        let (to, known, first) = (Arc::clone(&telegram), Arc::clone(&leads), number + 1);
        let run = load::paced(A_SECOND, sizes.time(), 10_000, move |n| {
            let (to, known) = (Arc::clone(&to), Arc::clone(&known));
            async move {
                let number = first + i64::try_from(n)?;
                let (person, update) = update(number, &known);
                to.push(person, update);
                Ok(())
            }
        });
        number += i64::try_from(run.await?.each_ms.len())?;
        telegram.settle().await?;
        let ours = std::mem::take(&mut *locked(&telegram.each_ms));
        let theirs = questions(&client, tenant, &leads, sizes).await?;
        if round > 0 {
            p50.push(percentile(&ours, 0.5));
            p99.push(percentile(&ours, 0.99));
            bus_p50.push(percentile(&theirs, 0.5));
            bus_p99.push(percentile(&theirs, 0.99));
        }
    }
    let usage = Usage::of(house.process(Service::Bot)?)?;
    server.abort();
    let bus = "its questions over the bus";
    let name = "bot: from an update to the request to Telegram, p50";
    report.add(Figure::median(name, &p50, "ms").against(bus, &bus_p50))?;
    let name = "bot: from an update to the request to Telegram, p99";
    report.add(Figure::median(name, &p99, "ms").against(bus, &bus_p99).at_most(MOST_MS))?;
    report.add(Figure::of("bot: memory, peak", usage.peak_mb, "MB").at_most(MOST_MB))
}

/// One update of somebody's: six in ten open a lead's card, three turn to the list, one to the
/// menu.
fn update(number: i64, leads: &[LeadId]) -> (i64, Value) {
    let person = number.rem_euclid(PEOPLE) + 1;
    let which = usize::try_from(number).unwrap_or_default();
    let update = match number.rem_euclid(10) {
        0..=5 => {
            let lead = leads[which % leads.len()];
            let code = format!("c.{}", URL_SAFE_NO_PAD.encode(lead.uuid().as_bytes()));
            pressed(number, person, &code)
        }
        6..=8 => pressed(number, person, "l.a.0"),
        _ => written(number, person, "/menu"),
    };
    (person, update)
}

fn from(person: i64) -> Value {
    json!({ "id": person, "is_bot": false, "first_name": "Ada", "language_code": "en" })
}

fn written(number: i64, person: i64, text: &str) -> Value {
    let chat = json!({ "id": person, "type": "private", "first_name": "Ada" });
    json!({ "update_id": number, "message": { "message_id": number, "date": 1_700_000_000,
        "chat": chat, "from": from(person), "text": text } })
}

fn pressed(number: i64, person: i64, code: &str) -> Value {
    let chat = json!({ "id": person, "type": "private", "first_name": "Ada" });
    let message = json!({ "message_id": 1, "date": 1_700_000_000, "chat": chat, "text": "…" });
    json!({ "update_id": number, "callback_query": { "id": number.to_string(),
        "from": from(person), "message": message, "chat_instance": "1", "data": code } })
}

/// Adds the members, each with their account.
async fn members(client: &Client, tenant: Tenant) -> anyhow::Result<()> {
    let mut under_way = tokio::task::JoinSet::new();
    for person in 1..=PEOPLE {
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await.transpose()?.transpose()?;
        }
        let client = client.clone();
        under_way.spawn(async move {
            let id = MemberRef::Id(MemberId::generate());
            let add = AddMember {
                name: format!("Member {person}").parse()?,
                email: None,
                role: Role::Manager,
                language: Language::En,
            };
            let link = LinkTelegram { user_id: TelegramUserId::try_from(person)? };
            for command in [MemberCommand::Add(add), MemberCommand::LinkTelegram(link)] {
                let command = Command::Member(To { id, command });
                client.command(tenant.workspace, &tenant.request(command)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(())
}

/// What is asked behind a card (who it is, and the lead), by itself: each pair in milliseconds.
async fn questions(
    client: &Client,
    tenant: Tenant,
    leads: &Arc<Vec<LeadId>>,
    sizes: &Sizes,
) -> anyhow::Result<Vec<f64>> {
    let (client, leads) = (client.clone(), Arc::clone(leads));
    let run = load::paced(A_SECOND, sizes.time(), 10_000, move |n| {
        let (client, leads) = (client.clone(), Arc::clone(&leads));
        async move {
            let lead = leads[usize::try_from(n)? % leads.len()];
            let request = |query| QueryRequest {
                credential: Credential::Operator { as_member: Some(tenant.admin) },
                after: None,
                query,
            };
            let _: Me = client.query(tenant.workspace, &request(Query::Me {})).await?;
            let get = Query::GetLead(GetLead::now(lead));
            let _: LeadDetails = client.query(tenant.workspace, &request(get)).await?;
            Ok(())
        }
    });
    Ok(run.await?.each_ms)
}
