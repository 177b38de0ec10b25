//! Faults made on purpose, chosen by a seed: what is killed, paused, wiped or given twice, and
//! when.

use crate::house::House;
use ael_bus::Headers;
use ael_bus::topology::{self, Topology};
use ael_events::ids::Lane;
use ael_events::subjects;
use nix::sys::signal::{Signal, kill};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _};
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// The advisory lock under which a lane is projected.
pub fn lane_lock(lane: Lane) -> i64 {
    0x0061_656c_0100 + i64::from(lane.number())
}

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One process whose command line contains this is killed as kill -9 does.
    Kill(&'static str),
    /// One process whose command line contains this is told to stop, in its own way, and started
    /// again by whoever looks after it.
    Restart(&'static str, Signal),
    /// One process whose command line contains this stands still for seconds, and then goes on as
    /// if nothing had happened.
    Pause(&'static str),
    /// The bus loses everything that it kept.
    WipeBus,
    /// Every event is delivered again, to everybody.
    DeliverAgain,
    /// Messages that are no events come into the stream of events.
    Strangers,
    /// Somebody keeps a writing transaction open for seconds.
    LongTransaction,
    /// One lane of events cannot be projected for seconds.
    SlowLane,
    /// A read model is rebuilt, and the rebuilding is killed in the middle.
    KilledRebuild,
}

/// Everything that can go wrong; kills are the most frequent.
pub const EVERYTHING: [Fault; 26] = [
    Fault::Kill("run commands"),
    Fault::Kill("run commands"),
    Fault::Kill("run relay"),
    Fault::Kill("run relay"),
    Fault::Kill("run projections"),
    Fault::Kill("run projections"),
    Fault::Kill("run queries"),
    Fault::Kill("run queries"),
    Fault::Kill("run jobs"),
    Fault::Kill("nats-server"),
    Fault::Kill("nats-server"),
    Fault::Kill("postgres -D"),
    Fault::Kill("postgres -D"),
    Fault::Restart("run commands", Signal::SIGTERM),
    Fault::Restart("nats-server", Signal::SIGTERM),
    // Its fast stop: the smart one waits for everybody to leave.
    Fault::Restart("postgres -D", Signal::SIGINT),
    Fault::Pause("run commands"),
    Fault::Pause("run relay"),
    Fault::Pause("run projections"),
    Fault::Pause("postgres -D"),
    Fault::WipeBus,
    Fault::DeliverAgain,
    Fault::Strangers,
    Fault::LongTransaction,
    Fault::SlowLane,
    Fault::KilledRebuild,
];

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |victim: &'static str| victim.split(' ').rfind(|word| *word != "-D");
        match self {
            Self::Kill(victim) => write!(f, "kill -9 of {}", named(victim).unwrap_or(victim)),
            Self::Restart(victim, _) => write!(f, "restart of {}", named(victim).unwrap_or(victim)),
            Self::Pause(victim) => write!(f, "pause of {}", named(victim).unwrap_or(victim)),
            Self::WipeBus => f.write_str("the bus killed and its files wiped"),
            Self::DeliverAgain => f.write_str("every event delivered again"),
            Self::Strangers => f.write_str("strangers' messages in the stream"),
            Self::LongTransaction => f.write_str("a long writing transaction"),
            Self::SlowLane => f.write_str("a slow lane"),
            Self::KilledRebuild => f.write_str("a rebuild killed in the middle"),
        }
    }
}

/// A maker of faults, the same ones in the same order for the same seed.
pub struct Trouble {
    faults: Vec<Fault>,
    random: StdRng,
    /// What was really done, and how often.
    pub made: BTreeMap<String, usize>,
    /// How many processes were killed as kill -9 does.
    pub kills: usize,
}

impl Trouble {
    /// Trouble of these kinds.
    pub fn new(faults: &[Fault], seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed.wrapping_add(1));
        Self { faults: faults.to_vec(), random, made: BTreeMap::new(), kills: 0 }
    }

    /// How many faults there were.
    pub fn total(&self) -> usize {
        self.made.values().sum()
    }

    /// The next fault, and a number from 0.0 to 1.0 that decides what it leaves open.
    fn next(&mut self) -> (Fault, f64) {
        let fault = self.faults[self.random.random_range(0..self.faults.len())];
        (fault, self.random.random_range(0.0..1.0))
    }

    /// Makes trouble for so long.
    pub async fn make(&mut self, house: &House, how_long: Duration) {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(1_300));
        while begun.elapsed() < how_long {
            ticks.tick().await;
            let (fault, choice) = self.next();
            if hurt(house, fault, choice).await {
                *self.made.entry(fault.to_string()).or_default() += 1;
                self.kills += usize::from(matches!(fault, Fault::Kill(_) | Fault::WipeBus));
            }
        }
    }
}

/// Makes one fault; `choice`, 0.0 to 1.0, decides what is left open. Says whether it could.
async fn hurt(house: &House, fault: Fault, choice: f64) -> bool {
    match fault {
        Fault::Kill(victim) => signal(house, victim, choice, Signal::SIGKILL).is_some(),
        Fault::Restart(victim, how) => signal(house, victim, choice, how).is_some(),
        Fault::Pause(victim) => {
            let Some(pid) = signal(house, victim, choice, Signal::SIGSTOP) else { return false };
            pass(Duration::from_secs_f64(1.0 + 3.0 * choice)).await;
            // It may have been killed while it stood still, by its supervisor.
            kill(pid, Signal::SIGCONT).is_ok()
        }
        Fault::WipeBus => house.wipe_bus(),
        Fault::DeliverAgain => deliver_again(house).await,
        Fault::Strangers => stray(house, choice).await,
        Fault::LongTransaction => {
            let sql = "BEGIN; SELECT pg_current_xact_id()";
            keep_open(house, sql, 1.0 + 3.0 * choice).await
        }
        Fault::SlowLane => {
            let lane = Lane::all().nth(index(choice, Lane::all().len())).unwrap();
            let sql = format!("BEGIN; SELECT pg_advisory_xact_lock({})", lane_lock(lane));
            keep_open(house, &sql, 1.0 + 3.0 * choice).await
        }
        Fault::KilledRebuild => {
            let names =
                ["lead_board", "lead_card", "timeline", "sale_board", "members", "access", "stats"];
            let name = names[index(choice, names.len())];
            let mut rebuild = house.spawn(&["projection", "rebuild", name]);
            pass(Duration::from_secs_f64(0.2 + 2.0 * choice)).await;
            rebuild.kill().is_ok() && rebuild.wait().is_ok()
        }
    }
}

/// The passing of time is the fault itself here, and nothing is expected of it.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a choice from 0.0 to 1.0 among a few"
)]
fn index(choice: f64, among: usize) -> usize {
    ((choice * among as f64) as usize).min(among - 1)
}

fn signal(house: &House, victim: &str, choice: f64, signal: Signal) -> Option<nix::unistd::Pid> {
    let processes = house.processes(victim);
    let pid = *processes.get(index(choice, processes.len().max(1)))?;
    kill(pid, signal).is_ok().then_some(pid)
}

/// Makes the stream anew, so that the relay refills it and everybody hears everything again.
async fn deliver_again(house: &House) -> bool {
    let Some(admin) = house.try_bus("admin").await else { return false };
    let Ok(topology) = Topology::embedded() else { return false };
    topology::recreate_stream(&admin, &topology, subjects::EVENTS).await.is_ok()
}

/// Puts messages into the stream that are no events, as a server's replies can be.
async fn stray(house: &House, choice: f64) -> bool {
    let Some(relay) = house.try_bus("relay").await else { return false };
    let mut kept = false;
    for number in 0..=index(choice, 5) {
        let subject = format!("ael.evt.{number:02}.astray.lead.created");
        kept |= relay.publish_kept(&subject, Headers::new(), "{\"seq\":7}").await.is_ok();
    }
    kept
}

/// Begins a transaction and keeps it open for so long.
async fn keep_open(house: &House, begin: &str, seconds: f64) -> bool {
    let url = house.running().superuser_url().unwrap();
    let Ok(mut connection) = sqlx::PgConnection::connect(url.expose_secret()).await else {
        return false;
    };
    let sql = format!("{begin}; SELECT pg_sleep({seconds}); ROLLBACK");
    connection.execute(sqlx::raw_sql(&sql)).await.is_ok()
}

#[test]
fn the_same_seed_makes_the_same_faults_in_the_same_order() {
    let plan = |seed| {
        let mut trouble = Trouble::new(&EVERYTHING, seed);
        (0..100).map(|_| trouble.next()).collect::<Vec<_>>()
    };
    assert_eq!(plan(7), plan(7));
    assert_ne!(plan(7), plan(8));
}
