//! `ael audit`: does the history say what the read models show, and is it the history that was?

use super::access::Access;
use super::verdict::{self, Verdict};
use crate::import::progress;
use crate::problem::Differences;
use crate::session::{Global, Session};
use ael_events::ids::WorkspaceId;
use ael_projections::audit::{Reach, SecondOpinion};
use ael_projections::{Audit, Findings};
use ael_store::{Chain, ChainHead, DbRole};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::time::Duration;

/// What can be audited.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Fold every aggregate, compare with every row of every read model, check the hash chain; exit
    /// code 1 and the differences if there are any
    #[command(
        after_help = "It first waits, up to a minute without progress, until the read models \
        have taken what was acknowledged\nbefore it began. Commands may flow meanwhile. Events \
        that are parked, or still missing, count as\nfaults. Of personal values it only says that \
        they differ.\n\nExamples:\n  ael audit verify\n  \
        ael audit verify --all --json\n  \
        ael audit verify --head \"$(cat head-kept-elsewhere)\""
    )]
    Verify(Verify),
    /// Print the head of the hash chain, to keep elsewhere
    #[command(after_help = "Example:\n  ael audit head > head-kept-elsewhere")]
    Head,
}

/// See [`AuditCommand::Verify`].
#[derive(Debug, Args)]
pub struct Verify {
    /// Every workspace of the system
    #[arg(long)]
    all: bool,
    /// A head that was kept elsewhere: history may have grown since, but not changed
    #[arg(long, value_name = "HEAD", conflicts_with = "all")]
    head: Option<ChainHead>,
}

/// How long the read models may stand still before they count as behind.
const PATIENCE: Duration = Duration::from_secs(60);

impl AuditCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let session = global.session().await?;
        match self {
            Self::Verify(verify) => verify.run(global, &session).await,
            Self::Head => {
                let workspace = session.workspace().await?;
                let chain = Chain::new(Access::new(global)?.pool(DbRole::Relay).await?);
                let head = chain.head(workspace.id).await?.map(|head| head.to_string());
                session.out.answer(&serde_json::json!({ "head": head }), |out| {
                    out.say(head.as_deref().unwrap_or("(nothing has happened yet)"))
                })
            }
        }
    }
}

impl Verify {
    async fn run(self, global: &Global, session: &Session) -> anyhow::Result<()> {
        let auditor = Auditor::new(global).await?;
        let reach = auditor.audit.reach(PATIENCE).await?;
        let names = self.workspaces(session, &auditor).await?;
        let mut verdicts = Vec::new();
        for (workspace, name) in names {
            let findings = auditor.findings(workspace, &name, &reach, session.out.json).await?;
            let faults = auditor.chain.verify(workspace, self.head.as_ref()).await?;
            let faults = faults.iter().map(ToString::to_string).collect();
            let head = auditor.chain.head(workspace).await?.map(|head| head.to_string());
            verdicts.push(Verdict::new(workspace, name, findings, faults, head));
        }
        session.out.answer(&verdicts, |out| {
            verdicts.iter().try_for_each(|verdict| verdict::tell(out, verdict))
        })?;
        let clean = verdicts.iter().all(|verdict| verdict.clean);
        if clean { Ok(()) } else { Err(Differences.into()) }
    }

    /// Which workspaces, with their names; those that only a read model knows are always among
    /// them.
    async fn workspaces(
        &self,
        session: &Session,
        auditor: &Auditor,
    ) -> anyhow::Result<Vec<(WorkspaceId, String)>> {
        let named = match self.all {
            true => session.workspaces().await?,
            false => vec![session.workspace().await?],
        };
        let mut all: Vec<(WorkspaceId, String)> =
            named.iter().map(|one| (one.id, one.name.as_str().to_owned())).collect();
        let mut others: BTreeMap<WorkspaceId, &str> = BTreeMap::new();
        if self.all {
            let stored = auditor.audit.workspaces().await?;
            others.extend(stored.into_iter().map(|id| (id, "(no read model knows its name)")));
        }
        let strangers = auditor.audit.strangers().await?;
        others.extend(strangers.into_iter().map(|id| (id, "(a workspace that never was)")));
        for (id, name) in others {
            if all.iter().all(|(known, _)| *known != id) {
                all.push((id, name.to_owned()));
            }
        }
        Ok(all)
    }
}

/// How the domain itself folds a history.
pub fn domains_opinion() -> Box<SecondOpinion> {
    Box::new(|kind, id, events| {
        ael_commands::audit::digest(kind, id, events).map_err(|error| error.to_string())
    })
}

struct Auditor {
    audit: Audit,
    chain: Chain,
}

impl Auditor {
    async fn new(global: &Global) -> anyhow::Result<Self> {
        let access = Access::new(global)?;
        let read_models = access.pool(DbRole::Projections).await?;
        let audit = Audit::new(&read_models, access.keyring(), domains_opinion());
        Ok(Self { audit, chain: Chain::new(access.pool(DbRole::Relay).await?) })
    }

    async fn findings(
        &self,
        workspace: WorkspaceId,
        name: &str,
        reach: &Reach,
        json: bool,
    ) -> anyhow::Result<Findings> {
        let bar = progress::bar(self.audit.size(workspace).await?, "auditing", json);
        bar.set_prefix(name.to_owned());
        let show = |events: u64| bar.set_position(events);
        let findings = self.audit.verify(workspace, reach, &show).await;
        bar.finish_and_clear();
        Ok(findings?)
    }
}
