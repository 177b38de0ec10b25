//! How a process learns that it should finish what it is doing and go.

use tokio::signal::unix::{SignalKind, signal as listen};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGTERM or SIGINT. Call it once, inside the runtime.
///
/// A second signal ends the process at once, for an operator who does not want to wait.
///
/// # Errors
/// When the process may not listen for signals.
pub fn signal() -> std::io::Result<CancellationToken> {
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if again {
                tracing::warn!(signal = name, "second signal, leaving at once");
                std::process::exit(130);
            }
            tracing::info!(signal = name, "finishing what is under way, then stopping");
            cancelled.cancel();
        }
    });
    Ok(token)
}
