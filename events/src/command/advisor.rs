//! What can be asked of a workspace's advisor.

use crate::event::{Training, Usage};
use crate::values::{ModelFile, ModelName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

super::commands! {
    /// A command to the advisor.
    AdvisorCommand {
        /// Keep what came of a training.
        "record_training" => RecordTraining(RecordTraining),
        /// Let an older model, or the rules, score again.
        "roll_back" => RollBack(RollBackModel),
        /// Keep what a model outside cost that was asked for something else than an analysis.
        "record_consultation" => RecordConsultation(RecordConsultation),
    }
}

/// See [`AdvisorCommand::RecordTraining`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordTraining {
    /// What was learnt from and how it was judged.
    pub training: Training,
    /// The model, when it did no worse than who scored before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelFile>,
}

/// See [`AdvisorCommand::RollBack`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBackModel {
    /// Who is to score: a version, or the rules where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

/// See [`AdvisorCommand::RecordConsultation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordConsultation {
    /// Who was asked.
    pub model: ModelName,
    /// What it cost.
    pub usage: Usage,
}
