//! Reading a question off the bus. Whatever arrives is answered; nothing that arrives can harm.

use crate::refusal::invalid;
use ael_events::answer::Rejected;
use ael_events::query::{LeadFilter, Query, QueryRequest};
use ael_events::subjects::{MAX_REQUEST_BYTES, RequestSubject};
use chrono::{DateTime, Datelike as _, Utc};
use serde_json::json;
use std::ops::RangeInclusive;

/// A question with what its subject says about it.
#[derive(Debug)]
pub struct Question {
    /// Through which edge, as the server vouches, and in which workspace.
    pub subject: RequestSubject,
    /// Who asks what.
    pub request: QueryRequest,
}

impl Question {
    /// Reads a question.
    ///
    /// # Errors
    /// Says what is the matter with it.
    pub fn parse(subject: &str, payload: &[u8]) -> Result<Self, Rejected> {
        if payload.len() > MAX_REQUEST_BYTES {
            return Err(too_large(payload.len(), MAX_REQUEST_BYTES));
        }
        let subject = RequestSubject::parse(subject).ok_or_else(|| {
            let form = "ael.qry.<edge>.<workspace>.<query>";
            Rejected::new("malformed_subject", format!("a question is asked on {form}"))
        })?;
        if !Query::NAMES.contains(&subject.topic.as_str()) {
            let known = json!({ "known": Query::NAMES });
            return Err(Rejected::new("unknown_query", "there is no such query").with(known));
        }
        let request: QueryRequest = serde_json::from_slice(payload).map_err(|error| {
            Rejected::new("malformed", format!("the question cannot be read: {error}"))
        })?;
        if request.query.name() != subject.topic {
            let sentence = "the question is another one than its subject says";
            let details = json!({ "subject": subject.topic, "body": request.query.name() });
            return Err(Rejected::new("mismatch", sentence).with(details));
        }
        within_the_calendar(&request.query)?;
        Ok(Self { subject, request })
    }
}

/// The years of which there is something to tell; the database knows fewer than a question names.
const YEARS: RangeInclusive<i32> = 1900..=9999;

fn within_the_calendar(query: &Query) -> Result<(), Rejected> {
    let moments = if let Query::ListLeads(asked) = query {
        let LeadFilter { created_from, created_to, .. } = asked.filter;
        [("created_from", created_from), ("created_to", created_to)]
    } else if let Query::GetLead(asked) = query {
        [("as_of", asked.as_of), ("as_of", None)]
    } else if let Query::ListEvents(asked) = query {
        [("from", asked.from), ("to", asked.to)]
    } else {
        return Ok(());
    };
    let outside = |moment: &DateTime<Utc>| !YEARS.contains(&moment.year());
    match moments.into_iter().find(|(_, moment)| moment.as_ref().is_some_and(outside)) {
        Some((name, _)) => Err(invalid(name, "name a time between the years 1900 and 9999")),
        None => Ok(()),
    }
}

/// The refusal of a request that is larger than is taken.
pub fn too_large(bytes: usize, limit: usize) -> Rejected {
    let sentence = format!("a question may have {limit} bytes; this one has {bytes}");
    Rejected::new("too_large", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::ids::WorkspaceId;
    use ael_events::subjects::{self, Edge};

    fn subject(name: &str) -> String {
        subjects::query(Edge::Api, WorkspaceId::generate(), name)
    }

    fn code(subject: &str, payload: &[u8]) -> String {
        Question::parse(subject, payload).unwrap_err().code
    }

    #[test]
    fn a_whole_question_is_read() {
        let body =
            r#"{"credential":{"kind":"token","token":"t"},"query":{"query":"me","with":{}}}"#;
        let question = Question::parse(&subject("me"), body.as_bytes()).unwrap();
        assert_eq!(question.subject.edge, Edge::Api);
        assert_eq!(question.request.query, Query::Me {});
    }

    #[test]
    fn a_time_that_no_database_knows_is_refused_by_the_name_that_it_was_given() {
        for (name, query) in [
            ("list_leads", r#"{"filter":{"created_to":"-9999-12-31T23:59:59Z"}}"#),
            ("list_events", r#"{"from":"+12000-01-01T00:00:00Z"}"#),
            ("list_events", r#"{"to":"1899-12-31T23:59:59Z"}"#),
        ] {
            let query = format!(r#"{{"query":"{name}","with":{query}}}"#);
            let body = format!(r#"{{"credential":{{"kind":"operator"}},"query":{query}}}"#);
            assert_eq!(code(&subject(name), body.as_bytes()), "invalid_query", "{query}");
        }
    }

    #[test]
    fn whatever_else_arrives_is_refused_with_a_reason() {
        let me = subject("me");
        assert_eq!(code("ael.qry.root.x.me", b"{}"), "malformed_subject");
        assert_eq!(code(&format!("{me}.more"), b"{}"), "malformed_subject");
        assert_eq!(code(&subject("drop_everything"), b"{}"), "unknown_query");
        for broken in [&b""[..], b"{", b"null", b"\xff\xfe", b"{\"query\":1}", b"[[[[[[[["] {
            assert_eq!(code(&me, broken), "malformed");
        }
        assert_eq!(code(&me, "[".repeat(100_000).as_bytes()), "malformed");
        assert_eq!(code(&me, &vec![b' '; MAX_REQUEST_BYTES + 1]), "too_large");
        let other = r#"{"credential":{"kind":"operator"},"query":{"query":"me","with":{}}}"#;
        assert_eq!(code(&subject("list_dead"), other.as_bytes()), "mismatch");
    }
}
