//! Starting a child so that it cannot outlive us: it is told to stop when we die, however we die.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::Account;

/// What to start, and how.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) account: Option<Account>,
    pub(crate) log: File,
    /// What the kernel sends the child when we die.
    pub(crate) farewell: Signal,
}

type Answer = oneshot::Sender<std::io::Result<Child>>;

/// Starts a child in a process group of its own, so that Ctrl-C reaches only us and we decide the
/// order in which everything stops.
///
/// The kernel ties the farewell to the *thread* that starts the child, and a runtime's threads may
/// come and go: so one thread that lives as long as the process starts them all.
pub(crate) async fn spawn(launch: Launch) -> std::io::Result<Child> {
    static STARTER: OnceLock<Sender<(Launch, Handle, Answer)>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, requests) = channel::<(Launch, Handle, Answer)>();
        std::thread::spawn(move || {
            for (launch, runtime, answer) in requests {
                let _inside = runtime.enter();
                let child = command(launch).and_then(|mut command| command.spawn());
                if answer.send(child).is_err() {
                    tracing::debug!("whoever asked for a child is gone; its drop kills it");
                }
            }
        });
        sender
    });
    let (answer, child) = oneshot::channel();
    let gone = || std::io::Error::other("the thread that starts children is gone");
    starter.send((launch, Handle::current(), answer)).map_err(|_| gone())?;
    child.await.map_err(|_| gone())?
}

fn command(launch: Launch) -> std::io::Result<Command> {
    let errors = launch.log.try_clone()?;
    let dropped = launch.account.is_some();
    let mut command = match setpriv() {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            let signal = launch.farewell.as_str().trim_start_matches("SIG");
            command.args(["--pdeathsig", signal]);
            if let Some(Account { uid, gid, .. }) = &launch.account {
                command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                command.arg("--init-groups");
            }
            command.arg("--").arg(&launch.program);
            command
        }
        None => {
            let mut command = Command::new(&launch.program);
            if let Some(Account { uid, gid, .. }) = &launch.account {
                command.uid(*uid).gid(*gid);
            }
            command
        }
    };
    command
        .args(launch.args)
        .env_clear()
        .envs(inherited())
        .envs(launch.env)
        .stdin(Stdio::null())
        .stdout(launch.log)
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true);
    if dropped {
        command.current_dir("/"); // ours may be closed to that account
    }
    Ok(command)
}

/// The harmless variables that every child may see; all others it must be given by name.
fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    const HARMLESS: [&str; 16] = [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "RUST_LOG",
        "RUST_BACKTRACE",
        "AEL_LOG",
        "NO_COLOR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "LD_LIBRARY_PATH",
        "GOMAXPROCS",
        "TOKIO_WORKER_THREADS",
    ];
    HARMLESS.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// Finds a program on the `PATH` or among the system's servers, which may not be on it.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let servers = ["/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin"];
    std::env::split_paths(&path)
        .chain(servers.map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// `setpriv` of util-linux, which makes the kernel say farewell; without it (rare) a child that
/// outlives us is stopped by the next start.
fn setpriv() -> Option<PathBuf> {
    on_path("setpriv")
}
