//! Whether a provider is asked at all: after some failures in a row it is left alone for a while,
//! then tried once, and asked again when that went well.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many failures in a row are no accident.
const FAILURES: u32 = 5;
/// How long it is left alone then.
const ALONE: Duration = Duration::from_secs(30);
/// The longest time that a provider can ask for.
const LONGEST: Duration = Duration::from_secs(300);

/// How it stands with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is asked.
    Closed,
    /// It is being tried.
    HalfOpen,
    /// It is left alone for so long.
    Open(Duration),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, failures: u32 },
    Trying { failures: u32 },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

/// Leave to ask once. Whoever does not say how it went leaves the provider to be tried again.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    tries: bool,
    told: bool,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave to ask, unless the provider is left alone.
    pub(super) fn leave(&self, now: Instant) -> Option<Leave<'_>> {
        let mut state = self.state();
        let tries = match *state {
            State::Closed { .. } => false,
            State::Open { until, failures } if until <= now => {
                *state = State::Trying { failures };
                true
            }
            State::Open { .. } | State::Trying { .. } => return None,
        };
        Some(Leave { breaker: self, tries, told: false })
    }

    /// How it stands.
    pub(super) fn standing(&self, now: Instant) -> Standing {
        match *self.state() {
            State::Closed { .. } => Standing::Closed,
            State::Trying { .. } => Standing::HalfOpen,
            // Whoever comes next tries it.
            State::Open { until, .. } if until <= now => Standing::HalfOpen,
            State::Open { until, .. } => Standing::Open(until.saturating_duration_since(now)),
        }
    }
}

impl Leave<'_> {
    /// It answered.
    pub(super) fn went_well(mut self) {
        self.told = true;
        *self.breaker.state() = State::Closed { failures: 0 };
    }

    /// It did not, and perhaps said for how long it wants to be left alone.
    pub(super) fn failed(mut self, now: Instant, asked: Option<Duration>) {
        self.told = true;
        let mut state = self.breaker.state();
        let failures = match *state {
            State::Closed { failures }
            | State::Trying { failures }
            | State::Open { failures, .. } => failures.saturating_add(1),
        };
        let many = (failures >= FAILURES).then_some(ALONE);
        // Who asks for no time is counted as who says nothing.
        let asked = asked.filter(|asked| !asked.is_zero()).map(|asked| asked.min(LONGEST));
        let until = asked.max(many).map(|alone| now + alone);
        // Whoever was asked before it was left alone may fail later: the longer time counts.
        *state = match (until, *state) {
            (Some(until), State::Open { until: known, .. }) => {
                State::Open { until: until.max(known), failures }
            }
            (Some(until), State::Closed { .. } | State::Trying { .. }) => {
                State::Open { until, failures }
            }
            (None, State::Open { until, .. }) => State::Open { until, failures },
            (None, State::Closed { .. } | State::Trying { .. }) => State::Closed { failures },
        };
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.tries && !self.told {
            *self.breaker.state() = State::Open { until: Instant::now(), failures: FAILURES };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_in_a_row_it_is_left_alone_and_then_tried_once() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        for _ in 0..4 {
            breaker.leave(now).unwrap().failed(now, None);
        }
        breaker.leave(now).unwrap().went_well();
        for _ in 0..5 {
            assert_eq!(breaker.standing(now), Standing::Closed);
            breaker.leave(now).unwrap().failed(now, None);
        }
        assert_eq!(breaker.standing(now), Standing::Open(ALONE));
        assert!(breaker.leave(now + ALONE - Duration::from_secs(1)).is_none());
        let later = now + ALONE;
        let probe = breaker.leave(later).unwrap();
        assert_eq!(breaker.standing(later), Standing::HalfOpen);
        assert!(breaker.leave(later).is_none(), "one tries, the others wait");
        probe.failed(later, None);
        assert!(breaker.leave(later).is_none());
        breaker.leave(later + ALONE).unwrap().went_well();
        assert_eq!(breaker.standing(later + ALONE), Standing::Closed);
    }

    #[test]
    fn who_asks_for_time_gets_it_but_not_for_ever() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let late = breaker.leave(now).unwrap();
        breaker.leave(now).unwrap().failed(now, Some(Duration::from_secs(60)));
        assert_eq!(breaker.standing(now), Standing::Open(Duration::from_secs(60)));
        late.failed(now, None);
        assert_eq!(breaker.standing(now), Standing::Open(Duration::from_secs(60)));
        let later = now + Duration::from_secs(60);
        breaker.leave(later).unwrap().failed(later, Some(Duration::from_secs(86_400)));
        assert_eq!(breaker.standing(later), Standing::Open(LONGEST));
    }

    #[test]
    fn who_asks_for_hardly_any_time_is_left_alone_after_five_failures_all_the_same() {
        for asked in [Duration::ZERO, Duration::from_millis(1)] {
            let (breaker, mut now) = (Breaker::new(), Instant::now());
            for _ in 0..5 {
                now += Duration::from_millis(2);
                breaker.leave(now).unwrap().failed(now, Some(asked));
            }
            assert_eq!(breaker.standing(now), Standing::Open(ALONE));
        }
    }

    #[test]
    fn a_try_that_nobody_finished_is_made_again() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        breaker.leave(now).unwrap().failed(now, Some(Duration::from_millis(1)));
        let later = now + Duration::from_millis(1);
        drop(breaker.leave(later).unwrap());
        assert!(breaker.leave(Instant::now()).is_some());
    }
}
