//! Making scores mean what they say: a slope and a shift in log-odds, learnt from outcomes.

use crate::numbers::{log_odds, probability};
use serde::{Deserialize, Serialize};

/// So many outcomes, and so many of each kind, before an outside score is believed to be off.
const MIN_PAIRS: usize = 50;
const MIN_OF_EACH: usize = 10;

/// Calibrated log-odds = `slope` × log-odds + `shift` (Platt's method). As it is a straight line,
/// what pushes a score up or down stays a sum after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Below 1 where scores were too sure of themselves.
    #[serde(with = "crate::exact")]
    pub slope: f64,
    /// Above 0 where they were too low.
    #[serde(with = "crate::exact")]
    pub shift: f64,
}

impl Calibration {
    /// Scores stay as they are.
    pub const NONE: Self = Self { slope: 1.0, shift: 0.0 };

    /// Fitted on log-odds of leads that whoever gave them had not seen the end of. It is held back
    /// to [`Self::NONE`] as by a few outcomes, so that little is done where little is known.
    #[must_use]
    pub fn fit(log_odds: &[f64], won: &[bool]) -> Self {
        let fitted = Self::NONE.fitted(log_odds, won, true);
        if fitted.slope >= 0.0 {
            return fitted;
        }
        // A score that points the wrong way is not to be turned round, but to be ignored: then the
        // shift alone has to say how many are won.
        Self { slope: 0.0, shift: 0.0 }.fitted(log_odds, won, false)
    }

    fn fitted(self, log_odds: &[f64], won: &[bool], with_slope: bool) -> Self {
        const HOLD: f64 = 2.0;
        let Self { mut slope, mut shift } = self;
        for _ in 0..50 {
            let (mut g_slope, mut g_shift) = (HOLD * (slope - 1.0), HOLD * shift);
            let (mut h_slope, mut h_both, mut h_shift) = (HOLD, 0.0, HOLD);
            for (z, won) in log_odds.iter().zip(won) {
                let p = probability(slope * z + shift);
                let (off, weight) = (p - f64::from(u8::from(*won)), p * (1.0 - p));
                g_slope += off * z;
                g_shift += off;
                h_slope += weight * z * z;
                h_both += weight * z;
                h_shift += weight;
            }
            if !with_slope {
                (g_slope, h_both) = (0.0, 0.0);
            }
            let determinant = h_slope * h_shift - h_both * h_both;
            let slope_step = (h_shift * g_slope - h_both * g_shift) / determinant;
            let shift_step = (h_slope * g_shift - h_both * g_slope) / determinant;
            if !(slope_step.is_finite() && shift_step.is_finite()) {
                return Self::NONE;
            }
            // A leap of Newton's method may overshoot.
            slope -= slope_step.clamp(-1.0, 1.0);
            shift -= shift_step.clamp(-2.0, 2.0);
            if slope_step.abs() + shift_step.abs() < 1e-9 {
                break;
            }
        }
        Self { slope, shift }
    }

    /// Calibrated log-odds.
    #[must_use]
    pub fn apply(&self, log_odds: f64) -> f64 {
        self.slope * log_odds + self.shift
    }
}

/// The calibration of a score that comes from elsewhere, such as a language model's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutsideCalibration {
    /// How many outcomes it was fitted on; 0 while there are too few and scores stay as they are.
    pub outcomes: usize,
    calibration: Calibration,
}

impl OutsideCalibration {
    /// Fitted on pairs of a score (0–1) and whether the lead was won, once there are 50 of them
    /// with ten of each kind. Pairs whose score is no such number are passed over.
    #[must_use]
    pub fn fit(pairs: &[(f64, bool)]) -> Self {
        let usable = pairs.iter().filter(|(score, _)| (0.0..=1.0).contains(score));
        let (scores, won): (Vec<f64>, Vec<bool>) =
            usable.map(|(score, won)| (outside_log_odds(*score), *won)).unzip();
        let wins = won.iter().filter(|won| **won).count();
        if won.len() < MIN_PAIRS || wins.min(won.len() - wins) < MIN_OF_EACH {
            return Self { outcomes: 0, calibration: Calibration::NONE };
        }
        Self { outcomes: won.len(), calibration: Calibration::fit(&scores, &won) }
    }

    /// One that was fitted before, on so many outcomes.
    #[must_use]
    pub const fn of(outcomes: usize, calibration: Calibration) -> Self {
        Self { outcomes, calibration }
    }

    /// The slope and the shift.
    #[must_use]
    pub const fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The score as it should have been; itself while nothing is known.
    #[must_use]
    pub fn apply(&self, score: f64) -> f64 {
        if self.outcomes == 0 || !score.is_finite() {
            return score;
        }
        probability(self.calibration.apply(outside_log_odds(score)))
    }
}

/// Others say 0 and 1 lightly: they count as one in a hundred off.
fn outside_log_odds(score: f64) -> f64 {
    log_odds(score.clamp(0.01, 0.99))
}
