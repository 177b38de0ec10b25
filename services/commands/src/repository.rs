//! Aggregates as the store holds them, and what is remembered of them between two commands.

use crate::failure::Trouble;
use crate::stored::{Known, NO_SNAPSHOT, SNAPSHOT_FORMAT, Stored};
use ael_domain::lead::Lead;
use ael_domain::sale::Sale;
use ael_domain::workspace::Workspace;
use ael_events::ids::{LeadId, SaleId, WorkspaceId};
use ael_events::values::WorkspaceSettings;
use ael_store::{EventWriter, Loaded};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How old a workspace's remembered settings may be when something is decided by them.
const SETTINGS_AGE: Duration = Duration::from_millis(500);
/// How long an aggregate is remembered after it was last used: an erased person's rest goes with
/// it.
const IDLE: Duration = Duration::from_secs(120);

/// How fresh what is decided on has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// What is remembered will do: the append checks the version.
    Remembered,
    /// As the store holds it now: before anything that is not an append is answered.
    Anew,
}

impl Freshness {
    /// Whether it has to be read from the store.
    pub(crate) fn is_anew(self) -> bool {
        self == Self::Anew
    }
}

type Key = (WorkspaceId, Uuid);

/// Loads aggregates. Bounded in memory, whatever comes.
#[derive(Debug)]
pub(crate) struct Repository {
    writer: EventWriter,
    leads: Cache<Key, Arc<Known<Lead>>>,
    sales: Cache<Key, Arc<Known<Sale>>>,
    settings: Cache<WorkspaceId, (Instant, Arc<WorkspaceSettings>)>,
}

impl Repository {
    /// A repository that remembers up to so many bytes of leads, roughly.
    pub(crate) fn new(writer: EventWriter, cache_bytes: u64) -> Self {
        let leads = Cache::builder()
            .weigher(|_, lead: &Arc<Known<Lead>>| weight(&lead.state))
            .max_capacity(cache_bytes)
            .time_to_idle(IDLE)
            .build();
        let sales = Cache::builder().max_capacity(10_000).time_to_idle(IDLE).build();
        let settings = Cache::builder().max_capacity(10_000).time_to_live(SETTINGS_AGE).build();
        Self { writer, leads, sales, settings }
    }

    /// Any aggregate, as the store holds it now.
    pub(crate) async fn load<A: Stored>(
        &self,
        workspace: WorkspaceId,
        id: Uuid,
    ) -> Result<Known<A>, Trouble> {
        let loaded = self.writer.load(workspace, A::KIND, id, SNAPSHOT_FORMAT).await?;
        match fold::<A>(id, loaded) {
            Err(Trouble::Json(error)) => {
                tracing::warn!(aggregate = %A::KIND, %id, %error, "a snapshot is unreadable");
                fold::<A>(id, self.writer.load(workspace, A::KIND, id, NO_SNAPSHOT).await?)
            }
            settled => settled,
        }
    }

    /// A lead that is to begin: taken to be unknown until the append or a second look says
    /// otherwise.
    pub(crate) async fn beginning_lead(
        &self,
        workspace: WorkspaceId,
        id: LeadId,
        freshness: Freshness,
    ) -> Result<Arc<Known<Lead>>, Trouble> {
        match freshness {
            Freshness::Remembered => Ok(Arc::new(Known::absent(id.uuid()))),
            Freshness::Anew => self.lead(workspace, id, freshness).await,
        }
    }

    /// A lead.
    pub(crate) async fn lead(
        &self,
        workspace: WorkspaceId,
        id: LeadId,
        freshness: Freshness,
    ) -> Result<Arc<Known<Lead>>, Trouble> {
        let key = (workspace, id.uuid());
        if let (Freshness::Remembered, Some(lead)) = (freshness, self.leads.get(&key)) {
            return Ok(lead);
        }
        Ok(Arc::new(self.load(workspace, id.uuid()).await?))
    }

    /// A sale.
    pub(crate) async fn sale(
        &self,
        workspace: WorkspaceId,
        id: SaleId,
        freshness: Freshness,
    ) -> Result<Arc<Known<Sale>>, Trouble> {
        let key = (workspace, id.uuid());
        if let (Freshness::Remembered, Some(sale)) = (freshness, self.sales.get(&key)) {
            return Ok(sale);
        }
        Ok(Arc::new(self.load(workspace, id.uuid()).await?))
    }

    /// What a workspace decides for itself, half a second old at most; none, when there is no such
    /// workspace.
    pub(crate) async fn settings(
        &self,
        id: WorkspaceId,
        freshness: Freshness,
    ) -> Result<Option<Arc<WorkspaceSettings>>, Trouble> {
        let now = Instant::now();
        if let (Freshness::Remembered, Some((read_at, known))) = (freshness, self.settings.get(&id))
            && now.duration_since(read_at) < SETTINGS_AGE
        {
            return Ok(Some(known));
        }
        let workspace = self.load::<Workspace>(id, id.uuid()).await?;
        let settings = workspace.state.settings().cloned().map(Arc::new);
        if let Some(settings) = &settings {
            self.settings.insert(id, (now, settings.clone()));
        }
        Ok(settings)
    }

    /// Remembers a lead and a sale as they are after an append.
    pub(crate) fn remember(
        &self,
        workspace: WorkspaceId,
        lead: Option<Known<Lead>>,
        sale: Option<Known<Sale>>,
    ) {
        if let Some(lead) = lead {
            self.leads.insert((workspace, lead.id), Arc::new(lead));
        }
        if let Some(sale) = sale {
            self.sales.insert((workspace, sale.id), Arc::new(sale));
        }
    }

    /// Forgets all that has this id: somebody else changed it, or a person was erased.
    pub(crate) fn forget(&self, workspace: WorkspaceId, id: Uuid) {
        self.leads.invalidate(&(workspace, id));
        self.sales.invalidate(&(workspace, id));
        self.sales.invalidate(&(workspace, SaleId::of(LeadId::from_uuid(id)).uuid()));
        if id == workspace.uuid() {
            self.settings.invalidate(&workspace);
        }
    }
}

fn fold<A: Stored>(id: Uuid, loaded: Loaded) -> Result<Known<A>, Trouble> {
    let mut state = match loaded.snapshot {
        Some(snapshot) => serde_json::from_value(snapshot.state)?,
        None => A::default(),
    };
    for event in loaded.events {
        state.evolve(A::read(&event.event_type, event.data)?);
    }
    Ok(Known { id, version: loaded.version, state })
}

/// Roughly the bytes that a lead takes.
fn weight(lead: &Lead) -> u32 {
    let details = lead.profile().map_or(0, |profile| {
        let pains: usize = profile.pain_points.iter().map(|pain| pain.as_str().len()).sum();
        pains + profile.intent.as_ref().map_or(0, |intent| intent.as_str().len())
    });
    let counted = 64 * (lead.notes().len() + lead.files().len() + lead.tags().len());
    u32::try_from(1_500 + details + counted).unwrap_or(NO_SNAPSHOT)
}
