//! Which story a message belongs to: the W3C trace context, carried from request to request.

use crate::Headers;
use ael_events::subjects::HEADER_TRACEPARENT;
use std::{fmt, str::FromStr};

tokio::task_local! {
    static CURRENT: Traceparent;
}

/// A W3C `traceparent`: the id of the whole story and of the step that speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    trace: u128,
    span: u64,
    flags: u8,
}

/// A text was no `traceparent`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent: expected 00-<32 hex digits>-<16 hex digits>-<2 hex digits>")]
pub struct NotATraceparent;

impl Traceparent {
    /// A new story.
    #[must_use]
    pub fn fresh() -> Self {
        let trace = rand::random_range(1..=u128::MAX);
        Self { trace, span: rand::random_range(1..=u64::MAX), flags: 1 }
    }

    /// The next step of the same story.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span: rand::random_range(1..=u64::MAX), ..self }
    }

    /// The story that the running handler belongs to, if any.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| *current).ok()
    }

    /// Runs work as part of this story: what it says on the bus carries it on.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// The id of the whole story, 32 hex digits, for logs.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The story of a message: the one its headers name, or a new one.
    pub(crate) fn of(headers: &Headers) -> Self {
        let named = headers.get(HEADER_TRACEPARENT).and_then(|text| text.parse().ok());
        named.unwrap_or_else(Self::fresh)
    }

    /// The headers, with the running story unless they name one themselves.
    pub(crate) fn stamp(headers: Headers) -> Headers {
        if headers.get(HEADER_TRACEPARENT).is_some() {
            return headers;
        }
        let story = Self::current().map_or_else(Self::fresh, Self::child);
        headers.with(HEADER_TRACEPARENT, story.to_string())
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for Traceparent {
    type Err = NotATraceparent;
    fn from_str(text: &str) -> Result<Self, NotATraceparent> {
        let parts: Vec<&str> = text.split('-').collect();
        let hex =
            text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-');
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        if !hex || lengths != [2, 32, 16, 2] || parts[0] == "ff" {
            return Err(NotATraceparent);
        }
        let trace = u128::from_str_radix(parts[1], 16).map_err(|_| NotATraceparent)?;
        let span = u64::from_str_radix(parts[2], 16).map_err(|_| NotATraceparent)?;
        let flags = u8::from_str_radix(parts[3], 16).map_err(|_| NotATraceparent)?;
        if trace == 0 || span == 0 { Err(NotATraceparent) } else { Ok(Self { trace, span, flags }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_reads_as_it_is_written() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let story: Traceparent = text.parse().unwrap();
        assert_eq!(story.to_string(), text);
        assert_eq!(story.child().trace_id(), story.trace_id());
        assert_ne!(story.child(), story);
        for broken in ["", "00-0-0-0", &text.to_uppercase(), &text.replace("4bf9", "zzzz")] {
            assert!(broken.parse::<Traceparent>().is_err(), "{broken}");
        }
    }

    #[tokio::test]
    async fn what_a_handler_says_belongs_to_its_story() {
        let story = Traceparent::fresh();
        let stamped = story.scope(async { Traceparent::stamp(Headers::new()) }).await;
        let said = Traceparent::of(&stamped);
        assert_eq!(said.trace_id(), story.trace_id());
        assert_ne!(said, story);
    }
}
