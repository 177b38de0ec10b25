//! How what people wrote is shown on one line.

/// Whether a character is seen by nobody, but turns or splits what is written around it: Unicode's
/// soft hyphen, zero-width and bidirectional marks, line and paragraph separators, and tags.
#[must_use]
pub const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// What somebody wrote, on one line and no longer than `most` characters (and an ellipsis): without
/// marks that nobody sees but that turn what is written around it.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if !is_unseen(c) || joins(before, c) {
            seen.push(c);
            before = c;
        }
    }
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None => words,
    }
}

/// Whether a mark joins a picture to the next one: 👩‍👧 is one of two.
fn joins(before: char, mark: char) -> bool {
    mark == '\u{200d}' && before > '\u{2190}' && !before.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_what_is_seen_and_no_more_than_it_holds() {
        assert_eq!(one_line("Ada\u{202e}\n\tLove\u{200b}lace ", 60), "Ada Lovelace");
        assert_eq!(one_line("Олександра Петренко", 11), "Олександра…");
        assert_eq!(one_line("", 5), "");
        assert_eq!(one_line("👩\u{200d}👧 A\u{200d}B", 9), "👩\u{200d}👧 AB");
    }
}
