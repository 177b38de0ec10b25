//! Making the server like the topology, and believing only what it says afterwards.

use super::{BucketSpec, ConsumerSpec, Durable, Keeps, StreamSpec, Topology, TopologyError};
use crate::{Bus, stream::NO_SUCH_CONSUMER, stream::NO_SUCH_STREAM, stream::Reply};
use async_nats::jetstream::{
    consumer::{self, AckPolicy, DeliverPolicy, pull},
    stream::{self, DiscardPolicy, RetentionPolicy, StorageType},
};
use serde::de::DeserializeOwned;
use std::{fmt, time::Duration};

/// The shortest window in which the server looks for repeated message ids: where nothing of ours
/// relies on it, since each remembered id costs the server memory.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);

/// Something on the server that is not as the topology says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// It is not there.
    Missing {
        /// Such as `stream EVENTS`.
        what: String,
    },
    /// It is different.
    Differs {
        /// Such as `stream EVENTS`.
        what: String,
        /// The server's name of the setting.
        field: &'static str,
        /// What the topology says.
        wanted: String,
        /// What the server has.
        found: String,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what } => write!(f, "{what} is missing"),
            Self::Differs { what, field, wanted, found } => {
                write!(f, "{what}: {field} is {found} instead of {wanted}")
            }
        }
    }
}

/// What [`apply`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// What was made.
    pub made: Vec<String>,
    /// What was changed.
    pub changed: Vec<String>,
    /// How many things were right already.
    pub unchanged: usize,
}

/// Makes the streams, consumers and buckets, or changes them, and reads back what the server
/// really made. Doing it again does nothing. What the topology does not name is left alone.
///
/// # Errors
/// [`TopologyError::Server`] when the server refuses (some settings of existing things cannot be
/// changed), [`TopologyError::Drift`] when it does something else.
pub async fn apply(admin: &Bus, topology: &Topology) -> Result<Applied, TopologyError> {
    let mut applied = Applied::default();
    for wanted in topology.kept_streams() {
        apply_stream(admin, &wanted, &mut applied).await?;
    }
    for spec in &topology.consumers {
        apply_consumers(admin, spec, &mut applied).await?;
    }
    Ok(applied)
}

/// Compares the server with the topology and changes nothing.
///
/// # Errors
/// [`TopologyError::Server`] when the server does not answer.
pub async fn check(admin: &Bus, topology: &Topology) -> Result<Vec<Drift>, TopologyError> {
    let mut drifts = Vec::new();
    for wanted in topology.kept_streams() {
        let what = describe_stream(&wanted);
        match stream_config(admin, &wanted.name).await? {
            Some(found) => drifts.extend(stream_drifts(&what, &wanted, &found)),
            None => drifts.push(Drift::Missing { what }),
        }
    }
    for spec in &topology.consumers {
        for durable in spec.durables() {
            let what = format!("consumer {}", durable.name);
            match consumer_config(admin, &spec.stream, &durable.name).await? {
                Some(found) => {
                    drifts.extend(consumer_drifts(&what, &wanted_consumer(spec, &durable), &found));
                }
                None => drifts.push(Drift::Missing { what }),
            }
        }
    }
    Ok(drifts)
}

/// Deletes one stream with everything in it and makes it and its consumers anew, empty.
///
/// # Errors
/// As [`apply`].
pub async fn recreate_stream(
    admin: &Bus,
    topology: &Topology,
    stream: &str,
) -> Result<(), TopologyError> {
    let Some(wanted) = topology.kept_streams().find(|wanted| wanted.name == stream) else {
        return Err(TopologyError::Inconsistent(format!("there is no stream {stream}")));
    };
    admin
        .stream(stream)
        .delete()
        .await
        .map_err(|error| refused(format!("deleting {stream}"), &error))?;
    let mut applied = Applied::default();
    apply_stream(admin, &wanted, &mut applied).await?;
    for spec in topology.consumers.iter().filter(|spec| spec.stream == stream) {
        apply_consumers(admin, spec, &mut applied).await?;
    }
    Ok(())
}

impl Topology {
    /// Every stream that the server keeps: those of the file, and one for each bucket.
    fn kept_streams(&self) -> impl Iterator<Item = stream::Config> {
        let streams = self.streams.iter().map(wanted_stream);
        streams.chain(self.buckets.iter().map(wanted_bucket))
    }
}

fn wanted_stream(spec: &StreamSpec) -> stream::Config {
    stream::Config {
        name: spec.name.clone(),
        subjects: spec.subjects.clone(),
        description: Some(spec.about.clone()),
        retention: match spec.keeps {
            Keeps::UntilDeleted => RetentionPolicy::Limits,
            Keeps::UntilDone => RetentionPolicy::WorkQueue,
        },
        max_age: spec.max_age.unwrap_or_default(),
        max_messages_per_subject: -1,
        duplicate_window: spec.remembers_ids.unwrap_or(DUPLICATE_WINDOW),
        ..common()
    }
}

/// A bucket is a stream of this form. (async-nats' own `create_key_value` fails on 2.9.10.)
///
/// It is not read directly: the server would send a value, whole and with its headers, to whatever
/// subject the asker calls its inbox, `ael.evt.…` included, and does not ask whether it may.
fn wanted_bucket(spec: &BucketSpec) -> stream::Config {
    stream::Config {
        name: format!("KV_{}", spec.name),
        subjects: vec![format!("$KV.{}.>", spec.name)],
        description: Some(spec.about.clone()),
        max_age: spec.max_age.unwrap_or_default(),
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: false,
        ..common()
    }
}

fn common() -> stream::Config {
    stream::Config {
        storage: StorageType::File,
        num_replicas: 1,
        max_messages: -1,
        max_bytes: -1,
        max_consumers: -1,
        duplicate_window: DUPLICATE_WINDOW,
        ..stream::Config::default()
    }
}

fn wanted_consumer(spec: &ConsumerSpec, durable: &Durable) -> pull::Config {
    pull::Config {
        durable_name: Some(durable.name.clone()),
        description: Some(spec.about.clone()),
        filter_subject: durable.filter.clone(),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: spec.ack_wait,
        max_ack_pending: spec.max_ack_pending,
        max_deliver: -1,
        ..pull::Config::default()
    }
}

async fn apply_stream(
    admin: &Bus,
    wanted: &stream::Config,
    applied: &mut Applied,
) -> Result<(), TopologyError> {
    let what = describe_stream(wanted);
    match stream_config(admin, &wanted.name).await? {
        Some(found) if stream_drifts(&what, wanted, &found).is_empty() => {
            applied.unchanged += 1;
            return Ok(());
        }
        Some(found) => {
            // Copies are the operator's choice: they depend on the cluster, not on us.
            let wanted = stream::Config { num_replicas: found.num_replicas, ..wanted.clone() };
            let updated = admin.jetstream.update_stream(&wanted).await;
            updated.map_err(|error| refused(format!("changing {what}"), &error))?;
            applied.changed.push(what.clone());
        }
        None => {
            let created = admin.jetstream.create_stream(wanted).await;
            created.map_err(|error| refused(format!("making {what}"), &error))?;
            applied.made.push(what.clone());
        }
    }
    believe(match stream_config(admin, &wanted.name).await? {
        Some(found) => stream_drifts(&what, wanted, &found),
        None => vec![Drift::Missing { what }],
    })
}

async fn apply_consumers(
    admin: &Bus,
    spec: &ConsumerSpec,
    applied: &mut Applied,
) -> Result<(), TopologyError> {
    for durable in spec.durables() {
        let what = format!("consumer {}", durable.name);
        let wanted = wanted_consumer(spec, &durable);
        let found = consumer_config(admin, &spec.stream, &durable.name).await?;
        let list = match &found {
            Some(found) if consumer_drifts(&what, &wanted, found).is_empty() => {
                applied.unchanged += 1;
                continue;
            }
            Some(_) => &mut applied.changed,
            None => &mut applied.made,
        };
        let made = admin.jetstream.create_consumer_on_stream(wanted.clone(), &spec.stream).await;
        made.map_err(|error| refused(format!("making {what}"), &error))?;
        list.push(what.clone());
        believe(match consumer_config(admin, &spec.stream, &durable.name).await? {
            Some(found) => consumer_drifts(&what, &wanted, &found),
            None => vec![Drift::Missing { what }],
        })?;
    }
    Ok(())
}

fn believe(drifts: Vec<Drift>) -> Result<(), TopologyError> {
    if drifts.is_empty() { Ok(()) } else { Err(TopologyError::Drift(drifts)) }
}

fn describe_stream(wanted: &stream::Config) -> String {
    match wanted.name.strip_prefix("KV_") {
        Some(bucket) => format!("bucket {bucket}"),
        None => format!("stream {}", wanted.name),
    }
}

fn stream_drifts(what: &str, wanted: &stream::Config, found: &stream::Config) -> Vec<Drift> {
    let mut drifts = Drifts::of(what);
    drifts.compare("subjects", &wanted.subjects, &found.subjects);
    drifts.compare("description", &wanted.description, &found.description);
    drifts.compare("retention", &wanted.retention, &found.retention);
    drifts.compare("storage", &wanted.storage, &found.storage);
    drifts.compare("discard", &wanted.discard, &found.discard);
    drifts.compare("max_age", &wanted.max_age, &found.max_age);
    drifts.compare("max_msgs", &wanted.max_messages, &found.max_messages);
    drifts.compare("max_bytes", &wanted.max_bytes, &found.max_bytes);
    let per_subject = (wanted.max_messages_per_subject, found.max_messages_per_subject);
    drifts.compare("max_msgs_per_subject", &per_subject.0, &per_subject.1);
    drifts.compare("duplicate_window", &wanted.duplicate_window, &found.duplicate_window);
    drifts.compare("allow_rollup_hdrs", &wanted.allow_rollup, &found.allow_rollup);
    drifts.compare("deny_delete", &wanted.deny_delete, &found.deny_delete);
    drifts.compare("allow_direct", &wanted.allow_direct, &found.allow_direct);
    drifts.found
}

fn consumer_drifts(what: &str, wanted: &pull::Config, found: &consumer::Config) -> Vec<Drift> {
    let mut drifts = Drifts::of(what);
    drifts.compare("durable_name", &wanted.durable_name, &found.durable_name);
    drifts.compare("description", &wanted.description, &found.description);
    drifts.compare("filter_subject", &wanted.filter_subject, &found.filter_subject);
    drifts.compare("deliver_policy", &wanted.deliver_policy, &found.deliver_policy);
    drifts.compare("ack_policy", &wanted.ack_policy, &found.ack_policy);
    drifts.compare("ack_wait", &wanted.ack_wait, &found.ack_wait);
    drifts.compare("max_ack_pending", &wanted.max_ack_pending, &found.max_ack_pending);
    drifts.compare("max_deliver", &wanted.max_deliver, &found.max_deliver);
    drifts.compare("deliver_subject", &None, &found.deliver_subject);
    drifts.found
}

/// Collects what differs.
struct Drifts<'a> {
    what: &'a str,
    found: Vec<Drift>,
}

impl<'a> Drifts<'a> {
    fn of(what: &'a str) -> Self {
        Self { what, found: Vec::new() }
    }

    fn compare<T: PartialEq + fmt::Debug>(&mut self, field: &'static str, wanted: &T, found: &T) {
        if wanted != found {
            self.found.push(Drift::Differs {
                what: self.what.to_owned(),
                field,
                wanted: format!("{wanted:?}"),
                found: format!("{found:?}"),
            });
        }
    }
}

async fn stream_config(admin: &Bus, name: &str) -> Result<Option<stream::Config>, TopologyError> {
    let subject = format!("STREAM.INFO.{name}");
    let info: Option<stream::Info> = ask(admin, subject, NO_SUCH_STREAM).await?;
    Ok(info.map(|info| info.config))
}

async fn consumer_config(
    admin: &Bus,
    stream: &str,
    name: &str,
) -> Result<Option<consumer::Config>, TopologyError> {
    let subject = format!("CONSUMER.INFO.{stream}.{name}");
    let info: Option<consumer::Info> = ask(admin, subject, NO_SUCH_CONSUMER).await?;
    Ok(info.map(|info| info.config))
}

async fn ask<T: DeserializeOwned>(
    admin: &Bus,
    subject: String,
    missing: u64,
) -> Result<Option<T>, TopologyError> {
    match admin.ask_server(subject.clone(), &serde_json::json!({})).await {
        Ok(Reply::Fine(info)) => Ok(Some(info)),
        Ok(Reply::Error { error }) if [missing, NO_SUCH_STREAM].contains(&error.err_code) => {
            Ok(None)
        }
        Ok(Reply::Error { error }) => {
            Err(TopologyError::Server { what: subject, reason: error.description })
        }
        Err(error) => Err(refused(subject, &error)),
    }
}

fn refused(what: String, error: &dyn std::error::Error) -> TopologyError {
    let mut reason = error.to_string();
    if let Some(source) = error.source() {
        reason = format!("{reason}: {source}");
    }
    TopologyError::Server { what, reason }
}
