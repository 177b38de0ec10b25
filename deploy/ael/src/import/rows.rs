//! The rows of a file: separated by comma, semicolon or tab, with line breaks inside quotes, each
//! with the line on which it stands, so that a refusal can be found again.

use crate::import::lines::Lines;
use crate::import::text::Text;
use anyhow::Context as _;
use csv::StringRecord;
use encoding_rs::Encoding;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file of rows below a header.
pub struct Rows<R> {
    reader: csv::Reader<Lines<R>>,
    header: StringRecord,
    delimiter: u8,
    broken: Option<csv::Error>,
}

/// A row that can be read, with its line.
pub struct Row {
    /// The line on which it begins, counted from 1; the header is line 1.
    pub line: u64,
    /// Its cells, as many as the header has.
    pub cells: StringRecord,
}

/// A row that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which it begins.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// How many bytes of a file were read, for whoever shows progress.
pub struct Counted<R> {
    source: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(into)?;
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// The rows of a file on disk.
pub type FileRows = Rows<Text<Counted<BufReader<File>>>>;

/// Opens a file of rows; the counter tells how many of its bytes were read.
pub fn open(
    path: &Path,
    encoding: &'static Encoding,
) -> anyhow::Result<(FileRows, Arc<AtomicU64>)> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = Counted { source: BufReader::new(file), bytes: bytes.clone() };
    // The delimiter is chosen by the header, which a second look at the file costs nothing.
    let delimiter = delimiter_of(Text::open(path, encoding)?)?;
    Ok((Rows::new(Text::new(counted, encoding), delimiter)?, bytes))
}

impl<R: Read> Rows<R> {
    /// Reads rows separated by `delimiter` from text.
    pub fn new(text: R, delimiter: u8) -> anyhow::Result<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(Lines::new(text));
        let header = reader.headers().context("the file's header cannot be read")?.clone();
        anyhow::ensure!(!header.is_empty(), "the file is empty: its first line names the columns");
        Ok(Self { reader, header, delimiter, broken: None })
    }

    /// The names of the columns.
    pub fn header(&self) -> &StringRecord {
        &self.header
    }

    /// What separates the cells.
    pub fn delimiter(&self) -> char {
        char::from(self.delimiter)
    }

    /// Why the rows ended before the file did, if they did.
    pub fn broken(&mut self) -> Option<csv::Error> {
        self.broken.take()
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut cells = StringRecord::new();
        let more = self.reader.read_record(&mut cells);
        // The reader stands behind the row: its lines are those in its cells and the last one.
        let inside = cells.iter().flat_map(str::bytes).filter(|byte| *byte == b'\n').count();
        let line = self.reader.position().line().saturating_sub(1 + inside as u64);
        match more {
            Ok(false) => None,
            Ok(true) if cells.len() == self.header.len() => Some(Ok(Row { line, cells })),
            Ok(true) => {
                let (has, needs) = (cells.len(), self.header.len());
                let reason = format!("the row has {has} cells and the header {needs}");
                Some(Err(BadRow { line, reason }))
            }
            // A file that cannot be read any further would fail for ever.
            Err(error) if error.is_io_error() => {
                self.broken = Some(error);
                None
            }
            Err(error) => {
                Some(Err(BadRow { line, reason: format!("the row cannot be read: {error}") }))
            }
        }
    }
}

/// Comma, semicolon or tab: whichever the header has most of, outside quotes.
pub fn delimiter_of(text: impl Read) -> anyhow::Result<u8> {
    const KNOWN: [u8; 3] = [b',', b';', b'\t'];
    let mut counts = [0_usize; 3];
    let (mut quoted, mut begun) = (false, false);
    for byte in BufReader::new(text).bytes() {
        let byte = byte.context("the file's header cannot be read")?;
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && begun => break,
            _ if !quoted => {
                if let Some(known) = KNOWN.iter().position(|known| *known == byte) {
                    counts[known] += 1;
                }
            }
            _ => {}
        }
        begun |= !byte.is_ascii_whitespace();
    }
    let best = (0..KNOWN.len()).max_by_key(|known| (counts[*known], usize::MAX - known));
    Ok(best.map_or(b',', |known| KNOWN[known]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Result<(u64, Vec<String>), BadRow>> {
        let delimiter = delimiter_of(text.as_bytes()).unwrap();
        let rows = Rows::new(text.as_bytes(), delimiter).unwrap();
        rows.map(|row| row.map(|row| (row.line, row.cells.iter().map(str::to_owned).collect())))
            .collect()
    }

    fn good(line: u64, cells: [&str; 2]) -> Result<(u64, Vec<String>), BadRow> {
        Ok((line, cells.map(str::to_owned).to_vec()))
    }

    #[test]
    fn comma_semicolon_and_tab_are_told_apart_by_the_header() {
        assert_eq!(delimiter_of("a,b;c,d\n1;2;3;4;5".as_bytes()).unwrap(), b',');
        assert_eq!(delimiter_of("\"a,b,c\";d\n".as_bytes()).unwrap(), b';');
        assert_eq!(delimiter_of("a\tb\r\n".as_bytes()).unwrap(), b'\t');
        assert_eq!(delimiter_of("single".as_bytes()).unwrap(), b',');
    }

    #[test]
    fn a_line_break_inside_quotes_belongs_to_its_cell_and_lines_are_still_counted() {
        let text = "name,note\nA,\"one\ntwo\"\nB,\"says \"\"hi\"\"\"\n";
        assert_eq!(rows(text), [good(2, ["A", "one\ntwo"]), good(4, ["B", "says \"hi\""])]);
    }

    #[test]
    fn a_row_of_the_wrong_length_is_named_by_its_line_and_the_others_go_on() {
        let found = rows("a;b\r\n1;2\r\n3\r\n4;5;6\r\n7;8\r\n");
        assert_eq!(found[0], good(2, ["1", "2"]));
        let reason = "the row has 1 cells and the header 2".to_owned();
        assert_eq!(found[1], Err(BadRow { line: 3, reason }));
        assert_eq!(found[2].as_ref().unwrap_err().line, 4);
        assert_eq!(found[3], good(5, ["7", "8"]));
    }

    #[test]
    fn empty_lines_are_no_rows_and_do_not_shift_the_count() {
        assert_eq!(rows("a,b\n\n\n1,2\n"), [good(4, ["1", "2"])]);
    }

    #[test]
    fn an_empty_file_says_what_is_missing() {
        let error = Rows::new("".as_bytes(), b',').err().unwrap();
        assert!(error.to_string().contains("first line names the columns"));
    }
}
