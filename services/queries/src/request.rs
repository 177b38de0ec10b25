//! Reading a question off the bus. Whatever arrives is answered; nothing that arrives can harm.

use ael_events::answer::Rejected;
use ael_events::query::{Query, QueryRequest};
use ael_events::subjects::{MAX_REQUEST_BYTES, RequestSubject};
use serde_json::json;

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
        Ok(Self { subject, request })
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
