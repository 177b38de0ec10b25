//! A mapping: what the columns of somebody's file mean for a lead. Written by people, in TOML.

use ael_events::values::{LostReason, Origin, Source, Stage};
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A whole mapping file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The other system's name: part of every lead's identity, so it is not to change later.
    pub origin: Origin,
    /// What names a row in the other system.
    pub external_id: Value,
    /// Words that stand for an empty cell, such as `Select` or `N/A`; letter case does not matter.
    #[serde(default)]
    pub empty: BTreeSet<String>,
    /// Whether a column that the mapping names and the file lacks is passed over.
    #[serde(default)]
    pub missing_columns: MissingColumns,
    /// Take a row although another lead has the same e-mail, phone or Telegram name.
    #[serde(default)]
    pub allow_duplicates: bool,
    /// The fields of the lead.
    #[serde(default)]
    pub lead: LeadFields,
    /// Where the lead came from.
    pub source: Choice<Source>,
    /// How far it has come; `new` when nothing is said.
    #[serde(default)]
    pub stage: Option<Choice<Stage>>,
    /// How it ended, for leads that did.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The words attached to it.
    #[serde(default)]
    pub tags: Tags,
    /// When it came to be.
    #[serde(default)]
    pub occurred_at: Option<Moment>,
    /// Columns that an Admin declares anonymous: kept with the lead, for the advisor.
    #[serde(default)]
    pub attributes: Attributes,
}

/// What to do about a column that is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingColumns {
    /// Refuse the file.
    #[default]
    Refuse,
    /// Treat it as empty: for exports whose columns people choose.
    Ignore,
}

/// Where a text comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A column.
    Column(String),
    /// Several columns, joined by a space.
    Joined(Vec<String>),
    /// The first of several columns that is not empty.
    FirstOf(FirstOf),
    /// Always this.
    Constant(Constant),
    /// A column whose words mean other words here.
    Mapped(Mapped),
}

/// See [`Value::FirstOf`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstOf {
    /// The columns, in order of preference.
    pub first_of: Vec<String>,
}

/// See [`Value::Constant`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// The text.
    pub constant: String,
}

/// See [`Value::Mapped`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapped {
    /// The column.
    pub column: String,
    /// What its words mean; letter case does not matter.
    pub map: BTreeMap<String, String>,
    /// What any other word means; empty, when not said.
    #[serde(default)]
    pub otherwise: Option<String>,
}

/// The fields of a lead that are plain texts or numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadFields {
    pub full_name: Option<Value>,
    pub company: Option<Value>,
    pub position: Option<Value>,
    pub email: Option<Value>,
    /// A local number is completed with the workspace's country.
    pub phone: Option<Value>,
    pub telegram: Option<Value>,
    pub intent: Option<Value>,
    pub budget: Option<Value>,
    pub pain_points: Option<Value>,
    pub business_domain: Option<Value>,
    /// A member's e-mail address or full name; somebody unknown leaves the lead unowned.
    pub owner: Option<Value>,
    pub message_count: Option<Value>,
}

/// One of a few words, by the first rule that matches.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice<T> {
    /// When no rule matches.
    pub default: Option<T>,
    /// Tried in order.
    #[serde(default = "Vec::new")]
    pub rules: Vec<Rule<T>>,
}

/// If the column holds one of these, then that.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<T> {
    /// The column.
    pub column: String,
    /// The whole cell is one of these; letter case does not matter.
    #[serde(default)]
    pub is: BTreeSet<String>,
    /// Or the cell has one of these in it.
    #[serde(default)]
    pub contains: BTreeSet<String>,
    /// What it means.
    pub then: T,
}

/// How leads ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// `won` or `lost`, by the first rule that matches; neither, when none does.
    pub rules: Vec<Rule<Ending>>,
    /// Why the lost ones were.
    #[serde(default = "not_interested")]
    pub lost_reason: LostReason,
    /// What the won ones paid, in major units (`1 250,50`); unknown, when not said or empty.
    #[serde(default)]
    pub amount: Option<Value>,
    /// In which currency; the workspace's, when not said.
    #[serde(default)]
    pub currency: Option<Value>,
}

const fn not_interested() -> LostReason {
    LostReason::NotInterested
}

/// An end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A paid sale.
    Won,
    /// Nothing came of it.
    Lost,
}

/// Where tags come from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tags {
    /// The columns.
    pub columns: Vec<String>,
    /// What separates several tags in one cell; one tag a cell, when not said.
    pub split: Option<String>,
    /// Tags that every lead of the file gets.
    pub always: BTreeSet<String>,
}

/// A moment in a column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The column.
    pub column: String,
    /// How it is written, tried in order (`%Y-%m-%d %H:%M`); RFC 3339 is always understood.
    #[serde(default)]
    pub formats: Vec<String>,
    /// The clock that it is read from, such as `+02:00`; UTC, when not said.
    #[serde(default)]
    pub utc_offset: Option<String>,
}

/// Anonymous columns.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attributes {
    /// Words.
    pub categorical: Vec<String>,
    /// Numbers.
    pub numeric: Vec<String>,
    /// Words that stand for nothing elsewhere, and are an answer in a column of words.
    pub kept: Vec<String>,
}

impl Mapping {
    /// Reads a mapping file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the mapping {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the mapping {} is wrong", path.display()))
    }

    /// Reads a mapping.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mapping: Self = toml::from_str(text)?;
        for rule in mapping.outcome.iter().flat_map(|outcome| &outcome.rules) {
            rule.check()?;
        }
        mapping.source.rules.iter().try_for_each(Rule::check)?;
        mapping.stage.iter().flat_map(|stage| &stage.rules).try_for_each(Rule::check)?;
        Ok(mapping)
    }
}

impl<T> Rule<T> {
    fn check(&self) -> anyhow::Result<()> {
        let says = !self.is.is_empty() || !self.contains.is_empty();
        anyhow::ensure!(says, "a rule on {:?} needs `is` or `contains`", self.column);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_column_several_columns_a_constant_or_a_translation() {
        let mapping = Mapping::parse(
            r#"
            origin = "sheet"
            external_id = ["Year", "Number"]
            source = { default = "manual" }
            [lead]
            email = "E-mail"
            phone = { first_of = ["Mobile", "Phone"] }
            budget = { constant = "unknown" }
            business_domain = { column = "Line", map = { "Solar" = "first" } }
            "#,
        )
        .unwrap();
        assert_eq!(mapping.external_id, Value::Joined(vec!["Year".into(), "Number".into()]));
        assert_eq!(mapping.lead.email, Some(Value::Column("E-mail".into())));
        assert!(matches!(mapping.lead.phone, Some(Value::FirstOf(_))));
        assert!(matches!(mapping.lead.budget, Some(Value::Constant(_))));
        assert!(matches!(mapping.lead.business_domain, Some(Value::Mapped(_))));
    }

    #[test]
    fn a_misspelt_key_or_a_rule_that_says_nothing_is_refused() {
        let wrong = "origin='a'\nexternal_id='b'\nsource={default='manual'}\n[lead]\nfullname='x'";
        assert!(Mapping::parse(wrong).unwrap_err().to_string().contains("fullname"));
        let empty = "origin='a'\nexternal_id='b'\n[source]\nrules=[{column='x',then='partner'}]";
        assert!(Mapping::parse(empty).unwrap_err().to_string().contains("needs `is`"));
    }

    #[test]
    fn every_mapping_that_we_ship_is_understood() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mappings");
        let mut names: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            Mapping::read(&path).unwrap();
            names.push(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
        names.sort();
        assert_eq!(names, ["hubspot", "pipedrive", "plain", "xeducation"]);
    }
}
