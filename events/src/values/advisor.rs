//! What a workspace decides about its advisor, and when the advisor's answer says nothing any more.

use super::enums::StaleReason;
use super::settings::InvalidSettings;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A whole number within bounds that a settings page can show.
macro_rules! bounded {
    ($(#[$about:meta])* $name:ident, $least:literal to $most:literal, $refusal:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name(u32);

        impl $name {
            /// The number.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = InvalidSettings;
            fn try_from(number: u32) -> Result<Self, InvalidSettings> {
                if ($least..=$most).contains(&number) {
                    Ok(Self(number))
                } else {
                    Err(InvalidSettings::$refusal)
                }
            }
        }

        impl From<$name> for u32 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "integer", "minimum": $least, "maximum": $most })
            }
        }
    };
}

bounded!(
    /// A number of messages, 1 to 1,000.
    MessageStep, 1 to 1_000, MessageStep
);
bounded!(
    /// A part in percent, 0 to 1,000.
    Percent, 0 to 1_000, Percent
);
bounded!(
    /// An amount in US cents, 0 to 100,000,000 (a million dollars).
    UsCents, 0 to 100_000_000, UsCents
);

/// What a workspace decides about its advisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdvisorSettings {
    /// An analysis is stale when so many messages were exchanged since, at least, …
    pub stale_messages: MessageStep,
    /// … and they are this part, in percent, of those it knew of.
    pub stale_messages_percent: Percent,
    /// What the language model may cost in a calendar month (UTC), in US cents. When it is spent,
    /// the local model answers; with 0 it always does.
    pub monthly_budget_cents: UsCents,
}

impl Default for AdvisorSettings {
    fn default() -> Self {
        Self {
            stale_messages: MessageStep(3),
            stale_messages_percent: Percent(50),
            monthly_budget_cents: UsCents(1_000),
        }
    }
}

impl AdvisorSettings {
    /// Whether so many messages are significantly more than an analysis knew of.
    #[must_use]
    pub fn moved(&self, known: u32, now: u32) -> bool {
        let more = u64::from(now.saturating_sub(known));
        more >= u64::from(self.stale_messages.0)
            && more * 100 >= u64::from(known) * u64::from(self.stale_messages_percent.0)
    }
}

/// How old a lead is, as an outside advisor is told it: an answer about one lead is right for
/// another of its age, and tomorrow mostly still.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum AgeBand {
    /// Since today.
    #[serde(rename = "0")]
    Today,
    /// One or two days.
    #[serde(rename = "1-2")]
    Days,
    /// Three to six days.
    #[serde(rename = "3-6")]
    Week,
    /// 7 to 13 days.
    #[serde(rename = "7-13")]
    Fortnight,
    /// 14 to 29 days.
    #[serde(rename = "14-29")]
    Month,
    /// 30 to 89 days.
    #[serde(rename = "30-89")]
    Quarter,
    /// More.
    #[serde(rename = "90+")]
    Older,
}

impl AgeBand {
    /// The band of an age in whole days.
    #[must_use]
    pub const fn of(days: u32) -> Self {
        match days {
            0 => Self::Today,
            1..=2 => Self::Days,
            3..=6 => Self::Week,
            7..=13 => Self::Fortnight,
            14..=29 => Self::Month,
            30..=89 => Self::Quarter,
            90.. => Self::Older,
        }
    }
}

/// How many messages were exchanged, roughly.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum MessageBand {
    /// None.
    #[serde(rename = "0")]
    None,
    /// One.
    #[serde(rename = "1")]
    One,
    /// Two to four.
    #[serde(rename = "2-4")]
    Few,
    /// Five to nine.
    #[serde(rename = "5-9")]
    Several,
    /// More.
    #[serde(rename = "10+")]
    Many,
}

impl MessageBand {
    /// The band of a number of messages.
    #[must_use]
    pub const fn of(messages: u32) -> Self {
        match messages {
            0 => Self::None,
            1 => Self::One,
            2..=4 => Self::Few,
            5..=9 => Self::Several,
            10.. => Self::Many,
        }
    }
}

/// What an analysis knew, beside what is so now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// Whether the lead has the stage of then.
    pub same_stage: bool,
    /// Whether it has the business domain of then.
    pub same_domain: bool,
    /// Messages exchanged then and now.
    pub messages: (u32, u32),
    /// When the analysis was made.
    pub at: DateTime<Utc>,
}

impl Looked {
    /// Why the analysis says nothing any more about the lead of today; nothing while it does.
    #[must_use]
    pub fn stale(
        &self,
        now: DateTime<Utc>,
        stale_days: u32,
        settings: &AdvisorSettings,
    ) -> Option<StaleReason> {
        let age = now.signed_duration_since(self.at);
        // With none, each analysis would be stale as soon as it is made.
        let stale_days = stale_days.max(1);
        if !self.same_stage {
            Some(StaleReason::StageChanged)
        } else if !self.same_domain {
            Some(StaleReason::DomainChanged)
        } else if settings.moved(self.messages.0, self.messages.1) {
            Some(StaleReason::Messages)
        } else if age >= TimeDelta::days(i64::from(stale_days)) {
            Some(StaleReason::Age)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_moved_significantly_when_there_are_three_more_and_half_as_many_again() {
        let settings = AdvisorSettings::default();
        for (known, now, moved) in [
            (0, 2, false),
            (0, 3, true),
            (4, 6, false),
            (4, 7, true),
            (20, 29, false),
            (20, 30, true),
        ] {
            assert_eq!(settings.moved(known, now), moved, "{known} → {now}");
        }
        let eager = AdvisorSettings {
            stale_messages: MessageStep(1),
            stale_messages_percent: Percent(0),
            ..settings
        };
        assert!(eager.moved(1_000, 1_001));
        assert!(!eager.moved(5, 5) && !eager.moved(5, 4));
    }

    #[test]
    fn what_changed_is_named_before_the_time_that_passed() {
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let fresh = Looked { same_stage: true, same_domain: true, messages: (2, 2), at };
        let after = |looked: Looked, days| {
            looked.stale(at + TimeDelta::days(days), 7, &AdvisorSettings::default())
        };
        assert_eq!(after(fresh, 6), None);
        assert_eq!(after(fresh, 7), Some(StaleReason::Age));
        let settings = AdvisorSettings::default();
        assert_eq!(fresh.stale(at + TimeDelta::hours(23), 0, &settings), None, "0 counts as 1");
        let talked = Looked { messages: (2, 9), ..fresh };
        assert_eq!(after(talked, 9), Some(StaleReason::Messages));
        let moved = Looked { same_domain: false, ..talked };
        assert_eq!(after(moved, 0), Some(StaleReason::DomainChanged));
        assert_eq!(
            after(Looked { same_stage: false, ..moved }, 0),
            Some(StaleReason::StageChanged)
        );
    }

    #[test]
    fn bounds_are_kept() {
        assert!(MessageStep::try_from(0).is_err() && MessageStep::try_from(1_001).is_err());
        assert!(Percent::try_from(1_001).is_err() && Percent::try_from(0).is_ok());
        assert!(UsCents::try_from(100_000_001).is_err() && UsCents::try_from(0).is_ok());
    }
}
