//! Chance that is the same at every start: SplitMix64, so that the demo's people stay who they are.

/// A source of numbers that look random and are always the same for a seed.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to `below` − 1 (0 when `below` is 0).
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// A whole number between two.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below((to - from + 1).unsigned_abs())).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// One of these words.
    pub fn word(&mut self, all: &[&'static str]) -> &'static str {
        self.of::<&'static str>(all)
    }

    /// One of these; they are never none.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        &all[at.min(all.len().saturating_sub(1))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        let mut chance = Chance::new(7);
        let numbers: Vec<u64> = (0..5).map(|_| chance.below(100)).collect();
        let mut again = Chance::new(7);
        assert_eq!(numbers, (0..5).map(|_| again.below(100)).collect::<Vec<_>>());
        assert!((0..500).map(|_| chance.between(-3, 4)).all(|n| (-3..=4).contains(&n)));
    }
}
