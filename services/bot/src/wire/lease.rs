//! Who does what: a lease is held by one copy, which renews it, and ends by itself when the copy
//! dies.
//!
//! # Invariants
//!
//! - **Nobody works on an old lease.** A copy that could not renew its lease stops before the
//!   bucket forgets it and another one can take it.
//! - **No clock is compared with another machine's.** Copies count up; who has not counted for
//!   eight seconds of one's own clock is gone.
//! - **Lanes are spread evenly.** Each lane belongs to one of the copies that are there, by their
//!   order; a copy gives back what belongs to another now, once its work on it has come to an end.

use ael_bus::{BucketError, Bus, LazyBucket};
use ael_events::ids::Lane;
use ael_events::subjects;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often a lease is renewed, and how often a copy says that it is there.
const BEAT: Duration = Duration::from_secs(2);
/// How long a lease holds without being renewed: with what a renewal may take, it is given up
/// before the bucket forgets it, after ten seconds.
const HOLDS: Duration = Duration::from_secs(6);
/// How often it is tried to take a lease that another copy holds.
const LOOK: Duration = Duration::from_millis(500);
/// How long the bus may take for a renewal.
const PATIENCE: Duration = Duration::from_secs(2);
/// Who has not counted for so long is gone.
const GONE: Duration = Duration::from_secs(8);
/// Where the copies say that they are there.
const COPIES: &str = "copies";

/// The copies that are there, in their order; nobody, before it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Copies(Vec<Uuid>);

/// The leases as one copy sees them.
#[derive(Debug, Clone)]
pub(crate) struct Leases {
    bucket: LazyBucket,
    me: Uuid,
    copies: watch::Receiver<Copies>,
}

/// What the house needs done by one copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Updates come to us (asked for, or sent here).
    Intake,
    /// What was said goes to Telegram.
    Sending,
    /// The updates of a lane are answered.
    Lane(Lane),
}

impl Duty {
    fn key(self) -> String {
        match self {
            Self::Intake => "intake".to_owned(),
            Self::Sending => "sending".to_owned(),
            Self::Lane(lane) => format!("lane-{lane}"),
        }
    }

    /// Whether this copy may have it as things are.
    fn falls_to(self, me: Uuid, Copies(copies): &Copies) -> bool {
        match self {
            Self::Intake | Self::Sending => true,
            Self::Lane(lane) => {
                let place = usize::from(lane.number()).checked_rem(copies.len());
                place.and_then(|place| copies.get(place)) == Some(&me)
            }
        }
    }
}

impl Leases {
    /// The leases of a new copy, and its sign of life, which has to be run.
    pub(crate) fn new(bus: &Bus) -> (Self, SignOfLife) {
        let (told, copies) = watch::channel(Copies::default());
        let bucket = LazyBucket::new(bus.clone(), subjects::BOT_LEASES);
        let me = Uuid::now_v7();
        let seen = Seen::default();
        (Self { bucket: bucket.clone(), me, copies }, SignOfLife { bucket, me, seen, told })
    }

    /// Has work done whenever its lease is ours, until told to stop. Work is given a token by which
    /// it is asked to come to an end; the lease is kept until it has.
    pub(crate) async fn whenever_held<F: Future<Output = ()>>(
        &self,
        duty: Duty,
        shutdown: &CancellationToken,
        work: impl Fn(CancellationToken) -> F,
    ) {
        while let Some(held) = self.taken(duty, shutdown).await {
            tracing::info!(duty = duty.key(), "this copy does it now");
            let (stop, done) = (CancellationToken::new(), CancellationToken::new());
            let working = async {
                work(stop.clone()).await;
                done.cancel();
            };
            let ((), kept) = tokio::join!(working, self.keep(held, &stop, &done, shutdown));
            if let Some(held) = kept {
                self.give_back(held).await;
            }
        }
    }

    /// Waits until the lease is ours; none, when told to stop.
    async fn taken(&self, duty: Duty, shutdown: &CancellationToken) -> Option<Held> {
        let mut copies = self.copies.clone();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return None,
                known = self.until(&mut copies, duty, true) => known?,
            }
            let begun = Instant::now();
            match self.create(&duty.key()).await {
                Ok(revision) => return Some(Held { duty, revision, until: begun + HOLDS }),
                Err(BucketError::Conflict { .. }) => {}
                Err(error) => tracing::debug!(%error, duty = duty.key(), "no lease can be taken"),
            }
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(LOOK.mul_f64(rand::random_range(0.8..1.2))) => {}
            }
        }
    }

    /// Waits until a duty is our due, or no longer is; none, when nobody tells any more.
    async fn until(
        &self,
        copies: &mut watch::Receiver<Copies>,
        duty: Duty,
        is_due: bool,
    ) -> Option<()> {
        let due = copies.wait_for(|copies| duty.falls_to(self.me, copies) == is_due);
        due.await.ok().map(drop)
    }

    async fn create(&self, key: &str) -> Result<u64, BucketError> {
        let bucket = self.bucket.open().await?;
        self.bucket.noted(bucket.create(key, self.me.to_string()).await)
    }

    /// Renews the lease until the work is done; asks for its end when the lease is lost, is another
    /// copy's due, or everything stops. Gives the lease, if it still is ours.
    async fn keep(
        &self,
        mut held: Held,
        stop: &CancellationToken,
        done: &CancellationToken,
        shutdown: &CancellationToken,
    ) -> Option<Held> {
        let mut copies = self.copies.clone();
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = done.cancelled() => return Some(held),
                () = shutdown.cancelled(), if !stop.is_cancelled() => stop.cancel(),
                _ = self.until(&mut copies, held.duty, false), if !stop.is_cancelled() => {
                    stop.cancel();
                }
                _ = beat.tick() => {
                    if !self.renew(&mut held).await {
                        tracing::warn!(duty = held.duty.key(), "the lease is lost");
                        metrics::counter!("ael_bot_leases_lost_total").increment(1);
                        stop.cancel();
                        done.cancelled().await;
                        return None;
                    }
                }
            }
        }
    }

    /// Whether the lease is ours for another while.
    async fn renew(&self, held: &mut Held) -> bool {
        let begun = Instant::now();
        let renewed = match timeout(PATIENCE, self.try_renew(held)).await {
            Ok(renewed) => renewed,
            Err(_) => Ok(None),
        };
        match renewed {
            Ok(Some(revision)) => {
                held.revision = revision;
                held.until = begun + HOLDS;
                true
            }
            Ok(None) => Instant::now() < held.until,
            Err(BucketError::Conflict { .. }) => false,
            Err(error) => {
                tracing::debug!(%error, "a lease could not be renewed");
                Instant::now() < held.until
            }
        }
    }

    /// A renewal whose answer was lost leaves another revision: it is still ours by its name.
    async fn try_renew(&self, held: &Held) -> Result<Option<u64>, BucketError> {
        let key = held.duty.key();
        let bucket = self.bucket.open().await?;
        let renewed = bucket.update(&key, self.me.to_string(), held.revision).await;
        let conflict = match renewed {
            Ok(revision) => return Ok(Some(revision)),
            Err(conflict @ BucketError::Conflict { .. }) => conflict,
            Err(error) => return self.bucket.noted(Err(error)),
        };
        let entry = self.bucket.noted(bucket.get(&key).await)?;
        match entry.filter(|entry| entry.value == self.me.to_string().as_bytes()) {
            Some(entry) => bucket.update(&key, self.me.to_string(), entry.revision).await.map(Some),
            None => Err(conflict),
        }
    }

    async fn give_back(&self, held: Held) {
        let deleted = async {
            let bucket = self.bucket.open().await?;
            bucket.delete(&held.duty.key(), Some(held.revision)).await
        };
        match timeout(PATIENCE, deleted).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a lease ends by itself"),
            Err(_) => tracing::debug!("a lease ends by itself"),
        }
    }
}

/// A lease that is ours.
struct Held {
    duty: Duty,
    revision: u64,
    until: Instant,
}

/// Says that this copy is there, and finds out who else is.
pub(crate) struct SignOfLife {
    bucket: LazyBucket,
    me: Uuid,
    seen: Seen,
    told: watch::Sender<Copies>,
}

impl SignOfLife {
    /// Does so until told to stop, and then says that this copy goes.
    pub(crate) async fn give(mut self, shutdown: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = beat.tick() => self.beat(true).await,
            }
        }
        self.beat(false).await;
    }

    async fn beat(&mut self, here: bool) {
        match timeout(PATIENCE, self.try_beat(here)).await {
            Ok(Ok(copies)) if here => {
                self.told.send_if_modified(|known| {
                    let changed = *known != copies;
                    *known = copies;
                    changed
                });
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "who is there cannot be said"),
            Err(_) => tracing::debug!("who is there cannot be said in time"),
        }
    }

    async fn try_beat(&mut self, here: bool) -> Result<Copies, BucketError> {
        let bucket = self.bucket.open().await?;
        loop {
            let entry = self.bucket.noted(bucket.get(COPIES).await)?;
            let revision = entry.as_ref().map(|entry| entry.revision);
            let counted: BTreeMap<Uuid, u64> = entry
                .and_then(|entry| serde_json::from_slice(&entry.value).ok())
                .unwrap_or_default();
            let mut there = self.seen.still_there(self.me, counted, Instant::now());
            let mine = there.remove(&self.me).unwrap_or(0);
            if here {
                there.insert(self.me, mine + 1);
            }
            let written = serde_json::to_vec(&there).unwrap_or_default();
            let kept = match revision {
                Some(revision) => bucket.update(COPIES, written, revision).await,
                None => bucket.create(COPIES, written).await,
            };
            match kept {
                Ok(_) => return Ok(Copies(there.into_keys().collect())),
                Err(BucketError::Conflict { .. }) => {}
                Err(error) => return self.bucket.noted(Err(error)),
            }
        }
    }
}

/// What each copy counted last, and when that was seen first.
#[derive(Default)]
struct Seen(BTreeMap<Uuid, (u64, Instant)>);

impl Seen {
    /// Of those that are written, those that have counted lately, and we ourselves.
    fn still_there(
        &mut self,
        me: Uuid,
        counted: BTreeMap<Uuid, u64>,
        now: Instant,
    ) -> BTreeMap<Uuid, u64> {
        self.0.retain(|copy, _| counted.contains_key(copy));
        let mut there = counted;
        there.retain(|copy, count| {
            let last = self.0.entry(*copy).or_insert((*count, now));
            if last.0 != *count {
                *last = (*count, now);
            }
            *copy == me || now - last.1 < GONE
        });
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_spread_evenly_and_each_belongs_to_one_copy() {
        for number in 1..=16_u128 {
            let copies = Copies((0..number).map(Uuid::from_u128).collect());
            let of = |copy: Uuid| {
                let falls = |lane: &Lane| Duty::Lane(*lane).falls_to(copy, &copies);
                Lane::all().filter(falls).count()
            };
            let shares: Vec<usize> = copies.0.iter().map(|copy| of(*copy)).collect();
            assert_eq!(shares.iter().sum::<usize>(), 16);
            let most = 16_usize.div_ceil(copies.0.len());
            assert!(shares.iter().all(|share| *share <= most && share + 1 >= most), "{shares:?}");
        }
    }

    #[test]
    fn before_anybody_is_known_no_lane_is_taken() {
        let lane = Duty::Lane(Lane::try_from(0).unwrap());
        assert!(!lane.falls_to(Uuid::nil(), &Copies::default()));
    }

    #[test]
    fn who_does_not_count_any_more_is_gone() {
        let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut seen, begun) = (Seen::default(), Instant::now());
        let mut at = |seconds, count| {
            let there = BTreeMap::from([(me, 1), (other, count)]);
            let there = seen.still_there(me, there, begun + Duration::from_secs(seconds));
            assert!(there.contains_key(&me));
            there.contains_key(&other)
        };
        assert!(at(0, 5));
        assert!(at(7, 5));
        assert!(!at(8, 5), "it has not counted for eight seconds");
        assert!(at(9, 6), "it is back");
        assert!(at(16, 6));
    }
}
