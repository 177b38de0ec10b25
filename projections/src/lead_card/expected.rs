//! What the cards should hold of a lead: for audits.

use super::fold;
use crate::audit::row::{Audited, Row};
use crate::digest;
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::query::{AggregateDigest, LeadView};
use ael_events::values::AggregateKind;
use uuid::Uuid;

pub(super) const TABLES: &[Audited] =
    &[Audited { table: "cards", kind: AggregateKind::Lead, id: "id", key: &[], of: &[] }];

/// What of a card tells of nobody. Whatever else it may get is personal until it stands here.
const OPEN: [&str; 19] = [
    "id",
    "version",
    "stage",
    "source",
    "business_domain",
    "owner",
    "tags",
    "message_count",
    "analysis_pending",
    "lost_reason",
    "sale_id",
    "overridden",
    "merged_into",
    "absorbed",
    "imported",
    "created_at",
    "updated_at",
    "stage_since",
    "erased",
];

pub(super) struct ExpectedCard {
    id: Uuid,
    card: Option<LeadView>,
}

impl ExpectedCard {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, card: None }
    }
}

impl Expected for ExpectedCard {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let Event::Lead(event) = incoming.event else { return Ok(()) };
        if incoming.only_purge {
            if let Some(card) = &mut self.card {
                fold::purge(card);
            }
            return Ok(());
        }
        self.card = Some(fold::apply(self.card.clone(), &incoming.opened.facts, event)?);
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let row = |card: &LeadView| {
            Row::of("cards")
                .open("id", self.id)
                .open("version", card.version)
                .open("owner", card.owner)
                .open("merged_into", card.merged_into)
                .open("erased", card.erased)
                .parts("card", card, |part| !OPEN.contains(&part))
        };
        self.card.iter().map(row).collect()
    }

    fn digest(&self, kind: AggregateKind) -> Option<AggregateDigest> {
        let is_lead = kind == AggregateKind::Lead;
        self.card.as_ref().filter(|_| is_lead).map(digest::of_lead)
    }
}
