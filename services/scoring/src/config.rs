//! What the advisor needs to know: its bus, and nothing else yet.

use ael_service::{BusConfig, ConfigError, Env};

/// How the advisor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, as `scoring`.
    pub bus: BusConfig,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads the bus's variables.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { bus: BusConfig::read(env)?, env: env.clone() })
    }
}
