//! Commands a second through the whole write path, against single-row inserts of the same bytes and
//! against the stock event store doing the same commands in-process.

pub(crate) mod ours;
mod plain;
mod stock;

use crate::Sizes;
use crate::house::{House, Service};
use crate::load::closed;
use crate::measure::{Run, Sample, percentile};
use crate::people::People;
use crate::profile::Profile;
use crate::report::{Figure, Report};
use crate::seed;
use ours::Desk;
use plain::Plain;
use stock::Stock;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One new lead to four messages.
    Mix,
    /// New leads with contacts.
    Create,
    /// Messages logged on existing leads.
    Log,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Mix, Self::Create, Self::Log];

    /// Whether the command of this number enters a lead.
    pub(crate) const fn creates(self, number: u64) -> bool {
        match self {
            Self::Mix => number.is_multiple_of(5),
            Self::Create => true,
            Self::Log => false,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Mix => "append: 20 % create, 80 % log-message",
            Self::Create => "append: create with contact",
            Self::Log => "append: log-message",
        }
    }
}

/// The figures of one kind, round by round.
#[derive(Debug, Default)]
struct Rounds {
    ours: Sample,
    plain: Sample,
    stock: Sample,
    p50_ms: Sample,
    p99_ms: Sample,
}

/// Measures; gives the commands a second of the mix.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<f64> {
    let house = House::open(sizes, report).await?;
    house.start(&[Service::Commands]).await?;
    let client = house.client().await?;
    let tenant = house.found(&client, "Append").await?;
    let people = People::default();
    report.say(&format!("append: writing {} leads that are there before", sizes.leads()));
    let writer = house.writer().await?;
    let leads = seed::leads(&writer, &tenant, &people, sizes.leads(), 1).await?;
    drop(writer);
    let desk = Desk { client, tenant, people: people.clone(), leads: leads.clone() };
    desk.load(Kind::Mix, sizes.in_flight, sizes.time()).await?;
    let plain = Plain::prepare(&house).await?;
    let clients = plain.best_client_count(sizes.time().div_f64(2.0), report).await?;
    let stock = Stock::prepare(&house, &people, &leads, clients).await?;
    stock.load(Kind::Mix, sizes.in_flight, sizes.time().div_f64(2.0)).await?;

    if sizes.profile {
        for kind in Kind::ALL {
            report.say(&format!("profile of {}", kind.name()));
            let profile = Profile::begin(&house, true).await?;
            let run = desk.load(kind, sizes.in_flight, sizes.time()).await?;
            profile.tell(run.each_ms.len(), report).await?;
            report.say(&format!("profile of {}: plain INSERT", kind.name()));
            let profile = Profile::begin(&house, true).await?;
            let run = plain.load(kind, clients, sizes.time()).await?;
            profile.tell(run.each_ms.len(), report).await?;
        }
    }
    let mut rounds = [Rounds::default(), Rounds::default(), Rounds::default()];
    for round in 1..=sizes.rounds {
        report.say(&format!("append: round {round} of {}", sizes.rounds));
        for (kind, rounds) in Kind::ALL.into_iter().zip(&mut rounds) {
            let run = desk.load(kind, sizes.in_flight, sizes.time()).await?;
            rounds.take(&run);
            rounds.plain.push(plain.load(kind, clients, sizes.time()).await?.rate());
            rounds.stock.push(stock.load(kind, sizes.in_flight, sizes.time()).await?.rate());
        }
    }
    for (kind, rounds) in Kind::ALL.into_iter().zip(&rounds) {
        rounds.tell(kind, report)?;
    }
    Ok(rounds.first().map_or(0.0, |mix| mix.ours.median()))
}

impl Rounds {
    fn take(&mut self, run: &Run) {
        self.ours.push(run.rate());
        self.p50_ms.push(percentile(&run.each_ms, 0.5));
        self.p99_ms.push(percentile(&run.each_ms, 0.99));
    }

    fn tell(&self, kind: Kind, report: &mut Report) -> anyhow::Result<()> {
        let name = kind.name();
        let ours = |to: &str| Figure::median(format!("{name}{to}"), &self.ours, "commands/s");
        report.add(ours("").against("plain INSERT", &self.plain).ratio_at_least(1.0))?;
        report.add(ours("").against("postgres-es", &self.stock).ratio_at_least(2.0))?;
        report.add(Figure::median(format!("{name}, p50"), &self.p50_ms, "ms"))?;
        report.add(Figure::median(format!("{name}, p99"), &self.p99_ms, "ms"))
    }
}

impl Desk {
    /// Gives commands, so many at once, for a while.
    pub(crate) async fn load(
        &self,
        kind: Kind,
        at_once: usize,
        time: std::time::Duration,
    ) -> anyhow::Result<Run> {
        let desk = self.clone();
        closed(at_once, time, move |number| {
            let desk = desk.clone();
            async move { desk.one(kind, number).await }
        })
        .await
    }
}
