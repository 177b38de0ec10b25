//! `ael ai train`: learn from how the workspace's own leads ended, here and now.

use super::asker;
use super::models::compared;
use crate::import::progress;
use crate::problem::{Problem, Writing};
use crate::session::Desk;
use ael_scoring::learning::{LearningError, Learnt, learn};
use anyhow::Context as _;
use serde_json::json;

/// Learns, and tells what came of it.
pub async fn run(desk: &Desk) -> anyhow::Result<()> {
    let bar = progress::bar(0, "reading what ended, then learning", desk.out().json);
    let told = |seen: u64| {
        bar.set_length(seen);
        bar.set_position(seen);
    };
    let learnt = learn(&asker(desk), told).await;
    bar.finish_and_clear();
    let learnt = learnt.or_else(unlearnt)?;
    let Learnt { training, model_version, fewer_trees } = &learnt;
    let answer = json!({
        "model_version": model_version, "training": training, "fewer_trees": fewer_trees
    });
    desk.out().answer(&answer, |out| {
        let outcomes = training.outcomes();
        match model_version {
            Some(version) => out.say(format!(
                "{} model {version} scores from now on: learnt from {outcomes} leads that ended",
                out.good("✓")
            ))?,
            None => out.say(format!(
                "{} a model was learnt from {outcomes} leads that ended, but it does worse than \
                 the one that scores: it is not kept",
                out.bad("✗")
            ))?,
        }
        if let Some(trees) = fewer_trees {
            let remark = format!("It has {trees} trees at most: with more it could not be kept.");
            out.say(out.dim(remark))?;
        }
        compared(out, training)
    })
}

/// What was in the way, in words of what to do.
pub fn unlearnt<T>(error: LearningError) -> anyhow::Result<T> {
    let what = error.to_string();
    let advice = match error {
        LearningError::Client(error) => return Err(error).context(Writing),
        LearningError::TooFew { .. } => {
            "Until then leads are scored by the cold-start rules. `ael import leads` brings leads \
             of another system with their outcomes."
        }
        LearningError::Evaluation(_) => {
            "The newest fifth of the outcomes judges a model: leads of both kinds have to be in it."
        }
        LearningError::File(_) => "Go back to another model, or to the rules: ael ai rollback",
        LearningError::Stopped(_) => "Nothing was changed. Try again.",
    };
    Err(Problem::new("nothing_learnt", what, advice).into())
}
