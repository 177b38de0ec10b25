//! Where the servers of a system are, and how each user and role enters them: the private ones of
//! the home, or those that `DATABASE_URL` and `NATS_URL` name.

use crate::problem::Problem;
use ael_bus::BusConfig;
use ael_service::Env;
use ael_stack::{Running, Secrets};
use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

/// Under which name the home's note says where a foreign bus is.
pub const BUS_ENDPOINT: &str = "bus";
/// The same for a foreign database: its address without user and password.
pub const DATABASE_ENDPOINT: &str = "database";
/// Under which name it says where the API listens; further copies are numbered.
pub const HTTP_ENDPOINT: &str = "http";
/// The bus user that makes and checks streams, consumers and permissions.
pub const BUS_ADMIN: &str = "admin";

/// How a user enters the bus of a running system.
pub fn bus_config(running: &Running, env: &Env, user: &str) -> anyhow::Result<BusConfig> {
    let ours = running.nats_url();
    let named = || running.state().endpoints.get(BUS_ENDPOINT).cloned();
    let url = ours.or_else(named).or_else(|| env.get("NATS_URL").map(str::to_owned));
    let url = url.ok_or_else(|| {
        Problem::new(
            "no_bus",
            "the running system's note does not say where the bus is",
            "Set NATS_URL to the address that `ael up` was started with.",
        )
    })?;
    let password = password(running.secrets(), user)?;
    let mut config = BusConfig::new(url, user, password);
    config.ca_file = env.optional("NATS_CA_FILE", "the path of a PEM file")?;
    config.allow_plaintext = env.flag("NATS_ALLOW_PLAINTEXT")?;
    Ok(config)
}

fn password(secrets: &Secrets, user: &str) -> anyhow::Result<SecretString> {
    secrets
        .nats_password(user)
        .cloned()
        .with_context(|| format!("the home has no password for the bus user {user:?}"))
}

/// How a role enters the database of a running system.
pub fn role_url(running: &Running, env: &Env, role: &str) -> anyhow::Result<SecretString> {
    if let Some(url) = running.role_url(role) {
        return Ok(url);
    }
    let named = running.state().endpoints.get(DATABASE_ENDPOINT).map(String::as_str);
    let url = named.or_else(|| env.get("DATABASE_URL")).ok_or_else(|| {
        Problem::new(
            "no_database",
            "the running system's note does not say where the database is",
            "Set DATABASE_URL to the address that `ael up` was started with.",
        )
    })?;
    let password = running
        .secrets()
        .role_password(role)
        .with_context(|| format!("the home has no password for the database role {role:?}"))?;
    as_role(url, role, password)
}

/// The address of a database, entered as a role.
pub fn as_role(url: &str, role: &str, password: &SecretString) -> anyhow::Result<SecretString> {
    let (scheme, place) = parts(url)?;
    Ok(format!("{scheme}{role}:{}@{place}", password.expose_secret()).into())
}

/// The address of a database without user and password, for the home's note.
pub fn without_secrets(url: &str) -> anyhow::Result<String> {
    let (scheme, place) = parts(url)?;
    Ok(format!("{scheme}{place}"))
}

/// `postgres://user:password@` and `host:port/database?options`.
fn parts(url: &str) -> anyhow::Result<(&str, &str)> {
    let end = url.find("://").context("DATABASE_URL is no address: postgres://…")? + 3;
    let (scheme, rest) = url.split_at(end);
    let authority = rest.find('/').unwrap_or(rest.len());
    let place = rest[..authority].rfind('@').map_or(rest, |at| &rest[at + 1..]);
    Ok((scheme, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_enters_the_same_database_under_its_own_name() {
        let secret = SecretString::from("s3cret");
        let url = |url| as_role(url, "ael_relay", &secret).unwrap().expose_secret().to_owned();
        assert_eq!(
            url("postgres://boss:p%40ss@db.example:5432/ael?sslmode=require"),
            "postgres://ael_relay:s3cret@db.example:5432/ael?sslmode=require"
        );
        assert_eq!(url("postgresql://db/ael"), "postgresql://ael_relay:s3cret@db/ael");
        assert!(as_role("db/ael", "x", &secret).is_err());
    }

    #[test]
    fn a_note_never_holds_a_password() {
        let note = without_secrets("postgres://boss:p@ss@db:5432/ael").unwrap();
        assert_eq!(note, "postgres://db:5432/ael");
    }
}
