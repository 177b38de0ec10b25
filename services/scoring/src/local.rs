//! The local model's advice: always there, whatever else is not.

use crate::outside::hash;
use crate::words;
use ael_events::query::LeadFeatures;
use ael_events::values::{
    FeatureHash, InvalidScore, InvalidText, ModelName, PromptVersion, ReasonText, Recommendation,
    Score, Tier,
};
use ael_scoring_model::{LeadFacts, cold_start};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Who answers before there are outcomes to learn from.
const RULES: &str = "cold-start-rules-1";
/// No prompt was sent anywhere.
const LOCAL: &str = "local";

/// What the advisor says of a lead.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Advice {
    pub(crate) score: Score,
    pub(crate) recommendation: Recommendation,
    pub(crate) reason: ReasonText,
    pub(crate) model: ModelName,
    pub(crate) prompt_version: PromptVersion,
    pub(crate) feature_hash: FeatureHash,
    pub(crate) analysed_at: DateTime<Utc>,
    /// What the model itself said, where the score is that calibrated by outcomes.
    pub(crate) raw_score: Option<Score>,
    pub(crate) raw_recommendation: Option<Recommendation>,
}

/// Advice that is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAdvice {
    /// The score is outside its bounds.
    #[error("the local model gave no score")]
    Score(#[from] InvalidScore),
    /// The words cannot be kept.
    #[error("the local model's words cannot be kept")]
    Words(#[from] InvalidText),
}

/// Scores a lead by the rules of a workspace that has no outcomes yet.
pub(crate) fn advise(features: &LeadFeatures) -> Result<Advice, NoAdvice> {
    let facts = facts_of(features);
    let scored = cold_start(&facts);
    let score = Score::new(scored.score)?;
    Ok(Advice {
        score,
        recommendation: recommended(score, features.min_transfer_score),
        reason: ReasonText::parse(&words::reason(&facts, &scored.points, features.language))?,
        model: ModelName::parse(RULES)?,
        prompt_version: no_prompt()?,
        feature_hash: fingerprint(features)?,
        analysed_at: Utc::now(),
        raw_score: None,
        raw_recommendation: None,
    })
}

/// What is said instead of a prompt's version.
pub(crate) fn no_prompt() -> Result<PromptVersion, NoAdvice> {
    Ok(PromptVersion::parse(LOCAL)?)
}

fn facts_of(features: &LeadFeatures) -> LeadFacts {
    let (anonymous, inside) = (&features.anonymous, &features.inside);
    LeadFacts {
        source: anonymous.source,
        stage: anonymous.stage,
        message_count: anonymous.message_count,
        business_domain: anonymous.has_domain,
        email: inside.has_email,
        phone: inside.has_phone,
        company: inside.has_company,
        position: inside.has_position,
    }
}

/// From the workspace's own bound on it is worth a transfer; what is dead is not worth the time.
pub(crate) fn recommended(score: Score, min_transfer_score: Score) -> Recommendation {
    if score >= min_transfer_score {
        return Recommendation::Transfer;
    }
    match score.tier() {
        Tier::Dead => Recommendation::Discard,
        Tier::Hot | Tier::Warm | Tier::Cold => Recommendation::Nurture,
    }
}

/// SHA-256 of the anonymous features as canonical JSON.
pub(crate) fn fingerprint(features: &LeadFeatures) -> Result<FeatureHash, InvalidText> {
    FeatureHash::parse(&hash(&json!(features.anonymous)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ael_events::event::ScoreFeatures;
    use ael_events::query::InsideFeatures;
    use ael_events::values::{Language, Source, Stage};
    use sha2::{Digest as _, Sha256};
    use std::collections::{BTreeMap, BTreeSet};

    pub(crate) fn of(
        source: Source,
        stage: Stage,
        message_count: u32,
        known: bool,
    ) -> LeadFeatures {
        LeadFeatures {
            anonymous: ScoreFeatures {
                source,
                stage,
                message_count,
                has_domain: known,
                age_days: 3,
            },
            inside: InsideFeatures {
                has_email: known,
                has_phone: known,
                has_company: known,
                has_position: known,
                has_budget: known,
                tags: BTreeSet::new(),
                idle_days: 0,
                attributes: BTreeMap::new(),
            },
            language: Language::En,
            min_transfer_score: Score::new(0.6).unwrap(),
            advisor_version: 0,
            analysed_version: None,
            stale: None,
        }
    }

    #[test]
    fn what_is_advised_follows_the_score_and_the_workspaces_bound() {
        let best = advise(&of(Source::Partner, Stage::Qualified, 12, true)).unwrap();
        assert_eq!((best.score.value(), best.recommendation), (1.0, Recommendation::Transfer));
        let some = of(Source::Partner, Stage::Contacted, 2, false);
        let middling = advise(&some).unwrap();
        assert_eq!(
            (middling.score.value(), middling.recommendation),
            (0.48, Recommendation::Nurture)
        );
        let bold = LeadFeatures { min_transfer_score: Score::new(0.4).unwrap(), ..some };
        assert_eq!(advise(&bold).unwrap().recommendation, Recommendation::Transfer);
        let worst = advise(&of(Source::Manual, Stage::New, 0, false)).unwrap();
        assert_eq!((worst.score.value(), worst.recommendation), (0.1, Recommendation::Discard));
    }

    #[test]
    fn the_fingerprint_is_of_the_anonymous_features_and_the_same_everywhere() {
        let features = of(Source::Partner, Stage::New, 5, true);
        let hash = advise(&features).unwrap().feature_hash;
        let canonical = r#"{"age_days":3,"has_domain":true,"message_count":5,"#.to_owned()
            + r#""source":"partner","stage":"new"}"#;
        let expected: String =
            Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash.as_str(), expected);
        let inside = InsideFeatures { has_budget: false, ..features.inside.clone() };
        let other = advise(&LeadFeatures { inside, ..features }).unwrap().feature_hash;
        assert_eq!(hash, other);
    }
}
