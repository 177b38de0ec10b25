//! Changes of what a workspace decides for itself: what is absent stays as it is.

use crate::values::{
    AdvisorSettings, BusinessDomains, Consent, Country, Currency, DeadlineHours, Language,
    MessageStep, Percent, Score, StageDeadlines, Tag, TimeZone, UsCents, WorkspaceSettings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

// All of them at once have the form of `WorkspaceSettings`, to the byte: what an earlier release
// sent is still the same command.
/// What changes of a workspace's settings: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsPatch {
    /// The lines of business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_domains: Option<BusinessDomains>,
    /// The vocabulary of tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeSet<Tag>>,
    /// Under which score a transfer needs a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_transfer_score: Option<Score>,
    /// After how many days an analysis is stale; 0 counts as 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_days: Option<u32>,
    /// The currency of amounts that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The language of messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The country by which phone numbers are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The time zone of reports and quiet hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// After how many hours a lead waits for too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_deadlines: Option<DeadlinesPatch>,
    /// What may be sent to providers outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consents: Option<BTreeSet<Consent>>,
    /// What the advisor may cost, and when an analysis is stale besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisor: Option<AdvisorPatch>,
}

/// What changes of what a workspace decides about its advisor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdvisorPatch {
    /// How many messages more make an analysis stale, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_messages: Option<MessageStep>,
    /// … if they are this part, in percent, of those it knew of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_messages_percent: Option<Percent>,
    /// What the language model may cost in a calendar month (UTC), in US cents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_budget_cents: Option<UsCents>,
}

/// What changes of the stages' deadlines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadlinesPatch {
    /// Hours in `new`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_hours: Option<DeadlineHours>,
    /// Hours in `contacted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contacted_hours: Option<DeadlineHours>,
    /// Hours in `qualified`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualified_hours: Option<DeadlineHours>,
}

impl SettingsPatch {
    /// The settings afterwards, given those before.
    #[must_use]
    pub fn applied(self, before: WorkspaceSettings) -> WorkspaceSettings {
        let deadlines = self.stage_deadlines.unwrap_or_default();
        WorkspaceSettings {
            business_domains: self.business_domains.unwrap_or(before.business_domains),
            tags: self.tags.unwrap_or(before.tags),
            min_transfer_score: self.min_transfer_score.unwrap_or(before.min_transfer_score),
            stale_days: self.stale_days.unwrap_or(before.stale_days),
            currency: self.currency.unwrap_or(before.currency),
            language: self.language.unwrap_or(before.language),
            country: self.country.unwrap_or(before.country),
            time_zone: self.time_zone.unwrap_or(before.time_zone),
            stage_deadlines: deadlines.applied(before.stage_deadlines),
            consents: self.consents.unwrap_or(before.consents),
            advisor: self.advisor.unwrap_or_default().applied(before.advisor),
        }
    }
}

impl AdvisorPatch {
    fn applied(self, before: AdvisorSettings) -> AdvisorSettings {
        let AdvisorSettings { stale_messages, stale_messages_percent, monthly_budget_cents } =
            before;
        AdvisorSettings {
            stale_messages: self.stale_messages.unwrap_or(stale_messages),
            stale_messages_percent: self.stale_messages_percent.unwrap_or(stale_messages_percent),
            monthly_budget_cents: self.monthly_budget_cents.unwrap_or(monthly_budget_cents),
        }
    }
}

impl DeadlinesPatch {
    fn applied(self, before: StageDeadlines) -> StageDeadlines {
        StageDeadlines {
            new_hours: self.new_hours.unwrap_or(before.new_hours),
            contacted_hours: self.contacted_hours.unwrap_or(before.contacted_hours),
            qualified_hours: self.qualified_hours.unwrap_or(before.qualified_hours),
        }
    }
}

impl From<WorkspaceSettings> for SettingsPatch {
    fn from(all: WorkspaceSettings) -> Self {
        let StageDeadlines { new_hours, contacted_hours, qualified_hours } = all.stage_deadlines;
        let AdvisorSettings { stale_messages, stale_messages_percent, monthly_budget_cents } =
            all.advisor;
        Self {
            business_domains: Some(all.business_domains),
            tags: Some(all.tags),
            min_transfer_score: Some(all.min_transfer_score),
            stale_days: Some(all.stale_days),
            currency: Some(all.currency),
            language: Some(all.language),
            country: Some(all.country),
            time_zone: Some(all.time_zone),
            stage_deadlines: Some(DeadlinesPatch {
                new_hours: Some(new_hours),
                contacted_hours: Some(contacted_hours),
                qualified_hours: Some(qualified_hours),
            }),
            consents: Some(all.consents),
            advisor: Some(AdvisorPatch {
                stale_messages: Some(stale_messages),
                stale_messages_percent: Some(stale_messages_percent),
                monthly_budget_cents: Some(monthly_budget_cents),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(json: &str) -> SettingsPatch {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_absent_stays_also_of_the_deadlines() {
        let before = WorkspaceSettings::standard().unwrap();
        assert_eq!(patch("{}").applied(before.clone()), before);
        let changes = r#"{"stale_days":14,"stage_deadlines":{"new_hours":12}}"#;
        let after = patch(changes).applied(before.clone());
        assert_eq!((after.stale_days, after.stage_deadlines.new_hours.hours()), (14, 12));
        assert_eq!(after.stage_deadlines.qualified_hours, before.stage_deadlines.qualified_hours);
        assert_eq!(after.currency, before.currency);
    }

    #[test]
    fn all_settings_at_once_are_written_as_the_settings_are() {
        let all = WorkspaceSettings::standard().unwrap();
        let written = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::to_string(&SettingsPatch::from(all.clone())).unwrap(), written);
        assert_eq!(
            patch(&written).applied(WorkspaceSettings { stale_days: 1, ..all.clone() }),
            all
        );
    }

    #[test]
    fn a_setting_that_there_is_not_is_refused() {
        for nonsense in [r#"{"colour":"red"}"#, r#"{"stage_deadlines":{"lost_hours":1}}"#] {
            assert!(serde_json::from_str::<SettingsPatch>(nonsense).is_err(), "{nonsense}");
        }
    }
}
