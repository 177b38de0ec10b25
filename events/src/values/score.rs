//! The advisor's score.

use super::enums::Tier;
use serde::{Deserialize, Serialize};

/// A number was not a score.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a score: expected a number from 0.0 to 1.0")]
pub struct InvalidScore;

/// The chance that a lead ends in a paid sale, 0.0 to 1.0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Score(f64);

impl Score {
    /// A score.
    ///
    /// # Errors
    /// [`InvalidScore`] outside 0.0 to 1.0, or when it is no number.
    pub fn new(value: f64) -> Result<Self, InvalidScore> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(InvalidScore) }
    }

    /// The number, 0.0 to 1.0.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// Hot from 0.8, warm from 0.6, cold from 0.3, else dead.
    #[must_use]
    pub fn tier(self) -> Tier {
        if self.0 >= 0.8 {
            Tier::Hot
        } else if self.0 >= 0.6 {
            Tier::Warm
        } else if self.0 >= 0.3 {
            Tier::Cold
        } else {
            Tier::Dead
        }
    }
}

// A score is never NaN, so equality is total.
impl Eq for Score {}

impl TryFrom<f64> for Score {
    type Error = InvalidScore;
    fn try_from(value: f64) -> Result<Self, InvalidScore> {
        Self::new(value)
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        score.0
    }
}

impl schemars::JsonSchema for Score {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Score".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0.0, "maximum": 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_begin_where_the_design_says() {
        let tier = |value| Score::new(value).unwrap().tier();
        assert_eq!([tier(1.0), tier(0.8)], [Tier::Hot; 2]);
        assert_eq!([tier(0.799), tier(0.6)], [Tier::Warm; 2]);
        assert_eq!([tier(0.599), tier(0.3)], [Tier::Cold; 2]);
        assert_eq!([tier(0.299), tier(0.0)], [Tier::Dead; 2]);
    }

    #[test]
    fn what_is_no_score_is_refused() {
        for bad in [-0.1, 1.1, 7.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Score::new(bad), Err(InvalidScore));
        }
    }
}
