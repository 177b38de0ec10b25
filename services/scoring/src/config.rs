//! What the advisor needs to know: its bus, and how often it looks for something to learn.

use ael_service::{BusConfig, ConfigError, Env};
use std::time::Duration;

const RETRAIN: &str = "AI_RETRAIN_HOURS";
const RETRAIN_EXPECTS: &str = "a number of hours, 1 to 8760; 0 to learn only when told to";

/// How the advisor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, as `scoring`.
    pub bus: BusConfig,
    /// How often it is looked whether enough leads have ended to learn anew; never, where there
    /// is none.
    pub retrain: Option<Duration>,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads the bus's variables.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let hours = env.optional::<u64>(RETRAIN, RETRAIN_EXPECTS)?.unwrap_or(1);
        if hours > 8_760 {
            return Err(ConfigError::malformed(RETRAIN, RETRAIN_EXPECTS));
        }
        let retrain = (hours > 0).then(|| Duration::from_secs(hours * 3_600));
        Ok(Self { bus: BusConfig::read(env)?, retrain, env: env.clone() })
    }
}
