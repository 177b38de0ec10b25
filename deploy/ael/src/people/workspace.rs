//! `ael workspace`: found workspaces, and decide what they decide for themselves.

use super::moment::shown;
use crate::problem::Problem;
use crate::session::{self, Desk, Global, Session};
use ael_events::answer::Accepted;
use ael_events::command::{
    ChangeSettings, Command, CreateWorkspace, FirstAdmin, SettingsPatch, To,
    WorkspaceCommand as Ask,
};
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{Query, WorkspaceView};
use ael_events::values::{Email, MemberName, Score, WorkspaceName, WorkspaceSettings};
use ael_service::Env;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What can be done with workspaces.
#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// Found a workspace with its first Admin
    #[command(after_help = "Example:\n  \
        ael workspace create \"Acme\" --admin \"Olena Petrenko\" --email olena@example.com")]
    Create(Create),
    /// List the workspaces of this system
    #[command(after_help = "Example:\n  ael workspace list")]
    List,
    /// Show a workspace and its settings
    #[command(after_help = "Example:\n  ael workspace show --workspace acme")]
    Show,
    /// Change settings, each as NAME=VALUE
    #[command(after_help = "Settings: business_domains, tags (words separated by commas), \
        min_transfer_score, stale_days,\n  currency, language, country, time_zone, \
        stage_deadlines.new_hours (contacted_hours, qualified_hours),\n  \
        advisor.stale_messages (stale_messages_percent, monthly_budget_cents),\n  \
        consents (cloud_text, cloud_voice)\n\nExamples:\n  \
        ael workspace settings currency=EUR stale_days=14\n  \
        ael workspace settings tags=vip,cold business_domains=solar,wind")]
    Settings(Change),
}

/// See [`WorkspaceCommand::Create`].
#[derive(Debug, Args)]
pub struct Create {
    /// Its name
    name: WorkspaceName,
    /// The name of its first Admin
    #[arg(long)]
    admin: MemberName,
    /// The Admin's e-mail address
    #[arg(long)]
    email: Option<Email>,
}

/// See [`WorkspaceCommand::Settings`].
#[derive(Debug, Args)]
pub struct Change {
    /// What changes: NAME=VALUE
    #[arg(required = true, value_name = "NAME=VALUE")]
    changes: Vec<String>,
}

impl WorkspaceCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(global.session().await?).await,
            Self::List => list(global.session().await?).await,
            Self::Show => {
                let session = global.session().await?;
                show(&session, &session.workspace().await?)
            }
            Self::Settings(change) => change.run(global.desk().await?).await,
        }
    }
}

/// The settings of a new workspace: the house's, with the environment's own values.
pub fn new_settings(env: &Env) -> anyhow::Result<WorkspaceSettings> {
    let mut settings = WorkspaceSettings::standard()?;
    let score: f64 = env.or("MIN_TRANSFER_SCORE", "a number from 0.0 to 1.0", 0.6)?;
    settings.min_transfer_score = Score::new(score).map_err(|_| {
        ael_service::ConfigError::malformed("MIN_TRANSFER_SCORE", "a number from 0.0 to 1.0")
    })?;
    settings.stale_days = env.or("AI_ANALYSIS_STALE_DAYS", "a number of days", 7)?;
    Ok(settings)
}

/// Founds a workspace; the id is the caller's, so that founding it twice founds it once.
pub async fn found(
    session: &Session,
    id: WorkspaceId,
    name: WorkspaceName,
    settings: WorkspaceSettings,
    first_admin: FirstAdmin,
) -> anyhow::Result<Accepted> {
    let command = Ask::Create(CreateWorkspace { name, settings, first_admin });
    session.send(id, None, Command::Workspace(To { id, command })).await
}

impl Create {
    async fn run(self, session: Session) -> anyhow::Result<()> {
        // What is founded already is seen: the last one was waited for.
        if let Some(there) = session::namesake(&session.workspaces().await?, self.name.as_str()) {
            return Err(taken(there).into());
        }
        let (id, member_id) = (WorkspaceId::generate(), MemberId::generate());
        let admin = FirstAdmin { member_id, name: self.admin, email: self.email };
        let settings = new_settings(&Env::of_process())?;
        let accepted = found(&session, id, self.name.clone(), settings, admin).await?;
        // Whether it shows already is no reason to fail: it is kept.
        let seen = session.ask_in::<Value>(id, None, Query::ListWorkspaces {}, accepted.position);
        seen.await.map_err(|error| tracing::debug!(%error, "the read models are late")).ok();
        session.out.answer(&accepted, |out| {
            out.say(format!("{} workspace {} ({id})", out.good("✓"), self.name.as_str()))?;
            out.say(format!("  its first Admin is member {member_id}"))?;
            out.say(format!("  use it: ael --workspace {} lead list", called(id, &self.name)))
        })
    }
}

/// By what a workspace is named on the command line.
fn called(id: WorkspaceId, name: &WorkspaceName) -> String {
    let slug = session::slug(name.as_str());
    if slug.is_empty() { id.to_string() } else { slug }
}

fn taken(there: &WorkspaceView) -> Problem {
    let (name, called) = (there.name.as_str(), called(there.id, &there.name));
    let what = format!("there is a workspace {name:?} already ({})", there.id);
    let advice = format!(
        "Nothing was changed. Use it (ael --workspace {called} lead list), or take another name."
    );
    Problem::new("name_taken", what, advice).with(json!({ "workspace_id": there.id, "name": name }))
}

async fn list(session: Session) -> anyhow::Result<()> {
    let all = session.workspaces().await?;
    session.out.answer(&all, |out| {
        if all.is_empty() {
            return out.say("There is no workspace yet: ael workspace create NAME --admin NAME");
        }
        let rows = all.iter().map(|one| {
            let currency = one.settings.currency.to_string();
            vec![one.name.as_str().to_owned(), currency, shown(one.created_at), one.id.to_string()]
        });
        out.table(&["name", "currency?", "founded (UTC)?", "id"], rows)
    })
}

fn show(session: &Session, workspace: &WorkspaceView) -> anyhow::Result<()> {
    session.out.answer(workspace, |out| {
        out.say(out.bold(workspace.name.as_str()))?;
        let mut facts = vec![
            ("id".to_owned(), workspace.id.to_string()),
            ("founded".to_owned(), format!("{} UTC", shown(workspace.created_at))),
        ];
        facts.extend(described("", &serde_json::to_value(&workspace.settings)?));
        out.facts(facts.iter().map(|(name, value)| (name.as_str(), value.clone())))
    })
}

fn described(before: &str, value: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = value else { return Vec::new() };
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => described(&format!("{before}{name}."), value),
        Value::Array(items) => {
            let words = items.iter().map(plain).collect::<Vec<_>>().join(", ");
            vec![(format!("{before}{name}"), if words.is_empty() { "–".to_owned() } else { words })]
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            vec![(format!("{before}{name}"), plain(value))]
        }
    };
    fields.iter().flat_map(line).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Change {
    async fn run(self, desk: Desk) -> anyhow::Result<()> {
        let settings = changed(&desk.workspace.settings, &self.changes)?;
        let command = Ask::ChangeSettings(ChangeSettings { settings });
        let asked = Command::Workspace(To { id: desk.workspace.id, command });
        let accepted = desk.send(asked).await?;
        let session = desk.session;
        session
            .out
            .answer(&accepted, |out| out.say(format!("{} the settings are changed", out.good("✓"))))
    }
}

/// Changes like `currency=EUR` and `stage_deadlines.new_hours=12`; the settings that are there say
/// of which kind each is.
fn changed(before: &WorkspaceSettings, changes: &[String]) -> anyhow::Result<SettingsPatch> {
    let all = serde_json::to_value(before)?;
    let mut patch = json!({});
    for change in changes {
        let malformed = || {
            let what = format!("{change:?} is no change");
            Problem::new("usage", what, "Write it as NAME=VALUE, such as currency=EUR.")
        };
        let (name, text) = change.split_once('=').ok_or_else(malformed)?;
        let place = name.trim().split('.').try_fold(&all, |value, part| value.get(part));
        let known = before_names(before)?;
        let unknown = || {
            let what = format!("there is no setting {:?}", name.trim());
            Problem::new("usage", what, format!("There are: {known}."))
        };
        let place = place.filter(|place| !place.is_object()).ok_or_else(unknown)?;
        let value = like(place, text.trim())?;
        *name.trim().split('.').fold(&mut patch, |within, part| &mut within[part]) = value;
    }
    let parsed: Result<SettingsPatch, _> = serde_json::from_value(patch);
    parsed.map_err(|error| Problem::new("usage", error.to_string(), "Nothing was changed.").into())
}

fn before_names(before: &WorkspaceSettings) -> anyhow::Result<String> {
    let names = described("", &serde_json::to_value(before)?);
    Ok(names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", "))
}

/// A text as a value of the kind that is there already.
fn like(there: &Value, text: &str) -> anyhow::Result<Value> {
    Ok(match there {
        Value::Array(_) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            Value::Array(words.map(Value::from).collect())
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => serde_json::from_str(text)
            .map_err(|_| Problem::new("usage", format!("{text:?} is no number"), "Such as 14."))?,
        Value::String(_) | Value::Object(_) => Value::from(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(changes: &[&str]) -> anyhow::Result<SettingsPatch> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        changed(&WorkspaceSettings::standard().unwrap(), &changes)
    }

    #[test]
    fn a_name_that_is_taken_is_refused_with_how_to_use_the_one_that_has_it() {
        let id = WorkspaceId::generate();
        let there = WorkspaceView {
            id,
            version: 1,
            name: "Sales & Sons".parse().unwrap(),
            settings: WorkspaceSettings::standard().unwrap(),
            created_at: chrono::DateTime::UNIX_EPOCH,
        };
        let problem = taken(&there);
        assert_eq!(
            (problem.code.as_str(), &problem.details["workspace_id"]),
            ("name_taken", &json!(id))
        );
        assert!(problem.what.contains("Sales & Sons") && problem.what.contains(&id.to_string()));
        assert!(problem.advice.unwrap().contains("--workspace sales-sons"));
    }

    #[test]
    fn settings_change_one_by_one_and_the_others_stay() {
        let patch =
            change(&["currency=EUR", "tags=vip, cold", "stage_deadlines.new_hours=12"]).unwrap();
        assert_eq!(patch.stale_days, None, "only what was named is sent");
        let settings = patch.applied(WorkspaceSettings::standard().unwrap());
        assert_eq!(settings.currency.code(), "EUR");
        assert_eq!(settings.tags.len(), 2);
        assert_eq!(settings.stage_deadlines.new_hours.hours(), 12);
        assert_eq!(settings.stage_deadlines.contacted_hours.hours(), 48);
    }

    #[test]
    fn a_setting_that_makes_no_sense_is_refused() {
        assert!(change(&["colour=red"]).unwrap_err().to_string().contains("no setting"));
        assert!(change(&["currency=AEL"]).is_err());
        assert!(change(&["stale_days=soon"]).is_err());
        assert!(change(&["business_domains="]).is_err());
        assert!(change(&["stage_deadlines=1"]).is_err());
        assert!(change(&["stage_deadlines.new_hours=0"]).is_err());
        assert!(change(&["stage_deadlines.new_hours=9000"]).is_err());
        assert!(change(&["time_zone=Europe/Atlantis"]).is_err());
        assert!(change(&["country=XX"]).is_err());
        assert!(change(&["language=fr"]).is_err());
        assert!(change(&["currency"]).is_err());
    }
}
