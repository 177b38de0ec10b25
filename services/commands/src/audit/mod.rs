//! What an aggregate amounts to when its whole history is folded by the domain: a second opinion,
//! by which the read models' own folds are checked.

mod lead;
mod others;

use ael_events::event::Event;
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A history that the domain cannot fold.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It holds an event of another kind of aggregate.
    #[error("the history of a {kind} holds an event of another kind of aggregate")]
    ForeignEvent {
        /// Whose history it is.
        kind: AggregateKind,
    },
    /// A value of it cannot be told.
    #[error("a value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The digest of an aggregate after its events, from the first on; nothing for aggregates that no
/// read model shows.
///
/// # Errors
/// [`AuditError`] when the events are not the history of such an aggregate.
pub fn digest(
    kind: AggregateKind,
    id: Uuid,
    events: Vec<Event>,
) -> Result<Option<AggregateDigest>, AuditError> {
    let version = events.len() as u64;
    let foreign = || AuditError::ForeignEvent { kind };
    macro_rules! own {
        ($pattern:pat => $event:expr) => {
            events
                .into_iter()
                .map(|event| if let $pattern = event { Ok($event) } else { Err(foreign()) })
                .collect::<Result<Vec<_>, _>>()?
        };
    }
    let fields = match kind {
        AggregateKind::Lead => lead::fold(own!(Event::Lead(event) => *event), id)?,
        AggregateKind::Sale => others::sale(own!(Event::Sale(event) => event)),
        AggregateKind::Member => others::member(own!(Event::Member(event) => event)),
        AggregateKind::Workspace => others::workspace(&own!(Event::Workspace(event) => event))?,
        AggregateKind::Invitation | AggregateKind::Token => return Ok(None),
        AggregateKind::Advisor => others::advisor(own!(Event::Advisor(event) => event)),
    };
    let aggregate = format!("{kind}/{id}");
    Ok(Some(AggregateDigest { aggregate, version, fields: fields.0 }))
}

/// The fields of a digest: texts by name; what is missing has no name.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn text(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.to_string());
        }
    }

    fn json(
        &mut self,
        name: &str,
        value: Option<&impl Serialize>,
    ) -> Result<(), serde_json::Error> {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), serde_json::to_string(value)?);
        }
        Ok(())
    }
}
