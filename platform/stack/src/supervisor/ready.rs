//! How a process is known to take work.

use std::fmt;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as Bound};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::net::UnixDatagram;

/// How a process is known to take work.
#[derive(Clone)]
pub enum Ready {
    /// As soon as it runs.
    Started,
    /// It says so, in systemd's way: `READY=1` to the socket in `NOTIFY_SOCKET`.
    Notify,
    /// Somebody tries, again and again, until it works.
    Probe(Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>),
}

impl Ready {
    /// Tries the given thing until it gives true.
    pub fn probe<F>(attempt: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        Self::Probe(Arc::new(move || Box::pin(attempt())))
    }

    /// Prepares to listen, before the process is started: what to wait for, and the environment
    /// that the process needs for it.
    pub(super) fn listen(&self) -> std::io::Result<(Signal, Option<(String, String)>)> {
        match self {
            Self::Started => Ok((Box::pin(std::future::ready(())), None)),
            Self::Probe(attempt) => Ok((Box::pin(try_until_it_works(attempt.clone())), None)),
            Self::Notify => {
                static NUMBER: AtomicU64 = AtomicU64::new(0);
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let name = format!("ael-ready-{}-{number}", std::process::id());
                let socket = Bound::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
                socket.set_nonblocking(true)?;
                let socket = UnixDatagram::from_std(socket)?;
                let env = ("NOTIFY_SOCKET".to_owned(), format!("@{name}"));
                Ok((Box::pin(hear(socket)), Some(env)))
            }
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "Started",
            Self::Notify => "Notify",
            Self::Probe(_) => "Probe",
        })
    }
}

/// Resolves when the process is ready.
pub(super) type Signal = BoxFuture<'static, ()>;

async fn try_until_it_works(attempt: Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>) {
    while !attempt().await {
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

async fn hear(socket: UnixDatagram) {
    let mut message = [0; 256];
    loop {
        match socket.recv(&mut message).await {
            Ok(length) if message[..length].split(|b| *b == b'\n').any(|l| l == b"READY=1") => {
                return;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a readiness message was not heard");
                return std::future::pending().await;
            }
        }
    }
}
