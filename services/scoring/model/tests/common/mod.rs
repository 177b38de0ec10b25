//! Tables whose truth is known, for the tests of the model.

use ael_scoring_model::{Row, Table, TableBuilder, Value, probability};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// Leads whose visits and channel decide, with a column of mere noise; every tenth cell is empty.
pub fn leads(rows: usize, seed: u64) -> Table {
    of(rows, seed, |visits, channel| 2.0 * visits + if channel == 2 { 1.5 } else { -0.5 })
}

/// Leads with nothing to be known of their end.
pub fn coins(rows: usize, seed: u64) -> Table {
    of(rows, seed, |_, _| -0.8)
}

fn of(rows: usize, seed: u64, truth: fn(f64, usize) -> f64) -> Table {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut builder = TableBuilder::new();
    for number in 0..rows {
        let visits: f64 = chance.random_range(-1.0..1.0);
        let channel = chance.random_range(0..4);
        let mut row = Row::default()
            .with("channel", Value::word(format!("channel {channel}")))
            .with("noise", Value::Number(chance.random_range(0.0..1.0)));
        if chance.random_bool(0.9) {
            row = row.with("visits", Value::Number(visits));
        }
        let won = chance.random_bool(probability(truth(visits, channel)));
        builder.push(row, won, Some(number as f64), None);
    }
    builder.finish()
}
