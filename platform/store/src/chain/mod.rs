//! Tamper evidence: a hash chain per workspace over the stored, sealed events, in the settled
//! order.
//!
//! # Invariants
//!
//! - **The chain leaves nothing out.** It is extended in the settled order, before a batch is
//!   published; one that is behind is mended first. Extending it again with the same events changes
//!   nothing.
//! - **A leaf is an event**: its place and the digest of its row. A link's head is the hash of the
//!   head before it and of its leaves, so nobody can change an event, take one away, put one in or
//!   swap two, and leave the heads standing.
//! - **Cutting off the end shows only against a head that is kept elsewhere**: the heads go out
//!   with each batch.
//! - **Erasing a person breaks nothing**: the chain is over the sealed form.

mod verify;

pub use verify::{ChainFault, RowName};

use crate::StoreError;
use crate::settled::{Settled, SettledReader, order_of};
use ael_events::ids::WorkspaceId;
use ael_events::order::Order;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// SHA-256 of a stored row, save for its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

/// Hashes the columns of a row, each with its length before it, so that no two rows read alike.
pub(crate) struct RowDigest(Sha256);

impl RowDigest {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The end of a workspace's chain, to be kept elsewhere: `<number>:<hexadecimal head>@<place>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of the last link, counted from 1.
    pub number: u64,
    /// Its hash.
    pub head: [u8; 32],
    /// The last event that it covers.
    pub last: Order,
}

impl ChainHead {
    /// Before the first link.
    pub const START: Self = Self { number: 0, head: [0; 32], last: Order::START };
}

impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.number)?;
        self.head.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "@{}", self.last)
    }
}

/// A text was not the head of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the head of a hash chain: expected <number>:<64 hexadecimal digits>@<position>")]
pub struct NotAChainHead;

impl FromStr for ChainHead {
    type Err = NotAChainHead;
    fn from_str(text: &str) -> Result<Self, NotAChainHead> {
        let (number, rest) = text.trim().split_once(':').ok_or(NotAChainHead)?;
        let (hex, last) = rest.split_once('@').ok_or(NotAChainHead)?;
        if hex.len() != 64 || !hex.is_ascii() {
            return Err(NotAChainHead);
        }
        let mut head = [0; 32];
        for (at, byte) in head.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).map_err(|_| NotAChainHead)?;
        }
        let number = number.parse().map_err(|_| NotAChainHead)?;
        Ok(Self { number, head, last: last.parse().map_err(|_| NotAChainHead)? })
    }
}

/// An event in a link: its place (4 + 8 + 8 bytes, big-endian) and its digest.
const LEAF: usize = 52;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Leaf {
    order: Order,
    digest: Digest,
}

impl Leaf {
    fn write(&self, leaves: &mut Vec<u8>) {
        leaves.extend_from_slice(&self.order.incarnation.to_be_bytes());
        leaves.extend_from_slice(&self.order.xid.to_be_bytes());
        leaves.extend_from_slice(&self.order.position.to_be_bytes());
        leaves.extend_from_slice(&self.digest.0);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let order = Order {
            incarnation: i32::from_be_bytes(bytes.get(0..4)?.try_into().ok()?),
            xid: u64::from_be_bytes(bytes.get(4..12)?.try_into().ok()?),
            position: i64::from_be_bytes(bytes.get(12..20)?.try_into().ok()?),
        };
        Some(Self { order, digest: Digest(bytes.get(20..LEAF)?.try_into().ok()?) })
    }
}

fn hash_link(previous: &[u8; 32], leaves: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update(leaves).finalize().into()
}

/// How many events are read at once to mend a chain that is behind.
const MEND: u32 = 500;

/// The hash chains of all workspaces; extended by the relay.
#[derive(Debug, Clone)]
pub struct Chain(PgPool);

type HeadRow = (Uuid, i64, Vec<u8>, i32, i64, i64);

impl Chain {
    /// Over a pool in the role of the relay; of the owner, to verify.
    #[must_use]
    pub const fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// Adds a batch of the settled order that begins right after a place; the heads of the
    /// workspaces in it. What is in the chain already is passed over, what is missing before the
    /// batch is added first.
    ///
    /// # Errors
    /// [`StoreError::AnotherChainer`] when somebody else extends it at the same moment; else when
    /// the database is away.
    pub async fn extend(
        &self,
        after: Order,
        batch: &[Settled],
    ) -> Result<BTreeMap<WorkspaceId, ChainHead>, StoreError> {
        let mut tail = self.tail().await?;
        let reader = SettledReader::new(self.0.clone());
        while tail < after {
            let mut missing = reader.settled_after(tail, MEND).await?;
            missing.retain(|settled| settled.event.order <= after);
            let Some(last) = missing.last() else { break };
            tail = last.event.order;
            self.add(&missing.iter().collect::<Vec<_>>()).await?;
        }
        let fresh: Vec<&Settled> =
            batch.iter().filter(|settled| settled.event.order > tail).collect();
        let mut heads = self.add(&fresh).await?;
        let mut others: Vec<Uuid> =
            batch.iter().map(|settled| settled.event.workspace.uuid()).collect();
        others.retain(|workspace| !heads.contains_key(&WorkspaceId::from_uuid(*workspace)));
        heads.extend(self.heads(&others).await?);
        Ok(heads)
    }

    /// The end of a workspace's chain.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn head(&self, workspace: WorkspaceId) -> Result<Option<ChainHead>, StoreError> {
        Ok(self.heads(&[workspace.uuid()]).await?.remove(&workspace))
    }

    /// Every fault of a workspace's history. A head that was kept elsewhere also shows whether the
    /// end was cut off.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn verify(
        &self,
        workspace: WorkspaceId,
        kept: Option<&ChainHead>,
    ) -> Result<Vec<ChainFault>, StoreError> {
        let (mut at, mut faults) = (ChainHead::START, Vec::new());
        while !self.verify_some(workspace, &mut at, kept, &mut faults).await? {}
        Ok(faults)
    }

    /// Goes on to look for faults after a place in the chain, which moves on by a bounded number of
    /// events; whether that was the end of it. The same kept head goes with every stretch.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; place and faults are as before then.
    pub async fn verify_some(
        &self,
        workspace: WorkspaceId,
        at: &mut ChainHead,
        kept: Option<&ChainHead>,
        faults: &mut Vec<ChainFault>,
    ) -> Result<bool, StoreError> {
        verify::step(&self.0, workspace, at, kept, faults).await
    }

    async fn tail(&self) -> Result<Order, StoreError> {
        let row: Option<(i32, i64, i64)> = sqlx::query_as(
            "SELECT last_incarnation, last_xid::text::bigint, last_position FROM write.chain
             ORDER BY last_incarnation DESC, last_xid DESC, last_position DESC LIMIT 1",
        )
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map_or(Order::START, order_of))
    }

    async fn heads(
        &self,
        workspaces: &[Uuid],
    ) -> Result<BTreeMap<WorkspaceId, ChainHead>, StoreError> {
        if workspaces.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows: Vec<HeadRow> = sqlx::query_as(
            "SELECT c.workspace, c.number, c.head, c.last_incarnation, c.last_xid::text::bigint,
                    c.last_position
             FROM (SELECT DISTINCT unnest($1::uuid[]) AS workspace) AS wanted
             CROSS JOIN LATERAL (SELECT * FROM write.chain
                 WHERE chain.workspace = wanted.workspace ORDER BY number DESC LIMIT 1) AS c",
        )
        .bind(workspaces)
        .fetch_all(&self.0)
        .await?;
        let read = |(workspace, number, head, incarnation, xid, position): HeadRow| {
            let head =
                head.try_into().map_err(|_| StoreError::bad_row("a head of another size"))?;
            let last = order_of((incarnation, xid, position));
            let head = ChainHead { number: number.cast_unsigned(), head, last };
            Ok((WorkspaceId::from_uuid(workspace), head))
        };
        rows.into_iter().map(read).collect()
    }

    /// Adds one link to each workspace's chain, all in one statement.
    async fn add(
        &self,
        events: &[&Settled],
    ) -> Result<BTreeMap<WorkspaceId, ChainHead>, StoreError> {
        let mut links: BTreeMap<WorkspaceId, Vec<Leaf>> = BTreeMap::new();
        for settled in events {
            let leaf = Leaf { order: settled.event.order, digest: settled.digest };
            links.entry(settled.event.workspace).or_default().push(leaf);
        }
        if links.is_empty() {
            return Ok(BTreeMap::new());
        }
        let workspaces: Vec<Uuid> = links.keys().map(|workspace| workspace.uuid()).collect();
        let mut heads = self.heads(&workspaces).await?;
        let mut rows = LinkColumns::default();
        for (workspace, leaves) in &links {
            let before = heads.get(workspace);
            if let Some(head) = rows.add(*workspace, before, leaves) {
                heads.insert(*workspace, head);
            }
        }
        rows.insert(&self.0).await?;
        Ok(heads)
    }
}

#[derive(Debug, Default)]
struct LinkColumns {
    workspaces: Vec<Uuid>,
    numbers: Vec<i64>,
    firsts: (Vec<i32>, Vec<String>, Vec<i64>),
    lasts: (Vec<i32>, Vec<String>, Vec<i64>),
    counts: Vec<i32>,
    leaves: Vec<Vec<u8>>,
    heads: Vec<Vec<u8>>,
}

impl LinkColumns {
    fn add(
        &mut self,
        workspace: WorkspaceId,
        before: Option<&ChainHead>,
        leaves: &[Leaf],
    ) -> Option<ChainHead> {
        let (first, last) = (leaves.first()?.order, leaves.last()?.order);
        let number = before.map_or(0, |head| head.number) + 1;
        let mut bytes = Vec::with_capacity(leaves.len() * LEAF);
        leaves.iter().for_each(|leaf| leaf.write(&mut bytes));
        let head = hash_link(&before.map_or([0; 32], |head| head.head), &bytes);
        self.workspaces.push(workspace.uuid());
        self.numbers.push(number.cast_signed());
        for (columns, order) in [(&mut self.firsts, first), (&mut self.lasts, last)] {
            columns.0.push(order.incarnation);
            columns.1.push(order.xid.to_string());
            columns.2.push(order.position);
        }
        self.counts.push(i32::try_from(leaves.len()).unwrap_or(i32::MAX));
        self.leaves.push(bytes);
        self.heads.push(head.to_vec());
        Some(ChainHead { number, head, last })
    }

    async fn insert(self, pool: &PgPool) -> Result<(), StoreError> {
        let inserted = sqlx::query(
            "INSERT INTO write.chain (workspace, number, first_incarnation, first_xid,
                first_position, last_incarnation, last_xid, last_position, count, leaves, head)
             SELECT workspace, number, first_incarnation, first_xid::xid8, first_position,
                    last_incarnation, last_xid::xid8, last_position, count, leaves, head
             FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[],
                         $6::integer[], $7::text[], $8::bigint[], $9::integer[], $10::bytea[],
                         $11::bytea[])
                AS link (workspace, number, first_incarnation, first_xid, first_position,
                         last_incarnation, last_xid, last_position, count, leaves, head)",
        )
        .bind(self.workspaces)
        .bind(self.numbers)
        .bind(self.firsts.0)
        .bind(self.firsts.1)
        .bind(self.firsts.2)
        .bind(self.lasts.0)
        .bind(self.lasts.1)
        .bind(self.lasts.2)
        .bind(self.counts)
        .bind(self.leaves)
        .bind(self.heads)
        .execute(pool)
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if is_taken(&error) => Err(StoreError::AnotherChainer),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.constraint() == Some("chain_pkey"))
}
