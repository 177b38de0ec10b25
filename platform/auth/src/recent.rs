//! What was read a moment ago: half a second old at most, counted from before it was read.

use moka::sync::Cache;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How long what was read may be used.
pub(crate) const MAX_AGE: Duration = Duration::from_millis(500);

/// Things found lately, by name. What was not found is not remembered: it may come into being at
/// once.
#[derive(Debug)]
pub(crate) struct Recent<K: Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static> {
    known: Cache<K, (Instant, V)>,
}

impl<K: Hash + Eq + Clone + Send + Sync, V: Clone + Send + Sync> Recent<K, V> {
    pub(crate) fn new(capacity: u64) -> Self {
        Self { known: Cache::builder().max_capacity(capacity).time_to_live(MAX_AGE).build() }
    }

    /// What is known, unless it must be read anew, else what is read now.
    pub(crate) async fn get<E>(
        &self,
        key: K,
        anew: bool,
        read: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        let now = Instant::now();
        if !anew
            && let Some((read_at, value)) = self.known.get(&key)
            && now.duration_since(read_at) < MAX_AGE
        {
            return Ok(Some(value));
        }
        let found = read.await?;
        match &found {
            Some(value) => self.known.insert(key, (now, value.clone())),
            None => self.known.invalidate(&key),
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    async fn get(recent: &Recent<u8, u8>, anew: bool, value: Option<u8>) -> Option<u8> {
        recent.get(1, anew, async { Ok::<_, Infallible>(value) }).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_known_is_used_until_it_has_to_be_read_anew() {
        let recent = Recent::new(10);
        assert_eq!(get(&recent, false, Some(1)).await, Some(1));
        assert_eq!(get(&recent, false, Some(2)).await, Some(1));
        assert_eq!(get(&recent, true, Some(3)).await, Some(3));
        assert_eq!(get(&recent, true, None).await, None);
        assert_eq!(get(&recent, false, Some(4)).await, Some(4), "absence is not remembered");
    }

    #[tokio::test]
    async fn what_was_slow_to_read_is_old_at_once() {
        let recent = Recent::<u8, u8>::new(10);
        recent.known.insert(1, (Instant::now() - MAX_AGE, 1));
        assert_eq!(get(&recent, false, Some(2)).await, Some(2));
    }
}
