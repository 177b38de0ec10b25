//! The house's own write path, from the edge: a request on the bus, and its answer.

use super::Kind;
use crate::house::Tenant;
use crate::people::{People, message};
use ael_client::Client;
use ael_events::command::{Command, LeadCommand, To};
use ael_events::ids::LeadId;
use std::sync::Arc;

/// Somebody who gives commands.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) tenant: Tenant,
    pub(crate) people: People,
    pub(crate) leads: Arc<Vec<LeadId>>,
}

impl Desk {
    /// Gives one command and waits for its answer.
    pub(crate) async fn one(&self, kind: Kind, number: u64) -> anyhow::Result<()> {
        let to = if kind.creates(number) {
            To { id: LeadId::generate(), command: LeadCommand::Create(self.people.new_lead()?) }
        } else {
            To { id: any(&self.leads), command: LeadCommand::LogMessage(message()?) }
        };
        let request = self.tenant.request(Command::Lead(to));
        self.client.command(self.tenant.workspace, &request).await?;
        Ok(())
    }
}

/// Any of the leads that are there.
pub(crate) fn any(leads: &[LeadId]) -> LeadId {
    let place = rand::random_range(0..leads.len().max(1));
    leads.get(place).copied().unwrap_or_else(LeadId::generate)
}
