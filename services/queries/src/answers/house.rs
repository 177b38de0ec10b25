//! What the operator asks about the house: its workspaces, its read models, and what got stuck.

use super::people::WorkspaceRow;
use crate::page::fitting;
use crate::refusal::{Answered, Unanswered};
use crate::view::View;
use ael_auth::telegram_lookup;
use ael_events::ids::{EventId, MemberId, WorkspaceId};
use ael_events::order::Order;
use ael_events::query::{DeadLetter, Membership, ProjectionStatus, WorkspaceView};
use ael_events::values::{InvalidText, TelegramUserId, WorkspaceName};
use ael_store::CredentialKind;
use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

/// How many dead letters and workspaces an answer lists at most.
const MOST_LISTED: i64 = 1_000;

/// Every workspace, oldest first.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn workspaces(view: &mut View) -> Answered<Vec<WorkspaceView>> {
    let rows: Vec<WorkspaceRow> = sqlx::query_as(
        "SELECT id, version, name, settings, created_at FROM read.list_workspaces() \
         ORDER BY created_at, id LIMIT $1",
    )
    .bind(MOST_LISTED)
    .fetch_all(&mut *view.tx)
    .await?;
    let found = rows.into_iter().map(WorkspaceRow::into_view).collect::<Answered<Vec<_>>>()?;
    Ok(cut(found))
}

/// The workspaces in which a Telegram account is an active member's, oldest first.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn memberships(view: &mut View, account: TelegramUserId) -> Answered<Vec<Membership>> {
    let rows: Vec<(Uuid, String, Uuid)> = sqlx::query_as(
        "SELECT known.workspace, house.name, known.member \
         FROM write.credentials AS known \
         JOIN write.principals AS who \
           ON who.workspace = known.workspace AND who.member = known.member AND who.active \
         JOIN read.list_workspaces() AS house ON house.id = known.workspace \
         WHERE known.kind = $1 AND known.lookup = $2 \
         ORDER BY house.created_at, house.id LIMIT $3",
    )
    .bind(CredentialKind::Telegram.as_str())
    .bind(telegram_lookup(account))
    .bind(MOST_LISTED)
    .fetch_all(&mut *view.tx)
    .await?;
    rows.into_iter()
        .map(|(workspace, name, member)| {
            Ok(Membership {
                workspace: WorkspaceId::from_uuid(workspace),
                name: WorkspaceName::try_from(name)
                    .map_err(Unanswered::unreadable::<InvalidText>("a workspace's name"))?,
                member_id: MemberId::from_uuid(member),
            })
        })
        .collect()
}

/// What could not be processed in the workspace and waits, oldest first.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn dead(view: &mut View) -> Answered<Vec<DeadLetter>> {
    let rows: Vec<Dead> = sqlx::query_as(
        "SELECT projection, aggregate, aggregate_id, sequence, event_id, event_type, reason, \
         parked_at FROM read.dead_letters WHERE workspace = $1 \
         ORDER BY parked_at, event_id, projection LIMIT $2",
    )
    .bind(view.workspace.uuid())
    .bind(MOST_LISTED)
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(cut(rows.into_iter().map(Dead::into_letter).collect()))
}

#[derive(FromRow)]
struct Dead {
    projection: String,
    aggregate: String,
    aggregate_id: Uuid,
    sequence: i64,
    event_id: Uuid,
    event_type: String,
    reason: String,
    parked_at: DateTime<Utc>,
}

impl Dead {
    fn into_letter(self) -> DeadLetter {
        DeadLetter {
            projection: self.projection,
            aggregate: format!("{}/{}", self.aggregate, self.aggregate_id),
            sequence: self.sequence.unsigned_abs(),
            event_id: EventId::from_uuid(self.event_id),
            event_type: self.event_type,
            reason: self.reason,
            parked_at: self.parked_at,
        }
    }
}

#[derive(FromRow)]
struct Status {
    name: String,
    version: i32,
    building: Option<i32>,
    incarnation: Option<i32>,
    xid: Option<i64>,
    position: Option<i64>,
    behind: i64,
    parked: i64,
}

/// The read models, how far the slowest lane of each has come, and what it still has to take.
///
/// # Errors
/// When the read models cannot be asked.
pub async fn projections(view: &mut View) -> Answered<Vec<ProjectionStatus>> {
    let rows: Vec<Status> = sqlx::query_as(
        "SELECT name, version, building, incarnation, xid, position, behind, parked \
         FROM read.projection_status() ORDER BY name",
    )
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(rows.into_iter().map(Status::into_status).collect())
}

impl Status {
    fn into_status(self) -> ProjectionStatus {
        let place = self.incarnation.zip(self.xid).zip(self.position);
        let order = place.map_or(Order::START, |((incarnation, xid), position)| Order {
            incarnation,
            xid: xid.unsigned_abs(),
            position,
        });
        ProjectionStatus {
            name: self.name,
            version: self.version,
            building: self.building,
            position: order.to_string(),
            behind: self.behind.unsigned_abs(),
            parked: self.parked.unsigned_abs(),
        }
    }
}

fn cut<T: serde::Serialize>(mut found: Vec<T>) -> Vec<T> {
    found.truncate(fitting(&found));
    found
}
