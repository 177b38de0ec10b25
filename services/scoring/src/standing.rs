//! How it stands with the model outside, told to whoever asks: in metrics, and in a bucket that the
//! command line reads.

use crate::advisor::Advisor;
use crate::cloud::{Cloud, Standing};
use ael_bus::{BucketError, Bus, LazyBucket};
use ael_events::query::{ProviderStanding, ProviderState};
use ael_events::subjects;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is said although nothing changed: the bucket forgets.
const REPEAT: Duration = Duration::from_secs(15);

/// Tells it until told to stop.
pub(crate) async fn tell(advisor: Arc<Advisor>, bus: Bus, stop: CancellationToken) {
    let Some(cloud) = advisor.cloud() else { return };
    let bucket = LazyBucket::new(bus, subjects::ADVISOR);
    let mut said: Option<(ProviderStanding, Instant)> = None;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let standing = standing(cloud, Utc::now());
        metrics::gauge!("ael_ai_breaker", "provider" => "openai").set(match standing.state {
            ProviderState::Closed => 0.0,
            ProviderState::HalfOpen => 0.5,
            ProviderState::Open => 1.0,
        });
        let fresh = said.as_ref().is_some_and(|(told, at)| {
            told.state == standing.state && at.elapsed() < REPEAT && !later(told, &standing)
        });
        if fresh {
            continue;
        }
        match bucket.noted(put(&bucket, &standing).await) {
            Ok(()) => said = Some((standing, Instant::now())),
            Err(error) => tracing::debug!(%error, "how it stands outside cannot be told now"),
        }
    }
}

/// Whether it is left alone for longer than was told; the end is computed anew at each look, give
/// or take a little.
fn later(told: &ProviderStanding, now: &ProviderStanding) -> bool {
    match (told.until, now.until) {
        (Some(told), Some(now)) => now - told > TimeDelta::seconds(1),
        (None, until) => until.is_some(),
        (Some(_), None) => false,
    }
}

async fn put(bucket: &LazyBucket, standing: &ProviderStanding) -> Result<(), BucketError> {
    let body = serde_json::to_vec(standing).unwrap_or_default();
    let bucket = bucket.open().await?;
    let known = bucket.get(subjects::PROVIDER_STANDING).await?;
    let known =
        known.and_then(|entry| serde_json::from_slice::<ProviderStanding>(&entry.value).ok());
    // That another copy leaves it alone is worth more than that this one does not.
    let is_worse = known.is_some_and(|known| {
        known.state == ProviderState::Open && known.until.is_some_and(|until| until > Utc::now())
    });
    if is_worse && standing.state != ProviderState::Open {
        return Ok(());
    }
    bucket.put(subjects::PROVIDER_STANDING, body).await.map(|_| ())
}

fn standing(cloud: &Cloud, now: DateTime<Utc>) -> ProviderStanding {
    let (state, until) = match cloud.standing() {
        Standing::Closed => (ProviderState::Closed, None),
        Standing::HalfOpen => (ProviderState::HalfOpen, None),
        Standing::Open(left) => {
            let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::zero());
            (ProviderState::Open, Some(now + left))
        }
    };
    ProviderStanding {
        provider: "openai".to_owned(),
        model: cloud.model().to_owned(),
        state,
        until,
    }
}
