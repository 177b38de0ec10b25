//! What people and programs see: tables for the one, a line of JSON for the other, colours only
//! where there is a terminal.

use comfy_table::presets::{NOTHING, UTF8_HORIZONTAL_ONLY};
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table};
use owo_colors::OwoColorize as _;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether a program reads them.
    pub json: bool,
    terminal: bool,
    colours: bool,
}

impl Output {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, terminal, colours: terminal && !plain }
    }

    /// A line for people; a program does not get it.
    pub fn say(&self, line: impl Display) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { write(&format!("{line}\n")) }
    }

    /// A text as it is, whoever reads it.
    pub fn raw(&self, text: &str) -> anyhow::Result<()> {
        write(text)
    }

    /// One line of JSON, whoever reads it.
    pub fn line_of_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        write(&format!("{}\n", serde_json::to_string(value)?))
    }

    /// The answer: JSON for a program, else whatever is shown to people.
    pub fn answer(
        &self,
        value: &impl Serialize,
        people: impl FnOnce(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.json { self.line_of_json(value) } else { people(self) }
    }

    /// A table; right-aligned are the columns whose name ends in `#` (which is not shown).
    pub fn table<C: ToString>(
        &self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<C>>,
    ) -> anyhow::Result<()> {
        write(&format!("{}\n", self.drawn(header, rows)))
    }

    fn drawn<C: ToString>(
        &self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<C>>,
    ) -> String {
        let mut table = Table::new();
        table.load_style(if self.terminal { UTF8_HORIZONTAL_ONLY } else { NOTHING });
        // A cell is never broken: ids are there to be copied.
        table.set_content_arrangement(ContentArrangement::Disabled);
        if self.colours {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let right: Vec<bool> = header.iter().map(|name| name.ends_with('#')).collect();
        let aligned = |cell: Cell, right: bool| match right {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        };
        table.set_header(header.iter().zip(&right).map(|(name, right)| {
            let cell = Cell::new(name.trim_end_matches('#')).add_attribute(Attribute::Bold);
            aligned(cell, *right)
        }));
        for row in rows {
            let cells = row.into_iter().zip(right.iter().chain(std::iter::repeat(&false)));
            table.add_row(cells.map(|(cell, right)| aligned(Cell::new(cell), *right)));
        }
        table.trim_fmt()
    }

    /// A name and its value, one a line, for things that are shown by themselves.
    pub fn facts<'f>(
        &self,
        facts: impl IntoIterator<Item = (&'f str, String)>,
    ) -> anyhow::Result<()> {
        let facts: Vec<(&str, String)> =
            facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in facts {
            let value = value.replace('\n', &format!("\n{:width$}  ", ""));
            write(&format!("{}  {value}\n", self.dim(format!("{name:width$}"))))?;
        }
        Ok(())
    }

    /// What stands out.
    pub fn bold(&self, text: impl Display) -> String {
        if self.colours { text.bold().to_string() } else { text.to_string() }
    }

    /// What steps back.
    pub fn dim(&self, text: impl Display) -> String {
        if self.colours { text.dimmed().to_string() } else { text.to_string() }
    }

    /// What is well.
    pub fn good(&self, text: impl Display) -> String {
        if self.colours { text.green().to_string() } else { text.to_string() }
    }

    /// What is not.
    pub fn bad(&self, text: impl Display) -> String {
        if self.colours { text.red().to_string() } else { text.to_string() }
    }
}

/// Writes to standard output. Whoever listens may stop listening (`| head`): then there is nothing
/// left to do, and that is no error.
fn write(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => Ok(done?),
    }
}

/// A remark for the person at the terminal, beside the answer (standard error).
#[expect(clippy::print_stderr, reason = "remarks of the command line go to standard error")]
pub fn remark(text: impl Display) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piped_table_has_neither_colours_nor_borders() {
        let out = Output { json: false, terminal: false, colours: false };
        let drawn = out.drawn(&["stage", "leads#"], [vec!["new", "7"], vec!["contacted", "120"]]);
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(lines, [" stage      leads", " new            7", " contacted    120"]);
    }

    #[test]
    fn a_table_on_a_terminal_is_ruled_and_its_header_bold() {
        let out = Output { json: false, terminal: true, colours: true };
        let drawn = out.drawn(&["stage"], [vec!["new"]]);
        assert!(drawn.contains("\u{1b}[1m") && drawn.contains('─'), "{drawn:?}");
        assert!(
            !Output { colours: false, ..out }.drawn(&["stage"], [vec!["new"]]).contains('\u{1b}')
        );
    }
}
