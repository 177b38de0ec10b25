//! The schemas of the OpenAPI document are those of the Rust types, made by schemars.
//!
//! poem-openapi describes operations; what they carry are types of `events/`, which it does not
//! know. It is given their names alone, and the document takes the schemas themselves from here.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Makes a type's schema.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

thread_local! {
    static DESCRIBED: RefCell<BTreeMap<String, Describe>> = const { RefCell::new(BTreeMap::new()) };
}

/// A type that has a JSON Schema, and so a name in the document.
pub(crate) trait Described: JsonSchema {
    /// Its name in the document.
    fn name() -> String {
        Self::schema_name().replace(' ', "_")
    }

    /// What stands for it where it is used.
    fn reference() -> MetaSchemaRef {
        MetaSchemaRef::Reference(Self::name())
    }

    /// Says that the document needs it.
    fn announce(registry: &mut Registry)
    where
        Self: Sized,
    {
        registry.create_schema::<Self, _>(Self::name(), |_| MetaSchema::new("object"));
        DESCRIBED.with_borrow_mut(|all| {
            all.insert(Self::name(), SchemaGenerator::subschema_for::<Self>)
        });
    }
}

impl<T: JsonSchema> Described for T {}

/// The types that were announced on this thread since the last time, by name.
pub(crate) fn take_described() -> BTreeMap<String, Describe> {
    DESCRIBED.take()
}
