//! Every operation of the interface's document, called with what makes no sense: it is refused
//! with a problem that the document knows, nothing breaks, and nobody is named in a log.

use crate::hostile::{Call, Hostile, MAIL, Operation, PERSON, operations};
use crate::house::House;
use crate::matrix::{EVERYDAY, Somebody, World, uuid};
use crate::web::{Answer, Web, token};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many call at once.
const CALLERS: usize = 6;
/// What no answer says: how it was made.
const INSIDES: [&str; 22] = [
    "backtrace",
    "enum",
    "f64",
    "i32",
    "i64",
    "i8",
    "internally",
    "newtype",
    "panicked",
    "postgres",
    "rs",
    "serde",
    "sqlstate",
    "sqlx",
    "struct",
    "tuple",
    "u16",
    "u32",
    "u64",
    "u8",
    "untagged",
    "usize",
];

/// Somebody with what is theirs, and a token.
struct Caller {
    who: Somebody,
    web: Web,
    /// Whether they may do whatever there is to be done.
    may_all: bool,
}

/// What was answered other than it should be.
#[derive(Default)]
struct Findings(Mutex<Vec<String>>);

impl Findings {
    fn add(&self, operation: &Operation, call: &Call, wrong: &str, answer: &Answer) {
        let Operation { method, name, .. } = operation;
        let target: String = String::from_utf8_lossy(&call.target).chars().take(200).collect();
        let body = call.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let body: String = body.chars().take(200).collect();
        let told: String = answer.body.chars().take(600).collect();
        let status = answer.status;
        self.0.lock().unwrap().push(format!(
            "{name}, {}: {wrong}\n  {method} {target}\n  {body}\n  → {status} {told}",
            call.what
        ));
    }
}

/// What is wrong with an answer, if anything is.
fn wrong(operation: &Operation, answer: &Answer) -> Option<String> {
    if answer.status >= 500 {
        return Some("a failure".to_owned());
    }
    if !operation.statuses.contains(&answer.status) {
        return Some(format!("the document does not know {}", answer.status));
    }
    let kind = answer.headers.get("content-type").map(String::as_str).unwrap_or_default();
    if answer.status < 400 {
        let lines = answer.body.lines().filter(|line| !line.is_empty());
        let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        let whole = match kind {
            "application/json" => is_json(&answer.body),
            "application/x-ndjson" => lines.clone().all(is_json) && answer.body.ends_with('\n'),
            _ => false,
        };
        return (!whole).then(|| format!("no JSON, but {kind}"));
    }
    if kind != "application/problem+json" {
        return Some(format!("no problem, but {kind:?}"));
    }
    let Ok(problem) = serde_json::from_str::<Value>(&answer.body) else {
        return Some("a problem that is no JSON".to_owned());
    };
    for field in ["type", "title", "code", "detail", "request_id"] {
        if problem[field].as_str().is_none_or(str::is_empty) {
            return Some(format!("a problem without {field}"));
        }
    }
    if problem["status"] != answer.status {
        return Some("a problem with another status".to_owned());
    }
    let lower = answer.body.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    let inside = words.find(|word| INSIDES.contains(word));
    let path = answer.body.contains("::").then_some("::");
    inside.or(path).map(|word| format!("it tells of its insides: {word}"))
}

/// A body that makes sense: the document's example, about what there is here.
fn sensible(world: &World, operation: &Operation, who: &Somebody) -> Option<Value> {
    let mut body = operation.body.clone()?;
    match operation.name.as_str() {
        "create_lead" => {
            body["contact"] = json!({ "full_name": PERSON, "email": mail(), "company": PERSON });
            body["intent"] = json!(PERSON);
        }
        "edit_lead" => body["contact"]["full_name"] = json!(PERSON),
        "assign_lead" => body["owner"] = json!(who.id),
        "merge_lead" => body["other"] = json!(world.lead(Some(&who.id))),
        "bulk_leads" => {
            let lead = world.lead(Some(&who.id));
            body["items"][0]["with"]["contact"]["email"] = json!(mail());
            body["items"][1]["with"]["owner"] = json!(who.id);
            body["items"][1]["lead_id"] = json!(lead);
            body["items"][2]["lead_id"] = json!(lead);
        }
        "add_member" => body["email"] = json!(mail()),
        _ => {}
    }
    for words in ["text", "label", "name"] {
        if body[words].is_string() {
            body[words] = json!(PERSON);
        }
    }
    Some(body)
}

fn mail() -> String {
    format!("{}@{MAIL}", uuid())
}

/// What stands in the path. Nobody's own membership and no token by which is called: who locks
/// themselves out is refused from then on, and nothing more would be found.
fn id_of(world: &World, operation: &Operation, who: &Somebody) -> String {
    match operation.path.split('/').nth(1).unwrap() {
        "leads" => world.lead(Some(&who.id)),
        "sales" => who.sale.clone(),
        "members" => world.colleague.clone(),
        "invitations" => world.invitation.clone(),
        _ => who.token_id.clone(),
    }
}

/// Calls one operation in every way; says how often.
fn call(
    world: &World,
    operation: &Operation,
    caller: &Caller,
    (foreign, seed): (&str, u64),
    findings: &Findings,
) -> usize {
    let mut hostile = Hostile {
        random: StdRng::seed_from_u64(seed),
        operation,
        ids: [id_of(world, operation, &caller.who), uuid()],
        body: sensible(world, operation, &caller.who),
        foreign,
    };
    let calls = hostile.calls();
    for (number, call) in calls.iter().enumerate() {
        let headers: Vec<(&str, &[u8])> =
            call.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let answer =
            caller.web.send_bytes(&operation.method, &call.target, &headers, call.body.as_deref());
        let answer = answer.unwrap_or_else(|error| {
            panic!("{}, {}: {error}", operation.name, call.what);
        });
        if let Some(wrong) = wrong(operation, &answer) {
            findings.add(operation, call, &wrong, &answer);
        }
        // What is not there (a note) or not so now is no defect of the request; a socket asks for
        // more than these requests bring.
        let taken = answer.status < 400 || [404, 409, 426].contains(&answer.status);
        if number == 0 && caller.may_all && !taken {
            findings.add(operation, call, "it makes sense and is refused", &answer);
        }
    }
    calls.len()
}

fn seed() -> u64 {
    let given = std::env::var("AEL_TEST_SEED").ok();
    let read = |seed: String| {
        seed.parse().unwrap_or_else(|_| panic!("AEL_TEST_SEED is a whole number, not {seed:?}"))
    };
    given.map_or_else(|| rand::rng().next_u64() % 1_000_000, read)
}

/// An Admin and an Agent with what they need.
fn callers(house: &House, world: &World) -> [Caller; 2] {
    let words = json!({ "business_domains": ["first", "solar"], "tags": ["vip"] });
    let taken = world.admin.send("PATCH", "/workspace", &[], Some(&words.to_string()));
    assert_eq!(taken.status, 200, "{taken:?}");
    let admin = world.somebody(house, "admin", "");
    let agent = world.somebody(house, "agent", "Ada");
    let everyday = world.admin.with(&token(house, Some(&agent.id), &EVERYDAY));
    [
        Caller { who: admin, web: world.admin.clone(), may_all: true },
        Caller { who: agent, web: everyday, may_all: false },
    ]
}

/// A lead of another workspace.
fn foreign_lead(house: &House, world: &World) -> String {
    house.json(&["workspace", "create", "Elsewhere", "--admin", "Eve"]);
    let token =
        house.json(&["--workspace", "elsewhere", "token", "create", "x", "--scope", "admin"]);
    let foreign = world.admin.with(token["token"].as_str().unwrap());
    foreign.post("/leads", &json!({ "contact": { "full_name": "Eve's" } })).id()
}

#[test]
fn whatever_is_sent_is_answered_as_the_document_says_and_names_nobody_in_a_log() {
    let seed = seed();
    println!("AEL_TEST_SEED={seed}");
    let house = House::start(&[]);
    let world = World::of(&house);
    let (callers, foreign) = (callers(&house, &world), foreign_lead(&house, &world));
    let operations = operations();
    let (findings, next, sent) = (Findings::default(), AtomicUsize::new(0), AtomicUsize::new(0));
    let tasks = operations.len() * callers.len();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::SeqCst);
                    if task >= tasks {
                        return;
                    }
                    let operation = &operations[task / callers.len()];
                    let caller = &callers[task % callers.len()];
                    let of_task = (foreign.as_str(), seed.wrapping_add(task as u64));
                    let calls = call(&world, operation, caller, of_task, &findings);
                    sent.fetch_add(calls, Ordering::SeqCst);
                }
            });
        }
    });
    let (sent, findings) = (sent.into_inner(), findings.0.into_inner().unwrap());
    println!("{sent} requests to {} operations", operations.len());
    assert!(sent > 15 * tasks, "only {sent} requests to {tasks} operations and tokens");
    let many = findings.len();
    assert!(many == 0, "AEL_TEST_SEED={seed}: {many} differ:\n{}", findings.join("\n"));
    assert_nobody_is_named(&house);
    house.assert_sound();
}

/// Nobody who was in a request is in a log.
fn assert_nobody_is_named(house: &House) {
    let mut looked_at = 0;
    for log in std::fs::read_dir(house.home().join("logs")).unwrap() {
        let path = log.unwrap().path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        looked_at += text.len();
        let named = text.lines().find(|line| line.contains(PERSON) || line.contains(MAIL));
        assert_eq!(named, None, "somebody is named in {}", path.display());
    }
    assert!(looked_at > 0, "there are no logs");
    let said = house.said();
    assert!(!said.contains(PERSON) && !said.contains(MAIL), "somebody is named: {said}");
}
