//! What the advisor needs to know: its bus, twice, whom it asks outside, its pace, and how often it
//! looks for something to learn.

use crate::cloud::CloudConfig;
use ael_events::subjects::Edge;
use ael_service::{BusConfig, ConfigError, Env};
use std::time::Duration;

const RETRAIN: &str = "AI_RETRAIN_HOURS";
const RETRAIN_EXPECTS: &str =
    "a number of hours, 0.001 to 8760, such as 1 or 0.5; 0 to learn only when told to";

/// How the advisor is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, as `scoring`.
    pub bus: BusConfig,
    /// How often it is looked whether enough leads have ended to learn anew; never, where there
    /// is none.
    pub retrain: Option<Duration>,
    /// The bus as `assistant`, whose password is `NATS_ASSISTANT_PASSWORD`; without it questions
    /// are not answered.
    pub assistant: Option<BusConfig>,
    /// The model outside; without one the local model answers.
    pub cloud: Option<CloudConfig>,
    /// For how long an answer from outside is remembered.
    pub cache_ttl: Duration,
    /// How often old analyses are looked for.
    pub stale_scan: Duration,
    /// How many requests are worked on at once.
    pub at_once: usize,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads the bus's variables, `OPENAI_…`, `AI_CACHE_TTL`, `AI_STALE_SCAN`, `AI_TIMEOUT` and
    /// `AI_CONCURRENCY`.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const SECONDS: &str = "a number of seconds";
        let retrain = retrain(env)?;
        let bus = BusConfig::read(env)?;
        let password = env.optional_secret("NATS_ASSISTANT_PASSWORD");
        let assistant = password.map(|password| BusConfig {
            user: Edge::Assistant.token().to_owned(),
            password,
            ..bus.clone()
        });
        let cloud = CloudConfig::read(env)?;
        let scan: u64 = env.or("AI_STALE_SCAN", "a number of seconds, at least 1", 300)?;
        if scan == 0 {
            return Err(ConfigError::malformed("AI_STALE_SCAN", "a number of seconds, at least 1"));
        }
        Ok(Self {
            bus,
            assistant,
            cache_ttl: Duration::from_secs(env.or("AI_CACHE_TTL", SECONDS, 3_600)?),
            stale_scan: Duration::from_secs(scan),
            // While some wait for their answer, the next ones are made ready.
            at_once: cloud.as_ref().map_or(32, |cloud| cloud.concurrency * 2),
            cloud,
            retrain,
            env: env.clone(),
        })
    }
}

/// How often it is looked for something to learn; never, with 0.
fn retrain(env: &Env) -> Result<Option<Duration>, ConfigError> {
    let hours: f64 = env.or(RETRAIN, RETRAIN_EXPECTS, 1.0)?;
    if hours == 0.0 {
        return Ok(None);
    }
    if (0.001..=8_760.0).contains(&hours) {
        Ok(Some(Duration::from_secs_f64(hours * 3_600.0)))
    } else {
        Err(ConfigError::malformed(RETRAIN, RETRAIN_EXPECTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_every_hour_or_so_many_hours_or_parts_of_one_or_never() {
        let read = |hours: &str| retrain(&Env::of([(RETRAIN, hours)]));
        assert_eq!(read("1").unwrap(), retrain(&Env::default()).unwrap());
        assert_eq!(read("1").unwrap(), Some(Duration::from_secs(3_600)));
        assert_eq!(read("24").unwrap(), Some(Duration::from_secs(86_400)));
        assert_eq!(read("0.5").unwrap(), Some(Duration::from_secs(1_800)));
        assert_eq!(read("0").unwrap(), None);
        for wrong in ["-1", "0.0001", "8761", "NaN", "inf", "hourly"] {
            let error = read(wrong).unwrap_err();
            assert!(error.to_string().contains(RETRAIN), "{wrong}: {error}");
        }
    }
}
