//! Questions about what the advisor learns from and what it learnt.

use super::{Cursor, InsideFeatures};
use crate::event::{OutsideFit, ScoreFeatures, Training};
use crate::ids::WorkspaceId;
use crate::values::{ModelFile, Score};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// See [`super::Query::TrainingExamples`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingExamples {
    /// Where the page begins: the `next_cursor` of the one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

/// A lead that ended, as it was at a moment when a score was due. Nothing in it says who it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingExample {
    /// When the score was due: everything below is as it was then.
    pub at: DateTime<Utc>,
    /// When the lead ended.
    pub ended_at: DateTime<Utc>,
    /// Whether its sale was paid.
    pub won: bool,
    /// It came with its end from another system: stage, messages, domain, age, tags, budget and
    /// activity are not known as of any earlier moment, and say nothing.
    pub from_file: bool,
    /// What an outside advisor may be told.
    pub anonymous: ScoreFeatures,
    /// What stays in the house.
    pub inside: InsideFeatures,
    /// What other models said of the lead before it ended, by their names: one score of each, as
    /// it was before it was calibrated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scored: BTreeMap<String, Score>,
}

/// Who scores in a workspace, and what was learnt so far, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelList {
    /// The advisor's version; 0 while nothing was learnt.
    pub version: u64,
    /// The model that scores; the rules, where there is none.
    pub champion: Option<u32>,
    /// The newest trainings, a hundred at most.
    pub trainings: Vec<TrainingView>,
}

/// What came of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingView {
    /// The version of the model; none, when it did worse and is not kept.
    pub model_version: Option<u32>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it learnt from and how it was judged.
    pub training: Training,
}

/// See [`super::Query::GetModel`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GetModel {
    /// Which version; the one that scores, when not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_version: Option<u32>,
}

/// A kept model. While the rules score, there is none to get unless a version was named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptModel {
    /// The advisor's version.
    pub version: u64,
    /// The version of the model.
    pub model_version: Option<u32>,
    /// The model.
    pub model: Option<ModelFile>,
    /// How other models' scores are calibrated.
    pub outside: Vec<OutsideFit>,
}

/// How much there is to learn from in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingState {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Of how many outcomes the last training knew.
    pub trained_on: u64,
    /// How many leads ended since, each once; 0 while nothing was learnt and one kind is too rare.
    pub new_outcomes: u64,
}
