//! Examples for whoever trains a language model: a chat in OpenAI's fine-tuning format, of the
//! five anonymous features and how the lead ended, and of nothing else.

use ael_events::query::TrainingExample;
use serde_json::{Map, Value, json};

const SYSTEM: &str = "You judge sales leads by anonymous features. Say how the lead will end: won \
                      (its sale is paid) or lost.";

/// A line of the file.
#[must_use]
pub fn fine_tuning_line(example: &TrainingExample) -> Value {
    let features = &example.anonymous;
    let mut told = Map::new();
    told.insert("source".to_owned(), json!(features.source));
    if !example.from_file {
        told.insert("stage".to_owned(), json!(features.stage));
        told.insert("message_count".to_owned(), json!(features.message_count));
        told.insert("has_domain".to_owned(), json!(features.has_domain));
        told.insert("age_days".to_owned(), json!(features.age_days));
    }
    let outcome = if example.won { "won" } else { "lost" };
    json!({ "messages": [
        { "role": "system", "content": SYSTEM },
        { "role": "user", "content": Value::Object(told).to_string() },
        { "role": "assistant", "content": json!({ "outcome": outcome }).to_string() },
    ] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::lesson::tests::example;
    use ael_events::values::{AttributeValue, Score};

    #[test]
    fn a_line_tells_the_five_features_and_the_outcome_and_nothing_of_a_person() {
        let mut full = example(2);
        full.inside.tags = ["ada-byron".parse().unwrap()].into();
        full.inside.attributes =
            [("E-mail".to_owned(), AttributeValue::Category("ada@example.com".to_owned()))].into();
        full.scored = [("ada-model".to_owned(), Score::new(0.5).unwrap())].into();
        let line = fine_tuning_line(&full);
        assert!(!line.to_string().contains("ada") && !line.to_string().contains("1970"));
        let said = |at: usize| line["messages"][at]["content"].as_str().unwrap().to_owned();
        let features: Value = serde_json::from_str(&said(1)).unwrap();
        let expected = json!({ "source": "partner", "stage": "contacted", "message_count": 2,
            "has_domain": false, "age_days": 2 });
        assert_eq!((features, said(2)), (expected, r#"{"outcome":"won"}"#.to_owned()));
        let roles = line["messages"].as_array().unwrap().iter().map(|it| it["role"].clone());
        assert_eq!(roles.collect::<Vec<_>>(), ["system", "user", "assistant"]);
    }

    #[test]
    fn what_a_file_cannot_know_of_the_beginning_is_not_told() {
        let from_file = TrainingExample { from_file: true, ..example(1) };
        let line = fine_tuning_line(&from_file);
        assert_eq!(line["messages"][1]["content"], r#"{"source":"manual"}"#);
    }
}
