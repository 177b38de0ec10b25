//! One command to an aggregate at a time, within this process: waiting one's turn is cheaper than a
//! conflict. Between processes the append's version check decides.

use std::hash::{BuildHasher as _, RandomState};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

/// How many aggregates can have their turn at once, collisions aside.
const LANES: usize = 4096;

/// The waiting lines.
#[derive(Debug)]
pub(crate) struct Turns {
    lines: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let lines = (0..LANES).map(|_| Mutex::new(())).collect();
        Self { lines, hasher: RandomState::new() }
    }

    /// Waits until no other command to this aggregate is under way here.
    pub(crate) async fn take(&self, aggregate: Uuid) -> MutexGuard<'_, ()> {
        let number = usize::try_from(self.hasher.hash_one(aggregate)).unwrap_or(0) % LANES;
        self.lines[number].lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_commands_to_one_aggregate_take_turns() {
        let (turns, lead) = (Turns::new(), Uuid::now_v7());
        let first = turns.take(lead).await;
        let line = usize::try_from(turns.hasher.hash_one(lead)).unwrap() % LANES;
        assert!(turns.lines[line].try_lock().is_err());
        drop(first);
        assert!(turns.lines[line].try_lock().is_ok());
    }
}
