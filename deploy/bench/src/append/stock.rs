//! The stock event store of the framework, `postgres-es`, doing the same commands in-process: no
//! bus, no sealing, no idempotency, no tenants, no duplicates, and no right to be here checked.

use super::Kind;
use super::ours::any;
use crate::house::House;
use crate::load::closed;
use crate::measure::Run;
use crate::people::{People, message};
use crate::seed;
use ael_domain::lead::{Lead, LeadContext};
use ael_domain::{Asked, Request};
use ael_events::actor::Actor;
use ael_events::command::LeadCommand;
use ael_events::event::LeadEvent;
use ael_events::ids::{LeadId, MemberId};
use ael_events::values::{Role, WorkspaceSettings};
use chrono::Utc;
use cqrs_es::{Aggregate as _, AggregateError, DomainEvent as _};
use postgres_es::{PostgresCqrs, postgres_cqrs};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;

/// The table as postgres-es ships it.
const TABLE: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL,
    sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL,
    event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";
const DATABASE: &str = "stock";
const ATTEMPTS: usize = 20;
const CHUNK: usize = 1_000;

/// The framework over its own store, and what its commands need.
#[derive(Clone)]
pub(crate) struct Stock {
    cqrs: Arc<PostgresCqrs<Lead>>,
    settings: Arc<WorkspaceSettings>,
    by: Actor,
    people: People,
    leads: Arc<Vec<LeadId>>,
}

impl std::fmt::Debug for Stock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stock").field("leads", &self.leads.len()).finish_non_exhaustive()
    }
}

impl Stock {
    /// A database of its own on the same server, with the same leads in it.
    pub(crate) async fn prepare(
        house: &House,
        people: &People,
        leads: &Arc<Vec<LeadId>>,
        connections: u32,
    ) -> anyhow::Result<Self> {
        let maker = house.superuser(1).await?;
        sqlx::query(&format!("CREATE DATABASE {DATABASE}")).execute(&maker).await?;
        let pool = house.superuser_in(DATABASE, connections).await?;
        sqlx::raw_sql(TABLE).execute(&pool).await?;
        for chunk in leads.chunks(CHUNK) {
            enter(&pool, people, chunk).await?;
        }
        Ok(Self {
            cqrs: Arc::new(postgres_cqrs(pool, Vec::new(), ())),
            settings: Arc::new(WorkspaceSettings::standard()?),
            by: Actor::Member { id: MemberId::generate(), role: Role::Admin },
            people: people.clone(),
            leads: Arc::clone(leads),
        })
    }

    /// Executes commands, so many at once, for a while.
    pub(crate) async fn load(
        &self,
        kind: Kind,
        at_once: usize,
        time: Duration,
    ) -> anyhow::Result<Run> {
        let stock = self.clone();
        closed(at_once, time, move |number| {
            let stock = stock.clone();
            async move { stock.one(kind, number).await }
        })
        .await
    }

    async fn one(&self, kind: Kind, number: u64) -> anyhow::Result<()> {
        let (lead, command) = if kind.creates(number) {
            (LeadId::generate(), LeadCommand::Create(self.people.new_lead()?))
        } else {
            (any(&self.leads), LeadCommand::LogMessage(message()?))
        };
        for _ in 0..ATTEMPTS {
            let asked = Asked::at(Utc::now());
            let context = LeadContext::new(lead, asked, Arc::clone(&self.settings));
            let request = Request { by: self.by, context, command: command.clone() };
            match self.cqrs.execute(&lead.to_string(), request).await {
                Ok(()) => return Ok(()),
                Err(AggregateError::AggregateConflict) => {}
                Err(error) => anyhow::bail!("postgres-es: {error}"),
            }
        }
        anyhow::bail!("postgres-es: {ATTEMPTS} conflicts in a row")
    }
}

async fn enter(pool: &PgPool, people: &People, leads: &[LeadId]) -> anyhow::Result<()> {
    let mut payloads = Vec::with_capacity(leads.len());
    let mut kind = (String::new(), String::new());
    for _ in leads {
        let event = LeadEvent::Created(seed::created(people)?);
        kind = (event.event_type(), event.event_version());
        payloads.push(serde_json::to_string(&event)?);
    }
    sqlx::query(
        "INSERT INTO events SELECT $1, id, 1, $2, $3, payload::json, '{}'
         FROM unnest($4::text[], $5::text[]) AS new (id, payload)",
    )
    .bind(Lead::TYPE)
    .bind(kind.0)
    .bind(kind.1)
    .bind(leads.iter().map(ToString::to_string).collect::<Vec<_>>())
    .bind(payloads)
    .execute(pool)
    .await?;
    Ok(())
}
