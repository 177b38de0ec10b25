//! What the core survives: processes killed in the middle of a load, servers killed and restarted,
//! the bus wiped, everything delivered again, read models rebuilt.
//!
//! What is looked at afterwards is listed in `docs/reliability.md`, beside the promise that it
//! holds.

use crate::house::House;
use crate::load::{Load, Promised, WRITERS, assert_promises_are_kept, assert_promises_are_told};
use crate::trouble::{self, Fault, Trouble};
use crate::truth::Truth;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// After so long the load pauses and everything is looked at.
const ROUND: Duration = Duration::from_secs(60);
/// Of how many leads the services are asked after each round.
const ASKED: usize = 100;

/// Opens transactions that take numbers and transaction ids, keep them for a while, and roll back.
async fn roll_back(url: String, seed: u64, stop: CancellationToken) -> u64 {
    let mut random = StdRng::seed_from_u64(seed);
    let mut rolled_back = 0;
    while !stop.is_cancelled() {
        let Ok(mut connection) = sqlx::PgConnection::connect(&url).await else {
            tokio::task::yield_now().await;
            continue;
        };
        while !stop.is_cancelled() {
            let held = Duration::from_millis(random.random_range(1..120));
            let sql = format!(
                "BEGIN; SELECT pg_current_xact_id(), nextval('write.events_position'), \
                 pg_sleep({}); ROLLBACK",
                held.as_secs_f64()
            );
            if connection.execute(sqlx::raw_sql(&sql)).await.is_err() {
                break;
            }
            rolled_back += 1;
        }
    }
    rolled_back
}

/// A system under load and in trouble.
struct Trial<'a> {
    house: &'a House,
    truth: Truth<'a>,
    seed: u64,
    begun: Instant,
    trouble: Trouble,
    promised: Promised,
    rolled_back: u64,
    checked: BTreeMap<&'static str, usize>,
}

impl<'a> Trial<'a> {
    fn of(house: &'a House, faults: &[Fault], seed: u64) -> Self {
        let trouble = Trouble::new(faults, seed);
        let (promised, checked) = (Promised::new(), BTreeMap::new());
        let (truth, begun) = (Truth(house), Instant::now());
        Self { house, truth, seed, begun, trouble, promised, rolled_back: 0, checked }
    }

    fn held(&mut self, invariant: &'static str) {
        *self.checked.entry(invariant).or_default() += 1;
    }

    /// A load of commands and trouble at the same time; returns when all commands are acknowledged.
    async fn suffer(&mut self, round: u64, how_long: Duration) {
        let client = self.house.client().await;
        let seed = self.seed.wrapping_add(100 * round);
        let load = Load::begin(&client, self.house.first_workspace(), WRITERS, seed);
        let stop = CancellationToken::new();
        let url = self.house.running().superuser_url().unwrap().expose_secret().to_owned();
        let disturber = tokio::spawn(roll_back(url, seed.wrapping_add(50), stop.clone()));
        self.trouble.make(self.house, how_long).await;
        load.end(&mut self.promised).await;
        stop.cancel();
        self.rolled_back += disturber.await.unwrap();
    }

    async fn look(&mut self) {
        assert_promises_are_kept(&self.truth, &self.promised).await;
        self.held("every acknowledged command is in the store, once");
        self.held("every transferred lead has exactly one sale");
        self.truth.assert_stream_is_the_store().await;
        self.held("the stream is the store's settled order, without a gap in any aggregate");
        self.house.assert_sound();
        self.held("`ael audit verify` is clean: read models = fold of events, hash chain whole");
        let client = self.house.client().await;
        let who = self.house.first_workspace();
        assert_promises_are_told(&client, who, &self.promised, ASKED).await;
        self.held("what was acknowledged is what the services answer");
    }

    async fn replay(&mut self) {
        let lived = self.truth.read_models().await;
        for _ in 0..2 {
            self.house.said_by(&["projection", "rebuild", "--all"]);
            assert_eq!(self.truth.read_models().await, lived, "replayed, it is the same");
        }
        self.held("read models replayed twice are byte for byte those that were lived");
    }

    fn acknowledged(&self) -> u64 {
        self.promised.values().map(|promise| promise.version).sum()
    }

    fn say_where_we_are(&self) {
        let (seconds, commands) = (self.begun.elapsed().as_secs(), self.acknowledged());
        let (faults, kills) = (self.trouble.total(), self.trouble.kills);
        println!(
            "{seconds:>5} s: {faults} faults, {kills} kills; {commands} commands acknowledged"
        );
    }

    fn report(&self) {
        let Self { seed, trouble, promised, .. } = self;
        let messages: u32 = promised.values().map(|promise| promise.messages).sum();
        let sold = promised.values().filter(|promise| promise.transferred).count();
        let minutes = self.begun.elapsed().as_secs_f64() / 60.0;
        println!(
            "seed {seed}, {minutes:.1} minutes: {} faults, {} kills",
            trouble.total(),
            trouble.kills
        );
        for (fault, times) in &trouble.made {
            println!("{times:>7}  {fault}");
        }
        println!("{:>7}  transactions rolled back beside", self.rolled_back);
        println!(
            "{} commands acknowledged: {} leads, {messages} messages, {sold} transfers",
            self.acknowledged(),
            promised.len()
        );
        println!("looked at, how often, and held each time:");
        for (invariant, times) in &self.checked {
            println!("{times:>7}  {invariant}");
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.report();
        let verdict = if std::thread::panicking() { "A PROMISE WAS BROKEN" } else { "all kept" };
        println!("seed {}: {verdict}", self.seed);
    }
}

async fn survive(faults: &[Fault], copies: &str, how_long: Duration, seed: u64) {
    let house = House::start(&["--copies", copies]);
    let version = house.bus("cli").await.server().version;
    println!("seed {seed}, nats-server {version}, {copies} copies of every service");
    let mut trial = Trial::of(&house, faults, seed);
    for round in 0.. {
        let left = how_long.saturating_sub(trial.begun.elapsed());
        if round > 0 && left < Duration::from_secs(5) {
            break;
        }
        trial.suffer(round, left.min(ROUND)).await;
        trial.look().await;
        trial.say_where_we_are();
    }
    trial.replay().await;
    assert!(trial.trouble.total() > 0 && trial.promised.len() > 16, "the test hurt nobody");
}

fn seed() -> u64 {
    let given = std::env::var("AEL_TEST_SEED").ok();
    let read = |seed: String| {
        seed.parse().unwrap_or_else(|_| panic!("AEL_TEST_SEED is a whole number, not {seed:?}"))
    };
    given.map_or_else(|| rand::rng().next_u64() % 1_000_000, read)
}

/// How long the long form goes on: minutes, from `tests/faults.sh`; 25 seconds in the suite.
fn how_long() -> Duration {
    let given = std::env::var("AEL_TEST_MINUTES").ok();
    let read = |text: String| {
        text.parse::<f64>().unwrap_or_else(|_| panic!("AEL_TEST_MINUTES is a number, not {text:?}"))
    };
    let minutes = given.map(read);
    minutes.map_or(Duration::from_secs(25), |minutes| Duration::from_secs_f64(60.0 * minutes))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_that_are_killed_lose_and_double_nothing() {
    survive(&[Fault::Kill("run relay")], "2", Duration::from_secs(12), seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_projectors_that_are_killed_take_each_event_once() {
    let faults = [Fault::Kill("run projections"), Fault::SlowLane, Fault::DeliverAgain];
    survive(&faults, "3", Duration::from_secs(12), seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_no_acknowledged_command_is_lost_or_doubled() {
    survive(&trouble::EVERYTHING, "2", how_long(), seed()).await;
}
