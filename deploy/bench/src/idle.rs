//! What the system needs when nothing happens: memory beside PostgreSQL, and processor time.

use crate::Sizes;
use crate::house::{House, Service};
use crate::process::{Usage, usage_of_family};
use crate::report::{Figure, Report};
use std::time::{Duration, Instant};

const POSTGRES: &str = "postgres";
/// Until what a start leaves to do is done.
const SETTLING: Duration = Duration::from_secs(5);

/// Measures.
pub(crate) async fn run(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let house = House::open(sizes, report).await?;
    house.start(&Service::ALL).await?;
    let client = house.client().await?;
    house.found(&client, "Idle").await?;
    drop(client);
    let time = sizes.time().mul_f64(10.0);
    report.say(&format!("idle: watching for {:.0} s", time.as_secs_f64()));
    tokio::time::sleep(SETTLING).await;
    let (before, began) = (look(&house), Instant::now());
    tokio::time::sleep(time).await;
    let (after, took) = (look(&house), began.elapsed());

    let mut all = (Usage::default(), 0.0);
    for ((name, usage), (_, earlier)) in after.iter().zip(&before) {
        let used = usage.processor.saturating_sub(earlier.processor);
        let percent = 100.0 * used.as_secs_f64() / took.as_secs_f64();
        report.add(Figure::of(format!("idle: {name}, resident"), usage.resident_mb, "MB"))?;
        report.add(Figure::of(format!("idle: {name}, processor"), percent, "% of a core"))?;
        if name != POSTGRES {
            all = (all.0.and(*usage), all.1 + percent);
        }
    }
    let beside = "beside PostgreSQL";
    let resident = Figure::of(format!("idle: all {beside}, resident"), all.0.resident_mb, "MB");
    report.add(resident.at_most(150.0))?;
    let shared = format!("idle: all {beside}, shared pages once");
    report.add(Figure::of(shared, all.0.share_mb, "MB"))?;
    let processor = Figure::of(format!("idle: all {beside}, processor"), all.1, "% of a core");
    report.add(processor.at_most(2.0))
}

/// Each process of the stack with what it started, by name.
fn look(house: &House) -> Vec<(String, Usage)> {
    let mut all: Vec<(String, Usage)> =
        house.processes().into_iter().map(|(name, pid)| (name, usage_of_family(pid))).collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}
