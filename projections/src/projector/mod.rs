//! The projector: takes lanes, applies what happened to every read model exactly once, and tells
//! who watches.

pub mod apply;
pub(crate) mod checkpoints;
pub mod dead;
mod lane;
mod leases;
mod live;
mod runner;
mod together;

pub use runner::{Projector, ProjectorOptions};
