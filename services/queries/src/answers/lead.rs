//! One lead, now or as it was, and its anonymous features.

use super::advisor;
use super::people;
use super::rows::member;
use super::sales;
use crate::asker::Colleague;
use crate::page::PAGE_BYTES;
use crate::refusal::{Answered, Unanswered, invalid, not_found};
use crate::view::View;
use ael_events::answer::Rejected;
use ael_events::event::LeadEvent;
use ael_events::ids::LeadId;
use ael_events::query::{GetLead, LeadDetails, LeadInclude, LeadView};
use ael_projections::lead_card;
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

/// One lead, now or as it was.
///
/// # Errors
/// When there is none that the asker may see, or there was none then.
pub async fn answer(view: &mut View, asker: Colleague, asked: &GetLead) -> Answered<LeadDetails> {
    let with_sale = asked.include.contains(&LeadInclude::Sale);
    if with_sale && (asked.as_of.is_some() || asked.version.is_some()) {
        let sentence = "a sale is shown as it is now: ask for it without as_of and version";
        return Err(invalid("include", sentence).into());
    }
    let card = seen(view, asker, asked.lead_id).await?;
    let found = match (asked.as_of, asked.version) {
        (Some(_), Some(_)) => {
            return Err(invalid("version", "ask for a time or for a version, not for both").into());
        }
        (None, None) if asked.effective => {
            return Err(invalid("effective", "effective needs a time: add as_of").into());
        }
        (None, None) => serde_json::from_str(card.get())
            .map_err(Unanswered::unreadable::<serde_json::Error>("a lead"))?,
        (None, Some(_)) | (Some(_), None) => past(view, asked).await?,
    };
    let mut lead = carried(lead_card::present(found));
    if lead.analysis.is_some() && (asked.as_of, asked.version) == (None, None) {
        lead.ai_stale = advisor::stale_now(&lead, &people::workspace(view).await?.settings);
    }
    let owner_name = match lead.owner.filter(|_| asked.include.contains(&LeadInclude::Owner)) {
        Some(owner) => people::name_of(view, owner).await?,
        None => None,
    };
    let sale = if with_sale {
        let mut found = sales::summaries(view, asker, [lead.id].into_iter()).await?;
        Some(found.remove(&lead.id))
    } else {
        None
    };
    Ok(LeadDetails { lead, owner_name, sale })
}

/// The lead as it is, if the asker may see it. Whether they may is decided by its owner of now,
/// whatever time is asked about.
pub(super) async fn seen(
    view: &mut View,
    asker: Colleague,
    lead: LeadId,
) -> Answered<Box<RawValue>> {
    let row: Option<(Option<Uuid>, Json<Box<RawValue>>)> =
        sqlx::query_as("SELECT owner, card FROM read.lead_cards WHERE workspace = $1 AND id = $2")
            .bind(view.workspace.uuid())
            .bind(lead.uuid())
            .fetch_optional(&mut *view.tx)
            .await?;
    match row {
        Some((owner, card)) if asker.sight().shows_lead_of(owner.map(member)) => Ok(card.0),
        Some(_) | None => Err(not_found("lead").into()),
    }
}

#[derive(FromRow)]
struct Past {
    sequence: i64,
    event_type: String,
    occurred_at: DateTime<Utc>,
    actor: String,
    data: Value,
}

/// The lead as it was: its events up to then, told again.
async fn past(view: &mut View, asked: &GetLead) -> Answered<LeadView> {
    let mut rows = sqlx::query_as::<_, Past>(
        "SELECT sequence, event_type, occurred_at, actor, data FROM read.timeline \
         WHERE workspace = $1 AND subject = $2 AND aggregate = 'lead' \
         AND ($3::timestamptz IS NULL OR recorded_at <= $3) \
         AND ($4::timestamptz IS NULL OR occurred_at <= $4) \
         AND ($5::bigint IS NULL OR sequence <= $5) ORDER BY sequence",
    )
    .bind(view.workspace.uuid())
    .bind(asked.lead_id.uuid())
    .bind(asked.as_of.filter(|_| !asked.effective))
    .bind(asked.as_of.filter(|_| asked.effective))
    .bind(asked.version.map(|version| i64::try_from(version).unwrap_or(i64::MAX)))
    .fetch(&mut *view.tx);
    // One by one: a lead may have lived through more than memory holds.
    let mut told: Option<LeadView> = None;
    let mut last = None;
    while let Some(row) = rows.try_next().await? {
        if last.is_none() && row.sequence != 1 {
            break;
        }
        last = Some(row.sequence.unsigned_abs());
        let event = LeadEvent::from_wire(&row.event_type, row.data)
            .map_err(Unanswered::unreadable::<ael_events::event::BadEvent>("an event"))?;
        let moment = lead_card::fold::Moment {
            lead: asked.lead_id,
            sequence: row.sequence.unsigned_abs(),
            occurred_at: row.occurred_at,
            actor: &row.actor,
        };
        let next = lead_card::fold::apply_at(told, &moment, &event);
        told = Some(
            next.map_err(Unanswered::unreadable::<ael_projections::model::Unfit>("an event"))?,
        );
    }
    match asked.version {
        Some(version) if last != Some(version) => {
            Err(Rejected::new("not_found", format!("the lead has no version {version}")).into())
        }
        Some(_) | None => {
            told.ok_or_else(|| Rejected::new("not_found", "the lead did not exist then").into())
        }
    }
}

/// The lead as one answer carries it: of very many notes and files only the latest; its history
/// has them all, page by page.
fn carried(mut lead: LeadView) -> LeadView {
    // A note has 4,000 characters at most: so few of anything fit, and most leads have no more.
    if lead.notes.len() + lead.files.len() <= 8 {
        return lead;
    }
    let mut bytes = serde_json::to_vec(&lead).map_or(0, |json| json.len());
    while bytes > PAGE_BYTES {
        let unpinned = lead.notes.iter().position(|note| !note.pinned);
        let dropped = if let Some(oldest) = unpinned {
            serde_json::to_vec(&lead.notes.remove(oldest))
        } else if !lead.files.is_empty() {
            serde_json::to_vec(&lead.files.remove(0))
        } else if !lead.notes.is_empty() {
            serde_json::to_vec(&lead.notes.remove(0))
        } else {
            break;
        };
        bytes -= dropped.map_or(0, |json| json.len());
    }
    lead
}
