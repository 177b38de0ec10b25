//! What an operator does: run services, set up servers, look after read models, stream and keys.

pub mod access;
pub mod audit;
pub mod dead;
pub mod dev;
pub mod keys;
pub mod migrate;
pub mod projection;
pub mod run;
pub mod schema;
pub mod stream;
pub mod topology;
mod verdict;
