//! Whether a process is alive and ready, and its numbers, told to its supervisor and whoever asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::config::{ConfigError, Env};

/// The state of a process: named conditions that must all hold before it takes work.
///
/// The first time they all hold, the supervisor is told in systemd's way (`READY=1` to the socket
/// named by `NOTIFY_SOCKET`, when there is one). Clones share one state.
#[derive(Debug, Clone)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    conditions: BTreeMap<&'static str, bool>,
    notify: Option<String>,
}

impl Health {
    /// A process that is ready when all of `conditions` were set to true.
    pub fn new(env: &Env, conditions: &[&'static str]) -> Self {
        let conditions = conditions.iter().map(|name| (*name, false)).collect();
        let notify = env.get("NOTIFY_SOCKET").map(str::to_owned);
        Self(Arc::new(Mutex::new(State { conditions, notify })))
    }

    /// Says that a condition holds, or no longer does.
    pub fn set(&self, condition: &'static str, holds: bool) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.conditions.insert(condition, holds);
        if before != Some(holds) {
            tracing::debug!(condition, holds, "readiness changed");
        }
        if state.conditions.values().all(|holds| *holds)
            && let Some(socket) = state.notify.take()
        {
            notify(&socket);
        }
    }

    /// Whether every condition holds.
    pub fn is_ready(&self) -> bool {
        self.waiting_for().is_empty()
    }

    /// The conditions that do not hold now.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.conditions.iter().filter(|(_, holds)| !**holds).map(|(name, _)| *name).collect()
    }
}

/// Sends `READY=1`; a supervisor that has gone away is no reason to stop working.
fn notify(socket: &str) {
    let address = match socket.strip_prefix('@') {
        Some(name) => UnixAddress::from_abstract_name(name),
        None => UnixAddress::from_pathname(socket),
    };
    let sent =
        address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(b"READY=1\n", &address));
    if let Err(error) = sent {
        tracing::warn!(%error, "the supervisor could not be told that this service is ready");
    }
}

/// The numbers of this process, in Prometheus's text form.
#[derive(Clone)]
pub struct Numbers(PrometheusHandle);

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Numbers")
    }
}

impl Numbers {
    /// All of them, as they are now.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Starts collecting metrics and answers `/metrics`, `/health/live` and `/health/ready` over HTTP
/// on `AEL_METRICS_ADDR`; without that variable nothing is collected and nothing listens.
/// Call it once, inside the runtime; returns the address it listens on.
///
/// # Errors
/// When the address is malformed or cannot be listened on.
pub async fn serve(
    service: &str,
    env: &Env,
    health: Health,
) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(listener) = listen(env).await? else { return Ok(None) };
    let numbers = recorder(service);
    Ok(Some(answer_on(listener, health, numbers)?))
}

/// The same for a service that collects its numbers anyway, to tell them elsewhere as well.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    env: &Env,
    health: Health,
    numbers: Option<Numbers>,
) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(listener) = listen(env).await? else { return Ok(None) };
    Ok(Some(answer_on(listener, health, numbers)?))
}

const ADDRESS: &str = "AEL_METRICS_ADDR";
const EXPECTS: &str = "a free local address like 127.0.0.1:9100";

async fn listen(env: &Env) -> Result<Option<TcpListener>, ConfigError> {
    let Some(address) = env.optional::<SocketAddr>(ADDRESS, EXPECTS)? else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    Ok(Some(listener.map_err(|_| ConfigError::malformed(ADDRESS, EXPECTS))?))
}

fn answer_on(
    listener: TcpListener,
    health: Health,
    numbers: Option<Numbers>,
) -> Result<SocketAddr, ConfigError> {
    let address = listener.local_addr().map_err(|_| ConfigError::malformed(ADDRESS, EXPECTS))?;
    tokio::spawn(answer_all(listener, numbers, health));
    tracing::info!(%address, "metrics and health are served");
    Ok(address)
}

/// Installs the recorder of the `metrics` crate for the whole process, and keeps it tidy. Call it
/// once, inside the runtime; nothing, when another recorder is installed already.
#[must_use]
pub fn recorder(service: &str) -> Option<Numbers> {
    let builder = PrometheusBuilder::new().add_global_label("service", service);
    match builder.install_recorder() {
        Ok(handle) => {
            let numbers = Numbers(handle);
            tokio::spawn(keep_tidy(numbers.clone()));
            Some(numbers)
        }
        Err(error) => {
            tracing::warn!(%error, "metrics are not collected");
            None
        }
    }
}

async fn keep_tidy(numbers: Numbers) {
    let mut rounds = tokio::time::interval(Duration::from_secs(5));
    loop {
        rounds.tick().await;
        numbers.0.run_upkeep();
    }
}

async fn answer_all(listener: TcpListener, metrics: Option<Numbers>, health: Health) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(stream, metrics.clone(), health.clone()));
            }
            Err(error) => tracing::debug!(%error, "a health request was not accepted"),
        }
    }
}

/// Answers one request and closes; a client that is slow or talks nonsense is dropped.
async fn answer(mut stream: TcpStream, metrics: Option<Numbers>, health: Health) {
    let talk = async {
        let path = requested_path(&mut stream).await?;
        let (status, body) = match path.as_str() {
            "/health/live" => ("200 OK", "alive\n".to_owned()),
            "/health/ready" if health.is_ready() => ("200 OK", "ready\n".to_owned()),
            "/health/ready" => {
                let waiting = health.waiting_for().join(", ");
                ("503 Service Unavailable", format!("waiting for {waiting}\n"))
            }
            "/metrics" => ("200 OK", metrics.map(|one| one.render()).unwrap_or_default()),
            _ => ("404 Not Found", "try /metrics, /health/live or /health/ready\n".to_owned()),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.shutdown().await
    };
    if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(5), talk).await {
        tracing::debug!(%error, "a health request was not answered");
    }
}

/// Reads the head of a request (at most 8 KiB) and gives the path it asks for, without its query.
async fn requested_path(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::with_capacity(1024);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 || head.len() > 8192 {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
    let line = String::from_utf8_lossy(&head);
    let target = line.split_ascii_whitespace().nth(1).unwrap_or("/");
    Ok(target.split('?').next().unwrap_or("/").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_service_is_ready_only_when_every_condition_holds() {
        let env = Env::of([("AEL_METRICS_ADDR", "127.0.0.1:0")]);
        let health = Health::new(&env, &["bus", "database"]);
        let address = serve("test", &env, health.clone()).await.unwrap().unwrap();
        assert!(get(address, "/health/live").await.starts_with("HTTP/1.1 200"));
        health.set("bus", true);
        let waiting = get(address, "/health/ready?verbose").await;
        assert!(waiting.starts_with("HTTP/1.1 503") && waiting.contains("waiting for database"));
        health.set("database", true);
        assert!(get(address, "/health/ready").await.starts_with("HTTP/1.1 200"));
        health.set("bus", false);
        assert!(get(address, "/health/ready").await.starts_with("HTTP/1.1 503"));
        assert!(get(address, "/other").await.starts_with("HTTP/1.1 404"));
        assert!(get(address, "/metrics").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn the_supervisor_is_told_once_when_a_service_becomes_ready() {
        let name = format!("ael-health-test-{}", std::process::id());
        let address = UnixAddress::from_abstract_name(&name).unwrap();
        let supervisor = UnixDatagram::bind_addr(&address).unwrap();
        supervisor.set_nonblocking(true).unwrap();
        let health = Health::new(&Env::of([("NOTIFY_SOCKET", format!("@{name}"))]), &["bus"]);
        let mut heard = [0; 32];
        assert!(supervisor.recv(&mut heard).is_err());
        health.set("bus", true);
        let length = supervisor.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1\n");
        health.set("bus", true);
        assert!(supervisor.recv(&mut heard).is_err());
    }

    #[tokio::test]
    async fn nothing_listens_unless_asked_for() {
        let env = Env::default();
        assert!(serve("test", &env, Health::new(&env, &[])).await.unwrap().is_none());
    }
}
