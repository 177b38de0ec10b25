//! Learning by itself: now and then it is looked whether enough leads have ended since the last
//! time.
//!
//! Any number of copies may look at once. Who saw the same outcomes asks for the same record, which
//! is kept once; who saw others comes too late for the version that it expected.

use super::learn::{Asker, LEAST, LearningError, learn};
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{Query, QueryRequest, TrainingState};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long after the start it is looked for the first time.
const FIRST: Duration = Duration::from_secs(60);

const fn credential() -> Credential {
    Credential::Service { principal: ServicePrincipal::Scoring, on_behalf_of: None }
}

/// Looks every so often, until told to stop; not at all, where it is not said how often.
pub async fn keep_learning(client: Client, every: Option<Duration>, shutdown: CancellationToken) {
    let Some(every) = every else { return };
    let mut wait = FIRST;
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
    for state in states.into_iter().filter(is_due) {
        let workspace = state.workspace;
        let asker = Asker { client: client.clone(), workspace, credential: credential() };
        tell(workspace, learn(&asker, |_| {}).await.map(|learnt| learnt.model_version));
    }
}

/// A tenth more outcomes than last time, and fifty at least.
fn is_due(state: &TrainingState) -> bool {
    state.new_outcomes >= LEAST.into() && state.new_outcomes * 10 >= state.trained_on
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

    #[test]
    fn it_is_learnt_anew_after_fifty_outcomes_that_are_a_tenth_of_those_known() {
        let due = |trained_on, new_outcomes| {
            let workspace = WorkspaceId::from_uuid(Uuid::nil());
            is_due(&TrainingState { workspace, trained_on, new_outcomes })
        };
        assert!(due(0, 50) && !due(0, 49));
        assert!(due(400, 50) && due(500, 50) && !due(501, 50));
        assert!(due(9_000, 900) && !due(9_000, 899));
    }
}
