//! An advisor, event by event. Pure.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{AdvisorEvent, OutsideFit, Training, Usage};
use ael_events::values::ModelFile;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An advisor as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvisorRow {
    /// Its version.
    pub version: u64,
    /// The version in which who scores, or how, changed last.
    pub changed: u64,
    /// The model that scores; the rules, where there is none.
    pub champion: Option<u32>,
    /// When the last training was recorded.
    pub trained_at: Option<DateTime<Utc>>,
    /// Of how many outcomes it knew.
    pub outcomes: u64,
    /// How other models' scores are calibrated.
    pub outside: Vec<OutsideFit>,
    /// What questions to the assistant cost.
    pub questions: Questions,
}

/// What questions in plain words cost so far: it adds up, and is never taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Questions {
    /// Tokens sent.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// The cost by calendar month (UTC, `2026-11`), in millionths of a US dollar.
    pub cost_micro_usd: BTreeMap<String, u64>,
}

impl Questions {
    fn add(&mut self, usage: &Usage, at: DateTime<Utc>) {
        self.input_tokens += u64::from(usage.input_tokens);
        self.output_tokens += u64::from(usage.output_tokens);
        if usage.cost_micro_usd > 0 {
            let month = self.cost_micro_usd.entry(at.format("%Y-%m").to_string()).or_default();
            *month = month.saturating_add(usage.cost_micro_usd);
        }
    }
}

/// What came of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// The event that told it.
    pub sequence: u64,
    /// The model's version and the model, where it was kept.
    pub model: Option<(u32, ModelFile)>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it learnt from and how it was judged.
    pub training: Training,
}

/// The advisor after an event, which has to be the next one, and the training that it tells of.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply(
    advisor: Option<AdvisorRow>,
    facts: &EventFacts,
    event: &AdvisorEvent,
) -> Result<(AdvisorRow, Option<TrainingRow>), Unfit> {
    let advisor = match advisor {
        Some(advisor) if !expect_next(advisor.version, facts.sequence)? => {
            return Ok((advisor, None));
        }
        Some(advisor) => advisor,
        None if facts.sequence == 1 => AdvisorRow {
            version: 0,
            changed: 0,
            champion: None,
            trained_at: None,
            outcomes: 0,
            outside: Vec::new(),
            questions: Questions::default(),
        },
        None => return Err(Unfit::NoBeginning),
    };
    let version = facts.sequence;
    let (champion, training, model) = match event {
        AdvisorEvent::ModelTrained(trained) => {
            let model = (trained.model_version, trained.model.clone());
            (Some(trained.model_version), &trained.training, Some(model))
        }
        AdvisorEvent::ChallengerRefused(refused) => (advisor.champion, &refused.training, None),
        AdvisorEvent::RolledBack(rolled_back) => {
            let champion = rolled_back.to;
            return Ok((AdvisorRow { version, changed: version, champion, ..advisor }, None));
        }
        AdvisorEvent::Consulted(consulted) => {
            let mut advisor = AdvisorRow { version, ..advisor };
            advisor.questions.add(&consulted.usage, facts.recorded_at);
            return Ok((advisor, None));
        }
    };
    let recorded_at = facts.recorded_at;
    let row = AdvisorRow {
        version,
        changed: version,
        champion,
        trained_at: Some(recorded_at),
        outcomes: training.outcomes(),
        outside: training.outside.clone(),
        questions: advisor.questions,
    };
    let training = training.clone();
    Ok((row, Some(TrainingRow { sequence: version, model, recorded_at, training })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{facts, hour};
    use ael_events::event::{ChallengerRefused, Consulted, Figures, ModelRolledBack, ModelTrained};
    use chrono::{TimeDelta, TimeZone as _};

    fn training(won: u32) -> Training {
        let figures = Figures { auc: 0.8, brier: 0.1, log_loss: 0.3, ece: 0.01 };
        Training {
            trained_until: hour(1),
            won,
            lost: 60,
            judged: 20,
            against: None,
            champion: figures,
            challenger: figures,
            outside: Vec::new(),
        }
    }

    fn trained(model_version: u32) -> AdvisorEvent {
        let model = ModelFile::of(b"a model").unwrap();
        AdvisorEvent::ModelTrained(ModelTrained { model_version, training: training(40), model })
    }

    #[test]
    fn whoever_was_trained_last_scores_until_somebody_goes_back() {
        let (advisor, row) = apply(None, &facts(1), &trained(1)).unwrap();
        assert_eq!((advisor.champion, advisor.outcomes), (Some(1), 100));
        assert_eq!(row.unwrap().model.unwrap().0, 1);
        let back = AdvisorEvent::RolledBack(ModelRolledBack { to: None });
        let (advisor, row) = apply(Some(advisor), &facts(2), &back).unwrap();
        assert_eq!((advisor.champion, advisor.version, row), (None, 2, None));
    }

    #[test]
    fn a_refused_challenger_changes_nobodys_scores_and_is_remembered() {
        let (advisor, _) = apply(None, &facts(1), &trained(1)).unwrap();
        let refused = AdvisorEvent::ChallengerRefused(ChallengerRefused { training: training(90) });
        let (advisor, row) = apply(Some(advisor), &facts(2), &refused).unwrap();
        assert_eq!((advisor.champion, advisor.outcomes), (Some(1), 150));
        assert_eq!(advisor.trained_at, Some(hour(2)));
        assert_eq!(row.unwrap().model, None);
    }

    #[test]
    fn a_question_to_a_model_outside_changes_nobodys_scores() {
        let (advisor, _) = apply(None, &facts(1), &trained(1)).unwrap();
        let (after, row) = apply(Some(advisor.clone()), &facts(2), &consulted(0)).unwrap();
        assert_eq!((after.changed, row), (1, None));
        let questions = after.questions.clone();
        assert_eq!(after, AdvisorRow { version: 2, questions, ..advisor });
    }

    fn consulted(cost_micro_usd: u64) -> AdvisorEvent {
        let usage =
            Usage { input_tokens: 100, output_tokens: 10, cost_micro_usd, ..Usage::default() };
        AdvisorEvent::Consulted(Consulted { model: "gpt".parse().unwrap(), usage })
    }

    #[test]
    fn what_questions_cost_adds_up_by_month_whatever_is_learnt_between_them() {
        let november = Utc.with_ymd_and_hms(2026, 11, 30, 23, 59, 59).unwrap();
        let told = |advisor, sequence, at, event: &AdvisorEvent| {
            let facts = EventFacts { recorded_at: at, ..facts(sequence) };
            apply(advisor, &facts, event).unwrap().0
        };
        let december = november + TimeDelta::seconds(1);
        let advisor = told(None, 1, november, &consulted(30));
        let advisor = told(Some(advisor), 2, november, &consulted(4));
        let advisor = told(Some(advisor), 3, november, &trained(1));
        let advisor = told(Some(advisor), 4, december, &consulted(7));
        let again = told(Some(advisor.clone()), 4, december, &consulted(7));
        let cost = [("2026-11".to_owned(), 34), ("2026-12".to_owned(), 7)].into();
        let questions = Questions { input_tokens: 300, output_tokens: 30, cost_micro_usd: cost };
        assert_eq!((&advisor.questions, again.questions), (&questions, questions.clone()));
    }

    #[test]
    fn an_event_that_comes_again_changes_nothing_and_one_that_comes_early_waits() {
        let (advisor, _) = apply(None, &facts(1), &trained(1)).unwrap();
        let again = apply(Some(advisor.clone()), &facts(1), &trained(1)).unwrap();
        assert_eq!(again, (advisor.clone(), None));
        let gap = Unfit::Gap { expected: 2, got: 3 };
        assert_eq!(apply(Some(advisor), &facts(3), &trained(2)).unwrap_err(), gap);
        assert_eq!(apply(None, &facts(2), &trained(2)).unwrap_err(), Unfit::NoBeginning);
    }
}
