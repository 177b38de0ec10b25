//! WebSockets that stay open while nothing happens: what they take of the interface's memory.

use super::{PATIENCE, free_address, token};
use crate::Sizes;
use crate::house::{House, Service};
use crate::process::Usage;
use crate::report::{Figure, Report};
use anyhow::Context as _;
use futures::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// As many with one token as the interface lets have who sets nothing else.
const PER_TOKEN: usize = 50;
/// How many open at the same moment.
const AT_ONCE: usize = 64;
/// Files that a process has open besides.
const BESIDES: usize = 256;
/// How much memory the interface may take with ten thousand of them, in MB.
const MOST_MB: f64 = 300.0;

type Socket = WebSocketStream<TcpStream>;

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let many = sizes.sockets();
    make_room(many)?;
    let house = House::open(sizes, report).await?;
    let address = free_address()?;
    let most = [("AEL_HTTP_SOCKETS", many.to_string())];
    house.start(&[Service::Commands, Service::Relay, Service::Projections]).await?;
    house.start(&[Service::Queries]).await?;
    house.start_api(address, &most).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Sockets").await?;
    let mut tokens = Vec::new();
    for _ in 0..many.div_ceil(PER_TOKEN) {
        tokens.push(token(&client, &tenant).await?);
    }
    let pool = house.superuser(1).await?;
    house.level(&pool, PATIENCE).await?;

    let api = house.process(Service::Api)?;
    let before = Usage::of(api)?;
    report.say(&format!("sockets: opening {many}, {PER_TOKEN} with one token"));
    let began = Instant::now();
    let ears = Ears::open(many, address, &tokens).await?;
    let took = began.elapsed();
    let heartbeat = ears.heartbeat;
    report.say(&format!("sockets: waiting for a heartbeat of {heartbeat:?} of each"));
    let (opened, began) = (Usage::of(api)?, Instant::now());
    ears.beat(many).await?;
    let (after, idle) = (Usage::of(api)?, began.elapsed());

    let opening = Figure::of(format!("sockets: opening {many}"), took.as_secs_f64(), "s");
    report.add(opening)?;
    let name = format!("sockets: memory of the interface with {many} idle, resident");
    report.add(Figure::of(name, after.resident_mb, "MB").at_most(MOST_MB))?;
    let peak = "sockets: memory of the interface, peak";
    report.add(Figure::of(peak, after.peak_mb, "MB"))?;
    let each = (after.resident_mb - before.resident_mb) * 1_000.0 / f64::from(u32::try_from(many)?);
    report.add(Figure::of("sockets: memory of each beyond the idle interface", each, "kB"))?;
    let used = after.processor.saturating_sub(opened.processor);
    let percent = 100.0 * used.as_secs_f64() / idle.as_secs_f64().max(f64::EPSILON);
    let name = format!("sockets: processor of the interface with {many} idle");
    report.add(Figure::of(name, percent, "% of a core"))
}

/// Lets this process, and those that it starts, have enough open files.
fn make_room(many: usize) -> anyhow::Result<()> {
    let needed = u64::try_from(many + BESIDES)?;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    anyhow::ensure!(
        needed <= hard,
        "{many} sockets need {needed} open files, and {hard} is the most here: raise it (as root: \
         ulimit -Hn {needed}) or ask for fewer sockets (--sockets)"
    );
    if needed > soft {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(())
}

/// Clients that listen and answer pings, and nothing else.
#[derive(Debug)]
struct Ears {
    listening: JoinSet<anyhow::Result<()>>,
    beats: Arc<Beats>,
    heartbeat: Duration,
}

/// How many have heard a ping since it counts.
#[derive(Debug, Default)]
struct Beats {
    counts: AtomicBool,
    heard: AtomicUsize,
}

impl Ears {
    /// Opens so many, and returns when each has been greeted.
    async fn open(many: usize, address: SocketAddr, tokens: &[String]) -> anyhow::Result<Self> {
        let beats = Arc::new(Beats::default());
        let tokens = (0..many).map(|number| tokens.get(number / PER_TOKEN));
        let mut opened = futures::stream::iter(tokens)
            .map(|token| async move { open(address, token.context("too few tokens")?).await })
            .buffer_unordered(AT_ONCE);
        let (mut listening, mut heartbeat) = (JoinSet::new(), Duration::ZERO);
        while let Some((socket, pace)) = opened.try_next().await? {
            heartbeat = pace;
            listening.spawn(listen(socket, Arc::clone(&beats)));
        }
        drop(opened);
        Ok(Self { listening, beats, heartbeat })
    }

    /// Waits until each has heard a ping from now on.
    async fn beat(mut self, many: usize) -> anyhow::Result<()> {
        self.beats.counts.store(true, Ordering::Relaxed);
        let began = Instant::now();
        while self.beats.heard.load(Ordering::Relaxed) < many {
            if let Some(ended) = self.listening.try_join_next() {
                return ended?.and(Err(anyhow::anyhow!("a socket ended")));
            }
            let heard = self.beats.heard.load(Ordering::Relaxed);
            anyhow::ensure!(
                began.elapsed() < self.heartbeat * 2 + PATIENCE,
                "{heard} of {many} sockets heard a ping"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

/// Opens a socket; with how often it will be pinged.
async fn open(address: SocketAddr, token: &str) -> anyhow::Result<(Socket, Duration)> {
    let mut request = format!("ws://{address}/api/v1/ws").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let stream = TcpStream::connect(address).await.context("no connection to the interface")?;
    let config = WebSocketConfig::default().read_buffer_size(1_024).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let said = socket.next().await.context("the socket closed without a word")??;
    let hello: serde_json::Value = serde_json::from_str(said.to_text()?)?;
    anyhow::ensure!(hello["type"] == "hello", "no hello: {hello}");
    let heartbeat = hello["heartbeat_ms"].as_u64().context("no heartbeat in the hello")?;
    Ok((socket, Duration::from_millis(heartbeat)))
}

async fn listen(mut socket: Socket, beats: Arc<Beats>) -> anyhow::Result<()> {
    let mut has_counted = false;
    while let Some(said) = socket.next().await {
        match said? {
            Message::Ping(_) => {
                // The answer lies ready and is sent with this.
                socket.flush().await?;
                if !has_counted && beats.counts.load(Ordering::Relaxed) {
                    has_counted = true;
                    beats.heard.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Close(frame) => anyhow::bail!("the interface closed a socket: {frame:?}"),
            Message::Text(_) | Message::Binary(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
    anyhow::bail!("a connection to the interface broke off")
}
