//! Leads that are there before a benchmark begins, written through the event store itself, many in
//! a transaction.

use crate::house::Tenant;
use crate::people::{People, message};
use ael_events::actor::Actor;
use ael_events::event::TextPrivate;
use ael_events::event::{Contacted, Created, Event, LeadEvent, LeadProfile, MessageLogged};
use ael_events::ids::{CommandId, EventId, LeadId};
use ael_events::private::Private;
use ael_events::subjects::Edge;
use ael_events::values::{AggregateKind, Role};
use ael_seal::ContactKind;
use ael_store::{Append, AppendMeta, Claim, EventWriter, NewEvent, StreamAppend};
use chrono::Utc;
use std::sync::Arc;

/// How many leads are written in one transaction.
const CHUNK: usize = 200;

/// Writes leads with `events_each` events: entered, then messages, and spoken with once. The events
/// of one lead lie far apart, as in life. Gives the leads.
pub(crate) async fn leads(
    writer: &EventWriter,
    tenant: &Tenant,
    people: &People,
    count: usize,
    events_each: u64,
) -> anyhow::Result<Arc<Vec<LeadId>>> {
    let mut leads = Vec::with_capacity(count);
    while leads.len() < count {
        let chunk = CHUNK.min(count - leads.len());
        leads.extend(enter(writer, tenant, people, chunk).await?);
    }
    for version in 1..events_each {
        for chunk in leads.chunks(CHUNK) {
            follow(writer, tenant, chunk, version).await?;
        }
    }
    Ok(Arc::new(leads))
}

async fn enter(
    writer: &EventWriter,
    tenant: &Tenant,
    people: &People,
    count: usize,
) -> anyhow::Result<Vec<LeadId>> {
    let hmac = writer.hmac(tenant.workspace).await?;
    let mut append = append(tenant);
    let mut leads = Vec::with_capacity(count);
    for _ in 0..count {
        let (lead, created) = (LeadId::generate(), created(people)?);
        if let Some(profile) = created.private.open() {
            let claims = reachable(profile).map(|(kind, text)| Claim {
                kind,
                hmac: hmac.contact(kind, &text),
                lead,
                if_free: false,
            });
            append.claims_taken.extend(claims);
        }
        append.streams.push(stream(lead, 0, LeadEvent::Created(created))?);
        leads.push(lead);
    }
    writer.append(append).await?;
    Ok(leads)
}

async fn follow(
    writer: &EventWriter,
    tenant: &Tenant,
    leads: &[LeadId],
    version: u64,
) -> anyhow::Result<()> {
    let mut append = append(tenant);
    for lead in leads {
        let event =
            if version == 2 { LeadEvent::Contacted(Contacted {}) } else { message_logged()? };
        append.streams.push(stream(*lead, version, event)?);
    }
    writer.append(append).await?;
    Ok(())
}

/// How somebody new begins.
pub(crate) fn created(people: &People) -> anyhow::Result<Created> {
    let lead = people.new_lead()?;
    Ok(Created {
        source: lead.source,
        business_domain: None,
        owner: None,
        tags: lead.tags,
        duplicate_of: None,
        unclaimed: std::collections::BTreeSet::new(),
        private: Private::from(lead.profile),
    })
}

fn message_logged() -> anyhow::Result<LeadEvent> {
    let message = message()?;
    let private = message.text.map_or(Private::Erased, |text| TextPrivate { text }.into());
    let (count, direction, channel) = (message.count, message.direction, message.channel);
    Ok(LeadEvent::MessageLogged(MessageLogged { count, direction, channel, private }))
}

fn reachable(profile: &LeadProfile) -> impl Iterator<Item = (ContactKind, String)> {
    let contact = &profile.contact;
    let email = contact.email.as_ref().map(|one| (ContactKind::Email, one.as_str().to_owned()));
    let phone = contact.phone.as_ref().map(|one| (ContactKind::Phone, one.as_str().to_owned()));
    let telegram = contact.telegram.as_ref().map(|one| (ContactKind::Telegram, one.normalised()));
    [email, phone, telegram].into_iter().flatten()
}

fn append(tenant: &Tenant) -> Append {
    let (command_id, now) = (CommandId::generate(), Utc::now());
    let meta = AppendMeta {
        actor: Actor::Member { id: tenant.admin, role: Role::Admin },
        edge: Edge::Cli.token().to_owned(),
        occurred_at: now,
        command_id,
        correlation_id: command_id.uuid(),
        causation_id: None,
        traceparent: None,
    };
    Append::new(tenant.workspace, meta, now)
}

fn stream(lead: LeadId, version: u64, event: LeadEvent) -> anyhow::Result<StreamAppend> {
    let event = NewEvent::of(EventId::generate(), &Event::Lead(Box::new(event)))?;
    Ok(StreamAppend {
        aggregate: AggregateKind::Lead,
        aggregate_id: lead.uuid(),
        data_subject: lead.uuid(),
        expected_version: version,
        events: vec![event],
    })
}
