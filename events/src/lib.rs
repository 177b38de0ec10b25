//! The shared vocabulary of AEL CRM: what the parts of the system say to each other, and nothing
//! that they do.
//!
//! No I/O happens here. Every value is parsed once, at the edge; inside the house an e-mail is an
//! [`values::Email`], never a `String`. Wire names are explicit, versioned and append-only, and
//! pinned by snapshot tests.

pub mod actor;
pub mod answer;
pub mod command;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod order;
pub mod private;
pub mod query;
pub mod schema;
pub mod subjects;
pub mod values;
