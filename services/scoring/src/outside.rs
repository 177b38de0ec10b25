//! What a model outside is told of a lead and its workspace, and what it may say. The question can
//! hold nothing else than what is written here: no name, contact, note or id has a place in it,
//! and no text that a person wrote.

use ael_events::event::ScoreFeatures;
use ael_events::ids::WorkspaceId;
use ael_events::query::{LeadFeatures, Pattern, WinRate};
use ael_events::values::one_line;
use ael_events::values::{
    AgeBand, FeatureHash, InvalidText, Language, ReasonText, Recommendation, Score, Source, Stage,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Changes whenever the words of the question or the form of the answer do.
pub(crate) const PROMPT_VERSION: &str = "score-2";
/// Traits of fewer leads say nothing, and would say much about each of these leads.
const LEAST_LEADS: u64 = 10;
/// A rate is told to the nearest so many percent: an answer stays right while nothing much changes.
const PERCENT_STEP: u64 = 5;
/// The reason is a sentence or two.
const MOST_REASON: usize = 600;
/// By how much a score may miss its bounds before it is no score.
const SLIP: f64 = 0.005;

/// A lead as it is told outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct OutsideLead {
    age_days: AgeBand,
    has_business_domain: bool,
    message_count: u32,
    source: Source,
    stage: Stage,
}

/// How leads of a trait ended, roughly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct WinningPattern {
    #[serde(flatten)]
    of: Pattern,
    won_percent: u8,
}

/// The question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Question {
    lead: OutsideLead,
    language: Language,
    winning_patterns: Vec<WinningPattern>,
}

impl Question {
    /// About a lead, in a workspace where leads ended like this.
    pub(crate) fn of(features: &LeadFeatures, win_rates: &[WinRate]) -> Self {
        let ScoreFeatures { source, stage, message_count, has_domain, age_days } =
            features.anonymous;
        Self {
            lead: OutsideLead {
                age_days: AgeBand::of(age_days),
                has_business_domain: has_domain,
                message_count,
                source,
                stage,
            },
            language: features.language,
            winning_patterns: win_rates.iter().filter_map(banded).collect(),
        }
    }

    /// Under which key the answer is remembered: SHA-256 of the canonical JSON (names in
    /// alphabetical order, no spaces) of everything that it depends on.
    ///
    /// # Errors
    /// Never in practice.
    pub(crate) fn key(
        &self,
        workspace: WorkspaceId,
        model: &str,
    ) -> Result<FeatureHash, InvalidText> {
        let patterns = hash(&json!(self.winning_patterns));
        let all = json!({
            "features": self.lead,
            "language": self.language,
            "model": model,
            "prompt_version": PROMPT_VERSION,
            "win_rates": patterns,
            "workspace": workspace,
        });
        FeatureHash::parse(&hash(&all))
    }

    /// The request, without its model.
    pub(crate) fn request(&self) -> Value {
        let language = match self.language {
            Language::Uk => "Ukrainian",
            Language::En => "English",
        };
        let rules = format!(
            "You score sales leads for a CRM. You get a lead's anonymous features and, where they \
             are known, winning_patterns: the percentage of this workspace's past leads with a \
             trait that ended in a paid sale (\"any\" is all of them; of \"stage\", \"messages\" \
             and \"age\" it is the percentage of leads that came at least so far, whatever became \
             of them then; they are right more often than your intuition). Answer with the \
             probability from 0.0 to 1.0 that this lead ends in a paid sale, what to do (transfer: \
             hand it to sales; nurture: keep working on it; discard: not worth the time), and the \
             reason in one or two sentences in {language}, for a salesperson, naming what speaks \
             for and against it."
        );
        json!({
            "messages": [
                { "role": "system", "content": rules },
                { "role": "user", "content": json!(self).to_string() },
            ],
            "response_format": { "type": "json_schema", "json_schema": {
                "name": "lead_score", "strict": true, "schema": schema(),
            } },
            "temperature": 0,
            "max_completion_tokens": 400,
        })
    }
}

/// The request once more, with what was wrong with the first answer.
pub(crate) fn repair(mut request: Value, said: &str, wrong: &str) -> Value {
    let said: String = said.chars().take(1_000).collect();
    let again = format!(
        "That cannot be used: {wrong}. Answer again, with nothing but a JSON object of the schema."
    );
    if let Some(messages) = request["messages"].as_array_mut() {
        messages.push(json!({ "role": "assistant", "content": said }));
        messages.push(json!({ "role": "user", "content": again }));
    }
    request
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["ai_score", "ai_recommendation", "ai_reason"],
        "properties": {
            "ai_score": { "type": "number", "description": "0.0 to 1.0" },
            "ai_recommendation": { "type": "string", "enum": ["transfer", "nurture", "discard"] },
            "ai_reason": { "type": "string", "description": "one or two sentences" },
        },
    })
}

/// What was said of a lead.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) score: Score,
    pub(crate) recommendation: Recommendation,
    pub(crate) reason: ReasonText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    ai_score: f64,
    ai_recommendation: Recommendation,
    ai_reason: String,
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, in words for the model itself.
pub(crate) fn read(said: &str) -> Result<Said, &'static str> {
    let said = said.trim();
    if !said.starts_with('{') {
        return Err("it is no JSON object");
    }
    let Raw { ai_score, ai_recommendation, ai_reason } =
        serde_json::from_str(said).map_err(|_| "it is no JSON object of the schema")?;
    if !(-SLIP..=1.0 + SLIP).contains(&ai_score) {
        return Err("ai_score is not between 0.0 and 1.0");
    }
    let score = Score::new(ai_score.clamp(0.0, 1.0)).map_err(|_| "ai_score is no number")?;
    let plain = one_line(&ai_reason, MOST_REASON);
    let reason = ReasonText::parse(&plain).map_err(|_| "ai_reason is empty or no text")?;
    Ok(Said { score, recommendation: ai_recommendation, reason })
}

fn banded(rate: &WinRate) -> Option<WinningPattern> {
    if rate.ended < LEAST_LEADS {
        return None;
    }
    let percent = (rate.won.min(rate.ended) * 100 + rate.ended / 2) / rate.ended;
    let step = (percent + PERCENT_STEP / 2) / PERCENT_STEP * PERCENT_STEP;
    Some(WinningPattern { of: rate.of, won_percent: u8::try_from(step).unwrap_or(100) })
}

/// SHA-256 of the canonical JSON: names in alphabetical order, no spaces.
pub(crate) fn hash(value: &Value) -> String {
    let mut canonical = value.clone();
    canonical.sort_all_objects();
    Sha256::digest(canonical.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "outside_tests.rs"]
mod tests;
