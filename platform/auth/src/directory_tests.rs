//! Who is let in by which way, in which role, and how fast a change binds: on a real store.

use super::*;
use ael_events::actor::ServicePrincipal as Service;
use ael_events::command::hash_of_secret;
use ael_events::ids::{CommandId, EventId, TokenId};
use ael_events::values::{AggregateKind, Scope};
use ael_seal::MasterKeyring;
use ael_store::WriterOptions;
use ael_store::testing::TestDatabase;
use ael_store::{Append, AppendMeta, CredentialRef, DbRole, EventWriter, NewEvent, StreamAppend};
use chrono::{DateTime, TimeDelta};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct House {
    database: Option<TestDatabase>,
    writer: EventWriter,
    directory: Directory,
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

impl House {
    async fn build() -> Self {
        let database = TestDatabase::create().await.unwrap();
        let master = MasterKeyring::parse(&MasterKeyring::generate_text().unwrap()).unwrap();
        let url = database.url(DbRole::Commands).unwrap();
        let options = WriterOptions::default();
        let writer = EventWriter::connect(&url, Arc::new(master), options).await.unwrap();
        let directory = Directory::new(writer.read_pool().clone());
        let workspace = WorkspaceId::generate();
        Self { database: Some(database), writer, directory, workspace }
    }

    async fn write(&self, fill: impl FnOnce(&mut Append)) {
        let command_id = CommandId::generate();
        let meta = AppendMeta {
            actor: Actor::Operator,
            edge: "cli".to_owned(),
            occurred_at: Utc::now(),
            command_id,
            correlation_id: command_id.uuid(),
            causation_id: None,
            traceparent: None,
        };
        let mut append = Append::new(self.workspace, meta, Utc::now());
        let aggregate_id = uuid::Uuid::now_v7();
        append.streams.push(StreamAppend {
            aggregate: AggregateKind::Token,
            aggregate_id,
            data_subject: aggregate_id,
            expected_version: 0,
            events: vec![NewEvent {
                event_id: EventId::generate(),
                event_type: "token.revoked.v1".to_owned(),
                data: serde_json::json!({}),
            }],
        });
        fill(&mut append);
        self.writer.append(append).await.unwrap();
    }

    async fn set(&self, member: MemberId, role: Role, active: bool, version: u64) {
        let row = ael_store::Principal { member, role, active, version };
        self.write(|append| append.principals.push(row)).await;
    }

    async fn member(&self, role: Role) -> MemberId {
        let member = MemberId::generate();
        self.set(member, role, true, 1).await;
        member
    }

    async fn token(&self, of: MemberId, expires_at: Option<DateTime<Utc>>) -> (TokenId, String) {
        self.token_made_with(None, of, expires_at).await
    }

    async fn token_made_with(
        &self,
        made_with: Option<TokenId>,
        member: MemberId,
        expires_at: Option<DateTime<Utc>>,
    ) -> (TokenId, String) {
        let id = TokenId::generate();
        let text = format!("ael_{}_{id}_secret", self.workspace);
        let secret_hash = Some(hash_of_secret("secret"));
        let (kind, lookup) = (CredentialKind::Token, id.to_string());
        let scopes = vec![Scope::LeadsRead];
        let credential = ael_store::Credential {
            kind,
            lookup,
            member,
            secret_hash,
            scopes,
            expires_at,
            made_with,
        };
        self.write(|append| append.credentials.push(credential)).await;
        (id, text)
    }

    async fn revoke(&self, token: TokenId) {
        let (kind, lookup) = (CredentialKind::Token, token.to_string());
        self.write(|append| append.credentials_removed.push(CredentialRef { kind, lookup })).await;
    }

    async fn resolve(&self, edge: Edge, credential: &Credential) -> Result<Principal, Denied> {
        self.directory.resolve(edge, self.workspace, credential).await
    }
}

fn token(text: &str) -> Credential {
    Credential::Token { token: text.to_owned() }
}

const fn acting_as(member: MemberId) -> Credential {
    Credential::Operator { as_member: Some(member) }
}

const fn service(principal: Service, on_behalf_of: Option<MemberId>) -> Credential {
    Credential::Service { principal, on_behalf_of }
}

#[tokio::test]
async fn each_kind_of_credential_is_good_by_its_own_ways_alone() {
    let house = House::build().await;
    let admin = house.member(Role::Admin).await;
    let (_, text) = house.token(admin, None).await;
    let account: TelegramUserId = 7.try_into().unwrap();
    let (kind, lookup) = (CredentialKind::Telegram, telegram_lookup(account));
    house
        .write(|append| {
            append.credentials.push(ael_store::Credential {
                kind,
                lookup,
                member: admin,
                secret_hash: None,
                made_with: None,
                scopes: Vec::new(),
                expires_at: None,
            });
        })
        .await;
    // The assistant looks with its asker's own eyes.
    use Edge::{Api, Assistant, Bot, Cli, Jobs, Scoring};
    let ways: [(Credential, &[Edge]); 10] = [
        (token(&text), &[Api, Bot, Assistant, Jobs, Cli]),
        (Credential::Telegram { user_id: account }, &[Bot, Assistant]),
        (Credential::Operator { as_member: None }, &[Cli]),
        (acting_as(admin), &[Cli, Assistant]),
        (service(Service::Scoring, None), &[Scoring]),
        (service(Service::ProcessManager, None), &[Jobs]),
        (service(Service::AssignmentRule, Some(admin)), &[Jobs]),
        (service(Service::Retention, Some(admin)), &[Jobs]),
        (service(Service::Importer, Some(admin)), &[Jobs, Cli]),
        (service(Service::Bot, None), &[Bot]),
    ];
    for (credential, edges) in &ways {
        for edge in Edge::ALL {
            let resolved = house.resolve(edge, credential).await;
            if edges.contains(&edge) {
                assert!(resolved.is_ok(), "{credential:?} by {edge}: {resolved:?}");
            } else {
                assert!(
                    matches!(resolved, Err(Denied::NotOnThisEdge)),
                    "{credential:?} by {edge}: {resolved:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_whole_unexpired_of_this_workspace_and_of_an_active_member_or_nothing() {
    let house = House::build().await;
    let agent = house.member(Role::Agent).await;
    let (id, text) = house.token(agent, Some(Utc::now() + TimeDelta::hours(1))).await;
    let principal = house.resolve(Edge::Api, &token(&text)).await.unwrap();
    assert_eq!(principal.actor, Actor::Member { id: agent, role: Role::Agent });
    assert_eq!(principal.scopes, Some([Scope::LeadsRead].into()));
    let (_, expired) = house.token(agent, Some(Utc::now() - TimeDelta::seconds(1))).await;
    let elsewhere = text.replace(&house.workspace.to_string(), &TokenId::generate().to_string());
    let unknown = format!("ael_{}_{}_secret", house.workspace, TokenId::generate());
    for broken in [expired, elsewhere, unknown, format!("{text}x"), "ael".to_owned()] {
        let resolved = house.resolve(Edge::Api, &token(&broken)).await;
        assert!(matches!(resolved, Err(Denied::BadToken)), "{resolved:?}");
    }
    let other = WorkspaceId::generate();
    let resolved = house.directory.resolve(Edge::Api, other, &token(&text)).await;
    assert!(matches!(resolved, Err(Denied::BadToken)), "{resolved:?}");
    house.set(agent, Role::Agent, false, 2).await;
    let resolved = house.directory.resolve_anew(Edge::Api, house.workspace, &token(&text)).await;
    assert!(matches!(resolved, Err(Denied::Deactivated)), "{resolved:?}");
    house.set(agent, Role::Agent, true, 3).await;
    assert!(house.resolve(Edge::Api, &token(&text)).await.is_ok(), "never kept out by memory");
    house.revoke(id).await;
    let resolved = house.directory.resolve_anew(Edge::Api, house.workspace, &token(&text)).await;
    assert!(matches!(resolved, Err(Denied::BadToken)), "{resolved:?}");
}

#[tokio::test]
async fn what_was_made_with_a_token_is_good_for_as_long_as_that_one() {
    let house = House::build().await;
    let (admin, agent) = (house.member(Role::Admin).await, house.member(Role::Agent).await);
    let (first, _) = house.token(admin, None).await;
    let (second, made_with_it) = house.token_made_with(Some(first), agent, None).await;
    let (_, made_with_that) = house.token_made_with(Some(second), agent, None).await;
    let (_, beside_it) = house.token(agent, None).await;
    let resolved = async |text: &str| {
        house.directory.resolve_anew(Edge::Api, house.workspace, &token(text)).await
    };
    let principal = resolved(&made_with_it).await.unwrap();
    assert_eq!((principal.actor.member(), principal.token), (Some(agent), Some(second)));
    assert!(resolved(&made_with_that).await.is_ok());
    house.revoke(first).await;
    for text in [&made_with_it, &made_with_that] {
        let resolved = resolved(text).await;
        assert!(matches!(resolved, Err(Denied::BadToken)), "{resolved:?}");
    }
    assert!(resolved(&beside_it).await.is_ok());
    // Made in the moment in which its maker was revoked.
    let (_, late) = house.token_made_with(Some(first), agent, None).await;
    assert!(matches!(resolved(&late).await, Err(Denied::BadToken)));
}

#[tokio::test]
async fn the_importer_needs_an_active_admin() {
    let house = House::build().await;
    let admin = house.member(Role::Admin).await;
    let manager = house.member(Role::Manager).await;
    house.member(Role::Admin).await;
    let importer = |asker| service(Service::Importer, asker);
    let principal = house.resolve(Edge::Jobs, &importer(Some(admin))).await.unwrap();
    assert_eq!(principal.on_behalf_of, Some(Role::Admin));
    let expected = Actor::Service { principal: Service::Importer, on_behalf_of: Some(admin) };
    assert_eq!(principal.actor, expected);
    for asker in [None, Some(manager), Some(MemberId::generate())] {
        let resolved = house.resolve(Edge::Jobs, &importer(asker)).await;
        assert!(matches!(resolved, Err(Denied::NotAnAdmin)), "{resolved:?}");
    }
    house.set(admin, Role::Admin, false, 2).await;
    let resolved =
        house.directory.resolve_anew(Edge::Jobs, house.workspace, &importer(Some(admin))).await;
    assert!(matches!(resolved, Err(Denied::NotAnAdmin)), "{resolved:?}");
}

#[tokio::test]
async fn a_service_names_a_member_only_where_its_row_does() {
    let house = House::build().await;
    let admin = house.member(Role::Admin).await;
    let scoring = service(Service::Scoring, Some(admin));
    let principal = house.resolve(Edge::Scoring, &scoring).await.unwrap();
    assert_eq!(principal.actor.member(), None);
    assert_eq!(principal.on_behalf_of, None);
    let rule = service(Service::AssignmentRule, Some(MemberId::generate()));
    assert_eq!(house.resolve(Edge::Jobs, &rule).await.unwrap().on_behalf_of, None);
}

#[tokio::test]
async fn a_demotion_binds_within_half_a_second_and_a_promotion_when_it_matters() {
    let house = House::build().await;
    let member = house.member(Role::Manager).await;
    let role = async || match house.resolve(Edge::Cli, &acting_as(member)).await.unwrap().actor {
        Actor::Member { role, .. } => role,
        other @ (Actor::Service { .. } | Actor::Operator) => panic!("{other:?}"),
    };
    assert_eq!(role().await, Role::Manager);
    house.set(member, Role::Agent, true, 2).await;
    let demoted = Instant::now();
    while role().await == Role::Manager {
        assert!(demoted.elapsed() < Duration::from_millis(900), "still a manager");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house.set(member, Role::Admin, true, 3).await;
    let anew = house.directory.resolve_anew(Edge::Cli, house.workspace, &acting_as(member)).await;
    assert_eq!(anew.unwrap().actor, Actor::Member { id: member, role: Role::Admin });
}

#[tokio::test]
async fn nobody_is_let_in_by_a_name_that_is_not_there() {
    let house = House::build().await;
    let resolved = house.resolve(Edge::Cli, &acting_as(MemberId::generate())).await;
    assert!(matches!(resolved, Err(Denied::UnknownMember)), "{resolved:?}");
    let stranger = Credential::Telegram { user_id: 8.try_into().unwrap() };
    let resolved = house.resolve(Edge::Bot, &stranger).await;
    assert!(matches!(resolved, Err(Denied::UnknownAccount)), "{resolved:?}");
    assert_eq!(resolved.unwrap_err().into_refusal().unwrap().code, "telegram_not_linked");
}
