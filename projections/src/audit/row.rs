//! Rows as they should be and as they are, column by column, and in what they differ. Pure.

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

/// A table of a read model, as far as an audit has to know it.
#[derive(Debug, Clone, Copy)]
pub struct Audited {
    /// Its name.
    pub table: &'static str,
    /// Rows of which kind of aggregate it holds.
    pub kind: ael_events::values::AggregateKind,
    /// The column that names the aggregate.
    pub id: &'static str,
    /// The columns that tell several rows of one aggregate apart.
    pub key: &'static [&'static str],
    /// Where the table has rows of other kinds as well: what its column `aggregate` says of these.
    pub of: &'static [&'static str],
}

/// A row as it should be.
#[derive(Debug)]
pub struct Row {
    /// Its table.
    pub table: &'static str,
    cells: Vec<Cell>,
}

#[derive(Debug)]
struct Cell {
    column: &'static str,
    value: Value,
    shown: Shown,
}

/// Which of its values may be told to whoever asks for an audit.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Open,
    Personal,
    /// An object, compared part by part; the function says which parts are personal.
    Parts(fn(&str) -> bool),
}

/// In what a row differs; without values where they are personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    /// The column, or the part of it.
    pub field: String,
    /// What it should be and what it is.
    pub values: Option<(String, String)>,
}

impl Row {
    /// A row of nothing yet.
    #[must_use]
    pub const fn of(table: &'static str) -> Self {
        Self { table, cells: Vec::new() }
    }

    /// A column that tells of nobody.
    #[must_use]
    pub fn open(self, column: &'static str, value: impl Serialize) -> Self {
        self.with(column, value, Shown::Open)
    }

    /// A moment, to PostgreSQL's precision.
    #[must_use]
    pub fn time(self, column: &'static str, time: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.open(column, time.into().map(stored_time))
    }

    /// A column that tells of a person.
    #[must_use]
    pub fn personal(self, column: &'static str, value: impl Serialize) -> Self {
        self.with(column, value, Shown::Personal)
    }

    /// An object, of which some parts tell of a person.
    #[must_use]
    pub fn parts(
        self,
        column: &'static str,
        value: impl Serialize,
        is_personal: fn(&str) -> bool,
    ) -> Self {
        self.with(column, value, Shown::Parts(is_personal))
    }

    fn with(mut self, column: &'static str, value: impl Serialize, shown: Shown) -> Self {
        // What was stored was written by the same serialisers.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.cells.push(Cell { column, value, shown });
        self
    }

    /// The values of some columns, to tell the rows of an aggregate apart.
    pub(crate) fn key(&self, columns: &[&str]) -> String {
        let cell = |column: &&str| self.cells.iter().find(|cell| cell.column == *column);
        told_key(columns.iter().map(|column| cell(column).map(|cell| &cell.value)))
    }

    /// In what a stored row differs. While a person's key is being destroyed, what is personal may
    /// be there still or not any more, and is left aside.
    pub(crate) fn differences(&self, stored: &Map<String, Value>, erasing: bool) -> Vec<Unlike> {
        let mut found = Vec::new();
        for Cell { column, value, shown } in &self.cells {
            let is = stored.get(*column).unwrap_or(&Value::Null);
            match (shown, value, is) {
                (Shown::Parts(is_personal), Value::Object(should), Value::Object(is)) => {
                    let more = is.keys().filter(|name| !should.contains_key(*name));
                    for name in should.keys().chain(more) {
                        let (should, is) = (should.get(name), is.get(name));
                        if !same(should.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null)) {
                            found.extend(unlike(name, should, is, is_personal(name), erasing));
                        }
                    }
                }
                (Shown::Open, should, is) if !same(should, is) => {
                    found.extend(unlike(column, Some(should), Some(is), false, erasing));
                }
                (Shown::Personal | Shown::Parts(_), should, is) if !same(should, is) => {
                    found.extend(unlike(column, Some(should), Some(is), true, erasing));
                }
                (Shown::Open | Shown::Personal | Shown::Parts(_), _, _) => {}
            }
        }
        let known = |name: &&String| self.cells.iter().any(|cell| cell.column == name.as_str());
        for name in stored.keys().filter(|name| !known(name)) {
            found.push(Unlike { field: format!("{name} (an unknown column)"), values: None });
        }
        found
    }
}

/// The values of some columns of a stored row.
pub(crate) fn stored_key(row: &Map<String, Value>, columns: &[&str]) -> String {
    told_key(columns.iter().map(|column| row.get(*column)))
}

fn told_key<'a>(values: impl Iterator<Item = Option<&'a Value>>) -> String {
    let told = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    values.map(told).collect::<Vec<_>>().join(" ")
}

fn unlike(
    field: &str,
    should: Option<&Value>,
    is: Option<&Value>,
    personal: bool,
    erasing: bool,
) -> Option<Unlike> {
    if personal && erasing {
        return None;
    }
    let values = (!personal).then(|| (told(should), told(is)));
    Some(Unlike { field: field.to_owned(), values })
}

fn told(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Equal; of numbers with a fraction up to the last bits, which JSON may round.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other
                || match (one.as_f64(), other.as_f64()) {
                    (Some(_), Some(_)) if one.is_i64() && other.is_i64() => false,
                    (Some(one), Some(other)) => {
                        (one - other).abs() <= 2.0 * f64::EPSILON * one.abs().max(other.abs())
                    }
                    (None, _) | (_, None) => false,
                }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (one, other) => one == other,
    }
}

/// A moment as PostgreSQL keeps it (microseconds, counted from the year 2000) and tells it in JSON.
fn stored_time(time: DateTime<Utc>) -> String {
    let since = Utc.timestamp_opt(946_684_800, 0).single().unwrap_or_default();
    let micros = time.signed_duration_since(since).num_microseconds().unwrap_or(i64::MAX);
    let time = since.checked_add_signed(TimeDelta::microseconds(micros)).unwrap_or(time);
    let text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    let fraction = format!("{:06}", time.timestamp_subsec_micros());
    match fraction.trim_end_matches('0') {
        "" => format!("{text}+00:00"),
        fraction => format!("{text}.{fraction}+00:00"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row() -> Row {
        Row::of("leads")
            .open("stage", "new")
            .open("score", 0.812_345_678_901_234_5)
            .personal("contact", json!({ "full_name": "Olena" }))
            .parts("data", json!({ "count": 2, "private": "hello" }), |part| part == "private")
    }

    fn stored() -> Map<String, Value> {
        let stored = json!({ "stage": "new", "score": 0.812_345_678_901_234_5,
            "contact": { "full_name": "Olena" }, "data": { "private": "hello", "count": 2 } });
        stored.as_object().unwrap().clone()
    }

    fn told(found: &[Unlike]) -> Vec<String> {
        found.iter().map(|one| format!("{} {:?}", one.field, one.values)).collect()
    }

    #[test]
    fn a_row_is_as_it_should_be_when_every_column_is() {
        assert_eq!(row().differences(&stored(), false), []);
    }

    #[test]
    fn what_differs_is_told_with_both_values_unless_it_is_personal() {
        let mut other = stored();
        other.insert("stage".into(), json!("lost"));
        other.insert("score".into(), Value::Null);
        other.insert("contact".into(), json!({ "full_name": "Taras" }));
        other.insert("data".into(), json!({ "count": 3, "more": true }));
        other.insert("mood".into(), json!("sad"));
        let found = row().differences(&other, false);
        assert_eq!(
            told(&found),
            [
                "stage Some((\"new\", \"lost\"))",
                "score Some((\"0.8123456789012345\", \"nothing\"))",
                "contact None",
                "count Some((\"2\", \"3\"))",
                "private None",
                "more Some((\"nothing\", \"true\"))",
                "mood (an unknown column) None",
            ]
        );
    }

    #[test]
    fn while_a_person_is_being_erased_only_what_is_personal_may_differ() {
        let mut other = stored();
        other.insert("contact".into(), json!({}));
        other.insert("data".into(), json!({ "count": 2 }));
        assert_eq!(row().differences(&other, true), []);
        other.insert("stage".into(), json!("lost"));
        assert_eq!(row().differences(&other, true).len(), 1);
    }

    #[test]
    fn whole_numbers_differ_by_one_and_fractions_not_by_their_last_bit() {
        assert!(!same(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert!(same(&json!(0.1 + 0.2), &json!(0.3)));
        assert!(same(&json!(-1.0), &json!(-1)));
        assert!(!same(&json!(0.3), &json!(0.300_001)));
    }

    #[test]
    fn a_moment_is_told_as_postgresql_tells_it() {
        let at = |text: &str| stored_time(text.parse().unwrap());
        assert_eq!(at("2026-03-14T12:00:00Z"), "2026-03-14T12:00:00+00:00");
        assert_eq!(at("2026-03-14T12:00:00.120000999Z"), "2026-03-14T12:00:00.12+00:00");
        assert_eq!(at("1999-12-31T23:59:59.9999999Z"), "2000-01-01T00:00:00+00:00");
    }
}
