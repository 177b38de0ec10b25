//! What the workspace decides for itself.

use super::Tag;
use crate::desk::Desk;
use crate::wire::{Body, Found, Problem, Reader, Writer, Written};
use ael_events::command::{ChangeSettings, Command, To, WorkspaceCommand};
use ael_events::query::{Query, WorkspaceView};
use ael_events::values::{
    BusinessDomains, Consent, Country, Currency, Language, Score, StageDeadlines, Tag as LeadTag,
    TimeZone, WorkspaceSettings,
};
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The workspace.
#[derive(Debug)]
pub(crate) struct WorkspaceApi(pub(crate) Desk);

/// What changes of the settings: what is absent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SettingsChanges {
    /// The lines of business.
    business_domains: Option<BusinessDomains>,
    /// The vocabulary of tags.
    tags: Option<BTreeSet<LeadTag>>,
    /// Under which score a transfer needs a reason.
    min_transfer_score: Option<Score>,
    /// After how many days an analysis is stale.
    stale_days: Option<u32>,
    /// The currency of amounts that name none.
    currency: Option<Currency>,
    /// The language of messages.
    language: Option<Language>,
    /// The country by which phone numbers are read.
    country: Option<Country>,
    /// The time zone of reports and quiet hours.
    time_zone: Option<TimeZone>,
    /// After how many hours a lead waits for too long.
    stage_deadlines: Option<StageDeadlines>,
    /// What may be sent to providers outside.
    consents: Option<BTreeSet<Consent>>,
}

impl SettingsChanges {
    fn applied(self, before: WorkspaceSettings) -> WorkspaceSettings {
        WorkspaceSettings {
            business_domains: self.business_domains.unwrap_or(before.business_domains),
            tags: self.tags.unwrap_or(before.tags),
            min_transfer_score: self.min_transfer_score.unwrap_or(before.min_transfer_score),
            stale_days: self.stale_days.unwrap_or(before.stale_days),
            currency: self.currency.unwrap_or(before.currency),
            language: self.language.unwrap_or(before.language),
            country: self.country.unwrap_or(before.country),
            time_zone: self.time_zone.unwrap_or(before.time_zone),
            stage_deadlines: self.stage_deadlines.unwrap_or(before.stage_deadlines),
            consents: self.consents.unwrap_or(before.consents),
        }
    }
}

#[OpenApi(tag = "Tag::Workspace")]
impl WorkspaceApi {
    /// Look at the workspace
    #[oai(path = "/workspace", method = "get", operation_id = "get_workspace")]
    async fn get(&self, reader: Reader) -> Result<Found<WorkspaceView>, Problem> {
        Ok(Found::versioned(self.0.ask(&reader, Query::GetWorkspace {}).await?))
    }

    /// Change the workspace's settings
    ///
    /// What is absent stays as it is. If somebody else changes them at the same moment, nothing is
    /// lost: the answer is 409 `version_conflict`.
    #[oai(path = "/workspace", method = "patch", operation_id = "change_settings")]
    async fn change(
        &self,
        writer: Writer,
        body: Body<SettingsChanges>,
    ) -> Result<Written, Problem> {
        let caller = writer.maker.caller.clone();
        let reader = Reader { caller, after: None };
        let now: WorkspaceView = self.0.look_up(&reader, Query::GetWorkspace {}).await?;
        let settings = body.0.applied(now.settings);
        let version = writer.version.or(Some(now.version));
        let command = WorkspaceCommand::ChangeSettings(ChangeSettings { settings });
        let command = Command::Workspace(To { id: now.id, command });
        Ok(Written(self.0.tell(&Writer { version, ..writer }, command).await?))
    }
}
