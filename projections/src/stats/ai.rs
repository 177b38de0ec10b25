//! What the advisor did for a lead, and what it cost: it adds up, and is never taken back.

use super::facts::month_of;
use ael_events::event::AnalysisRecorded;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the advisor did for a lead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AiFacts {
    /// Answers, by who gave them.
    pub models: BTreeMap<String, i64>,
    /// Answers that were remembered.
    pub hits: i64,
    /// Answers for which a model outside was asked.
    pub misses: i64,
    /// Tokens sent.
    pub input_tokens: i64,
    /// Tokens received.
    pub output_tokens: i64,
    /// The cost by month, in millionths of a US dollar.
    pub cost: BTreeMap<String, i64>,
}

impl AiFacts {
    /// Adds an answer. It cost what it cost in the month in which it was made.
    pub(super) fn add(&mut self, event: &AnalysisRecorded) {
        let usage = &event.usage;
        *self.models.entry(event.model.as_str().to_owned()).or_default() += 1;
        if usage.cached {
            self.hits += 1;
        } else if event.cache_key.is_some() {
            self.misses += 1;
        }
        self.input_tokens += i64::from(usage.input_tokens);
        self.output_tokens += i64::from(usage.output_tokens);
        let cost = i64::try_from(usage.cost_micro_usd).unwrap_or(i64::MAX);
        if cost > 0 {
            let month = self.cost.entry(month_of(event.analysed_at)).or_default();
            *month = month.saturating_add(cost);
        }
    }

    /// What it adds to the counters: metric, key and amount.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&'static str, &str, i64)> {
        let sums = [
            ("ai_hits", "", self.hits),
            ("ai_misses", "", self.misses),
            ("ai_input_tokens", "", self.input_tokens),
            ("ai_output_tokens", "", self.output_tokens),
        ];
        let models = self.models.iter().map(|(model, count)| ("ai_model", model.as_str(), *count));
        let cost = self.cost.iter().map(|(month, cost)| ("ai_cost", month.as_str(), *cost));
        sums.into_iter().filter(|(.., amount)| *amount != 0).chain(models).chain(cost)
    }
}
