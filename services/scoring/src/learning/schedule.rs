//! Learning by itself: now and then it is looked whether enough leads have ended since the last
//! time.
//!
//! Any number of copies may look at once. Who saw the same outcomes asks for the same record, which
//! is kept once; who saw others comes too late for the version that it expected.

use super::learn::{Asker, LEAST, LearningError, learn_after};
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{ModelList, Query, QueryRequest, TrainingState};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long after the start it is looked for the first time, unless it is looked more often.
const FIRST: Duration = Duration::from_secs(60);

const fn credential() -> Credential {
    Credential::Service { principal: ServicePrincipal::Scoring, on_behalf_of: None }
}

/// Looks every so often, until told to stop; not at all, where it is not said how often.
pub async fn keep_learning(client: Client, every: Option<Duration>, shutdown: CancellationToken) {
    let Some(every) = every else { return };
    let mut wait = FIRST.min(every);
    while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        shutdown.run_until_cancelled(look(&client)).await;
        wait = every;
    }
}

async fn look(client: &Client) {
    let request =
        QueryRequest { credential: credential(), after: None, query: Query::TrainingStates {} };
    let nowhere = WorkspaceId::from_uuid(Uuid::nil());
    let states: Vec<TrainingState> = match client.query(nowhere, &request).await {
        Ok(states) => states,
        Err(error) => {
            tracing::warn!(%error, "it is not known what there is to learn from");
            return;
        }
    };
    for state in states.into_iter().filter(has_news) {
        let workspace = state.workspace;
        let asker = Asker { client: client.clone(), workspace, credential: credential() };
        match asker.models().await {
            Ok(models) if !is_due(&state, &models) => {
                tracing::debug!(%workspace, "somebody went back, or learnt just now");
            }
            // By what was found to be due: what another copy learns meanwhile is no champion to
            // compete with by the same outcomes.
            Ok(models) => {
                let learnt = learn_after(models, &asker, |_| {}).await;
                tell(workspace, learnt.map(|learnt| learnt.model_version));
            }
            Err(error) => tell(workspace, Err(error.into())),
        }
    }
}

/// There is something new to learn from, and nobody went back from what was learnt last: whoever
/// did would see it undone. What is new was counted since that very training: another copy may have
/// learnt it between our two questions.
fn is_due(state: &TrainingState, models: &ModelList) -> bool {
    let last = models.trainings.first().map_or(0, |last| last.training.outcomes());
    has_news(state) && last == state.trained_on && !went_back(models)
}

/// A tenth more outcomes than last time, and fifty at least. Outcomes of which one kind is too
/// rare to learn from are not counted.
fn has_news(state: &TrainingState) -> bool {
    state.new_outcomes >= LEAST.into() && state.new_outcomes * 10 >= state.trained_on
}

/// Whether another model scores than the last training left behind.
fn went_back(models: &ModelList) -> bool {
    let last = models.trainings.first();
    last.is_some_and(|last| last.model_version.or(last.training.against) != models.champion)
}

fn tell(workspace: WorkspaceId, learnt: Result<Option<u32>, LearningError>) {
    let outcome = match learnt {
        Ok(Some(version)) => {
            tracing::info!(%workspace, version, "a new model scores");
            "trained"
        }
        Ok(None) => {
            tracing::info!(%workspace, "a new model did worse than the one that scores");
            "refused"
        }
        Err(LearningError::TooFew { .. }) => "too_few",
        Err(LearningError::Client(ClientError::Rejected(refusal))) => {
            tracing::info!(%workspace, code = refusal.code, "another copy learnt it before");
            "elsewhere"
        }
        Err(error) => {
            tracing::warn!(%workspace, %error, "nothing was learnt");
            "failed"
        }
    };
    metrics::counter!("ael_trainings_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::event::{Figures, Training};
    use ael_events::query::TrainingView;
    use chrono::DateTime;

    fn state(trained_on: u64, new_outcomes: u64) -> TrainingState {
        TrainingState { workspace: WorkspaceId::from_uuid(Uuid::nil()), trained_on, new_outcomes }
    }

    /// Trainings, the newest first: what each made, and whom it competed with.
    fn models(champion: Option<u32>, trainings: &[(Option<u32>, Option<u32>)]) -> ModelList {
        known(60, champion, trainings)
    }

    /// The same, the trainings each knowing so many outcomes.
    fn known(
        outcomes: u32,
        champion: Option<u32>,
        trainings: &[(Option<u32>, Option<u32>)],
    ) -> ModelList {
        let figures = Figures { auc: 0.8, brier: 0.1, log_loss: 0.3, ece: 0.01 };
        let of = |(model_version, against): &(Option<u32>, Option<u32>)| TrainingView {
            model_version: *model_version,
            recorded_at: DateTime::UNIX_EPOCH,
            training: Training {
                trained_until: DateTime::UNIX_EPOCH,
                won: 30,
                lost: outcomes - 30,
                judged: 12,
                against: *against,
                champion: figures,
                challenger: figures,
                outside: Vec::new(),
            },
        };
        ModelList { version: 7, champion, trainings: trainings.iter().map(of).collect() }
    }

    #[test]
    fn it_is_learnt_anew_after_fifty_outcomes_that_are_a_tenth_of_those_known() {
        let due = |trained_on: u32, new_outcomes| {
            let models = known(trained_on, Some(1), &[(Some(1), None)]);
            is_due(&state(trained_on.into(), new_outcomes), &models)
        };
        let first = |new_outcomes| is_due(&state(0, new_outcomes), &models(None, &[]));
        assert!(first(50) && !first(49));
        assert!(due(400, 50) && due(500, 50) && !due(501, 50));
        assert!(due(9_000, 900) && !due(9_000, 899));
    }

    #[test]
    fn whoever_went_back_is_overruled_by_no_schedule_until_somebody_trains() {
        let due = |models: &ModelList| is_due(&state(60, 100), models);
        let first = (Some(1), None);
        assert!(due(&models(Some(1), &[first])), "as it was left");
        assert!(!due(&models(None, &[first])), "back to the rules");
        assert!(!due(&models(Some(1), &[(Some(2), Some(1)), first])), "back to a model");
        let refused = (None, Some(1));
        assert!(due(&models(Some(1), &[refused, first])), "the one before goes on scoring");
        assert!(!due(&models(None, &[refused, first])));
        // Trained on request since: it won, or what somebody went back to won.
        assert!(due(&models(Some(2), &[(Some(2), None), first])));
        assert!(due(&models(None, &[(None, None), first])));
    }

    #[test]
    fn what_another_copy_learnt_between_two_questions_is_not_learnt_once_more() {
        let learnt_by_the_other = known(240, Some(1), &[(Some(1), None)]);
        assert!(!is_due(&state(0, 240), &learnt_by_the_other), "counted before it");
        assert!(is_due(&state(240, 60), &learnt_by_the_other), "counted after it");
    }
}
