//! A lead of the CRM as a row: what was known of it when the score was due, and nothing of who it
//! is.

use crate::cold_start::LeadFacts;
use crate::table::{Row, Value};
use ael_events::values::AttributeValue;
use std::collections::{BTreeMap, BTreeSet};

/// The features of a lead at one moment. There is no field for a name, an address or a note: their
/// presence is all that a model may learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// What the cold-start rules look at: the anonymous features but its age, and which fields
    /// are filled in.
    pub facts: LeadFacts,
    /// Days since it came to be.
    pub age_days: f64,
    /// Whether a budget is known.
    pub budget: bool,
    /// Days since anything happened to it.
    pub idle_days: f64,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// The attributes that an import declared anonymous.
    pub attributes: BTreeMap<String, AttributeValue>,
}

/// What a tag's column is called after: `tag:vip`.
const TAG: &str = "tag:";
/// What an attribute's column is called after.
const ATTRIBUTE: &str = "attribute:";

impl Features {
    /// The row that a model learns from and is asked about.
    #[must_use]
    pub fn row(&self) -> Row {
        let facts = &self.facts;
        let mut row = Row::default()
            .with("source", Value::word(facts.source.as_str()))
            .with("stage", Value::word(facts.stage.as_str()))
            .with("message_count", Value::Number(f64::from(facts.message_count)))
            .with("business_domain", Value::flag(facts.business_domain))
            .with("age_days", Value::Number(self.age_days))
            .with("email", Value::flag(facts.email))
            .with("phone", Value::flag(facts.phone))
            .with("company", Value::flag(facts.company))
            .with("position", Value::flag(facts.position))
            .with("budget", Value::flag(self.budget))
            .with("idle_days", Value::Number(self.idle_days));
        for tag in &self.tags {
            row = row.with(format!("{TAG}{tag}"), Value::flag(true));
        }
        for (name, value) in &self.attributes {
            let value = match value {
                AttributeValue::Number(number) => Value::Number(*number),
                AttributeValue::Category(word) => Value::word(word.clone()),
            };
            row = row.with(format!("{ATTRIBUTE}{name}"), value);
        }
        row
    }
}
