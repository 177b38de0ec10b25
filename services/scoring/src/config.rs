//! What the advisor needs to know: its bus, twice.

use ael_events::subjects::Edge;
use ael_service::{BusConfig, ConfigError, Env};

/// How the advisor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, as `scoring`.
    pub bus: BusConfig,
    /// The bus as `assistant`, whose password is `NATS_ASSISTANT_PASSWORD`; without it questions
    /// are not answered.
    pub assistant: Option<BusConfig>,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads the bus's variables.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let bus = BusConfig::read(env)?;
        let password = env.optional_secret("NATS_ASSISTANT_PASSWORD");
        let assistant = password.map(|password| BusConfig {
            user: Edge::Assistant.token().to_owned(),
            password,
            ..bus.clone()
        });
        Ok(Self { bus, assistant, env: env.clone() })
    }
}
