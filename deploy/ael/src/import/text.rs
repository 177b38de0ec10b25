//! A file as people have it, read as text: whatever program wrote it, in whatever alphabet.

use anyhow::Context as _;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const CHUNK: usize = 64 * 1024;

/// Of text that is no UTF-8, this part at most happens to look like letters of it.
const SELDOM: usize = 4;

/// Finds out in which encoding a file is written, by reading all of it once: a byte order mark
/// says it, what is valid UTF-8 throughout is UTF-8, and everything else is judged by its letters.
///
/// UTF-8 with some broken bytes is an error: read as anything else, every name would be garbled.
pub fn encoding_of(path: &Path) -> io::Result<&'static Encoding> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; CHUNK];
    let mut scratch = String::with_capacity(4 * CHUNK);
    let mut utf8 = UTF_8.new_decoder_without_bom_handling();
    let (mut letters, mut broken) = (0_usize, 0_usize);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut first = true;
    loop {
        let length = file.read(&mut chunk)?;
        let (bytes, last) = (&chunk[..length], length == 0);
        if first && let Some((encoding, _)) = Encoding::for_bom(bytes) {
            return Ok(encoding);
        }
        first = false;
        detector.feed(bytes, last);
        scratch.clear();
        // There is room for the longest text that so many bytes can become.
        let _ = utf8.decode_to_string(bytes, &mut scratch, last);
        for letter in scratch.chars().filter(|letter| !letter.is_ascii()) {
            if letter == char::REPLACEMENT_CHARACTER {
                broken += 1;
            } else {
                letters += 1;
            }
        }
        if last {
            break;
        }
    }
    if broken > 0 && letters > SELDOM * broken {
        let what = format!(
            "it is UTF-8 but for {broken} broken bytes or so: mend them, or say --encoding utf-8 \
             to have each read as \u{fffd}"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    // The hint makes short Cyrillic texts Windows-1251 rather than something rarer.
    Ok(if broken == 0 { UTF_8 } else { detector.guess(Some(b"ua"), Utf8Detection::Deny) })
}

/// The encoding that a person named, such as `windows-1251`.
pub fn encoding_named(label: &str) -> anyhow::Result<&'static Encoding> {
    Encoding::for_label(label.as_bytes())
        .with_context(|| format!("{label:?} is no encoding; try utf-8 or windows-1251"))
}

/// The file as UTF-8, decoded while it is read; a byte order mark is left out.
pub struct Text<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    taken: usize,
    filled: usize,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Text<BufReader<File>> {
    /// Opens a file.
    pub fn open(path: &Path, encoding: &'static Encoding) -> io::Result<Self> {
        Ok(Self::new(BufReader::new(File::open(path)?), encoding))
    }
}

impl<R: Read> Text<R> {
    /// Decodes what `source` gives.
    pub fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; CHUNK],
            taken: 0,
            filled: 0,
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.resize(4 * CHUNK, 0);
        self.given = 0;
        loop {
            if self.taken == self.filled && !self.ended {
                self.filled = self.source.read(&mut self.raw)?;
                self.taken = 0;
                self.ended = self.filled == 0;
            }
            let bytes = &self.raw[self.taken..self.filled];
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(bytes, &mut self.text, self.ended);
            self.taken += read;
            let done = self.ended && result == CoderResult::InputEmpty;
            if written > 0 || done {
                self.text.truncate(written);
                return Ok(());
            }
        }
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            if self.ended && self.taken == self.filled && !self.text.is_empty() {
                // The decoder was told that the end was reached and has nothing left.
                self.text.clear();
                self.given = 0;
                return Ok(0);
            }
            if self.ended && self.taken == self.filled {
                return Ok(0);
            }
            self.refill()?;
        }
        let length = into.len().min(self.text.len() - self.given);
        into[..length].copy_from_slice(&self.text[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1251;
    use std::io::Write as _;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn read(bytes: &[u8]) -> (&'static str, String) {
        let file = file(bytes);
        let encoding = encoding_of(file.path()).unwrap();
        let mut text = String::new();
        Text::open(file.path(), encoding).unwrap().read_to_string(&mut text).unwrap();
        (encoding.name(), text)
    }

    const WORDS: &str = "Ім'я;Компанія\nОлена Петренко;Тепла хата\nБогдан Їжак;Світлий шлях\n";

    #[test]
    fn ukrainian_is_read_from_utf_8_with_or_without_mark_and_from_windows_1251() {
        assert_eq!(read(WORDS.as_bytes()), ("UTF-8", WORDS.to_owned()));
        let marked = [b"\xef\xbb\xbf", WORDS.as_bytes()].concat();
        assert_eq!(read(&marked), ("UTF-8", WORDS.to_owned()));
        let (old, _, _) = WINDOWS_1251.encode(WORDS);
        assert_eq!(read(&old), ("windows-1251", WORDS.to_owned()));
    }

    #[test]
    fn letters_that_appear_late_in_a_large_file_still_decide() {
        let text = format!("{}{WORDS}", "plain,row,of,letters\n".repeat(20_000));
        assert_eq!(read(text.as_bytes()), ("UTF-8", text.clone()));
        let (old, _, _) = WINDOWS_1251.encode(&text);
        assert_eq!(read(&old), ("windows-1251", text));
    }

    #[test]
    fn an_empty_file_is_empty_and_a_spreadsheets_utf_16_is_read() {
        assert_eq!(read(b""), ("UTF-8", String::new()));
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(WORDS.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(read(&utf16), ("UTF-16LE", WORDS.to_owned()));
    }

    #[test]
    fn one_broken_byte_does_not_turn_utf_8_into_something_else() {
        let broken = [WORDS.as_bytes(), b"\xff;\n", WORDS.as_bytes()].concat();
        let error = encoding_of(file(&broken).path()).unwrap_err().to_string();
        assert!(error.contains("UTF-8 but for 1 broken"), "{error}");
    }

    #[test]
    fn an_encoding_can_be_named() {
        assert_eq!(encoding_named("cp1251").unwrap(), WINDOWS_1251);
        assert!(encoding_named("klingon").is_err());
    }
}
