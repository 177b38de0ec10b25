//! Who may come in besides the members themselves: tokens and invitations, without their secrets.

mod expected;
mod row;
mod rows;

pub use row::{apply_to_invitation, apply_to_token};

use crate::audit::row::Audited;
use crate::model::{Applied, Expected, Incoming, Key, ReadModel, Target, View};
use ael_events::event::Event;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The read model of tokens and invitations.
#[derive(Debug)]
pub struct Access;

#[async_trait]
impl ReadModel for Access {
    fn name(&self) -> &'static str {
        "access"
    }

    fn tables(&self) -> &'static str {
        include_str!("tables.sql")
    }

    fn views(&self) -> &'static [View] {
        &[
            View { name: "tokens", query: "SELECT * FROM {schema}.tokens", public: true },
            View { name: "invitations", query: "SELECT * FROM {schema}.invitations", public: true },
        ]
    }

    fn audited(&self) -> &'static [Audited] {
        expected::TABLES
    }

    fn expected(&self, id: Uuid) -> Box<dyn Expected> {
        Box::new(expected::ExpectedAccess::of(id))
    }

    fn concerns(&self, kind: AggregateKind) -> bool {
        matches!(kind, AggregateKind::Token | AggregateKind::Invitation)
    }

    fn wants(&self, event: &Event) -> bool {
        matches!(event, Event::Token(_) | Event::Invitation(_))
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error> {
        let keys: BTreeSet<Key> = events
            .iter()
            .map(|incoming| (incoming.opened.facts.workspace, incoming.opened.facts.aggregate_id))
            .collect();
        let tokens_before = rows::load_tokens(connection, target, &keys).await?;
        let invitations_before = rows::load_invitations(connection, target, &keys).await?;
        let (mut tokens, mut invitations) = (tokens_before.clone(), invitations_before.clone());
        let mut applied = Applied::default();
        for incoming in events {
            let facts = &incoming.opened.facts;
            if incoming.only_purge || applied.waits(incoming.opened) {
                continue;
            }
            let key = (facts.workspace, facts.aggregate_id);
            let fits = match incoming.event {
                Event::Token(event) => {
                    apply_to_token(tokens.get(&key).cloned(), facts, event).map(|token| {
                        tokens.insert(key, token);
                    })
                }
                Event::Invitation(event) => {
                    apply_to_invitation(invitations.get(&key).cloned(), facts, event).map(
                        |invitation| {
                            invitations.insert(key, invitation);
                        },
                    )
                }
                Event::Lead(_)
                | Event::Sale(_)
                | Event::Member(_)
                | Event::Workspace(_)
                | Event::Advisor(_) => Ok(()),
            };
            if let Err(reason) = fits {
                applied.refuse(incoming.index, incoming.opened, &reason);
            }
        }
        tokens.retain(|key, token| tokens_before.get(key) != Some(token));
        invitations.retain(|key, invitation| invitations_before.get(key) != Some(invitation));
        rows::store_tokens(connection, target, &tokens).await?;
        rows::store_invitations(connection, target, &invitations).await?;
        Ok(applied)
    }
}
