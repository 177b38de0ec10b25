//! Watching what keeps events from settling, and naming who holds it.

use crate::config::RelaySettings;
use ael_store::{Horizon, SettledReader};
use std::time::{Duration, Instant};

/// How often the horizon is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Looks at the horizon now and then.
#[derive(Debug)]
pub(crate) struct HorizonWatch {
    next: Instant,
    alarmed: bool,
}

impl HorizonWatch {
    pub(crate) fn new() -> Self {
        Self { next: Instant::now(), alarmed: false }
    }

    /// Measures the horizon's age and the backlog, and says once who holds it when it is old.
    pub(crate) async fn look(&mut self, reader: &SettledReader, settings: &RelaySettings) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + EVERY;
        match reader.horizon().await {
            Ok(horizon) => self.judge(&horizon, settings),
            Err(error) => tracing::debug!(%error, "the horizon could not be looked at"),
        }
    }

    fn judge(&mut self, horizon: &Horizon, settings: &RelaySettings) {
        let age = Duration::from_millis(horizon.age_ms);
        metrics::gauge!("ael_relay_horizon_age_seconds").set(age.as_secs_f64());
        let old = age > settings.horizon_alarm;
        if old && !self.alarmed {
            tracing::warn!(
                age_ms = horizon.age_ms,
                holder = ?horizon.holder,
                "a long transaction keeps events from settling: nothing is lost, but nothing new is published until it ends"
            );
        }
        self.alarmed = old;
    }
}
