//! A running system of a test's own: started as people start it, found as the command line finds
//! it.

use ael_bus::{Bus, BusConfig};
use ael_client::Client;
use ael_events::command::{Command, CommandRequest, Credential, LeadCommand, To};
use ael_events::ids::{CommandId, LeadId, MemberId, WorkspaceId};
use ael_events::subjects::Edge;
use ael_stack::{Home, Running};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take that has to come about.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test: built beside the tests.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("AEL_TEST_BIN") {
        return path.into();
    }
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("ael");
    assert!(path.exists(), "{} is not built: `cargo build -p ael` first", path.display());
    path
}

/// A running system; stopped hard when dropped.
pub struct House {
    folder: TempDir,
    up: Child,
}

impl House {
    /// Starts a system and waits until it is ready.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same with more environment.
    pub fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("ael-house-").permissions(std::fs::Permissions::from_mode(0o711));
        let folder = builder.tempdir().unwrap();
        let up = spawn_up(&folder.path().join("home"), arguments, environment);
        let mut house = Self { folder, up };
        house.wait_until_ready();
        house
    }

    fn wait_until_ready(&mut self) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.up.try_wait().unwrap() {
                panic!("`ael up` ended with {status}:\n{}", self.said());
            }
            let answer = self.ael(&["projection", "list", "--json"]);
            if answer.status.success() {
                return;
            }
            let error = String::from_utf8_lossy(&answer.stderr).into_owned();
            assert!(begun.elapsed() < PATIENCE, "not ready: {error}\n{}", self.said());
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    /// Where it lives.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// What `ael up` has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("up.log")).unwrap_or_default()
    }

    /// Stops it as Ctrl-C does and waits until it is gone.
    pub fn stop(&mut self) {
        kill(pid_of(&self.up), Signal::SIGINT).unwrap();
        let status = self.up.wait().unwrap();
        assert!(status.success(), "`ael up` ended with {status}:\n{}", self.said());
    }

    /// Kills `ael up` itself as kill -9 does.
    pub fn kill_up(&mut self) {
        kill(pid_of(&self.up), Signal::SIGKILL).unwrap();
        self.up.wait().unwrap();
    }

    /// Starts it again on the same home.
    pub fn start_again(&mut self, arguments: &[&str]) {
        self.start_again_with(arguments, &[]);
    }

    /// The same with more environment.
    pub fn start_again_with(&mut self, arguments: &[&str], environment: &[(&str, &str)]) {
        self.up = spawn_up(&self.home(), arguments, environment);
        self.wait_until_ready();
    }

    /// Starts PostgreSQL and the bus of a stopped system, and no service.
    pub fn start_servers_alone(&self) -> Servers {
        let mut servers = self.command(&["dev", "stack"]);
        let mut servers = servers.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(servers.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap() == "ready"), "the servers do not come up");
        Servers(servers)
    }

    fn command(&self, arguments: &[&str]) -> Process {
        let mut command = Process::new(binary());
        command
            .args(arguments)
            .env("AEL_HOME", self.home())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the command line as a person would.
    pub fn ael(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the command line and leaves it running.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs the command line, which has to succeed, and gives what it printed.
    pub fn said_by(&self, arguments: &[&str]) -> String {
        let output = self.ael(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ael {}: {error}\n{}", arguments.join(" "), self.said());
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs the command line with `--json` and reads the last line that it printed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let said = self.said_by(&all);
        serde_json::from_str(said.trim())
            .or_else(|_| serde_json::from_str(said.trim().lines().last().unwrap_or_default()))
            .unwrap_or_else(|error| panic!("ael {all:?}: {error} in {said}"))
    }

    /// Asks again until the answer is as it should be.
    pub fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(value) = ask() {
                return value;
            }
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}\n{}", self.said());
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    /// The running system, as the command line finds it.
    pub fn running(&self) -> Running {
        Home::at(self.home()).unwrap().running().unwrap()
    }

    /// A connection to the bus as one of its users.
    pub async fn bus(&self, user: &str) -> Bus {
        let found = self.running().bus_config(user).unwrap();
        Bus::connect(&BusConfig::new(found.url, found.user, found.password)).await.unwrap()
    }

    /// The same, while the bus may be away.
    pub async fn try_bus(&self, user: &str) -> Option<Bus> {
        let found = self.running().bus_config(user)?;
        Bus::connect(&BusConfig::new(found.url, found.user, found.password)).await.ok()
    }

    /// The command line's own way to the services.
    pub async fn client(&self) -> Client {
        Client::new(self.bus("cli").await, Edge::Cli).with_patience(PATIENCE)
    }

    /// The workspace that every system begins with, and its Admin.
    pub fn first_workspace(&self) -> (WorkspaceId, MemberId) {
        let workspaces = self.json(&["workspace", "list"]);
        let id = first_of(&workspaces)["id"].as_str().unwrap().parse().unwrap();
        let members = self.json(&["member", "list"]);
        let admin = first_of(&members)["id"].as_str().unwrap().parse().unwrap();
        (id, admin)
    }

    /// The processes of the house whose command line contains this, such as `run commands`.
    pub fn processes(&self, part: &str) -> Vec<Pid> {
        let mine = self.home().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let belongs = line.contains(&mine)
                || String::from_utf8_lossy(&read("environ")).contains(&mine)
                || parent(&entry.path()) == Some(pid_of(&self.up));
            if belongs && line.contains(part) {
                found.push(Pid::from_raw(pid));
            }
        }
        found
    }

    /// The process among these that holds the connection from this port of this machine.
    pub fn connected_from(port: u16, among: &[Pid]) -> Option<Pid> {
        let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let from = format!(":{port:04X}");
        let inode = connections.lines().find_map(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1)?;
            local.ends_with(&from).then(|| fields.nth(7))?
        })?;
        let held = format!("socket:[{inode}]");
        among.iter().copied().find(|pid| {
            let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
            let mut targets = files.flatten().filter_map(|file| file.path().read_link().ok());
            targets.any(|target| target.as_os_str() == held.as_str())
        })
    }

    /// Kills the processes whose command line contains this; says how many there were.
    pub fn kill_all(&self, part: &str) -> usize {
        let found = self.processes(part);
        found.iter().filter(|pid| kill(**pid, Signal::SIGKILL).is_ok()).count()
    }

    /// The folder in which the bus keeps its streams.
    pub fn bus_files(&self) -> PathBuf {
        self.home().join("nats").join("jetstream")
    }

    /// Kills the bus and removes its files; should it be back in between, it is killed once more.
    /// Says whether it was there to be killed.
    pub fn wipe_bus(&self) -> bool {
        let hurt = self.kill_all("nats-server") > 0;
        let files = self.bus_files();
        self.until("the bus's files to be gone", || match std::fs::remove_dir_all(&files) {
            Ok(()) => Some(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(()),
            Err(_) => None,
        });
        self.kill_all("nats-server");
        hurt
    }

    /// Waits until every read model has taken everything, and audits the whole system.
    pub fn assert_sound(&self) {
        let verdict = self.until("a clean audit", || {
            let output = self.ael(&["audit", "verify", "--all", "--json"]);
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        });
        assert!(!verdict.trim().is_empty());
    }
}

/// The servers of a system without its services.
pub struct Servers(Child);

impl Servers {
    /// Stops them in order.
    pub fn stop(mut self) {
        kill(pid_of(&self.0), Signal::SIGTERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

/// A program of PostgreSQL's, of the newest version that is installed.
pub fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin").join(name));
    programs.filter(|program| program.exists()).max().unwrap_or_else(|| name.into())
}

impl Drop for House {
    fn drop(&mut self) {
        // Asking first lets it stop its servers in order; a test that failed must not wait for that
        // for ever.
        if kill(pid_of(&self.up), Signal::SIGTERM).is_ok() {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(20) {
                if matches!(self.up.try_wait(), Ok(Some(_)) | Err(_)) {
                    break;
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        for pid in self.processes("") {
            if pid != Pid::this() && kill(pid, Signal::SIGKILL).is_err() {
                continue;
            }
        }
    }
}

fn parent(process: &Path) -> Option<Pid> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().map(Pid::from_raw)
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

fn spawn_up(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    let log = home.parent().unwrap().join("up.log");
    let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
    let mut up = Process::new(binary());
    if let Some(nats) = std::env::var_os("AEL_TEST_NATS_SERVER").filter(|path| !path.is_empty()) {
        up.env("AEL_NATS_SERVER", nats);
    }
    up.arg("up")
        .args(arguments)
        .env("AEL_HOME", home)
        .env_remove("DATABASE_URL")
        .env_remove("NATS_URL")
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL")
        .env_remove("TELEGRAM_BOT_TOKEN")
        .env_remove("TELEGRAM_WEBHOOK_URL")
        // Many systems run at once, and none of them is in a hurry.
        .env("HTTP_ADDR", "127.0.0.1:0")
        .env("AEL_HTTP_RATE_PER_TOKEN", "0")
        .env("AEL_HTTP_RATE_PER_ADDRESS", "0")
        .env("AEL_HTTP_FAILED_SIGN_INS", "0")
        .envs(environment.iter().copied())
        .current_dir(home.parent().unwrap())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// The first of the items that a listing printed.
pub fn first_of(listing: &Value) -> &Value {
    items(listing).first().unwrap_or_else(|| panic!("nothing in {listing}"))
}

/// The items that a listing printed, bare or as a page.
pub fn items(listing: &Value) -> &[Value] {
    let page = listing.get("items").unwrap_or(listing);
    page.as_array().unwrap_or_else(|| panic!("no list: {listing}"))
}

/// A command to a lead, as a member at the server's command line.
pub fn to_lead(lead: LeadId, member: MemberId, command: impl Into<LeadCommand>) -> CommandRequest {
    CommandRequest {
        command_id: CommandId::generate(),
        credential: Credential::Operator { as_member: Some(member) },
        expected_version: None,
        occurred_at: None,
        correlation_id: None,
        causation_id: None,
        command: Command::Lead(To { id: lead, command: command.into() }),
    }
}
