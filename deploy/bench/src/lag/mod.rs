//! From the commit of an event to its commit in the read models, at half of the load that the write
//! path takes, against a bare pipeline without any of the house's promises.
//!
//! Both are read from PostgreSQL's own commit times afterwards, so that nobody disturbs the
//! measuring by looking.

mod bare;

use crate::Sizes;
use crate::append::Kind;
use crate::append::ours::Desk;
use crate::house::{House, Service};
use crate::load::paced;
use crate::measure::{Sample, percentile};
use crate::people::People;
use crate::profile::Profile;
use crate::report::{Figure, Report};
use crate::seed;
use bare::Bare;
use sqlx::PgPool;
use std::time::Duration;

/// How many commands of a paced load may be under way: far more than are ever needed.
const AT_ONCE: usize = 512;
const PATIENCE: Duration = Duration::from_secs(1_800);

/// What a round came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lags {
    /// Each event's lag in milliseconds.
    each_ms: Vec<f64>,
    /// Events that never arrived.
    missed: usize,
}

/// The figures, round by round.
#[derive(Debug, Default)]
struct Rounds {
    p50_ms: Sample,
    p99_ms: Sample,
    missed: usize,
    events: usize,
}

impl Rounds {
    fn take(&mut self, lags: &Lags) {
        self.p50_ms.push(percentile(&lags.each_ms, 0.5));
        self.p99_ms.push(percentile(&lags.each_ms, 0.99));
        self.missed += lags.missed;
        self.events += lags.each_ms.len();
    }
}

/// Measures; `written` is what the write path took, if that is known.
pub(crate) async fn run(
    sizes: &Sizes,
    written: Option<f64>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    house.start(&[Service::Commands]).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Lag").await?;
    let people = People::default();
    let writer = house.writer().await?;
    let leads = seed::leads(&writer, &tenant, &people, sizes.leads(), 1).await?;
    drop(writer);
    let desk = Desk { client, tenant, people, leads };
    let rate = match sizes.rate.or(written.map(|rate| rate / 2.0)) {
        Some(rate) => rate,
        None => desk.load(Kind::Mix, sizes.in_flight, sizes.time()).await?.rate() / 2.0,
    };
    house.start(&[Service::Relay, Service::Projections]).await?;
    let pool = house.superuser(2).await?;
    report.say("lag: the read models catch up");
    house.level(&pool, PATIENCE).await?;
    let bare = Bare::start(&house).await?;

    let (mut ours, mut theirs) = (Rounds::default(), Rounds::default());
    // The first round of each is for warming up.
    for round in 0..=sizes.rounds {
        report.say(&format!("lag: round {round} of {} at {rate:.0} a second", sizes.rounds));
        let profile = Profile::begin(&house, sizes.profile && round == 1).await?;
        let one = our_round(&house, &pool, &desk, rate, sizes.time()).await?;
        profile.tell(one.each_ms.len(), report).await?;
        let profile = Profile::begin(&house, sizes.profile && round == 1).await?;
        let other = bare.round(rate, sizes.time()).await?;
        profile.tell(other.each_ms.len(), report).await?;
        if round > 0 {
            ours.take(&one);
            theirs.take(&other);
        }
    }
    tell(report, rate, &ours, &theirs)
}

fn tell(report: &mut Report, rate: f64, ours: &Rounds, theirs: &Rounds) -> anyhow::Result<()> {
    const BARE: &str = "bare pipeline";
    report.add(Figure::of("lag: load", rate, "commands/s"))?;
    let p50 = Figure::median("lag: commit to visible, p50", &ours.p50_ms, "ms");
    report.add(p50.against(BARE, &theirs.p50_ms).ratio_at_most(2.0))?;
    let p99 = Figure::median("lag: commit to visible, p99", &ours.p99_ms, "ms");
    report.add(p99.against(BARE, &theirs.p99_ms).ratio_at_most(3.0))?;
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let (missed, lost) = (ours.missed as f64, theirs.missed as f64);
    let name = format!("lag: events missed of {}", ours.events + ours.missed);
    report.add(Figure::of(name, missed, "events").at_most(0.0))?;
    report.add(Figure::of("lag: events missed by the bare pipeline", lost, "events"))
}

async fn our_round(
    house: &House,
    pool: &PgPool,
    desk: &Desk,
    rate: f64,
    time: Duration,
) -> anyhow::Result<Lags> {
    let before: i64 =
        sqlx::query_scalar("SELECT max(position) FROM write.events").fetch_one(pool).await?;
    let desk = desk.clone();
    paced(rate, time, AT_ONCE, move |number| {
        let desk = desk.clone();
        async move { desk.one(Kind::Mix, number).await }
    })
    .await?;
    house.level(pool, PATIENCE).await?;
    let version: i32 =
        sqlx::query_scalar("SELECT version FROM read.projections WHERE name = 'timeline'")
            .fetch_one(pool)
            .await?;
    let lags: Vec<Option<f64>> = sqlx::query_scalar(&format!(
        "SELECT (extract(epoch FROM pg_xact_commit_timestamp(t.xmin)
                - pg_xact_commit_timestamp(e.xid::xid)) * 1000)::float8
         FROM write.events e LEFT JOIN rm_timeline_{version}.entries t
           ON t.workspace = e.workspace AND t.subject = e.aggregate_id::uuid
          AND t.event_id = e.event_id
         WHERE e.position > $1 AND e.aggregate_type = 'lead'"
    ))
    .bind(before)
    .fetch_all(pool)
    .await?;
    Ok(Lags::of(lags))
}

impl Lags {
    fn of(lags: Vec<Option<f64>>) -> Self {
        let all = lags.len();
        let each_ms: Vec<f64> = lags.into_iter().flatten().collect();
        Self { missed: all - each_ms.len(), each_ms }
    }
}
