//! Why the local stack cannot do what it was asked, in words for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong with the local stack. No data is harmed by any of these.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// Nobody runs a system in this home.
    #[error("no running system at {}; start one with `ael up`", .home.display())]
    NotRunning {
        /// The home that was looked at.
        home: PathBuf,
    },
    /// A system is being started in this home and does not take work yet.
    #[error("the system at {} is still starting; try again in a moment", .home.display())]
    StillStarting {
        /// The home that was looked at.
        home: PathBuf,
    },
    /// Another process runs a system in this home.
    #[error("a system runs already at {} (process {pid})", .home.display())]
    AlreadyRunning {
        /// The home that was asked for.
        home: PathBuf,
        /// The process that holds it, `?` when unknown.
        pid: String,
    },
    /// A file or folder of the home cannot be used.
    #[error("cannot {doing} {}", .path.display())]
    File {
        /// What was tried, as a verb: "create", "read" …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the home is not what we wrote.
    #[error("{} is damaged: {detail}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A file is gone without which the data of the home cannot be used.
    #[error(
        "{} is missing or empty, and the data in {} cannot be used without it: nothing was \
         changed; put the file back from your copy",
        .path.display(), .data.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The data.
        data: PathBuf,
    },
    /// A program that the stack needs is not installed.
    #[error("{program} was not found: {advice}")]
    ProgramMissing {
        /// The program.
        program: &'static str,
        /// What to install or set.
        advice: String,
    },
    /// A program ran and failed.
    #[error("{program} failed ({outcome}): {said}")]
    ProgramFailed {
        /// The program.
        program: String,
        /// Its exit status, or why it could not be started.
        outcome: String,
        /// The last lines of what it said.
        said: String,
    },
    /// A supervised process did not come up.
    #[error("{service} did not start: {detail}\n{log_tail}")]
    DidNotStart {
        /// The process, as the supervisor names it.
        service: String,
        /// What happened.
        detail: String,
        /// The last lines of its log.
        log_tail: String,
    },
    /// The supervisor knows no process of this name.
    #[error("there is no service named {service}")]
    UnknownService {
        /// The name asked for.
        service: String,
    },
    /// The private PostgreSQL does not do what we ask.
    #[error("the private PostgreSQL refused")]
    Database(#[from] sqlx::Error),
    /// The operating system gives no random bytes or no free port.
    #[error("the operating system gives no {what}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
}

impl StackError {
    /// Names the file in an I/O error.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }
}
