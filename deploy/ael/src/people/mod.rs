//! What people ask of the running system: leads, sales, numbers, members and workspaces.

pub mod invitation;
pub mod lead;
mod lead_changes;
pub mod lead_view;
pub mod member;
pub mod moment;
mod paging;
pub mod sale;
pub mod stats;
pub mod token;
pub mod whom;
pub mod workspace;
