//! Copies of the bot under test: each with a runtime of its own, so that it can be killed as a
//! process is; a nats-server, a stand-in for Telegram, and somebody who repeats what is said.

#[expect(dead_code, reason = "the journeys of the whole house use the rest of it")]
#[path = "../../../../tests/system/telegram/mod.rs"]
pub(super) mod telegram;

use self::telegram::{BOT, TOKEN, Telegram as StandIn};
use super::{Blocked, Talk, Trouble, Wiring, listen};
use crate::config::{IntakeConfig, TelegramConfig};
use crate::out::{Keyboard, Out};
use crate::wire::Telegram;
use ael_bus::{Bus, BusConfig, BusSeal, topology::Topology};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use teloxide::types::{Update, UpdateKind};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until something is there.
pub(super) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn password(user: &str) -> SecretString {
    SecretString::from(format!("pw-{user}"))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A nats-server of a test's own, as the topology says.
pub(super) struct Server {
    folder: TempDir,
    port: u16,
    child: Child,
    runtime: Option<Runtime>,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topology = Topology::embedded().unwrap();
        let passwords: BTreeMap<String, SecretString> =
            topology.user_names().map(|user| (user.to_owned(), password(user))).collect();
        let authorization = topology.server_authorization(|user| passwords.get(user)).unwrap();
        let store = folder.path().join("store");
        let text = format!("jetstream {{ store_dir: \"{}\" }}\n{authorization}", store.display());
        std::fs::write(folder.path().join("nats.conf"), text).unwrap();
        let port = free_address().port();
        let child = spawn(&folder, port);
        let server = Self { folder, port, child, runtime: Some(runtime()) };
        let admin = server.bus("admin");
        server.wait(ael_bus::topology::apply(&admin, &topology)).unwrap();
        server
    }

    fn config(&self, user: &str) -> BusConfig {
        BusConfig::new(format!("nats://127.0.0.1:{}", self.port), user, password(user))
    }

    /// Waits for something of the bus.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(work)
    }

    /// A connection of one of its users.
    pub(super) fn bus(&self, user: &str) -> Bus {
        self.wait(Bus::connect(&self.config(user))).unwrap()
    }

    /// Kills it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the killed server again.
    pub(super) fn revive(&mut self) {
        self.child = spawn(&self.folder, self.port);
    }

    /// Everything that lies in a stream, as it lies there.
    pub(super) fn lying_in(&self, stream: &str) -> Vec<(String, Vec<u8>, Option<String>)> {
        let stream = self.bus("admin").stream(stream);
        self.wait(async {
            let state = stream.state().await.unwrap();
            let mut found = Vec::new();
            for place in state.first_sequence.max(1)..=state.last_sequence {
                if let Some(one) = stream.message_at(place).await.unwrap() {
                    let reason = one.headers.get(ael_events::subjects::HEADER_DEAD_REASON);
                    found.push((one.subject, one.payload.to_vec(), reason.map(str::to_owned)));
                }
            }
            found
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "a nats-server stays behind: {ended:?}");
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn spawn(folder: &TempDir, port: u16) -> Child {
    let program = std::env::var("AEL_TEST_NATS_SERVER").unwrap_or_default();
    let program = if program.is_empty() { "nats-server" } else { &program };
    Command::new(program)
        .arg("-c")
        .arg(folder.path().join("nats.conf"))
        .args(["-a", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} does not start: {error}"))
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Repeats what is said, and fails as the words want it: `trouble 3 …` three times, `panic`,
/// `slow …` until it is let go on.
#[derive(Default)]
pub(super) struct Echo {
    /// What was answered, in the order of its end.
    pub(super) answered: Mutex<Vec<String>>,
    /// How often it was asked.
    pub(super) asked: AtomicUsize,
    /// The chats that blocked the bot.
    pub(super) blocked: Mutex<Vec<i64>>,
    /// What `slow` waits for.
    pub(super) go_on: CancellationToken,
    troubles: AtomicUsize,
}

impl Talk for Echo {
    /// How often the person was answered.
    type Dialogue = usize;

    async fn answer(
        &self,
        update: &Update,
        dialogue: &mut usize,
        _: Option<DateTime<Utc>>,
    ) -> Result<Vec<Out>, Trouble> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *dialogue += 1;
        if let UpdateKind::CallbackQuery(press) = &update.kind {
            let callback = press.id.0.clone();
            return Ok(vec![Out::Heard { callback, text: None, alert: false }]);
        }
        let UpdateKind::Message(message) = &update.kind else { panic!("nobody sent {update:?}") };
        let (chat, text) = (message.chat.id.0, message.text().unwrap_or_default());
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["trouble", times, ..]
                if self.troubles.fetch_add(1, Ordering::SeqCst) < times.parse().unwrap() =>
            {
                return Err(Trouble { reason: "commands are away".into() });
            }
            ["panic", ..] => panic!("as it was told to"),
            ["slow", ..] => self.go_on.cancelled().await,
            _ => {}
        }
        self.answered.lock().unwrap().push(text.to_owned());
        let send = |text| Out::Send { chat, text, keyboard: Keyboard::None, silent: false };
        match words[..] {
            ["edit", message, new] => {
                let (message_id, text) = (message.parse().unwrap(), new.to_owned());
                Ok(vec![Out::Edit { chat, message_id, text, keyboard: Keyboard::None }])
            }
            ["html", ..] => Ok(vec![send("<nothing>".into()), send("after".into())]),
            _ => Ok(vec![send(format!("{dialogue}: {text}"))]),
        }
    }
}

impl Blocked for Echo {
    async fn blocked(&self, chat: i64) -> Result<(), Trouble> {
        self.blocked.lock().unwrap().push(chat);
        Ok(())
    }
}

/// A bus, Telegram, and copies of a bot that repeats what is said.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) telegram: StandIn,
    pub(super) echo: Arc<Echo>,
    pub(super) config: TelegramConfig,
}

/// A running copy.
pub(super) struct Copy {
    runtime: Option<Runtime>,
    stop: CancellationToken,
    working: Option<tokio::task::JoinHandle<()>>,
}

impl World {
    /// Without limits, by polling.
    pub(super) fn new() -> Self {
        let telegram = StandIn::start();
        let config = TelegramConfig {
            token: TOKEN.into(),
            bot_id: BOT,
            api_url: telegram.url.clone(),
            intake: IntakeConfig::Polling,
            limits: false,
            seal: BusSeal::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap(),
        };
        Self { server: Server::start(), telegram, echo: Arc::default(), config }
    }

    /// The same with Telegram's limits.
    pub(super) fn with_limits() -> Self {
        let mut world = Self::new();
        world.config.limits = true;
        world
    }

    /// The same by webhook, with this secret. Gives where it listens.
    pub(super) fn with_webhook(secret: &str) -> (Self, SocketAddr) {
        let mut world = Self::new();
        let (address, url) = (free_address(), "https://crm.example.com/tg".to_owned());
        world.config.intake = IntakeConfig::Webhook { url, secret: secret.into(), address };
        (world, address)
    }

    /// Starts a copy.
    pub(super) fn copy(&self) -> Copy {
        let (runtime, stop) = (runtime(), CancellationToken::new());
        let (config, echo) = (self.config.clone(), Arc::clone(&self.echo));
        let (bus, stopping) = (self.server.config("bot"), stop.clone());
        let working = runtime.spawn(async move {
            let hook = match &config.intake {
                IntakeConfig::Polling => None,
                IntakeConfig::Webhook { address, .. } => Some(listen(*address).await.unwrap()),
            };
            let bus = Bus::connect(&bus).await.unwrap();
            let telegram = Telegram::new(&config.token, &config.api_url);
            let (talk, blocked) = (Arc::clone(&echo), echo);
            let wiring = Wiring { bus, telegram, config, talk, blocked };
            Box::pin(wiring.run(hook, stopping)).await;
        });
        Copy { runtime: Some(runtime), stop, working: Some(working) }
    }

    /// What was answered.
    pub(super) fn answered(&self) -> Vec<String> {
        self.echo.answered.lock().unwrap().clone()
    }
}

impl Copy {
    /// Kills it as kill -9 does: nothing of it goes on.
    pub(super) fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Stops it as Ctrl-C does, and waits until it has ended.
    pub(super) fn stop(mut self) {
        self.stop.cancel();
        let (runtime, working) = (self.runtime.take().unwrap(), self.working.take().unwrap());
        let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, working).await });
        ended.expect("it does not stop").expect("it broke off");
        runtime.shutdown_background();
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
