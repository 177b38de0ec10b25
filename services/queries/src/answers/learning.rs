//! What the advisor learns from, and what it learnt.

use super::life::{Happened, Life};
use super::rows::json;
use crate::page::{PAGE_BYTES, Written};
use crate::refusal::{Answered, Unanswered, not_found};
use crate::view::View;
use ael_events::event::{BadEvent, Event, OutsideFit};
use ael_events::ids::{AdvisorId, LeadId, WorkspaceId};
use ael_events::query::{
    GetModel, KeptModel, ModelList, Page, TrainingExample, TrainingExamples, TrainingState,
    TrainingView,
};
use ael_events::values::{InvalidModelFile, ModelFile};
use ael_projections::model::Unfit;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde_json::Value;
use serde_json::value::to_raw_value;
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// The newest outcomes of a workspace that are looked at.
const MOST: u32 = 100_000;
/// Outcomes that a page looks at.
const AT_ONCE: i64 = 250;
/// Trainings that a list shows.
const LISTED: i64 = 100;

/// What ends a lead. Imported leads end by this event when they came with their end.
const OUTCOMES: [&str; 4] = ["lead.lost", "sale.paid", "sale.lost", "lead.imported"];

/// What happens to a lead, without what says nothing of it: that somebody wrote a note or attached
/// a file is no activity, neither when it is learnt from nor when it is scored.
pub(super) const LEARNT_FROM: &str =
    "event_name NOT LIKE 'lead.note%' AND event_name NOT LIKE 'lead.file%'";

/// A place in the settled order.
type At = (i32, i64, i64);
/// Where a page begins, and how many outcomes came before it.
type Place = (At, u32);

#[derive(FromRow)]
struct Outcome {
    subject: Uuid,
    incarnation: i32,
    xid: i64,
    position: i64,
}

impl Outcome {
    const fn at(&self) -> At {
        (self.incarnation, self.xid, self.position)
    }
}

/// A page of leads that ended, those that ended last first; it may be empty and lead on all the
/// same.
///
/// # Errors
/// When the cursor is none, or the read models cannot be asked.
pub async fn examples(view: &mut View, asked: &TrainingExamples) -> Answered<Written> {
    let question = ("training_examples", view.workspace);
    let from: Option<Place> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let (before, mut seen) = from.map_or((None, 0), |(at, seen)| (Some(at), seen));
    let outcomes = outcomes(view, before).await?;
    let mut lives = lives(view, &outcomes).await?;
    let (mut items, mut bytes, mut last) = (Vec::new(), 0, None);
    for outcome in &outcomes {
        // A lead that was lost, reopened and ended again is told where it ended last.
        let ended_here = |(_, at): &(TrainingExample, At)| *at == outcome.at();
        if let Some((example, _)) =
            lives.get_mut(&outcome.subject).and_then(|life| life.take_if(|it| ended_here(it)))
        {
            let written = to_raw_value(&example)
                .map_err(Unanswered::unreadable::<serde_json::Error>("an example"))?;
            bytes += written.get().len() + 1;
            if bytes > PAGE_BYTES && !items.is_empty() {
                break;
            }
            items.push(written);
        }
        seen += 1;
        last = Some((outcome.at(), seen));
    }
    let all = last.is_some_and(|(at, _)| Some(at) == outcomes.last().map(Outcome::at));
    let is_last = all && i64::try_from(outcomes.len()).is_ok_and(|found| found < AT_ONCE);
    let leads_on = !is_last && seen < MOST;
    let next_cursor =
        last.filter(|_| leads_on).and_then(|place| view.cursors.seal(&question, &place));
    Ok(Page { items, next_cursor })
}

/// The newest outcomes before a place. Each kind is read by its own index.
async fn outcomes(view: &mut View, before: Option<At>) -> Answered<Vec<Outcome>> {
    let of = |name: &str| {
        let ended = if name == "lead.imported" { "AND data ? 'outcome'" } else { "" };
        format!(
            "(SELECT subject, incarnation, xid, position FROM read.timeline \
             WHERE workspace = $1 AND event_name = '{name}' {ended} \
             AND ($2::int IS NULL OR (incarnation, xid, position) < ($2, $3, $4)) \
             ORDER BY incarnation DESC, xid DESC, position DESC LIMIT $5)"
        )
    };
    let sql = format!(
        "SELECT * FROM ({}) AS ended ORDER BY incarnation DESC, xid DESC, position DESC LIMIT $5",
        OUTCOMES.map(of).join(" UNION ALL ")
    );
    let (incarnation, xid, position) = before
        .map_or((None, None, None), |(incarnation, xid, at)| {
            (Some(incarnation), Some(xid), Some(at))
        });
    Ok(sqlx::query_as(&sql)
        .bind(view.workspace.uuid())
        .bind(incarnation)
        .bind(xid)
        .bind(position)
        .bind(AT_ONCE)
        .fetch_all(&mut *view.tx)
        .await?)
}

#[derive(FromRow)]
struct Entry {
    subject: Uuid,
    incarnation: i32,
    xid: i64,
    position: i64,
    event_id: Uuid,
    sequence: i64,
    event_name: String,
    event_type: String,
    occurred_at: DateTime<Utc>,
    data: Value,
}

impl Entry {
    const fn at(&self) -> At {
        (self.incarnation, self.xid, self.position)
    }

    /// Whether the lead ended by it.
    fn ends(&self) -> bool {
        let imported = self.event_name == "lead.imported";
        OUTCOMES.contains(&self.event_name.as_str())
            && (!imported || self.data.get("outcome").is_some())
    }
}

/// The leads that ended so, each with the place where it ended last. One life after the other is
/// held in memory, and of it only what it amounts to.
async fn lives(
    view: &mut View,
    outcomes: &[Outcome],
) -> Answered<HashMap<Uuid, Option<(TrainingExample, At)>>> {
    let leads: Vec<Uuid> = outcomes.iter().map(|outcome| outcome.subject).collect();
    let sql = format!(
        "SELECT subject, incarnation, xid, position, event_id, sequence, event_name, event_type, \
             occurred_at, data \
         FROM read.timeline WHERE workspace = $1 AND subject = ANY($2) AND {LEARNT_FROM} \
         ORDER BY subject, incarnation, xid, position"
    );
    let mut rows = sqlx::query_as::<_, Entry>(&sql)
        .bind(view.workspace.uuid())
        .bind(leads)
        .fetch(&mut *view.tx);
    let mut told = HashMap::new();
    let mut current: Option<Telling> = None;
    while let Some(entry) = rows.try_next().await? {
        let mut telling = match current.take() {
            Some(current) if current.lead == entry.subject => current,
            before => {
                told.extend(before.map(Telling::amounts_to));
                Telling::of(entry.subject)
            }
        };
        telling.take(entry);
        current = Some(telling);
    }
    told.extend(current.map(Telling::amounts_to));
    Ok(told)
}

/// A life that is being told.
struct Telling {
    lead: Uuid,
    /// None, once something in it could not be read.
    life: Option<Life>,
    /// Where it ended last.
    ended: At,
}

impl Telling {
    const fn of(lead: Uuid) -> Self {
        Self { lead, life: Some(Life::of(LeadId::from_uuid(lead))), ended: (0, 0, 0) }
    }

    /// Takes what happened next. A life that cannot be read is passed over: one lead is to keep
    /// nobody from learning from all the others.
    fn take(&mut self, entry: Entry) {
        if entry.ends() {
            self.ended = entry.at();
        }
        let Some(life) = &mut self.life else { return };
        let (lead, event) = (self.lead, entry.event_id);
        if let Err(error) = tell(life, entry) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%lead, %event, error, "a lead that cannot be read teaches nothing");
            metrics::counter!("ael_training_leads_passed_over_total").increment(1);
            self.life = None;
        }
    }

    fn amounts_to(self) -> (Uuid, Option<(TrainingExample, At)>) {
        let example = self.life.and_then(Life::example);
        (self.lead, example.map(|example| (example, self.ended)))
    }
}

fn tell(life: &mut Life, entry: Entry) -> Answered<()> {
    let event = Event::from_wire(&entry.event_type, entry.data)
        .map_err(Unanswered::unreadable::<BadEvent>("an event"))?;
    let happened = Happened {
        event_id: entry.event_id,
        sequence: entry.sequence.unsigned_abs(),
        occurred_at: entry.occurred_at,
        event,
    };
    life.take(&happened).map_err(Unanswered::unreadable::<Unfit>("an event"))
}

#[derive(FromRow)]
struct Advisor {
    version: i64,
    changed: i64,
    champion: Option<i32>,
    outside: Value,
}

async fn advisor(view: &mut View) -> Answered<Option<Advisor>> {
    let row = sqlx::query_as(
        "SELECT version, changed, champion, outside FROM read.advisors \
         WHERE workspace = $1 AND id = $2",
    )
    .bind(view.workspace.uuid())
    .bind(AdvisorId::of(view.workspace).uuid())
    .fetch_optional(&mut *view.tx)
    .await?;
    Ok(row)
}

/// The version in which the workspace's scores changed last; 0 while nothing was learnt.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn advisor_version(view: &mut View) -> Answered<u64> {
    Ok(advisor(view).await?.map_or(0, |advisor| advisor.changed.unsigned_abs()))
}

#[derive(FromRow)]
struct TrainingRow {
    model_version: Option<i32>,
    recorded_at: DateTime<Utc>,
    training: Value,
}

/// Who scores, and what was learnt so far.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn models(view: &mut View) -> Answered<ModelList> {
    let advisor = advisor(view).await?;
    let rows: Vec<TrainingRow> = sqlx::query_as(
        "SELECT model_version, recorded_at, training FROM read.trainings \
         WHERE workspace = $1 AND id = $2 ORDER BY sequence DESC LIMIT $3",
    )
    .bind(view.workspace.uuid())
    .bind(AdvisorId::of(view.workspace).uuid())
    .bind(LISTED)
    .fetch_all(&mut *view.tx)
    .await?;
    let shown = |row: TrainingRow| {
        Ok(TrainingView {
            model_version: row.model_version.map(i32::unsigned_abs),
            recorded_at: row.recorded_at,
            training: json("a training", row.training)?,
        })
    };
    Ok(ModelList {
        version: advisor.as_ref().map_or(0, |advisor| advisor.version.unsigned_abs()),
        champion: advisor.and_then(|advisor| advisor.champion).map(i32::unsigned_abs),
        trainings: rows.into_iter().map(shown).collect::<Answered<Vec<_>>>()?,
    })
}

/// One kept model.
///
/// # Errors
/// When there is none of that version, or the read models cannot be asked.
pub async fn model(view: &mut View, asked: &GetModel) -> Answered<KeptModel> {
    let advisor = advisor(view).await?;
    let scores = advisor.as_ref().and_then(|advisor| advisor.champion).map(i32::unsigned_abs);
    let wanted = asked.model_version.or(scores);
    let model = match wanted {
        Some(version) => Some(kept(view, version).await?.ok_or_else(|| not_found("model"))?),
        None => None,
    };
    let (version, outside) = advisor.map_or_else(
        || Ok((0, Vec::new())),
        |advisor| {
            let outside: Vec<OutsideFit> = json("calibrations", advisor.outside)?;
            Answered::Ok((advisor.version.unsigned_abs(), outside))
        },
    )?;
    Ok(KeptModel { version, model_version: wanted, model, outside })
}

async fn kept(view: &mut View, version: u32) -> Answered<Option<ModelFile>> {
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT model FROM read.trainings WHERE workspace = $1 AND model_version = $2",
    )
    .bind(view.workspace.uuid())
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .fetch_optional(&mut *view.tx)
    .await?;
    let read = |(text,): (String,)| {
        ModelFile::try_from(text).map_err(Unanswered::unreadable::<InvalidModelFile>("a model"))
    };
    found.map(read).transpose()
}

/// How much there is to learn from in every workspace.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn states(view: &mut View) -> Answered<Vec<TrainingState>> {
    let rows: Vec<(Uuid, i64, i64)> =
        sqlx::query_as("SELECT workspace, trained_on, new_outcomes FROM read.training_states()")
            .fetch_all(&mut *view.tx)
            .await?;
    let state = |(workspace, trained_on, new_outcomes): (Uuid, i64, i64)| TrainingState {
        workspace: WorkspaceId::from_uuid(workspace),
        trained_on: trained_on.unsigned_abs(),
        new_outcomes: new_outcomes.unsigned_abs(),
    };
    Ok(rows.into_iter().map(state).collect())
}
