//! The generated pages and contracts in `docs/` are those of the code.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use ael_bus::topology::Topology;
use ael_events::schema;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs").join(name)
}

fn committed(name: &str) -> String {
    std::fs::read_to_string(docs(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

fn assert_current(name: &str, generated: &Value) {
    let committed: Value = serde_json::from_str(&committed(name)).unwrap();
    assert!(committed == *generated, "docs/{name} is not current: run `ael schema`");
}

#[test]
fn the_page_about_the_bus_is_the_topology() {
    let shown = Topology::embedded().unwrap().show();
    assert_eq!(committed("bus.md"), shown, "run `ael topology show > docs/bus.md`");
}

#[test]
fn the_schemas_are_those_of_the_types() {
    assert_current("schemas/bus.json", &schema::json_schema());
    assert_current("asyncapi.json", &schema::async_api());
    assert_current("openapi.json", &ael_api::openapi());
}

#[test]
fn every_reference_in_the_contracts_leads_somewhere() {
    for document in [schema::json_schema(), schema::async_api()] {
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 50);
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }
}

/// A promise without a test that holds it would be a wish.
#[test]
fn every_test_that_the_page_about_reliability_names_exists() {
    let root = docs("..").canonicalize().unwrap();
    let mut code = String::new();
    for folder in ["platform", "projections", "services", "tests"] {
        read_code(&root.join(folder), &mut code);
    }
    let page = committed("reliability.md");
    let is_test = |name: &&str| {
        name.matches('_').count() >= 3 && !name.contains(|c: char| c.is_whitespace() || c == '/')
    };
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 30, "the page names only {named:?}");
    for name in named {
        assert!(code.contains(&format!("fn {name}(")), "there is no test {name}");
    }
}

fn read_code(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_code(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("$ref", Value::String(reference)) => into.push(reference.clone()),
                    _ => collect(field, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
