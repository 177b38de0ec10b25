//! What people do to a bot on a bad day: killed copies in the middle of something, two on one lead,
//! names that are no names, texts without an end, every way back and out.

use crate::house::House;
use crate::journeys::{Chat, ENGLISH, house, invitation};
use crate::telegram::Telegram;
use serde_json::{Value, json};

fn entered<'a>(house: &House, telegram: &'a Telegram, id: i64, role: &str) -> Chat<'a> {
    let mut chat = Chat::new(telegram, id, "Ada", "en");
    let code = invitation(house, &format!("Ada {id}"), role);
    chat.writes(&format!("/start {code}"), "");
    chat
}

#[test]
fn a_form_goes_on_whichever_copies_are_killed_and_nothing_is_entered_twice() {
    let telegram = Telegram::start();
    let house = house(&telegram, "2");
    let mut chat = entered(&house, &telegram, 101, "manager");
    chat.writes(ENGLISH.new, "");
    chat.presses(ENGLISH.partner, "");
    assert_eq!(house.kill_all("run bot"), 2);
    let contact = chat.writes("Grace Hopper", "");
    assert!(contact.text.contains("Step 3 of 6"), "{}", contact.text);
    chat.writes("grace@example.com", "");
    chat.presses("🏢 first", "");
    chat.presses(ENGLISH.skip, "");
    // Killed while the last press is on its way, once and again.
    telegram.press(&chat.who, ENGLISH.create);
    house.kill_all("run bot");
    let card = chat.sees("");
    assert!(card.text.contains("Grace Hopper"), "{}", card.text);
    house.kill_all("run bot");
    telegram.press(&chat.who, ENGLISH.contacted);
    let contacted = chat.sees("");
    assert!(contacted.text.contains("Contacted"), "{}", contacted.text);
    let leads = house.json(&["lead", "list"])["items"].clone();
    assert_eq!(leads.as_array().unwrap().len(), 1, "{leads}");
    assert_eq!(leads[0]["version"], json!(2));
    house.assert_sound();
}

#[test]
fn two_people_on_one_lead_see_what_the_other_did_and_undo_nothing_of_it() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut ada = entered(&house, &telegram, 111, "manager");
    let mut eve = entered(&house, &telegram, 112, "manager");
    ada.writes("Grace Hopper, grace@example.com", "");
    ada.presses(ENGLISH.create, "");
    let found = eve.writes("Hopper", "");
    let row = found.labels().concat()[0].to_owned();
    eve.presses(&row, "");
    ada.presses(ENGLISH.contacted, "");
    // Her card is of before.
    eve.presses(ENGLISH.lost, "");
    let now = eve.presses(ENGLISH.no_budget, "");
    assert!(now.text.contains("Contacted"), "{}", now.text);
    // What she types in a form that is of before is refused with how it is now.
    eve.presses(ENGLISH.edit, "");
    eve.presses(ENGLISH.company, "");
    ada.presses("💬 +1 message", "");
    let told = eve.writes("Acme", "");
    assert!(told.text.contains("changed meanwhile"), "{}", told.text);
    let card = eve.sees("");
    assert!(card.text.contains("Grace Hopper") && !card.text.contains("Acme"), "{}", card.text);
    let lead = house.json(&["lead", "list"])["items"][0].clone();
    assert_eq!((lead["stage"].as_str(), lead["version"].as_u64()), (Some("contacted"), Some(3)));
}

#[test]
fn every_step_of_a_form_has_a_way_back_and_a_way_out() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut chat = entered(&house, &telegram, 121, "agent");
    let steps = ["Step 1", "Step 2", "Step 3", "Step 4", "Step 5", "Step 6"];
    for stop in 0..steps.len() {
        let mut shown = chat.writes(ENGLISH.new, "");
        for step in &steps[..stop] {
            assert!(shown.text.contains(step), "{step}: {}", shown.text);
            let forward = if step == &"Step 1" { ENGLISH.partner } else { ENGLISH.skip };
            shown = chat.presses(forward, "");
        }
        assert!(shown.text.contains(steps[stop]), "{}", shown.text);
        if stop > 0 {
            let before = chat.presses(ENGLISH.back, "");
            assert!(before.text.contains(steps[stop - 1]), "{}", before.text);
        }
        let out = chat.presses("✖️ Cancel", "");
        assert!(out.text.contains("cancelled"), "{}", out.text);
    }
    let nothing = chat.writes("/cancel", "");
    assert!(nothing.text.contains("nothing to cancel"), "{}", nothing.text);
    let leads = house.json(&["lead", "list"])["items"].clone();
    assert_eq!(leads, json!([]));
}

#[test]
fn whatever_people_are_called_and_however_much_they_write_the_bot_answers_in_order() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut chat = entered(&house, &telegram, 131, "manager");
    let names = [
        "<b>Bold</b> & \"quoted\"",
        "דוד בן־גוריון",
        "👩‍👩‍👧‍👦 Family 🇺🇦",
        "&lt;script&gt;",
        "O'Neil—Σίσυφος",
    ];
    for (nth, name) in names.iter().enumerate() {
        chat.writes("/new", "");
        chat.presses(ENGLISH.partner, "");
        chat.writes(name, "");
        chat.writes(&format!("person{nth}@example.com"), "");
        chat.presses(ENGLISH.skip, "");
        chat.presses(ENGLISH.skip, "");
        let card = chat.presses(ENGLISH.create, "");
        let whole = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let whole = whole.replace('"', "&quot;").replace("&#39;", "'");
        assert!(card.text.contains(&whole), "{name} in {}", card.text);
    }
    // A note as long as Telegram lets anybody write, and ten of them on one screen.
    let long = "Ї🙂".repeat(1_000);
    for _ in 0..10 {
        chat.presses("📝 Add note", "");
        chat.writes(&long, "");
    }
    let notes = chat.presses("📝 Notes (10)", "");
    assert!(notes.text.encode_utf16().count() < 4_400, "{}", notes.text.len());
    let endless = chat.writes(&"x ".repeat(2_048), "");
    assert!(endless.text.contains("📋"), "{}", endless.text);
    // What is no text, what was edited, and kinds that nobody knows lead to nothing wrong.
    let sticker = telegram.message(
        &chat.who,
        json!({ "sticker": { "file_id": "1",
        "file_unique_id": "1", "type": "regular", "width": 1, "height": 1,
        "is_animated": false, "is_video": false } }),
    );
    telegram.push(json!({ "message": sticker }));
    let answer = chat.sees("");
    assert!(answer.text.contains("I can read text"), "{}", answer.text);
    let edited = telegram.message(&chat.who, json!({ "text": "edited", "edit_date": 1 }));
    telegram.push(json!({ "edited_message": edited }));
    telegram.push(json!({ "a_kind_of_the_future": { "x": [1, 2, 3] } }));
    telegram.push(json!({ "message": "nonsense" }));
    let menu = chat.writes("/menu", "");
    assert!(menu.text.contains("Hello"), "{}", menu.text);
    house.assert_sound();
}

#[test]
fn a_forwarded_message_and_a_shared_contact_become_a_lead_that_is_only_confirmed() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut chat = entered(&house, &telegram, 141, "agent");
    let origin = json!({ "type": "user", "date": 1_700_000_000, "sender_user": { "id": 9,
        "is_bot": false, "first_name": "Grace", "last_name": "Hopper", "username": "grace_h" } });
    let more = json!({ "text": "We need forty compilers by May", "forward_origin": origin });
    let message = telegram.message(&chat.who, more);
    telegram.push(json!({ "message": message }));
    let read = chat.sees("");
    for value in ["Grace Hopper", "@grace_h", "forty compilers"] {
        assert!(read.text.contains(value), "no {value} in {}", read.text);
    }
    chat.presses(ENGLISH.create, "");
    telegram.share_contact(&chat.who, "Taras Bondar", "380501234567");
    let read = chat.sees("");
    assert!(read.text.contains("Taras Bondar") && read.text.contains("+380501234567"));
    chat.presses(ENGLISH.create, "");
    let leads = house.json(&["lead", "list"])["items"].clone();
    let owners: Vec<&Value> =
        leads.as_array().unwrap().iter().map(|lead| &lead["owner_name"]).collect();
    assert_eq!(owners, ["Ada 141", "Ada 141"]);
}
