//! The advisor answers every request once, with a reason, whoever dies meanwhile.

use crate::house::House;
use crate::web::{Web, token};
use serde_json::json;

#[test]
fn whoever_asks_the_advisor_is_told_what_a_lead_is_worth_and_why() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let contact =
        json!({ "full_name": "Ada Byron", "email": "ada@example.com", "company": "Engines" });
    let body = json!({ "source": "partner", "business_domain": "first", "contact": contact });
    let lead = web.post("/leads", &body).id();
    let told = house.json(&["ai", "analyze", &lead]);
    assert_eq!((&told["ai_score"], &told["ai_recommendation"]), (&json!(0.52), &json!("nurture")));
    let reason = told["ai_reason"].as_str().unwrap();
    assert!(reason.contains("+0.30") && !reason.contains("Ada"), "{reason}");
    let shown = web.get(&format!("/leads/{lead}")).json();
    assert_eq!(shown["analysis"]["ai_score"], 0.52);
    let history = web.get(&format!("/leads/{lead}/history")).json();
    let analysed = history["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(analysed["event_type"], "lead.analysed.v1");
    assert_eq!(analysed["data"]["model"], "cold-start-rules-1");
    assert_eq!(analysed["actor"], "service:scoring");
}

#[test]
fn every_request_is_answered_once_whoever_dies_while_the_advisor_thinks() {
    let house = House::start(&["--copies", "2"]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let leads: Vec<String> = (0..20)
        .map(|nth| {
            let contact = json!({ "full_name": format!("Lead {nth}") });
            let lead = web.post("/leads", &json!({ "contact": contact })).id();
            assert_eq!(web.post(&format!("/leads/{lead}/analyze"), &json!({})).status, 202);
            if nth % 5 == 0 {
                house.kill_all("run scoring");
            }
            lead
        })
        .collect();
    house.kill_all("run scoring");
    for lead in &leads {
        house.until("the request is answered", || {
            let shown = web.get(&format!("/leads/{lead}")).json();
            (shown["analysis_pending"] == false && shown["analysis"].is_object()).then_some(())
        });
    }
    for lead in &leads {
        let history = web.get(&format!("/leads/{lead}/history")).json();
        let names = history["items"].as_array().unwrap().iter().map(|it| &it["event_type"]);
        let answers = names.filter(|name| name.as_str() == Some("lead.analysed.v1")).count();
        assert_eq!(answers, 1, "{history}");
    }
    house.assert_sound();
}
