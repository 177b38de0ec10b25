//! The event store on a real PostgreSQL: every rule from both sides.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what fails by failing")]

mod append;
mod chain;
mod cqrs;
mod erasure;
mod group;
mod incarnation;
mod load;
mod rights;
mod settled;
mod snapshot;
mod support;
