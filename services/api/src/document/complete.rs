//! Completing the document that poem-openapi writes.

use super::examples;
use super::routes::{ROUTES, RouteRule};
use crate::wire::{Describe, PROBLEM_JSON};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const SCHEMAS: &str = "#/components/schemas/";

/// The header parameters that stand behind each kind of caller.
const HEADERS: [(&str, &[Header]); 4] = [
    ("CallerHeaders", &[]),
    ("ReaderHeaders", &[AFTER]),
    ("MakerHeaders", &[KEY]),
    ("WriterHeaders", &[KEY, MATCH]),
];

/// A header: its name, its form, and what it is for.
type Header = (&'static str, &'static str, &'static str);

const AFTER: Header = (
    "X-Ael-Position",
    "^[A-Za-z0-9_-]*$",
    "Answer only what includes this write: the position that a write's answer told.",
);
const KEY: Header = (
    "Idempotency-Key",
    "^[!-~]([ -~]{0,253}[!-~])?$",
    "Your name for what you intend, 1 to 255 characters: sent again, it is done once.",
);
const MATCH: Header = (
    "If-Match",
    "^(\\*|\"[0-9]+\")$",
    "The ETag on which you decided: changed meanwhile, it is refused with 409.",
);

/// The document with schemas, parameters, problems, rights and examples.
pub(super) fn completed(mut document: Value, described: BTreeMap<String, Describe>) -> Value {
    let schemas = schemas(described);
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths.iter_mut() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                let rule = ROUTES
                    .iter()
                    .find(|rule| rule.path == path && rule.method.eq_ignore_ascii_case(method));
                if let Some(operation) = operation.as_object_mut() {
                    complete(operation, path, method, rule, &schemas);
                }
            }
        }
    }
    document["components"]["schemas"] = Value::Object(schemas);
    document["security"] = json!([{ "token": [] }]);
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        tags.sort_by_key(place_of);
    }
    document
}

/// The schemas of all types that operations carry, and of what these are made of.
fn schemas(described: BTreeMap<String, Describe>) -> Map<String, Value> {
    let mut generator = SchemaGenerator::from(SchemaSettings::openapi3());
    let mut all = Map::new();
    for (name, describe) in described {
        let mut schema = describe(&mut generator);
        for transform in generator.transforms_mut() {
            transform.transform(&mut schema);
        }
        all.insert(name, schema.to_value());
    }
    all.extend(generator.take_definitions(true));
    all.values_mut().for_each(as_sent);
    all.sort_keys();
    all
}

/// OpenAPI 3.0 knows no tuples, but lists of values of one kind, as many as there are. Whoever
/// sends a value of a set twice means no harm. And what has a default may be left out, which
/// generators of clients take the other way round; the words say what is meant then.
fn as_sent(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(kinds)) = fields.get("items") {
                let kind = kinds.first().cloned().unwrap_or_else(|| json!({}));
                fields.insert("items".to_owned(), kind);
            }
            fields.remove("uniqueItems");
            fields.remove("default");
            fields.values_mut().for_each(as_sent);
        }
        Value::Array(items) => items.iter_mut().for_each(as_sent),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn complete(
    operation: &mut Map<String, Value>,
    path: &str,
    method: &str,
    rule: Option<&RouteRule>,
    schemas: &Map<String, Value>,
) {
    let parameters = operation.remove("parameters");
    let parameters: Vec<Value> = parameters
        .and_then(|value| value.as_array().cloned())
        .into_iter()
        .flatten()
        .flat_map(|parameter| expanded(parameter, schemas))
        .collect();
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(parameters));
    }
    let has_body = operation.contains_key("requestBody");
    if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        for (status, about) in problems(path, method, has_body) {
            responses.insert(status.to_owned(), problem(about));
        }
    }
    if let Some(rule) = rule {
        tell_rights(operation, rule);
    }
    if let Some(id) = operation.get("operationId").and_then(Value::as_str).map(str::to_owned) {
        examples::put(operation, &id);
    }
}

/// A parameter as it is; or those that stand behind a struct of parameters or a kind of caller.
fn expanded(parameter: Value, schemas: &Map<String, Value>) -> Vec<Value> {
    let reference = parameter["schema"]["$ref"].as_str().and_then(|it| it.strip_prefix(SCHEMAS));
    let Some(name) = reference else { return vec![parameter] };
    if let Some((_, headers)) = HEADERS.iter().find(|(placeholder, _)| *placeholder == name) {
        let header = |(name, form, about): &Header| {
            json!({
                "name": name, "in": "header", "required": false, "description": about,
                "schema": { "type": "string", "pattern": form }
            })
        };
        return headers.iter().map(header).collect();
    }
    let Some(schema) = schemas.get(name) else { return vec![parameter] };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, schema)| query(name, schema, required.contains(&&**name))).collect()
}

fn query(name: &str, schema: &Value, required: bool) -> Value {
    let mut schema = schema.clone();
    let mut parameter = json!({ "name": name, "in": "query", "required": required });
    if let Some(fields) = schema.as_object_mut() {
        // A parameter that is not given is absent, never null.
        fields.remove("nullable");
        fields.remove("default");
        if let Some(about) = fields.remove("description") {
            parameter["description"] = about;
        }
        if fields.get("type") == Some(&json!("array")) {
            parameter["style"] = json!("form");
            parameter["explode"] = json!(false);
        }
    }
    parameter["schema"] = schema;
    parameter
}

/// What an operation may be refused with besides.
fn problems(path: &str, method: &str, has_body: bool) -> Vec<(&'static str, &'static str)> {
    let unread = match has_body {
        true => "The request is no HTTP, or its body no JSON.",
        false => "The request is no HTTP.",
    };
    let mut all = vec![
        ("400", unread),
        ("414", "The address is longer than is taken."),
        ("431", "The headers are larger or more than are taken."),
        ("401", "Who calls is not known: no token, or none that is good (any more)."),
        ("403", "Not with this token's scopes, or not in your role."),
        ("422", "Something that was sent makes no sense: `errors` says where."),
        ("429", "Too much was asked: `Retry-After` says when to come again."),
        ("503", "A part of the system is away or busy: `Retry-After` says when to come again."),
    ];
    if path == "/ws" {
        all.push(("426", "The request does not open a WebSocket."));
    }
    if path.contains('{') {
        all.push(("404", "There is no such thing, or none that you may see."));
    }
    if method != "get" {
        all.push(("409", "It stands against how things are now: `code` says what."));
        all.push(("413", "The request is larger than is taken."));
    }
    if has_body {
        all.push(("408", "The body did not arrive in time."));
        all.push(("415", "The body is not said to be JSON."));
    }
    all
}

fn problem(about: &str) -> Value {
    let schema = json!({ "$ref": format!("{SCHEMAS}Problem") });
    json!({ "description": about, "content": { PROBLEM_JSON: { "schema": schema } } })
}

/// Says in words, and for machines, who may.
fn tell_rights(operation: &mut Map<String, Value>, rule: &RouteRule) {
    let scope = rule.scope.map_or("any token".to_owned(), |scope| format!("scope `{scope}`"));
    let words = format!("Needs {scope}; role {:?} or higher.", rule.role);
    let about = operation.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = format!("{about}\n\n{words}").trim().to_owned();
    operation.insert("description".to_owned(), Value::String(about));
    operation.insert("x-ael-scope".to_owned(), json!(rule.scope));
    operation.insert("x-ael-role".to_owned(), json!(rule.role));
}

/// Where a tag stands: as a newcomer meets them, not as the alphabet has them.
fn place_of(tag: &Value) -> usize {
    const ORDER: [&str; 9] = [
        "Leads",
        "Sales",
        "Statistics",
        "People",
        "Tokens",
        "Workspace",
        "Audit",
        "Live",
        "Operations",
    ];
    ORDER.iter().position(|name| tag["name"] == **name).unwrap_or(ORDER.len())
}
