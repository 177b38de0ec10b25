//! The report beside the file: what became of each row, with its line and the reason.

use anyhow::Context as _;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A lead came of it.
    Imported,
    /// It was there already.
    Skipped(&'static str),
    /// It cannot be a lead.
    Refused(String),
}

/// How many rows met which fate; the last line of the import.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Leads that came of rows.
    pub imported: u64,
    /// Rows that were there already.
    pub skipped: u64,
    /// Rows that cannot be leads.
    pub refused: u64,
}

impl Counts {
    /// Whether nothing at all came of a file that had rows: not what anybody wanted.
    pub const fn is_failure(self) -> bool {
        self.refused > 0 && self.imported == 0 && self.skipped == 0
    }
}

/// A report that is being written.
pub struct Report {
    writer: csv::Writer<File>,
    path: PathBuf,
    counts: Counts,
}

impl Report {
    /// Where the report of a file is: `leads.csv` → `leads.csv.report.csv`.
    pub fn beside(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".report.csv");
        name.into()
    }

    /// Begins a report.
    pub fn create(path: PathBuf) -> anyhow::Result<Self> {
        let advice = || {
            format!("cannot write the report {}; put it elsewhere with --report", path.display())
        };
        let file = File::create(&path).with_context(advice)?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(["line", "outcome", "lead", "reason"]).with_context(advice)?;
        Ok(Self { writer, path, counts: Counts::default() })
    }

    /// Notes what became of a row.
    pub fn note(&mut self, line: u64, lead: &str, fate: &Fate) -> anyhow::Result<()> {
        let (outcome, reason) = match fate {
            Fate::Imported => ("imported", ""),
            Fate::Skipped(reason) => ("skipped", *reason),
            Fate::Refused(reason) => ("refused", reason.as_str()),
        };
        match fate {
            Fate::Imported => self.counts.imported += 1,
            Fate::Skipped(_) => self.counts.skipped += 1,
            Fate::Refused(_) => self.counts.refused += 1,
        }
        self.writer.write_record([&line.to_string(), outcome, lead, reason])?;
        Ok(())
    }

    /// How many so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Ends the report.
    pub fn finish(mut self) -> anyhow::Result<(Counts, PathBuf)> {
        self.writer.flush().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok((self.counts, self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_became_of_each_line_and_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = Report::beside(&folder.path().join("leads.csv"));
        assert!(path.ends_with("leads.csv.report.csv"));
        let mut report = Report::create(path).unwrap();
        report.note(2, "a", &Fate::Imported).unwrap();
        report.note(3, "b", &Fate::Skipped("already there")).unwrap();
        report.note(4, "", &Fate::Refused("e-mail: not one, sorry".into())).unwrap();
        let (counts, path) = report.finish().unwrap();
        let expected = r#"{"imported":1,"skipped":1,"refused":1}"#;
        assert_eq!(serde_json::to_string(&counts).unwrap(), expected);
        let written = std::fs::read_to_string(path).unwrap();
        let expected = "line,outcome,lead,reason\n2,imported,a,\n3,skipped,b,already there\n\
                        4,refused,,\"e-mail: not one, sorry\"\n";
        assert_eq!(written, expected);
    }
}
