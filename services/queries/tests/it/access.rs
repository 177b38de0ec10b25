//! Tokens and invitations: whose they are to see, page by page.

use crate::house::{House, Tenant, code, day};
use ael_events::command::Credential;
use ael_events::query::{
    InvitationPage, InvitationView, ListInvitations, ListTokens, Query, TokenPage,
};
use ael_events::subjects::Edge;
use ael_events::values::{InvitationState, Scope};
use serde_json::json;
use uuid::Uuid;

impl Tenant<'_> {
    async fn token(&self, label: &str, made_on: u32) {
        sqlx::query(
            "INSERT INTO rm_access_1.tokens VALUES ($1, $2, 1, $3, $4, $5, $6, NULL, NULL)",
        )
        .bind(self.id.uuid())
        .bind(Uuid::now_v7())
        .bind(label)
        .bind(self.of("alice").uuid())
        .bind(json!(["leads:read"]))
        .bind(day(made_on))
        .execute(&self.house.superuser)
        .await
        .unwrap();
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
async fn an_admin_sees_the_workspaces_tokens_and_invitations_and_nobody_else_does() {
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
    for query in [tokens(), invitations()] {
        for name in ["alice", "bob", "mary"] {
            assert_eq!(tenant.refused(name, query.clone()).await, "forbidden", "{name}");
        }
        assert_eq!(code(&tenant.answer_to_operator(&query).await), "forbidden");
    }
    assert!(other.ask::<TokenPage>("adam", tokens()).await.items.is_empty());
    assert!(other.ask::<InvitationPage>("adam", invitations()).await.items.is_empty());
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
