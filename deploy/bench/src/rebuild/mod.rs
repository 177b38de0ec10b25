//! Building the lead list anew from the events, against a hand-written scan of the same events, and
//! the memory that it takes.

mod by_hand;
mod raw;

use crate::Sizes;
use crate::house::{House, Service};
use crate::measure::{Sample, per_second};
use crate::people::People;
use crate::process::Usage;
use crate::profile::Profile;
use crate::report::{Figure, Report};
use crate::seed;
use ael_store::DbRole;
use anyhow::Context as _;
use sqlx::PgPool;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many events a lead has.
const EVENTS_EACH: u64 = 5;
const NAME: &str = "lead_board";
const MOST_MB: f64 = 200.0;
const PATIENCE: Duration = Duration::from_secs(3_600);
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    house.start(&[Service::Commands]).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Rebuild").await?;
    house.stop(Service::Commands).await?;
    report.say(&format!("rebuild: writing {} events", sizes.events()));
    let writer = house.writer().await?;
    let leads = sizes.events().div_ceil(usize::try_from(EVENTS_EACH)?);
    seed::leads(&writer, &tenant, &People::default(), leads, EVENTS_EACH).await?;
    drop(writer);
    let pool = house.superuser(4).await?;
    for table in ["write.events", "write.data_keys"] {
        sqlx::query(&format!("VACUUM ANALYZE {table}")).execute(&pool).await?;
    }
    speed(sizes, report, &house, &pool).await?;
    memory(report, &house, &pool).await
}

async fn speed(
    sizes: &Sizes,
    report: &mut Report,
    house: &House,
    pool: &PgPool,
) -> anyhow::Result<()> {
    let projections = house.role_pool(DbRole::Projections, 8).await?;
    let (mut ours, mut theirs, mut raw) = <(Sample, Sample, Sample)>::default();
    // The first round of each is for warming up.
    for round in 0..=sizes.rounds {
        report.say(&format!("rebuild: round {round} of {}", sizes.rounds));
        let began = Instant::now();
        let keyring = Arc::clone(&house.keyring);
        let profile = Profile::begin(house, sizes.profile && round == 1).await?;
        let rebuilt = ael_projections::rebuild(&projections, keyring, NAME, &|_, _| {}).await?;
        let events = usize::try_from(rebuilt.events)?;
        let one = per_second(events, began.elapsed());
        profile.tell(events, report).await?;
        by_hand::make_tables(pool, &format!("rm_{NAME}_{}", rebuilt.version)).await?;
        let began = Instant::now();
        let scanned = by_hand::scan(pool, &house.keyring).await?;
        let other = per_second(scanned, began.elapsed());
        by_hand::is_the_same(pool, &format!("rm_{NAME}_{}", rebuilt.version)).await?;
        let began = Instant::now();
        let read = raw::read_and_copy(pool).await?;
        if round > 0 {
            ours.push(one);
            theirs.push(other);
            raw.push(per_second(read, began.elapsed()));
        }
    }
    let name = "rebuild: lead board";
    let rebuilt = Figure::median(name, &ours, "events/s");
    report.add(rebuilt.clone().against("scan by hand", &theirs).ratio_at_least(0.8))?;
    report.add(rebuilt.against("raw read and COPY of the rows", &raw))
}

async fn memory(report: &mut Report, house: &House, pool: &PgPool) -> anyhow::Result<()> {
    report.say("rebuild: the memory of a rebuild, and of a projector that catches up");
    let (program, home) = house.program_and_home();
    let mut child = tokio::process::Command::new(program)
        .arg("--home")
        .arg(home)
        .args(["projection", "rebuild", NAME, "--json"])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let pid = i32::try_from(child.id().context("a process without an id")?)?;
    let mut peak = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak.max(Usage::of(pid).map_or(0.0, |usage| usage.peak_mb));
        tokio::time::sleep(LOOK).await;
    };
    anyhow::ensure!(status.success(), "`ael projection rebuild` failed: {status}");
    report.add(Figure::of("rebuild: memory of a rebuild, peak", peak, "MB").at_most(MOST_MB))?;

    let began = Instant::now();
    house.start(&[Service::Projections]).await?;
    house.level(pool, PATIENCE).await?;
    let took = began.elapsed();
    let usage = Usage::of(house.process(Service::Projections)?)?;
    let name = "rebuild: memory of the projector after catching up, peak";
    report.add(Figure::of(name, usage.peak_mb, "MB").at_most(MOST_MB))?;
    let events: i64 =
        sqlx::query_scalar("SELECT count(*) FROM write.events").fetch_one(pool).await?;
    let name = "rebuild: the projector catching up, all read models";
    report.add(Figure::of(name, per_second(usize::try_from(events)?, took), "events/s"))
}
