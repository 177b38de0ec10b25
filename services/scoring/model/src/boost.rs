//! Gradient boosting: each tree mends a little of what the ones before it got wrong.

use crate::encoder::{Binned, Encoder};
use crate::numbers::{log_odds, logistic_loss, probability};
use crate::tree::{Grower, Growth, Tree};
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::index::sample;
use rand::{RngExt as _, SeedableRng as _};

/// How a model is trained. The defaults are meant for tables that nobody has seen: small steps,
/// small trees, and as many of them as leads kept aside agree with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// The same seed and the same table give the same model.
    pub seed: u64,
    /// Parts of the table that take turns in being kept aside.
    pub folds: usize,
    /// Trees at most.
    pub max_rounds: usize,
    /// How many trees in a row may fail to help before that is taken for the end.
    pub patience: usize,
    /// How much of its correction a tree may make, for up to 5,000 leads; more for more, where
    /// it takes more trees to say what there is to say.
    pub rate: f64,
    /// The part of the rows and of the columns that a tree sees.
    pub rows_part: f64,
    /// See `rows_part`.
    pub columns_part: f64,
    /// How much a leaf is held back to saying nothing.
    pub ridge: f64,
    /// Threads at most.
    pub threads: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            seed: 1,
            folds: 5,
            max_rounds: 800,
            patience: 60,
            rate: 0.03,
            rows_part: 0.8,
            columns_part: 0.5,
            ridge: 2.0,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

impl Training {
    /// Trees grow with the table: what a few hundred leads say of a combination is chance.
    pub(crate) fn growth(&self, rows: usize) -> Growth {
        let thousands = rows as f64 / 1_000.0;
        Growth {
            leaves: (4.0 + 3.0 * thousands.max(1.0).log2()).clamp(4.0, 31.0) as usize,
            depth: 8,
            min_rows: (rows / 50).clamp(3, 20) as u32,
            min_weight: 0.2,
            ridge: self.ridge,
            words_ridge: 8.0,
            rate: self.rate * (thousands / 5.0).powf(0.45).clamp(1.0, 4.0),
        }
    }
}

/// Trees under way on some rows of a table, and what they say of all its rows.
pub(crate) struct Booster<'t> {
    pub(crate) base: f64,
    pub(crate) trees: Vec<Tree>,
    /// The loss on the rows kept aside after each tree.
    pub(crate) losses: Vec<f64>,
    table: &'t Binned,
    won: &'t [bool],
    learns: &'t [usize],
    aside: &'t [usize],
    says: Vec<f64>,
    gradients: Vec<f64>,
    weights: Vec<f64>,
    grower: Grower<'t>,
    chance: Xoshiro256PlusPlus,
    rows_part: f64,
    columns: usize,
    columns_at_once: usize,
}

impl<'t> Booster<'t> {
    pub(crate) fn new(
        columns: &'t Encoder,
        table: &'t Binned,
        won: &'t [bool],
        (learns, aside): (&'t [usize], &'t [usize]),
        (training, seed): (&Training, u64),
    ) -> Self {
        let wins = learns.iter().filter(|row| won[**row]).count();
        let base = log_odds((wins as f64 + 0.5) / (learns.len() as f64 + 1.0));
        let count = columns.columns.len();
        let at_once = (count as f64 * training.columns_part).ceil() as usize;
        Self {
            base,
            trees: Vec::new(),
            losses: Vec::new(),
            table,
            won,
            learns,
            aside,
            says: vec![base; won.len()],
            gradients: vec![0.0; won.len()],
            weights: vec![0.0; won.len()],
            grower: Grower::new(table, columns, training.growth(learns.len())),
            chance: Xoshiro256PlusPlus::seed_from_u64(training.seed ^ (seed << 32)),
            rows_part: training.rows_part,
            columns: count,
            columns_at_once: at_once.max(count.min(3)),
        }
    }

    pub(crate) const fn learns(&self) -> &'t [usize] {
        self.learns
    }

    /// The loss on the rows kept aside before there is any tree.
    pub(crate) fn nothing_said(&self) -> f64 {
        self.aside.iter().map(|row| logistic_loss(self.base, self.won[*row])).sum()
    }

    /// Adds so many trees.
    pub(crate) fn advance(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let mut rows = Vec::with_capacity(self.learns.len());
            for row in self.learns {
                let p = probability(self.says[*row]);
                self.gradients[*row] = p - f64::from(u8::from(self.won[*row]));
                self.weights[*row] = (p * (1.0 - p)).max(1e-9);
                if self.chance.random_bool(self.rows_part) {
                    rows.push(u32::try_from(*row).unwrap_or(u32::MAX));
                }
            }
            let mut columns =
                sample(&mut self.chance, self.columns, self.columns_at_once).into_vec();
            columns.sort_unstable();
            let tree = self.grower.grow(rows, &columns, &self.gradients, &self.weights);
            let mut loss = 0.0;
            for row in self.learns.iter().chain(self.aside) {
                let bin = |column: usize| self.table.columns[column][*row];
                self.says[*row] += tree.walk(bin, |_, _| {});
            }
            for row in self.aside {
                loss += logistic_loss(self.says[*row], self.won[*row]);
            }
            self.losses.push(loss);
            self.trees.push(tree);
        }
    }

    /// What the first so many trees say of the rows kept aside.
    pub(crate) fn said_aside(&self, rounds: usize) -> Vec<(usize, f64)> {
        let says = |row: &usize| {
            let bin = |column: usize| self.table.columns[column][*row];
            let trees = self.trees.iter().take(rounds);
            let sum: f64 = trees.map(|tree| tree.walk(bin, |_, _| {})).sum();
            (*row, self.base + sum)
        };
        self.aside.iter().map(says).collect()
    }
}
