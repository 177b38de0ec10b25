//! Rows of named columns, each a number, a word or missing: leads and other people's tables alike.

use std::borrow::Cow;
use std::collections::HashMap;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing is known.
    Missing,
    /// A quantity.
    Number(f64),
    /// A category.
    Word(Cow<'static, str>),
}

impl Value {
    /// A word of one's own.
    pub fn word(word: impl Into<Cow<'static, str>>) -> Self {
        Self::Word(word.into())
    }

    /// `yes` or `no`.
    #[must_use]
    pub const fn flag(flag: bool) -> Self {
        Self::Word(Cow::Borrowed(if flag { "yes" } else { "no" }))
    }
}

/// One lead, as named cells. A column that is not named is missing; named twice, the last counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row(pub Vec<(Cow<'static, str>, Value)>);

impl Row {
    /// The same with one more cell.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: Value) -> Self {
        self.0.push((name.into(), value));
        self
    }
}

/// The code of a word that is missing.
pub(crate) const NO_WORD: u32 = u32::MAX;

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Quantities; missing ones are not a number.
    Numbers(Vec<f64>),
    /// Categories.
    Words {
        /// The different words.
        words: Vec<String>,
        /// Which of them a row holds; `u32::MAX` where it is missing.
        codes: Vec<u32>,
    },
}

impl Cells {
    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(rows.iter().map(|row| numbers[*row]).collect()),
            Self::Words { words, codes } => Self::Words {
                words: words.clone(),
                codes: rows.iter().map(|row| codes[*row]).collect(),
            },
        }
    }

    /// What a row holds.
    #[must_use]
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::Numbers(numbers) if numbers[row].is_nan() => Value::Missing,
            Self::Numbers(numbers) => Value::Number(numbers[row]),
            Self::Words { words, codes } => words
                .get(codes[row] as usize)
                .map_or(Value::Missing, |word| Value::Word(Cow::Owned(word.clone()))),
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds, row by row.
    pub cells: Cells,
}

/// Leads that ended, with how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) won: Vec<bool>,
    pub(crate) times: Option<Vec<f64>>,
    pub(crate) points: Option<Vec<f64>>,
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.won.len()
    }

    /// Its columns, without the outcome and the time.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How each row ended.
    #[must_use]
    pub fn won(&self) -> &[bool] {
        &self.won
    }

    /// When each row came to be, where that is known.
    #[must_use]
    pub fn times(&self) -> Option<&[f64]> {
        self.times.as_deref()
    }

    /// The score of the cold-start rules, where the rows are leads.
    #[must_use]
    pub fn points(&self) -> Option<&[f64]> {
        self.points.as_deref()
    }

    /// A copy of some rows and nothing else: what is not in it cannot be learnt from.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let some = |all: &Vec<f64>| rows.iter().map(|row| all[*row]).collect();
        let column = |of: &Column| Column { name: of.name.clone(), cells: of.cells.select(rows) };
        Self {
            columns: self.columns.iter().map(column).collect(),
            won: rows.iter().map(|row| self.won[*row]).collect(),
            times: self.times.as_ref().map(some),
            points: self.points.as_ref().map(some),
        }
    }

    /// One row, as a lead to be scored.
    #[must_use]
    pub fn row(&self, row: usize) -> Row {
        let cell = |column: &Column| (Cow::Owned(column.name.clone()), column.cells.value(row));
        Row(self.columns.iter().map(cell).collect())
    }
}

/// Makes a table of rows as they come; rows may differ in their columns.
#[derive(Debug, Default)]
pub struct TableBuilder {
    table: Table,
    by_name: HashMap<String, usize>,
    codes: Vec<HashMap<String, u32>>,
}

impl TableBuilder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a lead that ended. `time` orders rows and is no feature; `points` is what the
    /// cold-start rules gave it. Both count only when every row has them.
    pub fn push(&mut self, row: Row, won: bool, time: Option<f64>, points: Option<f64>) {
        let at = self.table.rows();
        for (name, value) in row.0 {
            let known = match value {
                Value::Missing => false,
                Value::Number(number) => number.is_finite(),
                Value::Word(_) => true,
            };
            if known {
                self.set(name, value, at);
            }
        }
        self.table.won.push(won);
        let (times, all) = (&mut self.table.times, at + 1);
        push_known(times, time, all);
        push_known(&mut self.table.points, points, all);
    }

    fn set(&mut self, name: Cow<'static, str>, value: Value, at: usize) {
        let index = self.by_name.get(name.as_ref()).copied().unwrap_or_else(|| {
            let cells = match value {
                Value::Number(_) | Value::Missing => Cells::Numbers(Vec::new()),
                Value::Word(_) => Cells::Words { words: Vec::new(), codes: Vec::new() },
            };
            self.by_name.insert(name.to_string(), self.table.columns.len());
            self.table.columns.push(Column { name: name.into_owned(), cells });
            self.codes.push(HashMap::new());
            self.table.columns.len() - 1
        });
        let codes_of = &mut self.codes[index];
        let cells = &mut self.table.columns[index].cells;
        if let (Cells::Numbers(numbers), Value::Word(_)) = (&*cells, &value) {
            *cells = as_words(numbers, codes_of);
        }
        match cells {
            Cells::Numbers(numbers) => {
                numbers.resize(at + 1, f64::NAN);
                if let Value::Number(number) = value {
                    numbers[at] = number;
                }
            }
            Cells::Words { words, codes } => {
                codes.resize(at + 1, NO_WORD);
                codes[at] = code(&text(value), words, codes_of);
            }
        }
    }

    /// The table.
    #[must_use]
    pub fn finish(mut self) -> Table {
        let rows = self.table.rows();
        for column in &mut self.table.columns {
            match &mut column.cells {
                Cells::Numbers(numbers) => numbers.resize(rows, f64::NAN),
                Cells::Words { codes, .. } => codes.resize(rows, NO_WORD),
            }
        }
        let complete = |values: Option<Vec<f64>>| values.filter(|values| values.len() == rows);
        self.table.times = complete(self.table.times);
        self.table.points = complete(self.table.points);
        self.table
    }
}

fn push_known(values: &mut Option<Vec<f64>>, value: Option<f64>, rows: usize) {
    if let Some(value) = value {
        let values = values.get_or_insert_default();
        if values.len() + 1 == rows {
            values.push(value);
        }
    }
}

/// A column whose first rows were numbers and then was not: its numbers are words, too.
fn as_words(numbers: &[f64], codes_of: &mut HashMap<String, u32>) -> Cells {
    let mut words = Vec::new();
    let code_of = |number: &f64| match number.is_nan() {
        true => NO_WORD,
        false => code(&number.to_string(), &mut words, codes_of),
    };
    let codes = numbers.iter().map(code_of).collect();
    Cells::Words { words, codes }
}

pub(crate) fn code(
    word: &str,
    words: &mut Vec<String>,
    codes_of: &mut HashMap<String, u32>,
) -> u32 {
    if let Some(code) = codes_of.get(word) {
        return *code;
    }
    let code = u32::try_from(words.len()).unwrap_or(NO_WORD);
    words.push(word.to_owned());
    codes_of.insert(word.to_owned(), code);
    code
}

fn text(value: Value) -> Cow<'static, str> {
    match value {
        Value::Missing => Cow::Borrowed(""),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Word(word) => word,
    }
}
