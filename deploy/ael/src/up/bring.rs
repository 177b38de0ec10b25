//! The steps of bringing a system up, each said as it is done.

use crate::output::Output;
use crate::problem::Problem;
use crate::session::Global;
use crate::stack::{self, BUS_ADMIN, BUS_ENDPOINT, DATABASE_ENDPOINT};
use ael_bus::Bus;
use ael_bus::topology::{self, Topology};
use ael_seal::MasterKeyring;
use ael_service::Env;
use ael_stack::{Home, Running, Stack, StackOptions};
use ael_store::{DbRole, PoolOptions, StoreError, connect, keys, migrate};
use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Instant;

/// Says each step, with the time that it took.
#[derive(Debug)]
pub struct Steps {
    pub out: Output,
    last: Mutex<Instant>,
}

impl Steps {
    /// Steps that are said to `out`.
    pub fn new(out: Output) -> Self {
        Self { out, last: Mutex::new(Instant::now()) }
    }

    /// What is being done now.
    pub fn say(&self, what: &str) {
        *self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
        // Whoever stopped listening does not have to hear.
        self.out.say(self.out.dim(format!("… {what}"))).ok();
    }

    /// What is done.
    pub fn done(&self, what: &str) {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let took = last.elapsed().as_secs_f64();
        *last = Instant::now();
        let took = self.out.dim(format!("({took:.1} s)"));
        self.out.say(format!("{} {what} {took}", self.out.good("✓"))).ok();
    }

    /// What is left out, and how to have it.
    pub fn off(&self, what: &str) {
        self.out.say(self.out.dim(format!("· {what}"))).ok();
    }

    /// What should be known.
    pub fn warn(&self, what: &str) {
        self.out.say(format!("{} {what}", self.out.bad("!"))).ok();
    }
}

/// The topology of this version.
pub fn topology() -> anyhow::Result<Topology> {
    Ok(Topology::embedded()?)
}

/// The private servers (or none, where others are named), up and answering.
pub async fn servers(global: &Global, env: &Env, steps: &Steps) -> anyhow::Result<Stack> {
    let home = global.home()?;
    let topology = topology()?;
    let users: Vec<&str> = topology.user_names().collect();
    let claimed = home.claim(&users).await?;
    master_key_exists(&home, env)?;
    let secrets = claimed.secrets().clone();
    let authorization = topology.server_authorization(|user| secrets.nats_password(user))?;
    let options = StackOptions::from_env(env, authorization)?;
    let what = match (&options.postgres, &options.nats) {
        (Some(_), Some(_)) => "PostgreSQL and nats-server",
        (Some(_), None) => "PostgreSQL",
        (None, Some(_)) => "nats-server",
        (None, None) => "",
    };
    if !what.is_empty() {
        steps.say(&format!("starting {what} in {}", home.path().display()));
    }
    let stack = Stack::start(claimed, options).await?;
    if !what.is_empty() {
        steps.done(&format!("{what} answer"));
    }
    if let Some(warning) = stack.nats().and_then(|nats| nats.version().warning()) {
        steps.warn(&warning);
    }
    Ok(stack)
}

/// The master key is made on the first start.
fn master_key_exists(home: &Home, env: &Env) -> anyhow::Result<()> {
    if env.get("AEL_MASTER_KEY").is_some() {
        return Ok(());
    }
    home.master_key(|| -> anyhow::Result<SecretString> {
        Ok(MasterKeyring::generate_text()?.into())
    })?;
    Ok(())
}

/// A master key that is not the one which sealed the data would seal new data beside it that
/// nobody who has the right one could open.
async fn master_key_fits(home: &Home, env: &Env, owner: &str) -> anyhow::Result<()> {
    let keyring = keyring(home, env)?;
    let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
    let pool = connect(owner, DbRole::Owner, &options).await?;
    let checked = keys::check(&pool, &keyring).await;
    pool.close().await;
    match checked {
        Err(StoreError::Seal(error)) => {
            let what =
                format!("the master key is not the one that this data was sealed with: {error}");
            let advice = "Put the right key into AEL_MASTER_KEY, or the right file in the place of \
                          the home's master.key. Nothing was changed.";
            Err(Problem::new("wrong_master_key", what, advice).into())
        }
        checked => Ok(checked?),
    }
}

/// The master key as a service is told it: the text from the environment, or the home's file.
pub fn master_key_variable(home: &Home, env: &Env) -> (String, String) {
    match env.get("AEL_MASTER_KEY") {
        Some(text) => ("AEL_MASTER_KEY".to_owned(), text.to_owned()),
        None => {
            let file = home.master_key_file().display().to_string();
            ("AEL_MASTER_KEY_FILE".to_owned(), file)
        }
    }
}

/// Roles, schemas and tables in their present form.
pub async fn database(running: &Running, env: &Env, steps: &Steps) -> anyhow::Result<()> {
    let superuser = superuser_url(running, env)?;
    let roles: Vec<(DbRole, SecretString)> = DbRole::ALL
        .into_iter()
        .filter_map(|role| Some((role, running.secrets().role_password(role.name())?.clone())))
        .collect();
    migrate::create_roles(superuser.expose_secret(), &roles).await?;
    migrate::prepare_database(superuser.expose_secret()).await?;
    let owner = stack::role_url(running, env, DbRole::Owner.name())?;
    migrate::run(owner.expose_secret(), &[("read", &ael_projections::MIGRATOR)]).await?;
    master_key_fits(running.home(), env, owner.expose_secret()).await?;
    steps.done("the database's tables are in their present form");
    read_models(running, env, steps).await
}

/// What another release made of the events is built anew before anybody asks it, and so is what is
/// new to an installation with a past: beginning at the beginning, it would hold up the others.
async fn read_models(running: &Running, env: &Env, steps: &Steps) -> anyhow::Result<()> {
    let url = stack::role_url(running, env, DbRole::Projections.name())?;
    let options = PoolOptions { max_connections: 6, ..PoolOptions::default() };
    let pool = connect(url.expose_secret(), DbRole::Projections, &options).await?;
    let outdated = ael_projections::outdated(&pool).await?;
    ael_projections::ensure(&pool).await?;
    for name in outdated {
        steps.say(&format!("building the read model {name} anew, as this release has it"));
        let keyring = Arc::new(keyring(running.home(), env)?);
        let rebuilt = ael_projections::rebuild(&pool, keyring, name, &|_, _| {}).await?;
        steps.done(&format!("the read model {name} is built from {} events", rebuilt.events));
    }
    pool.close().await;
    Ok(())
}

fn keyring(home: &Home, env: &Env) -> anyhow::Result<MasterKeyring> {
    Ok(match env.get("AEL_MASTER_KEY") {
        Some(text) => MasterKeyring::parse(text)?,
        None => MasterKeyring::from_file(&home.master_key_file())?,
    })
}

/// The address of the database as somebody who may make roles and schemas.
pub fn superuser_url(running: &Running, env: &Env) -> anyhow::Result<SecretString> {
    let named = || env.get("DATABASE_URL").map(|url| SecretString::from(url.to_owned()));
    running.superuser_url().or_else(named).context(
        "DATABASE_URL is not set: the address of the database as a role that may make roles",
    )
}

/// Streams, consumers and buckets as the topology says.
pub async fn bus(running: &Running, env: &Env, steps: &Steps) -> anyhow::Result<Bus> {
    let admin = Bus::connect(&stack::bus_config(running, env, BUS_ADMIN)?).await?;
    topology::apply(&admin, &topology()?).await?;
    if running.nats_url().is_none() {
        let server = admin.server();
        if server.is_older_than(2, 10, 27) {
            steps.warn(&format!(
                "nats-server {} is older than 2.10.27 and carries CVE-2025-30215; install a \
                 current one",
                server.version
            ));
        }
    }
    steps.done("the bus has its streams, consumers and buckets");
    Ok(admin)
}

/// Where foreign servers are, for the home's note.
pub fn endpoints(stack: &Stack, env: &Env) -> anyhow::Result<Vec<(String, String)>> {
    let mut endpoints = Vec::new();
    if let (None, Some(url)) = (stack.nats(), env.get("NATS_URL")) {
        endpoints.push((BUS_ENDPOINT.to_owned(), url.to_owned()));
    }
    if let (None, Some(url)) = (stack.postgres(), env.get("DATABASE_URL")) {
        endpoints.push((DATABASE_ENDPOINT.to_owned(), stack::without_secrets(url)?));
    }
    Ok(endpoints)
}
