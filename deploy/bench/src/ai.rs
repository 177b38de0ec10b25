//! The advisor: how soon it finds what is remembered, beside Redis with the same values, and how
//! many analyses it makes through a model outside that takes its time.

use crate::Sizes;
use crate::house::{House, Service, Tenant};
use crate::load;
use crate::measure::{Run, Sample, percentile};
use crate::people::People;
use crate::report::{Figure, Report};
use crate::seed;
use ael_client::Client;
use ael_events::command::{Command, LeadCommand, RequestAnalysis, To};
use ael_events::ids::LeadId;
use ael_events::query::RememberedAnswer;
use ael_events::subjects;
use ael_events::values::{FeatureHash, ReasonText, Recommendation, Score};
use ael_scoring::Cache;
use anyhow::Context as _;
use chrono::Utc;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::web::Json;
use poem::{Route, Server, handler, post};
use redis::AsyncCommands as _;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many answers are remembered.
const ANSWERS: usize = 1_000;
/// How long the model outside thinks.
const THINKS: Duration = Duration::from_millis(50);
/// How many requests are under way to it at once.
const AT_ONCE: usize = 32;
const PATIENCE: Duration = Duration::from_secs(300);

/// Whether the other side can be measured here.
pub(crate) async fn has_redis() -> bool {
    let mut program = tokio::process::Command::new("redis-server");
    let asked = program.arg("--version").stdout(Stdio::null()).status().await;
    asked.is_ok_and(|status| status.success())
}

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    remembered(&house, sizes, report).await?;
    outside(&house, sizes, report).await
}

/// A Redis of our own, without its disk.
struct Redis {
    #[expect(dead_code, reason = "it is stopped when it is dropped")]
    child: tokio::process::Child,
    #[expect(dead_code, reason = "it is removed when it is dropped")]
    folder: tempfile::TempDir,
    connection: redis::aio::MultiplexedConnection,
}

impl Redis {
    async fn start() -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let child = tokio::process::Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("redis-server, the other side, is not there: apt-get install redis-server")?;
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/"))?;
        let began = Instant::now();
        let connection = loop {
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => break connection,
                Err(error) if began.elapsed() > Duration::from_secs(10) => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        Ok(Self { child, folder, connection })
    }
}

async fn remembered(house: &House, sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let redis = Redis::start().await?;
    let cache = Cache::new(&house.bus("scoring").await?, Duration::from_secs(3_600));
    let bucket = house.bus("projections").await?.bucket(subjects::AI_CACHE).await?;
    let mut keys = Vec::with_capacity(ANSWERS);
    for nth in 0..ANSWERS {
        let key = FeatureHash::parse(&format!("{nth:064x}"))?;
        let answer = answer(nth)?;
        let body = serde_json::to_vec(&answer)?;
        bucket.put(key.as_str(), body.clone()).await?;
        let () = redis.connection.clone().set(key.as_str(), body).await?;
        cache.keep(&key, answer);
        keys.push(key);
    }
    let keys = Arc::new(keys);
    let (mut shared, mut process, mut theirs) =
        (Sample::default(), Sample::default(), Sample::default());
    for round in 0..=sizes.rounds {
        report.say(&format!("ai: remembered answers, round {round} of {}", sizes.rounds));
        let (known, asked) = (cache.clone(), Arc::clone(&keys));
        let ours = load::closed(1, sizes.time(), move |n| {
            let (known, asked) = (known.clone(), Arc::clone(&asked));
            async move {
                let found = known.remembered(one(&asked, n)).await?;
                anyhow::ensure!(found.is_some(), "what was remembered is gone");
                Ok(())
            }
        });
        let ours = ours.await?;
        let (known, asked) = (cache.clone(), Arc::clone(&keys));
        let near = load::closed(1, sizes.time(), move |n| {
            let found = known.in_process(one(&asked, n)).is_some();
            async move {
                anyhow::ensure!(found, "what was remembered here is gone");
                tokio::task::consume_budget().await;
                Ok(())
            }
        });
        let near = near.await?;
        let (connection, asked) = (redis.connection.clone(), Arc::clone(&keys));
        let other = load::closed(1, sizes.time(), move |n| {
            let (mut connection, asked) = (connection.clone(), Arc::clone(&asked));
            async move {
                let body: Vec<u8> = connection.get(one(&asked, n).as_str()).await?;
                let _: RememberedAnswer = serde_json::from_slice(&body)?;
                Ok(())
            }
        });
        let other = other.await?;
        if round > 0 {
            shared.push(p50_us(&ours));
            process.push(p50_us(&near));
            theirs.push(p50_us(&other));
        }
    }
    let name = "ai: a remembered answer, p50";
    report.add(
        Figure::median(name, &shared, "µs").against("Redis GET", &theirs).ratio_at_most(2.5),
    )?;
    let name = "ai: a remembered answer in the process, p50";
    report
        .add(Figure::median(name, &process, "µs").against("Redis GET", &theirs).ratio_at_most(1.0))
}

fn one(keys: &[FeatureHash], n: u64) -> &FeatureHash {
    let place = usize::try_from(n).unwrap_or_default() % keys.len();
    &keys[place]
}

fn p50_us(run: &Run) -> f64 {
    percentile(&run.each_ms, 0.5) * 1_000.0
}

fn answer(nth: usize) -> anyhow::Result<RememberedAnswer> {
    let score = f64::from(u32::try_from(nth % 100)?) / 100.0;
    Ok(RememberedAnswer {
        score: Score::new(score)?,
        recommendation: Recommendation::Nurture,
        reason: ReasonText::parse("Leads of a partner with as many messages were often won here.")?,
        model: "gpt-4o-mini".parse()?,
        prompt_version: "score-1".parse()?,
        analysed_at: Utc::now(),
        cost_micro_usd: 90,
    })
}

/// The model outside: thinks for a while and says the same of everybody.
#[handler]
async fn think() -> Json<Value> {
    tokio::time::sleep(THINKS).await;
    let words =
        json!({ "ai_score": 0.5, "ai_recommendation": "nurture", "ai_reason": "It depends." });
    Json(json!({
        "choices": [{ "finish_reason": "stop", "message": { "content": words.to_string() } }],
        "usage": { "prompt_tokens": 400, "completion_tokens": 40 },
    }))
}

async fn outside(house: &House, sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    let address = acceptor.local_addr().pop().context("no address")?;
    let address = address.as_socket_addr().context("no address")?.to_string();
    let app = Route::new().at("/v1/chat/completions", post(think));
    let model = tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
    house
        .start(&[Service::Commands, Service::Relay, Service::Projections, Service::Queries])
        .await?;
    let asks = [
        ("OPENAI_BASE_URL", format!("http://{address}/v1")),
        ("AI_CONCURRENCY", AT_ONCE.to_string()),
        // It costs nothing.
        ("OPENAI_PRICE_INPUT", "0".to_owned()),
        ("OPENAI_PRICE_OUTPUT", "0".to_owned()),
    ];
    house.start_with(Service::Scoring, &asks).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Advised").await?;
    let writer = house.writer().await?;
    let leads = seed::leads(&writer, &tenant, &People::default(), sizes.analyses(), 1).await?;
    let pool = house.superuser(1).await?;
    house.level(&pool, PATIENCE).await?;
    report.say(&format!("ai: {} analyses through a model that takes 50 ms", leads.len()));
    let began = Instant::now();
    request(&client, tenant, &leads).await?;
    loop {
        let done: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM write.events WHERE event_type = 'lead.analysed.v1'",
        )
        .fetch_one(&pool)
        .await?;
        if usize::try_from(done)? >= leads.len() {
            break;
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "{done} of {} are analysed", leads.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed().as_secs_f64();
    model.abort();
    let rounds = u32::try_from(leads.len().div_ceil(AT_ONCE))?;
    let mut ideal = Sample::default();
    ideal.push((THINKS * rounds).as_secs_f64());
    let name = format!("ai: {} analyses asked for anew", leads.len());
    report.add(
        Figure::of(name, took, "s").against("32 at once, 50 ms each", &ideal).ratio_at_most(1.3),
    )
}

/// Asks for all of them, as fast as they are taken.
async fn request(client: &Client, tenant: Tenant, leads: &Arc<Vec<LeadId>>) -> anyhow::Result<()> {
    let mut under_way = tokio::task::JoinSet::new();
    for lead in leads.iter().copied() {
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await.transpose()?.transpose()?;
        }
        let client = client.clone();
        under_way.spawn(async move {
            let command = LeadCommand::RequestAnalysis(RequestAnalysis { force: true });
            let command = Command::Lead(To { id: lead, command });
            client.command(tenant.workspace, &tenant.request(command)).await.map(drop)
        });
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    Ok(())
}
