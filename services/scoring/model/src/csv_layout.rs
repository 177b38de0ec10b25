//! Which cell of a line is what, by the mapping: the outcome, the time, features, fields of a lead.

use crate::cold_start::LeadFacts;
use crate::mapping::{Choice, Lead, Mapping, Time};
use ael_events::values::{Source, Stage};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

/// Why a CSV could not be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The bytes did not come, were no UTF-8, or a line has another number of cells.
    #[error("{0}")]
    Unreadable(String),
    /// There is no line, or none but the header.
    #[error("the table has no rows")]
    Empty,
    /// Nobody could tell the two apart.
    #[error("line 1: two columns are named {0:?}")]
    ColumnTwice(String),
    /// The mapping and the table do not belong together.
    #[error("line 1: there is no column {column:?}, which the mapping names under `{key}`{hint}")]
    NoSuchColumn {
        /// The column.
        column: String,
        /// Where it is named.
        key: &'static str,
        /// A column that may be meant.
        hint: String,
    },
    /// It is not said which column tells the outcome.
    #[error("it is not said which column tells how a lead ended")]
    NoLabel,
    /// No outcome is written there.
    #[error("line {line}: the label column {column:?} is empty")]
    NoOutcome {
        /// The line.
        line: u64,
        /// The column.
        column: String,
    },
    /// The label is no yes or no.
    #[error(
        "line {line}: {word:?} in the label column {column:?} means neither won nor lost by \
         itself: say under `won` (and `lost`) which words do"
    )]
    UnclearOutcome {
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        word: String,
    },
    /// A cell does not hold what it should.
    #[error("line {line}: {word:?} in column {column:?} is not {expected}")]
    NotA {
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// What stands there.
        word: String,
        /// What should.
        expected: &'static str,
    },
}

/// What is said of an outcome that is neither won nor lost.
#[derive(Debug, Clone, Copy)]
enum Other {
    Lost,
    Undecided,
    Unclear,
}

/// Which cell of a line is what.
pub(crate) struct Layout<'m> {
    pub(crate) label: usize,
    label_name: String,
    won: BTreeSet<String>,
    lost: BTreeSet<String>,
    /// What is said of a word that is neither.
    other: Other,
    missing: BTreeSet<String>,
    pub(crate) time: Option<(usize, &'m Time)>,
    pub(crate) features: Vec<usize>,
    pub(crate) lead: Option<LeadLayout<'m>>,
}

const WON: [&str; 5] = ["1", "true", "yes", "y", "won"];
const LOST: [&str; 5] = ["0", "false", "no", "n", "lost"];
const MISSING: [&str; 5] = ["na", "n/a", "nan", "null", "?"];

impl<'m> Layout<'m> {
    pub(crate) fn of(
        header: &[String],
        mapping: &'m Mapping,
        label: Option<&str>,
    ) -> Result<Self, CsvError> {
        let mut at: HashMap<String, usize> = HashMap::new();
        for (number, name) in header.iter().enumerate() {
            if at.insert(name.clone(), number).is_some() {
                return Err(CsvError::ColumnTwice(name.clone()));
            }
        }
        let find = |key: &'static str, column: &str| {
            at.get(column).copied().ok_or_else(|| {
                let same = |name: &&String| name.eq_ignore_ascii_case(column.trim());
                let hint = header.iter().find(same);
                let hint = hint.map_or_else(String::new, |name| format!(" (there is {name:?})"));
                CsvError::NoSuchColumn { column: column.to_owned(), key, hint }
            })
        };
        for (key, column) in mapping.names() {
            find(key, column)?;
        }
        let label = label.or(mapping.label.as_deref()).ok_or(CsvError::NoLabel)?;
        let label_at = find("label", label)?;
        let time = match &mapping.time {
            Some(time) => Some((find("time", &time.column)?, time)),
            None => None,
        };
        let is_feature = |number: &usize| {
            *number != label_at
                && time.is_none_or(|(at, _)| *number != at)
                && mapping.label.as_ref() != Some(&header[*number])
                && !mapping.leave_out.contains(&header[*number])
        };
        let lower = |words: &BTreeSet<String>| words.iter().map(|word| fold(word)).collect();
        let plain = |words: [&str; 5]| words.map(str::to_owned).into_iter().collect();
        let mut missing: BTreeSet<String> = lower(&mapping.missing);
        missing.extend(MISSING.map(str::to_owned));
        Ok(Self {
            label: label_at,
            label_name: label.to_owned(),
            won: if mapping.won.is_empty() { plain(WON) } else { lower(&mapping.won) },
            lost: if mapping.lost.is_empty() && mapping.won.is_empty() {
                plain(LOST)
            } else {
                lower(&mapping.lost)
            },
            other: match (mapping.won.is_empty(), mapping.lost.is_empty()) {
                (true, true) => Other::Unclear,
                (false, true) => Other::Lost,
                (_, false) => Other::Undecided,
            },
            missing,
            time,
            features: (0..header.len()).filter(is_feature).collect(),
            lead: mapping.lead.as_ref().map(|lead| LeadLayout { lead, at }),
        })
    }

    pub(crate) fn is_missing(&self, word: &str) -> bool {
        word.is_empty() || self.missing.contains(&fold(word))
    }

    /// `None` where the mapping leaves it undecided.
    pub(crate) fn outcome(&self, word: &str, line: u64) -> Result<Option<bool>, CsvError> {
        let folded = fold(word);
        if self.won.contains(&folded) || self.lost.contains(&folded) {
            return Ok(Some(self.won.contains(&folded)));
        }
        let column = self.label_name.clone();
        match self.other {
            Other::Undecided => Ok(None),
            Other::Lost | Other::Unclear if word.is_empty() => {
                Err(CsvError::NoOutcome { line, column })
            }
            Other::Lost => Ok(Some(false)),
            Other::Unclear => Err(CsvError::UnclearOutcome { line, column, word: word.to_owned() }),
        }
    }

    /// A number that grows with time.
    pub(crate) fn moment(&self, time: &Time, word: &str, line: u64) -> Result<f64, CsvError> {
        let number = || word.parse().ok().filter(|number: &f64| number.is_finite());
        let seconds = |moment: NaiveDateTime| moment.and_utc().timestamp_micros() as f64 / 1e6;
        let standard =
            || DateTime::parse_from_rfc3339(word).ok().map(|moment| seconds(moment.naive_utc()));
        let written = |format: &String| {
            let day = || NaiveDate::parse_from_str(word, format).ok()?.and_hms_opt(0, 0, 0);
            NaiveDateTime::parse_from_str(word, format).ok().or_else(day).map(seconds)
        };
        let plain = || written(&"%Y-%m-%d".to_owned());
        let by_format = time.formats.iter().find_map(written);
        by_format.or_else(standard).or_else(plain).or_else(number).ok_or_else(|| CsvError::NotA {
            line,
            column: time.column.clone(),
            word: word.to_owned(),
            expected: "a moment: say under `time.formats` how it is written",
        })
    }
}

/// Letter case and blanks around do not matter.
fn fold(word: &str) -> String {
    word.trim().to_lowercase()
}

/// The columns that are fields of a lead.
pub(crate) struct LeadLayout<'m> {
    lead: &'m Lead,
    at: HashMap<String, usize>,
}

impl LeadLayout<'_> {
    pub(crate) fn facts<'c>(
        &self,
        cell: impl Fn(usize) -> &'c str,
        line: u64,
    ) -> Result<LeadFacts, CsvError> {
        let cell = |column: &String| self.at.get(column).map_or("", |at| cell(*at));
        let filled = |column: &Option<String>| {
            column.as_ref().is_some_and(|column| !cell(column).is_empty())
        };
        let Lead { source, stage, message_count, .. } = self.lead;
        let messages = message_count.as_ref().map_or(Ok(0), |column| {
            let word = cell(column);
            let count: Option<f64> = if word.is_empty() { Some(0.0) } else { word.parse().ok() };
            let count = count.filter(|count| (0.0..=f64::from(u32::MAX)).contains(count));
            count.map(|count| count as u32).ok_or_else(|| CsvError::NotA {
                line,
                column: column.clone(),
                word: word.to_owned(),
                expected: "a number of messages",
            })
        })?;
        Ok(LeadFacts {
            source: source.as_ref().map_or(Source::Manual, |of| chosen(of, cell(&of.column))),
            stage: stage.as_ref().map_or(Stage::New, |of| chosen(of, cell(&of.column))),
            message_count: messages,
            business_domain: filled(&self.lead.business_domain),
            email: filled(&self.lead.email),
            phone: filled(&self.lead.phone),
            company: filled(&self.lead.company),
            position: filled(&self.lead.position),
        })
    }
}

fn chosen<T: FromStr + Copy>(choice: &Choice<T>, word: &str) -> T {
    let mapped = choice.map.iter().find(|(known, _)| fold(known) == fold(word));
    mapped.map(|(_, meant)| *meant).or_else(|| word.parse().ok()).unwrap_or(choice.otherwise)
}
