//! Dividing a table: into parts that are alike, or into before and after.

use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;

/// Parts with as many wins each, as far as that goes: the rows of each part.
pub(crate) fn stratified(won: &[bool], parts: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut divided = vec![Vec::new(); parts];
    let mut next = 0;
    for outcome in [true, false] {
        let mut rows: Vec<usize> = (0..won.len()).filter(|row| won[*row] == outcome).collect();
        rows.shuffle(&mut chance);
        for row in rows {
            divided[next % parts].push(row);
            next += 1;
        }
    }
    divided.iter_mut().for_each(|part| part.sort_unstable());
    divided
}

/// Every row that is not in a part.
pub(crate) fn without(part: &[usize], rows: usize) -> Vec<usize> {
    let mut inside = vec![false; rows];
    part.iter().for_each(|row| inside[*row] = true);
    (0..rows).filter(|row| !inside[*row]).collect()
}

/// The oldest four fifths and the newest fifth. Rows of one moment stay together, among the
/// older ones: nothing of a moment is known when it begins.
#[must_use]
pub fn newest_fifth(times: &[f64]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
    let mut first_new = times.len() * 4 / 5;
    while first_new > 0
        && first_new < order.len()
        && times[order[first_new]] == times[order[first_new - 1]]
    {
        first_new += 1;
    }
    let new = order.split_off(first_new);
    (order, new)
}
