//! Tokens and invitations: whose they are to see, page by page.

use crate::house::{House, Tenant, code, day, found};
use ael_events::command::{Credential, hash_of_secret};
use ael_events::ids::TokenId;
use ael_events::query::{
    InvitationPage, InvitationView, ListInvitations, ListTokens, Query, TokenPage,
};
use ael_events::subjects::Edge;
use ael_events::values::{InvitationState, Scope};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

impl Tenant<'_> {
    async fn token(&self, label: &str, made_on: u32) {
        self.token_called(Uuid::now_v7(), label, made_on).await;
    }

    async fn token_called(&self, id: Uuid, label: &str, made_on: u32) {
        self.token_made_with(None, id, label, made_on).await;
    }

    async fn token_made_with(&self, maker: Option<Uuid>, id: Uuid, label: &str, made_on: u32) {
        sqlx::query(
            "INSERT INTO rm_access_1.tokens VALUES ($1, $2, 1, $3, $4, $5, $6, NULL, NULL, $7)",
        )
        .bind(self.id.uuid())
        .bind(id)
        .bind(label)
        .bind(self.of("alice").uuid())
        .bind(json!(["leads:read"]))
        .bind(day(made_on))
        .bind(maker)
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }

    /// A token of this member's that is good for one thing.
    async fn credential(&self, name: &str, scope: Scope) -> Credential {
        let id = TokenId::generate();
        sqlx::query(
            "INSERT INTO write.credentials (kind, lookup, workspace, member, secret_hash, scopes) \
             VALUES ('token', $1, $2, $3, $4, $5)",
        )
        .bind(id.to_string())
        .bind(self.id.uuid())
        .bind(self.of(name).uuid())
        .bind(hash_of_secret("secret"))
        .bind([scope.as_str()])
        .execute(&self.house.superuser)
        .await
        .unwrap();
        Credential::Token { token: format!("ael_{}_{id}_secret", self.id) }
    }

    async fn invitation(&self, name: &str, made_on: u32) {
        sqlx::query(
            "INSERT INTO rm_access_1.invitations VALUES ($1, $2, 1, $3, 'ira@example.com', \
             'agent', 'uk', 'open', NULL, $4, $5)",
        )
        .bind(self.id.uuid())
        .bind(Uuid::now_v7())
        .bind(name)
        .bind(day(made_on))
        .bind(day(28))
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }
}

fn tokens() -> Query {
    Query::ListTokens(ListTokens::default())
}

fn invitations() -> Query {
    Query::ListInvitations(ListInvitations::default())
}

#[tokio::test]
async fn an_admin_sees_all_tokens_and_invitations_others_their_own_tokens_alone() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    tenant.token("website form", 1).await;
    tenant.invitation("Ira", 2).await;
    let page: TokenPage = tenant.ask("adam", tokens()).await;
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].label.as_ref().unwrap().as_str(), "website form");
    assert_eq!(page.items[0].member_id, tenant.of("alice"));
    assert_eq!(page.items[0].scopes, [Scope::LeadsRead].into());
    let page: InvitationPage = tenant.ask("adam", invitations()).await;
    let [InvitationView { name, state, .. }] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((name.as_ref().unwrap().as_str(), *state), ("Ira", InvitationState::Open));
    for (name, sees) in [("alice", 1), ("bob", 0), ("mary", 0)] {
        assert_eq!(tenant.ask::<TokenPage>(name, tokens()).await.items.len(), sees, "{name}");
        assert_eq!(tenant.refused(name, invitations()).await, "forbidden", "{name}");
    }
    for query in [tokens(), invitations()] {
        assert_eq!(code(&tenant.answer_to_operator(&query).await), "forbidden");
    }
    assert!(other.ask::<TokenPage>("adam", tokens()).await.items.is_empty());
    assert!(other.ask::<InvitationPage>("adam", invitations()).await.items.is_empty());
    house.close().await;
}

#[tokio::test]
async fn an_admins_token_without_the_admin_scope_is_told_of_the_admins_own_tokens_alone() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    tenant.token("alice's", 1).await;
    for (scope, sees) in [(Scope::Files, 0), (Scope::Admin, 1)] {
        let credential = tenant.credential("adam", scope).await;
        let answer = tenant.answer_to(Edge::Api, credential, &tokens(), None).await;
        assert_eq!(found::<TokenPage>(answer).items.len(), sees, "{scope}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_list_of_tokens_says_when_each_was_last_used() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let credential = tenant.credential("alice", Scope::Files).await;
    let Credential::Token { token } = &credential else { panic!("not a token") };
    let id: Uuid = token.split('_').nth(2).unwrap().parse().unwrap();
    tenant.token("never used", 1).await;
    tenant.token_called(id, "used", 2).await;
    let began = Utc::now();
    let used = async || {
        let page: TokenPage = tenant.ask("alice", tokens()).await;
        page.items.into_iter().map(|token| token.last_used_at).collect::<Vec<_>>()
    };
    found::<TokenPage>(tenant.answer_to(Edge::Api, credential.clone(), &tokens(), None).await);
    assert_eq!(used().await, [None, None], "nothing is written on the way");
    house.desk.token_uses().write().await.unwrap();
    let [Some(at), None] = used().await[..] else { panic!("{:?}", used().await) };
    assert!(at >= began - TimeDelta::milliseconds(1) && at <= Utc::now(), "{at}");
    // Whoever is not let in has not used it, and nobody sets a time back.
    let elsewhere = other.answer_to(Edge::Api, credential, &tokens(), None).await;
    assert_eq!(code(&elsewhere), "bad_token");
    let earlier = [(tenant.id, TokenId::from_uuid(id), at - TimeDelta::hours(1))];
    ael_store::auth::note_token_uses(&house.pool, &earlier).await.unwrap();
    let unknown = [(tenant.id, TokenId::generate(), at)];
    ael_store::auth::note_token_uses(&house.pool, &unknown).await.unwrap();
    house.desk.token_uses().write().await.unwrap();
    assert_eq!(used().await, [Some(at), None]);
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM write.token_uses")
        .fetch_one(&house.superuser)
        .await
        .unwrap();
    assert_eq!(rows, 1, "what there is no token of is not kept");
    house.close().await;
}

#[tokio::test]
async fn the_bot_is_told_of_no_token() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let credential = || Credential::Operator { as_member: Some(tenant.of("adam")) };
    let answer = tenant.answer_to(Edge::Bot, credential(), &tokens(), None).await;
    assert_eq!(code(&answer), "not_allowed_here");
    house.close().await;
}

#[tokio::test]
async fn the_newest_come_first_and_a_cursor_leads_on() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for number in 1..=5 {
        tenant.token(&format!("token {number}"), number).await;
        tenant.invitation(&format!("guest {number}"), number).await;
    }
    let (mut labels, mut cursor) = (Vec::new(), None);
    loop {
        let query = Query::ListTokens(ListTokens { cursor, limit: Some(2) });
        let page: TokenPage = tenant.ask("adam", query).await;
        labels.extend(page.items.into_iter().map(|token| token.label.unwrap().as_str().to_owned()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(labels, ["token 5", "token 4", "token 3", "token 2", "token 1"]);
    let two = ListInvitations { cursor: None, limit: Some(2) };
    let page: InvitationPage = tenant.ask("adam", Query::ListInvitations(two)).await;
    let cursor = page.next_cursor.clone();
    // A cursor belongs to its question: that of invitations opens no page of tokens.
    let wrong = Query::ListTokens(ListTokens { cursor: cursor.clone(), limit: None });
    assert_eq!(tenant.refused("adam", wrong).await, "cursor_mismatch");
    let rest = Query::ListInvitations(ListInvitations { cursor, limit: None });
    let rest: InvitationPage = tenant.ask("adam", rest).await;
    assert_eq!((page.items.len(), rest.items.len(), rest.next_cursor), (2, 3, None));
    house.close().await;
}

#[tokio::test]
async fn a_token_is_shown_as_revoked_with_the_one_that_it_was_made_with() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let [first, second, third, beside] = [(); 4].map(|()| Uuid::now_v7());
    tenant.token_called(first, "first", 1).await;
    tenant.token_made_with(Some(first), second, "second", 2).await;
    tenant.token_made_with(Some(second), third, "third", 3).await;
    tenant.token_called(beside, "beside", 4).await;
    let revoked = async || -> Vec<(TokenId, bool)> {
        let page: TokenPage = tenant.ask("adam", tokens()).await;
        page.items.iter().map(|token| (token.id, token.revoked_at.is_some())).collect()
    };
    let shown = |states: [bool; 4]| {
        let ids = [beside, third, second, first].map(TokenId::from_uuid);
        ids.into_iter().zip(states).collect::<Vec<_>>()
    };
    assert_eq!(revoked().await, shown([false; 4]));
    sqlx::query("UPDATE rm_access_1.tokens SET revoked_at = now() WHERE id = $1")
        .bind(first)
        .execute(&house.superuser)
        .await
        .unwrap();
    assert_eq!(revoked().await, shown([false, true, true, true]));
    let page: TokenPage = tenant.ask("alice", tokens()).await;
    assert_eq!(page.items[1].made_with, Some(TokenId::from_uuid(second)));
    house.close().await;
}
