//! One lane: catches up from the store, then follows the bus, and mends from the store whatever
//! the bus left out.

use super::apply::{Effect, Outcome};
use super::checkpoints::active_places;
use super::runner::Shared;
use super::{dead, live};
use crate::error::ProjectionError;
use crate::opened::Opened;
use ael_bus::{Consumer, Delivered};
use ael_events::envelope::CloudEvent;
use ael_events::event::Recorded;
use ael_events::ids::Lane;
use ael_events::order::Order;
use ael_events::subjects;
use chrono::Utc;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest pause between attempts while something is broken.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A message that the store does not know yet is asked for again after this long.
const NOT_YET: Duration = Duration::from_secs(1);

/// A lane in the hands of this copy.
pub(crate) struct LaneWork {
    lane: Lane,
    shared: Arc<Shared>,
    stop: CancellationToken,
    at: Order,
}

impl LaneWork {
    pub(crate) const fn new(lane: Lane, shared: Arc<Shared>, stop: CancellationToken) -> Self {
        Self { lane, shared, stop, at: Order::START }
    }

    /// Works until told to stop; whatever fails is tried again. Ends by itself only if another
    /// copy took the lane.
    pub(crate) async fn run(mut self) {
        let mut pause = Duration::from_millis(100);
        while !self.stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            let error = match self.follow().await {
                Ok(()) => return,
                Err(error) => error,
            };
            if matches!(error, ProjectionError::LostRace) {
                tracing::info!(lane = %self.lane, "another copy projects this lane: given up");
                return;
            }
            metrics::counter!("ael_projector_failures_total").increment(1);
            tracing::warn!(
                lane = %self.lane,
                error = &error as &dyn std::error::Error,
                "a lane could not be projected, trying again"
            );
            if started.elapsed() > LONGEST_PAUSE {
                pause = Duration::from_millis(100);
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn follow(&mut self) -> Result<(), ProjectionError> {
        self.at = self.slowest().await?;
        self.catch_up().await?;
        let Some(bus) = self.shared.bus.clone() else { return self.poll().await };
        let durable = subjects::projector(self.lane);
        let mut consumer = bus.consumer(subjects::EVENTS, &durable).await?;
        let result = self.consume(&mut consumer).await;
        consumer.close().await;
        result
    }

    async fn consume(&mut self, consumer: &mut Consumer) -> Result<(), ProjectionError> {
        let mut silent = false;
        loop {
            let options = &self.shared.options;
            let batch = tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                batch = consumer.next_batch(options.batch, options.look_at_store) => batch,
            };
            match batch {
                Ok(messages) if messages.is_empty() => self.catch_up().await?,
                Ok(messages) => {
                    silent = false;
                    self.take(&messages).await?;
                }
                Err(error) => {
                    // The store has everything: without the bus it only takes a little longer.
                    if !silent {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(lane = %self.lane, error, "following the store alone");
                    }
                    silent = true;
                    self.catch_up().await?;
                }
            }
        }
    }

    /// Without a bus: looks at the store now and then.
    async fn poll(&mut self) -> Result<(), ProjectionError> {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(self.shared.options.look_at_store) => {}
            }
            self.catch_up().await?;
        }
    }

    /// Where the slowest read model stands.
    async fn slowest(&self) -> Result<Order, ProjectionError> {
        let mut connection = self.shared.pool.acquire().await?;
        let places = active_places(&mut connection, &self.shared.models, &[self.lane]).await?;
        Ok(places.iter().map(|place| place.at).min().unwrap_or(Order::START))
    }

    /// Takes from the store what is settled and not yet in the read models.
    async fn catch_up(&mut self) -> Result<(), ProjectionError> {
        while !self.stop.is_cancelled() {
            let batch = self.shared.options.batch;
            let recorded = self.shared.source.lane_after(self.lane, self.at, batch).await?;
            if recorded.is_empty() {
                return Ok(());
            }
            self.apply(recorded).await?;
        }
        Ok(())
    }

    /// Takes messages: those that follow what was taken are applied as they are; if one is missing
    /// between, everything comes from the store. Acknowledged is what the read models show.
    async fn take(&mut self, messages: &[Delivered]) -> Result<(), ProjectionError> {
        let parsed: Vec<Option<Recorded>> = messages.iter().map(|one| self.parse(one)).collect();
        let orders: Vec<Option<Order>> =
            parsed.iter().map(|event| event.as_ref().map(|event| event.order)).collect();
        let mut events: Vec<Recorded> = Vec::new();
        let mut gap = false;
        for (message, event) in messages.iter().zip(parsed) {
            let previous = message.headers.get(subjects::HEADER_LANE_PREVIOUS);
            let previous = previous.and_then(|text| text.parse::<Order>().ok());
            let tail = events.last().map_or(self.at, |last| last.order);
            match event {
                Some(event) if event.order <= tail => {}
                Some(event) if previous == Some(tail) && event.lane == self.lane => {
                    events.push(event);
                }
                Some(_) | None => {
                    gap = true;
                    break;
                }
            }
        }
        if !events.is_empty() {
            self.apply(events).await?;
        }
        if gap {
            metrics::counter!("ael_projector_gaps_total").increment(1);
            self.catch_up().await?;
        }
        for (message, order) in messages.iter().zip(orders) {
            match order {
                Some(order) if order > self.at => message.nak(Some(NOT_YET)).await?,
                Some(_) | None => message.ack().await?,
            }
        }
        Ok(())
    }

    fn parse(&self, message: &Delivered) -> Option<Recorded> {
        CloudEvent::parse(&message.payload)
            .inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::warn!(lane = %self.lane, error, "a message that is no event of ours");
            })
            .ok()
    }

    /// Applies events that follow what was taken, and tells who watches.
    async fn apply(&mut self, recorded: Vec<Recorded>) -> Result<(), ProjectionError> {
        let together = Arc::clone(&self.shared.together);
        let (outcome, opened) = together.apply(self.lane, self.at, recorded).await?;
        match outcome {
            Outcome::Behind(from) => {
                // A read model was exchanged for one that has less: go back to where it stands.
                self.at = from;
                Box::pin(self.catch_up()).await
            }
            Outcome::Applied(effect) => {
                self.at = effect.at;
                self.tell(&opened, &effect).await;
                Ok(())
            }
        }
    }

    async fn tell(&self, opened: &[Opened], effect: &Effect) {
        let fresh = u64::try_from(effect.fresh).unwrap_or(0);
        metrics::counter!("ael_projector_events_total").increment(fresh);
        if effect.fresh == 0 {
            return;
        }
        let now = Utc::now();
        if let Some(last) = opened.last() {
            let lag = now.signed_duration_since(last.facts.recorded_at).as_seconds_f64();
            metrics::histogram!("ael_projector_lag_seconds").record(lag.max(0.0));
        }
        dead::announce(self.shared.bus.as_ref(), self.lane, &effect.dead).await;
        if let Some(bus) = &self.shared.bus {
            live::publish(bus, &live::changes(opened, effect, now)).await;
        }
        if let Some(cache) = &self.shared.ai_cache {
            cache.remember(opened).await;
        }
    }
}
