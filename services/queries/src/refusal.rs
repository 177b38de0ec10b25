//! Why a question is not answered: it is refused for good, or it could not be looked up just now.

use ael_auth::Denied;
use ael_events::answer::{Failed, QueryAnswer, Rejected};
use ael_events::query::Query;
use serde_json::json;

/// A question that gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Refused: asking again cannot help.
    #[error(transparent)]
    Refused(#[from] Rejected),
    /// The read models have not yet taken the write that the asker wants to see.
    #[error("the read models are behind the write that was to be seen")]
    Behind,
    /// The database took longer than a question may.
    #[error("the read models took too long")]
    TooSlow(#[source] sqlx::Error),
    /// The database could not be asked.
    #[error("the read models could not be asked")]
    Database(#[source] sqlx::Error),
    /// Who asks is not let in, or could not be found out.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A read model holds something that is none of our values.
    #[error("{what} in the read models cannot be read")]
    Unreadable {
        /// Which column or row.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Unanswered {
    /// For a value of a read model that cannot be read.
    pub fn unreadable<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Unreadable { what, source: source.into() }
    }
}

impl Unanswered {
    /// The answer instead: a refusal, or a failure when asking again may help. What is not the
    /// asker's doing is logged here, once.
    #[must_use]
    pub fn into_answer(self) -> QueryAnswer<()> {
        let (sentence, retry_after_ms) = match self {
            Self::Refused(refusal) => return QueryAnswer::Rejected(refusal),
            Self::Denied(denied) => {
                return match denied.into_refusal() {
                    Ok(refusal) => QueryAnswer::Rejected(refusal),
                    Err(failed) => QueryAnswer::Failed(failed),
                };
            }
            Self::Behind => {
                ("what was written last is not readable yet: it is kept, ask again", 500)
            }
            Self::TooSlow(error) => {
                tracing::warn!(error = without_values(&error), "a question took too long");
                ("that took too long: ask again, or for less at once", 2_000)
            }
            Self::Database(error) => {
                let error = without_values(&error);
                tracing::error!(error, "the read models could not be asked");
                ("the answer could not be looked up now: ask again in a moment", 1_000)
            }
            Self::Unreadable { what, source } => {
                let source = without_values(source.as_ref());
                tracing::error!(source, what, "a read model holds what cannot be read");
                ("the answer could not be read: the operator will find why in the log", 5_000)
            }
        };
        QueryAnswer::Failed(Failed { sentence: sentence.to_owned(), retry_after_ms })
    }

    /// What became of the question, for metrics.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => "rejected",
            Self::Denied(_) => "denied",
            Self::Behind => "behind",
            Self::TooSlow(_) => "too_slow",
            Self::Database(_) | Self::Unreadable { .. } => "failed",
        }
    }
}

/// What an error says, for a log: what JSON holds instead of what was expected may be personal, so
/// of that only the place is told.
fn without_values(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(json) = error.downcast_ref::<serde_json::Error>() {
        let (kind, line, column) = (json.classify(), json.line(), json.column());
        return format!("JSON of another form ({kind:?}) at line {line}, column {column}");
    }
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::ColumnDecode { index, source }) => {
            format!("column {index}: {}", without_values(source.as_ref()))
        }
        Some(sqlx::Error::Decode(source)) => without_values(source.as_ref()),
        Some(_) | None => error.to_string(),
    }
}

/// PostgreSQL's code for a statement that ran into `statement_timeout`.
const QUERY_CANCELED: &str = "57014";

impl From<sqlx::Error> for Unanswered {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        let cancelled = code.is_some_and(|code| code == QUERY_CANCELED);
        if cancelled { Self::TooSlow(error) } else { Self::Database(error) }
    }
}

/// A result of answering.
pub type Answered<T> = Result<T, Unanswered>;

/// There is no such thing, or none that the asker may see: both are answered alike, so that nobody
/// can find out what exists.
pub fn not_found(what: &str) -> Rejected {
    let sentence = format!("there is no such {what}, or you may not see it");
    Rejected::new("not_found", sentence)
}

/// The asker has no right to this question.
pub fn not_allowed(query: &Query, who: &str) -> Rejected {
    let (name, what) = (query.name(), query.name().replace('_', " "));
    Rejected::new("forbidden", format!("this is only for {who} ({what})"))
        .with(json!({ "query": name }))
}

/// The question makes no sense as it is.
pub fn invalid(field: &str, sentence: impl Into<String>) -> Rejected {
    Rejected::new("invalid_query", sentence).with(json!({ "field": field }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_log_says_of_json_that_does_not_fit_names_the_place_and_not_the_value() {
        let of = || serde_json::from_str::<u8>("\"Olena Koval\"").unwrap_err();
        assert!(of().to_string().contains("Olena"), "{}", of());
        let decode = |source| sqlx::Error::ColumnDecode { index: "contact".to_owned(), source };
        for told in [without_values(&of()), without_values(&decode(Box::new(of())))] {
            assert!(!told.contains("Olena") && told.contains("line 1"), "{told}");
        }
        assert!(without_values(&decode(Box::new(of()))).starts_with("column contact"));
    }
}
