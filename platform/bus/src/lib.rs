//! The message bus: how the parts of the house talk to each other. The only crate that knows NATS.
//!
//! - [`Bus`]: one connection per process; it reconnects for ever.
//! - [`Bus::request`], [`Bus::serve`]: questions and answers between services.
//! - [`Bus::publish`], [`Bus::subscribe`]: wake-ups and live notices that nobody has to hear.
//! - [`EventPublisher`]: the relay's fenced way into the stream of events.
//! - [`Consumer`]: a service's place in a stream, made ready by the topology.
//! - [`follow`]: working on what a consumer brings until it is done.
//! - [`Bucket`]: small shared values, changed by compare-and-set.
//! - [`topology`]: which streams, consumers, buckets and users exist, and who may say what.
//!
//! Everything works on nats-server 2.9.10 and on current ones: async-nats is built without its
//! `server_*` features, so that what an old server drops silently does not compile here.

mod bucket;
mod config;
mod connection;
mod consumer;
mod effects;
mod message;
mod publisher;
mod pubsub;
mod request;
mod serve;
mod service;
mod stream;
pub mod topology;
mod trace;

/// The seal of what lies on the bus outside the event log.
pub use ael_seal::{BusSeal, SealError};
pub use bucket::{Bucket, BucketError, Entry, LazyBucket};
pub use config::BusConfig;
pub use connection::{Bus, BusError, Link, LinkState, ServerFacts};
pub use consumer::{ConsumeError, Consumer, Delivered};
pub use effects::{Fate, follow};
pub use message::{Headers, Message};
pub use publisher::{EventPublisher, Kept, MAX_BATCH, Publication, PublishError};
pub use pubsub::Subscription;
pub use request::RequestError;
pub use serve::{Handler, Request, ServeOptions, Standing, Unhandled};
pub use stream::{StoredMessage, StreamError, StreamHandle, StreamState, StreamTail};
pub use trace::Traceparent;
