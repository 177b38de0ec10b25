//! What travels on the bus: a subject, a few headers, a payload.

use bytes::Bytes;
use std::collections::BTreeMap;

/// The headers of a message: names to single values. Names keep their case, as NATS keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These headers and one more. Line breaks, which would end the header, become spaces.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into().replace(['\r', '\n'], " ");
        self.0.insert(name.to_owned(), value);
        self
    }

    /// The value of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every header, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl From<Headers> for async_nats::HeaderMap {
    fn from(headers: Headers) -> Self {
        let mut map = Self::new();
        for (name, value) in headers.0 {
            map.insert(name, value);
        }
        map
    }
}

impl From<&async_nats::HeaderMap> for Headers {
    fn from(map: &async_nats::HeaderMap) -> Self {
        let last = |values: &Vec<async_nats::HeaderValue>| {
            values.last().map(|value| value.as_str().to_owned()).unwrap_or_default()
        };
        Self(map.iter().map(|(name, values)| (name.to_string(), last(values))).collect())
    }
}

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// What it says.
    pub payload: Bytes,
}

impl From<async_nats::Message> for Message {
    fn from(message: async_nats::Message) -> Self {
        Self {
            subject: message.subject.into_string(),
            headers: message.headers.as_ref().map(Headers::from).unwrap_or_default(),
            payload: message.payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_cannot_smuggle_in_another() {
        let headers = Headers::new().with("Reason", "broken\r\nNats-Msg-Id: 1");
        assert_eq!(headers.get("Reason"), Some("broken  Nats-Msg-Id: 1"));
        assert_eq!(headers.iter().count(), 1);
        assert_eq!(Headers::from(&async_nats::HeaderMap::from(headers.clone())), headers);
    }
}
