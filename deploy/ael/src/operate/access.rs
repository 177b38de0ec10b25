//! An operator's own way into the database of the running system, with the home's credentials.

use crate::session::Global;
use crate::stack;
use ael_seal::MasterKeyring;
use ael_service::Env;
use ael_stack::Running;
use ael_store::{DbRole, PoolOptions, SettledReader, connect};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use std::sync::Arc;

/// The database and the master key of a running system.
#[derive(Debug)]
pub struct Access {
    running: Running,
    env: Env,
    keyring: Arc<MasterKeyring>,
}

impl Access {
    /// To the running system.
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let (running, env) = (global.running()?, Env::of_process());
        let keyring = match env.get("AEL_MASTER_KEY") {
            Some(text) => MasterKeyring::parse(text)?,
            None => MasterKeyring::from_file(&running.home().master_key_file())?,
        };
        Ok(Self { running, env, keyring: Arc::new(keyring) })
    }

    /// The master keys.
    pub fn keyring(&self) -> Arc<MasterKeyring> {
        self.keyring.clone()
    }

    /// The running system.
    pub const fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self, role: DbRole) -> anyhow::Result<SecretString> {
        stack::role_url(&self.running, &self.env, role.name())
    }

    /// A few connections as a role. Audits and rebuilds read for long, so no statement is cut off.
    pub async fn pool(&self, role: DbRole) -> anyhow::Result<PgPool> {
        let options = PoolOptions {
            application: "ael command line".to_owned(),
            max_connections: 4,
            statement_timeout_ms: Some(0),
            ..PoolOptions::default()
        };
        Ok(connect(self.url(role)?.expose_secret(), role, &options).await?)
    }

    /// The settled order.
    pub async fn reader(&self) -> anyhow::Result<SettledReader> {
        Ok(SettledReader::new(self.pool(DbRole::Relay).await?))
    }
}
