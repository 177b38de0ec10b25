//! The settings of the HTTP interface: one struct for each concern.

use crate::live::Options as LiveOptions;
use ael_client::Bearers;
use ael_service::{BusConfig, ConfigError, Env};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// What the API needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, entered as `api`.
    pub bus: BusConfig,
    /// Where to listen, from `HTTP_ADDR` (127.0.0.1:8080).
    pub address: SocketAddr,
    /// Who may call how often, and how much at once.
    pub limits: Limits,
    /// How many sockets, and their pace.
    pub live: LiveOptions,
    /// Which other sites' pages may call, from `AEL_HTTP_CORS_ORIGINS` (none).
    pub cors_origins: Vec<String>,
    /// Whose word about a caller's address counts, from `AEL_HTTP_TRUSTED_PROXIES` (nobody's).
    pub trusted_proxies: Vec<IpNet>,
    /// How what callers bring is understood, from `AEL_API_FIRST_TOKEN` and `OIDC_…`.
    pub bearers: Bearers,
    /// The environment, for metrics and readiness.
    pub env: Env,
}

/// How much the interface takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second of one token, from `AEL_HTTP_RATE_PER_TOKEN` (200); 0 for no limit.
    pub per_token: u32,
    /// Requests a second of one address, from `AEL_HTTP_RATE_PER_ADDRESS` (400); 0 for no limit.
    pub per_address: u32,
    /// Refused sign-ins a minute of one address, from `AEL_HTTP_FAILED_SIGN_INS` (20); 0 for no
    /// limit.
    pub failed_sign_ins: u32,
    /// Reads under way at once, and as many writes, from `AEL_HTTP_CONCURRENCY` (512).
    pub at_once: usize,
    /// Requests of one address under way at once, from `AEL_HTTP_CONCURRENCY_PER_ADDRESS` (128); 0
    /// for no limit.
    pub at_once_each: usize,
    /// Connections at once, from `AEL_HTTP_CONNECTIONS` (25000).
    pub connections: usize,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let address = env.or(
            "HTTP_ADDR",
            "an address like 127.0.0.1:8080",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
        )?;
        Ok(Self {
            bus: BusConfig::read(env)?,
            address,
            limits: Limits::read(env)?,
            live: LiveOptions::read(env)?,
            cors_origins: origins(env)?,
            trusted_proxies: proxies(env)?,
            bearers: Bearers::read(env)?,
            env: env.clone(),
        })
    }
}

impl Limits {
    /// Nobody is limited, but only one thing goes on at once.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self {
            per_token: 0,
            per_address: 0,
            failed_sign_ins: 0,
            at_once: 1,
            at_once_each: 0,
            connections: 1,
        }
    }

    fn read(env: &Env) -> Result<Self, ConfigError> {
        let rate = "a number of requests, or 0 for no limit";
        let limits = Self {
            per_token: env.or("AEL_HTTP_RATE_PER_TOKEN", rate, 200)?,
            per_address: env.or("AEL_HTTP_RATE_PER_ADDRESS", rate, 400)?,
            failed_sign_ins: env.or("AEL_HTTP_FAILED_SIGN_INS", rate, 20)?,
            at_once: env.or("AEL_HTTP_CONCURRENCY", "a number from 1 to 100000", 512)?,
            connections: env.or("AEL_HTTP_CONNECTIONS", "a number from 1 to 1000000", 25_000)?,
            at_once_each: env.or("AEL_HTTP_CONCURRENCY_PER_ADDRESS", rate, 128)?,
        };
        if !(1..=100_000).contains(&limits.at_once) {
            let expects = "a number from 1 to 100000";
            return Err(ConfigError::malformed("AEL_HTTP_CONCURRENCY", expects));
        }
        if !(1..=1_000_000).contains(&limits.connections) {
            let expects = "a number from 1 to 1000000";
            return Err(ConfigError::malformed("AEL_HTTP_CONNECTIONS", expects));
        }
        Ok(limits)
    }
}

fn listed<'a>(env: &'a Env, name: &str) -> impl Iterator<Item = &'a str> {
    let text = env.get(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn origins(env: &Env) -> Result<Vec<String>, ConfigError> {
    const NAME: &str = "AEL_HTTP_CORS_ORIGINS";
    let is_origin = |word: &str| {
        let host = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']))
    };
    listed(env, NAME)
        .map(|word| {
            let expects = "origins like https://crm.example.com, separated by commas";
            let origin = is_origin(word).then(|| word.to_owned());
            origin.ok_or_else(|| ConfigError::malformed(NAME, expects))
        })
        .collect()
}

fn proxies(env: &Env) -> Result<Vec<IpNet>, ConfigError> {
    const NAME: &str = "AEL_HTTP_TRUSTED_PROXIES";
    listed(env, NAME)
        .map(|word| {
            let net = word.parse().or_else(|_| word.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| ConfigError::malformed(NAME, "addresses or networks like 10.0.0.0/8"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(more: &[(&'static str, &'static str)]) -> Result<Config, ConfigError> {
        let bus = [("NATS_URL", "nats://a:1"), ("NATS_USER", "api"), ("NATS_PASSWORD", "p")];
        Config::read(&Env::of(bus.into_iter().chain(more.iter().copied())))
    }

    #[test]
    fn it_listens_on_this_machine_alone_unless_told_otherwise() {
        assert!(read(&[]).unwrap().address.ip().is_loopback());
        assert_eq!(read(&[("HTTP_ADDR", "0.0.0.0:80")]).unwrap().address.port(), 80);
    }

    #[test]
    fn a_malformed_setting_is_named() {
        for (name, value) in [
            ("HTTP_ADDR", "8080"),
            ("AEL_HTTP_RATE_PER_TOKEN", "many"),
            ("AEL_HTTP_CONCURRENCY", "0"),
            ("AEL_HTTP_CONNECTIONS", "0"),
            ("AEL_HTTP_CORS_ORIGINS", "*"),
            ("AEL_HTTP_CORS_ORIGINS", "https://a/b"),
            ("AEL_HTTP_TRUSTED_PROXIES", "everybody"),
            ("AEL_API_FIRST_TOKEN", "short"),
        ] {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(name), "{message}");
        }
    }

    #[test]
    fn origins_and_proxies_are_listed_with_commas() {
        let config = read(&[
            ("AEL_HTTP_CORS_ORIGINS", "https://a.example, http://localhost:3000"),
            ("AEL_HTTP_TRUSTED_PROXIES", "10.0.0.0/8,127.0.0.1"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.cors_origins, ["https://a.example", "http://localhost:3000"]);
        assert_eq!(config.trusted_proxies.len(), 2);
    }
}
