//! Reading a table from CSV by a mapping: every cell is checked, and what is wrong is told by line.

use crate::cold_start::cold_start;
use crate::csv_layout::{CsvError, Layout};
use crate::mapping::Mapping;
use crate::table::{Cells, Column, NO_WORD, Table, code};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read};

/// What was found out while reading, for whoever asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Rows whose outcome is undecided.
    pub undecided: usize,
    /// Columns that were taken for ids: every row has another value, and the name says so.
    pub ids: Vec<String>,
    /// Columns of words of which most rows have one of their own: little can be learnt there.
    pub scattered: Vec<String>,
}

struct Text {
    name: String,
    words: Vec<String>,
    codes: Vec<u32>,
    codes_of: HashMap<String, u32>,
    /// The line where each word first stood.
    lines: Vec<u64>,
}

/// Reads a table.
///
/// # Errors
/// [`CsvError`], with the line.
pub fn read_csv(
    source: impl Read,
    mapping: &Mapping,
    label: Option<&str>,
) -> Result<(Table, Notes), CsvError> {
    let mut source = BufReader::with_capacity(64 * 1024, source);
    let delimiter = match mapping.delimiter {
        Some(delimiter) => u8::try_from(delimiter).unwrap_or(b','),
        None => likely_delimiter(source.fill_buf().map_err(unreadable)?),
    };
    if source.fill_buf().map_err(unreadable)?.starts_with(b"\xef\xbb\xbf") {
        source.consume(3);
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(source);
    let header: Vec<String> =
        reader.headers().map_err(wrong_line)?.iter().map(|name| name.trim().to_owned()).collect();
    if header.is_empty() {
        return Err(CsvError::Empty);
    }
    let layout = Layout::of(&header, mapping, label)?;
    let mut texts: Vec<Text> = header.iter().map(|name| Text::new(name)).collect();
    let mut table = Table::default();
    let (mut times, mut points, mut notes) = (Vec::new(), Vec::new(), Notes::default());
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong_line)? {
        let line = record.position().map_or(0, csv::Position::line);
        let written = |at: usize| record.get(at).unwrap_or_default().trim();
        let cell = |at: usize| {
            let word = written(at);
            if layout.is_missing(word) { "" } else { word }
        };
        let Some(won) = layout.outcome(written(layout.label), line)? else {
            notes.undecided += 1;
            continue;
        };
        table.won.push(won);
        if let Some((at, time)) = layout.time {
            times.push(layout.moment(time, written(at), line)?);
        }
        if let Some(lead) = &layout.lead {
            points.push(cold_start(&lead.facts(cell, line)?).score);
        }
        for at in &layout.features {
            texts[*at].push(cell(*at), line);
        }
    }
    if table.won.is_empty() {
        return Err(CsvError::Empty);
    }
    table.times = layout.time.map(|_| times);
    table.points = layout.lead.is_some().then_some(points);
    for at in &layout.features {
        let text = std::mem::replace(&mut texts[*at], Text::new(""));
        table.columns.extend(text.column(mapping, &mut notes)?);
    }
    Ok((table, notes))
}

fn unreadable(error: impl ToString) -> CsvError {
    CsvError::Unreadable(error.to_string())
}

fn wrong_line(error: csv::Error) -> CsvError {
    let line = error.position().map_or(1, csv::Position::line);
    if let csv::ErrorKind::Utf8 { .. } = error.kind() {
        return CsvError::Unreadable(format!("line {line}: the text is not UTF-8"));
    }
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return CsvError::Unreadable(format!(
            "line {line}: {len} cells, and the header has {expected_len} (is a quote or a \
             separator missing?)"
        ));
    }
    unreadable(error)
}

/// The character that the first line has most of.
fn likely_delimiter(begin: &[u8]) -> u8 {
    let first = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    // The last of several wins: a comma, when there is none of any.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// In most words that only one row has, there is nothing to learn.
const SCATTERED: f64 = 0.5;

impl Text {
    fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self { name, words: vec![], codes: vec![], codes_of: HashMap::new(), lines: vec![] }
    }

    fn push(&mut self, word: &str, line: u64) {
        if word.is_empty() {
            self.codes.push(NO_WORD);
            return;
        }
        self.codes.push(code(word, &mut self.words, &mut self.codes_of));
        if self.lines.len() < self.words.len() {
            self.lines.push(line);
        }
    }

    /// Numbers, where it is declared so, or where each word is one and nothing else is declared.
    fn column(self, mapping: &Mapping, notes: &mut Notes) -> Result<Option<Column>, CsvError> {
        let number = |word: &String| word.parse().ok().filter(|number: &f64| number.is_finite());
        let declared = mapping.numeric.contains(&self.name);
        let words = mapping.categorical.contains(&self.name);
        let numbers: Vec<Option<f64>> = self.words.iter().map(number).collect();
        let filled = self.codes.iter().filter(|code| **code != NO_WORD).count();
        let all_differ = filled > 20 && self.words.len() == filled;
        if let (true, Some(at)) = (declared, numbers.iter().position(Option::is_none)) {
            let (line, word) = (self.lines[at], self.words[at].clone());
            return Err(CsvError::NotA { line, column: self.name, word, expected: "a number" });
        }
        if all_differ && !declared && !words && names_one(&self.name) {
            notes.ids.push(self.name);
            return Ok(None);
        }
        if !words && numbers.iter().all(Option::is_some) {
            let number = |code: &u32| numbers.get(*code as usize).copied().flatten();
            let numbers = self.codes.iter().map(|code| number(code).unwrap_or(f64::NAN)).collect();
            return Ok(Some(Column { name: self.name, cells: Cells::Numbers(numbers) }));
        }
        if filled > 20 && self.words.len() as f64 > SCATTERED * filled as f64 {
            notes.scattered.push(self.name.clone());
        }
        let cells = Cells::Words { words: self.words, codes: self.codes };
        Ok(Some(Column { name: self.name, cells }))
    }
}

/// Whether a column by this name tells which row it is, rather than what the row is like.
fn names_one(name: &str) -> bool {
    let parts = name.split(|c: char| !c.is_alphanumeric());
    let ids = ["id", "uuid", "guid", "no", "number", "nr", "key", "index", "rownum", "row"];
    let mut words = parts.flat_map(|part| {
        let part = part.to_lowercase();
        let end = part.strip_suffix("id").filter(|rest| rest.len() > 2).map(|_| "id".to_owned());
        end.into_iter().chain([part])
    });
    name.is_empty() || words.any(|word| ids.contains(&word.as_str()))
}
