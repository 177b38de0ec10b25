//! Whether all is sound, asked over the bus as the API asks it: by Admins alone, in pages.

use crate::audit::as_superuser;
use crate::house::{House, items};
use ael_client::{Client, ClientError};
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{Fault, VerifyPage, VerifyRequest};
use ael_events::subjects::Edge;

/// What the pages of a whole audit say together.
struct Audited {
    pages: usize,
    all: VerifyPage,
}

struct Asker {
    client: Client,
    workspace: WorkspaceId,
    credential: Credential,
}

impl Asker {
    async fn with(house: &House, workspace: WorkspaceId, token: &str) -> Self {
        let client = Client::new(house.bus("api").await, Edge::Api);
        Self { client, workspace, credential: Credential::Token { token: token.into() } }
    }

    fn request(&self, budget_ms: u32, cursor: Option<String>) -> VerifyRequest {
        let credential = self.credential.clone();
        VerifyRequest { credential, cursor, budget_ms: Some(budget_ms), head: None }
    }

    async fn ask(&self, request: &VerifyRequest) -> Result<VerifyPage, ClientError> {
        self.client.verify(self.workspace, request).await
    }

    /// Page by page to the end.
    async fn audit(&self, budget_ms: u32) -> Audited {
        let mut audited = Audited { pages: 0, all: VerifyPage::default() };
        let mut cursor = None;
        loop {
            let page = self.ask(&self.request(budget_ms, cursor)).await.unwrap();
            audited.pages += 1;
            audited.all.checked += page.checked;
            audited.all.events += page.events;
            audited.all.faults_found += page.faults_found;
            audited.all.faults.extend(page.faults);
            audited.all.chain = page.chain.or(audited.all.chain);
            let Some(next) = page.next_cursor else { return audited };
            cursor = Some(next);
        }
    }

    async fn refusal(&self) -> String {
        self.refusal_of(&self.request(1_000, None)).await
    }

    async fn refusal_of(&self, request: &VerifyRequest) -> String {
        match self.ask(request).await {
            Err(ClientError::Rejected(refusal)) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }
}

fn token(house: &House, arguments: &[&str]) -> String {
    let mut all = vec!["token", "create", "for a test"];
    all.extend(arguments);
    house.json(&all)["token"].as_str().unwrap().to_owned()
}

fn named<'a>(faults: &'a [Fault], what: &str, aggregate: &str) -> Option<&'a Fault> {
    let is_it =
        |fault: &&Fault| fault.what == what && fault.aggregate.as_deref() == Some(aggregate);
    faults.iter().find(is_it)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_is_told_page_by_page_whether_all_is_sound_and_each_damage_is_named() {
    let house = House::start(&[]);
    let workspace = house.first_workspace().0;
    let name = "Канарейка Жовтопера";
    let created = house.json(&["lead", "create", "--name", name, "--phone", "0671234567"]);
    let lead = created["aggregate_id"].as_str().or(created["id"].as_str()).unwrap().to_owned();
    house.said_by(&["lead", "contact", &lead]);
    house.assert_sound();

    let admin = Asker::with(&house, workspace, &token(&house, &["--scope", "admin"])).await;
    let sound = admin.audit(10_000).await;
    assert_eq!((sound.all.faults_found, &sound.all.faults), (0, &Vec::new()));
    let chain = sound.all.chain.unwrap();
    assert!(chain.ok && chain.verified_to > 0, "{chain:?}");
    // One workspace, one member, one token, one lead.
    assert_eq!((sound.pages, sound.all.checked, sound.all.events), (1, 4, 5));

    let hasty = admin.audit(1).await;
    assert!(hasty.pages > 3, "a page stops when its time is over: {}", hasty.pages);
    assert_eq!((hasty.all.checked, hasty.all.events, hasty.all.faults_found), (4, 5, 0));

    let mut kept = admin.request(10_000, None);
    kept.head = chain.head.clone();
    assert_eq!(admin.ask(&kept).await.unwrap().faults_found, 0);
    kept.head = Some(format!("{}9:{}@1.1.1", chain.verified_to, "ab".repeat(32)));
    let cut = admin.ask(&kept).await.unwrap();
    assert!(cut.faults.iter().any(|fault| fault.detail.contains("cut off")), "{cut:?}");

    as_superuser(&house, "UPDATE rm_lead_board_1.leads SET stage = 'lost'").await;
    as_superuser(&house, "UPDATE rm_lead_board_1.leads SET contact = '{}'").await;
    let damaged = admin.audit(10_000).await.all;
    let aggregate = format!("lead/{lead}");
    let row = named(&damaged.faults, "lead_board", &aggregate);
    let row = row.unwrap_or_else(|| panic!("the row is not named: {damaged:?}"));
    assert_eq!(row.detail, "history says contacted, read model lost");
    assert_eq!(row.field.as_deref(), Some("leads.stage"));
    let told = serde_json::to_string(&damaged.faults).unwrap();
    assert!(told.contains("what it says is not told") && !told.contains(name), "{told}");
    assert!(damaged.chain.unwrap().ok, "history itself is as it was");

    let rewrite = "SET session_replication_role = replica; \
        UPDATE write.events SET \"timestamp\" = \"timestamp\" - interval '1 day' \
        WHERE event_type = 'lead.contacted.v1'";
    as_superuser(&house, rewrite).await;
    let damaged = admin.audit(10_000).await.all;
    let event = named(&damaged.faults, "chain", &aggregate);
    let event = event.unwrap_or_else(|| panic!("the event is not named: {damaged:?}"));
    assert!(event.detail.contains("event 2") && event.detail.contains("changed"), "{event:?}");
    assert!(!damaged.chain.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_workspaces_own_admins_may_ask_and_others_are_told_why() {
    let house = House::start(&[]);
    let workspace = house.first_workspace().0;
    house.said_by(&["member", "add", "Ira Melnyk", "--role", "agent"]);
    house.said_by(&["member", "add", "Bohdan Koval", "--role", "manager"]);
    house.said_by(&["workspace", "create", "Other", "--admin", "Eva Other"]);
    let others = house.json(&["workspace", "list"]);
    let other = items(&others).iter().find(|one| one["name"] == "Other").unwrap();
    let other: WorkspaceId = other["id"].as_str().unwrap().parse().unwrap();

    let agent = token(&house, &["--member", "ira", "--scope", "leads:read"]);
    let manager = token(&house, &["--member", "bohdan", "--scope", "stats:read"]);
    let narrow = token(&house, &["--scope", "leads:read", "--scope", "stats:read"]);
    let stranger =
        house.json(&["--workspace", "other", "token", "create", "for a test", "--scope", "admin"]);
    let stranger = stranger["token"].as_str().unwrap();
    for (whose, token, code) in [
        ("an agent's", agent.as_str(), "scope_missing"),
        ("a manager's", &manager, "scope_missing"),
        ("an admin's for less", &narrow, "scope_missing"),
        ("another workspace's admin's", stranger, "bad_token"),
        ("nobody's", "ael_x", "bad_token"),
    ] {
        let asker = Asker::with(&house, workspace, token).await;
        assert_eq!(asker.refusal().await, code, "{whose} token");
    }
    let own = Asker::with(&house, other, stranger).await;
    assert_eq!(own.audit(10_000).await.all.faults_found, 0);

    // The role decides, not what a credential could carry.
    let members = house.json(&["member", "list"]);
    let cli = house.client().await;
    for (name, code) in [("Ira Melnyk", "forbidden"), ("Bohdan Koval", "forbidden")] {
        let member = items(&members).iter().find(|one| one["name"] == name).unwrap();
        let id = member["id"].as_str().unwrap().parse().unwrap();
        let credential = Credential::Operator { as_member: Some(id) };
        let asker = Asker { client: cli.clone(), workspace, credential };
        assert_eq!(asker.refusal().await, code, "{name}");
    }
    let admin = Asker::with(&house, workspace, &token(&house, &["--scope", "admin"])).await;
    let nonsense = admin.request(1_000, Some("nonsense".to_owned()));
    assert_eq!(admin.refusal_of(&nonsense).await, "invalid_cursor");
    // A cursor leads on whom it was given to, in the audit that it was made for.
    let next = admin.ask(&admin.request(1, None)).await.unwrap().next_cursor;
    assert!(next.is_some(), "all was audited within a millisecond");
    assert_eq!(own.refusal_of(&own.request(1, next.clone())).await, "cursor_mismatch");
    let with_head = Some(format!("1:{}@1.1.1", "0".repeat(64)));
    let other_audit = VerifyRequest { head: with_head, ..admin.request(1, next.clone()) };
    assert_eq!(admin.refusal_of(&other_audit).await, "cursor_mismatch");
    let mut changed = next.unwrap();
    changed.replace_range(..1, if changed.starts_with('A') { "B" } else { "A" });
    assert_eq!(admin.refusal_of(&admin.request(1, Some(changed))).await, "invalid_cursor");
    let request = VerifyRequest { head: Some("1:zz@0".to_owned()), ..admin.request(1_000, None) };
    assert_eq!(admin.refusal_of(&request).await, "malformed_head");
}
