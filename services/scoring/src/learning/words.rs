//! Which features pushed a learnt score up and down, in the workspace's language.

use ael_events::values::{Language, Source, Stage};
use ael_scoring_model::{Explanation, Push, Value};

/// So many of each are told.
const TOLD: usize = 3;
/// What moved the score by less is not told.
const LEAST: f64 = 0.005;
/// Words of an import are cut to so many characters.
const LONGEST: usize = 60;

/// What pushed the score up, and what down, the strongest first.
pub(crate) fn reason(explained: &Explanation, language: Language) -> String {
    let pick = |up: bool| {
        let pushes = explained.pushes.iter().filter(|push| push.points.abs() >= LEAST);
        let pushes = pushes.filter(|push| (push.points > 0.0) == up).take(TOLD);
        pushes.map(|push| one(push, language)).collect::<Vec<_>>().join(", ")
    };
    let (ups, downs) = (pick(true), pick(false));
    let (for_it, against, nothing) = match language {
        Language::En => ("For it", "Against it", "It is like most leads here."),
        Language::Uk => ("На користь", "Проти", "Лід такий, як більшість тут."),
    };
    let told = [(for_it, ups), (against, downs)];
    let told: Vec<String> = told
        .into_iter()
        .filter(|(_, pushes)| !pushes.is_empty())
        .map(|(head, pushes)| format!("{head}: {pushes}."))
        .collect();
    if told.is_empty() { nothing.to_owned() } else { told.join(" ") }
}

fn one(push: &Push, language: Language) -> String {
    let what = match language {
        Language::En => in_english(&push.column, &push.value),
        Language::Uk => in_ukrainian(&push.column, &push.value),
    };
    format!("{what} ({:+.2})", push.points)
}

fn in_english(column: &str, value: &Value) -> String {
    let is = is_yes(value);
    let known = |what: &str| format!("{what} is {}known", if is { "" } else { "not " });
    match column {
        "source" => match parsed(value) {
            Some(Source::Partner) => "it comes from a partner".to_owned(),
            Some(Source::Scanner) => "it comes from the scanner".to_owned(),
            Some(Source::Manual) => "somebody entered it".to_owned(),
            None => "its source".to_owned(),
        },
        "stage" => match parsed(value) {
            Some(Stage::New) => "nobody has reached them yet".to_owned(),
            Some(Stage::Contacted) => "they were reached".to_owned(),
            Some(Stage::Qualified) => "it is qualified".to_owned(),
            Some(Stage::Transferred) => "it was handed to sales".to_owned(),
            Some(Stage::Lost) => "it is lost".to_owned(),
            None => "its stage".to_owned(),
        },
        "message_count" => format!("messages: {}", told(value)),
        "age_days" => format!("days since it came: {}", told(value)),
        "idle_days" => format!("days without anything new: {}", told(value)),
        "business_domain" => known("its business domain"),
        "email" => known("an e-mail address"),
        "phone" => known("a phone number"),
        "company" => known("the company"),
        "position" => known("the position"),
        "budget" => known("the budget"),
        other => match (other.strip_prefix("tag:"), other.strip_prefix("attribute:")) {
            (Some(tag), _) if is => format!("it has the tag “{}”", cut(tag)),
            (Some(tag), _) => format!("it has no tag “{}”", cut(tag)),
            (None, Some(name)) if *value == Value::Missing => {
                format!("“{}” is not known", cut(name))
            }
            (None, Some(name)) => format!("{}: {}", cut(name), told(value)),
            (None, None) => cut(other),
        },
    }
}

fn in_ukrainian(column: &str, value: &Value) -> String {
    let is = is_yes(value);
    let known = |known: &str, unknown: &str| if is { known } else { unknown }.to_owned();
    match column {
        "source" => match parsed(value) {
            Some(Source::Partner) => "прийшов від партнера".to_owned(),
            Some(Source::Scanner) => "знайдений сканером".to_owned(),
            Some(Source::Manual) => "внесений вручну".to_owned(),
            None => "джерело".to_owned(),
        },
        "stage" => match parsed(value) {
            Some(Stage::New) => "контакту ще не було".to_owned(),
            Some(Stage::Contacted) => "контакт встановлено".to_owned(),
            Some(Stage::Qualified) => "кваліфікований".to_owned(),
            Some(Stage::Transferred) => "переданий у продаж".to_owned(),
            Some(Stage::Lost) => "втрачений".to_owned(),
            None => "стадія".to_owned(),
        },
        "message_count" => format!("повідомлень: {}", told(value)),
        "age_days" => format!("днів від появи: {}", told(value)),
        "idle_days" => format!("днів без новин: {}", told(value)),
        "business_domain" => known("відомий напрям", "напрям невідомий"),
        "email" => known("відома пошта", "пошта невідома"),
        "phone" => known("відомий телефон", "телефон невідомий"),
        "company" => known("відома компанія", "компанія невідома"),
        "position" => known("відома посада", "посада невідома"),
        "budget" => known("відомий бюджет", "бюджет невідомий"),
        other => match (other.strip_prefix("tag:"), other.strip_prefix("attribute:")) {
            (Some(tag), _) if is => format!("має мітку «{}»", cut(tag)),
            (Some(tag), _) => format!("не має мітки «{}»", cut(tag)),
            (None, Some(name)) if *value == Value::Missing => {
                format!("«{}» невідомо", cut(name))
            }
            (None, Some(name)) => format!("{}: {}", cut(name), told(value)),
            (None, None) => cut(other),
        },
    }
}

fn is_yes(value: &Value) -> bool {
    *value == Value::flag(true)
}

fn parsed<T: std::str::FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::Word(word) => word.parse().ok(),
        Value::Number(_) | Value::Missing => None,
    }
}

fn told(value: &Value) -> String {
    match value {
        Value::Missing => "–".to_owned(),
        // Nobody reads three hundred digits.
        Value::Number(number) if *number != 0.0 && !(1e-4..1e12).contains(&number.abs()) => {
            format!("{number:.3e}")
        }
        Value::Number(number) => number.to_string(),
        Value::Word(word) => cut(word),
    }
}

/// What an import wrote, as it can be kept and read.
fn cut(text: &str) -> String {
    ael_events::values::one_line(text, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(column: &str, value: Value, points: f64) -> Push {
        Push { column: column.to_owned(), value, log_odds: points * 4.0, points }
    }

    fn explained(pushes: Vec<Push>) -> Explanation {
        Explanation { score: 0.5, start: 0.0, pushes }
    }

    #[test]
    fn a_reason_names_what_pushed_up_and_down_in_either_language() {
        let of = explained(vec![
            push("source", Value::word("partner"), 0.21),
            push("phone", Value::flag(false), -0.12),
            push("attribute:City", Value::word("Kyiv"), 0.08),
            push("message_count", Value::Number(3.0), -0.03),
            push("tag:vip", Value::Missing, -0.02),
            push("age_days", Value::Number(1.0), 0.001),
        ]);
        assert_eq!(
            reason(&of, Language::En),
            "For it: it comes from a partner (+0.21), City: Kyiv (+0.08). Against it: a phone \
             number is not known (-0.12), messages: 3 (-0.03), it has no tag “vip” (-0.02)."
        );
        assert_eq!(
            reason(&of, Language::Uk),
            "На користь: прийшов від партнера (+0.21), City: Kyiv (+0.08). Проти: телефон \
             невідомий (-0.12), повідомлень: 3 (-0.03), не має мітки «vip» (-0.02)."
        );
    }

    #[test]
    fn a_score_that_nothing_moved_has_a_reason_too() {
        assert_eq!(reason(&explained(vec![]), Language::En), "It is like most leads here.");
    }

    #[test]
    fn however_long_an_imports_words_are_the_reason_can_be_kept() {
        let long = "ї".repeat(500);
        let pushes = (0..9).map(|nth| {
            let points = if nth % 2 == 0 { 0.1 } else { -0.1 };
            push(&format!("attribute:{long}{nth}"), Value::word(long.clone()), points)
        });
        let told = reason(&explained(pushes.collect()), Language::Uk);
        assert!(ael_events::values::ReasonText::parse(&told).is_ok(), "{}", told.chars().count());
    }
}
