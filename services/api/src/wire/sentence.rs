//! What a reader says of a value that it cannot take, in words for people: by itself it speaks of
//! the types that we read into.

const EXPECTED: &str = ", expected ";

/// The reader's message without the names and kinds of our types.
pub(super) fn in_our_words(text: &str) -> String {
    if text.starts_with("data did not match any variant of untagged enum") {
        return "this has none of the forms that are taken here".to_owned();
    }
    // What was sent stands before, and may say anything.
    let Some((found, expected)) = text.rsplit_once(EXPECTED) else { return text.to_owned() };
    let found = match found {
        "invalid type: newtype variant" | "invalid type: struct variant" => "invalid type: map",
        "invalid type: tuple variant" => "invalid type: sequence",
        "invalid type: unit variant" => "invalid type: string",
        "invalid type: unit value" => "invalid type: null",
        other => other,
    };
    let found = match found.strip_prefix("unknown variant ") {
        Some(word) => format!("unknown word {word}"),
        None => found.to_owned(),
    };
    format!("{found}{EXPECTED}{}", kind(expected))
}

/// A kind of value as JSON has it.
fn kind(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        "a sequence" => "a list",
        "unit" => "null",
        "unit variant" | "variant identifier" | "field identifier" | "string or map" => "a word",
        words if words.contains("struct ") || words.contains("tagged enum ") => "an object",
        words if words.starts_with("enum ") => "a word",
        words if words.contains("tuple ") || words.starts_with("an array of ") => "a list",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_does_not_speak_of_our_types() {
        for (said, told) in [
            (
                "invalid type: integer `5`, expected struct Contact",
                "invalid type: integer `5`, expected an object",
            ),
            (
                "invalid value: integer `70000`, expected u16",
                "invalid value: integer `70000`, expected a whole number from 0 to 65535",
            ),
            (
                "invalid type: newtype variant, expected unit variant",
                "invalid type: map, expected a word",
            ),
            (
                "unknown variant `x`, expected one of `new`, `lost`",
                "unknown word `x`, expected one of `new`, `lost`",
            ),
            ("invalid length 3, expected a tuple of size 2", "invalid length 3, expected a list"),
            (
                "data did not match any variant of untagged enum Note",
                "this has none of the forms that are taken here",
            ),
            ("missing field `text`", "missing field `text`"),
        ] {
            assert_eq!(in_our_words(said), told);
        }
    }

    #[test]
    fn what_was_sent_is_told_as_it_was_sent() {
        let said = r#"invalid type: string "u8, expected struct X", expected a boolean"#;
        assert_eq!(in_our_words(said), said);
    }
}
