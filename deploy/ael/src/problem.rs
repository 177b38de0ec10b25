//! What a person is told when something does not work: what happened, what it means, what to do.

use crate::output::{Output, remark};
use ael_client::ClientError;
use ael_events::answer::Rejected;
use serde_json::{Value, json};
use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;

/// A problem in the words of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable and meant for programs.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What belongs to it, such as the id of the lead that has the same contact.
    pub details: Value,
    /// What it means and what to do, where that is not plain.
    pub advice: Option<String>,
}

impl Problem {
    /// A problem with what to do about it.
    pub fn new(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        let (code, what, advice) = (code.to_owned(), what.into(), Some(advice.into()));
        Self { code, what, details: Value::Null, advice }
    }

    /// The same with details.
    pub fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

/// The context of an error in the way of a write: nothing was changed by it. An error without it
/// came of looking, which changes nothing anyhow.
#[derive(Debug)]
pub struct Writing;

impl fmt::Display for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was not done")
    }
}

/// Differences were found and shown: nothing to add, but the exit code says so.
#[derive(Debug)]
pub struct Differences;

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("differences were found")
    }
}

impl std::error::Error for Differences {}

/// Tells what went wrong and gives the exit code.
pub fn tell(error: &anyhow::Error, out: Output) -> u8 {
    if error.is::<Differences>() {
        return 1;
    }
    let problem = explained(error);
    if out.json {
        remark(for_programs(&problem));
    } else {
        for (number, line) in for_people(&problem).iter().enumerate() {
            let before = if number == 0 { out.bad("error:") } else { "      ".to_owned() };
            remark(format!("{before} {line}"));
        }
    }
    1
}

/// Tells what of the words was not understood, or the help that was asked for; gives the exit
/// code.
pub fn misunderstood(error: &clap::Error, words: impl IntoIterator<Item = OsString>) -> u8 {
    let json = words.into_iter().any(|word| word == "--json");
    if json && error.use_stderr() {
        remark(for_programs(&usage(error)));
    } else if let Err(unwritten) = error.print() {
        remark(unwritten);
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

fn usage(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let sentence = text.split("\n\n").next().unwrap_or_default();
    let sentence = sentence.strip_prefix("error: ").unwrap_or(sentence).replace("\n", " ");
    Problem::new("usage", sentence.trim(), "Say --help for what is understood.")
}

fn for_programs(problem: &Problem) -> Value {
    let Problem { code, what, details, advice } = problem;
    json!({ "error": {
        "code": code, "sentence": what, "details": details, "advice": advice
    } })
}

fn for_people(problem: &Problem) -> Vec<String> {
    let mut lines = vec![problem.what.clone()];
    lines.extend(details_in_words(&problem.details, &problem.what));
    lines.extend(problem.advice.iter().flat_map(|advice| advice.lines()).map(str::to_owned));
    lines
}

/// Details as people read them, without those that the sentence has told already.
fn details_in_words(details: &Value, sentence: &str) -> Option<String> {
    let fields = details.as_object()?;
    let new = |value: &&Value| {
        let raw = value.as_str().is_some_and(|text| sentence.contains(text));
        !raw && in_words(value).is_some_and(|words| !sentence.contains(&words))
    };
    let told = |(name, value): (&String, &Value)| {
        let words = match value {
            Value::Array(items) => {
                let new: Vec<Value> = items.iter().filter(new).cloned().collect();
                in_words(&Value::Array(new))?
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => in_words(Some(value).filter(new)?)?,
        };
        Some(format!("{}: {words}", name.replace('_', " ")))
    };
    let told: Vec<String> = fields.iter().filter_map(told).collect();
    (!told.is_empty()).then(|| format!("({})", told.join("; ")))
}

fn in_words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.chars().all(|c| c == '_' || c.is_ascii_lowercase()) => {
            Some(text.replace('_', " "))
        }
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let words: Vec<String> = items.iter().filter_map(in_words).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        Value::Object(fields) => {
            let word = |(name, value): (&String, &Value)| {
                in_words(value).map(|words| format!("{} {words}", name.replace('_', " ")))
            };
            let words: Vec<String> = fields.iter().filter_map(word).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
    }
}

fn explained(error: &anyhow::Error) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    if let Some(answer) = error.downcast_ref::<ClientError>() {
        return unanswered(answer, error.is::<Writing>());
    }
    let (code, what) = ("failed".to_owned(), format!("{error:#}"));
    Problem { code, what, details: Value::Null, advice: None }
}

fn unanswered(error: &ClientError, writing: bool) -> Problem {
    match error {
        ClientError::Rejected(rejected) => {
            let unchanged = format!("Nothing was changed ({}).", rejected.code);
            let advice = [writing.then_some(unchanged), what_to_do(rejected)];
            let advice: Vec<String> = advice.into_iter().flatten().collect();
            Problem {
                code: rejected.code.clone(),
                what: rejected.sentence.clone(),
                details: rejected.details.clone(),
                advice: (!advice.is_empty()).then(|| advice.join("\n")),
            }
        }
        ClientError::Failed(failed) => {
            let begin = if writing { "It was not done. " } else { "" };
            let advice = format!("{begin}Asking again in a moment may help.");
            Problem::new("unavailable", failed.sentence.clone(), advice)
        }
        ClientError::Unavailable(source) => {
            let mut what = format!("the running system does not answer: {source}");
            if let Some(source) = source.source() {
                what = format!("{what}: {source}");
            }
            let begin = if writing { "Nothing that was accepted is lost. " } else { "" };
            let advice = format!(
                "{begin}Is `ael up` still running? Its logs are in the home's logs/ folder."
            );
            Problem::new("unavailable", what, advice)
        }
    }
}

/// What the command line offers against a refusal, in its own words.
fn what_to_do(rejected: &Rejected) -> Option<String> {
    let detail = |name: &str| rejected.details.get(name).and_then(Value::as_str);
    Some(match rejected.code.as_str() {
        "override_reason_needed" => "Say why: --reason \"agreed by phone\"".to_owned(),
        "duplicate_contact" => {
            let lead = detail("lead_id")?;
            format!("Look at it: ael lead show {lead}\nA Manager may enter it: --allow-duplicate")
        }
        "not_qualified" => "First: ael lead qualify LEAD".to_owned(),
        "missing_details" => "Add it: ael lead edit LEAD --help".to_owned(),
        "unknown_tag" => "An Admin adds it: ael workspace settings tags=WORD,WORD".to_owned(),
        "merged" => format!("Go on there: ael lead show {}", detail("into")?),
        "forbidden" | "role_too_low" => {
            "Act as somebody who may: --as MEMBER (ael member list)".to_owned()
        }
        "invalid_cursor" | "cursor_mismatch" => {
            "Begin at the first page: leave --after out.".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Writing;
    use anyhow::Context as _;

    fn refused(refusal: Rejected) -> anyhow::Error {
        ClientError::Rejected(refusal).into()
    }

    #[test]
    fn a_refused_write_says_that_nothing_changed_and_a_refused_look_does_not() {
        let refusal = || Rejected::new("not_owner", "the lead is somebody else's");
        let write: anyhow::Result<()> = Err(refused(refusal())).context(Writing);
        let problem = explained(&write.unwrap_err());
        assert_eq!(problem.what, "the lead is somebody else's");
        assert_eq!(problem.advice.unwrap(), "Nothing was changed (not_owner).");
        let read = explained(&refused(refusal()));
        assert_eq!((read.code.as_str(), read.advice), ("not_owner", None));
    }

    #[test]
    fn a_program_gets_code_sentence_and_details_apart() {
        let details = json!({ "advice": "missing" });
        let refusal = Rejected::new("override_reason_needed", "There is no analysis.");
        let problem = explained(&refused(refusal.with(details.clone())));
        let error = &for_programs(&problem)["error"];
        assert_eq!(error["code"], "override_reason_needed");
        assert_eq!(error["sentence"], "There is no analysis.");
        assert_eq!(error["details"], details);
        let bare = explained(&refused(Rejected::new("erased", "The person was erased.")));
        assert_eq!(for_programs(&bare)["error"]["details"], Value::Null);
    }

    #[test]
    fn people_read_details_in_words_and_nothing_twice() {
        let details = json!({
            "stage": "qualified", "missing": ["full_name", "business_domain"], "owner": null
        });
        let refusal =
            Rejected::new("missing_details", "A lead that is qualified needs a full name.");
        let lines = for_people(&explained(&refused(refusal.with(details))));
        assert_eq!(lines[1], "(missing: business domain)");
        assert!(lines.iter().all(|line| !line.contains(['{', '"'])), "{lines:?}");
    }

    #[test]
    fn a_program_that_misspeaks_gets_an_answer_in_its_own_form() {
        use clap::Parser as _;
        let words = ["ael", "lead", "list", "--stage", "sold", "--json"];
        let error = crate::cli::Cli::try_parse_from(words).unwrap_err();
        let error = &for_programs(&usage(&error))["error"];
        assert_eq!(error["code"], "usage");
        let sentence = error["sentence"].as_str().unwrap();
        assert!(sentence.starts_with("invalid value 'sold'"), "{sentence}");
        assert!(!sentence.contains("error:") && !sentence.contains('\n'), "{sentence}");
    }

    #[test]
    fn an_error_with_a_cause_tells_both() {
        let error = anyhow::anyhow!("no such file").context("cannot open leads.csv");
        assert_eq!(explained(&error).what, "cannot open leads.csv: no such file");
    }
}
