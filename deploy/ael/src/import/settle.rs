//! After the last row: waiting until the read models show what was written, and until the sales of
//! the won leads are open, so that the next question is answered with all of it.

use super::progress;
use crate::output::remark;
use crate::session::Desk;
use ael_events::answer::Accepted;
use ael_events::ids::Lane;
use ael_events::order::PositionToken;
use ael_events::query::{Query, Statistics};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long nothing may move before we stop waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an import wrote.
#[derive(Debug, Default)]
pub struct Written {
    last: BTreeMap<Lane, PositionToken>,
    won: u64,
}

impl Written {
    /// Notes a write.
    pub fn note(&mut self, accepted: &Accepted, won: bool) {
        self.won += u64::from(won);
        if let Some(position) = accepted.position {
            let last = self.last.entry(position.lane).or_insert(position);
            if last.order < position.order {
                *last = position;
            }
        }
    }
}

/// Waits until the read models show it all, but not longer than they make progress.
pub async fn wait(
    desk: &Desk,
    written: &Written,
    converted_before: u64,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    if written.last.is_empty() {
        return Ok(());
    }
    let bar = progress::bar(written.won.max(1), "settling", desk.out().json);
    let mut deadline = Instant::now() + PATIENCE;
    let mut seen = 0;
    for token in written.last.values() {
        while !stop.is_cancelled() && Instant::now() < deadline {
            // Answered only when the lane has come so far, or refused after a while.
            if desk.ask_after::<Statistics>(Query::Statistics {}, Some(*token)).await.is_ok() {
                deadline = Instant::now() + PATIENCE;
                break;
            }
        }
    }
    while seen < written.won && !stop.is_cancelled() && Instant::now() < deadline {
        let numbers: Statistics = desk.ask(Query::Statistics {}).await?;
        let now = numbers.overview.converted.saturating_sub(converted_before);
        if now > seen {
            seen = now;
            deadline = Instant::now() + PATIENCE;
        }
        bar.set_position(seen);
        bar.set_prefix(format!("{seen} of {} sales open", written.won));
        if seen < written.won {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
    bar.finish_and_clear();
    if seen < written.won {
        let missing = written.won - seen;
        remark(format!(
            "note: the sales of {missing} won leads are not open yet; they follow by themselves \
             (is the jobs service running?)"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::order::Order;
    use uuid::Uuid;

    #[test]
    fn of_each_lane_the_last_write_is_waited_for() {
        let accepted = |lane: u8, position| Accepted {
            aggregate_id: Uuid::nil(),
            version: 1,
            position: Some(PositionToken {
                lane: lane.try_into().unwrap(),
                order: Order { incarnation: 1, xid: 9, position },
            }),
            repeated: false,
        };
        let mut written = Written::default();
        for (lane, position, won) in [(1, 5, true), (2, 6, false), (1, 9, true), (1, 7, false)] {
            written.note(&accepted(lane, position), won);
        }
        let last: Vec<i64> = written.last.values().map(|token| token.order.position).collect();
        assert_eq!(last, [9, 6]);
        assert_eq!(written.won, 2);
    }
}
