//! `ael audit`: does the history say what the read models show, and is it the history that was?

use super::access::Access;
use super::projection;
use crate::problem::Differences;
use crate::session::{Global, Session};
use ael_events::ids::WorkspaceId;
use ael_events::query::{AggregateDigest, WorkspaceView};
use ael_store::{Chain, ChainHead, DbRole, EventWriter, SettledReader};
use clap::{Args, Subcommand};
use futures::TryStreamExt as _;
use serde::Serialize;
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What can be audited.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Fold every aggregate, compare with every read model, check the hash chain; exit code 1 and
    /// the differences if there are any
    #[command(after_help = "Examples:\n  ael audit verify\n  ael audit verify --all --json\n  \
        ael audit verify --head \"$(cat head-kept-elsewhere)\"")]
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

/// What was found in a workspace.
#[derive(Debug, Serialize)]
struct Verdict {
    workspace: WorkspaceId,
    name: String,
    clean: bool,
    aggregates: usize,
    differences: Vec<Difference>,
    chain_faults: Vec<String>,
    head: Option<String>,
}

/// A read model that does not show what the history says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Difference {
    aggregate: String,
    field: String,
    history: Option<String>,
    read_model: Option<String>,
}

/// How often what differs is looked at again: commands may flow while we compare.
const ROUNDS: u32 = 6;

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
        let workspaces = match self.all {
            true => session.workspaces().await?,
            false => vec![session.workspace().await?],
        };
        let auditor = Auditor::new(global).await?;
        projection::level(session, Duration::from_secs(60)).await?;
        let mut verdicts = Vec::new();
        for workspace in &workspaces {
            verdicts.push(auditor.verdict(session, workspace, self.head.as_ref()).await?);
        }
        session.out.answer(&verdicts, |out| {
            for verdict in &verdicts {
                let (name, count) = (&verdict.name, verdict.aggregates);
                let mark = if verdict.clean { out.good("✓") } else { out.bad("✗") };
                let found = verdict.differences.len() + verdict.chain_faults.len();
                let found =
                    if verdict.clean { "clean".to_owned() } else { format!("{found} faults") };
                out.say(format!("{mark} {name}: {found} ({count} aggregates compared)"))?;
                for difference in &verdict.differences {
                    out.say(format!("  {}", told(difference)))?;
                }
                for fault in &verdict.chain_faults {
                    out.say(format!("  history: {fault}"))?;
                }
                if let Some(head) = &verdict.head {
                    out.say(out.dim(format!("  head {head}")))?;
                }
            }
            Ok(())
        })?;
        let clean = verdicts.iter().all(|verdict| verdict.clean);
        if clean { Ok(()) } else { Err(Differences.into()) }
    }
}

/// Fields that tell about a person: that they differ is said, what they say is not.
const PERSONAL: [&str; 7] =
    ["contact", "intent", "budget", "pain_points", "notes", "files", "name"];

fn told(difference: &Difference) -> String {
    let Difference { aggregate, field, history, read_model } = difference;
    let say = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{aggregate} {field}: history says {}, read model {}", say(history), say(read_model))
}

struct Auditor {
    writer: EventWriter,
    reader: SettledReader,
    read_models: PgPool,
    chain: Chain,
}

impl Auditor {
    async fn new(global: &Global) -> anyhow::Result<Self> {
        let access = Access::new(global)?;
        Ok(Self {
            writer: access.writer().await?,
            reader: access.reader().await?,
            read_models: access.pool(DbRole::Projections).await?,
            chain: Chain::new(access.pool(DbRole::Relay).await?),
        })
    }

    async fn verdict(
        &self,
        session: &Session,
        workspace: &WorkspaceView,
        kept: Option<&ChainHead>,
    ) -> anyhow::Result<Verdict> {
        // What differs twice at different versions is merely being changed: look again.
        let (mut aggregates, mut lasting) = self.compare(workspace.id).await?;
        for _ in 1..ROUNDS {
            if lasting.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            projection::level(session, Duration::from_secs(20)).await?;
            let (count, found) = self.compare(workspace.id).await?;
            aggregates = count;
            let names = |all: &[Difference]| -> BTreeSet<(String, String)> {
                all.iter().map(|one| (one.aggregate.clone(), one.field.clone())).collect()
            };
            let before = names(&lasting);
            let again =
                |one: &Difference| before.contains(&(one.aggregate.clone(), one.field.clone()));
            lasting = found.into_iter().filter(again).collect();
        }
        let faults = self.chain.verify(workspace.id, kept).await?;
        let chain_faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let head = self.chain.head(workspace.id).await?;
        Ok(Verdict {
            workspace: workspace.id,
            name: workspace.name.as_str().to_owned(),
            clean: lasting.is_empty() && chain_faults.is_empty(),
            aggregates,
            differences: lasting,
            chain_faults,
            head: head.map(|head| head.to_string()),
        })
    }

    /// Both sides of a workspace, compared; and how many aggregates there are.
    async fn compare(&self, workspace: WorkspaceId) -> anyhow::Result<(usize, Vec<Difference>)> {
        let read = ael_projections::digests(&self.read_models, workspace);
        let mut read_models: BTreeMap<String, AggregateDigest> = BTreeMap::new();
        let mut read = std::pin::pin!(read);
        while let Some(digest) = read.try_next().await? {
            read_models.insert(digest.aggregate.clone(), digest);
        }
        let history = ael_commands::audit::digests(&self.writer, &self.reader, workspace);
        let mut history = std::pin::pin!(history);
        let (mut count, mut found) = (0, Vec::new());
        while let Some(digest) = history.try_next().await? {
            count += 1;
            found.extend(differences(&digest, read_models.remove(&digest.aggregate).as_ref()));
        }
        found.extend(read_models.into_keys().map(|aggregate| Difference {
            aggregate,
            field: "exists".to_owned(),
            history: None,
            read_model: Some("yes".to_owned()),
        }));
        Ok((count, found))
    }
}

/// What a read model shows otherwise than the history says.
fn differences(history: &AggregateDigest, read: Option<&AggregateDigest>) -> Vec<Difference> {
    let difference = |field: &str, history: Option<String>, read_model: Option<String>| {
        Difference { aggregate: String::new(), field: field.to_owned(), history, read_model }
    };
    let mut found = Vec::new();
    match read {
        None => found.push(difference("exists", Some("yes".to_owned()), None)),
        Some(read) => {
            if read.version != history.version {
                let versions = (history.version.to_string(), read.version.to_string());
                found.push(difference("version", Some(versions.0), Some(versions.1)));
            }
            let fields: BTreeSet<&String> =
                history.fields.keys().chain(read.fields.keys()).collect();
            for field in fields {
                let (said, shown) = (history.fields.get(field), read.fields.get(field));
                if said != shown {
                    found.push(difference(field, said.cloned(), shown.cloned()));
                }
            }
        }
    }
    for one in &mut found {
        one.aggregate.clone_from(&history.aggregate);
        if PERSONAL.contains(&one.field.as_str()) {
            for side in [&mut one.history, &mut one.read_model] {
                *side = side.as_ref().map(|text| format!("({} characters)", text.chars().count()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(version: u64, fields: &[(&str, &str)]) -> AggregateDigest {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let fields = fields.iter().map(field).collect();
        AggregateDigest { aggregate: "lead/1".to_owned(), version, fields }
    }

    #[test]
    fn a_read_model_that_shows_the_history_has_no_differences() {
        let one = digest(3, &[("stage", "new")]);
        assert_eq!(differences(&one, Some(&one)), []);
    }

    #[test]
    fn what_differs_is_named_with_both_sides() {
        let history = digest(3, &[("stage", "lost"), ("lost_reason", "no_budget")]);
        let read = digest(2, &[("stage", "new"), ("owner", "x")]);
        let found = differences(&history, Some(&read));
        let fields: Vec<&str> = found.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["version", "lost_reason", "owner", "stage"]);
        let told: Vec<String> = found.iter().map(told).collect();
        assert_eq!(told[3], "lead/1 stage: history says lost, read model new");
        assert_eq!(told[2], "lead/1 owner: history says nothing, read model x");
        let missing = differences(&history, None);
        assert_eq!(missing[0].field, "exists");
    }
}
