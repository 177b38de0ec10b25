//! An advisor's story in short words, for the tests of its rules.

use super::{Advisor, AdvisorContext};
use crate::testing::{Given, asked, given_in, now};
use ael_events::event::{
    AdvisorEvent, ChallengerRefused, Figures, ModelRolledBack, ModelTrained, Training,
};
use ael_events::ids::{AdvisorId, WorkspaceId};
use ael_events::values::ModelFile;
use uuid::Uuid;

pub(crate) fn context() -> AdvisorContext {
    let of_workspace = AdvisorId::of(WorkspaceId::from_uuid(Uuid::from_u128(1)));
    AdvisorContext { asked: asked(), advisor_id: of_workspace, of_workspace }
}

pub(crate) fn given(
    events: impl IntoIterator<Item = AdvisorEvent>,
) -> Given<Advisor, AdvisorContext> {
    given_in(context(), events)
}

pub(crate) fn model() -> ModelFile {
    ModelFile::of(b"a model").unwrap()
}

/// A training whose champion has a log-loss of 0.5.
pub(crate) fn training(against: Option<u32>, log_loss: f64) -> Training {
    let champion = Figures { auc: 0.7, brier: 0.2, log_loss: 0.5, ece: 0.02 };
    Training {
        trained_until: now(),
        won: 40,
        lost: 60,
        judged: 20,
        against,
        champion,
        challenger: Figures { log_loss, ..champion },
        outside: Vec::new(),
    }
}

pub(crate) fn trained(model_version: u32, against: Option<u32>) -> AdvisorEvent {
    let training = training(against, 0.4);
    AdvisorEvent::ModelTrained(ModelTrained { model_version, training, model: model() })
}

pub(crate) fn refused(against: Option<u32>, log_loss: f64) -> AdvisorEvent {
    AdvisorEvent::ChallengerRefused(ChallengerRefused { training: training(against, log_loss) })
}

pub(crate) fn rolled_back(to: Option<u32>) -> AdvisorEvent {
    AdvisorEvent::RolledBack(ModelRolledBack { to })
}
