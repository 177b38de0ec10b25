//! The query service against a real PostgreSQL: who sees what, pages, searches, time travel, and
//! the plans by which a million leads are read.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test's helpers fail as the test itself does, and tell what they saw"
)]

mod access;
mod advisor;
mod event_plans;
mod events;
mod feed;
mod history;
mod house;
mod include;
mod lead_list;
mod numbers;
mod plans;
mod positions;
mod requests;
mod search;
mod see_rule;
mod served;
mod timeline;
