//! The sales, each with its lead's name and owner.

mod expected;
mod row;
mod rows;

pub use row::{Moment, Person, apply, apply_at, learn, show};

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View};
use ael_events::event::Event;
use ael_events::ids::SaleId;
use ael_events::query::SaleView;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The read model of sales.
#[derive(Debug)]
pub struct SaleBoard;

#[async_trait]
impl ReadModel for SaleBoard {
    fn name(&self) -> &'static str {
        "sale_board"
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[View { name: "sales", query: "SELECT * FROM {schema}.sales", public: true }]
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedSale::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        matches!(kind, AggregateKind::Lead | AggregateKind::Sale)
    }

    fn wants(&self, event: &Event) -> bool {
        match event {
            Event::Lead(event) => row::tells_of_person(event),
            Event::Sale(_) => true,
            Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => false,
        }
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        let leads: BTreeSet<Key> = events.iter().map(|incoming| lead(incoming)).collect();
        let people_before = rows::load_people(connection, target, &leads).await?;
        let sales_before = rows::load_sales(connection, target, &leads).await?;
        let (mut people, mut sales) = (people_before.clone(), sales_before.clone());
        let mut applied = Applied::default();
        for incoming in events {
            let lead = lead(incoming);
            let waits = incoming.only_purge || applied.waits(incoming.opened);
            match incoming.event {
                Event::Lead(event) if !waits || incoming.opened.erases() => {
                    let person = people.remove(&lead).unwrap_or_default();
                    people.insert(lead, row::learn(person, event));
                }
                Event::Sale(event) if !waits => {
                    let key = (lead.0, incoming.opened.facts.aggregate_id);
                    let known = sales.get(&key).cloned();
                    match row::apply(known, &incoming.opened.facts, event) {
                        Ok(sale) => {
                            sales.insert(key, sale);
                        }
                        Err(reason) => applied.refuse(incoming.index, incoming.opened, &reason),
                    }
                }
                Event::Lead(_)
                | Event::Sale(_)
                | Event::Workspace(_)
                | Event::Member(_)
                | Event::Invitation(_)
                | Event::Token(_)
                | Event::Advisor(_) => {}
            }
        }
        let nobody = Person::default();
        for ((workspace, _), sale) in &mut sales {
            let person = people.get(&(*workspace, sale.lead_id.uuid())).unwrap_or(&nobody);
            row::show(sale, person);
        }
        applied.owners = people.iter().map(|(key, person)| (*key, person.owner)).collect();
        applied.previous_owners = people_before
            .iter()
            .filter(|(key, person)| applied.owners.get(*key) != Some(&person.owner))
            .map(|(key, person)| (*key, person.owner))
            .collect();
        let version = |lead: &Key| Some((*lead, sales.get(&sale_of(lead))?.version));
        applied.sales = applied.previous_owners.keys().filter_map(version).collect();
        rows::store_people(connection, target, &changed(&people_before, &people)).await?;
        let gone = |people: &BTreeMap<Key, Person>, sale: &(&Key, &SaleView)| {
            let lead = (sale.0.0, sale.1.lead_id.uuid());
            people.get(&lead).is_some_and(|person| person.erased)
        };
        // A sale that showed nothing of the person is erased with them all the same.
        let stored = |sale: &(&Key, &SaleView)| {
            sales_before.get(sale.0) != Some(sale.1)
                || gone(&people_before, sale) != gone(&people, sale)
        };
        let sales: Vec<_> = sales.iter().filter(stored).collect();
        let erased = |sale: &(&Key, &SaleView)| gone(&people, sale);
        rows::store_sales(connection, target, &sales, erased).await?;
        Ok(applied)
    }
}

fn lead(incoming: &Incoming<'_>) -> Key {
    (incoming.opened.facts.workspace, incoming.opened.facts.data_subject)
}

/// The key of the one sale that a lead can have.
fn sale_of(lead: &Key) -> Key {
    (lead.0, SaleId::of(ael_events::ids::LeadId::from_uuid(lead.1)).uuid())
}

fn changed<'a, T: PartialEq>(
    before: &BTreeMap<Key, T>,
    after: &'a BTreeMap<Key, T>,
) -> Vec<(&'a Key, &'a T)> {
    after.iter().filter(|(key, row)| before.get(*key) != Some(row)).collect()
}
