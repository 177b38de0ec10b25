//! How the house's own types travel over HTTP: what is read of a request, what is written of an
//! answer, and how each is described in the OpenAPI document.

mod answer;
mod body;
mod caller;
mod described;
mod list;
mod params;
mod path;
mod problem;
mod sentence;
mod status;

pub(crate) use answer::{Created, Found, NoteWritten, Written, bare, one};
pub(crate) use body::{Body, parse_value, received};
pub(crate) use caller::{Caller, Maker, Reader, Writer, presented};
pub(crate) use described::{Describe, Described, take_described};
pub(crate) use list::List;
pub(crate) use params::Params;
pub(crate) use path::Path;
pub(crate) use problem::{Details as ProblemDetails, PROBLEM_JSON, Problem};
