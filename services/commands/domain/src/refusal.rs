//! How a refusal is told: a stable code for machines, a sentence for people, and its details.

use ael_events::answer::Rejected;
use serde_json::Value;
use std::fmt::Display;

/// The refusal as an answer: its message becomes a sentence.
pub(crate) fn rejected(code: &str, refusal: &impl Display, details: Value) -> Rejected {
    let message = refusal.to_string();
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    let sentence = format!("{}{}.", first.unwrap_or_default(), letters.as_str());
    Rejected::new(code, sentence).with(details)
}

/// Words in a row, as a sentence lists them.
pub(crate) fn listed<T: Display>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| word.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_is_a_sentence() {
        let answer = rejected("closed", &"the sale is paid: nothing is left to do", json!({}));
        assert_eq!(answer.sentence, "The sale is paid: nothing is left to do.");
        assert_eq!(listed(["a", "b"]), "a, b");
    }
}
