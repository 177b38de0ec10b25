//! The embedded local stack: a private PostgreSQL, a private nats-server and every service as
//! supervised processes, with all that they keep in one folder, the home.

mod account;
mod error;
mod files;
mod home;
mod leftovers;
mod logs;
mod nats;
mod ports;
mod postgres;
mod secrets;
mod spawn;
mod stack;
mod supervisor;
mod throwaway;

pub use account::Account;
pub use error::StackError;
pub use home::{ClaimedHome, Home, NatsState, PostgresState, Running, StackState};
pub use nats::{Nats, NatsOptions, NatsVersion};
pub use postgres::{Postgres, PostgresOptions};
pub use secrets::{ROLES, SUPERUSER, Secrets};
pub use stack::{NATS, POSTGRES, Stack, StackOptions};
pub use supervisor::{Ready, ServiceReport, ServiceSpec, Status, Supervisor, Tier};
pub use throwaway::ThrowawayStack;
