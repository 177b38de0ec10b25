//! Small arithmetic that the rest shares.

/// The probability of some log-odds.
#[must_use]
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The log-odds of a probability; 0 and 1 are taken as a little off.
#[must_use]
pub fn log_odds(probability: f64) -> f64 {
    let probability = probability.clamp(1e-6, 1.0 - 1e-6);
    (probability / (1.0 - probability)).ln()
}

/// The logistic loss of some log-odds, without losing anything far from zero.
pub(crate) fn logistic_loss(log_odds: f64, won: bool) -> f64 {
    let away = if won { -log_odds } else { log_odds };
    away.max(0.0) + (-away.abs()).exp().ln_1p()
}
