//! What can have happened to the advisor of a workspace: the models that it learnt, and which of
//! them scores.

use super::lead::Usage;
use crate::values::{ModelFile, ModelName};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::events! {
    /// An event of a workspace's advisor.
    AdvisorEvent {
        /// A model was trained, did not do worse than who scored before, and scores from now on.
        "advisor.model_trained.v1" => ModelTrained(ModelTrained),
        /// A model was trained, did worse, and is not kept.
        "advisor.challenger_refused.v1" => ChallengerRefused(ChallengerRefused),
        /// An older model, or the rules, score again.
        "advisor.rolled_back.v1" => RolledBack(ModelRolledBack),
        /// A model outside was asked for something else than an analysis: the assistant's part of
        /// what is spent. What was said is nobody's business.
        "advisor.consulted.v1" => Consulted(Consulted),
    }
}

/// How good scores were on leads that whoever gave them had not seen the end of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The chance that a won lead has the higher score than a lost one, 0 to 1.
    pub auc: f64,
    /// The mean squared distance of the score from what happened (1 or 0).
    pub brier: f64,
    /// The mean logistic loss.
    pub log_loss: f64,
    /// By how much the ten tenths of the reliability table are off, weighted by leads.
    pub ece: f64,
}

/// The calibration of another model's scores: calibrated log-odds = `slope` × log-odds + `shift`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideFit {
    /// Whose scores.
    pub model: ModelName,
    /// On how many outcomes it was fitted.
    pub outcomes: u32,
    /// Below 1 where scores were too sure of themselves.
    pub slope: f64,
    /// Above 0 where they were too low.
    pub shift: f64,
}

/// What was learnt from and how it was judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// When the newest of the outcomes came.
    pub trained_until: DateTime<Utc>,
    /// Outcomes that were won.
    pub won: u32,
    /// Outcomes that were lost.
    pub lost: u32,
    /// How many of them, the newest fifth, both sides were judged by.
    pub judged: u32,
    /// The version that scored before; the rules, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<u32>,
    /// The figures of whoever scored before.
    pub champion: Figures,
    /// The figures of what was learnt from the older four fifths.
    pub challenger: Figures,
    /// How other models' scores are calibrated from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsideFit>,
}

impl Training {
    /// How many outcomes there were.
    #[must_use]
    pub const fn outcomes(&self) -> u64 {
        self.won as u64 + self.lost as u64
    }

    /// Whether the challenger did no worse: neither log-loss nor Brier score went up.
    #[must_use]
    pub fn is_won(&self) -> bool {
        self.challenger.log_loss <= self.champion.log_loss
            && self.challenger.brier <= self.champion.brier
    }
}

/// See [`AdvisorEvent::ModelTrained`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelTrained {
    /// Its number, counted from 1.
    pub model_version: u32,
    /// What it learnt from and how it was judged.
    pub training: Training,
    /// The model.
    pub model: ModelFile,
}

/// See [`AdvisorEvent::ChallengerRefused`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChallengerRefused {
    /// What it learnt from and how it was judged.
    pub training: Training,
}

/// See [`AdvisorEvent::RolledBack`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRolledBack {
    /// Who scores now: a version, or the rules where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

/// See [`AdvisorEvent::Consulted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consulted {
    /// Who was asked.
    pub model: ModelName,
    /// What it cost.
    pub usage: Usage,
}
