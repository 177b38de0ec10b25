//! Telegram's HTML: what people wrote is put in so that it can neither format nor turn anything.

use ael_events::values::one_line;

/// How much of a name a line shows.
const NAME: usize = 60;
/// How much of a longer text a screen shows.
const TEXT: usize = 600;
/// How long a message may be; Telegram takes 4,096.
const MESSAGE: usize = 4_000;

/// What somebody wrote, as plain words inside HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

/// A name on one line, isolated where it is written from right to left.
pub(crate) fn name(text: &str) -> String {
    isolated(one_line(text, NAME))
}

/// A longer text on one line.
pub(crate) fn text(text: &str) -> String {
    isolated(one_line(text, TEXT))
}

/// A short line for a button.
pub(crate) fn label(text: &str, most: usize) -> String {
    isolated(one_line(text, most))
}

/// As many lines of a message as Telegram takes. Each line closes what it opens.
pub(crate) fn fitting(message: String) -> String {
    if seen(&message) <= MESSAGE {
        return message;
    }
    let (mut fitting, mut length) = (String::new(), 0);
    for line in message.lines() {
        length += seen(line) + 1;
        if length > MESSAGE {
            break;
        }
        fitting.push_str(line);
        fitting.push('\n');
    }
    fitting + "…"
}

/// How long Telegram finds a text: in units of UTF-16, without its tags.
fn seen(html: &str) -> usize {
    let (mut length, mut is_tag, mut is_entity) = (0, false, false);
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            '&' => is_entity = true,
            ';' if is_entity => {
                is_entity = false;
                length += 1;
            }
            _ if !is_tag && !is_entity => length += c.len_utf16(),
            _ => {}
        }
    }
    length
}

fn isolated(line: String) -> String {
    match line.chars().any(is_right_to_left) {
        true => format!("\u{2068}{line}\u{2069}"),
        false => line,
    }
}

/// Hebrew, Arabic and their neighbours.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_somebody_wrote_formats_or_turns_the_screen() {
        assert_eq!(escaped("<b>A</b> & \"B\""), "&lt;b&gt;A&lt;/b&gt; &amp; &quot;B&quot;");
        assert_eq!(name("Ada\u{202e}\nLovelace\u{200b}"), "Ada Lovelace");
        assert_eq!(name("דוד"), "\u{2068}דוד\u{2069}");
        assert_eq!(label("Олександра Петренко", 10), "Олександра…");
    }

    #[test]
    fn a_message_is_as_long_as_telegram_takes_and_closes_what_it_opens() {
        let line = format!("<b>{}</b> &amp; 🙂", "x".repeat(96));
        let whole = vec![line.clone(); 39].join("\n");
        assert_eq!(fitting(whole.clone()), whole);
        let cut = fitting(vec![line.clone(); 60].join("\n"));
        assert!(seen(&cut) <= MESSAGE + 1 && cut.ends_with("🙂\n…"), "{}", seen(&cut));
        assert_eq!(seen(&line), 96 + 5);
    }
}
