//! The models that score, as they are remembered: each version of an advisor is loaded once.

use super::learn::Asker;
use super::{file, lesson, words};
use crate::local::{self, Advice, NoAdvice};
use ael_client::Client;
use ael_events::actor::ServicePrincipal;
use ael_events::command::Credential;
use ael_events::event::OutsideFit;
use ael_events::ids::WorkspaceId;
use ael_events::query::LeadFeatures;
use ael_events::values::{ModelName, ReasonText, Score};
use ael_scoring_model::{Calibration, Model, OutsideCalibration};
use chrono::Utc;
use moka::sync::Cache;
use std::sync::Arc;

/// Workspaces whose models are remembered at once; the others' are loaded again when asked for.
const REMEMBERED: u64 = 64;

/// What scores in a workspace.
#[derive(Debug, Default)]
struct Champion {
    /// A model and its version; the rules, where there is none.
    model: Option<(u32, Model)>,
    outside: Vec<OutsideFit>,
}

/// The models of all workspaces. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Models {
    client: Client,
    /// By workspace and by its advisor's version: a version never changes, so nothing that is
    /// remembered is ever out of date.
    remembered: Cache<(WorkspaceId, u64), Arc<Champion>>,
}

impl Models {
    /// Asks for them in this way.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, remembered: Cache::new(REMEMBERED) }
    }

    /// What the model that scores in the workspace says of a lead; the rules, where there is none
    /// or it cannot be had now.
    ///
    /// # Errors
    /// Where the answer cannot be put into words that are kept.
    pub(crate) async fn advise(
        &self,
        workspace: WorkspaceId,
        features: &LeadFeatures,
    ) -> Result<Advice, NoAdvice> {
        match &self.champion(workspace, features.advisor_version).await.model {
            Some((version, model)) => advice(*version, model, features),
            None => local::advise(features),
        }
    }

    /// Another model's score as it should have been, by how its leads ended; as it is, while too
    /// few have.
    pub async fn calibrate_outside(
        &self,
        workspace: WorkspaceId,
        features: &LeadFeatures,
        model: &ModelName,
        score: Score,
    ) -> Score {
        let champion = self.champion(workspace, features.advisor_version).await;
        let fit = champion.outside.iter().find(|fit| fit.model == *model);
        fit.map_or(score, |fit| calibrated(fit, score))
    }

    async fn champion(&self, workspace: WorkspaceId, advisor_version: u64) -> Arc<Champion> {
        if advisor_version == 0 {
            return Arc::default();
        }
        if let Some(champion) = self.remembered.get(&(workspace, advisor_version)) {
            return champion;
        }
        let principal = ServicePrincipal::Scoring;
        let credential = Credential::Service { principal, on_behalf_of: None };
        let asker = Asker { client: self.client.clone(), workspace, credential };
        let kept = match asker.model(None).await {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%workspace, %error, "the model cannot be had now: the rules score");
                return Arc::default();
            }
        };
        let model = kept.model.as_ref().map(file::unpack).transpose();
        let model = model.unwrap_or_else(|error| {
            tracing::error!(%workspace, %error, "the kept model is unreadable: the rules score");
            None
        });
        let model = kept.model_version.zip(model);
        let champion = Arc::new(Champion { model, outside: kept.outside });
        self.remembered.insert((workspace, advisor_version), Arc::clone(&champion));
        champion
    }
}

fn advice(version: u32, model: &Model, features: &LeadFeatures) -> Result<Advice, NoAdvice> {
    let row = lesson::row_of(&features.anonymous, &features.inside);
    let explained = model.explain(&row);
    // Four places: no model is more exact, and people read it.
    let score = Score::new((explained.score * 1e4).round() / 1e4)?;
    Ok(Advice {
        score,
        recommendation: local::recommended(score, features.min_transfer_score),
        reason: ReasonText::parse(&words::reason(&explained, features.language))?,
        model: ModelName::parse(&format!("local-model-{version}"))?,
        prompt_version: local::no_prompt()?,
        feature_hash: local::fingerprint(features)?,
        analysed_at: Utc::now(),
        raw_score: None,
        raw_recommendation: None,
    })
}

fn calibrated(fit: &OutsideFit, score: Score) -> Score {
    let calibration = Calibration { slope: fit.slope, shift: fit.shift };
    let outcomes = usize::try_from(fit.outcomes).unwrap_or(usize::MAX);
    let value = OutsideCalibration::of(outcomes, calibration).apply(score.value());
    Score::new((value * 1e4).round() / 1e4).unwrap_or(score)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::lesson::tests::{example, lesson};
    use ael_events::values::{Language, Recommendation};
    use ael_scoring_model::Training;

    fn features(nth: u32) -> LeadFeatures {
        let example = example(nth);
        LeadFeatures {
            anonymous: example.anonymous,
            inside: example.inside,
            language: Language::En,
            min_transfer_score: Score::new(0.6).unwrap(),
            analysed_version: None,
            stale: None,
            advisor_version: 3,
        }
    }

    #[test]
    fn a_learnt_score_says_which_model_it_is_and_what_pushed_it() {
        let model = Model::train(&lesson(400).table(), &Training::default()).unwrap();
        let (good, bad) =
            (advice(3, &model, &features(2)).unwrap(), advice(3, &model, &features(1)).unwrap());
        assert!(good.score > bad.score);
        assert_eq!(good.recommendation, Recommendation::Transfer);
        assert_eq!((good.model.as_str(), good.prompt_version.as_str()), ("local-model-3", "local"));
        assert!(good.reason.as_str().starts_with("For it: "), "{}", good.reason.as_str());
        assert!(bad.reason.as_str().contains("Against it: "), "{}", bad.reason.as_str());
    }

    #[test]
    fn a_score_from_outside_is_pulled_to_what_came_of_such_scores() {
        let fit =
            OutsideFit { model: "gpt".parse().unwrap(), outcomes: 80, slope: 0.5, shift: -1.0 };
        let score = |value| Score::new(value).unwrap();
        let (high, low) = (calibrated(&fit, score(0.9)), calibrated(&fit, score(0.2)));
        assert!(high.value() < 0.9 && low < high, "{high:?} {low:?}");
        assert_eq!(calibrated(&OutsideFit { outcomes: 0, ..fit }, score(0.9)), score(0.9));
    }
}
