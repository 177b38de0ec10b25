//! What was told a moment ago, so that it is not told again when it is read besides. Pure.

use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

/// The newest version that was told of each thing, and as the how-manieth notice; of so many things
/// at most. What is forgotten is told twice, which harms nobody.
#[derive(Debug)]
pub struct Recent {
    most: usize,
    told: HashMap<Uuid, (u64, u64)>,
    order: VecDeque<Uuid>,
}

impl Recent {
    /// Of so many things.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, told: HashMap::new(), order: VecDeque::new() }
    }

    /// Notes what is told.
    pub fn note(&mut self, id: Uuid, version: u64, number: u64) {
        if let Some(told) = self.told.get_mut(&id) {
            if version >= told.0 {
                *told = (version, number);
            }
            return;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.told.remove(&oldest);
        }
        self.told.insert(id, (version, number));
        self.order.push_back(id);
    }

    /// The notice by which this version, or a newer one, was told.
    #[must_use]
    pub fn number_of(&self, id: Uuid, version: u64) -> Option<u64> {
        self.told.get(&id).filter(|told| told.0 >= version).map(|told| told.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_in_this_or_a_newer_version_was_told() {
        let mut recent = Recent::new(2);
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        recent.note(one, 3, 10);
        assert_eq!(recent.number_of(one, 3), Some(10));
        assert_eq!(recent.number_of(one, 2), Some(10));
        assert_eq!(recent.number_of(one, 4), None);
        assert_eq!(recent.number_of(two, 1), None);
        recent.note(one, 2, 11);
        assert_eq!(recent.number_of(one, 3), Some(10), "an older one does not tell the newer");
        recent.note(one, 3, 12);
        assert_eq!(recent.number_of(one, 3), Some(12));
        recent.note(two, 1, 12);
        recent.note(three, 1, 13);
        assert_eq!(recent.number_of(one, 1), None, "the oldest is forgotten");
        assert_eq!(recent.number_of(three, 1), Some(13));
    }
}
