//! Whom the advisor asks outside, and for how much money and time.

use ael_events::values::ModelName;
use ael_service::{ConfigError, Env};
use secrecy::SecretString;
use std::time::Duration;

const MODEL: &str = "gpt-4o-mini";
const BASE_URL: &str = "https://api.openai.com/v1";

/// What a million tokens cost, in US dollars; which is what one costs in millionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    pub(crate) input: f64,
    pub(crate) output: f64,
}

/// How the language model outside is asked.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    pub(crate) key: SecretString,
    pub(crate) base_url: String,
    pub(crate) model: String,
    pub(crate) price: Price,
    /// For one attempt.
    pub(crate) attempt: Duration,
    /// For an answer, with everything that is tried for it.
    pub(crate) total: Duration,
    /// How many requests are under way at once.
    pub(crate) concurrency: usize,
}

impl CloudConfig {
    /// Reads `OPENAI_API_KEY`, `OPENAI_BASE_URL` (a server that needs no key does without one),
    /// `OPENAI_MODEL`, `OPENAI_PRICE_INPUT`, `OPENAI_PRICE_OUTPUT`, `AI_TIMEOUT` and
    /// `AI_CONCURRENCY`. Nothing when neither key nor server is set.
    ///
    /// # Errors
    /// Names the variable that makes no sense.
    pub(crate) fn read(env: &Env) -> Result<Option<Self>, ConfigError> {
        const DOLLARS: &str = "US dollars for a million tokens, such as 0.15";
        let base_url: Option<reqwest::Url> =
            env.optional("OPENAI_BASE_URL", "an address like https://api.openai.com/v1")?;
        if let Some(url) = &base_url
            && !matches!(url.scheme(), "http" | "https")
        {
            let expects = "an address that begins with http:// or https://";
            return Err(ConfigError::malformed("OPENAI_BASE_URL", expects));
        }
        let key = env.optional_secret("OPENAI_API_KEY");
        let price = Price {
            input: price(env, "OPENAI_PRICE_INPUT", DOLLARS, 0.15)?,
            output: price(env, "OPENAI_PRICE_OUTPUT", DOLLARS, 0.60)?,
        };
        let attempt = seconds(env, "AI_TIMEOUT", 10.0)?;
        let concurrency = env.or("AI_CONCURRENCY", "a number, 1 to 1000", 32_usize)?;
        if !(1..=1_000).contains(&concurrency) {
            return Err(ConfigError::malformed("AI_CONCURRENCY", "a number, 1 to 1000"));
        }
        if key.is_none() && base_url.is_none() {
            return Ok(None);
        }
        let model = env.get("OPENAI_MODEL").unwrap_or(MODEL).to_owned();
        ModelName::parse(&model)
            .map_err(|_| ConfigError::malformed("OPENAI_MODEL", "the name of a model"))?;
        let base_url = base_url.map_or_else(|| BASE_URL.to_owned(), |url| url.to_string());
        Ok(Some(Self {
            key: key.unwrap_or_default(),
            base_url: base_url.trim_end_matches('/').to_owned(),
            model,
            price,
            attempt,
            // Three attempts that all take their time would take longer than a request is kept.
            total: (attempt * 3).min(Duration::from_secs(40)),
            concurrency,
        }))
    }
}

fn price(env: &Env, name: &str, expects: &str, default: f64) -> Result<f64, ConfigError> {
    let price = env.or(name, expects, default)?;
    if (0.0..=10_000.0).contains(&price) {
        Ok(price)
    } else {
        Err(ConfigError::malformed(name, expects))
    }
}

fn seconds(env: &Env, name: &str, default: f64) -> Result<Duration, ConfigError> {
    const EXPECTS: &str = "a number of seconds, 0.1 to 30";
    let seconds: f64 = env.or(name, EXPECTS, default)?;
    if (0.1..=30.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(ConfigError::malformed(name, EXPECTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<CloudConfig>, ConfigError> {
        CloudConfig::read(&Env::of(pairs.iter().copied()))
    }

    #[test]
    fn without_a_key_and_a_server_nobody_is_asked() {
        assert!(read(&[("OPENAI_MODEL", "x")]).unwrap().is_none());
        let config = read(&[("OPENAI_API_KEY", "k")]).unwrap().unwrap();
        assert_eq!((config.base_url.as_str(), config.model.as_str()), (BASE_URL, MODEL));
        let own = read(&[("OPENAI_BASE_URL", "http://localhost:11434/v1/")]).unwrap().unwrap();
        assert_eq!(own.base_url, "http://localhost:11434/v1");
        assert_eq!(own.key.expose_secret(), "");
    }

    #[test]
    fn what_makes_no_sense_stops_the_start() {
        let long = "m".repeat(200);
        let key = ("OPENAI_API_KEY", "k");
        assert!(read(&[key, ("OPENAI_MODEL", long.as_str())]).is_err());
        for (name, value) in [
            ("OPENAI_BASE_URL", "api.openai.com"),
            ("OPENAI_BASE_URL", "ftp://example.com"),
            ("OPENAI_PRICE_INPUT", "-1"),
            ("OPENAI_PRICE_OUTPUT", "NaN"),
            ("AI_TIMEOUT", "0"),
            ("AI_CONCURRENCY", "0"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
