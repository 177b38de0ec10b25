//! Leading and standing by: one relay publishes, the others wait for its lock.

use crate::config::Config;
use crate::horizon::HorizonWatch;
use crate::pace::Pace;
use crate::publish::publish;
use crate::resume::{Resumed, resume};
use crate::{RelayError, RelaySettings};
use ael_bus::{Bus, Subscription};
use ael_events::subjects;
use ael_service::Health;
use ael_store::{AdvisoryLock, Chain, DbRole, PoolOptions, SettledReader, connect};
use secrecy::ExposeSecret as _;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The advisory lock of the relay that leads. (The letters "ael rely".)
const LEADER: i64 = 0x6165_6c5f_7265_6c79;
/// How often a leader makes sure that it still leads.
const STILL_LEADING: Duration = Duration::from_secs(1);

struct Parts {
    reader: SettledReader,
    chain: Chain,
    bus: Bus,
    settings: RelaySettings,
}

/// Stands by and leads, in turn, until told to stop.
pub(crate) async fn run(
    config: &Config,
    bus: &Bus,
    health: &Health,
    shutdown: &CancellationToken,
) -> Result<(), RelayError> {
    let url = config.database.url.expose_secret();
    let options =
        PoolOptions { application: "ael-relay".into(), max_connections: 3, ..Default::default() };
    let pool = connect(url, DbRole::Relay, &options).await?;
    health.set("database", true);
    let parts = Parts {
        reader: SettledReader::new(pool.clone()),
        chain: Chain::new(pool),
        bus: bus.clone(),
        settings: config.settings.clone(),
    };
    let mut said_standby = false;
    while !shutdown.is_cancelled() {
        match AdvisoryLock::try_take(url, DbRole::Relay, LEADER).await {
            Ok(Some(lock)) => {
                tracing::info!("leading: events are published by this relay");
                metrics::gauge!("ael_relay_leading").set(1.0);
                lead(&parts, lock, shutdown).await;
                metrics::gauge!("ael_relay_leading").set(0.0);
                said_standby = false;
            }
            Ok(None) if !said_standby => {
                tracing::info!("standing by: another relay leads");
                said_standby = true;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the event store does not answer; trying again"),
        }
        rest(config.settings.standby, shutdown).await;
    }
    Ok(())
}

/// Publishes until told to stop or until the lead is lost. What goes wrong is said once and tried
/// again.
async fn lead(parts: &Parts, mut lock: AdvisoryLock, shutdown: &CancellationToken) {
    let mut trouble = Trouble::default();
    while !shutdown.is_cancelled() {
        let result = async {
            let mut wakes = parts.bus.subscribe(subjects::RELAY_WAKE).await?;
            let at = resume(&parts.bus, &parts.reader).await?;
            let Resumed { cursor, fence, .. } = &at;
            tracing::info!(%cursor, fence, "going on from the stream's tail");
            metrics::gauge!("ael_relay_diverged").set(0.0);
            trouble.over();
            follow(parts, &mut lock, &mut wakes, at, shutdown).await
        }
        .await;
        match result {
            Ok(Left::Stopped | Left::LeadLost) => return,
            Err(error) => {
                if matches!(error, RelayError::Diverged(_)) {
                    metrics::gauge!("ael_relay_diverged").set(1.0);
                }
                rest(trouble.say(&error), shutdown).await;
                if !lock.is_held().await {
                    return;
                }
            }
        }
    }
}

/// Why following ended without an error.
enum Left {
    Stopped,
    LeadLost,
}

/// Reads what has settled and publishes it, for as long as all goes well.
async fn follow(
    parts: &Parts,
    lock: &mut AdvisoryLock,
    wakes: &mut Subscription,
    mut at: Resumed,
    shutdown: &CancellationToken,
) -> Result<Left, RelayError> {
    let publisher = parts.bus.event_publisher(subjects::EVENTS);
    let mut pace = Pace::new(parts.settings.longest_rest);
    let mut horizon = HorizonWatch::new();
    let mut sure_until = Instant::now() + STILL_LEADING;
    let mut tail_due = Instant::now() + STILL_LEADING;
    loop {
        if shutdown.is_cancelled() {
            return Ok(Left::Stopped);
        }
        if Instant::now() >= sure_until {
            if !lock.is_held().await {
                tracing::warn!("the lead was lost with the database connection; standing by");
                return Ok(Left::LeadLost);
            }
            sure_until = Instant::now() + STILL_LEADING;
            horizon.look(&parts.reader, at.cursor, &parts.settings).await;
        }
        let batch = parts.reader.settled_after(at.cursor, parts.settings.batch).await?;
        if batch.is_empty() {
            if Instant::now() >= tail_due {
                // An emptied stream gives no error until somebody publishes: look at it now and
                // then.
                let tail = parts.bus.stream(subjects::EVENTS).tail().await?;
                tail_due = Instant::now() + STILL_LEADING;
                if tail.last_sequence != at.fence || (tail.message.is_none() && at.fence > 0) {
                    at = resume(&parts.bus, &parts.reader).await?;
                    tracing::warn!(
                        cursor = %at.cursor,
                        "the stream was changed by others; going on from its tail"
                    );
                    continue;
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(Left::Stopped),
                wake = wakes.next() => if wake.is_some() { pace.quicken() },
                () = tokio::time::sleep(pace.rest()) => {}
            }
            continue;
        }
        let events = batch.len();
        publish(&batch, &parts.chain, &publisher, &mut at).await?;
        metrics::counter!("ael_relay_published_total").increment(events as u64);
        pace.quicken();
    }
}

/// Says each kind of trouble once, and rests longer while it lasts.
#[derive(Default)]
struct Trouble {
    said: Option<String>,
    rests: u32,
}

impl Trouble {
    fn over(&mut self) {
        if self.said.take().is_some() {
            tracing::info!("events are published again");
        }
        self.rests = 0;
    }

    fn say(&mut self, error: &RelayError) -> Duration {
        let sentence = error.to_string();
        metrics::counter!("ael_relay_troubles_total").increment(1);
        if self.said.as_ref() != Some(&sentence) {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(
                error = %sentence,
                cause,
                "events are not published for now; trying again"
            );
            self.said = Some(sentence);
        }
        self.rests = (self.rests + 1).min(6);
        Duration::from_millis(50) * 2_u32.pow(self.rests)
    }
}

async fn rest(how_long: Duration, shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(how_long) => {}
    }
}
