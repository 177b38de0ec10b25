//! The private nats-server: its configuration written, its version known, ready to be supervised.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::home::NatsState;
use crate::stack::NATS;
use crate::supervisor::{Ready, ServiceSpec, Tier};
use crate::{ClaimedHome, StackError, files, ports, spawn};

/// The version of a nats-server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NatsVersion(pub u32, pub u32, pub u32);

impl NatsVersion {
    /// The first that can write to disk before it acknowledges.
    const SYNC_ALWAYS: Self = Self(2, 10, 0);
    /// The first without CVE-2025-30215.
    const MENDED: Self = Self(2, 10, 27);

    /// Reads `nats-server: v2.9.10`, `2.12.7-RC.1` and the like.
    fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut numbers = text[start..].split(|c: char| !c.is_ascii_digit()).map(str::parse);
        let mut next = || numbers.next()?.ok();
        Some(Self(next()?, next()?, next()?))
    }

    /// What an operator should know about a server of this version, if anything.
    pub fn warning(self) -> Option<String> {
        let fsync = if self < Self::SYNC_ALWAYS {
            ", and cannot write to disk before it acknowledges (a power cut may cost it its last \
             seconds; the bus is then refilled from PostgreSQL)"
        } else {
            ""
        };
        (self < Self::MENDED).then(|| {
            format!(
                "nats-server {self} is older than {}: it carries CVE-2025-30215{fsync}; \
                 install a current one",
                Self::MENDED
            )
        })
    }
}

impl fmt::Display for NatsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What a caller chooses about the private nats-server.
#[derive(Clone, Default)]
pub struct NatsOptions {
    /// The server's program; none to look for `nats-server` on the `PATH`.
    pub program: Option<PathBuf>,
    /// Who may enter and do what: the `authorization { … }` block of its configuration.
    pub authorization: String,
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The authorization holds passwords.
        f.debug_struct("NatsOptions").field("program", &self.program).finish_non_exhaustive()
    }
}

/// A private nats-server with its configuration written.
#[derive(Debug, Clone)]
pub struct Nats {
    program: PathBuf,
    config: PathBuf,
    store: PathBuf,
    port: u16,
    version: NatsVersion,
}

impl Nats {
    /// Finds the server, warns of an old one and writes its configuration.
    ///
    /// # Errors
    /// When it is not installed or its configuration cannot be written.
    pub async fn prepare(claimed: &ClaimedHome, options: &NatsOptions) -> Result<Self, StackError> {
        let missing = || StackError::ProgramMissing {
            program: "nats-server",
            advice: "install it (Debian: apt-get install nats-server) or use another server by \
                     NATS_URL"
                .to_owned(),
        };
        let found = options.program.clone().or_else(|| spawn::on_path("nats-server"));
        let program = found.ok_or_else(missing)?;
        let version = version_of(&program).await.ok_or_else(missing)?;
        if let Some(warning) = version.warning() {
            tracing::warn!("{warning}");
        }
        let port = ports::choose(claimed.before().nats.as_ref().map(|state| state.port))?;
        let folder = claimed.home().nats();
        let (config, store) = (folder.join("nats.conf"), folder.join("jetstream"));
        let text = configuration(port, &store, version, &options.authorization);
        files::write_private(&config, &text)?;
        Ok(Self { program, config, store, port, version })
    }

    /// What the server says its version is.
    pub fn version(&self) -> NatsVersion {
        self.version
    }

    /// Where it is.
    pub fn state(&self) -> NatsState {
        NatsState { port: self.port, version: self.version.to_string() }
    }

    /// How to supervise it: it is ready when it greets a client with JetStream on.
    pub fn spec(&self) -> ServiceSpec {
        let port = self.port;
        let args = ["-c".into(), self.config.clone().into_os_string()];
        ServiceSpec {
            tier: Tier::Bus,
            stop_within: Duration::from_secs(15),
            ready_within: Duration::from_secs(120),
            ..ServiceSpec::service(NATS, &self.program, args)
                .env(share_of_cores())
                .ready(Ready::probe(move || greets(port)))
        }
    }

    /// Removes all that the server keeps; it must be down.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn wipe(&self) -> Result<(), StackError> {
        files::remove(&self.store)
    }

    /// Where the server keeps its streams.
    pub fn store(&self) -> &Path {
        &self.store
    }
}

async fn version_of(program: &Path) -> Option<NatsVersion> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    NatsVersion::parse(&String::from_utf8_lossy(&output.stdout))
}

fn configuration(port: u16, store: &Path, version: NatsVersion, authorization: &str) -> String {
    let store = store.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    let sync = if version >= NatsVersion::SYNC_ALWAYS { "  sync_interval: always\n" } else { "" };
    format!(
        "# Written by ael at each start; changes made here are lost.\n\
         server_name: ael\n\
         listen: \"127.0.0.1:{port}\"\n\
         max_payload: 1MB\n\
         max_connections: 4096\n\
         write_deadline: \"10s\"\n\
         jetstream {{\n  store_dir: \"{store}\"\n  max_memory_store: 256MB\n  \
         max_file_store: 64GB\n{sync}}}\n\
         {authorization}\n"
    )
}

/// Whether the server greets with `INFO {…}` and has JetStream on.
async fn greets(port: u16) -> bool {
    let hear = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut greeting = String::new();
        BufReader::new(stream).read_line(&mut greeting).await.ok()?;
        let info: serde_json::Value = serde_json::from_str(greeting.strip_prefix("INFO ")?).ok()?;
        info.get("jetstream")?.as_bool()
    };
    let heard = tokio::time::timeout(Duration::from_secs(2), hear).await;
    heard.ok().flatten().unwrap_or(false)
}

/// Half of the cores, unless said otherwise: the server shares the machine with everything else,
/// and Go's runtime looks for work on every core that it may use (docs/performance.md).
fn share_of_cores() -> Option<(&'static str, String)> {
    const CORES: &str = "GOMAXPROCS";
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::env::var_os(CORES).is_none().then(|| (CORES, (cores / 2).max(1).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let debian = NatsVersion::parse("nats-server: v2.9.10\n").unwrap();
        assert_eq!(debian, NatsVersion(2, 9, 10));
        assert!(debian.warning().unwrap().contains("CVE-2025-30215, and cannot write to disk"));
        let older = NatsVersion::parse("nats-server: v2.10.26").unwrap();
        assert!(!older.warning().unwrap().contains("cannot write to disk"));
        assert_eq!(NatsVersion::parse("v2.12.7-RC.1").unwrap().warning(), None);
        assert_eq!(NatsVersion::parse("nats-server: dev"), None);
    }

    #[test]
    fn only_a_server_that_knows_it_is_told_to_sync_always() {
        let of = |version| configuration(1, Path::new("/a \"b\""), version, "authorization {}");
        assert!(!of(NatsVersion(2, 9, 10)).contains("sync_interval"));
        let current = of(NatsVersion(2, 10, 0));
        assert!(current.contains("sync_interval: always"));
        assert!(current.contains(r#"store_dir: "/a \"b\"""#));
    }
}
