//! Medians, spreads and percentiles.

use std::time::{Duration, Instant};

/// The same figure of several rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    #[cfg(test)]
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        Self(values.into_iter().collect())
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle one; 0 of none.
    pub(crate) fn median(&self) -> f64 {
        let low = percentile(&self.0, 0.5);
        let high = -percentile(&self.0.iter().map(|value| -value).collect::<Vec<_>>(), 0.5);
        f64::midpoint(low, high)
    }

    /// The least and the greatest.
    pub(crate) fn spread(&self) -> Option<(f64, f64)> {
        let least = self.0.iter().copied().reduce(f64::min)?;
        let greatest = self.0.iter().copied().reduce(f64::max)?;
        (self.0.len() > 1).then_some((least, greatest))
    }
}

/// The value under which this part of the values lies; 0 of none.
pub(crate) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into values that fit in memory"
    )]
    let place = (last as f64 * part.clamp(0.0, 1.0)).ceil() as usize;
    sorted.get(place).copied().unwrap_or(0.0)
}

/// What a run of some work came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    /// How long it took until the last was done.
    pub(crate) took: Duration,
    /// What each took, in milliseconds.
    pub(crate) each_ms: Vec<f64>,
}

impl Run {
    /// How many were done a second.
    pub(crate) fn rate(&self) -> f64 {
        per_second(self.each_ms.len(), self.took)
    }
}

/// So many in such a time, a second.
pub(crate) fn per_second(count: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let count = count as f64;
    count / took.as_secs_f64().max(1e-9)
}

/// Milliseconds since then.
pub(crate) fn ms_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_and_the_99th_hides_no_slow_one() {
        assert!((Sample::of([1.0, 4.0]).median() - 2.5).abs() < f64::EPSILON);
        let sample = Sample::of([5.0, 1.0, 3.0]);
        assert!((sample.median() - 3.0).abs() < f64::EPSILON);
        assert_eq!(sample.spread(), Some((1.0, 5.0)));
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&values, 0.99) - 100.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 0.5).abs() < f64::EPSILON);
    }
}
