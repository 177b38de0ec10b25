//! Keep what came of a training: the model takes the place of whoever scored before when it did no
//! worse on the newest outcomes; otherwise only its figures are kept.

use super::{Advisor, AdvisorContext, AdvisorRejection};
use ael_events::command::RecordTraining;
use ael_events::event::{AdvisorEvent, ChallengerRefused, Figures, ModelTrained};
use chrono::TimeDelta;

pub(super) fn decide(
    advisor: &Advisor,
    context: &AdvisorContext,
    command: RecordTraining,
) -> Result<Vec<AdvisorEvent>, AdvisorRejection> {
    let RecordTraining { training, model } = command;
    if ![training.champion, training.challenger].iter().all(are_figures) {
        return Err(AdvisorRejection::NoFigures);
    }
    if training.trained_until > context.asked.now + TimeDelta::minutes(5) {
        return Err(AdvisorRejection::LearntFromTheFuture);
    }
    if training.against != advisor.champion {
        return Err(AdvisorRejection::ChampionChanged { champion: advisor.champion });
    }
    Ok(vec![match (training.is_won(), model) {
        (true, Some(model)) => {
            let model_version = advisor.newest.saturating_add(1);
            AdvisorEvent::ModelTrained(ModelTrained { model_version, training, model })
        }
        (true, None) => return Err(AdvisorRejection::ModelMissing),
        (false, None) => AdvisorEvent::ChallengerRefused(ChallengerRefused { training }),
        (false, Some(_)) => return Err(AdvisorRejection::ChallengerIsWorse),
    }])
}

fn are_figures(figures: &Figures) -> bool {
    let Figures { auc, brier, log_loss, ece } = *figures;
    [auc, brier, ece].iter().all(|part| (0.0..=1.0).contains(part))
        && log_loss >= 0.0
        && log_loss.is_finite()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, model, refused, rolled_back, trained, training};
    use super::*;
    use crate::testing::{ADMIN, AGENT, MANAGER, now, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::event::Training;
    use ael_events::values::Role;

    fn record(training: Training) -> RecordTraining {
        let model = training.is_won().then(model);
        RecordTraining { training, model }
    }

    #[test]
    fn a_model_that_does_no_worse_takes_the_place_and_gets_the_next_number() {
        for by in [ADMIN, service(ServicePrincipal::Scoring)] {
            given([]).when(by, record(training(None, 0.4))).then([trained(1, None)]);
        }
        let next = record(training(Some(1), 0.4));
        given([trained(1, None)]).when(ADMIN, next).then([trained(2, Some(1))]);
        let after = record(training(None, 0.4));
        let past = [trained(1, None), rolled_back(None)];
        given(past).when(ADMIN, after).then([trained(2, None)]);
    }

    #[test]
    fn of_one_that_does_worse_only_the_figures_are_kept() {
        let worse = training(None, 0.6);
        given([]).when(ADMIN, record(worse.clone())).then([refused(None, 0.6)]);
        given([])
            .when(ADMIN, RecordTraining { training: worse, model: Some(model()) })
            .then_refused(AdvisorRejection::ChallengerIsWorse);
        given([])
            .when(ADMIN, RecordTraining { training: training(None, 0.4), model: None })
            .then_refused(AdvisorRejection::ModelMissing);
    }

    #[test]
    fn a_brier_score_that_got_worse_is_worse_whatever_the_log_loss() {
        let mut mixed = training(None, 0.4);
        mixed.challenger.brier = mixed.champion.brier + 0.000_001;
        assert!(!mixed.is_won());
        given([])
            .when(ADMIN, RecordTraining { training: mixed, model: Some(model()) })
            .then_refused(AdvisorRejection::ChallengerIsWorse);
    }

    #[test]
    fn who_was_judged_against_another_champion_has_proved_nothing() {
        given([trained(1, None)])
            .when(ADMIN, record(training(None, 0.4)))
            .then_refused(AdvisorRejection::ChampionChanged { champion: Some(1) });
    }

    #[test]
    fn figures_are_figures_and_outcomes_are_past() {
        let mut wrong = training(None, 0.4);
        wrong.champion.brier = 7.0;
        given([]).when(ADMIN, record(wrong)).then_refused(AdvisorRejection::NoFigures);
        let late = Training { trained_until: now() + TimeDelta::hours(1), ..training(None, 0.4) };
        given([]).when(ADMIN, record(late)).then_refused(AdvisorRejection::LearntFromTheFuture);
    }

    #[test]
    fn only_an_admin_and_the_scoring_service_record_a_training() {
        for by in [AGENT, MANAGER] {
            given([])
                .when(by, record(training(None, 0.4)))
                .then_refused(Forbidden::RoleTooLow { needs: Role::Admin });
        }
        let principal = ServicePrincipal::Importer;
        given([])
            .when(service(principal), record(training(None, 0.4)))
            .then_refused(Forbidden::NotForService { principal });
    }
}
