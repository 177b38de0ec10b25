//! Settings: read once at start from the environment, and refused at start when they make no sense.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// Why a process cannot start: the variable's name and what it should hold. Never its value, which
/// may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The variable is not set, or is empty.
    #[error("{name} is not set: it should be {expects}")]
    Missing {
        /// Name of the variable.
        name: String,
        /// What it should hold, in words.
        expects: String,
    },
    /// The variable holds something else than it should.
    #[error("{name} cannot be read: it should be {expects}")]
    Malformed {
        /// Name of the variable.
        name: String,
        /// What it should hold, in words.
        expects: String,
    },
}

impl ConfigError {
    /// For checks beyond parsing, made by the caller.
    pub fn malformed(name: &str, expects: &str) -> Self {
        Self::Malformed { name: name.to_owned(), expects: expects.to_owned() }
    }

    /// For a variable that is required only in some situation.
    pub fn missing(name: &str, expects: &str) -> Self {
        Self::Missing { name: name.to_owned(), expects: expects.to_owned() }
    }
}

/// The environment as it was at the start of the process; an empty variable counts as not set.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Takes a copy of the process's environment (variables that are not UTF-8 are left out).
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// An environment made of the given pairs, for tests and for other processes' settings.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// The raw text of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    /// A variable that must be there. `expects` completes the sentence "it should be …".
    ///
    /// # Errors
    /// When it is not set or cannot be parsed.
    pub fn required<T: FromStr>(&self, name: &str, expects: &str) -> Result<T, ConfigError> {
        self.optional(name, expects)?.ok_or_else(|| ConfigError::missing(name, expects))
    }

    /// A variable that may be there.
    ///
    /// # Errors
    /// When it is set but cannot be parsed.
    pub fn optional<T: FromStr>(
        &self,
        name: &str,
        expects: &str,
    ) -> Result<Option<T>, ConfigError> {
        let parse = |text: &str| text.parse().map_err(|_| ConfigError::malformed(name, expects));
        self.get(name).map(parse).transpose()
    }

    /// A variable with a default.
    ///
    /// # Errors
    /// When it is set but cannot be parsed.
    pub fn or<T: FromStr>(&self, name: &str, expects: &str, default: T) -> Result<T, ConfigError> {
        Ok(self.optional(name, expects)?.unwrap_or(default))
    }

    /// A switch: `1`, `true`, `yes`, `on` or their opposites; off when not set.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("0" | "false" | "no" | "off") => Ok(false),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some(_) => Err(ConfigError::malformed(name, "true or false")),
        }
    }

    /// A secret that must be there.
    ///
    /// # Errors
    /// When it is not set.
    pub fn secret(&self, name: &str, expects: &str) -> Result<SecretString, ConfigError> {
        self.optional_secret(name).ok_or_else(|| ConfigError::missing(name, expects))
    }

    /// A secret that may be there.
    pub fn optional_secret(&self, name: &str) -> Option<SecretString> {
        self.get(name).map(SecretString::from)
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where the database is and as which role to enter it.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `postgres://role:password@host:port/database`, from `DATABASE_URL`.
    pub url: SecretString,
}

impl DatabaseConfig {
    /// Reads `DATABASE_URL`.
    ///
    /// # Errors
    /// When it is not set or is no PostgreSQL address.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "DATABASE_URL";
        const EXPECTS: &str = "an address like postgres://role:password@host:5432/database";
        let url: String = env.required(NAME, EXPECTS)?;
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ConfigError::malformed(NAME, EXPECTS));
        }
        Ok(Self { url: url.into() })
    }
}

/// Where the bus is and as which user to enter it.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// `nats://host:port` or `tls://host:port`, several separated by commas, from `NATS_URL`.
    pub url: String,
    /// The NATS user: the service's own, from `NATS_USER`.
    pub user: String,
    /// From `NATS_PASSWORD`.
    pub password: SecretString,
    /// PEM file of the authority that signed the server's certificate, from `NATS_CA_FILE`;
    /// without it the system's own authorities count.
    pub ca_file: Option<PathBuf>,
    /// Permits an unencrypted way to another machine, from `NATS_ALLOW_PLAINTEXT` (off).
    pub allow_plaintext: bool,
}

impl BusConfig {
    /// Reads `NATS_URL`, `NATS_USER`, `NATS_PASSWORD`, `NATS_CA_FILE` and `NATS_ALLOW_PLAINTEXT`.
    ///
    /// # Errors
    /// When one of the first three is not set, or the address is none of a NATS server, or brings a
    /// user and password of its own: addresses are shown in messages.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const NAME: &str = "NATS_URL";
        const EXPECTS: &str = "an address like nats://host:4222 or tls://host:4222, without a \
                               user and a password";
        let url: String = env.required(NAME, EXPECTS)?;
        let is_ours = |one: &str| one.starts_with("nats://") || one.starts_with("tls://");
        let valid = |one: &str| is_ours(one) && !one.contains('@');
        if !url.split(',').map(str::trim).all(valid) {
            return Err(ConfigError::malformed(NAME, EXPECTS));
        }
        Ok(Self {
            url,
            user: env.required("NATS_USER", "this service's user of the NATS server")?,
            password: env.secret("NATS_PASSWORD", "the password of that user")?,
            ca_file: env.optional("NATS_CA_FILE", "the path of a PEM file")?,
            allow_plaintext: env.flag("NATS_ALLOW_PLAINTEXT")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_missing_variable_is_named_with_what_it_expects() {
        let refusal = Env::default().required::<u16>("HTTP_PORT", "a port number");
        let message = refusal.unwrap_err().to_string();
        assert_eq!(message, "HTTP_PORT is not set: it should be a port number");
    }

    #[test]
    fn a_malformed_variable_is_refused_without_showing_its_value() {
        let env = Env::of([("HTTP_PORT", "hunter2")]);
        let refusal = env.optional::<u16>("HTTP_PORT", "a port number").unwrap_err();
        assert_eq!(refusal, ConfigError::malformed("HTTP_PORT", "a port number"));
        assert!(!refusal.to_string().contains("hunter2"));
        assert!(!format!("{env:?}").contains("hunter2"));
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let env = Env::of([("AI_CACHE_TTL", " ")]);
        assert_eq!(env.or("AI_CACHE_TTL", "a number of seconds", 3600), Ok(3600));
    }

    #[test]
    fn a_switch_is_on_off_or_refused() {
        let env = Env::of([("A", "Yes"), ("B", "0"), ("C", "maybe")]);
        assert_eq!((env.flag("A"), env.flag("B"), env.flag("D")), (Ok(true), Ok(false), Ok(false)));
        assert!(env.flag("C").is_err());
    }

    #[test]
    fn a_database_is_postgresql() {
        let good = Env::of([("DATABASE_URL", "postgres://a:b@localhost/ael")]);
        let url = DatabaseConfig::read(&good).unwrap().url;
        assert_eq!(url.expose_secret(), "postgres://a:b@localhost/ael");
        let other = Env::of([("DATABASE_URL", "mysql://localhost/ael")]);
        assert!(DatabaseConfig::read(&other).unwrap_err().to_string().contains("postgres://"));
    }

    #[test]
    fn a_bus_needs_an_address_a_user_and_a_password() {
        let all =
            [("NATS_URL", "nats://a:1,tls://b:2"), ("NATS_USER", "u"), ("NATS_PASSWORD", "p")];
        assert_eq!(BusConfig::read(&Env::of(all)).unwrap().user, "u");
        for missing in all.iter().map(|(name, _)| name) {
            let rest = all.iter().filter(|(name, _)| name != missing).copied();
            let refusal = BusConfig::read(&Env::of(rest)).unwrap_err();
            assert!(refusal.to_string().starts_with(missing));
        }
        let http = [("NATS_URL", "http://a"), ("NATS_USER", "u"), ("NATS_PASSWORD", "p")];
        assert!(BusConfig::read(&Env::of(http)).is_err());
    }

    #[test]
    fn a_bus_address_holds_no_password_and_plaintext_has_to_be_asked_for() {
        let read = |more: (&'static str, &'static str)| {
            let all = [("NATS_URL", "nats://a:1"), ("NATS_USER", "u"), ("NATS_PASSWORD", "p")];
            BusConfig::read(&Env::of(all.into_iter().chain([more])))
        };
        let refusal = read(("NATS_URL", "nats://a:1,nats://u:hunter2@b:1")).unwrap_err();
        assert!(refusal.to_string().contains("without a user and a password"), "{refusal}");
        assert!(!refusal.to_string().contains("hunter2"), "{refusal}");
        assert!(!read(("OTHER", "1")).unwrap().allow_plaintext);
        assert!(read(("NATS_ALLOW_PLAINTEXT", "1")).unwrap().allow_plaintext);
    }
}
