//! One transaction: batches of events, one of a lane each, take effect in every read model, and the
//! checkpoints move with them.

use super::checkpoints::{
    Place, active_places, advance, be_patient, lock_free_lanes, lock_lane, place_of,
};
use super::dead;
use crate::error::ProjectionError;
use crate::model::{Applied, Incoming, Key, ReadModel, Target, schema_of};
use crate::opened::Opened;
use ael_events::event::Event;
use ael_events::ids::{EventId, Lane, MemberId, WorkspaceId};
use ael_events::order::Order;
use ael_events::query::DeadLetter;
use sqlx::{Connection as _, PgConnection, PgPool};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Which versions of which read models a batch is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// Those that are read.
    Active(&'a [Arc<dyn ReadModel>]),
    /// The same, in the lanes that nobody holds at the moment.
    Free(&'a [Arc<dyn ReadModel>]),
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

impl Batch<'_> {
    /// The place of the last of them; where it began, when there are none.
    fn end(&self) -> Order {
        self.events.last().map_or(self.previous, |last| last.facts.order)
    }
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
    /// Who had the leads before that changed hands.
    pub previous_owners: HashMap<Key, Option<MemberId>>,
    /// The versions of the sales of leads that changed hands.
    pub sales: HashMap<Key, u64>,
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

/// Applies batches of different lanes in one transaction: all of them, or none. Those to whose
/// beginning a read model has not come yet are left out of it, and so are those (nothing) whose
/// lane somebody else holds at the moment.
///
/// # Errors
/// When any of them cannot be applied: each has to be tried alone then.
pub(crate) async fn apply_together(
    pool: &PgPool,
    models: &[Arc<dyn ReadModel>],
    batches: &[Batch<'_>],
) -> Result<Vec<Option<Outcome>>, ProjectionError> {
    apply_once(pool, Scope::Free(models), batches, &[]).await
}

pub(crate) async fn apply_in(
    pool: &PgPool,
    scope: Scope<'_>,
    batch: Batch<'_>,
) -> Result<Outcome, ProjectionError> {
    match only(apply_once(pool, scope, &[batch], &[]).await) {
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
                for (lead, owner) in effect.previous_owners {
                    whole.previous_owners.entry(lead).or_insert(owner);
                }
                whole.sales.extend(effect.sales);
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
        let error = match only(apply_once(pool, scope, &[batch], &refused).await) {
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

fn only(
    outcomes: Result<Vec<Option<Outcome>>, ProjectionError>,
) -> Result<Outcome, ProjectionError> {
    outcomes?.pop().flatten().ok_or(ProjectionError::BrokenOff)
}

async fn apply_once(
    pool: &PgPool,
    scope: Scope<'_>,
    batches: &[Batch<'_>],
    refused: &[Refused],
) -> Result<Vec<Option<Outcome>>, ProjectionError> {
    let mut connection = pool.acquire().await?;
    let mut tx = connection.begin().await?;
    let Entered { lanes, places } = enter(&mut tx, scope, batches).await?;
    let slowest = |batch: &Batch<'_>| {
        let here = places.iter().filter(|place| place.lane == batch.lane);
        here.map(|place| place.at).min().unwrap_or_else(|| batch.end())
    };
    let held = batches.iter().filter(|batch| lanes.contains(&batch.lane)).copied();
    let (ready, early): (Vec<Batch<'_>>, Vec<Batch<'_>>) =
        held.partition(|batch| slowest(batch) >= batch.previous);
    let mut effects: Vec<Effect> = ready
        .iter()
        .map(|batch| {
            let (at, slowest) = (batch.end(), slowest(batch));
            let fresh = batch.events.iter().filter(|event| event.facts.order > slowest).count();
            Effect { at: at.max(slowest), fresh, ..Effect::default() }
        })
        .collect();
    let moved: Vec<(&Place, Order)> = places
        .iter()
        .filter_map(|place| {
            let batch = ready.iter().find(|batch| batch.lane == place.lane)?;
            (place.at < batch.end()).then(|| (place, batch.end()))
        })
        .collect();
    // Each read model takes its part of all lanes at once.
    let mut by_model: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for (place, _) in &moved {
        by_model.entry(place.model.name()).or_default().push(*place);
    }
    for places in by_model.values() {
        apply_to(&mut tx, places, &ready, refused, &mut effects).await?;
    }
    if !moved.is_empty() {
        advance(&mut tx, &moved).await?;
        tx.commit().await?;
    }
    let mut outcomes: BTreeMap<Lane, Outcome> =
        early.iter().map(|batch| (batch.lane, Outcome::Behind(slowest(batch)))).collect();
    let applied = ready.iter().zip(effects);
    outcomes.extend(applied.map(|(batch, effect)| (batch.lane, Outcome::Applied(effect))));
    Ok(batches.iter().map(|batch| outcomes.remove(&batch.lane)).collect())
}

/// The lanes that are ours for the transaction, and where everything stands in them.
struct Entered {
    lanes: Vec<Lane>,
    places: Vec<Place>,
}

/// Takes the lanes for this transaction and looks where everything stands.
async fn enter(
    tx: &mut PgConnection,
    scope: Scope<'_>,
    batches: &[Batch<'_>],
) -> Result<Entered, ProjectionError> {
    let mut lanes: Vec<Lane> = batches.iter().map(|batch| batch.lane).collect();
    let places = match scope {
        Scope::Active(models) => {
            for lane in &lanes {
                lock_lane(tx, *lane).await?;
            }
            active_places(tx, models, &lanes).await?
        }
        Scope::Free(models) => {
            lanes = lock_free_lanes(tx, &lanes).await?;
            active_places(tx, models, &lanes).await?
        }
        Scope::Building(model, version) => {
            be_patient(tx).await?;
            let mut places = Vec::with_capacity(lanes.len());
            for lane in &lanes {
                places.push(place_of(tx, model, version, *lane).await?);
            }
            places
        }
    };
    Ok(Entered { lanes, places })
}

/// An event of a batch as one version of a read model has to take it.
struct Due<'a> {
    batch: usize,
    opened: &'a Opened,
}

/// Applies to one version of a read model, in the lanes of these places, what it has not seen of
/// the batches.
pub(crate) async fn apply_to(
    connection: &mut PgConnection,
    places: &[&Place],
    batches: &[Batch<'_>],
    refused: &[Refused],
    effects: &mut [Effect],
) -> Result<(), ProjectionError> {
    let Some(first) = places.first() else { return Ok(()) };
    let model = first.model.as_ref();
    let mut places: BTreeMap<Lane, Place> =
        places.iter().map(|place| (place.lane, (*place).clone())).collect();
    let due: Vec<Due<'_>> = due(model, &places, batches);
    let mut parked: Vec<(usize, String)> = Vec::new();
    let mut incoming = Vec::new();
    for (index, Due { opened, .. }) in due.iter().enumerate() {
        let Some(place) = places.get_mut(&opened.facts.lane) else { continue };
        let waits = place.waits(opened);
        match readable(model, opened, refused) {
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
    let target = Target { schema: schema_of(model.name(), first.version) };
    let applied = if incoming.is_empty() {
        Applied::default()
    } else {
        model
            .apply(connection, &target, &incoming)
            .await
            .map_err(|source| ProjectionError::Write { projection: model.name(), source })?
    };
    for (number, batch) in batches.iter().enumerate() {
        let Some(effect) = effects.get_mut(number) else { continue };
        let is_here = |lead: &Key| Lane::of(lead.1) == batch.lane;
        effect.owners.extend(applied.owners.iter().filter(|(lead, _)| is_here(lead)));
        let previous = applied.previous_owners.iter().filter(|(lead, _)| is_here(lead));
        effect.previous_owners.extend(previous);
        effect.sales.extend(applied.sales.iter().filter(|(lead, _)| is_here(lead)));
    }
    parked.extend(applied.unfit);
    parked.sort();
    for (index, reason) in parked {
        if let Some(Due { batch, opened }) = due.get(index)
            && let Some(place) = places.get(&opened.facts.lane)
            && let Some(letter) = dead::park(connection, place, opened, reason).await?
            && let Some(effect) = effects.get_mut(*batch)
        {
            effect.dead.push((opened.facts.workspace, letter));
        }
    }
    Ok(())
}

/// What these lanes of a read model have not seen of the batches and are concerned by.
fn due<'a>(
    model: &dyn ReadModel,
    places: &BTreeMap<Lane, Place>,
    batches: &[Batch<'a>],
) -> Vec<Due<'a>> {
    let mut due = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        let Some(place) = places.get(&batch.lane) else { continue };
        let unseen = batch.events.iter().filter(|opened| {
            opened.facts.order > place.at && model.concerns(opened.facts.aggregate)
        });
        due.extend(unseen.map(|opened| Due { batch: number, opened }));
    }
    due
}

/// The event as it can be read, or why it is to be parked.
fn readable<'a>(
    model: &dyn ReadModel,
    opened: &'a Opened,
    refused: &[Refused],
) -> Result<&'a Event, String> {
    let known = refused.iter().find(|refused| {
        refused.projection == model.name() && refused.event_id == opened.facts.event_id
    });
    match (&opened.event, known) {
        (Ok(event), None) => Ok(event),
        (Ok(_), Some(refused)) => Err(refused.reason.clone()),
        (Err(reason), _) => Err(reason.clone()),
    }
}
