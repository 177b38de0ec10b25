//! The HTTP interface's promises, kept by two copies that behave as one.

use crate::house::House;
use crate::web::{Answer, Web, token};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Two copies, for the first Admin.
fn two_copies(house: &House) -> (Web, Web) {
    let token = token(house, None, &["admin"]);
    (Web::of(house, 1, &token), Web::of(house, 2, &token))
}

/// Somebody with an address of their own.
pub fn person(name: &str) -> Value {
    let email = format!("{}@example.com", uuid::Uuid::now_v7());
    json!({ "contact": { "full_name": name, "email": email }, "business_domain": "first" })
}

fn keyed(web: &Web, path: &str, key: &str, body: &Value) -> Answer {
    web.send("POST", path, &[("idempotency-key", key)], Some(&body.to_string()))
}

/// What a client sees of an answer: status, body, and the headers that say something about it.
fn seen(answer: &Answer) -> (u16, Value, Option<String>, Option<String>) {
    let header = |name: &str| answer.headers.get(name).cloned();
    (answer.status, answer.json(), header("etag"), header("location"))
}

#[test]
fn the_same_key_gets_the_same_answer_from_every_copy_also_after_a_crash() {
    let house = House::start(&["--copies", "2"]);
    let (one, two) = two_copies(&house);
    let lead = person("Ada");
    let first = keyed(&one, "/leads", "k", &lead);
    assert_eq!(first.status, 201, "{first:?}");
    let again = keyed(&two, "/leads", "k", &lead);
    assert_eq!(seen(&again), seen(&first));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(keyed(&two, "/leads", "k", &person("Eve")).code(), "command_id_reused");

    assert!(house.kill_all("run api") > 0);
    let after = house.until("the API is back", || {
        let send = |web: &Web| {
            let headers = [("idempotency-key", "k")];
            web.try_send("POST", "/leads", &headers, Some(&lead.to_string())).ok()
        };
        send(&one).filter(|answer| answer.status == 201)
    });
    assert_eq!(seen(&after), seen(&first));

    let form = json!({ "label": "form", "scopes": ["leads:write"] });
    assert_eq!(keyed(&one, "/tokens", "t", &form).status, 201);
    let shown = house.until("the other copy is back", || {
        let headers = [("idempotency-key", "t")];
        two.try_send("POST", "/tokens", &headers, Some(&form.to_string())).ok()
    });
    assert_eq!((shown.status, shown.code().as_str()), (409, "secret_already_shown"));
    house.assert_sound();
}

#[test]
fn a_secret_is_shown_once_and_a_refusal_is_the_same_however_often_it_is_asked_for() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let late =
        json!({ "label": "form", "scopes": ["files"], "expires_at": "2020-01-01T00:00:00Z" });
    for _ in 0..2 {
        let refused = keyed(&web, "/tokens", "late", &late);
        assert_eq!((refused.status, refused.code().as_str()), (422, "ends_in_the_past"));
    }
    let invite = |hours: u32| json!({ "name": "Ada", "role": "agent", "valid_hours": hours });
    let made = keyed(&web, "/invitations", "ada", &invite(24));
    assert_eq!(made.status, 201, "{made:?}");
    let again = keyed(&web, "/invitations", "ada", &invite(24));
    assert_eq!((again.status, again.code().as_str()), (409, "secret_already_shown"));
    for (path, body) in [("/invitations", invite(48)), ("/tokens", late.clone())] {
        let other = keyed(&web, path, "ada", &body);
        assert_eq!((other.status, other.code().as_str()), (422, "command_id_reused"), "{path}");
    }
    let shown = house.until("the invitation is listed", || {
        let listed = web.get("/invitations").json();
        listed["items"].as_array()?.first().map(|item| item["expires_at"].clone())
    });
    assert_eq!(shown, made.json()["expires_at"]);
}

#[test]
fn settings_and_names_change_part_by_part_and_sent_again_once() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let patch = |path: &str, headers: &[(&str, &str)], body: &Value| {
        let answer = web.send("PATCH", path, headers, Some(&body.to_string()));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    };
    let (days, euros) = (json!({ "stale_days": 3 }), json!({ "currency": "EUR" }));
    let first = patch("/workspace", &[("idempotency-key", "days")], &days);
    let hours = json!({ "stage_deadlines": { "new_hours": 12 } });
    let (_, last) = (patch("/workspace", &[], &euros), patch("/workspace", &[], &hours));
    let again = patch("/workspace", &[("idempotency-key", "days")], &days);
    assert_eq!(seen(&again), seen(&first));
    let late = [("if-match", first.headers["etag"].as_str())];
    let late = web.send("PATCH", "/workspace", &late, Some(&euros.to_string()));
    assert_eq!((late.status, late.code().as_str()), (409, "version_conflict"));
    let after = |answer: &Answer, path: &str| {
        let position = answer.headers["x-ael-position"].as_str();
        web.send("GET", path, &[("x-ael-position", position)], None).json()
    };
    let settings = &after(&last, "/workspace")["settings"];
    assert_eq!((&settings["stale_days"], &settings["currency"]), (&json!(3), &json!("EUR")));
    let deadlines = json!({ "new_hours": 12, "contacted_hours": 48, "qualified_hours": 72 });
    assert_eq!(settings["stage_deadlines"], deadlines);

    let ada = json!({ "name": "Ada", "email": "ada@example.com", "role": "agent" });
    let path = format!("/members/{}", web.post("/members", &ada).id());
    let of = |answer: &Answer| {
        let all = after(answer, "/members")["items"].as_array().unwrap().clone();
        let me = all.iter().find(|member| path.ends_with(member["id"].as_str().unwrap())).unwrap();
        (me["name"].clone(), me["email"].clone())
    };
    let named = patch(&path, &[], &json!({ "name": "Ada Lovelace" }));
    assert_eq!(of(&named), (json!("Ada Lovelace"), json!("ada@example.com")));
    let cleared = patch(&path, &[], &json!({ "email": null }));
    assert_eq!(of(&cleared), (json!("Ada Lovelace"), Value::Null));
}

#[test]
fn what_is_new_says_where_it_is_only_if_it_can_be_looked_at_there() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let lead = web.post("/leads", &person("Ada"));
    let location = lead.headers["location"].strip_prefix("/api/v1").unwrap();
    let position = [("x-ael-position", lead.headers["x-ael-position"].as_str())];
    assert_eq!(web.send("GET", location, &position, None).status, 200);
    let note = web.post(&format!("{location}/notes"), &json!({ "text": "after six" }));
    let pin = format!("{location}/notes/{}/pin", note.json()["note_id"].as_str().unwrap());
    assert_eq!(web.post(&pin, &json!({})).status, 200);
    let somebody = json!({ "name": "Bob", "role": "agent" });
    let form = json!({ "label": "form", "scopes": ["files"] });
    let made = [
        note,
        web.post("/members", &somebody),
        web.post("/invitations", &somebody),
        web.post("/tokens", &form),
    ];
    for answer in made {
        assert_eq!((answer.status, answer.headers.get("location")), (201, None), "{answer:?}");
        answer.id();
    }
}

#[test]
fn a_write_is_seen_at_once_and_two_who_decide_on_one_version_do_not_overwrite_each_other() {
    let house = House::start(&["--copies", "2"]);
    let (one, two) = two_copies(&house);
    let made = one.post("/leads", &person("Ada"));
    let path = format!("/leads/{}", made.id());
    for n in 1..=20_u64 {
        let note = json!({ "direction": "incoming", "channel": "telegram" });
        let written = one.post(&format!("{path}/messages"), &note);
        let position = written.headers["x-ael-position"].as_str();
        let read = two.send("GET", &path, &[("x-ael-position", position)], None);
        assert_eq!(read.json()["message_count"], n, "the other copy shows the write: {read:?}");
    }
    let tag = two.get(&path).headers["etag"].clone();
    assert_eq!(tag, "\"21\"");
    let change = |intent: &str| json!({ "intent": intent }).to_string();
    let patch = |web: &Web, intent| {
        web.send("PATCH", &path, &[("if-match", tag.as_str())], Some(&change(intent)))
    };
    assert_eq!(patch(&one, "a roof").status, 200);
    let late = patch(&two, "a wall");
    assert_eq!((late.status, late.code().as_str()), (409, "version_conflict"));
    assert_eq!(late.json()["details"]["version"], 22);
}

#[test]
fn pages_show_each_lead_once_while_others_come_and_a_forged_cursor_nothing() {
    let house = House::start(&["--copies", "2"]);
    let (one, two) = two_copies(&house);
    let mut there = BTreeSet::new();
    let mut position = String::new();
    for n in 0..30 {
        let made = one.post("/leads", &person(&format!("Ada {n}")));
        position = made.headers["x-ael-position"].clone();
        there.insert(made.id());
    }
    house.until("the list shows them", || {
        let listed = one.send("GET", "/leads?limit=200", &[("x-ael-position", &position)], None);
        (listed.json()["items"].as_array()?.len() == 30).then_some(())
    });
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for turn in 0_usize.. {
        let web = if turn % 2 == 0 { &one } else { &two };
        let page = web.get(&format!("/leads?limit=7&sort=created_at&fields=stage{cursor}")).json();
        for item in page["items"].as_array().unwrap() {
            assert_eq!(item.as_object().unwrap().len(), 2, "only what was asked for: {item}");
            found.push(item["id"].as_str().unwrap().to_owned());
        }
        one.post("/leads", &person("Late")).id();
        match page["next_cursor"].as_str() {
            Some(next) if found.len() < 30 => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let distinct: BTreeSet<String> = found.iter().take(30).cloned().collect();
    assert_eq!(distinct, there);

    let next = one.get("/leads?limit=1").json()["next_cursor"].as_str().unwrap().to_owned();
    let forged = format!("{}{}", &next[1..], &next[..1]);
    assert_eq!(one.get(&format!("/leads?limit=1&cursor={forged}")).code(), "invalid_cursor");
    let other = one.get(&format!("/leads?limit=1&stage=lost&cursor={next}"));
    assert_eq!((other.status, other.code().as_str()), (422, "cursor_mismatch"));
}

#[test]
fn many_things_at_once_are_each_answered_and_none_is_skipped() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let lead = web.post("/leads", &person("Ada")).id();
    let mut items: Vec<Value> = (0..97)
        .map(|n| json!({ "lead_id": lead, "do": "note", "with": { "text": format!("note {n}") } }))
        .collect();
    items.insert(5, json!({ "lead_id": lead, "do": "dance" }));
    items.insert(50, json!({ "do": "create", "with": person("Bob") }));
    items.push(json!({ "lead_id": lead, "version": 1, "do": "erase", "with": {} }));
    let body = json!({ "items": items });
    let done = keyed(&web, "/leads/bulk", "bulk", &body);
    let results = done.json()["items"].as_array().unwrap().clone();
    assert_eq!(results.len(), 100);
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["index"], index);
        let status = match index {
            5 => 422,
            99 => 409,
            _ => 201,
        };
        assert_eq!(result["status"], status, "{result}");
    }
    let versions: Vec<u64> = results
        .iter()
        .filter(|result| result["id"] == lead)
        .map(|result| result["version"].as_u64().unwrap())
        .collect();
    assert!(versions.is_sorted() && versions.len() == 97, "in order: {versions:?}");
    assert_eq!(keyed(&web, "/leads/bulk", "bulk", &body).json(), done.json());
    let too_many = json!({ "items": vec![json!({}); 101] });
    assert_eq!(web.post("/leads/bulk", &too_many).status, 422);
    assert_eq!(web.post("/leads/bulk", &json!({ "items": [] })).status, 422);
}

#[test]
fn history_tells_what_was_before_and_after_and_the_past_can_be_looked_at() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let lead = web.post("/leads", &person("Ada")).id();
    let path = format!("/leads/{lead}");
    let change = json!({ "intent": "a roof", "contact": { "company": "Dnipro" } });
    let edited = web.send("PATCH", &path, &[], Some(&change.to_string()));
    let lost = json!({ "reason": "other", "text": "went elsewhere" });
    let written = web.post(&format!("{path}/lost"), &lost);
    assert_eq!((edited.status, written.status), (200, 200));
    let position = written.headers["x-ael-position"].as_str();
    let read = |path: &str| web.send("GET", path, &[("x-ael-position", position)], None);

    let history = read(&format!("{path}/history")).json();
    let entries = history["items"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    let change = |entry: &Value, field: &str| {
        let changes = entry["changes"].as_array().unwrap().iter();
        let found = changes.clone().find(|change| change["field"] == field).cloned();
        found.unwrap_or_else(|| panic!("no {field} in {entry}"))
    };
    let company = change(&entries[1], "company");
    assert_eq!((&company["before"], &company["after"]), (&Value::Null, &json!("Dnipro")));
    let stage = change(&entries[2], "stage");
    assert_eq!((&stage["before"], &stage["after"]), (&json!("new"), &json!("lost")));
    assert_eq!(
        (&entries[2]["why"], &entries[2]["edge"]),
        (&json!("went elsewhere"), &json!("api"))
    );

    let past = read(&format!("{path}?version=1")).json();
    assert_eq!((&past["stage"], &past["contact"]["company"]), (&json!("new"), &Value::Null));
    let then = entries[1]["recorded_at"].as_str().unwrap();
    let known = read(&format!("{path}?as_of={then}")).json();
    assert_eq!((&known["version"], &known["intent"]), (&json!(2), &json!("a roof")));

    let events = read(&format!("/audit/events?lead_id={lead}"));
    assert_eq!(events.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> = events
        .body
        .lines()
        .filter(|it| !it.is_empty())
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(events.body.ends_with("\n\n"), "a whole answer ends with an empty line");
    let verified = read("/audit/verify").json();
    assert_eq!((&verified["faults_found"], &verified["chain"]["ok"]), (&json!(0), &json!(true)));
}

#[test]
fn a_revoked_token_soon_opens_nothing_on_any_copy() {
    let house = House::start(&["--copies", "2"]);
    let (one, two) = two_copies(&house);
    let form = json!({ "label": "form", "scopes": ["leads:read"] });
    let made = one.post("/tokens", &form);
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    let (a, b) = (one.with(&secret), two.with(&secret));
    assert_eq!((a.get("/leads").status, b.get("/leads").status), (200, 200));
    let more = json!({ "label": "more", "scopes": ["leads:write"] });
    assert_eq!(a.post("/tokens", &more).code(), "scope_too_wide");
    assert_eq!(one.post(&format!("/tokens/{}/revoke", made.id()), &json!({})).status, 200);
    let revoked = Instant::now();
    house.until("both copies refuse it", || {
        (a.get("/leads").status == 401 && b.get("/leads").status == 401).then_some(())
    });
    assert!(revoked.elapsed() < Duration::from_secs(5), "{:?}", revoked.elapsed());
}

#[test]
fn what_never_becomes_a_request_is_refused_with_a_problem_too() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let large = |bytes: usize| "x".repeat(bytes);
    let many: Vec<(String, String)> =
        (0..150).map(|number| (format!("x-{number}"), large(1))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, it)| (&**name, &**it)).collect();
    for (path, headers, status, code) in [
        (format!("/leads?q={}", large(20_000)), vec![], 414, "address_too_long"),
        (format!("/leads?q={}", large(70_000)), vec![], 414, "address_too_long"),
        ("/me".to_owned(), vec![("x-odd", &*large(40_000))], 431, "headers_too_large"),
        ("/me".to_owned(), vec![("x-odd", &*large(500_000))], 431, "headers_too_large"),
        ("/me".to_owned(), many, 431, "headers_too_large"),
        ("/me".to_owned(), vec![("bad name", "x")], 400, "malformed_request"),
        ("/me is here".to_owned(), vec![], 400, "malformed_request"),
    ] {
        let answer = web.send("GET", &path, &headers, None);
        assert_eq!((answer.status, &*answer.code()), (status, code), "{answer:?}");
        assert_eq!(answer.headers["x-request-id"], answer.json()["request_id"], "{answer:?}");
    }
}

#[test]
fn members_come_in_pages() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    for name in ["Ada", "Bea", "Cem"] {
        assert_eq!(web.post("/members", &json!({ "name": name, "role": "agent" })).status, 201);
    }
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = house.until("all are listed", || {
        let all = web.get("/members").json();
        (all["items"].as_array()?.len() == 4).then_some(all)
    });
    assert_eq!(names(&all)[1..], ["Ada", "Bea", "Cem"]);
    assert_eq!(all["next_cursor"], Value::Null);
    let first = web.get("/members?limit=3").json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = web.get(&format!("/members?limit=3&cursor={cursor}")).json();
    assert_eq!([names(&first), names(&second)].concat(), names(&all));
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(web.get("/members?limit=0").status, 422);
    assert_eq!(web.get(&format!("/invitations?cursor={cursor}")).code(), "cursor_mismatch");
}

#[test]
fn while_a_part_is_away_the_answer_is_a_quick_503_and_nothing_is_lost() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let kept = web.post("/leads", &person("Kept")).id();
    let (refused, took) = house.until("the bus is away", || {
        house.kill_all("nats-server");
        let began = Instant::now();
        let answer = web.get("/leads");
        (answer.status == 503).then(|| (answer, began.elapsed()))
    });
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(refused.headers.contains_key("retry-after"), "{refused:?}");
    assert!(["bus_away", "unavailable", "try_again"].contains(&refused.code().as_str()));
    house.until("the lead is still there, and another can be entered", || {
        let there = web.get(&format!("/leads/{kept}")).status == 200;
        let more = keyed(&web, "/leads", "after", &json!({ "contact": { "full_name": "After" } }));
        (there && more.status == 201).then_some(())
    });
    let ready = house.until("all parts are ready", || {
        let ready = web.get("//health/ready");
        (ready.status == 200).then_some(ready)
    });
    assert_eq!(ready.json()["parts"], json!({ "bus": true, "commands": true, "queries": true }));
    house.assert_sound();
}

#[test]
fn what_makes_no_sense_is_refused_with_a_problem_and_never_breaks_anything() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let name = "Канарейка Жовтопера";
    let lead = web.post("/leads", &person(name)).id();
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let long = json!({ "contact": { "full_name": "x".repeat(1_000_000) } }).to_string();
    let bodies = [
        ("", 400),
        ("{", 400),
        ("[]", 422),
        ("null", 422),
        ("\"x\"", 422),
        ("1e999", 422),
        (deep.as_str(), 422),
        (long.as_str(), 413),
        (r#"{"contact":{"email":"nobody"}}"#, 422),
        (r#"{"contact":{"full_name":"a\u0000b"}}"#, 422),
        (r#"{"contact":{"full_name":"\u202eevil"}}"#, 422),
        (r#"{"contact":{},"nonsense":1}"#, 422),
        (r#"{"contact":{},"source":"nowhere"}"#, 422),
        (r#"{"contact":{},"owner":"not an id"}"#, 422),
        (r#"{"contact":{}} trailing"#, 400),
    ];
    for (body, status) in bodies {
        let answer = web.send("POST", "/leads", &[], Some(body));
        let shown: String = body.chars().take(60).collect();
        assert_eq!(answer.status, status, "{shown}: {answer:?}");
        answer.code();
    }
    let stranger = web.with("ael_not_a_token");
    let forged = format!("ael_{}_{}_{}", Uuid::nil(), Uuid::nil(), "0".repeat(64));
    for bearer in [&stranger, &web.with(&forged)] {
        for items in [json!([{ "do": "nonsense" }]), json!([{ "do": "create", "with": {} }])] {
            let answer = bearer.post("/leads/bulk", &json!({ "items": items }));
            assert_eq!((answer.status, answer.code().as_str()), (401, "bad_token"), "{answer:?}");
        }
    }
    for (path, status) in [
        ("/leads/not-an-id", 404),
        ("/leads/%00", 404),
        ("/leads?limit=0", 422),
        ("/leads?limit=x", 422),
        ("/leads?nonsense=1", 422),
        ("/leads?q=%00%00", 422),
        ("/leads?sort=name", 422),
        ("/leads?cursor=%F0%9F%92%A5", 422),
        ("/nowhere", 404),
        ("/leads?created_from=yesterday", 422),
        ("/audit/events?event_type=nonsense", 422),
    ] {
        let answer = web.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.code();
    }
    let put = web.send("PUT", "/leads", &[], Some("{}"));
    assert_eq!((put.status, put.headers["allow"].as_str()), (405, "GET, HEAD, POST"));
    let plain = web.send("POST", "/leads", &[("content-type", "text/plain")], None);
    assert_eq!(plain.status, 415, "{plain:?}");
    assert_eq!(web.with("ael_nonsense").get("/me").code(), "bad_token");
    let forged = web.send("GET", "/me", &[("x-ael-position", "nonsense!")], None);
    assert_eq!(forged.status, 422, "{forged:?}");

    assert_eq!(web.get(&format!("/leads/{lead}")).status, 200);
    let logs = std::fs::read_dir(house.home().join("logs")).unwrap();
    for log in logs {
        let text = std::fs::read_to_string(log.unwrap().path()).unwrap_or_default();
        assert!(!text.contains(name) && !text.contains("@example.com"), "a person is in a log");
    }
}

#[test]
fn pages_of_our_own_may_call_and_answers_are_dressed_for_the_public() {
    let house = House::start(&[]);
    let web = Web::of(&house, 1, &token(&house, None, &["admin"]));
    let origin = [("origin", "https://elsewhere.example"), ("x-request-id", "mine-1")];
    let answer = web.send("GET", "/me", &origin, None);
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    for (name, value) in [
        ("x-request-id", "mine-1"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    for coding in ["gzip", "zstd"] {
        let packed = web.send("GET", "/me", &[("accept-encoding", coding)], None);
        assert_eq!(packed.headers["content-encoding"], coding);
    }
    let document = web.get("//openapi.json").json();
    assert_eq!(document["info"]["title"], "AEL CRM");
    assert_eq!(web.get("//docs").status, 200);
    assert!(web.get("//metrics").body.contains("ael_http_requests_total"));
    let proxied = web.send("GET", "//metrics", &[("x-forwarded-for", "1.2.3.4")], None);
    assert_eq!(proxied.status, 404);
}
