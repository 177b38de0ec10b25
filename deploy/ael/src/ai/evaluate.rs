//! `ael ai evaluate`: reading a table of leads and judging every method on it.

use super::asker;
use super::figures::{self, Report};
use crate::import::progress;
use crate::import::text::{self, Text};
use crate::output::Output;
use crate::problem::Problem;
use crate::session::{Desk, Global};
use ael_scoring::learning::lesson_of;
use ael_scoring_model::{
    CsvError, EvaluationError, Mapping, Notes, Options, Split, Table, evaluate, read_csv,
};
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What to judge, and how.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// A table instead of the workspace's own leads: CSV with a header, one lead a line
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What the columns mean, in TOML
    #[arg(long, value_name = "FILE", requires = "data")]
    mapping: Option<PathBuf>,
    /// The column that tells how a lead ended; the mapping's `label` when not said
    #[arg(long, value_name = "COLUMN", requires = "data")]
    label: Option<String>,
    /// How leads are divided into those to learn from and those to judge by
    #[arg(long, value_enum, default_value_t = Division::Stratified)]
    split: Division,
    /// How many times the stratified split is made anew
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = clap::value_parser!(u16).range(1..=100))]
    repeats: u16,
    /// The same seed gives the same figures
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many times leads are drawn anew for the intervals
    #[arg(long, value_name = "N", default_value_t = 1_000,
        value_parser = clap::value_parser!(u16).range(100..))]
    draws: u16,
}

/// How to divide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Division {
    /// By lot into fifths with as many wins each; each is judged by the other four
    Stratified,
    /// The newest fifth is judged by the oldest four (of a table the mapping says under `time`
    /// which)
    Temporal,
}

impl Evaluate {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let (table, notes) = match &self.data {
            Some(path) => self.table(path)?,
            None => (own_history(&global.desk().await?).await?, Notes::default()),
        };
        self.judge(&table, notes, global.output())
    }

    fn judge(&self, table: &Table, notes: Notes, out: Output) -> anyhow::Result<()> {
        let options = Options {
            split: match self.split {
                Division::Stratified => Split::Stratified { repeats: usize::from(self.repeats) },
                Division::Temporal => Split::Temporal,
            },
            seed: self.seed,
            draws: usize::from(self.draws),
            ..Options::default()
        };
        let bar = progress::bar(0, "training and judging", out.json);
        let told = |done: usize, of: usize| {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        };
        let outcome = evaluate(table, &options, told);
        bar.finish_and_clear();
        let report = Report::new(outcome.map_err(|error| unjudged(&error))?, notes);
        out.answer(&report, |out| figures::show(*out, &report))
    }

    fn table(&self, path: &Path) -> anyhow::Result<(Table, Notes)> {
        let mapping = self.mapping.as_deref().map_or_else(|| Ok(Mapping::default()), mapping)?;
        let opened = || text::encoding_of(path).and_then(|encoding| Text::open(path, encoding));
        let source = opened().with_context(|| format!("cannot read {}", path.display()))?;
        read_csv(source, &mapping, self.label.as_deref()).map_err(|error| {
            let what = format!("{} cannot be judged by: {error}", path.display());
            Problem::new("bad_table", what, remedy(&error)).into()
        })
    }
}

/// The workspace's own leads that ended.
async fn own_history(desk: &Desk) -> anyhow::Result<Table> {
    Ok(lesson_of(&asker(desk), |_| {}).await?.table())
}

fn mapping(path: &Path) -> anyhow::Result<Mapping> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the mapping {}", path.display()))?;
    Mapping::parse(&text).map_err(|error| {
        let what = format!("the mapping {} is wrong: {error}", path.display());
        Problem::new("bad_mapping", what, "What a mapping can say is in docs/ai.md.").into()
    })
}

fn remedy(error: &CsvError) -> &'static str {
    match error {
        CsvError::NoLabel => "Say it: --label COLUMN, or `label` in the mapping.",
        CsvError::NoSuchColumn { .. } => "Mend the mapping, or the header of the table.",
        CsvError::NoOutcome { .. } => {
            "Leave such rows out, or say under `lost` in the mapping which words mean lost: rows \
             with any other are then passed over."
        }
        CsvError::UnclearOutcome { .. } => {
            "In the mapping, for example: won = [\"Closed Won\"], lost = [\"Closed Lost\"]"
        }
        CsvError::NotA { .. } => {
            "If the word stands for an empty cell, name it under `missing` in the mapping."
        }
        CsvError::Unreadable(_) | CsvError::Empty | CsvError::ColumnTwice(_) => {
            "Mend the table; `delimiter` in the mapping says what separates its cells."
        }
    }
}

fn unjudged(error: &EvaluationError) -> Problem {
    let advice = match error {
        EvaluationError::Training(_) | EvaluationError::TooFewAside { .. } => {
            "Until there are more, leads are scored by the cold-start rules."
        }
        EvaluationError::NoTime => "For example: time = { column = \"Created\" }",
        EvaluationError::NothingToJudge { .. } => "Try --split stratified.",
    };
    Problem::new("cannot_evaluate", error.to_string(), advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn evaluate(csv: &str, mapping: &str, split: Division) -> anyhow::Result<()> {
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file
        };
        let (data, mapping) = (file(csv), file(mapping));
        let mapping = Some(mapping.path().to_owned());
        let label = Some("won".to_owned());
        let asked = Evaluate { data: None, mapping, label, split, repeats: 1, seed: 1, draws: 100 };
        let (table, notes) = asked.table(data.path())?;
        asked.judge(&table, notes, Output::new(true))
    }

    fn problem(csv: &str, mapping: &str, split: Division) -> Problem {
        evaluate(csv, mapping, split).unwrap_err().downcast().unwrap()
    }

    fn table() -> String {
        let lines = (0..60).map(|at| format!("{},{},{at}\n", at % 2, (at * 7) % 11));
        format!("won,x,day\n{}", lines.collect::<String>())
    }

    #[test]
    fn a_table_is_judged_by_lot_and_by_time() {
        evaluate(&table(), "", Division::Stratified).unwrap();
        evaluate(&table(), "time = { column = 'day' }", Division::Temporal).unwrap();
    }

    #[test]
    fn what_cannot_be_judged_is_told_with_what_to_do() {
        let unclear = problem("won,x\nmaybe,1\n", "", Division::Stratified);
        assert_eq!(unclear.code, "bad_table");
        assert!(unclear.what.contains("line 2: \"maybe\""), "{unclear:?}");
        assert!(unclear.advice.unwrap().contains("won = [\"Closed Won\"]"));
        let contradiction =
            problem("won\n1\n", "label = 'x'\nnumeric = ['x']", Division::Stratified);
        assert_eq!(contradiction.code, "bad_mapping");
        let timeless = problem(&table(), "", Division::Temporal);
        assert_eq!(timeless.code, "cannot_evaluate");
        let few = problem("won,x\n1,1\n0,2\n", "", Division::Stratified);
        assert!(few.what.contains("too few outcomes"), "{few:?}");
        // All that there are is counted, also where a part of it is what is too few.
        for (won, told) in [(1, "1 won and 59 lost"), (11, "11 won and 49 lost in all")] {
            let lines = (0..60).map(|at| format!("{},{}\n", u8::from(at < won), at % 7));
            let table = format!("won,x\n{}", lines.collect::<String>());
            let few = problem(&table, "", Division::Stratified);
            assert!(few.what.contains(told), "{few:?}");
            assert!(few.advice.unwrap().contains("cold-start rules"));
        }
    }
}
