//! Reading one's own writes: waiting, within bounds, until the read models have taken a write.
//!
//! However many wait, the read models are asked once per round, and not at all when nobody waits.

use crate::refusal::{Answered, Unanswered};
use ael_events::answer::Rejected;
use ael_events::ids::Lane;
use ael_events::order::{Order, PositionToken};
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How often the read models are asked how far they are while somebody waits.
const ROUND: Duration = Duration::from_millis(10);
/// What was known longer ago than this is asked again: a database may have been restored.
const FRESH: Duration = Duration::from_secs(1);
/// How many may wait at once: they keep places in which others could be answered, and what they
/// wait for they name themselves.
const WAITING: usize = 24;

/// How far each read model has come, lane by lane, at one moment.
#[derive(Debug, Default)]
struct Known {
    at: Option<Instant>,
    lanes: HashMap<(String, Lane), Order>,
    /// The transaction that the database begins next; no write has had it yet.
    next_xid: u64,
}

impl Known {
    fn reaches(&self, token: PositionToken, projections: &[&str]) -> bool {
        let fresh = self.at.is_some_and(|at| at.elapsed() < FRESH);
        fresh
            && projections.iter().all(|projection| {
                let place = self.lanes.get(&((*projection).to_owned(), token.lane));
                place.is_some_and(|order| *order >= token.order)
            })
    }

    /// Whether no write can have had this position when it was brought: then none ever told it.
    fn is_ahead_of_all(&self, token: PositionToken, brought: Instant) -> bool {
        self.at.is_some_and(|at| at > brought) && token.order.xid >= self.next_xid
    }
}

/// The places of the read models, and those who wait for them.
#[derive(Debug, Clone)]
pub struct Positions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    known: watch::Sender<Known>,
    waiting: AtomicUsize,
    somebody: Notify,
    patience: Duration,
}

impl Positions {
    /// Begins to look; ends with `shutdown`.
    #[must_use]
    pub fn watch(pool: PgPool, patience: Duration, shutdown: CancellationToken) -> Self {
        let shared = Arc::new(Shared {
            known: watch::Sender::new(Known::default()),
            waiting: AtomicUsize::new(0),
            somebody: Notify::new(),
            patience,
        });
        let looking = shared.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = looking.look(&pool) => {}
            }
        });
        Self(shared)
    }

    /// Waits until each of the projections has taken what the token names.
    ///
    /// # Errors
    /// [`Unanswered::Behind`] when they have not within the patience; a refusal when no write can
    /// have had this position.
    pub async fn reach(&self, token: PositionToken, projections: &[&str]) -> Answered<()> {
        let mut known = self.0.known.subscribe();
        if known.borrow().reaches(token, projections) {
            return Ok(());
        }
        let began = Instant::now();
        let _waiting = Waiting::new(&self.0);
        if self.0.waiting.load(SeqCst) > WAITING {
            return Err(Unanswered::Behind);
        }
        let settled = known.wait_for(|known| {
            known.reaches(token, projections) || known.is_ahead_of_all(token, began)
        });
        let outcome = timeout(self.0.patience, settled).await;
        let outcome = outcome.map(|known| known.map(|known| known.reaches(token, projections)));
        metrics::histogram!("ael_queries_position_wait_seconds")
            .record(began.elapsed().as_secs_f64());
        match outcome {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(unknown().into()),
            Ok(Err(_)) | Err(_) => Err(Unanswered::Behind),
        }
    }
}

/// Somebody who waits; dropping it ends the wait, however it ends.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.waiting.fetch_add(1, SeqCst);
        shared.somebody.notify_one();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

impl Shared {
    async fn look(&self, pool: &PgPool) {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if self.waiting.load(SeqCst) == 0 {
                self.somebody.notified().await;
            }
            rounds.tick().await;
            let began = Instant::now();
            match places(pool).await {
                Ok((lanes, next_xid)) => {
                    let at = Some(began);
                    self.known.send_replace(Known { at, lanes, next_xid });
                }
                Err(error) => {
                    tracing::debug!(%error, "how far the read models are could not be asked");
                }
            }
        }
    }
}

/// A read model, a lane, its place there, and the transaction that comes next.
type Place = (String, i16, i32, i64, i64, i64);

async fn places(pool: &PgPool) -> Answered<(HashMap<(String, Lane), Order>, u64)> {
    let rows: Vec<Place> = sqlx::query_as(
        "SELECT projection, lane, incarnation, xid, position, \
         pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM read.lane_positions",
    )
    .fetch_all(pool)
    .await?;
    // As long as there is no read model, any write may be still to come.
    let next_xid = rows.first().map_or(u64::MAX, |(.., next)| next.unsigned_abs());
    let place = |(projection, lane, incarnation, xid, position, _): Place| {
        let lane = u8::try_from(lane).ok().and_then(|lane| Lane::try_from(lane).ok())?;
        let order = Order { incarnation, xid: xid.unsigned_abs(), position };
        Some(((projection, lane), order))
    };
    Ok((rows.into_iter().filter_map(place).collect(), next_xid))
}

fn unknown() -> Rejected {
    let sentence = "no write here has this position: leave X-Ael-Position away, or bring the one \
                    that a write's answer told";
    Rejected::new("unknown_position", sentence)
}
