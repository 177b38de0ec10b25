//! The assistant: answers questions in plain Ukrainian or English from what the asker may see, and
//! drafts changes that the asker alone can have done.
//!
//! # Invariants
//!
//! - **It asks as who asks it.** Every look at the read models carries the asker's own credential,
//!   by way of an edge that may ask a few queries and command nothing.
//! - **What a text says gives nobody rights.** Questions, names and notes are data: the rules look
//!   for words in them, and a language model gets read queries of the asker's and nothing else.
//! - **It proposes, people do.** A draft goes back to the asker, with the lead's version.

mod answers;
mod brain;
mod chat;
mod desk;
mod eyes;
mod lookup;
mod memory;
mod outside;
mod pseudonyms;
mod talk;
mod texts;
mod tools;
mod turn;
mod understanding;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod house_tests;
#[cfg(test)]
mod talk_tests;
#[cfg(test)]
mod testing;

pub(crate) use brain::Brain;
pub(crate) use desk::AssistantDesk;
pub(crate) use memory::Memory;
pub(crate) use outside::Outside;
