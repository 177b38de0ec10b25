//! Tells the relay, after a commit, that there is something to publish: once per few milliseconds
//! at most.

use ael_bus::Bus;
use ael_events::subjects::RELAY_WAKE;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How close together two wake-ups may be.
const PAUSE: Duration = Duration::from_millis(2);

/// The bell that is rung after every commit. Cheap to clone and to ring.
#[derive(Debug, Clone, Default)]
pub(crate) struct RelayBell(Arc<Notify>);

impl RelayBell {
    /// Says that something was committed.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    /// Passes the ringing on until told to stop. A lost wake-up costs a moment: the relay polls
    /// too.
    pub(crate) async fn pass_on(self, bus: Bus, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = self.0.notified() => {}
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = bus.publish(RELAY_WAKE, "").await {
                tracing::debug!(%error, "the relay could not be woken");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
