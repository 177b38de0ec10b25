//! Load: so many at once for a while, or so many a second for a while.

use crate::measure::{Run, ms_since};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Keeps so many under way until the time is over; `work` is told their number.
pub(crate) async fn closed<W, F>(at_once: usize, time: Duration, work: W) -> anyhow::Result<Run>
where
    W: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let (next, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut workers = JoinSet::new();
    for _ in 0..at_once.max(1) {
        let (next, work) = (Arc::clone(&next), work.clone());
        workers.spawn(async move {
            let mut each_ms = Vec::new();
            while began.elapsed() < time {
                let one = Instant::now();
                work(next.fetch_add(1, Ordering::Relaxed)).await?;
                each_ms.push(ms_since(one));
            }
            anyhow::Ok(each_ms)
        });
    }
    let mut run = Run::default();
    while let Some(each_ms) = workers.join_next().await {
        run.each_ms.extend(each_ms??);
    }
    run.took = began.elapsed();
    Ok(run)
}

/// Begins so many a second, evenly, whether the ones before are done or not, with a limit of
/// `at_once` under way: what would exceed it begins later.
pub(crate) async fn paced<W, F>(
    a_second: f64,
    time: Duration,
    at_once: usize,
    work: W,
) -> anyhow::Result<Run>
where
    W: Fn(u64) -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    const TICK: Duration = Duration::from_millis(2);
    let (began, room) = (Instant::now(), Arc::new(Semaphore::new(at_once)));
    let mut ticks = tokio::time::interval(TICK);
    let (mut under_way, mut sent, mut run) = (JoinSet::new(), 0_u64, Run::default());
    let all = owed(a_second, time);
    while sent < all {
        ticks.tick().await;
        let owed = owed(a_second, began.elapsed()).min(all);
        while sent < owed {
            let permit = Arc::clone(&room).acquire_owned().await?;
            let (work, number) = (work.clone(), sent);
            sent += 1;
            under_way.spawn(async move {
                let one = Instant::now();
                let done = work(number).await;
                drop(permit);
                done.map(|()| ms_since(one))
            });
        }
        while let Some(done) = under_way.try_join_next() {
            run.each_ms.push(done??);
        }
    }
    while let Some(done) = under_way.join_next().await {
        run.each_ms.push(done??);
    }
    run.took = began.elapsed();
    Ok(run)
}

/// How many should have begun by then.
fn owed(a_second: f64, elapsed: Duration) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number, far below 2^52"
    )]
    let owed = (elapsed.as_secs_f64() * a_second) as u64;
    owed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_paced_load_does_what_is_owed_and_no_more() {
        let time = Duration::from_millis(100);
        let run = paced(1_000.0, time, 8, |_| async { Ok(()) }).await.unwrap();
        assert_eq!(run.each_ms.len(), 100);
    }

    #[tokio::test]
    async fn what_fails_ends_the_run() {
        let time = Duration::from_millis(50);
        let run = closed(2, time, |_| async { anyhow::bail!("broken") }).await;
        assert!(run.is_err());
    }
}
