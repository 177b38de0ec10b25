//! The event store: the only place where anything is written down, and the order in which everybody
//! reads it.
//!
//! # Invariants
//!
//! - **All or nothing.** One append is one statement: events, answer, keys, claims and directory
//!   rows together. No aggregate ever has event 7 without event 6, and nobody is told of anything
//!   that is not kept.
//! - **One answer.** A command id of a principal has one answer; it is written in the transaction
//!   of its events.
//! - **A neighbour costs time, never an answer.** Appends share transactions; a violation sends
//!   each on its own way.
//! - **What is unknown is called unknown.** When a connection is lost in the middle, the store is
//!   asked what happened; if it can't tell, neither do we.
//! - **One order** ([`SettledReader`]): nothing appears before what was read.
//! - **Snapshots are a shortcut.** Snapshot and tail give the same as all events; a missing one
//!   costs time.
//! - **A tenant sees itself.** Every table with a workspace has row-level security, forced on the
//!   owner too.
//! - **Personal data is sealed** before it leaves this process, and a destroyed key is gone for
//!   everybody.
//! - **History is never changed**: triggers refuse it, and the hash chain ([`Chain`]) shows it.

mod answers;
mod append;
pub mod auth;
mod chain;
mod claims;
mod connect;
mod cqrs;
mod error;
pub mod keys;
mod leader;
mod load;
mod loads;
pub mod migrate;
mod settled;
pub mod testing;
mod writer;

pub use answers::StoredAnswer;
pub use append::{
    Append, AppendError, AppendMeta, Appended, AppendedStream, Claim, ClaimRelease, CommandRecord,
    Credential, CredentialKind, CredentialRef, NewEvent, NewSnapshot, Principal, SNAPSHOT_EVERY,
    StreamAppend, snapshot_due,
};
pub use chain::{Chain, ChainFault, ChainHead, Digest, NotAChainHead, RowName};
pub use connect::{DbRole, PoolOptions, connect};
pub use cqrs::{CqrsError, SqlAggregateContext, SqlEventStore};
pub use error::StoreError;
pub use keys::KeyStore;
pub use leader::AdvisoryLock;
pub use load::{Loaded, LoadedEvent, Snapshot};
pub use settled::{Holder, Horizon, ReadEvent, ReadSnapshot, Settled, SettledReader};
pub use writer::{EventWriter, WriterOptions};
