//! What was lost of a home is asked for, never made anew beside the data that needs it.

use crate::house::House;

fn refusal(house: &House) -> String {
    let output = house.ael(&["up"]);
    assert!(!output.status.success(), "it started all the same");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_missing_or_wrong_master_key_stops_the_start_and_changes_nothing() {
    let mut house = House::start(&[]);
    house.said_by(&["lead", "create", "--name", "Ada Kept"]);
    house.stop();
    let key = house.home().join("master.key");
    let right = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let said = refusal(&house);
    assert!(said.contains("master.key is missing"), "{said}");
    assert!(!key.exists(), "a new key was made beside old data");
    let first = if right.starts_with('A') { "B" } else { "A" };
    std::fs::write(&key, format!("{first}{}", &right[1..])).unwrap();
    let said = refusal(&house);
    assert!(said.contains("not the one that this data was sealed with"), "{said}");
    std::fs::write(&key, right).unwrap();
    house.start_again(&[]);
    house.assert_sound();
    assert!(house.said_by(&["lead", "list"]).contains("Ada Kept"));
}
