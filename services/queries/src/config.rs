//! The settings of the query service.

use ael_auth::OidcConfig;
use ael_service::{BusConfig, ConfigError, DatabaseConfig, Env};

/// What the query service needs to know.
#[derive(Debug, Clone)]
pub struct QueriesConfig {
    /// The database, entered as `ael_queries`.
    pub database: DatabaseConfig,
    /// The bus, entered as `queries`.
    pub bus: BusConfig,
    /// How many questions are answered at a time, from `AEL_QUERIES_CONCURRENCY` (64).
    pub concurrency: usize,
    /// How many connections to the database, from `AEL_QUERIES_CONNECTIONS` (16).
    pub connections: u32,
    /// The provider whose sign-in tokens are taken, from `OIDC_ISSUER` and what goes with it.
    pub provider: Option<OidcConfig>,
    /// The environment, for metrics and readiness.
    pub env: Env,
}

impl QueriesConfig {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let few = "a number from 1 to 1000";
        let concurrency = env.or("AEL_QUERIES_CONCURRENCY", few, 64_usize)?;
        let connections = env.or("AEL_QUERIES_CONNECTIONS", few, 16_u32)?;
        if !(1..=1_000).contains(&concurrency) {
            return Err(ConfigError::malformed("AEL_QUERIES_CONCURRENCY", few));
        }
        if !(1..=1_000).contains(&connections) {
            return Err(ConfigError::malformed("AEL_QUERIES_CONNECTIONS", few));
        }
        let (database, bus) = (DatabaseConfig::read(env)?, BusConfig::read(env)?);
        let provider = OidcConfig::read(env)?;
        Ok(Self { database, bus, concurrency, connections, provider, env: env.clone() })
    }
}
