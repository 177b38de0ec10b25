//! Who signed in, and in which role: by identity, by e-mail address, and how fast a change binds.
//! On a real store, with a provider that speaks real HTTP.

use crate::oidc::testing::{Provider, TestKey};
use crate::oidc::{Oidc, Signing, identity_lookup};
use crate::{Denied, Directory, Principal};
use ael_events::actor::Actor;
use ael_events::command::Credential;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::subjects::Edge;
use ael_events::values::{Role, Scope};
use ael_store::testing::TestDatabase;
use ael_store::{DbRole, PoolOptions};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::{Duration, Instant};

struct House {
    database: Option<TestDatabase>,
    superuser: PgPool,
    directories: Vec<Directory>,
    provider: Provider,
    key: TestKey,
    workspace: WorkspaceId,
}

/// The database goes with its house, also when the test fails.
impl Drop for House {
    fn drop(&mut self) {
        let Some(database) = self.database.take() else { return };
        let removing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(database.remove()).unwrap();
        });
        let removed = removing.join();
        assert!(removed.is_ok() || std::thread::panicking(), "a database stays behind");
    }
}

async fn connect(database: &TestDatabase, role: DbRole) -> PgPool {
    let url = database.url(role).unwrap();
    ael_store::connect(&url, role, &PoolOptions::default()).await.unwrap()
}

impl House {
    async fn build() -> Self {
        let server = std::env::var(ael_store::testing::VARIABLE).unwrap();
        let others = [("read", &ael_projections::MIGRATOR)];
        let database = TestDatabase::create_at(&server, &others).await.unwrap();
        let projector = connect(&database, DbRole::Projections).await;
        ael_projections::ensure(&projector).await.unwrap();
        let superuser = PgPool::connect(database.superuser_url()).await.unwrap();
        let key = TestKey::edwards("one");
        let provider = Provider::start([&key]).await;
        let mut directories = Vec::new();
        for role in [DbRole::Commands, DbRole::Queries] {
            let config = provider.config(&[("OIDC_ALGORITHMS", "EdDSA")]);
            let directory = Directory::new(connect(&database, role).await);
            directories.push(directory.with_provider(Some(Oidc::new(config).unwrap())));
        }
        let workspace = WorkspaceId::generate();
        Self { database: Some(database), superuser, directories, provider, key, workspace }
    }

    async fn write(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.superuser).await.expect(sql);
    }

    async fn member(&self, role: Role, email: &str) -> MemberId {
        let (id, here) = (MemberId::generate(), self.workspace);
        self.write(&format!(
            "INSERT INTO write.principals VALUES ('{here}', '{id}', '{role}', true, 1);
             INSERT INTO rm_members_1.members (workspace, id, version, name, email, role, language,
                 active, telegram_linked, bot_blocked, notifications, joined_at)
             VALUES ('{here}', '{id}', 1, 'Ada', '{email}', '{role}', 'uk', true, false, false,
                 '{{}}', now())"
        ))
        .await;
        id
    }

    async fn link(&self, member: MemberId, subject: &str) {
        let (lookup, here) = (identity_lookup(&self.provider.url, subject), self.workspace);
        self.write(&format!(
            "INSERT INTO write.credentials (kind, lookup, workspace, member)
             VALUES ('oidc', '{lookup}', '{here}', '{member}')"
        ))
        .await;
    }

    fn credential(&self, claims: Value) -> Credential {
        let claims = self.provider.claims(claims);
        Credential::Oidc { token: self.key.token(Signing::EdDsa, &claims) }
    }

    /// Who that is, as commands and queries find it out alike.
    async fn resolve(&self, claims: Value) -> Result<Principal, Denied> {
        let credential = self.credential(claims);
        let [one, other] = &self.directories[..] else { panic!("two services") };
        let resolved = one.resolve(Edge::Api, self.workspace, &credential).await;
        let also = other.resolve(Edge::Api, self.workspace, &credential).await;
        assert_eq!(format!("{resolved:?}"), format!("{also:?}"));
        resolved
    }

    async fn code(&self, claims: Value) -> String {
        self.resolve(claims).await.unwrap_err().into_refusal().unwrap().code
    }
}

fn verified(email: &str) -> Value {
    json!({ "email": email, "email_verified": true })
}

const fn person(id: MemberId, role: Role) -> Actor {
    Actor::Member { id, role }
}

#[tokio::test]
async fn whose_address_the_provider_vouches_for_is_the_one_active_member_who_has_it() {
    let house = House::build().await;
    let ada = house.member(Role::Manager, "Ada@Example.com").await;
    let principal = house.resolve(verified("aDA@example.com")).await.unwrap();
    assert_eq!(principal.actor, person(ada, Role::Manager));
    let scopes = principal.scopes.unwrap();
    assert!(scopes.contains(&Scope::LeadsWrite) && !scopes.contains(&Scope::Admin));
    let unverified = json!({ "email": "ada@example.com" });
    assert_eq!(house.code(unverified).await, "email_not_verified");
    for nobody in [verified("eve@example.com"), verified("da@example.com"), json!({})] {
        assert_eq!(house.code(nobody).await, "identity_not_linked");
    }
    house.member(Role::Admin, "ada@example.com").await;
    assert_eq!(
        house.directories[0]
            .resolve_anew(
                Edge::Api,
                house.workspace,
                &house.credential(verified("ada@example.com"))
            )
            .await
            .unwrap_err()
            .to_string(),
        Denied::UnknownIdentity.to_string(),
        "two are nobody"
    );
}

#[tokio::test]
async fn the_role_is_the_members_own_whatever_the_token_says() {
    let house = House::build().await;
    let ada = house.member(Role::Agent, "ada@example.com").await;
    let mut claims = verified("ada@example.com");
    claims["roles"] = json!(["admin"]);
    claims["scope"] = "admin leads:read".into();
    let principal = house.resolve(claims).await.unwrap();
    assert_eq!(principal.actor, person(ada, Role::Agent));
}

#[tokio::test]
async fn a_linked_identity_is_whose_it_was_linked_to_and_no_other_one_is_them() {
    let house = House::build().await;
    let ada = house.member(Role::Agent, "ada@example.com").await;
    let bob = house.member(Role::Agent, "bob@example.com").await;
    house.link(bob, "auth0|7").await;
    let claims = |subject: &str, email: &str| {
        let verified = true;
        json!({ "sub": subject, "email": email, "email_verified": verified })
    };
    let by_identity = house.resolve(claims("auth0|7", "ada@example.com")).await.unwrap();
    assert_eq!(by_identity.actor, person(bob, Role::Agent));
    let without_email = house.resolve(json!({ "sub": "auth0|7" })).await.unwrap();
    assert_eq!(without_email.actor, person(bob, Role::Agent));
    let by_address = house.resolve(claims("auth0|8", "ada@example.com")).await.unwrap();
    assert_eq!(by_address.actor, person(ada, Role::Agent));
    assert_eq!(house.code(claims("auth0|8", "bob@example.com")).await, "identity_not_linked");
}

#[tokio::test]
async fn an_identity_opens_the_workspace_of_its_member_and_no_other() {
    let house = House::build().await;
    let ada = house.member(Role::Admin, "ada@example.com").await;
    house.link(ada, "auth0|7").await;
    house.member(Role::Admin, "bob@example.com").await;
    for directory in &house.directories {
        for claims in [json!({}), verified("bob@example.com")] {
            let credential = house.credential(claims);
            let other = WorkspaceId::generate();
            let resolved = directory.resolve(Edge::Api, other, &credential).await;
            assert!(matches!(resolved, Err(Denied::UnknownIdentity)), "{resolved:?}");
        }
    }
}

#[tokio::test]
async fn sign_in_is_good_for_the_api_and_the_assistant_alone_and_only_with_a_provider() {
    let house = House::build().await;
    house.member(Role::Agent, "ada@example.com").await;
    let credential = house.credential(verified("ada@example.com"));
    for edge in [Edge::Bot, Edge::Jobs, Edge::Cli, Edge::Scoring, Edge::Transcription] {
        let resolved = house.directories[0].resolve(edge, house.workspace, &credential).await;
        assert!(matches!(resolved, Err(Denied::NotOnThisEdge)), "{edge} {resolved:?}");
    }
    let assistant = house.directories[0].resolve(Edge::Assistant, house.workspace, &credential);
    assert!(assistant.await.is_ok(), "on behalf of who asked it by the API");
    let pool = connect(house.database.as_ref().unwrap(), DbRole::Queries).await;
    let without = Directory::new(pool);
    let resolved = without.resolve(Edge::Api, house.workspace, &credential).await;
    assert_eq!(resolved.unwrap_err().into_refusal().unwrap().code, "bad_token");
}

#[tokio::test]
async fn a_demotion_a_deactivation_and_an_unlinking_bind_within_a_second() {
    let house = House::build().await;
    let ada = house.member(Role::Admin, "ada@example.com").await;
    let bob = house.member(Role::Admin, "bob@example.com").await;
    house.link(bob, "auth0|7").await;
    let claims = |who: MemberId| match who == ada {
        true => json!({ "sub": "auth0|8", "email": "ada@example.com", "email_verified": true }),
        false => json!({}),
    };
    let within_a_second = async |what: &str, holds: &dyn Fn(&Result<Principal, Denied>) -> bool| {
        for who in [ada, bob] {
            let (credential, began) = (house.credential(claims(who)), Instant::now());
            for directory in &house.directories {
                loop {
                    let resolved = directory.resolve(Edge::Api, house.workspace, &credential).await;
                    if holds(&resolved) {
                        break;
                    }
                    let late = began.elapsed() > Duration::from_secs(1);
                    assert!(!late, "{what}: {resolved:?}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    };
    let role = |resolved: &Result<Principal, Denied>| match resolved {
        Ok(Principal { actor: Actor::Member { role, .. }, .. }) => Some(*role),
        Ok(_) | Err(_) => None,
    };
    within_a_second("both are admins", &|resolved| role(resolved) == Some(Role::Admin)).await;
    house.write("UPDATE write.principals SET role = 'agent'").await;
    within_a_second("a demotion", &|resolved| role(resolved) == Some(Role::Agent)).await;
    house.write("UPDATE write.principals SET active = false").await;
    within_a_second("a deactivation", &|resolved| matches!(resolved, Err(Denied::Deactivated)))
        .await;
    house.write("UPDATE write.principals SET active = true").await;
    house
        .write("DELETE FROM write.credentials; UPDATE rm_members_1.members SET email = NULL")
        .await;
    within_a_second("an unlinking and a change of address", &|resolved| {
        matches!(resolved, Err(Denied::UnknownIdentity))
    })
    .await;
}
