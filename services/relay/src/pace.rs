//! When to look at the store again: at once when woken, soon after something happened, seldom when
//! all is quiet.

use std::time::Duration;

/// The rests between looks that found nothing: doubling from 2 ms to the longest.
///
/// A wake-up may come before its event has settled (another transaction is still under way), and
/// that other transaction may never wake anybody; so after each wake-up the relay looks again soon,
/// several times.
#[derive(Debug)]
pub(crate) struct Pace {
    rest: Duration,
    longest: Duration,
}

const SHORTEST: Duration = Duration::from_millis(2);

impl Pace {
    pub(crate) const fn new(longest: Duration) -> Self {
        Self { rest: SHORTEST, longest }
    }

    /// Something happened: look again soon.
    pub(crate) const fn quicken(&mut self) {
        self.rest = SHORTEST;
    }

    /// How long to rest after a look that found nothing.
    pub(crate) fn rest(&mut self) -> Duration {
        let rest = self.rest;
        self.rest = (rest * 2).min(self.longest);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_relay_rests_longer_and_a_woken_one_looks_at_once() {
        let mut pace = Pace::new(Duration::from_millis(500));
        let rests: Vec<u128> = (0..11).map(|_| pace.rest().as_millis()).collect();
        assert_eq!(rests, [2, 4, 8, 16, 32, 64, 128, 256, 500, 500, 500]);
        pace.quicken();
        assert_eq!(pace.rest().as_millis(), 2);
    }
}
