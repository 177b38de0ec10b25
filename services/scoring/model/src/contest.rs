//! Whether a new model may take the old one's place: by the newest leads, which only the old one
//! could have seen.

use crate::boost::Training;
use crate::evaluate::{EvaluationError, enough};
use crate::measures::{Measures, measure};
use crate::model::Model;
use crate::split::newest_fifth;
use crate::table::Table;

/// A contest on the newest fifth.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// The figures of whoever scores now.
    pub champion: Measures,
    /// The figures of a model that learnt from the oldest four fifths.
    pub challenger: Measures,
    /// How many leads they were judged by.
    pub judged: usize,
    /// The model to use from now on: trained in the same way on everything, the newest fifth
    /// included. `None` when the challenger lost.
    pub winner: Option<Model>,
}

/// Lets a challenger, trained on the oldest four fifths, compete with the champion, which is
/// whatever gives a table scores: a model, the rules, a constant.
///
/// The challenger wins when neither log-loss nor Brier score on the newest fifth gets worse.
///
/// # Errors
/// [`EvaluationError`] without times, or where there is too little to learn from or to judge.
pub fn contest(
    champion: impl Fn(&Table) -> Vec<f64>,
    table: &Table,
    training: &Training,
) -> Result<Contest, EvaluationError> {
    let (past, future) = newest_fifth(table.times().ok_or(EvaluationError::NoTime)?);
    enough(table, &past)?;
    let (past, future) = (table.select(&past), table.select(&future));
    let won = future.won().iter().filter(|won| **won).count();
    let lost = future.rows() - won;
    if won == 0 || lost == 0 {
        return Err(EvaluationError::NothingToJudge { won, lost });
    }
    let challenger = Model::train(&past, training)?;
    let champion = measure(&champion(&future), future.won());
    let challenger = measure(&challenger.scores(&future), future.won());
    let wins = challenger.log_loss <= champion.log_loss && challenger.brier <= champion.brier;
    let winner = if wins { Some(Model::train(table, training)?) } else { None };
    Ok(Contest { champion, challenger, judged: future.rows(), winner })
}
