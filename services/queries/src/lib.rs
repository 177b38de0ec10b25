//! The query service: answers questions over the bus from the read models, to whoever may know.
//!
//! Each question takes the same way ([`Desk`]): is it readable, may this edge ask it, who asks and
//! may they, have the read models taken the write that is to be seen; then one read-only look at
//! one workspace gives the answer. It reads members and credentials of the write side and opens
//! nothing that is sealed.

mod answers;
mod asker;
mod config;
mod desk;
mod page;
mod positions;
mod refusal;
mod request;
mod service;
mod view;

pub use config::QueriesConfig;
pub use desk::{Desk, Patience};
pub use service::{QueriesError, run};
