//! A bus, a database, copies of the service, and people who ask.

use ael_bus::{Bus, BusConfig};
use ael_client::{Client, ClientError, NewToken};
use ael_commands::Config;
use ael_events::answer::{Accepted, Rejected};
use ael_events::command::{
    AddMember, AddNote, Command, CommandRequest, CreateLead, CreateToken, CreateWorkspace,
    Credential, FirstAdmin, LeadCommand, LogMessage, MemberCommand, MemberRef, SaleCommand, To,
};
use ael_events::event::LeadProfile;
use ael_events::ids::{CommandId, LeadId, MemberId, NoteId, SaleId, WorkspaceId};
use ael_events::subjects::Edge;
use ael_events::values::{
    AggregateKind, Channel, Contact, Language, MessageDirection, Role, Scope, Source,
    WorkspaceSettings,
};
use ael_seal::MasterKeyring;
use ael_service::Env;
use ael_store::testing::TestDatabase;
use ael_store::{DbRole, EventWriter, Loaded, WriterOptions};
use secrecy::{ExposeSecret as _, SecretString};
use std::process::{Child, Command as Program, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PASSWORD: &str = "secret";
/// Loads pass snapshots over.
pub(crate) const NO_SNAPSHOT: u32 = 1_000_000_000;

/// A nats-server that lives as long as its test.
struct Nats {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Nats {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users =
            ["commands", "api", "bot", "scoring", "assistant", "transcription", "jobs", "cli"]
                .map(|user| format!("{{ user: {user}, password: {PASSWORD} }}"))
                .join(", ");
        let path = folder.path().display();
        let text = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{path}\"\nmax_payload: 1MB\n\
             authorization {{ users: [{users}] }}\n"
        );
        let config = folder.path().join("nats.conf");
        std::fs::write(&config, text).unwrap();
        let program = std::env::var_os("AEL_TEST_NATS_SERVER").unwrap_or("nats-server".into());
        let process = Program::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = folder.path().join(format!("nats-server_{}.ports", process.id()));
        let mut url = None;
        wait_until("nats-server says where it listens", async || {
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let ports: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            url = ports["nats"][0].as_str().map(str::to_owned);
            url.is_some()
        })
        .await;
        Self { process, url: url.unwrap(), _folder: folder }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "a nats-server stays behind: {ended:?}");
    }
}

/// Waits for a condition, ten seconds at most.
pub(crate) async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A running house with one workspace and its first Admin.
pub(crate) struct World {
    nats: Nats,
    database: Option<TestDatabase>,
    master: String,
    copies: Vec<(CancellationToken, JoinHandle<Result<(), ael_commands::CommandsError>>)>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) admin: MemberId,
}

impl World {
    /// A world in which so many copies of the service run.
    pub(crate) async fn with_copies(copies: usize) -> Self {
        let nats = Nats::start().await;
        let database = Some(TestDatabase::create().await.unwrap());
        let master = MasterKeyring::generate_text().unwrap();
        let (workspace, admin) = (WorkspaceId::generate(), MemberId::generate());
        let mut world = Self { nats, database, master, copies: Vec::new(), workspace, admin };
        for _ in 0..copies {
            world.start_a_copy();
        }
        world.found(workspace, admin).await;
        world
    }

    /// A world with one copy.
    pub(crate) async fn start() -> Self {
        Self::with_copies(1).await
    }

    fn url(&self, role: DbRole) -> String {
        self.database.as_ref().unwrap().url(role).unwrap()
    }

    /// The database's name, and the address of a superuser on its server.
    pub(crate) fn server(&self) -> (String, String) {
        let name = self.database.as_ref().unwrap().name().to_owned();
        (name, std::env::var(ael_store::testing::VARIABLE).unwrap())
    }

    pub(crate) fn start_a_copy(&mut self) {
        let url = self.url(DbRole::Commands);
        let env = Env::of([
            ("DATABASE_URL", url.as_str()),
            ("NATS_URL", self.nats.url.as_str()),
            ("NATS_USER", "commands"),
            ("NATS_PASSWORD", PASSWORD),
            ("AEL_MASTER_KEY", self.master.as_str()),
        ]);
        let config = Config::read(&env).unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(ael_commands::run(config, shutdown.clone()));
        self.copies.push((shutdown, running));
    }

    /// Stops every copy and waits until each has left.
    pub(crate) async fn stop(&mut self) {
        for (shutdown, running) in self.copies.drain(..) {
            shutdown.cancel();
            running.await.unwrap().unwrap();
        }
    }

    pub(crate) async fn bus(&self, user: &str) -> Bus {
        let password = SecretString::from(PASSWORD);
        Bus::connect(&BusConfig::new(&self.nats.url, user, password)).await.unwrap()
    }

    /// An edge's way to the service.
    pub(crate) async fn client(&self, edge: Edge) -> Client {
        Client::new(self.bus(edge.token()).await, edge)
    }

    /// The store behind the service, to look at what it holds.
    pub(crate) async fn writer(&self) -> EventWriter {
        let master = Arc::new(MasterKeyring::parse(&self.master).unwrap());
        let url = self.url(DbRole::Commands);
        EventWriter::connect(&url, master, WriterOptions::default()).await.unwrap()
    }

    pub(crate) async fn load(&self, kind: AggregateKind, id: Uuid) -> Loaded {
        self.writer().await.load(self.workspace, kind, id, NO_SNAPSHOT).await.unwrap()
    }

    async fn found(&self, workspace: WorkspaceId, admin: MemberId) {
        let mut settings = WorkspaceSettings::standard().unwrap();
        settings.tags.insert("vip".parse().unwrap());
        let create = CreateWorkspace {
            name: "Test".parse().unwrap(),
            settings,
            first_admin: FirstAdmin { member_id: admin, name: "Ada".parse().unwrap(), email: None },
        };
        let command = Command::Workspace(To { id: workspace, command: create.into() });
        self.client(Edge::Cli)
            .await
            .command(workspace, &request(operator(), command))
            .await
            .unwrap();
    }

    /// Asks as this member, from the command line.
    pub(crate) async fn ask(
        &self,
        member: MemberId,
        command: Command,
    ) -> Result<Accepted, ClientError> {
        let request = request(acting_as(member), command);
        self.client(Edge::Cli).await.command(self.workspace, &request).await
    }

    /// Adds a member in this role.
    pub(crate) async fn member(&self, role: Role) -> MemberId {
        let id = MemberId::generate();
        let name = "Taras".parse().unwrap();
        let add = AddMember { name, email: None, role, language: Language::Uk };
        self.ask(self.admin, member(id, add)).await.unwrap();
        id
    }

    /// Creates a lead of this person.
    pub(crate) async fn lead(&self, by: MemberId, contact: Contact) -> LeadId {
        let id = LeadId::generate();
        self.ask(by, lead(id, create(contact))).await.unwrap();
        id
    }

    /// Makes a token of this member's, as its whole text.
    pub(crate) async fn token(&self, of: MemberId, scopes: &[Scope]) -> (Credential, NewToken) {
        let (token, command) = self.new_token(of, scopes);
        self.ask(self.admin, command).await.unwrap();
        let text = token.text.expose_secret().to_owned();
        (Credential::Token { token: text }, token)
    }

    /// A token that is still to be made, by this command.
    pub(crate) fn new_token(
        &self,
        of: impl Into<MemberRef>,
        scopes: &[Scope],
    ) -> (NewToken, Command) {
        let token = NewToken::mint(self.workspace).unwrap();
        let create = CreateToken {
            member_id: of.into(),
            label: "for a test".parse().unwrap(),
            secret_hash: token.secret_hash.clone(),
            scopes: scopes.iter().copied().collect(),
            expires_at: None,
        };
        let command = Command::Token(To { id: token.id, command: create.into() });
        (token, command)
    }
}

/// The database goes with its world, also when the test fails.
impl Drop for World {
    fn drop(&mut self) {
        let Some(database) = self.database.take() else { return };
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(database.remove()).unwrap();
        });
        let removed = removing.join();
        assert!(removed.is_ok() || std::thread::panicking(), "a database stays behind");
    }
}

pub(crate) const fn operator() -> Credential {
    Credential::Operator { as_member: None }
}

pub(crate) const fn acting_as(member: MemberId) -> Credential {
    Credential::Operator { as_member: Some(member) }
}

pub(crate) fn request(credential: Credential, command: Command) -> CommandRequest {
    CommandRequest {
        command_id: CommandId::generate(),
        credential,
        expected_version: None,
        occurred_at: None,
        correlation_id: None,
        causation_id: None,
        command,
    }
}

pub(crate) fn lead(id: LeadId, command: impl Into<LeadCommand>) -> Command {
    Command::Lead(To { id, command: command.into() })
}

pub(crate) fn sale(id: SaleId, command: impl Into<SaleCommand>) -> Command {
    Command::Sale(To { id, command: command.into() })
}

pub(crate) fn member(id: impl Into<MemberRef>, command: impl Into<MemberCommand>) -> Command {
    Command::Member(To { id: id.into(), command: command.into() })
}

pub(crate) fn create(contact: Contact) -> CreateLead {
    CreateLead {
        source: Source::Manual,
        business_domain: None,
        owner: None,
        tags: Default::default(),
        profile: LeadProfile { contact, ..LeadProfile::default() },
        allow_duplicate: false,
    }
}

pub(crate) fn named(name: &str) -> Contact {
    Contact { full_name: Some(name.parse().unwrap()), ..Contact::default() }
}

pub(crate) fn reachable(email: &str) -> Contact {
    Contact { email: Some(email.parse().unwrap()), ..named("Olena Petrenko") }
}

pub(crate) fn message() -> LogMessage {
    let (direction, channel) = (MessageDirection::Outgoing, Channel::Phone);
    LogMessage { count: 1, direction, channel, text: None }
}

pub(crate) fn note(text: &str) -> AddNote {
    AddNote { note_id: NoteId::generate(), text: text.parse().unwrap() }
}

/// The refusal that was the answer.
pub(crate) fn refusal(answer: Result<Accepted, ClientError>) -> Rejected {
    match answer {
        Err(ClientError::Rejected(rejected)) => rejected,
        Err(ClientError::Failed(failed)) => panic!("failed: {failed:?}"),
        Err(ClientError::Unavailable(error)) => panic!("unavailable: {error:?}"),
        Ok(accepted) => panic!("accepted: {accepted:?}"),
    }
}
