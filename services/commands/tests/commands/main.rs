//! The command service with its real neighbours: a real PostgreSQL, a real NATS, a workspace per
//! test.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod access;
mod answers;
mod contention;
mod outage;
mod people;
mod persons;
mod world;
