//! Who may call what: every route of the interface's document, with every role, scope and
//! workspace, does what the document promises.

use crate::house::House;
use crate::web::{Answer, Web, token};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The scopes that no role is needed for.
pub const EVERYDAY: [&str; 6] =
    ["leads:read", "leads:write", "sales:read", "sales:write", "stats:read", "files"];
const ADMINS: [&str; 2] = ["export", "admin"];

/// An operation as the document has it.
struct Operation {
    name: String,
    method: String,
    path: String,
    scope: Option<String>,
    role: usize,
    body: Option<Value>,
}

fn rank(role: &str) -> usize {
    ["agent", "manager", "admin"].iter().position(|one| *one == role).unwrap()
}

fn operations() -> Vec<Operation> {
    let document = ael_api::openapi();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            let content = &operation["requestBody"]["content"]["application/json"];
            let body = content.is_object().then(|| content["example"].clone());
            assert_ne!(body, Some(Value::Null), "{name} has no example: it cannot be called");
            all.push(Operation {
                name,
                method: method.to_uppercase(),
                path: path.clone(),
                scope: operation["x-ael-scope"].as_str().map(str::to_owned),
                role: rank(operation["x-ael-role"].as_str().unwrap()),
                body,
            });
        }
    }
    all
}

/// A member, and what they have to be called with.
pub struct Somebody {
    role: &'static str,
    pub id: String,
    lead: String,
    pub sale: String,
    pub token_id: String,
}

/// A workspace with its Admin, a colleague and somebody who is invited.
pub struct World {
    pub admin: Web,
    pub colleague: String,
    pub invitation: String,
}

impl World {
    /// The first workspace, called by its Admin.
    pub fn of(house: &House) -> Self {
        let admin = Web::of(house, 1, &token(house, None, &["admin"]));
        let colleague = json!({ "name": "Colleague", "role": "agent" });
        let colleague = admin.post("/members", &colleague).id();
        let invited = admin.post("/invitations", &json!({ "name": "Guest", "role": "agent" }));
        Self { admin, colleague, invitation: invited.id() }
    }

    /// A new lead.
    pub fn lead(&self, owner: Option<&str>) -> String {
        let lead = json!({
            "contact": { "full_name": "Канарейка", "email": format!("{}@example.com", uuid()) },
            "business_domain": "first", "owner": owner,
        });
        self.admin.post("/leads", &lead).id()
    }

    /// Somebody with a lead, a sale and a token of their own.
    pub fn somebody(&self, house: &House, role: &'static str, name: &str) -> Somebody {
        let id = if role == "admin" {
            self.admin.get("/me").id()
        } else {
            let member = json!({ "name": name, "role": role });
            self.admin.post("/members", &member).id()
        };
        let lead = self.lead(Some(&id));
        let sold = self.lead(Some(&id));
        for stage in ["contacted", "qualified"] {
            let moved =
                self.admin.post(&format!("/leads/{sold}/stage"), &json!({ "stage": stage }));
            assert_eq!(moved.status, 200, "{moved:?}");
        }
        let reason = json!({ "reason": "agreed by phone" });
        let transferred = self.admin.post(&format!("/leads/{sold}/transfer"), &reason);
        assert_eq!(transferred.status, 202, "{transferred:?}");
        let sale = house.until("the sale is open", || {
            let lead = self.admin.get(&format!("/leads/{sold}"));
            let sale = lead.json()["sale_id"].as_str()?.to_owned();
            (self.admin.get(&format!("/sales/{sale}")).status == 200).then_some(sale)
        });
        let label = json!({ "label": "x", "scopes": ["leads:read"], "member_id": id });
        let token_id = self.admin.post("/tokens", &label).id();
        Somebody { role, id, lead, sale, token_id }
    }

    /// Calls an operation as somebody, with what is theirs.
    fn call(&self, operation: &Operation, web: &Web, who: &Somebody, scope: &str) -> Answer {
        let of_lead = operation.path.starts_with("/leads/{id}");
        let lead = match (operation.name.as_str(), operation.method.as_str()) {
            ("assign_lead", _) => self.lead(None),
            (_, "GET") => who.lead.clone(),
            _ if of_lead => self.lead(Some(&who.id)),
            _ => who.lead.clone(),
        };
        let id = match operation.path.split('/').nth(1).unwrap() {
            "leads" => lead,
            "sales" => who.sale.clone(),
            "members" => self.colleague.clone(),
            "invitations" => self.invitation.clone(),
            _ => who.token_id.clone(),
        };
        let path = operation.path.replace("{id}", &id).replace("{note_id}", &uuid());
        let mut body = operation.body.clone();
        match (operation.name.as_str(), &mut body) {
            ("assign_lead", Some(body)) => body["owner"] = json!(who.id),
            ("create_token", Some(body)) => body["scopes"] = json!([scope]),
            ("create_lead", Some(body)) => {
                *body = json!({ "contact": { "email": format!("{}@example.com", uuid()) } });
            }
            ("bulk_leads", Some(body)) => {
                *body = json!({ "items": [{ "lead_id": who.lead, "do": "note",
                                            "with": { "text": "a note" } }] });
            }
            _ => {}
        }
        web.send(&operation.method, &path, &[], body.map(|body| body.to_string()).as_deref())
    }
}

/// A new id that nothing has.
pub fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Whether somebody was let in. A bulk answers for each item; a socket asks for an upgrade.
fn let_in(operation: &Operation, answer: &Answer) -> bool {
    assert!(answer.status < 500, "{}: {answer:?}", operation.name);
    let status = match operation.name.as_str() {
        "bulk_leads" if answer.status == 200 => {
            answer.json()["items"][0]["status"].as_u64().unwrap()
        }
        _ => u64::from(answer.status),
    };
    !matches!(status, 401 | 403)
}

#[test]
fn every_route_lets_in_whom_the_document_promises_and_nobody_else() {
    let house = House::start(&[]);
    let world = World::of(&house);
    let people = [
        world.somebody(&house, "agent", "Ada"),
        world.somebody(&house, "manager", "Max"),
        world.somebody(&house, "admin", ""),
    ];
    let operations = operations();
    assert!(operations.len() > 50);
    let mut wrong = Vec::new();
    for who in &people {
        let admins = ADMINS.iter().filter(|_| who.role == "admin");
        for scope in EVERYDAY.iter().chain(admins) {
            let web = world.admin.with(&token(&house, Some(&who.id), &[scope]));
            for operation in &operations {
                let answer = world.call(operation, &web, who, scope);
                let has_scope = *scope == "admin"
                    || operation.scope.as_deref().is_none_or(|needed| needed == *scope);
                let promised = has_scope && rank(who.role) >= operation.role;
                if let_in(operation, &answer) != promised {
                    let name = &operation.name;
                    wrong.push(format!("{name} as {} with {scope}: {answer:?}", who.role));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_route_reaches_into_another_workspace() {
    let house = House::start(&[]);
    let world = World::of(&house);
    let victim = world.somebody(&house, "admin", "");
    let before = world.admin.get(&format!("/leads/{}", victim.lead)).json();

    let founded = house.json(&["workspace", "create", "Elsewhere", "--admin", "Eve"]);
    let text = founded.to_string();
    let foreign =
        house.json(&["--workspace", "elsewhere", "token", "create", "x", "--scope", "admin"]);
    let foreign = world.admin.with(foreign["token"].as_str().unwrap());
    assert_eq!(foreign.get("/me").status, 200, "{text}");

    let mut reached = BTreeMap::new();
    for operation in operations().iter().filter(|one| one.path.contains("{id}")) {
        let mut path = operation.path.replace("{note_id}", &uuid());
        let id = match path.split('/').nth(1).unwrap() {
            "leads" => &victim.lead,
            "sales" => &victim.sale,
            "members" => &world.colleague,
            "invitations" => &world.invitation,
            _ => &victim.token_id,
        };
        path = path.replace("{id}", id);
        let body = operation.body.as_ref().map(Value::to_string);
        let answer = foreign.send(&operation.method, &path, &[], body.as_deref());
        if answer.status != 404 {
            reached.insert(operation.name.clone(), answer);
        }
    }
    assert!(reached.is_empty(), "{reached:#?}");
    for list in ["/leads", "/sales", "/invitations"] {
        assert_eq!(foreign.get(list).json()["items"], json!([]), "{list}");
    }
    let by_id = foreign.get(&format!("/audit/events?lead_id={}", victim.lead));
    assert_eq!(by_id.body.trim(), "", "{by_id:?}");
    assert_eq!(world.admin.get(&format!("/leads/{}", victim.lead)).json(), before);
}
