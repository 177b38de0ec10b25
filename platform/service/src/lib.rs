//! What every process of the house shares: how it reads its settings, speaks to its operator,
//! shows its health and stops without losing anything.

pub mod config;
pub mod health;
pub mod shutdown;
pub mod telemetry;

pub use config::{BusConfig, ConfigError, DatabaseConfig, Env};
pub use health::Health;
