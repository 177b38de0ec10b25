//! `ael audit verify` against read models that somebody changed behind the system's back.

use crate::house::{House, items};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

/// Changes something behind the system's back.
pub async fn as_superuser(house: &House, sql: &str) {
    let url = house.running().superuser_url().unwrap();
    let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
    let done = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "nothing was hurt by {sql}");
}

/// What an audit says that finds something: its verdict, and what a person is told.
fn verdict(house: &House) -> (Value, String) {
    let output = house.ael(&["audit", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.trim().lines().count(), 1, "one line for programs: {said}");
    let verdicts: Value = serde_json::from_str(&said).unwrap();
    let people = house.ael(&["audit", "verify"]);
    assert_eq!(people.status.code(), Some(1));
    (verdicts[0].clone(), String::from_utf8(people.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_in_a_read_model_is_named_and_a_rebuild_mends_it() {
    let house = House::start(&[]);
    let name = "Канарейка Жовтопера";
    let arguments =
        ["lead", "create", "--name", name, "--phone", "0671234567", "--domain", "first"];
    let created = house.json(&arguments);
    let lead = created["aggregate_id"].as_str().or(created["id"].as_str()).unwrap().to_owned();
    house.said_by(&["lead", "contact", &lead]);
    house.said_by(&["lead", "qualify", &lead]);
    house.said_by(&["lead", "transfer", &lead, "--reason", "all is agreed", "--amount", "10"]);
    house.until("the sale to be opened", || {
        let sales = house.json(&["sale", "list"]);
        items(&sales).first().cloned()
    });
    house.assert_sound();
    for (projection, field, sql) in [
        ("lead_board", "leads.stage", "UPDATE rm_lead_board_1.leads SET stage = 'lost'"),
        ("lead_board", "leads.contact", "UPDATE rm_lead_board_1.leads SET contact = '{}'"),
        (
            "timeline",
            "entries[",
            "DELETE FROM rm_timeline_1.entries WHERE event_type = 'lead.qualified.v1'",
        ),
        ("sale_board", ".owner", "UPDATE rm_sale_board_1.sales SET owner = workspace"),
        (
            "stats",
            "counters[",
            "UPDATE rm_stats_1.counters SET amount = amount + 1 WHERE metric = 'leads'",
        ),
        (
            "lead_card",
            "cards",
            "INSERT INTO rm_lead_card_1.cards SELECT workspace, gen_random_uuid(), version, \
                 owner, merged_into, erased, card FROM rm_lead_card_1.cards",
        ),
        ("members", "members.role", "UPDATE rm_members_1.members SET role = 'agent'"),
    ] {
        as_superuser(&house, sql).await;
        let (verdict, told) = verdict(&house);
        let differences = verdict["differences"].as_array().unwrap();
        let named = |one: &&Value| {
            one["projection"] == projection && one["field"].as_str().unwrap().contains(field)
        };
        assert!(differences.iter().any(|one| named(&one)), "{sql}: {verdict}");
        assert!(told.contains(projection) && told.contains(field), "{sql}: {told}");
        assert!(!told.contains(name) && !verdict.to_string().contains(name), "{told}");
    }
    house.said_by(&["projection", "rebuild", "--all"]);
    house.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_parked_is_a_fault_until_it_is_retried() {
    let house = House::start(&[]);
    house.said_by(&["lead", "create", "--name", "Тарас"]);
    house.assert_sound();
    let park = "INSERT INTO read.parked (projection, version, workspace, aggregate, aggregate_id, \
            lane, sequence, event_id, event_type, reason) \
        SELECT 'timeline', 1, workspace, aggregate_type, aggregate_id::uuid, lane, sequence + 1, \
            gen_random_uuid(), 'lead.teleported.v9', 'of the future' \
        FROM write.events WHERE aggregate_type = 'lead'";
    as_superuser(&house, park).await;
    let (verdict, told) = verdict(&house);
    assert_eq!(verdict["projections"]["timeline"]["parked"], 1);
    assert_eq!((&verdict["faults"], &verdict["clean"]), (&Value::from(1), &Value::from(false)));
    assert!(told.contains("1 event is parked: `ael dead list`"), "{told}");
    house.said_by(&["dead", "retry", "--all"]);
    house.assert_sound();
}
