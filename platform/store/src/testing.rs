//! For tests: a fresh database with everything the house needs, beside others on the same server.

use crate::{DbRole, StoreError, migrate};
use secrecy::SecretString;
use sqlx::Executor as _;
use sqlx::migrate::Migrator;
use uuid::Uuid;

/// Where tests find a server: a superuser's address.
pub const VARIABLE: &str = "AEL_TEST_DATABASE_URL";

/// A database of one test. Roles belong to the whole server and have one fixed password there, so
/// that tests of several processes can run at the same time. Never point this at a server that
/// matters.
#[derive(Debug)]
pub struct TestDatabase {
    superuser_url: String,
    server_url: String,
    name: String,
}

const PASSWORD: &str = "only-for-tests";

impl TestDatabase {
    /// A fresh database on the server that `AEL_TEST_DATABASE_URL` names, with the write side
    /// alone.
    ///
    /// # Errors
    /// [`StoreError::NoTestDatabase`] when it is not set.
    pub async fn create() -> Result<Self, StoreError> {
        let url = std::env::var(VARIABLE).map_err(|_| StoreError::NoTestDatabase)?;
        Self::create_at(&url, &[]).await
    }

    /// A fresh database on this server, with other migrations too: (schema, migrations).
    ///
    /// # Errors
    /// [`StoreError`] when the address is not a superuser's.
    pub async fn create_at(
        server_url: &str,
        others: &[(&str, &Migrator)],
    ) -> Result<Self, StoreError> {
        let password = SecretString::from(PASSWORD);
        let passwords = DbRole::ALL.map(|role| (role, password.clone()));
        migrate::create_roles(server_url, &passwords).await?;
        let name = format!("ael_test_{}", Uuid::now_v7().simple());
        migrate::create_database(server_url, &name).await?;
        let superuser_url = migrate::address(server_url, None, Some(&name))?;
        migrate::prepare_database(&superuser_url).await?;
        let database = Self { superuser_url, server_url: server_url.to_owned(), name };
        migrate::run(&database.url(DbRole::Owner)?, others).await?;
        Ok(database)
    }

    /// The address for a role.
    ///
    /// # Errors
    /// [`StoreError::Address`] when the server's address is none.
    pub fn url(&self, role: DbRole) -> Result<String, StoreError> {
        let password = SecretString::from(PASSWORD);
        migrate::address(&self.superuser_url, Some((role, &password)), None)
    }

    /// The superuser's address, in this database.
    #[must_use]
    pub fn superuser_url(&self) -> &str {
        &self.superuser_url
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes the database and whoever is in it.
    ///
    /// # Errors
    /// [`StoreError`] when the server is away.
    pub async fn remove(self) -> Result<(), StoreError> {
        let mut server = migrate::enter(&self.server_url).await?;
        let name = migrate::identifier(&self.name);
        server.execute(&*format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        Ok(())
    }
}
