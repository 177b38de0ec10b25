//! What the service has to be told at its start.

use ael_auth::OidcConfig;
use ael_seal::MasterKeyring;
use ael_service::{BusConfig, ConfigError, DatabaseConfig, Env};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::sync::Arc;

/// The settings of the command service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database, as the role `ael_commands`.
    pub database: DatabaseConfig,
    /// The bus, as the user `commands`.
    pub bus: BusConfig,
    /// The master key that wraps the data keys, from `AEL_MASTER_KEY` or the file
    /// `AEL_MASTER_KEY_FILE`.
    pub master: Arc<MasterKeyring>,
    /// How many commands are worked on at once, from `AEL_COMMANDS_CONCURRENCY` (128).
    pub concurrency: usize,
    /// How many bytes of leads are remembered, roughly, from `AEL_COMMANDS_CACHE_MIB` (256).
    pub cache_bytes: u64,
    /// The provider whose sign-in tokens are taken, from `OIDC_ISSUER` and what goes with it.
    pub provider: Option<OidcConfig>,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed, and what it should hold.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let number = "a whole number from 1 to 10000";
        let concurrency = env.or("AEL_COMMANDS_CONCURRENCY", number, 128)?;
        if !(1..=10_000).contains(&concurrency) {
            return Err(ConfigError::malformed("AEL_COMMANDS_CONCURRENCY", number));
        }
        let cache_mib: u64 = env.or("AEL_COMMANDS_CACHE_MIB", "a number of MiB", 256)?;
        Ok(Self {
            database: DatabaseConfig::read(env)?,
            bus: BusConfig::read(env)?,
            master: Arc::new(master_key(env)?),
            concurrency,
            cache_bytes: cache_mib.saturating_mul(1024 * 1024),
            provider: OidcConfig::read(env)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Vec<(&'static str, &'static str)> {
        vec![
            ("DATABASE_URL", "postgres://ael_commands:secret@127.0.0.1/ael"),
            ("NATS_URL", "nats://127.0.0.1:4222"),
            ("NATS_USER", "commands"),
            ("NATS_PASSWORD", "secret"),
            ("AEL_MASTER_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        ]
    }

    #[test]
    fn everything_that_is_needed_is_asked_for_by_name() {
        let config = Config::read(&Env::of(pairs())).unwrap();
        assert_eq!(config.concurrency, 128);
        for (missing, _) in pairs() {
            let rest = pairs().into_iter().filter(|(name, _)| *name != missing);
            let error = Config::read(&Env::of(rest)).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_stops_the_start_without_showing_a_secret() {
        let with = |name, value| {
            let rest = pairs().into_iter().filter(move |(other, _)| *other != name);
            Config::read(&Env::of(rest.chain([(name, value)]))).unwrap_err().to_string()
        };
        assert!(with("AEL_COMMANDS_CONCURRENCY", "0").contains("AEL_COMMANDS_CONCURRENCY"));
        let error = with("AEL_MASTER_KEY", "hunter2");
        assert!(error.contains("AEL_MASTER_KEY") && !error.contains("hunter2"), "{error}");
    }
}
