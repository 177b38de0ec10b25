//! A stack of its own for a test or a benchmark: gone, with all its data, when it is dropped.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::{Home, NATS, POSTGRES, Running, Secrets, Stack, StackError, StackOptions, Supervisor};
use crate::{files, leftovers};

/// A private PostgreSQL and nats-server in a temporary home.
#[derive(Debug)]
pub struct ThrowawayStack {
    stack: Stack,
    // Last, so that it is removed when nothing runs in it any more.
    folder: TempDir,
}

impl ThrowawayStack {
    /// Starts the servers that `options` makes of the fresh secrets, in a new temporary folder
    /// (under `TMPDIR`). `AEL_TEST_NATS_SERVER` chooses another nats-server unless
    /// the options do.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), ael_stack::StackError> {
    /// use ael_stack::{StackOptions, ThrowawayStack};
    /// let stack = ThrowawayStack::start(&["relay"], |_secrets| StackOptions::embedded("")).await?;
    /// let url = stack.running().superuser_url();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When a server is missing or does not come up.
    pub async fn start(
        nats_users: &[&str],
        options: impl FnOnce(&Secrets) -> StackOptions,
    ) -> Result<Self, StackError> {
        let temporary = std::env::temp_dir();
        let mut builder = tempfile::Builder::new();
        // PostgreSQL may run as somebody else, who must get through.
        let builder = builder.prefix("ael-").permissions(PermissionsExt::from_mode(0o711));
        let folder = builder.tempdir_in(&temporary);
        let folder = folder.map_err(StackError::file("make a folder in", &temporary))?;
        let claimed = Home::at(folder.path().join("home"))?.claim(nats_users).await?;
        let mut options = options(claimed.secrets());
        if let Some(nats) = &mut options.nats {
            let other = std::env::var_os("AEL_TEST_NATS_SERVER").filter(|path| !path.is_empty());
            nats.program = nats.program.take().or(other.map(Into::into));
        }
        let stack = Stack::start(claimed, options).await?;
        stack.publish_ready([])?;
        Ok(Self { stack, folder })
    }

    /// Where everything is, and the passwords.
    pub fn running(&self) -> Running {
        self.stack.running()
    }

    /// The stack itself.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Where services can be started, stopped and killed.
    pub fn supervisor(&self) -> &Supervisor {
        self.stack.supervisor()
    }

    /// Kills PostgreSQL as kill -9 does; it stays down until [`Supervisor::resume`].
    ///
    /// # Errors
    /// When this stack has none.
    pub async fn kill_postgres(&self) -> Result<(), StackError> {
        self.supervisor().kill(POSTGRES).await
    }

    /// Kills PostgreSQL as kill -9 does, starts it again and returns when it answers.
    ///
    /// # Errors
    /// When this stack has none or it does not come up.
    pub async fn restart_postgres(&self) -> Result<(), StackError> {
        self.kill_postgres().await?;
        self.supervisor().resume(POSTGRES).await
    }

    /// Kills nats-server as kill -9 does; it stays down until [`Supervisor::resume`].
    ///
    /// # Errors
    /// When this stack has none.
    pub async fn kill_nats(&self) -> Result<(), StackError> {
        self.supervisor().kill(NATS).await
    }

    /// Kills nats-server as kill -9 does, starts it again and returns when it answers.
    ///
    /// # Errors
    /// When this stack has none or it does not come up.
    pub async fn restart_nats(&self) -> Result<(), StackError> {
        self.kill_nats().await?;
        self.supervisor().resume(NATS).await
    }

    /// Kills nats-server, removes every stream and bucket it kept and starts it again, empty: the
    /// topology must then be applied anew.
    ///
    /// # Errors
    /// When this stack has none or it does not come up.
    pub async fn wipe_nats(&self) -> Result<(), StackError> {
        self.kill_nats().await?;
        if let Some(nats) = self.stack.nats() {
            nats.wipe()?;
        }
        self.supervisor().resume(NATS).await
    }

    /// The temporary folder.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for ThrowawayStack {
    fn drop(&mut self) {
        let mut processes = self.supervisor().abandon();
        if let Some(postgres) = self.stack.postgres() {
            processes.extend(leftovers::working_in(&postgres.state().data));
        }
        leftovers::kill_now(&processes);
        // Data that had to go elsewhere does not go with the temporary folder.
        if let Some(postgres) = self.stack.postgres()
            && let Some(elsewhere) = postgres.state().data.parent()
            && !elsewhere.starts_with(self.folder.path())
            && let Err(error) = files::remove(elsewhere)
        {
            tracing::warn!(%error, "the data of a throwaway stack stays");
        }
    }
}
