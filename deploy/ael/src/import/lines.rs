//! Line ends as one kind: whatever a file ends its lines with, readers see `\n`, also at the end.

use std::io::{self, Read};

/// Text whose lines all end in `\n`.
pub struct Lines<R> {
    source: R,
    after_return: bool,
    last: u8,
    ended: bool,
}

impl<R: Read> Lines<R> {
    /// The same text with one kind of line end.
    pub const fn new(source: R) -> Self {
        Self { source, after_return: false, last: b'\n', ended: false }
    }

    /// Rewrites line ends in place and says how much is left.
    fn unify(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            let second = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            if !second {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !into.is_empty() {
            let length = self.source.read(into)?;
            if length == 0 {
                self.ended = true;
                if self.last != b'\n' {
                    into[0] = b'\n';
                    return Ok(1);
                }
                break;
            }
            let kept = self.unify(&mut into[..length]);
            if kept > 0 {
                self.last = into[kept - 1];
                return Ok(kept);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_becomes_one_and_the_last_is_there() {
        for text in ["a\r\nb\r\nc", "a\rb\rc\r", "a\nb\nc\n"] {
            let mut read = String::new();
            Lines::new(text.as_bytes()).read_to_string(&mut read).unwrap();
            assert_eq!(read, "a\nb\nc\n", "{text:?}");
            // The same, one byte at a time.
            let (mut lines, mut bytes, mut one) = (Lines::new(text.as_bytes()), vec![], [0]);
            while lines.read(&mut one).unwrap() == 1 {
                bytes.extend(one);
            }
            assert_eq!(bytes, b"a\nb\nc\n", "{text:?}");
        }
    }
}
