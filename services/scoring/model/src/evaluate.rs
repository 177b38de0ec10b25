//! What scores are worth on leads that were not learnt from: every method on the same leads.

use crate::boost::Training;
use crate::measures::{Measures, Ordered, Reliability};
use crate::model::{MIN_OF_EACH, Model, TrainingError};
use crate::naive_bayes::NaiveBayes;
use crate::split::{newest_fifth, stratified, without};
use crate::table::Table;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

/// How a table is divided into leads to learn from and leads to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// By lot: the table in five parts with as many wins each; each part is judged by what was
    /// learnt from the other four, so that every lead is judged once. All of that so many times.
    Stratified {
        /// How many times.
        repeats: usize,
    },
    /// By time: the oldest four fifths are learnt from, the newest fifth is judged.
    Temporal,
}

/// What to do.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How to divide.
    pub split: Split,
    /// The same seed and table give the same figures.
    pub seed: u64,
    /// How many times intervals draw the leads anew.
    pub draws: usize,
    /// How to train.
    pub training: Training,
}

impl Default for Options {
    fn default() -> Self {
        let training = Training::default();
        Self { split: Split::Stratified { repeats: 5 }, seed: 1, draws: 1_000, training }
    }
}

/// Why a table could not be evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// Nothing could be learnt.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// What is left to learn from, when a part is kept aside to judge by, is too little.
    #[error(
        "too few outcomes to judge by: {won} won and {lost} lost in all; a fifth is kept aside to \
         judge by, and of the {learnt_won} won and {learnt_lost} lost that are left {MIN_OF_EACH} \
         of each are needed to learn from"
    )]
    TooFewAside {
        /// Leads won, of all that there are.
        won: usize,
        /// Leads lost.
        lost: usize,
        /// Of those won, how many are left to learn from.
        learnt_won: usize,
        /// Of those lost.
        learnt_lost: usize,
    },
    /// The split by time needs times.
    #[error("the rows have no time: say under `time` in the mapping which column orders them")]
    NoTime,
    /// Nothing could be judged.
    #[error("of the newest fifth {won} leads were won and {lost} lost: there is nothing to judge")]
    NothingToJudge {
        /// Leads won.
        won: usize,
        /// Leads lost.
        lost: usize,
    },
}

/// A way of scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every lead gets the part that was won of those learnt from.
    BaseRate,
    /// The points of the cold-start rules.
    ColdStart,
    /// The frequency table in the style of Odoo.
    NaiveBayes,
    /// Our model.
    Model,
}

/// A range that holds the true figure 95 times of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// From this.
    pub low: f64,
    /// To this.
    pub high: f64,
}

/// The intervals of the figures of [`Measures`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intervals {
    /// Of the AUC.
    pub auc: Interval,
    /// Of the Brier score.
    pub brier: Interval,
    /// Of the log-loss.
    pub log_loss: Interval,
    /// Of the calibration error. Chance alone makes it larger than nothing, and so do draws.
    pub ece: Interval,
    /// Of the lift.
    pub top_decile_lift: Interval,
}

/// What a method is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Which.
    pub method: Method,
    /// Its figures over all predictions together.
    pub measures: Measures,
    /// How far chance may have moved them.
    pub intervals: Intervals,
    /// Promised and come, by tenths of the score.
    pub reliability: Vec<Reliability>,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Leads in the table.
    pub rows: usize,
    /// Of them won.
    pub won: usize,
    /// How they were divided.
    pub split: Split,
    /// The seed.
    pub seed: u64,
    /// Trainings of each method.
    pub trainings: usize,
    /// Predictions judged together: with repeats, several of each lead.
    pub predictions: usize,
    /// The methods; without [`Method::ColdStart`] where the rows are no leads.
    pub methods: Vec<Judged>,
    /// By which part our model's Brier score is below that of the naive Bayes, with its interval.
    pub brier_below_naive_bayes: (f64, Interval),
}

/// Judges every method on leads that it did not learn from. `told` hears how many trainings of how
/// many are done.
///
/// # Errors
/// [`EvaluationError`] where there is too little to learn from or to judge.
pub fn evaluate(
    table: &Table,
    options: &Options,
    mut told: impl FnMut(usize, usize),
) -> Result<Evaluation, EvaluationError> {
    let rounds = divide(table, options)?;
    for (learnt, _) in &rounds {
        enough(table, learnt)?;
    }
    let methods = methods(table);
    let mut scores: Vec<Vec<f64>> = vec![Vec::new(); methods.len()];
    let (mut won, mut leads) = (Vec::new(), Vec::new());
    told(0, rounds.len());
    for (number, (learnt, judged)) in rounds.iter().enumerate() {
        // Copies: what judges a lead cannot have seen it.
        let (past, future) = (table.select(learnt), table.select(judged));
        let seed = options.seed.wrapping_mul(1_000).wrapping_add(number as u64);
        let training = Training { seed, ..options.training };
        for (method, scores) in methods.iter().zip(&mut scores) {
            scores.extend(scored(*method, &past, &future, &training)?);
        }
        won.extend_from_slice(future.won());
        leads.extend_from_slice(judged);
        told(number + 1, rounds.len());
    }
    let ordered: Vec<Ordered> =
        scores.iter().map(|scores| Ordered::new(scores, &won, &leads)).collect();
    let draws = draw(&ordered, table.rows(), &leads, options);
    let judged = |(at, method): (usize, &Method)| Judged {
        method: *method,
        measures: ordered[at].measure(|_| 1.0),
        intervals: intervals(&draws, at),
        reliability: ordered[at].reliability(),
    };
    let methods: Vec<Judged> = methods.iter().enumerate().map(judged).collect();
    let last = methods.len() - 1;
    let below = |of: &[Measures]| 1.0 - of[last].brier / of[last - 1].brier;
    let figures: Vec<Measures> = methods.iter().map(|judged| judged.measures).collect();
    Ok(Evaluation {
        rows: table.rows(),
        won: table.won().iter().filter(|won| **won).count(),
        split: options.split,
        seed: options.seed,
        trainings: rounds.len(),
        predictions: won.len(),
        brier_below_naive_bayes: (below(&figures), interval(&draws, below)),
        methods,
    })
}

/// Whether some rows of a table are enough to learn from.
pub(crate) fn enough(table: &Table, learnt: &[usize]) -> Result<(), EvaluationError> {
    let won = table.won().iter().filter(|won| **won).count();
    let lost = table.rows() - won;
    if won.min(lost) < MIN_OF_EACH {
        return Err(TrainingError::TooFewOutcomes { won, lost }.into());
    }
    let learnt_won = learnt.iter().filter(|row| table.won()[**row]).count();
    let learnt_lost = learnt.len() - learnt_won;
    if learnt_won.min(learnt_lost) < MIN_OF_EACH {
        return Err(EvaluationError::TooFewAside { won, lost, learnt_won, learnt_lost });
    }
    Ok(())
}

/// The naive Bayes and the model come last.
fn methods(table: &Table) -> Vec<Method> {
    let all = [Method::BaseRate, Method::ColdStart, Method::NaiveBayes, Method::Model];
    let applies = |method: &Method| *method != Method::ColdStart || table.points().is_some();
    all.into_iter().filter(applies).collect()
}

type Round = (Vec<usize>, Vec<usize>);

fn divide(table: &Table, options: &Options) -> Result<Vec<Round>, EvaluationError> {
    const PARTS: usize = 5;
    match options.split {
        Split::Stratified { repeats } => {
            let repeat = |number: usize| {
                let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
                let parts = stratified(table.won(), PARTS, seed);
                parts.into_iter().map(|part| (without(&part, table.rows()), part))
            };
            Ok((0..repeats.max(1)).flat_map(repeat).collect())
        }
        Split::Temporal => {
            let times = table.times().ok_or(EvaluationError::NoTime)?;
            let (past, future) = newest_fifth(times);
            let won = future.iter().filter(|row| table.won()[**row]).count();
            let lost = future.len() - won;
            if won == 0 || lost == 0 {
                return Err(EvaluationError::NothingToJudge { won, lost });
            }
            Ok(vec![(past, future)])
        }
    }
}

fn scored(
    method: Method,
    past: &Table,
    future: &Table,
    training: &Training,
) -> Result<Vec<f64>, TrainingError> {
    Ok(match method {
        Method::BaseRate => {
            let won = past.won().iter().filter(|won| **won).count();
            vec![won as f64 / past.rows().max(1) as f64; future.rows()]
        }
        Method::ColdStart => future.points().unwrap_or_default().to_vec(),
        Method::NaiveBayes => NaiveBayes::count(past).scores(future),
        Method::Model => Model::train(past, training)?.scores(future),
    })
}

/// The figures of every method for leads drawn anew, with replacement. A lead is drawn with all
/// its predictions, which are not independent of each other.
fn draw(
    ordered: &[Ordered],
    rows: usize,
    judged: &[usize],
    options: &Options,
) -> Vec<Vec<Measures>> {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(options.seed ^ 0xb007);
    let mut leads = judged.to_vec();
    leads.sort_unstable();
    leads.dedup();
    let mut draws = Vec::with_capacity(options.draws);
    for _ in 0..options.draws {
        let mut times = vec![0.0; rows];
        for _ in 0..leads.len() {
            times[leads[chance.random_range(0..leads.len())]] += 1.0;
        }
        draws.push(ordered.iter().map(|of| of.measure(|lead| times[lead])).collect());
    }
    draws
}

fn intervals(draws: &[Vec<Measures>], at: usize) -> Intervals {
    let of = |figure: fn(&Measures) -> f64| interval(draws, |methods| figure(&methods[at]));
    Intervals {
        auc: of(|measures| measures.auc),
        brier: of(|measures| measures.brier),
        log_loss: of(|measures| measures.log_loss),
        ece: of(|measures| measures.ece),
        top_decile_lift: of(|measures| measures.top_decile_lift),
    }
}

fn interval(draws: &[Vec<Measures>], figure: impl Fn(&[Measures]) -> f64) -> Interval {
    let mut figures: Vec<f64> = draws.iter().map(|methods| figure(methods)).collect();
    figures.retain(|figure| figure.is_finite());
    figures.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let index = (part * figures.len().saturating_sub(1) as f64).round() as usize;
        figures.get(index).copied().unwrap_or(f64::NAN)
    };
    Interval { low: at(0.025), high: at(0.975) }
}
