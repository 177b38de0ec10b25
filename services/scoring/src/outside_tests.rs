//! What goes out and what may come back.

use super::*;
use crate::local::tests::of;
use ael_events::values::MessageBand;
use std::collections::BTreeSet;
use uuid::Uuid;

fn workspace(n: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(n))
}

fn rates() -> Vec<WinRate> {
    vec![
        WinRate { of: Pattern::Any, ended: 200, won: 77 },
        WinRate { of: Pattern::Source(Source::Partner), ended: 40, won: 21 },
        WinRate { of: Pattern::Messages(MessageBand::Many), ended: 9, won: 9 },
    ]
}

fn question() -> Question {
    Question::of(&of(Source::Partner, Stage::New, 5, true), &rates())
}

/// Also for other implementations: these keys never change while the prompt is `score-2`.
#[test]
fn the_key_is_the_same_on_every_machine_and_in_every_release() {
    let vectors: Value = serde_json::from_str(include_str!("../tests/keys.json")).unwrap();
    for vector in vectors["keys"].as_array().unwrap() {
        let mut canonical = vector["of"].clone();
        canonical.sort_all_objects();
        assert_eq!(hash(&vector["of"]), vector["sha256"], "{canonical}");
    }
    let told = &vectors["keys"][0]["of"];
    assert_eq!(told["features"], json!(question().lead), "the first vector is this question's");
    assert_eq!(told["win_rates"], hash(&vectors["win_rates"]));
    assert_eq!(vectors["win_rates"], json!(question().winning_patterns));
    let key = question().key(workspace(7), "gpt-4o-mini").unwrap();
    assert_eq!(key.as_str(), vectors["keys"][0]["sha256"]);
}

#[test]
fn whatever_the_answer_depends_on_is_in_the_key() {
    let base = of(Source::Partner, Stage::New, 5, true);
    let key = |features: &LeadFeatures, rates: &[WinRate], of: u128, model: &str| {
        Question::of(features, rates).key(workspace(of), model).unwrap()
    };
    let mut keys = BTreeSet::from([key(&base, &rates(), 7, "a")]);
    keys.insert(key(&base, &rates(), 8, "a"));
    keys.insert(key(&base, &rates(), 7, "b"));
    keys.insert(key(&base, &[], 7, "a"));
    keys.insert(key(&LeadFeatures { language: Language::Uk, ..base.clone() }, &rates(), 7, "a"));
    keys.insert(key(&of(Source::Scanner, Stage::New, 5, true), &rates(), 7, "a"));
    keys.insert(key(&of(Source::Partner, Stage::Contacted, 5, true), &rates(), 7, "a"));
    keys.insert(key(&of(Source::Partner, Stage::New, 6, true), &rates(), 7, "a"));
    keys.insert(key(&of(Source::Partner, Stage::New, 5, false), &rates(), 7, "a"));
    assert_eq!(keys.len(), 9);
}

#[test]
fn from_one_day_to_the_next_the_key_mostly_stays() {
    let key = |days| {
        let mut features = of(Source::Partner, Stage::New, 5, true);
        features.anonymous.age_days = days;
        Question::of(&features, &rates()).key(workspace(7), "a").unwrap()
    };
    let keys: BTreeSet<_> = (0..200).map(key).collect();
    assert_eq!(keys.len(), 7, "one for each band");
    assert_eq!(key(7), key(13));
}

#[test]
fn rates_are_told_roughly_and_not_of_a_few_leads() {
    let told = json!(question())["winning_patterns"].clone();
    assert_eq!(
        told,
        json!([
            { "feature": "any", "won_percent": 40 },
            { "feature": "source", "value": "partner", "won_percent": 55 },
        ])
    );
    let a_little_more = [WinRate { of: Pattern::Any, ended: 201, won: 78 }];
    assert_eq!(banded(&a_little_more[0]), banded(&rates()[0]));
}

#[test]
fn the_request_asks_for_the_schema_in_the_workspaces_language() {
    let request = question().request();
    assert_eq!(request["response_format"]["json_schema"]["strict"], true);
    let rules = request["messages"][0]["content"].as_str().unwrap();
    assert!(rules.contains("English") && !rules.contains("Ukrainian"));
    for feature in [
        Pattern::Stage(Stage::New),
        Pattern::Messages(MessageBand::None),
        Pattern::Age(AgeBand::Today),
    ] {
        let named = json!(feature)["feature"].as_str().unwrap().to_owned();
        let (_, meant) = rules.split_once(&format!("\"{named}\"")).expect(&named);
        assert!(meant.contains("came at least so far"), "{named}");
    }
    let asked: Value =
        serde_json::from_str(request["messages"][1]["content"].as_str().unwrap()).unwrap();
    let names: BTreeSet<_> = asked["lead"].as_object().unwrap().keys().cloned().collect();
    let allowed = ["age_days", "has_business_domain", "message_count", "source", "stage"];
    assert_eq!(names, allowed.map(str::to_owned).into());
}

fn said(score: &str) -> String {
    format!(r#"{{"ai_score":{score},"ai_recommendation":"nurture","ai_reason":" so\n so "}}"#)
}

#[test]
fn an_answer_of_the_schema_is_taken_and_a_slip_of_the_score_mended() {
    for (score, expected) in [("0.7", 0.7), ("1", 1.0), ("1.0000001", 1.0), ("-0.001", 0.0)] {
        let read = read(&said(score)).unwrap();
        assert_eq!((read.score.value(), read.reason.as_str()), (expected, "so so"));
    }
    assert_eq!(read(&said("0.2")).unwrap().recommendation, Recommendation::Nurture);
}

#[test]
fn whatever_is_no_answer_of_the_schema_is_refused() {
    for wrong in ["7", "-1", "NaN", "\"0.7\"", "null", "1e999", "0.7, \"extra\": 1"] {
        assert!(read(&said(wrong)).is_err(), "{wrong}");
    }
    for wrong in [
        "",
        "I think it is a good lead.",
        "{}",
        "[]",
        r#"[0.5, "nurture", "R"]"#,
        r#"{"ai_score":0.7,"ai_recommendation":"sell","ai_reason":"x"}"#,
        r#"{"ai_score":0.7,"ai_recommendation":"nurture","ai_reason":""}"#,
        r#"{"ai_score":0.7,"ai_recommendation":"nurture"}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let long = "так ".repeat(2_000);
    let wordy = json!({ "ai_score": 0.5, "ai_recommendation": "nurture", "ai_reason": long });
    assert!(read(&wordy.to_string()).unwrap().reason.as_str().chars().count() <= MOST_REASON + 1);
}

#[test]
fn a_second_try_is_told_what_was_wrong() {
    let again = repair(question().request(), &"x".repeat(5_000), "it is no JSON object");
    let messages = again["messages"].as_array().unwrap();
    assert_eq!((messages.len(), messages[2]["role"].as_str()), (4, Some("assistant")));
    assert_eq!(messages[2]["content"].as_str().unwrap().len(), 1_000);
    assert!(messages[3]["content"].as_str().unwrap().contains("it is no JSON object"));
}
