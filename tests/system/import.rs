//! A file of leads with their outcomes, imported once however often it is tried.

use crate::house::House;
use serde_json::json;
use std::path::{Path, PathBuf};

fn mapping(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy/mappings").join(name)
}

/// A small file with the header of the real one; every third lead was won, and one row is broken.
fn made_file(folder: &Path) -> PathBuf {
    let header = "Prospect ID,Lead Number,Lead Origin,Lead Source,Converted,TotalVisits,\
                  Specialization,City";
    let mut rows = vec![header.to_owned()];
    for number in 0..60 {
        let won = u8::from(number % 3 == 0);
        let source = ["Google", "Reference", "Olark Chat"][number % 3];
        rows.push(format!("made-{number},{number},API,{source},{won},{number},Finance,Kyiv"));
    }
    rows.push("made-broken,61,API,Google,0,many,Finance,Kyiv".to_owned());
    let path = folder.join("leads.csv");
    std::fs::write(&path, rows.join("\n")).unwrap();
    path
}

#[test]
fn a_file_is_imported_once_however_often_it_is_tried() {
    let house = House::start(&[]);
    let file = made_file(&house.home());
    let file = file.to_str().unwrap();
    let mapping = mapping("xeducation.toml");
    let arguments = ["import", "leads", file, "--mapping", mapping.to_str().unwrap()];
    let first = house.json(&arguments);
    assert_eq!(first, json!({ "imported": 60, "skipped": 0, "refused": 1 }));
    let report = std::fs::read_to_string(format!("{file}.report.csv")).unwrap();
    assert!(report.contains("62"), "the broken row's line is not in the report: {report}");
    let again = house.json(&arguments);
    assert_eq!(again, json!({ "imported": 0, "skipped": 60, "refused": 1 }));
    let stats = house.until("the imported sales", || {
        let stats = house.json(&["stats"]);
        (stats["overview"]["converted"] == 20).then_some(stats)
    });
    assert_eq!(stats["overview"]["leads"], 60);
    assert_eq!(stats["overview"]["sales"], 20);
    assert_eq!(stats["overview"]["revenue"], json!([]), "an unknown amount is no revenue");
    house.assert_sound();
}

#[test]
fn of_two_rows_with_the_same_contact_the_first_line_is_imported_however_many_are_under_way() {
    const PAIRS: usize = 40;
    let house = House::start(&[]);
    let mut rows = vec!["id,full_name,phone,email".to_owned()];
    for number in 0..PAIRS {
        rows.push(format!("{number}-a,First {number},0671000{number:03},"));
        rows.push(format!("{number}-b,Second {number},+380671000{number:03},"));
    }
    let file = house.home().join("twins.csv");
    std::fs::write(&file, rows.join("\n")).unwrap();
    let (file, mapping) = (file.to_str().unwrap(), mapping("plain.toml"));
    let arguments = ["import", "leads", file, "--mapping", mapping.to_str().unwrap()];
    let rehearsed = house.json(&[&arguments[..], &["--dry-run"]].concat());
    let expected =
        json!({ "dry_run": true, "would_import": PAIRS, "would_skip": 0, "would_refuse": PAIRS });
    assert_eq!(rehearsed, expected);
    let first = house.json(&[&arguments[..], &["--concurrency", "64"]].concat());
    assert_eq!(first, json!({ "imported": PAIRS, "skipped": 0, "refused": PAIRS }));
    let report = std::fs::read_to_string(format!("{file}.report.csv")).unwrap();
    for (row, line) in report.lines().skip(1).enumerate() {
        let fate = if row % 2 == 0 { ",imported," } else { ",refused," };
        assert!(line.contains(fate), "line {}: {line}", row + 2);
        assert!(row % 2 == 0 || line.contains("has the same phone"), "{line}");
    }
    let again = house.json(&arguments);
    assert_eq!(again, json!({ "imported": 0, "skipped": PAIRS, "refused": PAIRS }));
    house.assert_sound();
}
