//! What people and programs see: tables for the one, a line of JSON for the other, colours only
//! where there is a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle,
};
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
    /// How many characters fit into a line of the terminal.
    width: Option<usize>,
}

impl Output {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = Table::new().width().filter(|_| terminal).map(usize::from);
        Self { json, terminal, colours: terminal && !plain, width }
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

    /// A table. Marks at the end of a column's name are not shown: `#` means right-aligned, `?`
    /// that it may be left out of a terminal that is too narrow. Where a table does not fit even
    /// so, each row is told in lines.
    pub fn table<C: ToString>(
        &self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<C>>,
    ) -> anyhow::Result<()> {
        let texts = |row: Vec<C>| row.iter().map(ToString::to_string).collect();
        let rows: Vec<Vec<String>> = rows.into_iter().map(texts).collect();
        let columns: Vec<Column> = header.iter().map(|name| Column::of(name)).collect();
        write(&self.fitted(&columns, &rows))
    }

    fn fitted(&self, columns: &[Column], rows: &[Vec<String>]) -> String {
        // On a terminal, a column that says nothing is no loss.
        let filled = |cell: &String| !cell.is_empty();
        let says = |column: usize| rows.iter().any(|row| row.get(column).is_some_and(filled));
        let silent =
            |column: usize| self.width.is_some() && columns[column].optional && !says(column);
        let known: Vec<usize> = (0..columns.len()).filter(|column| !silent(*column)).collect();
        let mut kept = known.clone();
        loop {
            let (shown, cells) = only(columns, rows, &kept);
            let drawn = self.drawn(&shown, &cells);
            if self.fits(&drawn) {
                let left_out = known.iter().filter(|column| !kept.contains(column));
                let left_out: Vec<&str> = left_out.map(|column| columns[*column].name).collect();
                let note = match left_out.as_slice() {
                    [] => String::new(),
                    [..] => self.dim(format!("(no room for: {})", left_out.join(", "))) + "\n",
                };
                return format!("{drawn}\n{note}");
            }
            let Some(at) = kept.iter().rposition(|column| columns[*column].optional) else {
                return rows.iter().map(|row| self.told(columns, row)).collect();
            };
            kept.remove(at);
        }
    }

    fn fits(&self, drawn: &str) -> bool {
        let length = |line: &str| console_width(line.trim_end());
        self.width.is_none_or(|width| drawn.lines().all(|line| length(line) <= width))
    }

    /// A row in lines: what it is about, and below it what is known, as much as a line takes.
    fn told(&self, columns: &[Column], row: &[String]) -> String {
        let width = self.width.unwrap_or(usize::MAX);
        let mut cells = columns.iter().zip(row);
        let title = cells.next().map(|(_, title)| title.as_str()).unwrap_or_default();
        let mut text = format!("{}\n", self.bold(if title.is_empty() { "–" } else { title }));
        let mut line = String::new();
        for (column, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
            let part = format!("{} {cell}", column.name);
            let part = part.trim();
            if !line.is_empty() && console_width(&line) + console_width(part) + 3 > width {
                text.push_str(&format!("{line}\n"));
                line.clear();
            }
            line.push_str(if line.is_empty() { " " } else { " · " });
            line.push_str(part);
        }
        text.push_str(&format!("{line}\n"));
        text
    }

    fn drawn(&self, columns: &[&Column], rows: &[Vec<&str>]) -> String {
        let mut table = Table::new();
        table.load_style(if self.terminal { RULED } else { NOTHING });
        // A cell is never broken: ids are there to be copied.
        table.set_content_arrangement(ContentArrangement::Disabled);
        if self.colours {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let aligned = |cell: Cell, right: bool| match right {
            true => cell.set_alignment(CellAlignment::Right),
            false => cell,
        };
        table.set_header(columns.iter().map(|column| {
            let cell = Cell::new(column.name).add_attribute(Attribute::Bold);
            aligned(cell, column.right)
        }));
        for row in rows {
            let cells = row.iter().zip(columns);
            table.add_row(cells.map(|(cell, column)| aligned(Cell::new(cell), column.right)));
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

/// A rule under the header, and none between the rows: a screen is not high.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A column of a table.
struct Column<'n> {
    name: &'n str,
    right: bool,
    optional: bool,
}

impl<'n> Column<'n> {
    fn of(marked: &'n str) -> Self {
        let name = marked.trim_end_matches(['#', '?']);
        let marks = &marked[name.len()..];
        Self { name, right: marks.contains('#'), optional: marks.contains('?') }
    }
}

fn only<'a>(
    columns: &'a [Column<'a>],
    rows: &'a [Vec<String>],
    kept: &[usize],
) -> (Vec<&'a Column<'a>>, Vec<Vec<&'a str>>) {
    let cells = |row: &'a Vec<String>| -> Vec<&'a str> {
        kept.iter().map(|column| row.get(*column).map_or("", String::as_str)).collect()
    };
    (kept.iter().map(|column| &columns[*column]).collect(), rows.iter().map(cells).collect())
}

/// How many characters of a terminal a line takes; colours take none.
fn console_width(line: &str) -> usize {
    let mut width = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| *c == 'm');
        } else {
            width += 1;
        }
    }
    width
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

    const PIPE: Output = Output { json: false, terminal: false, colours: false, width: None };

    fn terminal(width: usize) -> Output {
        Output { json: false, terminal: true, colours: false, width: Some(width) }
    }

    fn drawn(out: Output, header: &[&str], rows: &[&[&str]]) -> String {
        let columns: Vec<Column> = header.iter().map(|name| Column::of(name)).collect();
        let texts = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(texts).collect();
        out.fitted(&columns, &rows)
    }

    #[test]
    fn a_piped_table_has_neither_colours_nor_borders() {
        let drawn = drawn(PIPE, &["stage", "leads#"], &[&["new", "7"], &["contacted", "120"]]);
        let lines: Vec<&str> = drawn.lines().map(str::trim_end).collect();
        assert_eq!(lines, [" stage      leads", " new            7", " contacted    120"]);
    }

    #[test]
    fn a_table_on_a_terminal_is_ruled_and_its_header_bold() {
        let out = Output { colours: true, ..terminal(80) };
        let ruled = drawn(out, &["stage"], &[&["new"]]);
        assert!(ruled.contains("\u{1b}[1m") && ruled.contains('─'), "{ruled:?}");
        assert!(!drawn(terminal(80), &["stage"], &[&["new"]]).contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_terminal_leaves_out_what_may_be_and_says_so() {
        let header = ["name", "company?", "messages#?", "id"];
        let rows: &[&[&str]] = &[&["Olena", "Acme and Daughters", "12", "018f4e9c"]];
        let wide = drawn(terminal(80), &header, rows);
        assert!(wide.contains("Acme") && !wide.contains("no room"), "{wide}");
        let narrow = drawn(terminal(40), &header, rows);
        assert!(narrow.contains("Acme") && narrow.contains("(no room for: messages)"), "{narrow}");
        let narrower = drawn(terminal(30), &header, rows);
        assert!(narrower.contains("(no room for: company, messages)"), "{narrower}");
        assert!(narrower.contains("018f4e9c"), "what may not be left out is there: {narrower}");
        assert!(drawn(PIPE, &header, rows).contains("Acme"), "a pipe has room for all");
    }

    #[test]
    fn a_terminal_shows_no_column_that_says_nothing_and_a_pipe_shows_all() {
        let (header, rows): (_, &[&[&str]]) = (["name", "company?"], &[&["Olena", ""]]);
        let shown = drawn(terminal(80), &header, rows);
        assert!(!shown.contains("company"), "{shown}");
        assert!(drawn(PIPE, &header, rows).contains("company"));
    }

    #[test]
    fn where_no_table_fits_each_row_is_told_in_lines() {
        let rows: &[&[&str]] = &[&["Olena", "", "12", "018f4e9c-5b7a"]];
        let told = drawn(terminal(18), &["name", "company?", "messages#", "id"], rows);
        assert_eq!(told, "Olena\n messages 12\n id 018f4e9c-5b7a\n");
        assert!(told.lines().all(|line| console_width(line) <= 18));
    }
}
