//! `ael import`: taking leads over from somebody's file, with their past.

mod columns;
mod lines;
mod mapping;
pub mod moments;
mod plan;
pub mod progress;
mod rehearse;
mod report;
mod rows;
mod run;
mod settle;
pub mod text;
mod turns;

pub use run::ImportCommand;
