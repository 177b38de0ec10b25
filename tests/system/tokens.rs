//! What a token is good for, and for how long.

use crate::house::House;
use crate::http::person;
use crate::web::{Web, token};
use serde_json::{Value, json};

#[test]
fn what_was_made_with_a_token_is_revoked_with_it() {
    let house = House::start(&[]);
    let admin = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let make = |web: &Web, scope: &str| -> (String, Web) {
        let made = web.post("/tokens", &json!({ "label": "x", "scopes": [scope] }));
        (made.id(), web.with(made.json()["token"].as_str().unwrap()))
    };
    let (lent, in_wrong_hands) = make(&admin, "admin");
    let (kept, hidden) = make(&in_wrong_hands, "leads:read");
    let (_, hidden_deeper) = make(&hidden, "leads:read");
    let (_, beside) = make(&admin, "leads:read");
    assert_eq!((hidden.get("/leads").status, hidden_deeper.get("/leads").status), (200, 200));
    assert_eq!(admin.post(&format!("/tokens/{lent}/revoke"), &json!({})).status, 200);
    house.until("all that was made with it is good for nothing", || {
        let all = [&in_wrong_hands, &hidden, &hidden_deeper];
        all.iter().all(|web| web.get("/leads").status == 401).then_some(())
    });
    assert_eq!(beside.get("/leads").status, 200);
    let told = house.until("the list tells it", || {
        let all = admin.get("/tokens").json();
        let told = all["items"].as_array().unwrap().iter().find(|it| it["id"] == *kept).cloned();
        told.filter(|token| token["revoked_at"].is_string())
    });
    assert_eq!(told["made_with"], lent);
    house.assert_sound();
}

#[test]
fn a_token_for_leads_alone_tells_nothing_of_their_sales_and_makes_none_that_outlives_it() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let lead = web.post("/leads", &person("Ada")).id();
    let path = format!("/leads/{lead}");
    for stage in ["contacted", "qualified"] {
        assert_eq!(web.post(&format!("{path}/stage"), &json!({ "stage": stage })).status, 200);
    }
    let amount = json!({ "amount_minor": 100, "currency": "EUR" });
    let transfer = json!({ "reason": "all is agreed", "amount": amount });
    assert_eq!(web.post(&format!("{path}/transfer"), &transfer).status, 202);
    let names = |web: &Web| -> Vec<String> {
        // Asked for without a position, it may not be there yet.
        let entries = house.until("the history is told", || {
            let history = web.get(&format!("{path}/history"));
            assert!([200, 404].contains(&history.status), "{history:?}");
            history.json()["items"].as_array().cloned()
        });
        entries.iter().map(|it| it["event_type"].as_str().unwrap().to_owned()).collect()
    };
    house.until("the sale is part of the history", || {
        names(&web).iter().any(|name| name.starts_with("sale.")).then_some(())
    });

    let narrow = web.with(&token(&house, None, &["leads:read"]));
    assert!(names(&narrow).iter().all(|name| name.starts_with("lead.")), "{:?}", names(&narrow));
    for with_sale in [format!("{path}?include=sale"), "/leads?include=owner,sale".to_owned()] {
        assert_eq!(narrow.get(&with_sale).code(), "scope_missing", "{with_sale}");
        assert_eq!(web.get(&with_sale).status, 200, "{with_sale}");
    }

    let until = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let ends = |end: Option<chrono::DateTime<chrono::Utc>>| -> Value {
        json!({ "label": "form", "scopes": ["leads:read"], "expires_at": end })
    };
    let short = web.post("/tokens", &ends(Some(until))).json();
    let short = web.with(short["token"].as_str().unwrap());
    let later = until + chrono::TimeDelta::seconds(1);
    for outlives in [None, Some(later)] {
        assert_eq!(short.post("/tokens", &ends(outlives)).code(), "outlives_its_maker");
    }
    assert_eq!(short.post("/tokens", &ends(Some(until))).status, 201);
}
