//! Personal data: before erasure only in the read models, after it nowhere; and history still
//! replays.

use crate::house::{House, items, postgres_program};
use secrecy::ExposeSecret as _;
use std::path::Path;
use std::process::Command;

const CANARIES: [&str; 4] =
    ["Канарейка Жовтопера", "+380509876543", "canary.bird@example.com", "любить зернятка"];

/// A dump of one schema of the database (or of everything), as a backup would hold it.
fn dump(house: &House, schema: Option<&str>) -> Vec<u8> {
    let url = house.running().superuser_url().unwrap();
    let mut command = Command::new(postgres_program("pg_dump"));
    if let Some(schema) = schema {
        command.args(["--schema", schema]);
    }
    let output = command.arg(url.expose_secret()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() > 1_000, "the dump is empty");
    output.stdout
}

/// Everything that stands in the files of a folder.
fn files(folder: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if let Ok(bytes) = std::fs::read(&path) {
            into.extend(bytes);
        }
    }
}

fn found_in(haystack: &[u8]) -> Vec<&'static str> {
    let has = |canary: &&str| haystack.windows(canary.len()).any(|part| part == canary.as_bytes());
    CANARIES.iter().copied().filter(has).collect()
}

#[test]
fn an_erased_person_is_nowhere_and_the_history_still_stands() {
    let house = House::start(&[]);
    let [name, phone, email, note] = CANARIES;
    let created =
        house.json(&["lead", "create", "--name", name, "--phone", phone, "--email", email]);
    let lead = created["aggregate_id"].as_str().or(created["id"].as_str()).unwrap().to_owned();
    house.said_by(&["lead", "note", &lead, note]);
    house.assert_sound();

    assert_eq!(found_in(&dump(&house, None)), CANARIES, "the read models show the person");
    assert_eq!(found_in(&dump(&house, Some("write"))), [""; 0], "the event store is sealed");
    let (mut stream, mut logs) = (Vec::new(), Vec::new());
    files(&house.bus_files(), &mut stream);
    files(&house.home().join("logs"), &mut logs);
    assert!(!stream.is_empty() && !logs.is_empty());
    assert_eq!(found_in(&stream), [""; 0], "the bus is sealed");
    assert_eq!(found_in(&logs), [""; 0], "logs know nobody");

    house.said_by(&["lead", "erase", &lead, "--yes"]);
    house.until("the read models to forget", || {
        found_in(&dump(&house, None)).is_empty().then_some(())
    });
    house.said_by(&["projection", "rebuild", "--all"]);
    house.said_by(&["stream", "rebuild"]);
    house.assert_sound();
    assert_eq!(found_in(&dump(&house, None)), [""; 0]);
    let history = house.json(&["lead", "history", &lead]);
    assert!(items(&history).len() >= 3, "what happened is still told");
    assert_eq!(house.json(&["lead", "show", &lead])["erased"], true);
    // The contact is free again.
    house.said_by(&["lead", "create", "--email", email]);
}

#[test]
fn the_master_key_is_rotated_and_nothing_is_lost() {
    let house = House::start(&[]);
    let created = house.json(&["lead", "create", "--name", "Ключник"]);
    let lead = created["aggregate_id"].as_str().or(created["id"].as_str()).unwrap().to_owned();
    house.said_by(&["keys", "rotate"]);
    house.said_by(&["lead", "note", &lead, "після зміни ключа"]);
    house.said_by(&["projection", "rebuild", "--all"]);
    house.assert_sound();
    let shown = house.json(&["lead", "show", &lead]);
    assert_eq!(shown["contact"]["full_name"], "Ключник");
    assert_eq!(shown["notes"][0]["text"], "після зміни ключа");
}
