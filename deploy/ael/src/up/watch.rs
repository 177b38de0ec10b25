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
    let connects = admin.link().connects;
    let mut looks = Looks { connects, known: None, missed: false, owed: false };
    while !stop.is_cancelled() {
        let connects = admin.link().connects;
        let found = match admin.stream(EVENTS).state().await {
            Ok(state) => Found::Made(state.created),
            Err(StreamError::Missing { .. }) => Found::Missing,
            Err(_) => Found::Unknown,
        };
        if looks.call_for_mending(connects, found) {
            looks.owed = !mend(&admin, &topology).await;
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What a look at the stream of events found.
#[derive(Debug, Clone, Copy)]
enum Found {
    Made(DateTime<Utc>),
    Missing,
    Unknown,
}

/// What was found so far.
#[derive(Debug)]
struct Looks {
    connects: u64,
    known: Option<DateTime<Utc>>,
    missed: bool,
    /// Whether the last mending failed.
    owed: bool,
}

impl Looks {
    /// A stream has to be missing twice in a row: the first time, somebody may be making it anew.
    /// A server that deletes a stream forgets it first and removes its files then, and with them
    /// those of one that was made in between.
    fn call_for_mending(&mut self, connects: u64, found: Found) -> bool {
        let reconnected = connects != self.connects;
        let missed_before = std::mem::replace(&mut self.missed, matches!(found, Found::Missing));
        let another = match found {
            Found::Made(at) => self.known.replace(at).is_some_and(|known| known != at),
            Found::Missing | Found::Unknown => false,
        };
        let due = match found {
            Found::Missing => missed_before,
            Found::Made(_) | Found::Unknown => reconnected || another || self.owed,
        };
        if due {
            self.connects = connects;
        }
        due
    }
}

/// Puts right what is missing; false when that has to be tried again.
async fn mend(admin: &Bus, topology: &Topology) -> bool {
    match topology::apply(admin, topology).await {
        Ok(applied) if applied.made.is_empty() && applied.changed.is_empty() => true,
        Ok(applied) => {
            let (made, changed) = (applied.made.len(), applied.changed.len());
            tracing::warn!(made, changed, "the bus had lost its streams; they are made again");
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the bus is not as it should be; trying again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Found = Found::Made(DateTime::UNIX_EPOCH);

    fn looks() -> Looks {
        Looks { connects: 1, known: None, missed: false, owed: false }
    }

    #[test]
    fn what_could_not_be_mended_is_tried_again() {
        let mut looks = looks();
        assert!(!looks.call_for_mending(1, FIRST));
        assert!(looks.call_for_mending(2, FIRST), "reconnected");
        looks.owed = true;
        assert!(looks.call_for_mending(2, FIRST));
        looks.owed = false;
        assert!(!looks.call_for_mending(2, FIRST));
    }

    #[test]
    fn a_stream_that_is_being_made_anew_is_left_to_whoever_does_it() {
        let mut looks = looks();
        assert!(!looks.call_for_mending(1, FIRST));
        assert!(!looks.call_for_mending(1, Found::Missing));
        assert!(!looks.call_for_mending(1, FIRST));
        assert!(!looks.call_for_mending(1, Found::Missing));
        assert!(looks.call_for_mending(1, Found::Missing), "missing for good");
    }

    #[test]
    fn another_stream_or_another_server_may_lack_the_rest() {
        let mut looks = looks();
        assert!(!looks.call_for_mending(1, FIRST));
        assert!(looks.call_for_mending(1, Found::Made(DateTime::UNIX_EPOCH + EVERY)));
        assert!(looks.call_for_mending(2, Found::Unknown), "reconnected");
        assert!(!looks.call_for_mending(2, Found::Unknown));
        assert!(!looks.call_for_mending(3, Found::Missing), "reconnected, and sure a look later");
        assert!(looks.call_for_mending(3, Found::Missing));
    }
}
