//! The rules of the house: what may happen to workspaces, members, invitations, tokens, leads,
//! sales and advisors, and who may make it happen.
//!
//! Nothing here reads a clock, a database or a random number. `decide` may refuse; `evolve` cannot
//! fail. A use case is a file, and the listing of files is what the system can do.

pub mod advisor;
mod asked;
mod decider;
pub mod invitation;
pub mod lead;
pub mod member;
mod refusal;
pub mod sale;
pub mod token;
pub mod who_may;
pub mod workspace;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod who_may_tests;

pub use asked::{Asked, InTheFuture};
pub use decider::{Decider, Request};
