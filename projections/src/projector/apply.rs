//! One transaction: a batch of a lane's events takes effect in every read model, and the
//! checkpoints move with it.

use super::checkpoints::{Place, active_places, advance, lock_lane, place_of, plan_for_growth};
use super::dead;
use crate::error::ProjectionError;
use crate::model::{Applied, Incoming, Key, ReadModel, Target, schema_of};
use crate::opened::Opened;
use ael_events::ids::{EventId, Lane, MemberId, WorkspaceId};
use ael_events::order::Order;
use ael_events::query::DeadLetter;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::collections::HashMap;
use std::sync::Arc;

/// Which versions of which read models a batch is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// Those that are read.
    Active(&'a [Arc<dyn ReadModel>]),
    /// One that is being built: nobody else touches it.
    Building(&'a Arc<dyn ReadModel>, i32),
}

/// Events of one lane that follow each other without a gap.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The lane.
    pub lane: Lane,
    /// The place right before the first of them.
    pub previous: Order,
    /// The events, in order.
    pub events: &'a [Opened],
}

/// What came of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It took effect, or had before.
    Applied(Effect),
    /// A read model has not come to the batch's beginning yet: events from here on are needed
    /// first.
    Behind(Order),
}

/// What a batch did, to be told after the commit.
#[derive(Debug, Default)]
pub struct Effect {
    /// Where the slowest read model stands now.
    pub at: Order,
    /// What could not be processed.
    pub dead: Vec<(WorkspaceId, DeadLetter)>,
    /// The owners of the leads that were touched.
    pub owners: HashMap<Key, Option<MemberId>>,
    /// How many of the events are new.
    pub fresh: usize,
}

/// An event that a read model's tables refused: it is parked without being tried again.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    projection: &'static str,
    event_id: EventId,
    reason: String,
}

/// Applies a batch to every read model. An event whose values PostgreSQL refuses is found by
/// applying the batch one by one, and parked.
///
/// # Errors
/// When PostgreSQL fails or another copy has come further: nothing of the batch took effect, or
/// only its beginning, and it can be asked for again.
pub async fn apply(
    pool: &PgPool,
    models: &[Arc<dyn ReadModel>],
    batch: Batch<'_>,
) -> Result<Outcome, ProjectionError> {
    apply_in(pool, Scope::Active(models), batch).await
}

pub(crate) async fn apply_in(
    pool: &PgPool,
    scope: Scope<'_>,
    batch: Batch<'_>,
) -> Result<Outcome, ProjectionError> {
    match apply_once(pool, scope, batch, &[]).await {
        Err(error) if error.is_about_values() => {}
        outcome => return outcome,
    }
    let mut whole = Effect::default();
    let mut previous = batch.previous;
    for event in batch.events {
        let one = Batch { previous, events: std::slice::from_ref(event), ..batch };
        match apply_alone(pool, scope, one).await? {
            Outcome::Behind(from) => return Ok(Outcome::Behind(from)),
            Outcome::Applied(effect) => {
                whole.at = effect.at;
                whole.dead.extend(effect.dead);
                whole.owners.extend(effect.owners);
                whole.fresh += effect.fresh;
            }
        }
        previous = event.facts.order;
    }
    Ok(Outcome::Applied(whole))
}

async fn apply_alone(
    pool: &PgPool,
    scope: Scope<'_>,
    batch: Batch<'_>,
) -> Result<Outcome, ProjectionError> {
    let mut refused: Vec<Refused> = Vec::new();
    loop {
        let error = match apply_once(pool, scope, batch, &refused).await {
            Err(error) if error.is_about_values() => error,
            outcome => return outcome,
        };
        let ProjectionError::Write { projection, .. } = &error else { return Err(error) };
        let (projection, Some(event)) = (*projection, batch.events.first()) else {
            return Err(error);
        };
        if refused.iter().any(|known| known.projection == projection) {
            return Err(error);
        }
        // PostgreSQL's own words may repeat the values: only what kind of refusal it was is kept.
        let code = refusal_code(&error);
        let reason = format!("the tables refused its values ({code})");
        refused.push(Refused { projection, event_id: event.facts.event_id, reason });
    }
}

fn refusal_code(error: &ProjectionError) -> String {
    let ProjectionError::Write { source, .. } = error else { return String::new() };
    let code = source.as_database_error().and_then(|error| error.code());
    code.map(|code| format!("SQLSTATE {code}")).unwrap_or_default()
}

async fn apply_once(
    pool: &PgPool,
    scope: Scope<'_>,
    batch: Batch<'_>,
    refused: &[Refused],
) -> Result<Outcome, ProjectionError> {
    let Some(last) = batch.events.last().map(|opened| opened.facts.order) else {
        return Ok(Outcome::Applied(Effect { at: batch.previous, ..Effect::default() }));
    };
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let places = match scope {
        Scope::Active(models) => {
            lock_lane(&mut tx, batch.lane).await?;
            active_places(&mut tx, models, batch.lane).await?
        }
        Scope::Building(model, version) => {
            plan_for_growth(&mut tx).await?;
            vec![place_of(&mut tx, model, version, batch.lane).await?]
        }
    };
    let slowest = places.iter().map(|place| place.at).min().unwrap_or(last);
    if slowest < batch.previous {
        return Ok(Outcome::Behind(slowest));
    }
    let mut effect = Effect { at: last.max(slowest), ..Effect::default() };
    let mut moved = Vec::new();
    for place in &places {
        if place.at < last {
            apply_to(&mut tx, place, batch, refused, &mut effect).await?;
            moved.push(place);
        }
    }
    effect.fresh = batch.events.iter().filter(|event| event.facts.order > slowest).count();
    if moved.is_empty() {
        return Ok(Outcome::Applied(effect));
    }
    advance(&mut tx, &moved, batch.lane, last).await?;
    tx.commit().await?;
    Ok(Outcome::Applied(effect))
}

/// Applies to one version of a read model what it has not seen of the batch.
pub(crate) async fn apply_to(
    connection: &mut PgConnection,
    place: &Place,
    batch: Batch<'_>,
    refused: &[Refused],
    effect: &mut Effect,
) -> Result<(), ProjectionError> {
    let model = place.model.as_ref();
    let mut place = place.clone();
    let mut parked: Vec<(usize, String)> = Vec::new();
    let mut incoming = Vec::new();
    for (index, opened) in batch.events.iter().enumerate() {
        if opened.facts.order <= place.at || !model.concerns(opened.facts.aggregate) {
            continue;
        }
        let known = refused.iter().find(|refused| {
            refused.projection == model.name() && refused.event_id == opened.facts.event_id
        });
        let readable = match (&opened.event, known) {
            (Ok(event), None) => Ok(event),
            (Ok(_), Some(refused)) => Err(refused.reason.clone()),
            (Err(reason), _) => Err(reason.clone()),
        };
        let waits = place.waits(opened);
        match readable {
            Ok(event) if model.wants(event) && (!waits || opened.erases()) => {
                incoming.push(Incoming { index, opened, event, only_purge: waits });
            }
            Ok(_) => {}
            Err(_) if waits => {}
            Err(reason) => {
                let facts = &opened.facts;
                let key = (facts.workspace.uuid(), facts.aggregate, facts.aggregate_id);
                place.parked.insert(key);
                parked.push((index, reason));
            }
        }
    }
    let target = Target { schema: schema_of(model.name(), place.version), lane: batch.lane };
    let applied = if incoming.is_empty() {
        Applied::default()
    } else {
        model
            .apply(connection, &target, &incoming)
            .await
            .map_err(|source| ProjectionError::Write { projection: model.name(), source })?
    };
    effect.owners.extend(applied.owners);
    parked.extend(applied.unfit);
    parked.sort();
    for (index, reason) in parked {
        if let Some(opened) = batch.events.get(index)
            && let Some(letter) = dead::park(connection, &place, opened, reason).await?
        {
            effect.dead.push((opened.facts.workspace, letter));
        }
    }
    Ok(())
}
