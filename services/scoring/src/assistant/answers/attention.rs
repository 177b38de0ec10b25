//! Which leads wait for somebody: past their stage's deadline, or without a word for too long.

use crate::assistant::turn::{Draft, Turn};
use ael_client::ClientError;
use ael_events::query::{LeadFilter, LeadListItem, LeadSort, ListLeads, SortDirection, SortKey};
use ael_events::values::{DeadlineHours, Stage, Tier};
use chrono::TimeDelta;
use futures::future::try_join_all;
use std::cmp::Reverse;

/// How many leads of each stage are looked at of those that were silent the longest, and of the
/// oldest.
const LOOKED_AT: u16 = 8;
/// How many are told one by one.
const TOLD: usize = 6;

/// A lead that waits.
pub(crate) struct Waiting {
    pub(crate) lead: LeadListItem,
    /// How long nothing has happened.
    pub(crate) idle: TimeDelta,
    /// How long it has been in its stage.
    pub(crate) in_stage: TimeDelta,
}

/// Those of a stage that were silent the longest, and those that are the oldest.
async fn candidates(turn: &Turn<'_>, stage: Stage) -> Result<Vec<LeadListItem>, ClientError> {
    let by = |by| {
        let sort = LeadSort { by, direction: SortDirection::Ascending };
        let filter = LeadFilter { stages: [stage].into(), ..LeadFilter::default() };
        turn.eyes.leads(ListLeads { filter, sort, limit: Some(LOOKED_AT), ..ListLeads::default() })
    };
    let (silent, old) = tokio::try_join!(by(SortKey::UpdatedAt), by(SortKey::CreatedAt))?;
    let mut all = silent.items;
    all.extend(old.items);
    all.sort_by_key(|lead| lead.id);
    all.dedup_by_key(|lead| lead.id);
    Ok(all)
}

/// The leads that are past their stage's deadline, the most promising first and among them those
/// that have waited the longest.
pub(crate) async fn waiting(turn: &Turn<'_>) -> Result<Vec<Waiting>, ClientError> {
    let deadlines = &turn.workspace.settings.stage_deadlines;
    let stages = [
        (Stage::New, deadlines.new_hours),
        (Stage::Contacted, deadlines.contacted_hours),
        (Stage::Qualified, deadlines.qualified_hours),
    ];
    let of = |(stage, deadline): (Stage, DeadlineHours)| async move {
        let late = TimeDelta::hours(i64::from(deadline.hours()));
        let mut waiting = Vec::new();
        for lead in candidates(turn, stage).await? {
            let Some(details) = turn.eyes.lead(lead.id).await? else { continue };
            let idle = turn.now - details.lead.updated_at;
            let in_stage = turn.now - details.lead.stage_since;
            if details.lead.stage == stage && in_stage > late {
                waiting.push(Waiting { lead, idle, in_stage });
            }
        }
        Ok::<Vec<Waiting>, ClientError>(waiting)
    };
    let mut all: Vec<Waiting> = try_join_all(stages.map(of)).await?.into_iter().flatten().collect();
    let hope = |tier: Option<Tier>| match tier {
        Some(Tier::Hot) => 3,
        Some(Tier::Warm) => 2,
        Some(Tier::Cold) | None => 1,
        Some(Tier::Dead) => 0,
    };
    all.sort_by_key(|one| (Reverse(hope(one.lead.tier)), Reverse(one.in_stage)));
    Ok(all)
}

impl Turn<'_> {
    pub(super) async fn attention(&self) -> Result<Draft, ClientError> {
        let voice = self.voice;
        let waiting = waiting(self).await?;
        let late = self.overdue().await?;
        let known = u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        if waiting.is_empty() && late.is_none_or(|late| late == 0) {
            let next = ["suggest-hot", "suggest-mine"].map(|key| voice.say(key));
            return Ok(Draft::saying(voice.say("attention-none")).suggesting(next));
        }
        let told = &waiting[..waiting.len().min(TOLD)];
        let mut text = match late.unwrap_or_default().max(known) {
            all if all > told.len() as u64 => {
                voice.say_with("attention-worst", [("count", all.into())])
            }
            all => voice.say_with("attention-head", [("count", all.into())]),
        };
        for (number, one) in (1..).zip(told) {
            let put_in = [
                ("stage", self.span(one.in_stage).into()),
                ("idle", self.ago(self.now - one.idle).into()),
            ];
            let mut why = voice.say_with("attention-late", put_in);
            if one.lead.ai_score.is_none() {
                why += &format!(", {}", voice.say("attention-unscored"));
            }
            text += &format!("\n{number}. {}; {why}", self.line(&one.lead));
        }
        let leads: Vec<_> = told.iter().map(|one| self.listed(&one.lead)).collect();
        let about = leads
            .first()
            .map(|lead| voice.say_with("suggest-about", [("name", lead.name.clone().into())]));
        Ok(Draft::saying(text).about(leads).suggesting(about))
    }

    /// How many leads are past their deadline, by the counters; unknown to a token that may not
    /// see numbers.
    async fn overdue(&self) -> Result<Option<u64>, ClientError> {
        match self.eyes.statistics().await {
            Ok(numbers) => Ok(Some(numbers.aging.iter().map(|stage| stage.overdue).sum())),
            Err(ClientError::Rejected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
