//! What could not be done lies in `DEAD`, sealed, with a reason that says nothing of anybody.

use super::in_order::Fate;
use ael_bus::{Bus, BusSeal, Headers};
use ael_events::subjects;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait while the bus does not take it.
const AGAIN: Duration = Duration::from_secs(2);

/// Buries something that came by this consumer; it is done when the server has it.
pub(crate) async fn bury(
    (bus, seal): (&Bus, &BusSeal),
    consumer: &str,
    plain: &[u8],
    reason: &str,
    stop: &CancellationToken,
) -> Fate {
    metrics::counter!("ael_bot_dead_total", "consumer" => consumer.to_owned()).increment(1);
    tracing::error!(reason, consumer, "something could not be done and lies in DEAD");
    let subject = subjects::dead(consumer);
    loop {
        let headers = Headers::new().with(subjects::HEADER_DEAD_REASON, reason);
        let sent = match seal.seal(&subject, plain) {
            Ok(sealed) => bus.publish_kept(&subject, headers, sealed).await,
            Err(error) => {
                tracing::error!(%error, "a dead letter cannot be sealed");
                return Fate::Done;
            }
        };
        let Err(error) = sent else { return Fate::Done };
        tracing::warn!(%error, "a dead letter could not be sent; trying again");
        tokio::select! {
            () = stop.cancelled() => return Fate::Back,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}
