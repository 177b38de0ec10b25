//! What is to be sent lies on the bus, sealed, until the sender has handed it to Telegram.
//!
//! Each has an id that is made of the update that led to it and its place, so that the server
//! drops what is put a second time.

use super::{Trouble, lane_of};
use crate::out::Out;
use ael_bus::{Bus, BusSeal, Kept};
use ael_events::subjects;

/// The way into the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    bus: Bus,
    seal: BusSeal,
}

impl Outbox {
    /// Sealed with this.
    pub(crate) fn new(bus: Bus, seal: BusSeal) -> Self {
        Self { bus, seal }
    }

    /// Puts them in their order; returns when the server has them all. `prefix` names what they
    /// follow from, such as `out-<bot>-<update>`: what has the same one is put once.
    pub(crate) async fn put(&self, outs: &[Out], prefix: &str) -> Result<(), Trouble> {
        let messages = outs.iter().enumerate().map(|(place, out)| {
            let subject = subjects::telegram_send(lane_of(out.chat().unwrap_or_default()));
            let trouble = |what: &str| Trouble { reason: format!("what is to be sent {what}") };
            let plain = serde_json::to_vec(out).map_err(|_| trouble("cannot be written"))?;
            let sealed = self.seal.seal(&subject, &plain);
            let payload = sealed.map_err(|_| trouble("cannot be sealed"))?.into();
            Ok(Kept { subject, id: format!("{prefix}-{place}"), payload })
        });
        let messages = messages.collect::<Result<Vec<_>, Trouble>>()?;
        let put = self.bus.publish_once_each(messages).await;
        put.map_err(|error| Trouble { reason: format!("nothing can be sent: {error}") })
    }
}
