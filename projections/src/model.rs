//! What every read model is: its tables, the events it listens to, and how a batch of them
//! changes it.

use crate::audit::row::{Audited, Row};
use crate::opened::Opened;
use ael_events::event::Event;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// An aggregate of a workspace.
pub type Key = (WorkspaceId, Uuid);

/// An event does not fit what was there before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The aggregate's first event was never seen.
    #[error("the first event of this aggregate is missing")]
    NoBeginning,
    /// An event between is missing.
    #[error("expected event {expected} of this aggregate, got event {got}")]
    Gap {
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
}

/// Where a version of a read model lives.
#[derive(Debug, Clone)]
pub struct Target {
    /// The schema of its tables, such as `rm_lead_board_1`.
    pub schema: String,
}

/// What came of a batch besides the rows.
#[derive(Debug, Default)]
pub struct Applied {
    /// Events that could not be applied, by their index, and why.
    pub unfit: BTreeMap<usize, String>,
    /// The owners of the leads that were touched, for the see-rule of live notices.
    pub owners: HashMap<Key, Option<MemberId>>,
    /// Who had the leads before that changed hands.
    pub previous_owners: HashMap<Key, Option<MemberId>>,
    /// The versions of the sales of leads that changed hands.
    pub sales: HashMap<Key, u64>,
    stuck: BTreeSet<(AggregateKind, Key)>,
}

impl Applied {
    /// Whether the event has to wait behind one of the same batch that could not be applied.
    #[must_use]
    pub fn waits(&self, opened: &Opened) -> bool {
        let facts = &opened.facts;
        self.stuck.contains(&(facts.aggregate, (facts.workspace, facts.aggregate_id)))
    }

    /// Notes that an event could not be applied.
    pub fn refuse(&mut self, index: usize, opened: &Opened, reason: &Unfit) {
        let facts = &opened.facts;
        self.stuck.insert((facts.aggregate, (facts.workspace, facts.aggregate_id)));
        self.unfit.insert(index, reason.to_string());
    }
}

/// An event of a batch, and whether only its erasing counts because its aggregate waits.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// Its index in the batch.
    pub index: usize,
    /// The event.
    pub opened: &'a Opened,
    /// What happened.
    pub event: &'a Event,
    /// Its aggregate waits behind a poison event: nothing but the purge is to be done.
    pub only_purge: bool,
}

/// A read model.
#[async_trait]
pub trait ReadModel: Send + Sync + std::fmt::Debug {
    /// Its name, also in `ael projection rebuild NAME`.
    fn name(&self) -> &'static str;

    /// Counts the changes of its tables' form; a stored version of another shape is rebuilt.
    fn shape(&self) -> i32 {
        1
    }

    /// The statements that make its tables; `{schema}` stands for the version's schema.
    fn tables(&self) -> &'static str;

    /// The views by which it is read: their names in schema `read` and their queries.
    fn views(&self) -> &'static [View];

    /// Functions over the views, made again on every start.
    fn functions(&self) -> &'static str {
        ""
    }

    /// Its tables as an audit compares them, row by row; each row belongs to an aggregate.
    fn audited(&self) -> &'static [Audited];

    /// What it should hold of an aggregate, before its first event.
    fn expected(&self, id: Uuid) -> Box<dyn Expected>;

    /// Whether events of such an aggregate change it.
    fn concerns(&self, kind: AggregateKind) -> bool;

    /// Whether the event changes it.
    fn wants(&self, event: &Event) -> bool;

    /// Applies a batch of one lane, in order. Reads what is there, folds in memory, writes set by
    /// set.
    async fn apply(
        &self,
        connection: &mut PgConnection,
        target: &Target,
        events: &[Incoming<'_>],
    ) -> Result<Applied, sqlx::Error>;
}

/// What a read model should hold of one aggregate (of a lead with its sale), folded in memory by
/// the functions that fold it into its tables.
pub trait Expected: Send {
    /// Takes the next event.
    ///
    /// # Errors
    /// [`Unfit`] when events are missing before it; nothing is changed then.
    fn take(&mut self, incoming: &Incoming<'_>) -> Result<(), Unfit>;

    /// The rows that there should be, in every audited table.
    fn rows(&self) -> Vec<Row>;

    /// What it shows, in the terms in which it is compared with the domain's own fold.
    fn digest(&self, kind: AggregateKind) -> Option<AggregateDigest> {
        let _ = kind;
        None
    }
}

/// A view in schema `read`.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// Its query; `{schema}` stands for the version's schema.
    pub query: &'static str,
    /// Whether `queries` may select from it.
    pub public: bool,
}

/// Every read model there is.
#[must_use]
pub fn all() -> Vec<Arc<dyn ReadModel>> {
    vec![
        Arc::new(crate::lead_board::LeadBoard),
        Arc::new(crate::lead_card::LeadCard),
        Arc::new(crate::timeline::Timeline),
        Arc::new(crate::sale_board::SaleBoard),
        Arc::new(crate::members::Members),
        Arc::new(crate::access::Access),
        Arc::new(crate::stats::Stats),
        Arc::new(crate::advisor::Advisor),
    ]
}

/// The schema of a version of a read model.
#[must_use]
pub fn schema_of(name: &str, version: i32) -> String {
    format!("rm_{name}_{version}")
}

/// The keys of a batch as two parallel arrays for `unnest`.
pub(crate) fn key_arrays<'a>(keys: impl Iterator<Item = &'a Key>) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.map(|(workspace, id)| (workspace.uuid(), *id)).unzip()
}

/// The statement that looks up the rows of a table by `$1` and `$2`, workspaces and ids.
///
/// The fence (OFFSET 0) holds the plan to one look-up per key: one that was made while the table
/// was small could otherwise read all of it for ever.
pub(crate) fn look_up(schema: &str, table: &str, id: &str) -> String {
    format!(
        "SELECT found.* FROM unnest($1::uuid[], $2::uuid[]) AS k (workspace, id) \
         CROSS JOIN LATERAL (SELECT * FROM {schema}.{table} AS one \
             WHERE one.workspace = k.workspace AND one.{id} = k.id OFFSET 0) AS found"
    )
}

/// The next event of a thing that has `version`: fresh, already counted, or too early.
pub(crate) const fn expect_next(version: u64, sequence: u64) -> Result<bool, Unfit> {
    if sequence <= version {
        return Ok(false);
    }
    if sequence > version + 1 {
        return Err(Unfit::Gap { expected: version + 1, got: sequence });
    }
    Ok(true)
}

/// A version as PostgreSQL keeps it.
pub(crate) fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A version as we keep it.
pub(crate) fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
