//! Several values in one query parameter, separated by commas.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer, de};
use std::borrow::Cow;

/// `a,b,c`: at least one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let values = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let values: Vec<T> = values
            .map(|word| {
                let word: StrDeserializer<'_, de::value::Error> =
                    de::IntoDeserializer::into_deserializer(word);
                T::deserialize(Owned(word)).map_err(de::Error::custom)
            })
            .collect::<Result<_, D::Error>>()?;
        if values.is_empty() {
            return Err(de::Error::custom("name at least one value, or leave the parameter out"));
        }
        Ok(Self(values))
    }
}

/// Gives the word as a text of its own, since a list lives longer than the parameter.
struct Owned<'a>(StrDeserializer<'a, de::value::Error>);

impl<'de> Deserializer<'de> for Owned<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_string(String::deserialize(self.0)?)
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let word = String::deserialize(self.0)?;
        visitor.visit_enum(de::IntoDeserializer::<de::value::Error>::into_deserializer(word))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("List_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "array", "items": items, "minItems": 1 })
    }
}
