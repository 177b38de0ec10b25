//! Answers of models outside, for whoever asks the same again: a bucket of the bus, which the
//! events fill. Wiped, it comes back from the timeline.

use crate::opened::Opened;
use ael_bus::{BucketError, Bus, LazyBucket};
use ael_events::event::{AnalysisRecorded, Event, LeadEvent};
use ael_events::query::RememberedAnswer;
use ael_events::subjects;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgPool;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Says that the bucket was filled; it is gone when the bucket is.
const FILLED: &str = "filled";
/// How often it is looked at whether the bucket was wiped.
const LOOK: Duration = Duration::from_secs(10);

/// The bucket, for as long as it is there.
#[derive(Clone)]
pub(crate) struct AiCache {
    bucket: LazyBucket,
    ttl: TimeDelta,
}

/// The bucket could not be filled.
#[derive(Debug, thiserror::Error)]
enum Unfilled {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("the timeline could not be read")]
    Timeline(#[from] sqlx::Error),
    #[error("an answer could not be written")]
    Answer(#[from] serde_json::Error),
}

impl AiCache {
    /// Answers are remembered for so long.
    pub(crate) fn new(bus: Bus, ttl: Duration) -> Self {
        let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
        Self { bucket: LazyBucket::new(bus, subjects::AI_CACHE), ttl }
    }

    /// Keeps what these events say was answered outside. A failure costs the next one who asks an
    /// answer of their own, nothing else.
    pub(crate) async fn remember(&self, events: &[Opened]) {
        let since = Utc::now() - self.ttl;
        for opened in events {
            let Ok(Event::Lead(event)) = &opened.event else { continue };
            let LeadEvent::Analysed(event) = event.as_ref() else { continue };
            if let Err(error) = self.keep(event, since).await {
                metrics::counter!("ael_ai_cache_failures_total").increment(1);
                tracing::warn!(%error, "an answer cannot be remembered: it may be asked for again");
            }
        }
    }

    /// Fills the bucket from the timeline whenever it is new, until told to stop.
    pub(crate) async fn keep_filled(self, pool: PgPool, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            if let Err(error) = self.fill(&pool).await {
                // The tables and the bucket are there in a moment, or somebody says so elsewhere.
                tracing::debug!(%error, "remembered answers could not be looked at");
            }
        }
    }

    async fn fill(&self, pool: &PgPool) -> Result<(), Unfilled> {
        let bucket = self.bucket.noted(self.bucket.open().await)?;
        if self.bucket.noted(bucket.get(FILLED).await)?.is_some() {
            return Ok(());
        }
        let since = Utc::now() - self.ttl;
        let workspaces: Vec<Uuid> =
            sqlx::query_scalar("SELECT workspace FROM read.workspaces").fetch_all(pool).await?;
        let mut kept = 0;
        for workspace in workspaces {
            let rows: Vec<(Value,)> = sqlx::query_as(
                "SELECT data FROM read.timeline WHERE workspace = $1 AND recorded_at >= $2 \
                 AND event_name = 'lead.analysed' ORDER BY recorded_at",
            )
            .bind(workspace)
            .bind(since)
            .fetch_all(pool)
            .await?;
            for (data,) in rows {
                // What another release wrote and this one cannot read is not worth remembering.
                let Ok(event) = serde_json::from_value::<AnalysisRecorded>(data) else { continue };
                kept += usize::from(self.keep(&event, since).await?);
            }
        }
        self.bucket.noted(bucket.put(FILLED, Utc::now().to_rfc3339()).await)?;
        tracing::info!(kept, "remembered answers are back from the timeline");
        Ok(())
    }

    async fn keep(&self, event: &AnalysisRecorded, since: DateTime<Utc>) -> Result<bool, Unfilled> {
        let Some((key, answer)) = answer(event).filter(|(_, answer)| answer.analysed_at > since)
        else {
            return Ok(false);
        };
        let bucket = self.bucket.noted(self.bucket.open().await)?;
        self.bucket.noted(bucket.put(key, serde_json::to_vec(&answer)?).await)?;
        Ok(true)
    }
}

/// What is remembered of an analysis, and under which key: only what was asked for outside, since
/// a remembered answer is as old as when it was asked for.
fn answer(event: &AnalysisRecorded) -> Option<(&str, RememberedAnswer)> {
    let key = event.cache_key.as_ref().filter(|_| !event.usage.cached)?;
    let private = event.private.open()?;
    let answer = RememberedAnswer {
        // What the model said: its calibration may be another one by then.
        score: event.raw_score.unwrap_or(event.score),
        recommendation: event.raw_recommendation.unwrap_or(event.recommendation),
        reason: private.reason.clone(),
        model: event.model.clone(),
        prompt_version: event.prompt_version.clone(),
        analysed_at: event.analysed_at,
        cost_micro_usd: event.usage.cost_micro_usd,
    };
    Some((key.as_str(), answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::analysis;
    use ael_events::event::Usage;
    use ael_events::private::Private;
    use ael_events::values::Recommendation;

    #[test]
    fn only_what_was_asked_for_outside_is_remembered() {
        let asked = AnalysisRecorded { cache_key: Some("ab12".parse().unwrap()), ..analysis() };
        let (key, remembered) = answer(&asked).unwrap();
        assert_eq!((key, remembered.score), ("ab12", asked.score));
        let raw = AnalysisRecorded {
            raw_score: Some("0.9".parse::<f64>().unwrap().try_into().unwrap()),
            raw_recommendation: Some(Recommendation::Transfer),
            ..asked.clone()
        };
        let (_, remembered) = answer(&raw).unwrap();
        assert_eq!(
            (remembered.score.value(), remembered.recommendation),
            (0.9, Recommendation::Transfer),
            "what the model said, not what we made of it"
        );
        assert!(answer(&AnalysisRecorded { cache_key: None, ..asked.clone() }).is_none());
        let usage = Usage { cost_micro_usd: 90, ..asked.usage.clone() };
        let paid = AnalysisRecorded { usage, ..asked.clone() };
        assert_eq!(answer(&paid).unwrap().1.cost_micro_usd, 90, "what the next one saves");
        let usage = Usage { cached: true, ..asked.usage.clone() };
        assert!(answer(&AnalysisRecorded { usage, ..asked.clone() }).is_none());
        assert!(answer(&AnalysisRecorded { private: Private::Erased, ..asked }).is_none());
    }
}
