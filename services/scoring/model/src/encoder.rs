//! What a model remembers of each column: where a number falls, which words it knows.

use crate::table::{Cells, Column, NO_WORD, Row, Table, Value};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The bin of a cell that is missing.
pub(crate) const MISSING: u8 = 0;
/// The bin of a word that was rare or never seen.
pub(crate) const OTHER: u8 = 1;

const NUMBER_BINS: usize = 128;
const MAX_WORDS: usize = 250;
/// A word in fewer rows than this is rare, and so is a number that fewer go beyond.
const MIN_ROWS: usize = 5;

/// A column as the model knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) bins: Bins,
}

/// How a cell becomes a bin. Bin 0 is always *missing*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bins {
    /// Bin `1 + i` holds numbers up to the i-th edge; the last one those above.
    Numbers(#[serde(with = "crate::exact::list")] Vec<f64>),
    /// Bin `2 + i` is the i-th word (they are sorted), bin 1 every other.
    Words(Vec<String>),
}

impl Bins {
    pub(crate) const fn count(&self) -> usize {
        match self {
            Self::Numbers(edges) => edges.len() + 2,
            Self::Words(words) => words.len() + 2,
        }
    }

    fn of_number(edges: &[f64], number: f64) -> u8 {
        if !number.is_finite() {
            return MISSING;
        }
        u8::try_from(1 + edges.partition_point(|edge| *edge < number)).unwrap_or(u8::MAX)
    }

    fn of_word(words: &[String], word: &str) -> u8 {
        words
            .binary_search_by(|known| known.as_str().cmp(word))
            .map_or(OTHER, |at| u8::try_from(at + 2).unwrap_or(OTHER))
    }

    fn of(&self, value: &Value) -> u8 {
        match (self, value) {
            (_, Value::Missing) => MISSING,
            (Self::Numbers(edges), Value::Number(number)) => Self::of_number(edges, *number),
            (Self::Numbers(edges), Value::Word(word)) => {
                Self::of_number(edges, word.trim().parse().unwrap_or(f64::NAN))
            }
            (Self::Words(_), Value::Number(number)) if !number.is_finite() => MISSING,
            (Self::Words(words), Value::Number(number)) => {
                Self::of_word(words, &number.to_string())
            }
            (Self::Words(words), Value::Word(word)) => Self::of_word(words, word),
        }
    }
}

/// The columns that a model looks at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Known>", into = "Vec<Known>")]
pub(crate) struct Encoder {
    pub(crate) columns: Vec<Known>,
    by_name: HashMap<String, usize>,
}

impl From<Vec<Known>> for Encoder {
    fn from(columns: Vec<Known>) -> Self {
        let by_name =
            columns.iter().enumerate().map(|(at, known)| (known.name.clone(), at)).collect();
        Self { columns, by_name }
    }
}

impl From<Encoder> for Vec<Known> {
    fn from(encoder: Encoder) -> Self {
        encoder.columns
    }
}

/// A table in bins, column by column.
#[derive(Debug)]
pub(crate) struct Binned {
    pub(crate) columns: Vec<Vec<u8>>,
}

impl Encoder {
    /// Looks at a table's cells, never at its outcomes. Columns that say the same of every row
    /// are left out.
    pub(crate) fn of(table: &Table) -> Self {
        Self::with(table, |numbers| {
            let edges = number_edges(numbers, NUMBER_BINS);
            without_rare_ends(edges, numbers)
        })
    }

    /// The same with so many groups of numbers at most, however few rows are in one.
    pub(crate) fn of_groups(table: &Table, groups: usize) -> Self {
        Self::with(table, |numbers| number_edges(numbers, groups))
    }

    fn with(table: &Table, edges: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let known = |column: &Column| {
            let bins = match &column.cells {
                Cells::Numbers(numbers) => Bins::Numbers(edges(&in_order(numbers))),
                Cells::Words { words, codes } => word_bins(words, codes),
            };
            let known = Known { name: column.name.clone(), bins };
            let mut binned = encode(&known.bins, &column.cells).into_iter();
            let first = binned.next();
            binned.any(|bin| Some(bin) != first).then_some(known)
        };
        Self::from(table.columns.iter().filter_map(known).collect::<Vec<_>>())
    }

    /// A table with the same columns (others are passed over, lacking ones are missing).
    pub(crate) fn table(&self, table: &Table) -> Binned {
        let by_name: HashMap<&str, &Column> =
            table.columns.iter().map(|column| (column.name.as_str(), column)).collect();
        let column = |known: &Known| match by_name.get(known.name.as_str()) {
            Some(column) => encode(&known.bins, &column.cells),
            None => vec![MISSING; table.rows()],
        };
        Binned { columns: self.columns.iter().map(column).collect() }
    }

    /// One lead.
    pub(crate) fn row(&self, row: &Row) -> Vec<u8> {
        let mut bins = vec![MISSING; self.columns.len()];
        for (name, value) in &row.0 {
            if let Some(at) = self.by_name.get(name.as_ref()) {
                bins[*at] = self.columns[*at].bins.of(value);
            }
        }
        bins
    }
}

fn encode(bins: &Bins, cells: &Cells) -> Vec<u8> {
    match (bins, cells) {
        (Bins::Numbers(edges), Cells::Numbers(numbers)) => {
            numbers.iter().map(|number| Bins::of_number(edges, *number)).collect()
        }
        (bins, Cells::Words { words, codes }) => {
            let word = |word: &String| bins.of(&Value::word(word.clone()));
            let of_code: Vec<u8> = words.iter().map(word).collect();
            let cell = |code: &u32| of_code.get(*code as usize).copied().unwrap_or(MISSING);
            codes.iter().map(cell).collect()
        }
        (bins @ Bins::Words(_), Cells::Numbers(numbers)) => {
            numbers.iter().map(|number| bins.of(&Value::Number(*number))).collect()
        }
    }
}

/// Every value its own bin while there are few; else bins with about as many rows each.
fn number_edges(sorted: &[f64], groups: usize) -> Vec<f64> {
    let mut values: Vec<(f64, usize)> = Vec::new();
    for number in sorted {
        match values.last_mut() {
            Some((value, count)) if value == number => *count += 1,
            Some(_) | None => values.push((*number, 1)),
        }
    }
    let mut edges = Vec::new();
    let mut rows_left = sorted.len();
    let mut in_bin = 0;
    for (at, (value, count)) in values.iter().enumerate() {
        let Some((next, _)) = values.get(at + 1) else { break };
        in_bin += count;
        let bins_left = groups.saturating_sub(edges.len()).max(1);
        let few = values.len() <= groups;
        if edges.len() + 1 < groups && (few || in_bin * bins_left >= rows_left) {
            edges.push(between(*value, *next));
            rows_left -= in_bin;
            in_bin = 0;
        }
    }
    edges
}

fn in_order(numbers: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> =
        numbers.iter().copied().filter(|number| number.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// A handful of leads beyond all others, such as somebody's slip of the keyboard, count as the
/// next ones: they would decide alone what such a number means.
fn without_rare_ends(mut edges: Vec<f64>, sorted: &[f64]) -> Vec<f64> {
    let up_to = |edge: f64| sorted.partition_point(|number| *number <= edge);
    while edges.last().is_some_and(|edge| sorted.len() - up_to(*edge) < MIN_ROWS) {
        edges.pop();
    }
    let rare = edges.iter().take_while(|edge| up_to(**edge) < MIN_ROWS).count();
    edges.drain(..rare);
    edges
}

/// A number from `low` up to and without `high`, even where their middle cannot be told from it.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle.is_finite() && middle >= low && middle < high { middle } else { low }
}

fn word_bins(words: &[String], codes: &[u32]) -> Bins {
    let mut counts = vec![0_usize; words.len()];
    for code in codes.iter().filter(|code| **code != NO_WORD) {
        counts[*code as usize] += 1;
    }
    let mut frequent: Vec<(&String, usize)> =
        words.iter().zip(counts).filter(|(_, count)| *count >= MIN_ROWS).collect();
    frequent.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
    frequent.truncate(MAX_WORDS);
    let mut kept: Vec<String> = frequent.into_iter().map(|(word, _)| word.clone()).collect();
    kept.sort();
    Bins::Words(kept)
}
