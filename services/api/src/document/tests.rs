//! The document is whole: every route, reference, refusal and example.

use super::routes::ROUTES;
use super::*;
use serde_json::{Map, json};
use std::collections::BTreeSet;

fn operations(document: &Value) -> Vec<(String, String, Map<String, Value>)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            (method.to_uppercase(), path.clone(), operation.as_object().unwrap().clone())
        })
    });
    each.collect()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                found.insert(reference.clone());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_operation_is_in_the_table_of_routes_and_nothing_else_is() {
    let document = openapi();
    let described: BTreeSet<(String, String)> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let promised: BTreeSet<(String, String)> =
        ROUTES.iter().map(|rule| (rule.method.to_owned(), rule.path.to_owned())).collect();
    assert_eq!(promised.len(), ROUTES.len(), "a route stands twice in the table");
    assert_eq!(described, promised);
}

#[test]
fn every_reference_leads_somewhere_and_no_placeholder_is_left() {
    let document = openapi();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for reference in found {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        let schema = schemas.get(name).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        assert_ne!(schema, &json!({ "type": "object" }), "{name} was left as a placeholder");
        let itself = format!("#/components/schemas/{name}");
        assert_ne!(schema["$ref"], json!(itself), "{name} is only itself");
    }
    for placeholder in ["CallerHeaders", "ReaderHeaders", "MakerHeaders", "WriterHeaders"] {
        assert!(!document.to_string().contains(placeholder));
    }
}

#[test]
fn every_operation_says_what_it_does_who_may_and_what_it_refuses() {
    for (method, path, operation) in operations(&openapi()) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|it| !it.is_empty()), "{name}");
        assert!(operation["operationId"].is_string() && operation["tags"][0].is_string(), "{name}");
        let about = operation["description"].as_str().unwrap_or_default();
        assert!(about.contains("Needs "), "{name}: {about}");
        let responses = operation["responses"].as_object().unwrap();
        let succeeds = |status: &String| status.starts_with('2') || status == "101";
        assert!(responses.keys().any(succeeds), "{name}");
        for status in ["401", "403", "422", "429", "503"] {
            assert!(responses.contains_key(status), "{name} does not know {status}");
        }
        let parameters = operation.get("parameters").and_then(Value::as_array);
        for (name, parameter) in parameters.into_iter().flatten().enumerate() {
            assert!(
                parameter["in"] == "path" || parameter["description"].is_string(),
                "{path}: parameter {name} says nothing: {parameter}"
            );
        }
    }
}

#[test]
fn every_example_has_the_form_that_the_schema_says() {
    let document = openapi();
    let mut examples = 0;
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let body = &operation.get("requestBody").cloned().unwrap_or_default();
        let answered = operation["responses"].as_object().unwrap();
        let answered = answered.iter().find(|(status, _)| status.starts_with('2'));
        for (what, at) in [("request", Some(body)), ("response", answered.map(|(_, it)| it))] {
            let content = at.map(|it| &it["content"]["application/json"]).unwrap_or(&Value::Null);
            if content.is_null() {
                continue;
            }
            let example = &content["example"];
            assert!(!example.is_null(), "{name} has no example of its {what}");
            examples += 1;
            let mut schema = as_json_schema(&content["schema"]);
            schema["components"] = as_json_schema(&document["components"]);
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}, {what}: {errors:?}");
        }
    }
    assert!(examples > ROUTES.len(), "{examples} examples");
}

/// OpenAPI 3.0 says `nullable` where JSON Schema says a type more.
fn as_json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), as_json_schema(value))).collect();
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                return json!({ "anyOf": [{ "type": "null" }, fields] });
            }
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(as_json_schema).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}
