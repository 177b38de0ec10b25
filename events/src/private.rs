//! The part of an event that tells about a person, and what is left of it when the person is
//! erased.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The key under which an event's data holds its private part, in the open.
pub const OPEN_KEY: &str = "private";
/// The key that takes its place when the private part is sealed: base64 of nonce and ciphertext.
pub const SEALED_KEY: &str = "sealed";

/// Personal data of an event: sealed in the store and on the bus, open inside `commands` and the
/// projector, and erased for good once the data key is destroyed. Hides itself from `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Private<T> {
    /// The data.
    Open(T),
    /// The person's data key is gone; so is what it sealed.
    #[default]
    Erased,
}

impl<T> Private<T> {
    /// The data, while it is there.
    #[must_use]
    pub const fn open(&self) -> Option<&T> {
        match self {
            Self::Open(value) => Some(value),
            Self::Erased => None,
        }
    }

    /// The data itself, while it is there.
    #[must_use]
    pub fn into_open(self) -> Option<T> {
        match self {
            Self::Open(value) => Some(value),
            Self::Erased => None,
        }
    }

    /// Whether the data is gone.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        matches!(self, Self::Erased)
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self::Open(value)
    }
}

impl<T> std::fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_erased() { "Private(erased)" } else { "Private(***)" })
    }
}

impl<T: Serialize> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.open().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Erased, Self::Open))
    }
}

impl<T: JsonSchema> JsonSchema for Private<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Private_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let open = generator.subschema_for::<T>();
        let description = "Personal data, in the open only inside the house; on the bus `sealed` \
                           stands in its place.";
        schemars::json_schema!({
            "description": description,
            "anyOf": [open, { "type": "null" }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_erased_reads_as_erased_and_never_fails() {
        #[derive(Serialize, Deserialize)]
        struct Event {
            #[serde(default)]
            private: Private<String>,
        }
        let erased: Event = serde_json::from_str("{}").unwrap();
        assert!(erased.private.is_erased());
        let open: Event = serde_json::from_str(r#"{"private":"secret"}"#).unwrap();
        assert_eq!(open.private.open().map(String::as_str), Some("secret"));
        assert_eq!(format!("{:?}", open.private), "Private(***)");
    }
}
