//! A nats-server of one's own, with the permissions of the topology, and patience.

use ael_bus::{Bus, BusConfig, topology::Topology};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Runs a test on each server: the installed one and `AEL_TEST_NATS_SERVER`.
pub async fn on_every_server<F: AsyncFn(&mut Server)>(test: F) {
    let installed = PathBuf::from("nats-server");
    let other = std::env::var_os("AEL_TEST_NATS_SERVER").map(PathBuf::from);
    for program in [Some(installed), other].into_iter().flatten() {
        let mut server = Server::start(&program).await;
        println!("{} is {}", program.display(), server.bus("admin").await.server().version);
        test(&mut server).await;
    }
}

/// Polls until something holds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

pub struct Server {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    child: Child,
    pub topology: Topology,
}

impl Server {
    /// Starts a server without any stream.
    async fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topology = Topology::embedded().unwrap();
        let passwords: BTreeMap<String, SecretString> =
            topology.user_names().map(|user| (user.to_owned(), password(user))).collect();
        let authorization = topology.server_authorization(|user| passwords.get(user)).unwrap();
        let store = folder.path().join("store");
        let configuration =
            format!("jetstream {{ store_dir: \"{}\" }}\n{authorization}", store.display());
        fs::write(folder.path().join("nats.conf"), configuration).unwrap();
        let child = spawn(program, folder.path(), None);
        let ports = folder.path().join(format!("nats-server_{}.ports", child.id()));
        let mut port = None;
        eventually("the server says its port", async || {
            let text = fs::read_to_string(&ports).unwrap_or_default();
            port = text
                .split("127.0.0.1:")
                .nth(1)
                .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
            port.is_some()
        })
        .await;
        let program = program.to_owned();
        Self { program, folder, port: port.unwrap(), child, topology }
    }

    /// Starts a server, and makes what the topology says.
    pub async fn ready(&self) {
        ael_bus::topology::apply(&self.bus("admin").await, &self.topology).await.unwrap();
    }

    pub fn config(&self, user: &str) -> BusConfig {
        BusConfig::new(format!("nats://127.0.0.1:{}", self.port), user, password(user))
    }

    pub async fn bus(&self, user: &str) -> Bus {
        Bus::connect(&self.config(user)).await.unwrap()
    }

    /// A client that keeps none of our rules, only the server's.
    pub async fn raw(&self, user: &str) -> async_nats::Client {
        async_nats::ConnectOptions::with_user_and_password(user.into(), format!("pw-{user}"))
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .connect(format!("127.0.0.1:{}", self.port))
            .await
            .unwrap()
    }

    /// Kills the server as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the killed server again on its port.
    pub fn revive(&mut self) {
        self.child = spawn(&self.program, self.folder.path(), Some(self.port));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "a nats-server stays behind: {ended:?}");
    }
}

fn password(user: &str) -> SecretString {
    SecretString::from(format!("pw-{user}"))
}

fn spawn(program: &Path, folder: &Path, port: Option<u16>) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    Command::new(program)
        .arg("-c")
        .arg(folder.join("nats.conf"))
        .args(["-a", "127.0.0.1", "-p", &port.map_or_else(|| "-1".into(), |p| p.to_string())])
        .arg("--ports_file_dir")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()))
}
