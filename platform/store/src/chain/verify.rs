//! Looking for what somebody did to history: every row that was changed, taken away, put in or
//! moved is named.

use super::{ChainHead, Digest, LEAF, Leaf, hash_link};
use crate::StoreError;
use crate::settled::{EventRow, columns, order_of};
use ael_events::ids::WorkspaceId;
use ael_events::order::Order;
use sqlx::PgPool;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

/// A row of the history, as it lies there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowName {
    /// Its place.
    pub order: Order,
    /// Which event of which aggregate: `lead/018f… event 3`.
    pub event: String,
}

impl RowName {
    /// The aggregate alone: `lead/018f…`.
    #[must_use]
    pub fn aggregate(&self) -> &str {
        self.event.split(' ').next().unwrap_or_default()
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.event, self.order)
    }
}

/// What was done to a workspace's history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The row is not what it was.
    #[error("{row} was changed")]
    Changed {
        /// The row.
        row: RowName,
    },
    /// A row is gone.
    #[error("the event at {order} was deleted")]
    Deleted {
        /// Where it was.
        order: Order,
    },
    /// A row was put in later.
    #[error("{row} was put in afterwards")]
    Inserted {
        /// The row.
        row: RowName,
    },
    /// A row lies at another place than it did.
    #[error("{row} was moved: it happened at {was}")]
    Reordered {
        /// The row.
        row: RowName,
        /// Its place when it happened.
        was: Order,
    },
    /// A link of the chain itself is not what it was.
    #[error("link {number} of the hash chain was changed")]
    LinkChanged {
        /// Its number.
        number: u64,
    },
    /// A link of the chain itself is gone.
    #[error("link {number} of the hash chain is missing")]
    LinkMissing {
        /// Its number.
        number: u64,
    },
    /// Events that no link covers, long after the relay should have chained them.
    #[error(
        "{row} and what came after it are not in the hash chain: links were taken away, or the \
         relay has not run since"
    )]
    Unchained {
        /// The first of them.
        row: RowName,
    },
    /// The end is gone: a head that was kept elsewhere covers more.
    #[error("history was cut off after link {found}: the head kept elsewhere is of link {kept}")]
    Truncated {
        /// The link of the kept head.
        kept: u64,
        /// The last link that is there.
        found: u64,
    },
    /// History was written anew: a head that was kept elsewhere is not the one that is there.
    #[error("history was rewritten: link {number} has another head than the one kept elsewhere")]
    Rewritten {
        /// The link.
        number: u64,
    },
}

impl ChainFault {
    /// The row that is not as it was, where there is one.
    #[must_use]
    pub const fn row(&self) -> Option<&RowName> {
        match self {
            Self::Changed { row }
            | Self::Inserted { row }
            | Self::Reordered { row, .. }
            | Self::Unchained { row } => Some(row),
            Self::Deleted { .. }
            | Self::LinkChanged { .. }
            | Self::LinkMissing { .. }
            | Self::Truncated { .. }
            | Self::Rewritten { .. } => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Link {
    number: i64,
    last_incarnation: i32,
    last_xid: i64,
    last_position: i64,
    count: i32,
    leaves: Vec<u8>,
    head: Vec<u8>,
}

impl Link {
    fn last(&self) -> Order {
        order_of((self.last_incarnation, self.last_xid, self.last_position))
    }

    fn leaves(&self) -> Vec<Leaf> {
        self.leaves.chunks(LEAF).filter_map(Leaf::read).collect()
    }

    /// Whether the link fits to the one before it, and its own columns to each other.
    fn fits(&self, previous: &[u8; 32]) -> bool {
        let leaves = self.leaves();
        hash_link(previous, &self.leaves).as_slice() == self.head
            && usize::try_from(self.count).is_ok_and(|count| count == leaves.len())
            && leaves.last().is_some_and(|leaf| leaf.order == self.last())
    }
}

/// Links that are looked at together.
const LINKS: i64 = 500;
/// Events that are looked at together, about.
const EVENTS: i64 = 5_000;

/// Follows the chain by some links after a place, which moves on; whether that was the end of it.
pub(super) async fn step(
    pool: &PgPool,
    workspace: WorkspaceId,
    at: &mut ChainHead,
    kept: Option<&ChainHead>,
    faults: &mut Vec<ChainFault>,
) -> Result<bool, StoreError> {
    let links = links_after(pool, workspace, at.number).await?;
    let Some(end) = links.last().map(Link::last) else {
        faults.extend(unchained(pool, workspace, at.last).await?);
        if let Some(kept) = kept.filter(|kept| kept.number > at.number) {
            faults.push(ChainFault::Truncated { kept: kept.number, found: at.number });
        }
        return Ok(true);
    };
    let rows = rows_between(pool, workspace, at.last, end).await?;
    let mut expected = BTreeMap::new();
    for link in &links {
        let found = link.number.cast_unsigned();
        faults.extend((at.number + 1..found).map(|number| ChainFault::LinkMissing { number }));
        // After a missing link the head cannot be known: the next one is taken as it is.
        if found == at.number + 1 && !link.fits(&at.head) {
            faults.push(ChainFault::LinkChanged { number: found });
        }
        at.head = link.head.as_slice().try_into().unwrap_or_default();
        at.number = found;
        if kept.is_some_and(|kept| kept.number == at.number && kept.head != at.head) {
            faults.push(ChainFault::Rewritten { number: at.number });
        }
        expected.extend(link.leaves().iter().map(|leaf| (leaf.order, leaf.digest)));
    }
    compare(&expected, &rows, faults);
    at.last = at.last.max(end);
    Ok(false)
}

/// The first event after the end of the chain that has been there for a minute.
async fn unchained(
    pool: &PgPool,
    workspace: WorkspaceId,
    last: Order,
) -> Result<Option<ChainFault>, StoreError> {
    let row: Option<EventRow> = sqlx::query_as(concat!(
        columns!(),
        "WHERE e.workspace = $1
           AND (e.incarnation, e.xid, e.position) > ($2, $3::text::xid8, $4)
           AND e.\"timestamp\" < now() - interval '1 minute'
         ORDER BY e.incarnation, e.xid, e.position LIMIT 1"
    ))
    .bind(workspace.uuid())
    .bind(last.incarnation)
    .bind(last.xid.to_string())
    .bind(last.position)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| ChainFault::Unchained {
        row: RowName { order: row.order(), event: row.name() },
    }))
}

/// The next links, up to a number of events that fits into memory.
async fn links_after(
    pool: &PgPool,
    workspace: WorkspaceId,
    number: u64,
) -> Result<Vec<Link>, StoreError> {
    let links = sqlx::query_as(
        "SELECT number, last_incarnation, last_xid, last_position, count, leaves, head
         FROM (SELECT c.number, c.last_incarnation, c.last_xid::text::bigint AS last_xid,
                      c.last_position, c.count, c.leaves, c.head,
                      sum(c.count) OVER (ORDER BY c.number) - c.count AS before
               FROM (SELECT * FROM write.chain WHERE workspace = $1 AND number > $2
                     ORDER BY number LIMIT $3) AS c) AS link
         WHERE before <= $4 ORDER BY number",
    )
    .bind(workspace.uuid())
    .bind(number.cast_signed())
    .bind(LINKS)
    .bind(EVENTS)
    .fetch_all(pool)
    .await?;
    Ok(links)
}

async fn rows_between(
    pool: &PgPool,
    workspace: WorkspaceId,
    after: Order,
    end: Order,
) -> Result<Vec<EventRow>, StoreError> {
    let rows = sqlx::query_as(concat!(
        columns!(),
        "WHERE e.workspace = $1
           AND (e.incarnation, e.xid, e.position) > ($2, $3::text::xid8, $4)
           AND (e.incarnation, e.xid, e.position) <= ($5, $6::text::xid8, $7)
         ORDER BY e.incarnation, e.xid, e.position"
    ))
    .bind(workspace.uuid())
    .bind(after.incarnation)
    .bind(after.xid.to_string())
    .bind(after.position)
    .bind(end.incarnation)
    .bind(end.xid.to_string())
    .bind(end.position)
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

fn compare(expected: &BTreeMap<Order, Digest>, rows: &[EventRow], faults: &mut Vec<ChainFault>) {
    let name = |row: &EventRow| RowName { order: row.order(), event: row.name() };
    let found: Vec<(Digest, &EventRow)> = rows.iter().map(|row| (row.digest(), row)).collect();
    let by_order: BTreeMap<Order, (Digest, &EventRow)> =
        found.iter().map(|(digest, row)| (row.order(), (*digest, *row))).collect();
    let by_digest: HashMap<Digest, &EventRow> = found.iter().copied().collect();
    let digests: HashSet<Digest> = expected.values().copied().collect();

    for (&order, digest) in expected {
        match (by_order.get(&order), by_digest.get(digest)) {
            (Some((at_place, _)), _) if at_place == digest => {}
            (_, Some(elsewhere)) => {
                faults.push(ChainFault::Reordered { row: name(elsewhere), was: order });
            }
            (Some((_, row)), None) => faults.push(ChainFault::Changed { row: name(row) }),
            (None, None) => faults.push(ChainFault::Deleted { order }),
        }
    }
    for (digest, row) in &found {
        if !expected.contains_key(&row.order()) && !digests.contains(digest) {
            faults.push(ChainFault::Inserted { row: name(row) });
        }
    }
}
