//! A model that learnt from outcomes: training it, asking it, keeping it.

use crate::boost::{Booster, Training};
use crate::calibration::Calibration;
use crate::encoder::{Binned, Encoder};
use crate::linear::Linear;
use crate::numbers::{logistic_loss, probability};
use crate::split::{stratified, without};
use crate::table::{Row, Table, Value};
use crate::tree::Tree;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The form in which models are kept. A release reads every form up to its own.
const FORMAT: u32 = 1;
/// Fewer outcomes of a kind than this say nothing about the next one.
pub(crate) const MIN_OF_EACH: usize = 10;
/// Trees between two looks at the leads kept aside.
const STRIDE: usize = 20;
/// A node of a tree names its column in sixteen bits.
const MAX_COLUMNS: usize = 50_000;

/// Why no model could be trained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainingError {
    /// There is too little to learn from.
    #[error(
        "too few outcomes to learn from: {won} won and {lost} lost, and {MIN_OF_EACH} of each are \
         needed"
    )]
    TooFewOutcomes {
        /// Leads won.
        won: usize,
        /// Leads lost.
        lost: usize,
    },
    /// There are more columns than any table of leads has.
    #[error("{0} columns that differ between rows are too many: {MAX_COLUMNS} are the most")]
    TooManyColumns(usize),
}

/// Why a stored model could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoredModelError {
    /// A newer release wrote it.
    #[error("the model is kept in form {0}, and this release knows forms up to {FORMAT}")]
    NewerFormat(u32),
    /// It does not hold together.
    #[error("the stored model is damaged")]
    Damaged,
}

/// What a model says of a lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The score, 0.0 to 1.0.
    pub score: f64,
    /// What it would say of nobody in particular, in log-odds.
    pub start: f64,
    /// What moved it from there, the strongest first. Their sum and `start` are the log-odds of
    /// the score.
    pub pushes: Vec<Push>,
}

/// How a column moved a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// The column.
    pub column: String,
    /// What it holds.
    pub value: Value,
    /// By how much, in log-odds; above 0 is up.
    pub log_odds: f64,
    /// The score less what it would be without this push.
    pub points: f64,
}

/// A trained, calibrated model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Model {
    encoder: Encoder,
    base: f64,
    trees: Vec<Tree>,
    linear: Linear,
    /// The part that the trees have in the score; the rest is the regression's.
    blend: f64,
    calibration: Calibration,
    outcomes: usize,
    won: usize,
    start: f64,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    columns: Encoder,
    #[serde(with = "crate::exact")]
    base: f64,
    trees: Vec<Tree>,
    linear: Linear,
    #[serde(with = "crate::exact")]
    blend: f64,
    calibration: Calibration,
    outcomes: usize,
    won: usize,
}

impl From<Model> for Stored {
    fn from(model: Model) -> Self {
        Self {
            format: FORMAT,
            columns: model.encoder,
            base: model.base,
            trees: model.trees,
            linear: model.linear,
            blend: model.blend,
            calibration: model.calibration,
            outcomes: model.outcomes,
            won: model.won,
        }
    }
}

impl TryFrom<Stored> for Model {
    type Error = StoredModelError;

    fn try_from(stored: Stored) -> Result<Self, StoredModelError> {
        if stored.format > FORMAT {
            return Err(StoredModelError::NewerFormat(stored.format));
        }
        let columns = stored.columns.columns.len();
        let Calibration { slope, shift } = stored.calibration;
        let sound = stored.trees.iter().all(|tree| tree.is_sound(columns))
            && stored.linear.is_sound()
            && [stored.base, slope, shift].iter().all(|number| number.is_finite())
            && (0.0..=1.0).contains(&stored.blend);
        if sound { Ok(Self::of(stored)) } else { Err(StoredModelError::Damaged) }
    }
}

impl Model {
    fn of(stored: Stored) -> Self {
        let Stored { columns, base, trees, linear, blend, calibration, outcomes, won, .. } = stored;
        let roots: f64 = trees.iter().map(Tree::root).sum();
        let start = calibration.apply(blend * (base + roots) + (1.0 - blend) * linear.base());
        Self { encoder: columns, base, trees, linear, blend, calibration, outcomes, won, start }
    }

    /// Learns from a table.
    ///
    /// The number of trees and the calibration come from leads that the trees judging them had not
    /// seen: the table's parts take turns in being kept aside. Then all of it is learnt from.
    ///
    /// # Errors
    /// [`TrainingError`] where there is too little to learn from.
    pub fn train(table: &Table, training: &Training) -> Result<Self, TrainingError> {
        let won = table.won();
        let wins = won.iter().filter(|won| **won).count();
        if wins.min(won.len() - wins) < MIN_OF_EACH {
            return Err(TrainingError::TooFewOutcomes { won: wins, lost: won.len() - wins });
        }
        let encoder = Encoder::of(table);
        if encoder.columns.len() > MAX_COLUMNS {
            return Err(TrainingError::TooManyColumns(encoder.columns.len()));
        }
        let binned = encoder.table(table);
        let parts = stratified(won, training.folds.clamp(2, wins), training.seed);
        let rests: Vec<Vec<usize>> = parts.iter().map(|part| without(part, won.len())).collect();
        let mut boosters: Vec<Booster> = Vec::with_capacity(parts.len());
        for (number, (part, rest)) in (1..).zip(parts.iter().zip(&rests)) {
            let divided = (rest.as_slice(), part.as_slice());
            boosters.push(Booster::new(&encoder, &binned, won, divided, (training, number)));
        }
        let rounds = rounds_that_help(&mut boosters, training);
        let aside = Aside::ask(&boosters, (&encoder, &binned, won), rounds, training);
        let blend = aside.best_blend(won);
        let calibration = Calibration::fit(&aside.blended(blend), won);
        drop(boosters);
        let all: Vec<usize> = (0..won.len()).collect();
        let mut last = Booster::new(&encoder, &binned, won, (&all, &[]), (training, 0));
        last.advance(if blend > 0.0 { rounds } else { 0 });
        let Booster { base, trees, .. } = last;
        let linear = Linear::fit(&encoder, &binned, won, &all);
        Ok(Self::of(Stored {
            format: FORMAT,
            columns: encoder,
            base,
            trees,
            linear,
            blend,
            calibration,
            outcomes: won.len(),
            won: wins,
        }))
    }

    /// How many outcomes it learnt from.
    #[must_use]
    pub const fn outcomes(&self) -> usize {
        self.outcomes
    }

    /// How many of them were won.
    #[must_use]
    pub const fn won(&self) -> usize {
        self.won
    }

    /// How many trees it has; none when no column says anything about the end.
    #[must_use]
    pub const fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The score of a lead, 0.0 to 1.0.
    #[must_use]
    pub fn score(&self, row: &Row) -> f64 {
        let bins = self.encoder.row(row);
        self.score_of(|column| bins[column])
    }

    /// The scores of a table's rows.
    #[must_use]
    pub fn scores(&self, table: &Table) -> Vec<f64> {
        let binned = self.encoder.table(table);
        (0..table.rows()).map(|row| self.score_of(|column| binned.columns[column][row])).collect()
    }

    fn score_of(&self, bin: impl Fn(usize) -> u8 + Copy) -> f64 {
        let trees: f64 = self.trees.iter().map(|tree| tree.walk(bin, |_, _| {})).sum();
        let blended = self.blend * (self.base + trees) + (1.0 - self.blend) * self.linear.says(bin);
        probability(self.calibration.apply(blended))
    }

    /// The score with what pushed it up and down.
    ///
    /// Each question that a tree asks moves its answer; the move counts for the column that was
    /// asked about. What the regression adds for a value counts for its column anyhow.
    #[must_use]
    pub fn explain(&self, row: &Row) -> Explanation {
        let bins = self.encoder.row(row);
        let mut moved = vec![0.0; bins.len()];
        for tree in &self.trees {
            tree.walk(|column| bins[column], |column, by| moved[column] += f64::from(by));
        }
        for (column, (moved, bin)) in moved.iter_mut().zip(&bins).enumerate() {
            *moved = self.blend * *moved + (1.0 - self.blend) * self.linear.add(column, *bin);
        }
        let slope = self.calibration.slope;
        let total = self.start + slope * moved.iter().sum::<f64>();
        let score = probability(total);
        let values: HashMap<&str, &Value> =
            row.0.iter().map(|(name, value)| (name.as_ref(), value)).collect();
        let mut pushes: Vec<Push> = self
            .encoder
            .columns
            .iter()
            .zip(moved)
            .filter(|(_, by)| *by != 0.0)
            .map(|(known, by)| {
                let value =
                    values.get(known.name.as_str()).map_or(Value::Missing, |v| (*v).clone());
                let log_odds = slope * by;
                let points = score - probability(total - log_odds);
                Push { column: known.name.clone(), value, log_odds, points }
            })
            .collect();
        pushes.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
        Explanation { score, start: self.start, pushes }
    }
}

/// A part of the table kept aside, while it is asked about.
struct Asked<'b, 't> {
    booster: &'b Booster<'t>,
    trees: Vec<(usize, f64)>,
    linear: Linear,
}

/// What is said of leads by what had not learnt from them.
struct Aside {
    trees: Vec<f64>,
    linear: Vec<f64>,
}

impl Aside {
    fn ask(
        boosters: &[Booster],
        (columns, table, won): (&Encoder, &Binned, &[bool]),
        rounds: usize,
        training: &Training,
    ) -> Self {
        let mut all = Self { trees: vec![0.0; won.len()], linear: vec![0.0; won.len()] };
        let asked = |booster| Asked { booster, trees: Vec::new(), linear: Linear::default() };
        let mut asked: Vec<Asked> = boosters.iter().map(asked).collect();
        in_threads(&mut asked, training.threads, |asked| {
            asked.trees = asked.booster.said_aside(rounds);
            asked.linear = Linear::fit(columns, table, won, asked.booster.learns());
        });
        for of in &asked {
            for (row, says) in &of.trees {
                all.trees[*row] = *says;
                all.linear[*row] = of.linear.says(|column| table.columns[column][*row]);
            }
        }
        all
    }

    fn blended(&self, blend: f64) -> Vec<f64> {
        let both = self.trees.iter().zip(&self.linear);
        both.map(|(trees, linear)| blend * trees + (1.0 - blend) * linear).collect()
    }

    /// The part of the trees that says most about these leads, in tenths.
    fn best_blend(&self, won: &[bool]) -> f64 {
        let loss = |blend: f64| -> f64 {
            let blended = self.blended(blend);
            blended.iter().zip(won).map(|(says, won)| logistic_loss(*says, *won)).sum()
        };
        let blends = (0..=10).map(|tenths| f64::from(tenths) / 10.0);
        let losses = blends.map(|blend| (blend, loss(blend)));
        losses.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(1.0, |(blend, _)| blend)
    }
}

/// Grows all of them until more trees no longer help the leads kept aside; how many did.
fn rounds_that_help(boosters: &mut [Booster], training: &Training) -> usize {
    let rows: f64 = boosters.iter().map(|booster| booster.nothing_said()).sum();
    let (mut best, mut least) = (0, rows);
    let mut grown = 0;
    while grown < training.max_rounds && grown - best < training.patience + STRIDE {
        let stride = STRIDE.min(training.max_rounds - grown);
        in_threads(boosters, training.threads, |booster| booster.advance(stride));
        for round in grown..grown + stride {
            let loss: f64 = boosters.iter().map(|booster| booster.losses[round]).sum();
            if loss < least {
                (best, least) = (round + 1, loss);
            }
        }
        grown += stride;
    }
    best
}

/// Each does its own work, so that the number of threads changes nothing but the time.
fn in_threads<T: Send>(all: &mut [T], threads: usize, work: impl Fn(&mut T) + Sync) {
    let at_once = all.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for some in all.chunks_mut(at_once) {
            scope.spawn(|| some.iter_mut().for_each(&work));
        }
    });
}
