//! An audit in stretches: each reads one page, and says where to go on.

use super::{Audit, Findings, KINDS, Reach};
use crate::error::ProjectionError;
use ael_events::ids::WorkspaceId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

/// How long the read models may be behind at the end of an audit before that is a fault.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// Where the audit of a workspace's read models goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// After an aggregate of a kind, by the kind's number.
    Aggregates(usize, Option<Uuid>),
    /// At the counters.
    Counters,
    /// At what could not be processed.
    Parked,
    /// At what the read models have not taken yet, and until when that may be.
    Behind(Reach, DateTime<Utc>),
}

impl Place {
    /// The beginning.
    pub const START: Self = Self::Aggregates(0, None);
}

impl Audit {
    /// Goes on with an audit by one page; and where to go on then, nothing at the end. Waits for
    /// the read models no longer than `deadline`.
    ///
    /// # Errors
    /// When PostgreSQL or the store fails: nothing is lost, begin this stretch again.
    pub async fn go_on(
        &self,
        workspace: WorkspaceId,
        place: Place,
        deadline: Instant,
    ) -> Result<(Findings, Option<Place>), ProjectionError> {
        match place {
            Place::Aggregates(number, after) => {
                let Some(kind) = KINDS.get(number) else {
                    return Ok((Findings::default(), Some(Place::Counters)));
                };
                let (findings, last) = self.page(workspace, *kind, after).await?;
                let next = match last {
                    Some(last) => Place::Aggregates(number, Some(last)),
                    None => Place::Aggregates(number.saturating_add(1), None),
                };
                Ok((findings, Some(next)))
            }
            Place::Counters => Ok((self.counters(workspace).await?, Some(Place::Parked))),
            Place::Parked => {
                let mut findings = Findings::default();
                for letter in crate::dead::list(&self.pool, workspace).await? {
                    findings.tally(&letter.projection).parked += 1;
                }
                let until = Utc::now() + PATIENCE;
                Ok((findings, Some(Place::Behind(self.newest().await?, until))))
            }
            Place::Behind(reach, until) => {
                let mut findings = Findings::default();
                if reach.wait_until(&self.pool, &self.models, deadline).await? {
                    return Ok((findings, None));
                }
                if Utc::now() < until {
                    return Ok((findings, Some(Place::Behind(reach, until))));
                }
                reach.behind(&self.pool, &self.models, workspace, &mut findings).await?;
                Ok((findings, None))
            }
        }
    }
}
