//! The advisor of a workspace: which model scores, and which older ones could.
//!
//! ```text
//! rules ─(a model did no worse)─▶ model 1 ─(a newer one did no worse)─▶ model 2 …
//!   ▲                                │
//!   └────────── roll back ───────────┴─▶ any kept model
//! ```

mod record_consultation;
mod record_training;
mod rejection;
mod roll_back;

#[cfg(test)]
pub(crate) mod testing;

pub use rejection::AdvisorRejection;

use crate::Asked;
use crate::who_may::{self, Subject};
use ael_events::actor::Actor;
use ael_events::command::AdvisorCommand;
use ael_events::event::AdvisorEvent;
use ael_events::ids::AdvisorId;
use serde::{Deserialize, Serialize};

/// Everything that later decisions need to know about an advisor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisor {
    /// Whether anything was ever learnt or refused.
    begun: bool,
    /// The newest model's version; models are numbered from 1 without a gap.
    newest: u32,
    /// The model that scores; the rules, where there is none.
    champion: Option<u32>,
}

/// What the handler found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdvisorContext {
    /// When, and on whose behalf.
    pub asked: Asked,
    /// The advisor that is asked.
    pub advisor_id: AdvisorId,
    /// The one that the workspace has.
    pub of_workspace: AdvisorId,
}

impl Advisor {
    /// What happens when this is asked of the advisor.
    ///
    /// # Errors
    /// The fact that stands against it.
    pub fn decide(
        &self,
        by: &Actor,
        context: &AdvisorContext,
        command: AdvisorCommand,
    ) -> Result<Vec<AdvisorEvent>, AdvisorRejection> {
        let subject = Subject { exists: true, owner: None, named: None };
        who_may::check(who_may::advisor(&command), by, &context.asked, subject)?;
        context.asked.check()?;
        if context.advisor_id != context.of_workspace {
            return Err(AdvisorRejection::NotFound);
        }
        match command {
            AdvisorCommand::RecordTraining(command) => {
                record_training::decide(self, context, command)
            }
            AdvisorCommand::RollBack(command) => roll_back::decide(self, command),
            AdvisorCommand::RecordConsultation(command) => Ok(record_consultation::decide(command)),
        }
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: AdvisorEvent) {
        self.begun = true;
        match event {
            AdvisorEvent::ModelTrained(trained) => {
                self.newest = self.newest.max(trained.model_version);
                self.champion = Some(trained.model_version);
            }
            AdvisorEvent::ChallengerRefused(_) | AdvisorEvent::Consulted(_) => {}
            AdvisorEvent::RolledBack(rolled_back) => self.champion = rolled_back.to,
        }
    }

    /// Whether anything was ever learnt or refused.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.begun
    }

    /// The model that scores; the rules, where there is none.
    #[must_use]
    pub const fn champion(&self) -> Option<u32> {
        self.champion
    }
}

crate::decider::aggregate!(
    Advisor,
    "advisor",
    AdvisorContext,
    AdvisorCommand,
    AdvisorEvent,
    AdvisorRejection
);
