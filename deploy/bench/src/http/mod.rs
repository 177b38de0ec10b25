//! The HTTP interface against a bare server that does the same SQL with the same row-level
//! security, and what its WebSockets cost while nothing happens.

mod bare;
mod hand;
pub(crate) mod sockets;

pub use bare::serve;

use crate::Sizes;
use crate::house::{House, Service, Tenant};
use crate::load::closed;
use crate::measure::{Run, Sample, percentile};
use crate::people::People;
use crate::process::Usage;
use crate::profile::Profile;
use crate::report::{Figure, Report};
use crate::{query, seed};
use ael_client::{Client, NewToken};
use ael_events::command::{Command, CreateToken, To, TokenCommand};
use ael_events::ids::LeadId;
use ael_events::values::Scope;
use ael_store::DbRole;
use anyhow::Context as _;
use hand::Hands;
use secrecy::ExposeSecret as _;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);
/// How many connections both sides are asked by.
const AT_ONCE: usize = 16;
/// How many leads are looked at one by one.
const CARDS: usize = 500;
/// How much memory the interface may take under load, in MB.
const MOST_MB: f64 = 60.0;

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    let ours = free_address()?;
    house.start(&[Service::Commands, Service::Relay, Service::Projections]).await?;
    house.start(&[Service::Queries]).await?;
    house.start_api(ours, &[]).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Http").await?;
    let other = house.found(&client, "Other").await?;
    let pool = house.superuser(1).await?;
    house.level(&pool, PATIENCE).await?;
    report.say(&format!("http: writing {} leads into the list", sizes.rows()));
    query::fill(&pool, sizes.rows(), &tenant, &other).await?;
    let writer = house.writer().await?;
    let leads = seed::leads(&writer, &tenant, &People::default(), CARDS, 5).await?;
    house.level(&pool, PATIENCE).await?;
    sqlx::raw_sql(bare::TABLE).execute(&pool).await?;
    let token = token(&client, &tenant).await?;
    let theirs = free_address()?;
    let bare = Bare::start(&house, &tenant, theirs).await?;
    let sides = Sides {
        ours: Hands::new(ours, format!("authorization: Bearer {token}\r\n"), AT_ONCE),
        theirs: Hands::new(theirs, format!("authorization: {}\r\n", bare::SECRET), AT_ONCE),
    };
    sides.compare(&house, sizes, report, &leads).await?;
    let usage = Usage::of(house.process(Service::Api)?)?;
    drop(bare);
    let name = "http: memory of the interface under load, peak";
    report.add(Figure::of(name, usage.peak_mb, "MB").at_most(MOST_MB))
}

/// An address on which nobody listens.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

async fn token(client: &Client, tenant: &Tenant) -> anyhow::Result<String> {
    let minted = NewToken::mint(tenant.workspace)?;
    let create = TokenCommand::Create(CreateToken {
        member_id: tenant.admin.into(),
        label: "bench".parse()?,
        secret_hash: minted.secret_hash,
        scopes: [Scope::Admin].into(),
        expires_at: None,
    });
    let command = Command::Token(To { id: minted.id, command: create });
    client.command(tenant.workspace, &tenant.request(command)).await?;
    Ok(minted.text.expose_secret().to_owned())
}

/// The bare server, a process of its own as the interface is.
struct Bare(
    #[expect(dead_code, reason = "it is stopped when it is dropped")] tokio::process::Child,
);

impl Bare {
    async fn start(house: &House, tenant: &Tenant, address: SocketAddr) -> anyhow::Result<Self> {
        let (program, _) = house.program_and_home();
        let child = tokio::process::Command::new(program)
            .args(["bench", "bare-http"])
            .env("BENCH_HTTP_ADDR", address.to_string())
            .env("BENCH_WORKSPACE", tenant.workspace.to_string())
            .env("BENCH_READER_URL", house.role_url(DbRole::Queries)?)
            .env("BENCH_WRITER_URL", house.superuser_url()?)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let began = tokio::time::Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "the bare server does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self(child))
    }
}

/// Both servers, and those who ask them.
struct Sides {
    ours: Hands,
    theirs: Hands,
}

/// What is asked: name, least ratio, and how a request looks on each side.
struct Question {
    name: &'static str,
    least: f64,
    /// Whether the read models take what is written meanwhile, on the same cores.
    followed: bool,
    ours: Arc<dyn Fn(u64) -> String + Send + Sync>,
    theirs: Arc<dyn Fn(u64) -> String + Send + Sync>,
}

impl Sides {
    async fn compare(
        &self,
        house: &House,
        sizes: &Sizes,
        report: &mut Report,
        leads: &Arc<Vec<LeadId>>,
    ) -> anyhow::Result<()> {
        for question in questions(leads)? {
            let name = question.name;
            if !question.followed {
                house.stop(Service::Projections).await?;
                house.stop(Service::Relay).await?;
            }
            let (mut ours, mut theirs) = (Sample::default(), Sample::default());
            let (mut our_p99, mut their_p99) = (Sample::default(), Sample::default());
            // The first round of each is for warming up.
            for round in 0..=sizes.rounds {
                report.say(&format!("http: {name}, round {round} of {}", sizes.rounds));
                let profile = Profile::begin(house, sizes.profile && round == 1).await?;
                let one = asked(&self.ours, &question.ours, sizes.time()).await?;
                profile.tell(one.each_ms.len(), report).await?;
                let profile = Profile::begin(house, sizes.profile && round == 1).await?;
                let other = asked(&self.theirs, &question.theirs, sizes.time()).await?;
                profile.tell(other.each_ms.len(), report).await?;
                if round > 0 {
                    ours.push(one.rate());
                    theirs.push(other.rate());
                    our_p99.push(percentile(&one.each_ms, 0.99));
                    their_p99.push(percentile(&other.each_ms, 0.99));
                }
            }
            let rate = Figure::median(format!("http: {name}"), &ours, "requests/s");
            let rate = rate.against("a bare server", &theirs);
            let slow = Figure::median(format!("http: {name}, p99"), &our_p99, "ms");
            let slow = slow.against("a bare server", &their_p99);
            if question.followed {
                report.add(rate.ratio_at_least(question.least))?;
                report.add(slow.ratio_at_most(2.0))?;
            } else {
                report.add(rate)?;
                report.add(slow)?;
            }
        }
        Ok(())
    }
}

fn questions(leads: &Arc<Vec<LeadId>>) -> anyhow::Result<Vec<Question>> {
    let lead = |number: u64, leads: &[LeadId]| -> String {
        let place = usize::try_from(number).unwrap_or_default() % leads.len().max(1);
        leads.get(place).map(ToString::to_string).unwrap_or_default()
    };
    anyhow::ensure!(!leads.is_empty(), "no leads to look at");
    let (mine, same) = (Arc::clone(leads), Arc::clone(leads));
    Ok(vec![
        Question {
            name: "GET /leads/{id}",
            least: 0.5,
            followed: true,
            ours: Arc::new(move |n| format!("GET /api/v1/leads/{} HTTP/1.1\r\n", lead(n, &mine))),
            theirs: Arc::new(move |n| format!("GET /leads/{} HTTP/1.1\r\n", lead(n, &same))),
        },
        Question {
            name: "GET /leads, 50 rows",
            least: 0.6,
            followed: true,
            ours: Arc::new(|_| "GET /api/v1/leads?limit=50 HTTP/1.1\r\n".to_owned()),
            theirs: Arc::new(|_| "GET /leads HTTP/1.1\r\n".to_owned()),
        },
        entered("POST /leads", true),
        entered("POST /leads, nobody following", false),
    ])
}

fn entered(name: &'static str, followed: bool) -> Question {
    Question {
        name,
        least: 0.6,
        followed,
        ours: Arc::new(|n| posted("/api/v1/leads", n)),
        theirs: Arc::new(|n| posted("/leads", n)),
    }
}

/// A lead that is entered: request line, headers and body, with the caller's headers to come.
fn posted(path: &str, number: u64) -> String {
    let body = serde_json::json!({
        "source": "partner",
        "contact": {
            "full_name": "Olena Koval",
            "company": "Dnipro Solar",
            "email": format!("olena.{number}@example.com"),
        },
        "intent": "A roof of 12 kW before winter",
    });
    let body = body.to_string();
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         \u{1f}{body}"
    )
}

/// Numbers that no round uses twice.
static NUMBER: AtomicU64 = AtomicU64::new(0);

async fn asked(
    hands: &Hands,
    request: &Arc<dyn Fn(u64) -> String + Send + Sync>,
    time: Duration,
) -> anyhow::Result<Run> {
    let (hands, request) = (hands.clone(), Arc::clone(request));
    closed(AT_ONCE, time, move |_| {
        let (hands, request) = (hands.clone(), Arc::clone(&request));
        async move {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            hands.ask(&request(number)).await.context("a request")
        }
    })
    .await
}
