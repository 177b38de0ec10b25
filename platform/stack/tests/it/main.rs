//! The local stack on real servers and real processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod servers;
mod supervision;
mod support;
