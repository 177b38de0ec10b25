//! The projector as a process: what it has to be told, and running it.

use crate::error::ProjectionError;
use crate::projector::{Projector, ProjectorOptions};
use crate::source::StoreSource;
use ael_bus::Bus;
use ael_seal::MasterKeyring;
use ael_service::{BusConfig, ConfigError, DatabaseConfig, Env, Health, health};
use ael_store::{DbRole, PoolOptions, connect};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Lanes wait for each other's connections rather than crowd the database.
const CONNECTIONS: u32 = 8;

/// The settings of the projector.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database, as the role `ael_projections`.
    pub database: DatabaseConfig,
    /// The bus, as the user `projections`.
    pub bus: BusConfig,
    /// The master key that unwraps the data keys, from `AEL_MASTER_KEY` or the file
    /// `AEL_MASTER_KEY_FILE`.
    pub master: Arc<MasterKeyring>,
    /// Its pace.
    pub options: ProjectorOptions,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads `DATABASE_URL`, the bus's variables, the master key, and `AEL_PROJECTIONS_BATCH`.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed, and what it should hold.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "AEL_PROJECTIONS_BATCH";
        const EXPECTS: &str = "a number of events, 1 to 1000";
        let mut options = ProjectorOptions::default();
        options.batch = env.or(NAME, EXPECTS, options.batch)?;
        if !(1..=1000).contains(&options.batch) {
            return Err(ConfigError::malformed(NAME, EXPECTS));
        }
        Ok(Self {
            database: DatabaseConfig::read(env)?,
            bus: BusConfig::read(env)?,
            master: Arc::new(master_key(env)?),
            options,
            env: env.clone(),
        })
    }
}

fn master_key(env: &Env) -> Result<MasterKeyring, ConfigError> {
    const NAME: &str = "AEL_MASTER_KEY";
    const EXPECTS: &str = "base64 of 32 bytes, several separated by commas, the newest first";
    const FILE: &str = "AEL_MASTER_KEY_FILE";
    if let Some(path) = env.optional::<PathBuf>(FILE, "the path of a file")? {
        return MasterKeyring::from_file(&path)
            .map_err(|_| ConfigError::malformed(FILE, "the path of a file with the master key"));
    }
    let text: SecretString = env.secret(NAME, EXPECTS)?;
    MasterKeyring::parse(text.expose_secret()).map_err(|_| ConfigError::malformed(NAME, EXPECTS))
}

/// Runs a copy of the projector until it is told to stop; it comes back from whatever happens to
/// the database or the bus.
///
/// # Errors
/// Only when the first connections cannot be made, so that a wrong configuration is seen at once.
pub async fn run(config: Config, stop: CancellationToken) -> Result<(), ProjectionError> {
    let health = Health::new(&config.env, &["database", "bus", "lanes"]);
    health::serve("projections", &config.env, health.clone()).await?;
    let bus = Bus::connect(&config.bus.into()).await?;
    bus.tell(health.clone());
    let options = PoolOptions {
        application: "ael-projections".to_owned(),
        max_connections: CONNECTIONS,
        ..PoolOptions::default()
    };
    let url = config.database.url.expose_secret();
    let pool = connect(url, DbRole::Projections, &options)
        .await
        .map_err(crate::error::SourceError::from)?;
    health.set("database", true);
    let source = Arc::new(StoreSource::new(&pool, config.master));
    let projector = Projector::new(pool, source, Some(bus.clone()), config.options);
    projector.run(stop, || health.set("lanes", true)).await;
    bus.drain().await?;
    Ok(())
}
