//! Watching what keeps events from settling, and naming who holds it.

use crate::config::RelaySettings;
use ael_events::order::Order;
use ael_store::{Holder, Horizon, SettledReader};
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

    /// Measures the horizon's age and what waits behind the cursor, and says once who holds the
    /// horizon when it is old.
    pub(crate) async fn look(
        &mut self,
        reader: &SettledReader,
        cursor: Order,
        settings: &RelaySettings,
    ) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + EVERY;
        match reader.backlog(cursor).await {
            Ok(waiting) => metrics::gauge!("ael_relay_backlog_events").set(as_gauge(waiting)),
            Err(error) => tracing::debug!(%error, "the backlog could not be counted"),
        }
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
                holder = horizon.holder.as_ref().map(named),
                "a long transaction keeps events from settling: nothing is lost, but nothing new \
                 is published until it ends"
            );
        }
        self.alarmed = old;
    }
}

/// Counted up to 100,000, which a gauge holds exactly.
fn as_gauge(waiting: u64) -> f64 {
    f64::from(u32::try_from(waiting).unwrap_or(u32::MAX))
}

/// Who it is, for the log. What it does is left out: a statement may hold anything, people too.
fn named(holder: &Holder) -> String {
    let Holder { pid, application, role, database, since, query: _ } = holder;
    let pid = pid.map_or_else(|| "none".to_owned(), |pid| pid.to_string());
    let since = since.map_or_else(|| "?".to_owned(), |since| since.to_rfc3339());
    format!("process {pid} of {role} ({application}) in database {database}, since {since}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_horizon_is_named_and_what_they_do_is_not_told() {
        let holder = Holder {
            pid: Some(7),
            application: "psql".into(),
            role: "postgres".into(),
            database: "ael".into(),
            since: None,
            query: "UPDATE people SET name = 'Olena'".into(),
        };
        let named = named(&holder);
        assert!(named.starts_with("process 7 of postgres (psql) in database ael"), "{named}");
        assert!(!named.contains("Olena"), "{named}");
    }
}
