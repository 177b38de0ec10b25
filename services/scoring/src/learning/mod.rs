//! The local model in service: it learns from how the house's own leads ended, scores by what it
//! learnt, and says why.
//!
//! What it learns from comes from `queries`, lead by lead as it was when a score was due; what it
//! learnt goes to `commands`, which keeps every version. Nothing is kept here but a few models in
//! memory.

mod file;
mod finetune;
mod learn;
mod lesson;
mod models;
mod schedule;
mod words;

pub use file::{BadFile, pack, unpack};
pub use finetune::fine_tuning_line;
pub use learn::{Asker, LearningError, Learnt, learn, lesson_of, train};
pub use lesson::Lesson;
pub use models::Models;
pub use schedule::keep_learning;
