//! The only writer of the house: a command comes in, the aggregate is loaded, the domain decides,
//! the events are appended, the answer goes out. Nothing else changes anything.
//!
//! # Invariants
//!
//! - **An accepted command is in the store before it is answered**, with its answer, in one
//!   transaction: asking again with the same id gives that answer again.
//! - **A refusal is decided on what the store holds now.** What is remembered may let a command
//!   through, because the append checks the version; it never refuses one.
//! - **Who asks is resolved here**, never taken from what an edge says.
//! - **Any number of copies may run.** They share nothing but the store.

pub mod audit;
mod config;
mod decide;
mod desk;
mod draft;
mod failure;
mod intake;
mod intention;
mod repository;
mod service;
mod stored;
mod turns;
mod wake;

pub use config::Config;
pub use service::{CommandsError, run};
