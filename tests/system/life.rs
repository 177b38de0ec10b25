//! A lead's whole life through the command line, and a system that is stopped, killed and started
//! again.

use crate::house::{House, first_of, items};
use serde_json::Value;

const TRANSFERRED: &str = "transferred";

fn lead_of(answer: &Value) -> String {
    let id = answer.get("aggregate_id").or_else(|| answer.get("id"));
    id.and_then(Value::as_str).unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
}

fn create(house: &House, arguments: &[&str]) -> String {
    let mut all = vec!["lead", "create"];
    all.extend_from_slice(arguments);
    lead_of(&house.json(&all))
}

fn stage(house: &House, lead: &str) -> String {
    house.json(&["lead", "show", lead])["stage"].as_str().unwrap().to_owned()
}

#[test]
fn a_lead_is_worked_from_its_first_word_to_a_paid_sale() {
    let house = House::start(&[]);
    let lead = create(
        &house,
        &["--name", "Олена Петренко", "--phone", "067 123 45 67", "--domain", "first"],
    );
    house.said_by(&["lead", "contact", &lead]);
    house.said_by(&["lead", "qualify", &lead]);
    house.said_by(&["lead", "note", &lead, "любить зранку"]);
    let refused = house.ael(&["lead", "transfer", &lead]);
    assert!(!refused.status.success(), "a transfer without an analysis needs a reason");
    house.said_by(&[
        "lead",
        "transfer",
        &lead,
        "--amount",
        "12500.50",
        "--reason",
        "all is agreed",
    ]);
    assert_eq!(stage(&house, &lead), TRANSFERRED);

    let sale = house.until("the sale to be opened", || {
        let sales = house.json(&["sale", "list"]);
        items(&sales).first().cloned()
    });
    assert_eq!(sale["lead_id"], lead.as_str());
    let sale = sale["id"].as_str().unwrap().to_owned();
    for next in ["kyc", "agreement", "paid"] {
        house.said_by(&["sale", "move", &sale, next]);
    }
    let shown = house.json(&["sale", "show", &sale]);
    assert_eq!(shown["stage"], "paid");
    assert_eq!(shown["amount"]["amount_minor"], 1_250_050);

    let history = house.json(&["lead", "history", &lead]);
    let happened: Vec<&str> =
        items(&history).iter().map(|entry| entry["event_type"].as_str().unwrap()).collect();
    assert_eq!(happened[..3], ["lead.created.v1", "lead.contacted.v1", "lead.qualified.v1"]);
    assert_eq!(happened.last(), Some(&"sale.paid.v1"));

    let past = house.json(&["lead", "show", &lead, "--version", "2"]);
    assert_eq!((past["stage"].as_str(), past["version"].as_u64()), (Some("contacted"), Some(2)));
    let at = items(&history)[1]["recorded_at"].as_str().unwrap().to_owned();
    let then = house.json(&["lead", "show", &lead, "--as-of", &at]);
    assert_eq!(then["stage"], "contacted", "as of {at}");

    let stats = house.json(&["stats"]);
    assert_eq!(stats["overview"]["converted"], 1);
    for words in ["Петрнко", "petrenko", "(067) 123-45-67"] {
        let found = house.json(&["lead", "list", "-q", words]);
        assert_eq!(items(&found).len(), 1, "{words}");
    }
    let typo = house.ael(&["lead", "erase", "Петрнко", "--yes"]);
    assert!(!typo.status.success(), "a typo must never act on somebody");
    let said = house.said_by(&["lead", "note", "петренко", "ще одна"]);
    assert!(said.contains("Олена Петренко"), "an answer names the person: {said}");
    house.assert_sound();
}

#[test]
fn a_duplicate_is_refused_with_the_lead_that_has_the_contact_and_can_be_merged() {
    let house = House::start(&[]);
    let first = create(&house, &["--name", "Тарас", "--email", "taras@example.com"]);
    let refused = house.ael(&["lead", "create", "--email", "TARAS@example.com", "--json"]);
    assert!(!refused.status.success());
    let words = [refused.stdout, refused.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(words.contains(&first), "the refusal does not name the lead: {words}");
    let second =
        create(&house, &["--email", "taras@example.com", "--company", "Вежа", "--allow-duplicate"]);
    house.said_by(&["lead", "merge", &first, &second]);
    let kept = house.json(&["lead", "show", &first]);
    assert_eq!(kept["contact"]["company"], "Вежа");
    assert_eq!(house.json(&["lead", "show", &second])["merged_into"], first.as_str());
    assert_eq!(items(&house.json(&["lead", "list"])).len(), 1);
    house.assert_sound();
}

#[test]
fn what_was_written_is_there_after_a_stop_and_after_a_kill() {
    let mut house = House::start(&[]);
    let lead = create(&house, &["--name", "Ірина Мельник"]);
    let second = house.ael(&["up"]);
    assert!(!second.status.success(), "two systems on one home");
    house.stop();
    let away = house.ael(&["lead", "list"]);
    let sentence = String::from_utf8_lossy(&away.stderr).into_owned();
    assert!(sentence.contains("no running system") && sentence.contains("ael up"), "{sentence}");
    house.start_again(&[]);
    assert_eq!(stage(&house, &lead), "new");
    house.kill_up();
    house.start_again(&[]);
    assert_eq!(stage(&house, &lead), "new");
    house.assert_sound();
}

#[test]
fn everything_derived_is_rebuilt_while_people_work() {
    let house = House::start(&["--copies", "2"]);
    for number in 0..20 {
        create(&house, &["--name", &format!("Клієнт {number}")]);
    }
    std::thread::scope(|scope| {
        let rebuilding = scope.spawn(|| {
            house.said_by(&["projection", "rebuild", "--all"]);
            house.said_by(&["stream", "rebuild"]);
        });
        let mut number = 20;
        while !rebuilding.is_finished() {
            create(&house, &["--name", &format!("Клієнт {number}")]);
            number += 1;
        }
        rebuilding.join().unwrap();
        let leads = house.until("all leads to be counted", || {
            let leads = house.json(&["stats"])["overview"]["leads"].as_u64();
            leads.filter(|leads| *leads >= number)
        });
        assert_eq!(leads, number);
    });
    house.assert_sound();
    let projections = house.json(&["projection", "list"]);
    assert!(first_of(&projections)["version"].as_i64().unwrap() >= 2);
}

#[test]
fn a_history_that_was_changed_behind_the_databases_back_is_named() {
    let house = House::start(&[]);
    let lead = create(&house, &["--name", "Петро"]);
    house.said_by(&["lead", "note", &lead, "перша"]);
    house.assert_sound();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use secrecy::ExposeSecret as _;
        use sqlx::{Connection as _, Executor as _};
        let url = house.running().superuser_url().unwrap();
        let mut connection = sqlx::PgConnection::connect(url.expose_secret()).await.unwrap();
        let sql = "SET session_replication_role = replica; \
                   UPDATE write.events SET event_type = 'lead.contacted.v1' \
                   WHERE event_type = 'lead.note_added.v1'";
        connection.execute(sqlx::raw_sql(sql)).await.unwrap();
    });
    let audit = house.ael(&["audit", "verify", "--all"]);
    assert_eq!(audit.status.code(), Some(1));
    let said = String::from_utf8_lossy(&[audit.stdout, audit.stderr].concat()).into_owned();
    assert!(said.contains(&lead), "the audit does not name the row: {said}");
}
