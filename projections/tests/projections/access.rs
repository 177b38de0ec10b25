//! What lists of tokens and invitations show, and that no secret is among it.

use crate::world::{World, noon};
use ael_events::event::{
    Event, InvitationCreated, InvitationEvent, InvitationRevoked, InviteePrivate, TokenCreated,
    TokenEvent, TokenPrivate, TokenRevoked,
};
use ael_events::ids::{InvitationId, MemberId, TokenId};
use ael_events::values::{AggregateKind, Language, Role, Scope};
use sqlx::Row as _;
use uuid::Uuid;

const SECRET: &str = "5ec7e75ec7e75ec7e75ec7e75ec7e7";

/// A token that was revoked again, and somebody who is invited.
pub(crate) async fn let_in(world: &World, token: Uuid, invitation: Uuid) {
    let made = TokenEvent::Created(TokenCreated {
        made_with: None,
        member_id: MemberId::generate(),
        secret_hash: SECRET.to_owned(),
        scopes: [Scope::LeadsRead, Scope::StatsRead].into(),
        expires_at: None,
        private: TokenPrivate { label: "website form".parse().unwrap() }.into(),
    });
    let invited = InvitationEvent::Created(InvitationCreated {
        role: Role::Manager,
        language: Language::En,
        code_hash: SECRET.to_owned(),
        expires_at: noon(),
        private: InviteePrivate { name: "Ira Melnyk".parse().unwrap(), email: None }.into(),
    });
    let events = vec![Event::Token(made), Event::Token(TokenEvent::Revoked(TokenRevoked {}))];
    world.write(AggregateKind::Token, token, token, events).await;
    let events = vec![Event::Invitation(invited)];
    world.write(AggregateKind::Invitation, invitation, invitation, events).await;
}

#[tokio::test]
async fn tokens_and_invitations_are_listed_without_what_opens_a_door() {
    let world = World::new().await;
    let (token, invitation) = (TokenId::generate().uuid(), InvitationId::generate().uuid());
    let_in(&world, token, invitation).await;
    assert_eq!(world.project(1).await, 0);
    let revoked = InvitationEvent::Revoked(InvitationRevoked {});
    let events = vec![Event::Invitation(revoked)];
    world.write(AggregateKind::Invitation, invitation, invitation, events).await;
    assert_eq!(world.project(100).await, 0);

    let row = sqlx::query("SELECT * FROM read.tokens WHERE id = $1")
        .bind(token)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!((row.get::<&str, _>("label"), row.get::<i64, _>("version")), ("website form", 2));
    assert_eq!(row.get::<chrono::DateTime<chrono::Utc>, _>("revoked_at"), noon());
    let row = sqlx::query("SELECT * FROM read.invitations WHERE id = $1")
        .bind(invitation)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(row.get::<&str, _>("name"), "Ira Melnyk");
    assert_eq!((row.get::<&str, _>("role"), row.get::<&str, _>("state")), ("manager", "revoked"));
    let access = world.everything().await.into_iter().filter(|(name, _)| name.contains("access"));
    let access: Vec<_> = access.collect();
    assert_eq!(access.len(), 2);
    assert!(access.iter().all(|(_, rows)| !rows.is_empty()));
    let everything = world.everything().await;
    let with_secret = everything.iter().filter(|(_, rows)| rows.contains(SECRET));
    let named: Vec<&String> = with_secret.map(|(name, _)| name).collect();
    assert_eq!(named, [""; 0]);
    world.end().await;
}
