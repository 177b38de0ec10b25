//! The advisor learns from how leads ended, says so, and forgets it again when it is told to.

use crate::house::House;
use crate::web::{Web, token};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

const OUTCOMES: u64 = 240;

/// Leads that ended, with people in them: those that came by recommendation were mostly won.
const MAPPING: &str = r#"
origin = "old crm"
external_id = "id"

[lead]
full_name = "name"
email = "email"
message_count = "messages"

[source]
default = "scanner"
rules = [{ column = "channel", is = ["friend"], then = "partner" }]

[outcome]
lost_reason = "no_response"
rules = [
    { column = "end", is = ["won"], then = "won" },
    { column = "end", is = ["lost"], then = "lost" },
]

[attributes]
categorical = ["channel", "city"]
"#;

fn leads(folder: &Path, which: Range<u64>) -> (String, String) {
    let mut rows = "id,name,email,messages,channel,city,end\n".to_owned();
    for nth in which {
        let good = nth % 2 == 0;
        let won = if nth % 8 == 0 { !good } else { good };
        let channel = if good { "friend" } else { "advert" };
        let city = ["Kyiv", "Lviv", "Odesa"][usize::try_from(nth % 3).unwrap()];
        let end = if won { "won" } else { "lost" };
        // An ended lead's messages tell how it ended: none of them may be learnt from.
        let messages = if won { 30 } else { 0 };
        let person = format!("Petrenko {nth},petrenko{nth}@example.com");
        writeln!(rows, "{nth},{person},{messages},{channel},{city},{end}").unwrap();
    }
    let place = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(place("leads.csv"), rows).unwrap();
    std::fs::write(place("leads.toml"), MAPPING).unwrap();
    (place("leads.csv"), place("leads.toml"))
}

fn told(house: &House, arguments: &[&str]) -> Value {
    let output = house.ael(&[arguments, &["--json"]].concat());
    assert!(!output.status.success(), "{arguments:?} was not refused");
    let said = String::from_utf8(output.stderr).unwrap();
    serde_json::from_str::<Value>(said.trim().lines().last().unwrap()).unwrap()["error"].clone()
}

/// What the history says of the newest analysis of a lead.
fn newest_analysis(web: &Web, lead: &str) -> Value {
    let history = web.get(&format!("/leads/{lead}/history")).json();
    history["items"].as_array().unwrap().last().unwrap()["data"].clone()
}

#[test]
fn the_advisor_learns_scores_by_what_it_learnt_and_goes_back_to_the_rules() {
    let house = House::start_with(&["--copies", "2"], &[("AI_RETRAIN_HOURS", "0")]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let few = told(&house, &["ai", "train"]);
    assert_eq!(few["code"], "nothing_learnt");
    assert!(few["sentence"].as_str().unwrap().contains("50 that ended are needed"), "{few}");
    let nothing = json!({ "version": 0, "champion": null, "trainings": [] });
    assert_eq!(house.json(&["ai", "models"]), nothing);

    let (file, mapping) = leads(&house.home(), 0..OUTCOMES);
    house.json(&["import", "leads", &file, "--mapping", &mapping]);
    house.until("all that ended is told", || {
        let out = house.said_by(&["ai", "export-finetune"]);
        (out.lines().count() as u64 == OUTCOMES).then_some(())
    });
    let learnt = house.json(&["ai", "train"]);
    assert_eq!(learnt["model_version"], 1, "{learnt}");
    let training = &learnt["training"];
    let outcomes = training["won"].as_u64().unwrap() + training["lost"].as_u64().unwrap();
    assert_eq!(outcomes, OUTCOMES);
    let auc = training["challenger"]["auc"].as_f64().unwrap();
    assert!((0.7..0.97).contains(&auc), "the messages tell it, or nothing does: {training}");
    let models = house.json(&["ai", "models"]);
    assert_eq!((&models["champion"], &models["version"]), (&json!(1), &json!(1)));

    let lead = |source: &str| {
        let contact = json!({ "full_name": "Ada Byron", "email": "ada@example.com" });
        web.post(
            "/leads",
            &json!({ "source": source, "contact": contact,
            "allow_duplicate": true }),
        )
        .id()
    };
    let (good, bad) = (lead("partner"), lead("scanner"));
    let score = |lead: &str| house.json(&["ai", "analyze", lead])["ai_score"].as_f64().unwrap();
    assert!(score(&good) > score(&bad));
    assert_eq!(newest_analysis(&web, &good)["model"], "local-model-1");

    assert_eq!(told(&house, &["ai", "rollback", "2"])["code"], "no_such_model");
    house.json(&["ai", "rollback", "rules"]);
    house.json(&["ai", "analyze", &good]);
    assert_eq!(newest_analysis(&web, &good)["model"], "cold-start-rules-1");
    house.json(&["ai", "rollback", "1"]);
    house.json(&["ai", "analyze", &good]);
    assert_eq!(newest_analysis(&web, &good)["model"], "local-model-1");
    house.assert_sound();
}

#[test]
fn what_leaves_the_house_for_fine_tuning_tells_of_nobody() {
    let house = House::start(&[]);
    let (file, mapping) = leads(&house.home(), 0..OUTCOMES);
    house.json(&["import", "leads", &file, "--mapping", &mapping]);
    let out = house.until("all that ended is told", || {
        let out = house.said_by(&["ai", "export-finetune"]);
        (out.lines().count() as u64 == OUTCOMES).then_some(out)
    });
    for word in ["Petrenko", "petrenko", "example.com", "Kyiv", "friend"] {
        assert!(!out.contains(word), "{word} is in the file");
    }
    let line: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(line["messages"].as_array().unwrap().len(), 3);
}

/// How many outcomes each training knew, the newest first.
fn known(models: &Value) -> Vec<u64> {
    let of =
        |training: &Value| training["won"].as_u64().unwrap() + training["lost"].as_u64().unwrap();
    let trainings = models["trainings"].as_array().unwrap();
    trainings.iter().map(|told| of(&told["training"])).collect()
}

#[test]
fn the_same_outcomes_are_learnt_from_once_by_itself_however_many_copies_look() {
    let mut house = House::start_with(&[], &[("AI_RETRAIN_HOURS", "0")]);
    let import = |house: &House, which: Range<u64>| {
        let (file, mapping) = leads(&house.home(), which);
        house.json(&["import", "leads", &file, "--mapping", &mapping]);
    };
    import(&house, 0..OUTCOMES);
    house.until("all that ended is told", || {
        let out = house.said_by(&["ai", "export-finetune"]);
        (out.lines().count() as u64 == OUTCOMES).then_some(())
    });
    assert_eq!(known(&house.json(&["ai", "models"])), [0; 0]);
    house.stop();
    // Both copies look for the first time at about the same moment.
    house.start_again_with(&["--copies", "2"], &[("AI_RETRAIN_HOURS", "0.001")]);
    let learnt = |least: u64| {
        house.until("it to learn", || {
            let models = house.json(&["ai", "models"]);
            known(&models).first().is_some_and(|known| *known >= least).then_some(models)
        })
    };
    let first = learnt(OUTCOMES);
    assert_eq!((known(&first), &first["champion"]), (vec![OUTCOMES], &json!(1)), "{first}");
    // It looks on and finds nothing new, until enough has come.
    import(&house, OUTCOMES..OUTCOMES + 60);
    let models = learnt(OUTCOMES + 50);
    let mut known = known(&models);
    assert_eq!(known.pop(), Some(OUTCOMES), "{models}");
    assert!(known.iter().all(|known| *known >= OUTCOMES + 50), "{models}");
    assert!(known.is_sorted_by(|newer, older| newer > older), "{models}");
    let newest = &models["trainings"][0]["model_version"];
    let champion = if newest.is_null() { &json!(1) } else { newest };
    assert_eq!(&models["champion"], champion, "{models}");
    house.assert_sound();
}
