//! The query service against a real PostgreSQL: who sees what, pages, searches, time travel, and
//! the plans by which a million leads are read.

mod history;
mod house;
mod lead_list;
mod numbers;
mod plans;
mod positions;
mod requests;
mod search;
mod see_rule;
