//! An example for each operation that takes or gives JSON, kept in one file; a test holds them to
//! the schemas.

use serde_json::{Map, Value};
use std::sync::LazyLock;

const FILE: &str = include_str!("examples.json");

/// By operation: `request` and `response`.
static EXAMPLES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(FILE).unwrap_or_default());

/// Puts the examples of an operation where they belong.
pub(super) fn put(operation: &mut Map<String, Value>, id: &str) {
    let Some(example) = EXAMPLES.get(id) else { return };
    if let Some(request) = example.get("request")
        && let Some(content) = operation.get_mut("requestBody")
    {
        content["content"]["application/json"]["example"] = request.clone();
    }
    if let Some(response) = example.get("response")
        && let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut)
        && let Some((_, answered)) =
            responses.iter_mut().find(|(status, _)| status.starts_with('2'))
    {
        answered["content"]["application/json"]["example"] = response.clone();
    }
}
