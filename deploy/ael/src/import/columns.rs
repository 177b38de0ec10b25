//! Where a mapping's columns are in a given file, and what a row says in them.

use crate::import::mapping::{Choice, MissingColumns, Rule, Value};
use csv::StringRecord;
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a file by name, and the words that stand for nothing.
#[derive(Debug)]
pub struct Columns {
    places: BTreeMap<String, usize>,
    names: Vec<String>,
    empty: BTreeSet<String>,
    missing: MissingColumns,
}

/// The mapping names a column that the file does not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has no column {column:?}; it has: {known}")]
pub struct NoColumn {
    column: String,
    known: String,
}

/// Where the text of a field is in a row.
#[derive(Debug, Clone)]
pub enum Source {
    /// Nowhere: it is always empty.
    Nowhere,
    /// In several places, joined by a space.
    Joined(Vec<usize>),
    /// In the first of several places that has something.
    FirstOf(Vec<usize>),
    /// Not in the row: always this.
    Constant(String),
    /// In one place, translated.
    Mapped { place: usize, map: BTreeMap<String, String>, otherwise: Option<String> },
}

/// A word by the first rule that matches.
#[derive(Debug)]
pub struct Chooser<T> {
    rules: Vec<PlacedRule<T>>,
    default: Option<T>,
}

/// A rule whose column is known, its words in lower case.
#[derive(Debug)]
pub struct PlacedRule<T> {
    place: usize,
    is: BTreeSet<String>,
    contains: BTreeSet<String>,
    then: T,
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Columns {
    /// The columns of a header.
    pub fn new(
        header: &StringRecord,
        empty: &BTreeSet<String>,
        missing: MissingColumns,
    ) -> anyhow::Result<Self> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut places = BTreeMap::new();
        for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let twice = places.insert(folded(name), place).is_some();
            anyhow::ensure!(!twice, "the file has two columns named {name:?}: rename one of them");
        }
        let empty = empty.iter().map(|word| folded(word)).collect();
        Ok(Self { places, names, empty, missing })
    }

    /// Where a column is; nowhere, when it is missing and may be.
    pub fn find(&self, column: &str) -> Result<Option<usize>, NoColumn> {
        let place = self.place(column);
        if place.is_none() && self.missing == MissingColumns::Refuse {
            return Err(self.no_column(column));
        }
        Ok(place)
    }

    /// Where a column is, if it is there.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.places.get(&folded(column)).copied()
    }

    fn no_column(&self, column: &str) -> NoColumn {
        NoColumn { column: column.to_owned(), known: self.names.join(", ") }
    }

    fn find_all(&self, columns: &[String]) -> Result<Vec<usize>, NoColumn> {
        let places: Result<Vec<_>, _> = columns.iter().map(|column| self.find(column)).collect();
        Ok(places?.into_iter().flatten().collect())
    }

    /// Where the text of a field is.
    pub fn source(&self, value: &Value) -> Result<Source, NoColumn> {
        let joined = |places: Vec<usize>| match places.is_empty() {
            true => Source::Nowhere,
            false => Source::Joined(places),
        };
        Ok(match value {
            Value::Column(column) => joined(self.find(column)?.into_iter().collect()),
            Value::Joined(columns) => joined(self.find_all(columns)?),
            // Alternatives are there to be missing.
            Value::FirstOf(one) => {
                let places = one.first_of.iter().filter_map(|name| self.places.get(&folded(name)));
                Source::FirstOf(places.copied().collect())
            }
            Value::Constant(constant) => Source::Constant(constant.constant.clone()),
            Value::Mapped(mapped) => match self.find(&mapped.column)? {
                None => Source::Nowhere,
                Some(place) => Source::Mapped {
                    place,
                    map: mapped.map.iter().map(|(is, then)| (folded(is), then.clone())).collect(),
                    otherwise: mapped.otherwise.clone(),
                },
            },
        })
    }

    /// The same for a field that may be left out of the mapping.
    pub fn optional(&self, value: Option<&Value>) -> Result<Source, NoColumn> {
        value.map_or(Ok(Source::Nowhere), |value| self.source(value))
    }

    /// The same for a field that every row needs.
    pub fn required(&self, value: &Value) -> Result<Source, NoColumn> {
        let source = self.source(value)?;
        let nothing = match &source {
            Source::Nowhere => true,
            Source::Joined(places) | Source::FirstOf(places) => places.is_empty(),
            Source::Constant(_) | Source::Mapped { .. } => false,
        };
        let wanted = match value {
            Value::Column(column) => column.clone(),
            Value::Joined(columns) => columns.join(" + "),
            Value::FirstOf(one) => one.first_of.join(" or "),
            Value::Constant(constant) => constant.constant.clone(),
            Value::Mapped(mapped) => mapped.column.clone(),
        };
        if nothing { Err(self.no_column(&wanted)) } else { Ok(source) }
    }

    /// The rules by which a word is chosen.
    pub fn chooser<T: Copy>(&self, choice: &Choice<T>) -> Result<Chooser<T>, NoColumn> {
        Ok(Chooser { rules: self.rules(&choice.rules)?, default: choice.default })
    }

    /// Rules without a default.
    pub fn rules<T: Copy>(&self, rules: &[Rule<T>]) -> Result<Vec<PlacedRule<T>>, NoColumn> {
        let mut found = Vec::new();
        for rule in rules {
            if let Some(place) = self.find(&rule.column)? {
                let fold = |words: &BTreeSet<String>| words.iter().map(|w| folded(w)).collect();
                let (is, contains) = (fold(&rule.is), fold(&rule.contains));
                found.push(PlacedRule { place, is, contains, then: rule.then });
            }
        }
        Ok(found)
    }

    /// What a cell says; nothing, when it is empty or says a word that stands for it.
    pub fn cell<'r>(&self, row: &'r StringRecord, place: usize) -> Option<&'r str> {
        let cell = row.get(place).map(str::trim).filter(|cell| !cell.is_empty())?;
        let says_nothing = !self.empty.is_empty() && self.empty.contains(&folded(cell));
        (!says_nothing).then_some(cell)
    }

    /// The same where some words that stand for nothing elsewhere are an answer.
    pub fn cell_or<'r>(
        &self,
        row: &'r StringRecord,
        place: usize,
        kept: &[String],
    ) -> Option<&'r str> {
        let said = || row.get(place).map(str::trim).filter(|cell| !cell.is_empty());
        let is_kept = |cell: &&str| kept.iter().any(|word| folded(word) == folded(cell));
        self.cell(row, place).or_else(|| said().filter(is_kept))
    }

    /// What a row says in a field.
    pub fn read(&self, row: &StringRecord, source: &Source) -> Option<String> {
        match source {
            Source::Nowhere => None,
            Source::Joined(places) => {
                let cells: Vec<&str> =
                    places.iter().filter_map(|place| self.cell(row, *place)).collect();
                (!cells.is_empty()).then(|| cells.join(" "))
            }
            Source::FirstOf(places) => {
                places.iter().find_map(|place| self.cell(row, *place)).map(str::to_owned)
            }
            Source::Constant(constant) => Some(constant.clone()),
            Source::Mapped { place, map, otherwise } => {
                let cell = self.cell(row, *place)?;
                map.get(&folded(cell)).or(otherwise.as_ref()).cloned()
            }
        }
    }
}

impl<T: Copy> Chooser<T> {
    /// A chooser without a default.
    pub const fn of(rules: Vec<PlacedRule<T>>) -> Self {
        Self { rules, default: None }
    }

    /// What the first rule that matches says, else the default.
    pub fn choose(&self, row: &StringRecord) -> Option<T> {
        let matches = |rule: &&PlacedRule<T>| {
            let cell = folded(row.get(rule.place).unwrap_or_default());
            rule.is.contains(&cell) || rule.contains.iter().any(|part| cell.contains(part.as_str()))
        };
        self.rules.iter().find(matches).map(|rule| rule.then).or(self.default)
    }
}
