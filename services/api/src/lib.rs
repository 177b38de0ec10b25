//! The HTTP interface: what other software and the dashboard use. A pure client of the bus: it
//! holds no database credentials, decides nothing, and forwards the caller's own credential.

mod app;
mod config;
mod connections;
mod desk;
mod document;
mod guard;
mod live;
mod operations;
mod probes;
mod service;
mod wire;

pub use config::{Config, Limits};
pub use document::openapi;
pub use live::Options as LiveOptions;
pub use service::{ApiError, run};
