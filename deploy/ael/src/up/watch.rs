//! A bus that lost what it kept while we run (a wiped disk, another server at the same address)
//! gets its streams, consumers and buckets again; the relay then fills them from the database.

use ael_bus::topology::{self, Topology};
use ael_bus::{Bus, StreamError};
use ael_events::subjects::EVENTS;
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(2);

/// Looks every two seconds, until it is told to stop, and puts right what is missing.
pub async fn keep_the_bus_right(admin: Bus, topology: Topology, stop: &CancellationToken) {
    let mut known: Option<DateTime<Utc>> = None;
    let mut connects = admin.link().connects;
    while !stop.is_cancelled() {
        let link = admin.link();
        let state = admin.stream(EVENTS).state().await;
        let created = state.as_ref().ok().map(|state| state.created);
        let missing = matches!(state, Err(StreamError::Missing { .. }));
        let another = created.is_some() && known.is_some() && created != known;
        if missing || another || link.connects != connects {
            mend(&admin, &topology).await;
            connects = link.connects;
        }
        known = created.or(known);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn mend(admin: &Bus, topology: &Topology) {
    match topology::apply(admin, topology).await {
        Ok(applied) if applied.made.is_empty() && applied.changed.is_empty() => {}
        Ok(applied) => {
            let (made, changed) = (applied.made.len(), applied.changed.len());
            tracing::warn!(made, changed, "the bus had lost its streams; they are made again");
        }
        Err(error) => tracing::warn!(%error, "the bus is not as it should be; trying again"),
    }
}
