//! What the command line understands and what it says: names that mean one thing, refusals in
//! parts, lists that say when there is more.

use crate::house::{House, items};
use serde_json::Value;

fn refusal(house: &House, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let output = house.ael(&all);
    assert!(!output.status.success(), "ael {} was not refused", arguments.join(" "));
    assert!(output.stdout.is_empty(), "an error is no answer");
    let said: Value = serde_json::from_slice(&output.stderr).unwrap();
    said["error"].clone()
}

fn complaint(house: &House, arguments: &[&str]) -> String {
    let output = house.ael(arguments);
    assert!(!output.status.success(), "ael {} was not refused", arguments.join(" "));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lead(house: &House, name: &str) -> String {
    let phone = format!("+3806700000{:02}", name.len());
    let create = ["lead", "create", "--name", name, "--phone", &phone, "--domain", "first"];
    house.json(&create)["aggregate_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_sale_is_named_by_its_id_its_leads_id_or_words_that_find_the_lead() {
    let house = House::start(&[]);
    let sold = lead(&house, "Олена Петренко");
    let error = refusal(&house, &["sale", "move", &sold, "kyc"]);
    assert_eq!(error["code"], "no_sale");
    assert_eq!(error["details"]["lead_id"], sold.as_str());
    house.said_by(&["lead", "contact", &sold]);
    house.said_by(&["lead", "qualify", &sold]);
    house.said_by(&["lead", "transfer", &sold, "--amount", "100", "--reason", "all is agreed"]);
    let sale = house.until("the sale to be opened", || {
        items(&house.json(&["sale", "list"])).first().map(|sale| sale["id"].clone())
    });
    let sale = sale.as_str().unwrap();
    house.said_by(&["sale", "move", &sold, "kyc"]);
    house.said_by(&["sale", "amount", "petrenko", "150"]);
    house.said_by(&["sale", "move", sale, "agreement"]);
    for name in [sale, sold.as_str(), "петренко"] {
        let shown = house.json(&["sale", "show", name]);
        assert_eq!((&shown["id"], &shown["stage"]), (&sale.into(), &"agreement".into()), "{name}");
    }
    house.said_by(&["sale", "lose", &sold, "competitor"]);
    let history = house.said_by(&["lead", "history", "petrenko"]);
    assert!(history.contains("amount=150.00 UAH"), "money is told as people tell it: {history}");
}

fn inside<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--workspace", "sales-sons"], arguments].concat()
}

#[test]
fn a_workspaces_name_is_given_once_and_a_list_says_when_there_is_more() {
    let house = House::start(&[]);
    let create = |name| ["workspace", "create", name, "--admin", "Olena Petrenko"];
    let founded = house.json(&create("Sales & Sons"));
    let error = refusal(&house, &create("SALES sons"));
    assert_eq!(error["code"], "name_taken");
    assert_eq!(error["details"]["workspace_id"], founded["aggregate_id"]);
    assert!(error["advice"].as_str().unwrap().contains("--workspace sales-sons"), "{error}");
    assert_eq!(items(&house.json(&["workspace", "list"])).len(), 2);

    let none = house.said_by(&inside(&["lead", "list"]));
    assert!(none.contains("ael lead create"), "an empty list says what to do: {none}");
    for name in ["Ada", "Boris", "Celine"] {
        house.said_by(&inside(&["lead", "create", "--name", name]));
    }
    let said = house.said_by(&inside(&["lead", "list", "--limit", "2"]));
    assert!(said.contains("--limit 10") && said.contains("--after "), "{said}");
    let first = house.json(&inside(&["lead", "list", "--limit", "2"]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = house.json(&inside(&["lead", "list", "--after", cursor]));
    assert_eq!((items(&first).len(), items(&rest).len()), (2, 1));
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[test]
fn a_refusal_comes_in_parts_and_only_a_refused_write_says_that_nothing_changed() {
    let house = House::start(&[]);
    let lead = lead(&house, "Олена Петренко");
    house.said_by(&["lead", "contact", &lead]);
    house.said_by(&["lead", "qualify", &lead]);
    let error = refusal(&house, &["lead", "transfer", &lead]);
    assert_eq!(error["code"], "override_reason_needed");
    assert_eq!(error["details"], serde_json::json!({ "advice": "missing" }));
    assert!(!error["sentence"].as_str().unwrap().contains(['{', '(']), "{error}");
    let said = complaint(&house, &["lead", "transfer", &lead]);
    assert!(said.contains("Nothing was changed (override_reason_needed)"), "{said}");
    assert!(said.contains("advice: missing") && !said.contains('{'), "{said}");

    let nobody = "018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e";
    for look in [["lead", "show", nobody], ["sale", "show", nobody], ["lead", "history", nobody]] {
        let said = complaint(&house, &look);
        assert!(said.contains("there is no such"), "{said}");
        assert!(!said.to_lowercase().contains("nothing was changed"), "{look:?}: {said}");
    }
}

#[test]
fn tokens_and_invitations_are_listed_for_whom_they_concern_and_nobody_sees_a_secret() {
    let house = House::start(&[]);
    house.said_by(&["member", "add", "Mary Manager", "--role", "manager"]);
    assert!(house.said_by(&["token", "list"]).contains("ael token create"));
    let token = house.json(&["token", "create", "website form", "--scope", "leads:write"]);
    let invitation = house.json(&["invitation", "create", "Ira Melnyk", "--role", "agent"]);
    let tokens = house.json(&["token", "list"]);
    assert_eq!(items(&tokens)[0]["label"], "website form");
    assert_eq!(items(&tokens)[0]["id"], token["token_id"]);
    let invitations = house.json(&["invitation", "list"]);
    assert_eq!(items(&invitations)[0]["name"], "Ira Melnyk");
    assert_eq!(items(&invitations)[0]["state"], "open");
    house.said_by(&["token", "revoke", token["token_id"].as_str().unwrap()]);
    house.said_by(&["invitation", "revoke", invitation["invitation_id"].as_str().unwrap()]);
    let lists = [["token", "list"], ["invitation", "list"]];
    let all: String = lists.iter().map(|list| house.said_by(list)).collect();
    assert_eq!(all.matches("revoked").count(), 2, "{all}");
    for secret in [&token["token"], &invitation["code"]] {
        let secret = secret.as_str().unwrap();
        assert!(!all.contains(secret), "a list gives a secret away");
    }
    // Everybody sees their own tokens, and who is invited is an Admin's business.
    let own = house.json(&["--as", "mary", "token", "list"]);
    assert!(items(&own).is_empty(), "{own}");
    let error = refusal(&house, &["--as", "mary", "invitation", "list"]);
    assert_eq!(error["code"], "forbidden");
    house.said_by(&["projection", "rebuild", "access"]);
    let again: String = lists.iter().map(|list| house.said_by(list)).collect();
    assert_eq!(again, all);
    house.assert_sound();
}
