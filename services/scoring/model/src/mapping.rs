//! What the columns of somebody's table mean. Written by people, in TOML.

use ael_events::values::{Source, Stage};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A whole mapping. An empty one is one, too: everything is then found out from the table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The column that says how a lead ended.
    pub label: Option<String>,
    /// Words of that column that mean *won*; when not said, `1`, `true`, `yes`, `y` and `won`.
    pub won: BTreeSet<String>,
    /// Words of that column that mean *lost*; when said, rows with any other word are passed over
    /// as undecided, and when not, every other word means lost.
    pub lost: BTreeSet<String>,
    /// Words that stand for an empty cell, besides the empty cell itself, `NA`, `N/A`, `NaN`,
    /// `null` and `?`. Letter case does not matter.
    pub missing: BTreeSet<String>,
    /// Columns that are not to be looked at: ids, and what was filled in after the outcome.
    pub leave_out: BTreeSet<String>,
    /// Columns of words, even where the words look like numbers.
    pub categorical: BTreeSet<String>,
    /// Columns of numbers; anything else in them is an error.
    pub numeric: BTreeSet<String>,
    /// What orders the rows in time; it is no feature.
    pub time: Option<Time>,
    /// What separates the cells of a line; found out from the first line when not said.
    pub delimiter: Option<char>,
    /// Which columns are fields of a lead, for the cold-start rules.
    pub lead: Option<Lead>,
}

/// See [`Mapping::time`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// The column: numbers, or moments in RFC 3339 or one of the formats.
    pub column: String,
    /// How moments are written (`%d.%m.%Y %H:%M`), tried in order.
    #[serde(default)]
    pub formats: Vec<String>,
}

/// See [`Mapping::lead`]. A field that is not named is one that no lead has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lead {
    /// Where leads came from.
    pub source: Option<Choice<Source>>,
    /// How far they had come when the score was due.
    pub stage: Option<Choice<Stage>>,
    /// How many messages there were.
    pub message_count: Option<String>,
    /// Filled in where there is a business domain.
    pub business_domain: Option<String>,
    /// Filled in where there is an e-mail address.
    pub email: Option<String>,
    /// Filled in where there is a phone number.
    pub phone: Option<String>,
    /// Filled in where there is a company.
    pub company: Option<String>,
    /// Filled in where there is a position.
    pub position: Option<String>,
}

/// What the words of a column mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice<T> {
    /// The column.
    pub column: String,
    /// What its words mean; letter case does not matter. A word that is a known one means itself.
    #[serde(default = "BTreeMap::new")]
    pub map: BTreeMap<String, T>,
    /// What any other word means.
    pub otherwise: T,
}

/// A mapping could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// It is no TOML, or has a key that no mapping has.
    #[error("{0}")]
    Unreadable(String),
    /// It says two things of one column.
    #[error("column {column:?} stands under both `{one}` and `{other}`")]
    Contradiction {
        /// The column.
        column: String,
        /// The one key.
        one: &'static str,
        /// The other key.
        other: &'static str,
    },
    /// A word would mean both ends.
    #[error("the word {0:?} stands under both `won` and `lost`")]
    BothEnds(String),
    /// It cannot separate cells.
    #[error("`delimiter` has to be one plain character such as \",\" or \"\\t\"")]
    Delimiter,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`], with the line where TOML knows it.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let mapping: Self =
            toml::from_str(text).map_err(|error| MappingError::Unreadable(error.to_string()))?;
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), MappingError> {
        let time = self.time.iter().map(|time| time.column.clone()).collect();
        let label = self.label.iter().cloned().collect();
        let sets: [(&'static str, &BTreeSet<String>); 5] = [
            ("label", &label),
            ("time", &time),
            ("leave_out", &self.leave_out),
            ("categorical", &self.categorical),
            ("numeric", &self.numeric),
        ];
        for (number, (one, columns)) in sets.iter().enumerate() {
            for (other, others) in &sets[number + 1..] {
                if let Some(column) = columns.intersection(others).next() {
                    let column = column.clone();
                    return Err(MappingError::Contradiction { column, one, other });
                }
            }
        }
        if let Some(word) = self.won.intersection(&self.lost).next() {
            return Err(MappingError::BothEnds(word.clone()));
        }
        let usable = |delimiter: char| delimiter.is_ascii() && !"\"\r\n".contains(delimiter);
        if self.delimiter.is_some_and(|delimiter| !usable(delimiter)) {
            return Err(MappingError::Delimiter);
        }
        Ok(())
    }

    /// The columns that it names, with where.
    pub(crate) fn names(&self) -> Vec<(&'static str, &str)> {
        let mut names: Vec<(&'static str, &str)> = Vec::new();
        names.extend(self.label.iter().map(|name| ("label", name.as_str())));
        names.extend(self.time.iter().map(|time| ("time", time.column.as_str())));
        names.extend(self.leave_out.iter().map(|name| ("leave_out", name.as_str())));
        names.extend(self.categorical.iter().map(|name| ("categorical", name.as_str())));
        names.extend(self.numeric.iter().map(|name| ("numeric", name.as_str())));
        if let Some(lead) = &self.lead {
            names.extend(lead.source.iter().map(|it| ("lead.source", it.column.as_str())));
            names.extend(lead.stage.iter().map(|it| ("lead.stage", it.column.as_str())));
            let plain = [
                ("lead.message_count", &lead.message_count),
                ("lead.business_domain", &lead.business_domain),
                ("lead.email", &lead.email),
                ("lead.phone", &lead.phone),
                ("lead.company", &lead.company),
                ("lead.position", &lead.position),
            ];
            for (key, name) in plain {
                names.extend(name.iter().map(|name| (key, name.as_str())));
            }
        }
        names
    }
}
