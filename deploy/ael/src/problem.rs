//! What a person is told when something does not work: what happened, what it means, what to do.

use crate::output::{Output, remark};
use ael_client::ClientError;
use serde_json::json;
use std::error::Error as _;
use std::fmt;

/// A problem in the words of the command line.
#[derive(Debug)]
pub struct Problem {
    /// Stable and meant for programs.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What it means and what to do, where that is not plain.
    pub advice: Option<String>,
}

impl Problem {
    /// A problem with what to do about it.
    pub fn new(code: &str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { code: code.to_owned(), what: what.into(), advice: Some(advice.into()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

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
        let answer = json!({ "error": {
            "code": problem.code, "sentence": problem.what, "advice": problem.advice
        } });
        remark(answer);
    } else {
        remark(format!("{} {}", out.bad("error:"), problem.what));
        if let Some(advice) = problem.advice {
            remark(format!("       {advice}"));
        }
    }
    1
}

fn explained(error: &anyhow::Error) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        let Problem { code, what, advice } = problem;
        return Problem { code: code.clone(), what: what.clone(), advice: advice.clone() };
    }
    if let Some(answer) = error.downcast_ref::<ClientError>() {
        return unanswered(answer);
    }
    Problem { code: "failed".to_owned(), what: format!("{error:#}"), advice: None }
}

fn unanswered(error: &ClientError) -> Problem {
    match error {
        ClientError::Rejected(rejected) => {
            let details = Some(&rejected.details).filter(|details| !details.is_null());
            let details = details.map(|details| format!(" {details}")).unwrap_or_default();
            let advice = format!("Nothing was changed ({}{details}).", rejected.code);
            Problem::new(&rejected.code, rejected.sentence.clone(), advice)
        }
        ClientError::Failed(failed) => {
            let advice = "It was not done. Asking again in a moment may help.";
            Problem::new("unavailable", failed.sentence.clone(), advice)
        }
        ClientError::Unavailable(source) => {
            let mut what = format!("the running system does not answer: {source}");
            if let Some(source) = source.source() {
                what = format!("{what}: {source}");
            }
            let advice = "Nothing that was accepted is lost. Is `ael up` still running? \
                          Its logs are in the home's logs/ folder.";
            Problem::new("unavailable", what, advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::answer::Rejected;

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_house_and_says_that_nothing_changed() {
        let refusal = Rejected::new("not_qualified", "the lead is not qualified yet");
        let problem = explained(&ClientError::Rejected(refusal).into());
        assert_eq!(problem.what, "the lead is not qualified yet");
        assert_eq!(problem.advice.unwrap(), "Nothing was changed (not_qualified).");
    }

    #[test]
    fn an_error_with_a_cause_tells_both() {
        let error = anyhow::anyhow!("no such file").context("cannot open leads.csv");
        assert_eq!(explained(&error).what, "cannot open leads.csv: no such file");
    }
}
