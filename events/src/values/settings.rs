//! What a workspace decides for itself, and what a member wants to be told.

use super::advisor::AdvisorSettings;
use super::enums::{Consent, Language};
use super::money::Currency;
use super::score::Score;
use super::text::{Country, DomainSlug, InvalidText, Tag, TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A setting was not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// A workspace without a business domain could qualify nobody.
    #[error("a workspace needs 1 to 50 business domains")]
    Domains,
    /// Nobody can be late at once, or only after years.
    #[error("a stage's deadline is 1 to 8760 hours (a year)")]
    Deadline,
    /// Messages are counted one by one.
    #[error("the messages that make an analysis stale are 1 to 1000")]
    MessageStep,
    /// More than ten times as many can hardly be meant.
    #[error("a part is 0 to 1000 percent")]
    Percent,
    /// A budget is no debt.
    #[error("a budget is 0 to 100000000 US cents (a million dollars)")]
    UsCents,
    /// A text in the settings does not fit.
    #[error(transparent)]
    Text(#[from] InvalidText),
}

/// The business domains of a workspace: 1 to 50 of them, in the order in which people see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Vec<DomainSlug>", into = "Vec<DomainSlug>")]
pub struct BusinessDomains(Vec<DomainSlug>);

impl BusinessDomains {
    /// Whether the workspace knows this domain.
    #[must_use]
    pub fn contains(&self, domain: &DomainSlug) -> bool {
        self.0.contains(domain)
    }

    /// The domains, in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[DomainSlug] {
        &self.0
    }
}

impl TryFrom<Vec<DomainSlug>> for BusinessDomains {
    type Error = InvalidSettings;
    fn try_from(domains: Vec<DomainSlug>) -> Result<Self, InvalidSettings> {
        let mut seen = BTreeSet::new();
        let domains: Vec<_> = domains.into_iter().filter(|d| seen.insert(d.clone())).collect();
        if (1..=50).contains(&domains.len()) {
            Ok(Self(domains))
        } else {
            Err(InvalidSettings::Domains)
        }
    }
}

impl From<BusinessDomains> for Vec<DomainSlug> {
    fn from(domains: BusinessDomains) -> Self {
        domains.0
    }
}

/// Hours after which somebody is late: 1 to 8760, a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct DeadlineHours(u32);

impl DeadlineHours {
    const MOST: u32 = 365 * 24;

    /// The deadline that is nearest to this number of hours.
    #[must_use]
    pub fn nearest(hours: u64) -> Self {
        Self(u32::try_from(hours).unwrap_or(Self::MOST).clamp(1, Self::MOST))
    }

    /// The hours.
    #[must_use]
    pub const fn hours(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for DeadlineHours {
    type Error = InvalidSettings;
    fn try_from(hours: u32) -> Result<Self, InvalidSettings> {
        if (1..=Self::MOST).contains(&hours) {
            Ok(Self(hours))
        } else {
            Err(InvalidSettings::Deadline)
        }
    }
}

impl From<DeadlineHours> for u32 {
    fn from(deadline: DeadlineHours) -> Self {
        deadline.0
    }
}

impl schemars::JsonSchema for DeadlineHours {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DeadlineHours".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": Self::MOST })
    }
}

/// After how many hours in a stage a lead is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageDeadlines {
    /// Hours in `new`.
    pub new_hours: DeadlineHours,
    /// Hours in `contacted`.
    pub contacted_hours: DeadlineHours,
    /// Hours in `qualified`.
    pub qualified_hours: DeadlineHours,
}

impl Default for StageDeadlines {
    fn default() -> Self {
        Self {
            new_hours: DeadlineHours(24),
            contacted_hours: DeadlineHours(48),
            qualified_hours: DeadlineHours(72),
        }
    }
}

/// What a workspace decides for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceSettings {
    /// Its lines of business; qualifying a lead needs one.
    pub business_domains: BusinessDomains,
    /// Its own vocabulary of tags.
    pub tags: BTreeSet<Tag>,
    /// Below this score a transfer needs a reason.
    pub min_transfer_score: Score,
    /// After how many days an analysis is stale; 0 counts as 1.
    pub stale_days: u32,
    /// The currency of new sales.
    pub currency: Currency,
    /// The language of what the house writes.
    pub language: Language,
    /// The country that completes local phone numbers.
    pub country: Country,
    /// The time zone of days and digests.
    pub time_zone: TimeZone,
    /// When a lead is late.
    pub stage_deadlines: StageDeadlines,
    /// What an Admin has allowed to leave the house; empty at first.
    pub consents: BTreeSet<Consent>,
    /// What its advisor may cost, and when an analysis is stale besides.
    #[serde(default)]
    pub advisor: AdvisorSettings,
}

impl WorkspaceSettings {
    /// The settings of a new workspace, before the environment's own values.
    ///
    /// # Errors
    /// Never in practice: the defaults are checked by a test.
    pub fn standard() -> Result<Self, InvalidSettings> {
        let domains = ["first", "second", "third"]
            .into_iter()
            .map(DomainSlug::parse)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            business_domains: domains.try_into()?,
            tags: BTreeSet::new(),
            min_transfer_score: Score::new(0.6).map_err(|_| InvalidSettings::Domains)?,
            stale_days: 7,
            currency: "UAH".parse().map_err(|_| InvalidSettings::Domains)?,
            language: Language::Uk,
            country: Country::parse("UA")?,
            time_zone: TimeZone::parse("Europe/Kyiv")?,
            stage_deadlines: StageDeadlines::default(),
            consents: BTreeSet::new(),
            advisor: AdvisorSettings::default(),
        })
    }
}

/// What a member wants to be told. Everything is on at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationSettings {
    /// A lead was assigned to me.
    pub assigned: bool,
    /// A lead goes stale or breaks its stage's deadline.
    pub stale: bool,
    /// An analysis turned hot.
    pub hot: bool,
    /// A sale changed.
    pub sale: bool,
    /// The daily digest.
    pub digest: bool,
    /// The hours, in the workspace's time zone, in which nothing is sent: from, to.
    pub quiet_hours: Option<(u8, u8)>,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self { assigned: true, stale: true, hot: true, sale: true, digest: true, quiet_hours: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_settings_are_those_of_the_design() {
        let settings = WorkspaceSettings::standard().unwrap();
        assert_eq!(settings.business_domains.as_slice().len(), 3);
        assert_eq!(settings.stage_deadlines.qualified_hours.hours(), 72);
        assert!(settings.consents.is_empty(), "nothing leaves the house until somebody agrees");
    }

    #[test]
    fn a_deadline_is_an_hour_to_a_year() {
        for hours in [1, 24, 8_760] {
            assert_eq!(DeadlineHours::try_from(hours).unwrap().hours(), hours);
        }
        for hours in [0, 8_761, u32::MAX] {
            assert_eq!(DeadlineHours::try_from(hours), Err(InvalidSettings::Deadline));
        }
    }

    #[test]
    fn a_workspace_without_a_domain_is_refused() {
        assert_eq!(BusinessDomains::try_from(vec![]), Err(InvalidSettings::Domains));
    }
}
