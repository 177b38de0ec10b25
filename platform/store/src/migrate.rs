//! Making the database what the house needs: roles, schemas, tables. Each step may be run again at
//! any time.

use crate::{DbRole, StoreError};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use std::str::FromStr as _;

/// The tables of the write side.
pub static WRITE: Migrator = sqlx::migrate!("../../migrations/write");

/// Guards what all databases of a server share, against another process that does the same.
const ROLES_LOCK: i64 = 0x6165_6c00_0001;

/// Makes the roles of the house with these passwords, or gives them these passwords. None may
/// bypass row-level security, make roles or databases.
///
/// # Errors
/// [`StoreError`] when the address is not a superuser's.
pub async fn create_roles(
    superuser_url: &str,
    passwords: &[(DbRole, SecretString)],
) -> Result<(), StoreError> {
    let mut server = enter(superuser_url).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(ROLES_LOCK).execute(&mut server).await?;
    for (role, password) in passwords {
        let known: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
                .bind(role.name())
                .fetch_one(&mut server)
                .await?;
        if !known {
            server.execute(&*format!("CREATE ROLE {role}")).await?;
        }
        let password = literal(password.expose_secret());
        let limits = role.limits();
        server
            .execute(&*format!(
                "ALTER ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
                     NOREPLICATION PASSWORD {password};
                 ALTER ROLE {role} SET lock_timeout = {};
                 ALTER ROLE {role} SET statement_timeout = {};
                 ALTER ROLE {role} SET idle_in_transaction_session_timeout = {};",
                limits.lock_ms, limits.statement_ms, limits.idle_ms
            ))
            .await?;
    }
    // Who holds back the horizon is named by the relay.
    server.execute(&*format!("GRANT pg_read_all_stats TO {}", DbRole::Relay)).await?;
    server.close().await?;
    Ok(())
}

/// Makes the database, owned by the house, where there is none.
///
/// # Errors
/// [`StoreError`] when the address is not a superuser's.
pub async fn create_database(superuser_url: &str, name: &str) -> Result<(), StoreError> {
    let mut server = enter(superuser_url).await?;
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut server)
            .await?;
    if !known {
        let owner = DbRole::Owner;
        server.execute(&*format!("CREATE DATABASE {} OWNER {owner}", identifier(name))).await?;
    }
    server.close().await?;
    Ok(())
}

/// Makes the schemas `write` and `read`, the extension that search needs, and shuts the doors that
/// PostgreSQL leaves open. The address is a superuser's, in the house's database.
///
/// # Errors
/// [`StoreError`] when the address is not a superuser's.
pub async fn prepare_database(superuser_url: &str) -> Result<(), StoreError> {
    let mut database = enter(superuser_url).await?;
    let name: String =
        sqlx::query_scalar("SELECT current_database()::text").fetch_one(&mut database).await?;
    let all: Vec<&str> = DbRole::ALL.iter().map(|role| role.name()).collect();
    let (name, all, owner) = (identifier(&name), all.join(", "), DbRole::Owner);
    // The projections make a schema for each version of a read model.
    let projections = DbRole::Projections;
    database
        .execute(&*format!(
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC;
             GRANT CONNECT ON DATABASE {name} TO {all};
             GRANT CREATE ON DATABASE {name} TO {owner}, {projections};
             REVOKE CREATE ON SCHEMA public FROM PUBLIC;
             CREATE SCHEMA IF NOT EXISTS write AUTHORIZATION {owner};
             CREATE SCHEMA IF NOT EXISTS read AUTHORIZATION {owner};
             CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;"
        ))
        .await?;
    database.close().await?;
    Ok(())
}

/// Brings the tables to the present form: the write side, then what else is given as (schema,
/// migrations). Two that run at the same time wait for each other.
///
/// # Errors
/// [`StoreError::Migrate`] when a migration fails or an applied one was changed afterwards.
pub async fn run(owner_url: &str, others: &[(&str, &Migrator)]) -> Result<(), StoreError> {
    for (schema, migrator) in [("write", &WRITE)].iter().chain(others) {
        let options = PgConnectOptions::from_str(owner_url)
            .map_err(StoreError::Address)?
            .options([("search_path", format!("{schema},public"))]);
        let mut owner = PgConnection::connect_with(&options).await?;
        migrator.run(&mut owner).await?;
        owner.close().await?;
    }
    Ok(())
}

/// The same address with another role, password or database.
///
/// # Errors
/// [`StoreError::Address`] when the address is none.
pub fn address(
    url: &str,
    role: Option<(DbRole, &SecretString)>,
    database: Option<&str>,
) -> Result<String, StoreError> {
    let mut options = PgConnectOptions::from_str(url).map_err(StoreError::Address)?;
    if let Some((role, password)) = role {
        options = options.username(role.name()).password(password.expose_secret());
    }
    if let Some(database) = database {
        options = options.database(database);
    }
    let mut clean = options.to_url_lossy();
    // What the driver adds is its own; other clients refuse it.
    clean.set_query(url.split_once('?').map(|(_, query)| query));
    Ok(clean.into())
}

pub(crate) async fn enter(url: &str) -> Result<PgConnection, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(StoreError::Address)?;
    Ok(PgConnection::connect_with(&options).await?)
}

pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
