//! A workspace "Demo" to look at and play with: people of each role, some hundred leads and sales
//! with a past, and somebody who keeps working.

mod cast;
mod chance;
mod pulse;
mod story;

pub use pulse::keep_lively;

use crate::import::progress;
use crate::people::workspace::new_settings;
use crate::session::{Asked, Session};
use crate::up::{Steps, fixed, founded};
use ael_client::ClientError;
use ael_events::command::{AddMember, Command, FirstAdmin, MemberCommand, To};
use ael_events::ids::{CommandId, MemberId, WorkspaceId};
use ael_events::query::{Query, Statistics, WorkspaceView};
use ael_events::values::{DomainSlug, Tag};
use ael_service::Env;
use cast::{ADMIN, COLLEAGUES, Colleague};
use futures::{StreamExt as _, TryStreamExt as _};
use std::time::Duration;
use story::{Scene, Story};
use tokio::time::Instant;

const NAME: &str = "Demo";
/// Leads that live at the same time.
const AT_ONCE: usize = 12;
/// How long the sales may take to open.
const PATIENCE: Duration = Duration::from_secs(60);

fn workspace_id() -> WorkspaceId {
    WorkspaceId::from_uuid(fixed("demo workspace"))
}

/// Founds and fills the workspace, or finds it filled.
pub async fn fill(session: &Session, steps: &Steps) -> anyhow::Result<()> {
    let workspace = workspace(session).await?;
    let numbers: Statistics =
        session.ask_in(workspace.id, Some(ADMIN.id()), Query::Statistics {}, None).await?;
    if numbers.overview.leads >= story::LEADS {
        steps.done("the workspace Demo is there");
        return Ok(());
    }
    steps.say("filling the workspace Demo");
    hire(session, &workspace).await?;
    let currency = workspace.settings.currency;
    let stories: Vec<Story> = (0..story::LEADS)
        .map(|number| story::story(number, workspace.created_at, currency))
        .collect::<anyhow::Result<_>>()?;
    let bar = progress::bar(story::LEADS, "demo", session.out.json);
    each(&stories, |story| async {
        play(session, &story.scenes).await?;
        bar.inc(1);
        Ok(())
    })
    .await?;
    bar.finish_and_clear();
    let sales = stories.iter().filter(|story| story.has_sale()).count() as u64;
    sales_open(session, sales).await?;
    each(&stories, |story| play(session, &story.sale)).await?;
    steps.done(&format!("the workspace Demo has {} leads and {sales} sales", stories.len()));
    Ok(())
}

/// Does something for each story, several at once.
async fn each<'s, F>(stories: &'s [Story], act: impl Fn(&'s Story) -> F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    futures::stream::iter(stories).map(act).buffer_unordered(AT_ONCE).try_collect().await
}

async fn workspace(session: &Session) -> anyhow::Result<WorkspaceView> {
    let mut settings = new_settings(&Env::of_process())?;
    let domains: Result<Vec<_>, _> = story::DOMAINS.into_iter().map(DomainSlug::parse).collect();
    settings.business_domains = domains?.try_into()?;
    settings.tags = story::TAGS.into_iter().map(Tag::parse).collect::<Result<_, _>>()?;
    let name = ADMIN.member_name()?;
    let first_admin = FirstAdmin { member_id: ADMIN.id(), name, email: None };
    founded(session, workspace_id(), NAME, settings, first_admin).await
}

/// The colleagues join.
async fn hire(session: &Session, workspace: &WorkspaceView) -> anyhow::Result<()> {
    for colleague in COLLEAGUES {
        let Colleague { name, role, language } = colleague;
        let add = AddMember { name: colleague.member_name()?, email: None, role, language };
        let command = MemberCommand::Add(add);
        let asked = Asked {
            command_id: CommandId::derived("demo", name),
            occurred_at: Some(workspace.created_at),
            command: Command::Member(To { id: colleague.id().into(), command }),
        };
        ask(session, ADMIN.id(), asked).await?;
    }
    Ok(())
}

async fn play(session: &Session, scenes: &[Scene]) -> anyhow::Result<()> {
    for Scene { by, asked } in scenes {
        ask(session, *by, asked.clone()).await?;
    }
    Ok(())
}

/// A refusal is part of the play (somebody changed the demo's leads meanwhile); no answer is not.
async fn ask(session: &Session, by: MemberId, asked: Asked) -> anyhow::Result<()> {
    let name = asked.command.name();
    let Err(error) = session.send(workspace_id(), Some(by), asked).await else { return Ok(()) };
    match error.downcast::<ClientError>()? {
        ClientError::Rejected(rejected) => {
            tracing::info!(name, code = rejected.code, "the demo was refused something");
            Ok(())
        }
        error @ (ClientError::Failed(_) | ClientError::Unavailable(_)) => Err(error.into()),
    }
}

/// Sales are opened by the process manager, a moment later.
async fn sales_open(session: &Session, wanted: u64) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let numbers: Statistics =
            session.ask_in(workspace_id(), Some(ADMIN.id()), Query::Statistics {}, None).await?;
        if numbers.overview.sales >= wanted || Instant::now() >= deadline {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
