//! What the relay needs to know: its database, its bus, its pace.

use ael_service::{BusConfig, ConfigError, DatabaseConfig, Env};
use std::time::Duration;

/// How the relay is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The event store, as `ael_relay`.
    pub database: DatabaseConfig,
    /// The bus, as `relay`.
    pub bus: BusConfig,
    /// Its pace.
    pub settings: RelaySettings,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

/// How fast the relay looks, and how much it takes at once.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Events in one batch.
    pub batch: u32,
    /// The longest rest between two looks at the store when nobody wakes the relay.
    pub longest_rest: Duration,
    /// How often a standby tries to lead.
    pub standby: Duration,
    /// An event that can't settle for this long is worth an alarm.
    pub horizon_alarm: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            batch: 500,
            longest_rest: Duration::from_millis(500),
            standby: Duration::from_millis(500),
            horizon_alarm: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Reads `DATABASE_URL`, the bus's variables, and `AEL_RELAY_BATCH`.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "AEL_RELAY_BATCH";
        const EXPECTS: &str = "a number of events, 1 to 4000";
        let mut settings = RelaySettings::default();
        settings.batch = env.or(NAME, EXPECTS, settings.batch)?;
        if !(1..=4_000).contains(&settings.batch) {
            return Err(ConfigError::malformed(NAME, EXPECTS));
        }
        let (database, bus) = (DatabaseConfig::read(env)?, BusConfig::read(env)?);
        Ok(Self { database, bus, settings, env: env.clone() })
    }
}
