//! What the board of sales should hold of a lead and its sale: for audits.

use super::row::{Person, apply, learn, show};
use crate::audit::row::{Audited, Row};
use crate::digest;
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::query::{AggregateDigest, SaleView};
use ael_events::values::{AggregateKind, Money};
use uuid::Uuid;

const LEAD: AggregateKind = AggregateKind::Lead;
pub(super) const TABLES: &[Audited] = &[
    Audited { table: "sales", kind: LEAD, id: "lead_id", key: &["id"], of: &[] },
    Audited { table: "people", kind: LEAD, id: "lead_id", key: &[], of: &[] },
];

pub(super) struct ExpectedSale {
    lead: Uuid,
    person: Option<Person>,
    sale: Option<SaleView>,
}

impl ExpectedSale {
    pub(super) const fn of(lead: Uuid) -> Self {
        Self { lead, person: None, sale: None }
    }

    /// The sale with what it shows of its lead.
    fn shown(&self) -> Option<SaleView> {
        let mut sale = self.sale.clone()?;
        show(&mut sale, self.person.as_ref().unwrap_or(&Person::default()));
        Some(sale)
    }
}

impl Expected for ExpectedSale {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        match incoming.event {
            Event::Lead(event) => {
                self.person = Some(learn(self.person.take().unwrap_or_default(), event));
            }
            Event::Sale(event) if !incoming.only_purge => {
                self.sale = Some(apply(self.sale.clone(), &incoming.opened.facts, event)?);
            }
            Event::Sale(_)
            | Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => {}
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let person = self.person.iter().map(|person| {
            Row::of("people")
                .open("lead_id", self.lead)
                .personal("full_name", &person.full_name)
                .open("owner", person.owner)
                .open("erased", person.erased)
        });
        let sale = self.shown().map(|sale| {
            Row::of("sales")
                .open("id", sale.id)
                .open("version", sale.version)
                .open("lead_id", sale.lead_id)
                .personal("full_name", &sale.full_name)
                .open("owner", sale.owner)
                .open("stage", sale.stage.as_str())
                .open("amount_minor", sale.amount.map(Money::amount_minor))
                .open("currency", sale.amount.map(|amount| amount.currency().code().to_owned()))
                .open("lost_reason", sale.lost_reason.map(|reason| reason.as_str()))
                .personal("lost_text", &sale.lost_text)
                .open("imported", sale.imported)
                .time("opened_at", sale.opened_at)
                .time("updated_at", sale.updated_at)
                .time("paid_at", sale.paid_at)
                .open("erased", self.person.as_ref().is_some_and(|person| person.erased))
        });
        sale.into_iter().chain(person).collect()
    }

    fn digest(&self, kind: AggregateKind) -> Option<AggregateDigest> {
        let is_sale = kind == AggregateKind::Sale;
        self.shown().filter(|_| is_sale).as_ref().map(digest::of_sale)
    }
}
