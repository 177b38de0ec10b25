//! What is counted of a lead and its sale, as it should be kept: for audits, which compare the
//! counters with the sums of it.

use super::facts::{Facts, lead_event, sale_event};
use crate::audit::row::{Audited, Row};
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::values::AggregateKind;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] =
    &[Audited { table: "facts", kind: AggregateKind::Lead, id: "lead_id", key: &[], of: &[] }];

pub(super) struct ExpectedFacts {
    lead: Uuid,
    facts: Option<Facts>,
}

impl ExpectedFacts {
    pub(super) const fn of(lead: Uuid) -> Self {
        Self { lead, facts: None }
    }
}

impl Expected for ExpectedFacts {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        if incoming.only_purge {
            return Ok(());
        }
        let known = self.facts.clone().unwrap_or_default();
        let facts = &incoming.opened.facts;
        match incoming.event {
            Event::Lead(event) => self.facts = Some(lead_event(known, facts, event)?),
            Event::Sale(event) => self.facts = Some(sale_event(known, facts, event)?),
            Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => {}
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let row = |facts: &Facts| {
            Row::of("facts").open("lead_id", self.lead).parts("facts", facts, |_| false)
        };
        self.facts.iter().map(row).collect()
    }
}
