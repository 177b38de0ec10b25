//! When, and on whose behalf, something is asked: what every decision may know about its moment.

use ael_events::values::Role;
use chrono::{DateTime, TimeDelta, Utc};

/// The moment of a decision, as the handler knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// When it is decided.
    pub now: DateTime<Utc>,
    /// When it happened: now, unless the request says something earlier.
    pub occurred_at: DateTime<Utc>,
    /// The role of the active member on whose behalf a service acts, as looked up by the handler;
    /// nothing when there is no such member or they are not active.
    pub on_behalf_of: Option<Role>,
}

/// Something cannot have happened later than now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{occurred_at} has not come yet, so it cannot have happened then: give a time in the past")]
pub struct InTheFuture {
    /// When it was said to have happened.
    pub occurred_at: DateTime<Utc>,
}

/// How far two clocks of the house may differ.
const SKEW: TimeDelta = TimeDelta::minutes(5);

impl Asked {
    /// Asked by nobody's order, about this very moment.
    #[must_use]
    pub const fn at(now: DateTime<Utc>) -> Self {
        Self { now, occurred_at: now, on_behalf_of: None }
    }

    /// Refuses what is said to have happened in the future.
    pub(crate) fn check(&self) -> Result<(), InTheFuture> {
        if self.occurred_at.signed_duration_since(self.now) > SKEW {
            return Err(InTheFuture { occurred_at: self.occurred_at });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::now;

    #[test]
    fn the_past_can_be_told_and_the_future_cannot() {
        let asked = |occurred_at| Asked { occurred_at, ..Asked::at(now()) };
        assert_eq!(asked(now() - TimeDelta::days(300)).check(), Ok(()));
        assert_eq!(asked(now() + TimeDelta::minutes(5)).check(), Ok(()));
        let later = now() + TimeDelta::minutes(6);
        assert_eq!(asked(later).check(), Err(InTheFuture { occurred_at: later }));
    }
}
