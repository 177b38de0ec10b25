//! The read models against a real PostgreSQL: what people see follows from what happened, exactly
//! once, and nothing is left of whoever was erased.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what fails by failing")]

mod access;
mod advisor;
mod audit;
mod audit_alive;
mod bus;
mod copies;
mod dead;
mod erasure;
mod live;
mod rebuild;
mod rights;
mod views;
mod world;
