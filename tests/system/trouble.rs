//! Faults made on purpose, chosen by a seed: what is killed, paused, wiped or given twice, and
//! when.

use crate::house::House;
use ael_bus::topology::{self, Topology};
use ael_events::subjects;
use nix::sys::signal::{Signal, kill};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One process whose command line contains this is killed as kill -9 does.
    Kill(&'static str),
    /// One process whose command line contains this stands still for seconds, and then goes on as
    /// if nothing had happened.
    Pause(&'static str),
    /// The bus loses everything that it kept.
    WipeBus,
    /// Every event is delivered again, to everybody.
    DeliverAgain,
    /// Somebody keeps a writing transaction open for seconds.
    LongTransaction,
    /// A read model is rebuilt, and the rebuilding is killed in the middle.
    KilledRebuild,
}

/// Everything that can go wrong; kills are the most frequent.
pub const EVERYTHING: [Fault; 20] = [
    Fault::Kill("run commands"),
    Fault::Kill("run commands"),
    Fault::Kill("run relay"),
    Fault::Kill("run relay"),
    Fault::Kill("run projections"),
    Fault::Kill("run projections"),
    Fault::Kill("run queries"),
    Fault::Kill("run jobs"),
    Fault::Kill("nats-server"),
    Fault::Kill("nats-server"),
    Fault::Kill("postgres -D"),
    Fault::Kill("postgres -D"),
    Fault::Pause("run commands"),
    Fault::Pause("run relay"),
    Fault::Pause("run projections"),
    Fault::Pause("postgres -D"),
    Fault::WipeBus,
    Fault::DeliverAgain,
    Fault::LongTransaction,
    Fault::KilledRebuild,
];

/// A maker of faults, the same ones in the same order for the same seed.
pub struct Trouble {
    faults: Vec<Fault>,
    random: StdRng,
    /// What was really done, and how often.
    pub made: BTreeMap<String, usize>,
}

impl Trouble {
    /// Trouble of these kinds.
    pub fn new(faults: &[Fault], seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed.wrapping_add(1));
        Self { faults: faults.to_vec(), random, made: BTreeMap::new() }
    }

    /// How many faults there were.
    pub fn total(&self) -> usize {
        self.made.values().sum()
    }

    /// Makes trouble for so long.
    pub async fn make(&mut self, house: &House, how_long: Duration) {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(900));
        while begun.elapsed() < how_long {
            ticks.tick().await;
            let fault = self.faults[self.random.random_range(0..self.faults.len())];
            let choice = self.random.random_range(0.0..1.0);
            if hurt(house, fault, choice).await {
                *self.made.entry(format!("{fault:?}")).or_default() += 1;
            }
        }
    }
}

/// Makes one fault; `choice`, 0.0 to 1.0, decides what is left open. Says whether it could.
async fn hurt(house: &House, fault: Fault, choice: f64) -> bool {
    match fault {
        Fault::Kill(victim) => signal(house, victim, choice, Signal::SIGKILL).is_some(),
        Fault::Pause(victim) => {
            let Some(pid) = signal(house, victim, choice, Signal::SIGSTOP) else { return false };
            pass(Duration::from_secs_f64(1.0 + 3.0 * choice)).await;
            // It may have been killed while it stood still, by its supervisor.
            kill(pid, Signal::SIGCONT).is_ok()
        }
        Fault::WipeBus => wipe(house),
        Fault::DeliverAgain => deliver_again(house).await,
        Fault::LongTransaction => keep_open(house, 1.0 + 3.0 * choice).await,
        Fault::KilledRebuild => {
            let names = ["lead_board", "lead_card", "timeline", "sale_board", "members", "stats"];
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

/// Kills the server and removes its files; should it be back in between, it is killed once more.
fn wipe(house: &House) -> bool {
    let hurt = house.kill_all("nats-server") > 0;
    let folder = house.nats_folder().join("jetstream");
    house.until("the bus's files to be gone", || match std::fs::remove_dir_all(&folder) {
        Ok(()) => Some(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(()),
        Err(_) => None,
    });
    house.kill_all("nats-server");
    hurt
}

/// Makes the stream anew, so that the relay refills it and everybody hears everything again.
async fn deliver_again(house: &House) -> bool {
    let Some(admin) = house.try_bus("admin").await else { return false };
    let Ok(topology) = Topology::embedded() else { return false };
    topology::recreate_stream(&admin, &topology, subjects::EVENTS).await.is_ok()
}

async fn keep_open(house: &House, seconds: f64) -> bool {
    let url = house.running().superuser_url().unwrap();
    let Ok(mut connection) = sqlx::PgConnection::connect(url.expose_secret()).await else {
        return false;
    };
    let sql = format!("BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep({seconds}); ROLLBACK");
    connection.execute(sqlx::raw_sql(&sql)).await.is_ok()
}
