//! A house of its own for each benchmark: private servers, the tables, and real service processes,
//! each with only its own secrets. All of it is gone afterwards.

use crate::report::Report;
use crate::{Sizes, profile};
use ael_bus::topology::{self, ConsumerSpec, Keeps, StreamSpec, Topology, UserSpec};
use ael_bus::{Bus, BusConfig};
use ael_client::Client;
use ael_events::command::{
    Command, CommandRequest, CreateWorkspace, Credential, FirstAdmin, To, WorkspaceCommand,
};
use ael_events::ids::{CommandId, MemberId, WorkspaceId};
use ael_events::subjects::Edge;
use ael_events::values::{MemberName, WorkspaceName, WorkspaceSettings};
use ael_seal::MasterKeyring;
use ael_stack::{Home, NatsOptions, PostgresOptions, ServiceSpec, StackOptions, ThrowawayStack};
use ael_store::{DbRole, EventWriter, PoolOptions, WriterOptions, migrate};
use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The stream, the subject's beginning, the consumer and the user of the plain pipeline.
pub(crate) const BENCH: &str = "bench";
/// The plain pipeline's stream.
pub(crate) const BENCH_STREAM: &str = "BENCH";
/// The interface as it is measured: on a port that is free, without limits on how often one caller
/// may ask.
const API: [(&str, &str); 4] = [
    ("HTTP_ADDR", "127.0.0.1:0"),
    ("AEL_HTTP_RATE_PER_TOKEN", "0"),
    ("AEL_HTTP_RATE_PER_ADDRESS", "0"),
    ("AEL_HTTP_FAILED_SIGN_INS", "0"),
];

/// Where the plain pipeline publishes.
pub(crate) const BENCH_SUBJECT: &str = "bench.event";

/// A service of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Commands,
    Relay,
    Projections,
    Queries,
    Jobs,
    Scoring,
    Api,
    Bot,
}

impl Service {
    /// All but the bot, which is off without a token.
    pub(crate) const ALL: [Self; 7] = [
        Self::Commands,
        Self::Relay,
        Self::Projections,
        Self::Queries,
        Self::Jobs,
        Self::Scoring,
        Self::Api,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Relay => "relay",
            Self::Projections => "projections",
            Self::Queries => "queries",
            Self::Jobs => "jobs",
            Self::Scoring => "scoring",
            Self::Api => "api",
            Self::Bot => "bot",
        }
    }

    const fn role(self) -> Option<DbRole> {
        match self {
            Self::Commands => Some(DbRole::Commands),
            Self::Relay => Some(DbRole::Relay),
            Self::Projections => Some(DbRole::Projections),
            Self::Queries => Some(DbRole::Queries),
            Self::Jobs | Self::Scoring | Self::Api | Self::Bot => None,
        }
    }

    const fn opens_sealed_data(self) -> bool {
        match self {
            Self::Commands | Self::Projections => true,
            Self::Relay | Self::Queries | Self::Jobs | Self::Scoring | Self::Api | Self::Bot => {
                false
            }
        }
    }
}

/// Private servers with the tables and the topology, and whatever services were started.
#[derive(Debug)]
pub(crate) struct House {
    stack: ThrowawayStack,
    program: PathBuf,
    pub(crate) keyring: Arc<MasterKeyring>,
}

/// A workspace with its Admin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenant {
    pub(crate) workspace: WorkspaceId,
    pub(crate) admin: MemberId,
}

impl House {
    /// Brings the servers up, makes the tables, and says how the database keeps its promises.
    pub(crate) async fn open(sizes: &Sizes, report: &Report) -> anyhow::Result<Self> {
        let topology = topology_with_bench()?;
        let users: Vec<String> = topology.user_names().map(str::to_owned).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let mut refused = None;
        let stack = ThrowawayStack::start(&users, |secrets| {
            let authorization = topology
                .server_authorization(|user| secrets.nats_password(user))
                .unwrap_or_else(|error| {
                    refused = Some(error);
                    String::new()
                });
            // When something was committed is what the lag is measured by; the plain sides want
            // many connections.
            let settings = [("track_commit_timestamp", "on"), ("max_connections", "300")];
            let profiled = if sizes.profile { profile::SETTINGS } else { &[] };
            let settings = settings.iter().chain(profiled);
            let settings =
                settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let postgres = PostgresOptions { settings, ..PostgresOptions::default() };
            let nats = NatsOptions { authorization, ..NatsOptions::default() };
            StackOptions { postgres: Some(postgres), nats: Some(nats) }
        })
        .await?;
        if let Some(error) = refused {
            return Err(error.into());
        }
        let running = stack.running();
        running.home().replace_master_key(&Home::random_key()?)?;
        let keyring = Arc::new(MasterKeyring::from_file(&running.home().master_key_file())?);
        let house = Self { stack, program: sizes.program()?, keyring };
        house.make_tables().await?;
        topology::apply(&house.bus("admin").await?, &topology).await?;
        house.say_settings(report).await?;
        Ok(house)
    }

    async fn make_tables(&self) -> anyhow::Result<()> {
        let running = self.stack.running();
        let superuser = self.superuser_url()?;
        let password = |role: DbRole| {
            let password = running.secrets().role_password(role.name())?.clone();
            Some((role, password))
        };
        let roles: Vec<(DbRole, SecretString)> =
            DbRole::ALL.into_iter().filter_map(password).collect();
        migrate::create_roles(&superuser, &roles).await?;
        migrate::prepare_database(&superuser).await?;
        let owner = self.role_url(DbRole::Owner)?;
        migrate::run(&owner, &[("read", &ael_projections::MIGRATOR)]).await?;
        let pool = self.role_pool(DbRole::Projections, 1).await?;
        ael_projections::ensure(&pool).await?;
        pool.close().await;
        Ok(())
    }

    async fn say_settings(&self, report: &Report) -> anyhow::Result<()> {
        let pool = self.superuser(1).await?;
        let mut said = Vec::new();
        for name in ["server_version", "fsync", "synchronous_commit", "wal_sync_method"] {
            let value: String =
                sqlx::query_scalar(&format!("SHOW {name}")).fetch_one(&pool).await?;
            said.push(format!("{name} = {value}"));
        }
        pool.close().await;
        let nats = self.stack.stack().nats().map(|nats| format!("{:?}", nats.version()));
        let build = if cfg!(debug_assertions) { "a debug build" } else { "a release build" };
        report.say(&format!("PostgreSQL: {}", said.join(", ")));
        report.say(&format!("nats-server: {}; {build}", nats.unwrap_or_default()));
        Ok(())
    }

    /// Starts services, and returns when they take work.
    pub(crate) async fn start(&self, services: &[Service]) -> anyhow::Result<()> {
        for service in services {
            let name = service.name();
            let spec = ServiceSpec::service(name, &self.program, ["run", name])
                .env(self.environment(*service)?);
            self.stack.supervisor().start(spec).await?;
        }
        Ok(())
    }

    /// Starts one service with more settings of its environment.
    pub(crate) async fn start_with(
        &self,
        service: Service,
        more: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let name = service.name();
        let spec = ServiceSpec::service(name, &self.program, ["run", name])
            .env(self.environment(service)?)
            .env(more.iter().map(|(name, value)| (*name, value.clone())));
        self.stack.supervisor().start(spec).await?;
        Ok(())
    }

    /// Starts the interface, which listens there, with more settings of its environment.
    pub(crate) async fn start_api(
        &self,
        address: SocketAddr,
        more: &[(&str, String)],
    ) -> anyhow::Result<()> {
        let listens = ("HTTP_ADDR", address.to_string());
        let more = more.iter().cloned().chain([listens]).collect::<Vec<_>>();
        self.start_with(Service::Api, &more).await
    }

    fn environment(&self, service: Service) -> anyhow::Result<Vec<(String, String)>> {
        let running = self.stack.running();
        let bus = running.bus_config(service.name()).context("a service without a bus user")?;
        let mut all = vec![
            ("NATS_URL".to_owned(), bus.url),
            ("NATS_USER".to_owned(), bus.user),
            ("NATS_PASSWORD".to_owned(), bus.password.expose_secret().to_owned()),
        ];
        if let Some(role) = service.role() {
            all.push(("DATABASE_URL".to_owned(), self.role_url(role)?));
        }
        if service.opens_sealed_data() {
            let file = running.home().master_key_file().display().to_string();
            all.push(("AEL_MASTER_KEY_FILE".to_owned(), file));
        }
        if service == Service::Api {
            all.extend(API.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        all.extend(std::env::var("AEL_LOG").ok().map(|log| ("AEL_LOG".to_owned(), log)));
        Ok(all)
    }

    /// The key that seals what lies on the bus.
    pub(crate) fn bus_key(&self) -> anyhow::Result<String> {
        let running = self.stack.running();
        let key = running.secrets().bus_key().context("no key of the bus")?;
        Ok(key.expose_secret().to_owned())
    }

    /// Stops a service in order.
    pub(crate) async fn stop(&self, service: Service) -> anyhow::Result<()> {
        Ok(self.stack.supervisor().stop(service.name()).await?)
    }

    /// The process of a service that was started, or of `postgres` or `nats`.
    pub(crate) fn processes(&self) -> Vec<(String, i32)> {
        let reports = self.stack.supervisor().report();
        reports.into_iter().filter_map(|report| Some((report.name, report.pid?))).collect()
    }

    /// The process of a service.
    pub(crate) fn process(&self, service: Service) -> anyhow::Result<i32> {
        let found = self.processes().into_iter().find(|(name, _)| name == service.name());
        found.map(|(_, pid)| pid).with_context(|| format!("{} does not run", service.name()))
    }

    /// The program whose services are measured, and the home in which they run.
    pub(crate) fn program_and_home(&self) -> (PathBuf, PathBuf) {
        (self.program.clone(), self.stack.running().home().path().to_owned())
    }

    pub(crate) fn superuser_url(&self) -> anyhow::Result<String> {
        let url = self.stack.running().superuser_url().context("no database of our own")?;
        Ok(url.expose_secret().to_owned())
    }

    pub(crate) fn role_url(&self, role: DbRole) -> anyhow::Result<String> {
        let url = self.stack.running().role_url(role.name()).context("no such role")?;
        Ok(url.expose_secret().to_owned())
    }

    /// Connections without limits, for the plain sides and for looking.
    pub(crate) async fn superuser(&self, connections: u32) -> anyhow::Result<PgPool> {
        self.superuser_in("", connections).await
    }

    /// The same in another database of the server; the house's own when not named.
    pub(crate) async fn superuser_in(
        &self,
        database: &str,
        connections: u32,
    ) -> anyhow::Result<PgPool> {
        let mut url = self.superuser_url()?;
        if !database.is_empty() {
            let end = url.rfind('/').context("an address without a database")?;
            url.replace_range(end + 1.., database);
        }
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .test_before_acquire(false);
        Ok(options.connect(&url).await?)
    }

    /// Connections in a role of the house.
    pub(crate) async fn role_pool(&self, role: DbRole, connections: u32) -> anyhow::Result<PgPool> {
        let options = PoolOptions { max_connections: connections, ..PoolOptions::default() };
        Ok(ael_store::connect(&self.role_url(role)?, role, &options).await?)
    }

    /// The event store's own way in, for filling it beforehand.
    pub(crate) async fn writer(&self) -> anyhow::Result<EventWriter> {
        let options = WriterOptions { append_timeout_ms: 60_000, ..WriterOptions::default() };
        let url = self.role_url(DbRole::Commands)?;
        Ok(EventWriter::connect(&url, Arc::clone(&self.keyring), options).await?)
    }

    /// The bus as one of its users.
    pub(crate) async fn bus(&self, user: &str) -> anyhow::Result<Bus> {
        let config = self.stack.running().bus_config(user).context("no such bus user")?;
        Ok(Bus::connect(&BusConfig::new(config.url, config.user, config.password)).await?)
    }

    /// The way of an edge to commands and queries.
    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(self.bus(Edge::Cli.token()).await?, Edge::Cli))
    }

    /// Founds a workspace.
    pub(crate) async fn found(&self, client: &Client, name: &str) -> anyhow::Result<Tenant> {
        let tenant = Tenant { workspace: WorkspaceId::generate(), admin: MemberId::generate() };
        let command = WorkspaceCommand::Create(CreateWorkspace {
            name: WorkspaceName::parse(name)?,
            settings: WorkspaceSettings::standard()?,
            first_admin: FirstAdmin {
                member_id: tenant.admin,
                name: MemberName::parse("Admin")?,
                email: None,
            },
        });
        let request = CommandRequest {
            credential: Credential::Operator { as_member: None },
            ..tenant.request(Command::Workspace(To { id: tenant.workspace, command }))
        };
        client.command(tenant.workspace, &request).await?;
        Ok(tenant)
    }

    /// Waits until every read model has taken everything.
    pub(crate) async fn level(&self, pool: &PgPool, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let behind: Option<i64> =
                sqlx::query_scalar("SELECT max(behind) FROM read.projection_status()")
                    .fetch_one(pool)
                    .await?;
            if behind == Some(0) {
                return Ok(());
            }
            anyhow::ensure!(
                began.elapsed() < patience,
                "the read models are still {behind:?} events behind after {patience:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Tenant {
    /// A command of the Admin.
    pub(crate) fn request(&self, command: Command) -> CommandRequest {
        CommandRequest {
            command_id: CommandId::generate(),
            credential: Credential::Operator { as_member: Some(self.admin) },
            expected_version: None,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command,
        }
    }
}

/// The topology of the house, and beside it a stream, a consumer and a user for the plain pipeline.
fn topology_with_bench() -> anyhow::Result<Topology> {
    let mut topology = Topology::embedded()?;
    topology.streams.push(StreamSpec {
        name: BENCH_STREAM.to_owned(),
        about: "The plain pipeline of the benchmark.".to_owned(),
        subjects: vec![format!("{BENCH}.>")],
        keeps: Keeps::UntilDeleted,
        max_age: None,
        remembers_ids: None,
    });
    topology.consumers.push(ConsumerSpec {
        name: BENCH.to_owned(),
        about: "The plain pipeline of the benchmark.".to_owned(),
        stream: BENCH_STREAM.to_owned(),
        filter: format!("{BENCH}.>"),
        ack_wait: Duration::from_secs(30),
        max_ack_pending: 5_000,
        count: None,
    });
    topology.users.push(UserSpec {
        name: BENCH.to_owned(),
        about: "The plain pipeline of the benchmark.".to_owned(),
        publishes: vec![format!("{BENCH}.>")],
        consumes: vec![BENCH.to_owned()],
        ..UserSpec::default()
    });
    Ok(topology)
}
