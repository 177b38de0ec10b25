//! What the tests of the stack share: waiting for conditions, and asking the servers.

use std::process::Command;
use std::time::{Duration, Instant};

use ael_stack::Running;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

/// Polls until the condition holds, for at most a generous time.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs SQL as the superuser and gives the first column of the first row as text.
pub async fn sql(running: &Running, text: &str) -> Result<Option<String>, sqlx::Error> {
    let url = running.superuser_url().unwrap();
    let mut connection = PgConnection::connect(url.expose_secret()).await?;
    let rows = sqlx::query(text).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(rows.first().map(|row| row.get::<String, _>(0)))
}

/// This test program again, as a process of its own that runs only the given ignored test.
pub fn as_process(helper: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", helper, "--ignored", "--nocapture"]);
    command
}

/// Whether the process exists and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// The processes of `postgres` that work in the given folder.
pub fn working_in(folder: &std::path::Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter(|one| std::fs::read_link(one.path().join("cwd")).is_ok_and(|it| it == folder))
        .count()
}
