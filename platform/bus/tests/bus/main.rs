//! The bus against real servers: the installed nats-server, and the one that
//! `AEL_TEST_NATS_SERVER` names, if any.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod consumers;
mod permissions;
mod requests;
mod server;
mod streams;
mod topology;
