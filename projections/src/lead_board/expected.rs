//! What the board should hold of a lead: for audits.

use super::row::{BoardRow, apply, purge};
use crate::audit::row::{Audited, Row};
use crate::model::{Expected, Incoming, Unfit};
use ael_events::event::Event;
use ael_events::values::{AggregateKind, DomainSlug};
use uuid::Uuid;

const LEAD: AggregateKind = AggregateKind::Lead;
pub(super) const TABLES: &[Audited] = &[
    Audited { table: "leads", kind: LEAD, id: "id", key: &[], of: &[] },
    Audited { table: "activity", kind: LEAD, id: "id", key: &[], of: &[] },
    Audited { table: "lead_tags", kind: LEAD, id: "lead_id", key: &["tag", "created_at"], of: &[] },
];

pub(super) struct ExpectedBoard {
    id: Uuid,
    row: Option<BoardRow>,
}

impl ExpectedBoard {
    pub(super) const fn of(id: Uuid) -> Self {
        Self { id, row: None }
    }
}

impl Expected for ExpectedBoard {
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit> {
        let Event::Lead(event) = incoming.event else { return Ok(()) };
        if incoming.only_purge {
            if let Some(row) = &mut self.row {
                purge(row);
            }
            return Ok(());
        }
        self.row = Some(apply(self.row.clone(), &incoming.opened.facts, event)?);
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let Some(BoardRow { lead, activity }) = &self.row else { return Vec::new() };
        let score = lead.advice.map(|advice| advice.score.value());
        let listed = Row::of("leads")
            .open("id", self.id)
            .open("stage", lead.stage.as_str())
            .open("source", lead.source.as_str())
            .open("business_domain", lead.business_domain.as_ref().map(DomainSlug::as_str))
            .open("owner", lead.owner)
            .personal("contact", &lead.contact)
            .open("tags", &lead.tags)
            .open("score", score)
            .open("score_rank", score.unwrap_or(-1.0))
            .open("tier", lead.advice.map(|advice| advice.score.tier().as_str()))
            .open("recommendation", lead.advice.map(|advice| advice.recommendation.as_str()))
            .time("analysed_at", lead.advice.map(|advice| advice.at))
            .open("analysed_messages", lead.advice.map(|advice| advice.messages))
            .open("outdated", lead.advice.and_then(|advice| advice.outdated))
            .open("reached", lead.reached)
            .time("created_at", lead.created_at)
            .time("stage_since", lead.stage_since)
            .open("merged", lead.merged)
            .open("erased", lead.erased)
            .personal("search", lead.search());
        let activity = Row::of("activity")
            .open("id", self.id)
            .open("version", activity.version)
            .open("message_count", activity.message_count)
            .time("updated_at", activity.updated_at);
        let tagged = lead.tags.iter().filter(|_| !lead.merged).map(|tag| {
            Row::of("lead_tags")
                .open("tag", tag.as_str())
                .time("created_at", lead.created_at)
                .open("lead_id", self.id)
        });
        [listed, activity].into_iter().chain(tagged).collect()
    }
}
