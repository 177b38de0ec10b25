//! The bus as it should be: streams, consumers, buckets, and who may say and hear what.
//!
//! `nats/topology.toml` is its only source: [`Topology::server_authorization`] makes the server's
//! permissions from it, [`apply`] the streams, [`Topology::show`] the page for people.

mod apply;
mod authorization;
mod show;

pub use apply::{Applied, Drift, apply, check, recreate_stream};
pub use authorization::Permissions;

use serde::{Deserialize, Deserializer, de::Error as _};
use std::{collections::BTreeSet, time::Duration};

/// The topology of this version of the system.
const EMBEDDED: &str = include_str!("../../../../nats/topology.toml");

/// The topology cannot be read, used or applied.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The file is not what it should be.
    #[error("nats/topology.toml cannot be read")]
    Unreadable(#[source] Box<toml::de::Error>),
    /// The file contradicts itself.
    #[error("nats/topology.toml: {0}")]
    Inconsistent(String),
    /// A user has no password, or one that the server's configuration cannot hold.
    #[error(
        "the password of bus user {user:?} is missing or has other characters than a-zA-Z0-9_-"
    )]
    Password {
        /// The user's name.
        user: String,
    },
    /// The server did not do what it was asked.
    #[error("the bus refused {what}: {reason}")]
    Server {
        /// What was asked.
        what: String,
        /// The server's words.
        reason: String,
    },
    /// The server says that it did, but what it made is something else.
    #[error("the bus made something else than the topology says: {}", list(.0))]
    Drift(Vec<Drift>),
}

fn list(drifts: &[Drift]) -> String {
    drifts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Everything on the bus, and its users.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// What is kept.
    #[serde(rename = "stream")]
    pub streams: Vec<StreamSpec>,
    /// Small shared values.
    #[serde(rename = "bucket", default)]
    pub buckets: Vec<BucketSpec>,
    /// Places in streams, families of them written out.
    #[serde(rename = "consumer", default)]
    pub consumers: Vec<ConsumerSpec>,
    /// Who speaks and listens.
    #[serde(rename = "user")]
    pub users: Vec<UserSpec>,
}

/// How long a stream keeps a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeps {
    /// Until it is too old, if there is such an age.
    UntilDeleted,
    /// Until it is acknowledged (or too old).
    UntilDone,
}

/// A stream.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSpec {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it keeps.
    pub subjects: Vec<String>,
    /// How long.
    pub keeps: Keeps,
    /// The greatest age of a message; none keeps it for ever.
    #[serde(default, deserialize_with = "duration")]
    pub max_age: Option<Duration>,
    /// For how long a second message of the same id is dropped; none for as short as can be.
    #[serde(default, deserialize_with = "duration")]
    pub remembers_ids: Option<Duration>,
}

/// A bucket: a stream `KV_<name>` that keeps the last value of each key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketSpec {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The greatest age of a value.
    #[serde(default, deserialize_with = "duration")]
    pub max_age: Option<Duration>,
}

/// A durable consumer, or a family of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSpec {
    /// Its name; in a family the common beginning.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// The stream that it reads.
    pub stream: String,
    /// What it reads of it; `{n}` stands for the number within the family.
    pub filter: String,
    /// After what time an unacknowledged message is given again.
    #[serde(deserialize_with = "required_duration")]
    pub ack_wait: Duration,
    /// How many messages may be given out and unacknowledged.
    pub max_ack_pending: i64,
    /// The size of the family; none for a single consumer.
    #[serde(default)]
    pub count: Option<u8>,
}

/// One durable consumer, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Its name.
    pub name: String,
    /// What it reads.
    pub filter: String,
}

/// A user of the bus: a service, or the administrator.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserSpec {
    /// Its name, which is its edge in subjects too.
    pub name: String,
    /// What it does.
    pub about: String,
    /// Request kinds (`cmd`, `qry`, `ask`) it may send under its own edge.
    pub asks: Vec<String>,
    /// `subjects queue` pairs that it serves.
    pub answers: Vec<String>,
    /// Further subjects it may publish to.
    pub publishes: Vec<String>,
    /// Subjects it may listen to.
    pub hears: Vec<String>,
    /// Consumers or families it reads.
    pub consumes: Vec<String>,
    /// Streams whose state and messages it may read.
    pub looks_into: Vec<String>,
    /// Buckets it may read.
    pub reads: Vec<String>,
    /// Buckets it may read and write.
    pub writes: Vec<String>,
    /// Whether it may change streams, consumers and buckets.
    pub administers: bool,
}

impl ConsumerSpec {
    /// The consumers that it stands for: itself, or every member of its family.
    pub fn durables(&self) -> impl Iterator<Item = Durable> {
        let single = self.count.is_none();
        (0..self.count.unwrap_or(1)).map(move |n| {
            let (n, name) = (format!("{n:02}"), self.name.clone());
            let name = if single { name } else { format!("{name}-{n}") };
            Durable { name, filter: self.filter.replace("{n}", &n) }
        })
    }
}

impl Topology {
    /// The topology of this version of the system.
    ///
    /// # Errors
    /// Never for a version that passed its tests.
    pub fn embedded() -> Result<Self, TopologyError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a topology and checks that it does not contradict itself.
    ///
    /// # Errors
    /// [`TopologyError::Unreadable`], [`TopologyError::Inconsistent`].
    pub fn parse(text: &str) -> Result<Self, TopologyError> {
        let topology: Self =
            toml::from_str(text).map_err(|error| TopologyError::Unreadable(Box::new(error)))?;
        topology.verify().map_err(TopologyError::Inconsistent)?;
        Ok(topology)
    }

    /// The names of all users; each needs a password.
    pub fn user_names(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|user| user.name.as_str())
    }

    /// The consumer spec of a name or family name.
    pub(crate) fn consumer(&self, name: &str) -> Option<&ConsumerSpec> {
        self.consumers.iter().find(|consumer| consumer.name == name)
    }

    fn verify(&self) -> Result<(), String> {
        let streams: BTreeSet<&str> = self.streams.iter().map(|s| s.name.as_str()).collect();
        let buckets: BTreeSet<&str> = self.buckets.iter().map(|b| b.name.as_str()).collect();
        let users: BTreeSet<&str> = self.user_names().collect();
        if users.len() < self.users.len() || streams.len() < self.streams.len() {
            return Err("two users or two streams have the same name".to_owned());
        }
        for consumer in &self.consumers {
            if !streams.contains(consumer.stream.as_str()) {
                let ConsumerSpec { name, stream, .. } = consumer;
                return Err(format!("consumer {name} reads {stream}, which is no stream"));
            }
            if consumer.count.is_some() != consumer.filter.contains("{n}") {
                return Err(format!("consumer {}: count and {{n}} go together", consumer.name));
            }
        }
        for user in &self.users {
            let name = &user.name;
            let known = |names: &[String], among: &BTreeSet<&str>| {
                let stranger = names.iter().find(|name| !among.contains(name.as_str()));
                stranger.map_or(Ok(()), |stranger| Err(format!("user {name}: no {stranger}")))
            };
            known(&user.looks_into, &streams)?;
            known(&user.reads, &buckets)?;
            known(&user.writes, &buckets)?;
            known(&user.asks, &BTreeSet::from(["cmd", "qry", "ask"]))?;
            let consumers = self.consumers.iter().map(|consumer| consumer.name.as_str()).collect();
            known(&user.consumes, &consumers)?;
            let pair = |answers: &String| answers.split(' ').count() == 2;
            if !user.answers.iter().all(pair) {
                return Err(format!("user {name}: answers are written \"subject queue\""));
            }
            // Each delivery to a user that answers is remembered as something it may reply to,
            // until it did or the time is over: with thousands of events that stalls the server.
            if !user.answers.is_empty() && !user.consumes.is_empty() {
                return Err(format!("user {name} answers and consumes: use two users"));
            }
        }
        Ok(())
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    required_duration(deserializer).map(Some)
}

fn required_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::{ids::Lane, subjects};

    #[test]
    fn the_names_are_those_of_the_shared_vocabulary() {
        let topology = Topology::embedded().unwrap();
        let streams: Vec<_> = topology.streams.iter().map(|s| s.name.as_str()).collect();
        let known = [subjects::EVENTS, subjects::JOBS, subjects::TELEGRAM, subjects::DEAD];
        assert_eq!(streams, known);
        let buckets: Vec<_> = topology.buckets.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(
            buckets,
            [
                subjects::AI_CACHE,
                subjects::ADVISOR,
                subjects::DIALOGUES,
                subjects::BOT_LEASES,
                subjects::ASSISTANT_MEMORY,
                subjects::WS_TICKETS,
            ]
        );
        let lanes = topology.consumer("projector").unwrap();
        let expected: Vec<_> = Lane::all()
            .map(|lane| Durable {
                name: subjects::projector(lane),
                filter: subjects::events_of_lane(lane),
            })
            .collect();
        assert_eq!(lanes.durables().collect::<Vec<_>>(), expected);
        let lanes = topology.consumer("bot-updates").unwrap();
        let expected: Vec<_> = Lane::all()
            .map(|lane| Durable {
                name: subjects::bot_updates(lane),
                filter: subjects::telegram_update(lane),
            })
            .collect();
        assert_eq!(lanes.durables().collect::<Vec<_>>(), expected);
        let sender = topology.consumer(subjects::BOT_SENDER).unwrap();
        let begins = sender.filter.trim_end_matches('>');
        assert!(Lane::all().all(|lane| subjects::telegram_send(lane).starts_with(begins)));
        for name in [subjects::SALE_OPENING, subjects::SALE_OPENING_IMPORTED] {
            let single: Vec<_> = topology.consumer(name).unwrap().durables().collect();
            assert_eq!(
                single.iter().map(|durable| durable.name.as_str()).collect::<Vec<_>>(),
                [name]
            );
        }
    }

    #[test]
    fn every_edge_has_its_user_and_the_servers_answer_what_edges_ask() {
        let topology = Topology::embedded().unwrap();
        let user = |name: &str| topology.users.iter().find(|user| user.name == name).unwrap();
        for edge in subjects::Edge::ALL {
            user(edge.token());
        }
        let pair = |(subject, queue): (&str, &str)| vec![format!("{subject} {queue}")];
        assert_eq!(user("commands").answers, pair(subjects::COMMANDS));
        assert_eq!(user("queries").answers, pair(subjects::QUERIES));
        assert_eq!(user("commands").publishes, [subjects::RELAY_WAKE]);
        assert_eq!(user("relay").hears, [subjects::RELAY_WAKE]);
        assert!(user("transcription").asks.is_empty(), "transcription sends no commands");
    }

    #[test]
    fn sales_are_opened_for_transferred_and_for_imported_leads() {
        let topology = Topology::embedded().unwrap();
        let workspace = ael_events::ids::WorkspaceId::generate();
        let lane = Lane::try_from(3).unwrap();
        for (consumer, event) in [
            (subjects::SALE_OPENING, "lead.transferred.v1"),
            (subjects::SALE_OPENING_IMPORTED, "lead.imported.v1"),
        ] {
            let filter = &topology.consumer(consumer).unwrap().filter;
            let subject = subjects::event(lane, workspace, event);
            let token = |(wanted, token): (&str, &str)| wanted == "*" || wanted == token;
            assert_eq!(filter.split('.').count(), subject.split('.').count());
            assert!(filter.split('.').zip(subject.split('.')).all(token), "{filter} {subject}");
        }
    }

    /// Who takes a lane over after a crash finds first what the dead copy had taken.
    #[test]
    fn what_a_dead_copy_of_the_bot_had_taken_comes_again_before_its_leases_end() {
        let topology = Topology::embedded().unwrap();
        let leases = topology.buckets.iter().find(|bucket| bucket.name == subjects::BOT_LEASES);
        let age = leases.unwrap().max_age.unwrap();
        for consumer in ["bot-updates", subjects::BOT_SENDER] {
            assert!(topology.consumer(consumer).unwrap().ack_wait < age, "{consumer}");
        }
    }

    #[test]
    fn a_contradiction_is_named() {
        let broken = EMBEDDED.replace("consumes = [\"projector\"]", "consumes = [\"projectr\"]");
        let error = Topology::parse(&broken).unwrap_err();
        assert!(error.to_string().contains("user projections: no projectr"), "{error}");
        let typo = EMBEDDED.replace("max_ack_pending = 256", "max_ack_pendng = 256");
        assert!(matches!(Topology::parse(&typo), Err(TopologyError::Unreadable(_))));
    }
}
