//! A load of commands, the same ones in the same order for the same seed, and what its writers were
//! promised.

use crate::house::{PATIENCE, to_lead};
use crate::truth::Truth;
use ael_client::Client;
use ael_events::command::{
    CreateLead, Credential, LeadCommand, LogMessage, MarkContacted, QualifyLead, TransferToSales,
};
use ael_events::event::LeadProfile;
use ael_events::ids::{CommandId, LeadId, MemberId, WorkspaceId};
use ael_events::query::{GetLead, LeadView, Query, QueryRequest};
use ael_events::values::{Channel, Contact, MessageDirection, Source};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many write at the same time.
pub const WRITERS: u64 = 16;
/// Each of them asks for no more than one command in so long: a run of half an hour is to be
/// checked whole in the end.
const PACE: Duration = Duration::from_millis(100);
/// After so long without an answer a command is asked again, with the same id.
const ATTEMPT: Duration = Duration::from_millis(1_500);

/// What was acknowledged of one lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Promise {
    /// Its version after the last acknowledged command.
    pub version: u64,
    /// How many messages were acknowledged.
    pub messages: u32,
    /// Whether its transfer was.
    pub transferred: bool,
}

/// What was acknowledged of each lead.
pub type Promised = BTreeMap<LeadId, Promise>;

/// In whose name the load is written.
pub type Who = (WorkspaceId, MemberId);

/// A random id that the seed decides.
fn id(random: &mut StdRng) -> Uuid {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn new_lead(lead: LeadId, to_be_sold: bool) -> CreateLead {
    let mut profile = LeadProfile::default();
    if to_be_sold {
        profile.contact = Contact {
            full_name: Some("Ada Sold".parse().unwrap()),
            email: Some(format!("{lead}@example.com").parse().unwrap()),
            ..Contact::default()
        };
    }
    CreateLead {
        source: Source::Manual,
        business_domain: to_be_sold.then(|| "first".parse().unwrap()),
        owner: None,
        tags: Default::default(),
        profile,
        allow_duplicate: false,
    }
}

fn message() -> LogMessage {
    LogMessage {
        count: 1,
        direction: MessageDirection::Outgoing,
        channel: Channel::Phone,
        text: None,
    }
}

/// One writer of the load; it asks each command until it is acknowledged.
struct Writer {
    client: Client,
    who: Who,
    random: StdRng,
    promised: Promised,
}

impl Writer {
    async fn command(&mut self, lead: LeadId, command: impl Into<LeadCommand>) {
        let (workspace, member) = self.who;
        let mut request = to_lead(lead, member, command);
        request.command_id = CommandId::from_uuid(id(&mut self.random));
        let accepted = self.client.command(workspace, &request).await.unwrap();
        let promise = self.promised.entry(lead).or_default();
        promise.version += 1;
        assert_eq!(accepted.version, promise.version, "each command is one event of {lead}");
    }

    async fn sell(&mut self, lead: LeadId) {
        self.command(lead, MarkContacted {}).await;
        self.command(lead, QualifyLead {}).await;
        let reason = Some("everything is agreed".parse().unwrap());
        self.command(lead, TransferToSales { amount: None, override_reason: reason }).await;
        self.promised.entry(lead).or_default().transferred = true;
    }

    async fn write(&mut self) {
        if self.promised.is_empty() || self.random.random_bool(0.15) {
            let lead = LeadId::from_uuid(id(&mut self.random));
            let to_be_sold = self.random.random_bool(0.2);
            self.command(lead, new_lead(lead, to_be_sold)).await;
            if to_be_sold {
                self.sell(lead).await;
            }
        } else {
            let index = self.random.random_range(0..self.promised.len());
            let lead = *self.promised.keys().nth(index).unwrap();
            self.command(lead, message()).await;
            self.promised.entry(lead).or_default().messages += 1;
        }
    }
}

/// Writes until told to stop; gives what was acknowledged.
pub async fn write(client: Client, who: Who, seed: u64, stop: CancellationToken) -> Promised {
    let random = StdRng::seed_from_u64(seed);
    let client = client.with_attempt(ATTEMPT);
    let mut writer = Writer { client, who, random, promised: Promised::new() };
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        pace.tick().await;
        writer.write().await;
    }
    writer.promised
}

/// Several writers at once, until told to stop.
pub struct Load {
    stop: CancellationToken,
    writers: Vec<tokio::task::JoinHandle<Promised>>,
}

impl Load {
    /// Begins to write.
    pub fn begin(client: &Client, who: Who, writers: u64, seed: u64) -> Self {
        let stop = CancellationToken::new();
        let begin = |n| tokio::spawn(write(client.clone(), who, seed + n, stop.clone()));
        let writers = (0..writers).map(begin).collect();
        Self { stop, writers }
    }

    /// Lets every command that was begun be acknowledged, and adds what was.
    pub async fn end(self, promised: &mut Promised) {
        self.stop.cancel();
        for writer in self.writers {
            promised.extend(writer.await.unwrap());
        }
    }
}

/// Every acknowledged command is in the store, once, and every transferred lead has one sale.
pub async fn assert_promises_are_kept(truth: &Truth<'_>, promised: &Promised) {
    let stored = truth.leads().await;
    for (lead, promise) in promised {
        let found = stored.get(&lead.uuid()).copied().unwrap_or_default();
        assert_eq!(found.messages, promise.messages, "messages of {lead} in the store");
        assert_eq!(found.version, promise.version, "version of {lead} in the store");
    }
    let transferred: Vec<LeadId> =
        promised.iter().filter(|(_, promise)| promise.transferred).map(|(lead, _)| *lead).collect();
    truth.assert_each_has_one_sale(&transferred).await;
}

/// What was promised is also answered, over the bus, for so many of the leads.
pub async fn assert_promises_are_told(
    client: &Client,
    (workspace, member): Who,
    promised: &Promised,
    how_many: usize,
) {
    let step = (promised.len() / how_many).max(1);
    for (lead, promise) in promised.iter().step_by(step) {
        let get = GetLead::now(*lead);
        let request = QueryRequest {
            credential: Credential::Operator { as_member: Some(member) },
            after: None,
            query: Query::GetLead(get),
        };
        let asked = client.clone().with_patience(PATIENCE);
        let view: LeadView = asked.query(workspace, &request).await.unwrap();
        assert_eq!(view.message_count, promise.messages, "messages of {lead}");
        assert_eq!(view.version, promise.version, "version of {lead}");
    }
}
