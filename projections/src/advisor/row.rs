//! An advisor, event by event. Pure.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{AdvisorEvent, OutsideFit, Training};
use ael_events::values::ModelFile;
use chrono::{DateTime, Utc};

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
        // The timeline tells what it cost.
        AdvisorEvent::Consulted(_) => return Ok((AdvisorRow { version, ..advisor }, None)),
    };
    let recorded_at = facts.recorded_at;
    let row = AdvisorRow {
        version,
        changed: version,
        champion,
        trained_at: Some(recorded_at),
        outcomes: training.outcomes(),
        outside: training.outside.clone(),
    };
    let training = training.clone();
    Ok((row, Some(TrainingRow { sequence: version, model, recorded_at, training })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{facts, hour};
    use ael_events::event::{ChallengerRefused, Consulted, Figures, ModelRolledBack, ModelTrained};

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
        let usage = ael_events::event::Usage::default();
        let asked = Consulted { model: "gpt".parse().unwrap(), usage };
        let (after, row) =
            apply(Some(advisor.clone()), &facts(2), &AdvisorEvent::Consulted(asked)).unwrap();
        assert_eq!(after, AdvisorRow { version: 2, ..advisor });
        assert_eq!((after.changed, row), (1, None));
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
