//! The projector as a process: what it has to be told, and running it.

use crate::audit::SecondOpinion;
use crate::error::{ProjectionError, SourceError};
use crate::projector::{Projector, ProjectorOptions};
use crate::source::StoreSource;
use crate::verify::VerifyDesk;
use ael_auth::{CursorKey, Oidc, OidcConfig};
use ael_bus::{Bus, ServeOptions};
use ael_events::subjects::{AUDITOR, VERIFY};
use ael_seal::MasterKeyring;
use ael_service::{BusConfig, ConfigError, DatabaseConfig, Env, Health, health};
use ael_store::{DbRole, PoolOptions, connect};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Lanes wait for each other's connections rather than crowd the database.
const CONNECTIONS: u32 = 8;
/// Audits have their own: they are never in the projector's way.
const AUDIT_CONNECTIONS: u32 = 4;
/// The counters of a large workspace are summed in one statement.
const AUDIT_STATEMENT_MS: u32 = 60_000;

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
    /// The bus as the user `auditor`, whose password is `NATS_AUDIT_PASSWORD`; without it nobody
    /// is answered whether all is sound.
    pub auditor: Option<BusConfig>,
    /// The provider whose sign-in tokens are taken, from `OIDC_ISSUER` and what goes with it.
    pub provider: Option<OidcConfig>,
    /// Its pace.
    pub options: ProjectorOptions,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads `DATABASE_URL`, the bus's variables, `NATS_AUDIT_PASSWORD`, the master key,
    /// `AI_CACHE_TTL` and `AEL_PROJECTIONS_BATCH`.
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
        let ttl = env.or("AI_CACHE_TTL", "a number of seconds", 3_600)?;
        options.ai_cache_ttl = Duration::from_secs(ttl);
        let bus = BusConfig::read(env)?;
        let auditor = env.optional_secret("NATS_AUDIT_PASSWORD").map(|password| BusConfig {
            user: AUDITOR.to_owned(),
            password,
            ..bus.clone()
        });
        Ok(Self {
            database: DatabaseConfig::read(env)?,
            auditor,
            provider: OidcConfig::read(env)?,
            bus,
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
/// the database or the bus. Who audits the read models wants a second opinion of every history.
///
/// # Errors
/// Only when the first connections cannot be made, so that a wrong configuration is seen at once.
pub async fn run(
    config: Config,
    opinion: Box<SecondOpinion>,
    stop: CancellationToken,
) -> Result<(), ProjectionError> {
    let health = Health::new(&config.env, &["database", "bus", "lanes"]);
    health::serve("projections", &config.env, health.clone()).await?;
    let bus = Bus::connect(&config.bus.into()).await?;
    bus.tell(health.clone());
    let url = config.database.url.expose_secret();
    let pool = enter(url, "ael-projections", CONNECTIONS, None).await?;
    health.set("database", true);
    let answering = match config.auditor {
        Some(auditor) => {
            let pool = enter(url, "ael-audit", AUDIT_CONNECTIONS, Some(AUDIT_STATEMENT_MS)).await?;
            let provider = config.provider.map(Oidc::new).transpose()?;
            let cursors = CursorKey::of_database(url);
            let desk = VerifyDesk::new(pool, config.master.clone(), opinion, cursors);
            let desk = desk.with_provider(provider);
            Some(answer(auditor, desk, stop.clone()).await?)
        }
        None => {
            tracing::info!("NATS_AUDIT_PASSWORD is not set: audits are not answered here");
            None
        }
    };
    let source = Arc::new(StoreSource::new(&pool, config.master));
    let projector = Projector::new(pool, source, Some(bus.clone()), config.options);
    projector.run(stop, || health.set("lanes", true)).await;
    if let Some((auditor, serving)) = answering {
        if serving.await.is_err() {
            tracing::error!("answering audits broke off by a defect");
        }
        auditor.drain().await?;
    }
    bus.drain().await?;
    Ok(())
}

/// Answers audits as a user of its own: who consumes may not answer as well.
async fn answer(
    auditor: BusConfig,
    desk: VerifyDesk,
    stop: CancellationToken,
) -> Result<(Bus, JoinHandle<()>), ProjectionError> {
    let bus = Bus::connect(&auditor.into()).await?;
    let options = ServeOptions::new(VERIFY);
    let serving = bus.serve(options, Arc::new(desk), stop).await?;
    Ok((bus, serving))
}

async fn enter(
    url: &str,
    application: &str,
    max_connections: u32,
    statement_timeout_ms: Option<u32>,
) -> Result<PgPool, SourceError> {
    let application = application.to_owned();
    let options = PoolOptions {
        application,
        max_connections,
        statement_timeout_ms,
        tried: statement_timeout_ms.is_some(),
        ..PoolOptions::default()
    };
    Ok(connect(url, DbRole::Projections, &options).await?)
}
