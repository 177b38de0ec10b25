//! The contracts for other software, generated from the types: JSON Schemas and an AsyncAPI 3
//! document.

use crate::command::CommandRequest;
use crate::envelope::CloudEvent;
use crate::event::{
    AdvisorEvent, InvitationEvent, LeadEvent, MemberEvent, SaleEvent, TokenEvent, WorkspaceEvent,
};
use crate::private::{OPEN_KEY, SEALED_KEY};
use crate::query::{AssistantAnswer, AssistantRequest, QueryRequest, VerifyPage, VerifyRequest};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The JSON Schema of everything on the bus: the envelope, each event's data as it travels
/// (sealed), the command and query requests and their answers.
#[must_use]
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut definitions = Map::new();
    for (name, schema) in events(&mut generator) {
        definitions.insert(format!("ael.{name}"), travelling(schema));
    }
    let roots: [(&str, Value); 9] = [
        ("cloud_event", generator.subschema_for::<CloudEvent>().to_value()),
        ("command_request", generator.subschema_for::<CommandRequest>().to_value()),
        ("command_answer", generator.subschema_for::<crate::answer::CommandAnswer>().to_value()),
        ("query_request", generator.subschema_for::<QueryRequest>().to_value()),
        ("verify_request", generator.subschema_for::<VerifyRequest>().to_value()),
        ("verify_page", generator.subschema_for::<VerifyPage>().to_value()),
        ("assistant_request", generator.subschema_for::<AssistantRequest>().to_value()),
        ("assistant_answer", generator.subschema_for::<AssistantAnswer>().to_value()),
        ("live_change", generator.subschema_for::<crate::query::LiveChange>().to_value()),
    ];
    for (name, schema) in generator.take_definitions(true) {
        definitions.insert(name, schema);
    }
    let mut properties = Map::new();
    for (name, schema) in roots {
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AEL CRM on the bus",
        "description": "Each property is a message; each definition named ael.* is the data of \
                        that event as it travels.",
        "properties": properties,
        "$defs": definitions
    })
}

/// The AsyncAPI 3 document of the event stream: one channel, one message per event.
#[must_use]
pub fn async_api() -> Value {
    let mut generator = SchemaSettings::draft07()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut messages = Map::new();
    let mut references = Map::new();
    let mut schemas = Map::new();
    for (name, schema) in events(&mut generator) {
        schemas.insert(format!("{name}.data"), travelling(schema));
        let mut envelope = json!({ "$ref": "#/components/schemas/CloudEvent" });
        envelope = json!({
            "allOf": [envelope, { "type": "object", "properties": {
                "type": { "const": format!("ael.{name}") },
                "data": { "$ref": format!("#/components/schemas/{name}.data") }
            } }]
        });
        messages.insert(
            name.to_owned(),
            json!({
                "name": format!("ael.{name}"),
                "contentType": crate::envelope::CONTENT_TYPE,
                "payload": envelope
            }),
        );
        references
            .insert(name.to_owned(), json!({ "$ref": format!("#/components/messages/{name}") }));
    }
    schemas.insert("CloudEvent".into(), cloud_event(&mut generator));
    for (name, schema) in generator.take_definitions(true) {
        schemas.entry(name).or_insert(schema);
    }
    let channel_messages: Map<String, Value> = references
        .keys()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "AEL CRM events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every change of AEL CRM, as CloudEvents 1.0 on NATS JetStream. \
                            Personal parts travel sealed."
        },
        "channels": { "events": {
            "address": "ael.evt.{lane}.{workspace}.{aggregate}.{event}",
            "parameters": {
                "lane": { "description": "00 to 15: order holds within a lane." },
                "workspace": { "description": "The tenant's id." },
                "aggregate": {
                    "description": "workspace, member, invitation, token, lead, sale or advisor."
                },
                "event": { "description": "The event's name without aggregate and version." }
            },
            "messages": channel_messages
        } },
        "operations": { "receiveEvents": {
            "action": "receive",
            "channel": { "$ref": "#/channels/events" },
            "summary": "Follow everything that happens, in order per aggregate."
        } },
        "components": { "messages": messages, "schemas": schemas }
    })
}

fn cloud_event(generator: &mut SchemaGenerator) -> Value {
    use schemars::JsonSchema as _;
    CloudEvent::json_schema(generator).to_value()
}

/// Every event's data schema, by wire name.
fn events(generator: &mut SchemaGenerator) -> Vec<(&'static str, Value)> {
    let mut all = WorkspaceEvent::schemas(generator);
    all.extend(MemberEvent::schemas(generator));
    all.extend(InvitationEvent::schemas(generator));
    all.extend(TokenEvent::schemas(generator));
    all.extend(LeadEvent::schemas(generator));
    all.extend(SaleEvent::schemas(generator));
    all.extend(AdvisorEvent::schemas(generator));
    let definitions = generator.definitions().clone();
    all.into_iter()
        .map(|(name, schema)| {
            let reference = schema.to_value();
            let resolved = reference
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.rsplit('/').next())
                .and_then(|key| definitions.get(key))
                .cloned();
            (name, resolved.unwrap_or(reference))
        })
        .collect()
}

/// The schema of the data as it travels: the private part sealed.
fn travelling(mut schema: Value) -> Value {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return schema;
    };
    if properties.remove(OPEN_KEY).is_some() {
        properties.insert(
            SEALED_KEY.to_owned(),
            json!({
                "type": "string",
                "contentEncoding": "base64",
                "description": "Personal data, sealed with the data subject's own key; unreadable \
                                outside, and for ever once erased."
            }),
        );
    }
    schema
}
