//! The running system as the command line finds it: through the home, over the bus, as the
//! operator, who acts as a member wherever a member is needed.

use crate::output::{Output, remark};
use crate::problem::{Problem, Writing};
use ael_bus::Bus;
use ael_client::Client;
use ael_events::answer::Accepted;
use ael_events::command::{Command, CommandRequest, Credential};
use ael_events::ids::{CommandId, MemberId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::{MemberView, Query, QueryRequest, WorkspaceView};
use ael_events::subjects::Edge;
use ael_events::values::Role;
use ael_service::Env;
use ael_stack::{Home, Running};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::path::PathBuf;
use uuid::Uuid;

/// Under which help shows what every command understands.
const EVERYWHERE: &str = "Everywhere";

/// The home when none is said.
const NEARBY: &str = "./.ael";

/// An empty variable counts as one that is not set.
fn home(text: OsString) -> PathBuf {
    if text.is_empty() { PathBuf::from(NEARBY) } else { PathBuf::from(text) }
}

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// The home of the system: its data, secrets and logs
    #[arg(
        long,
        global = true,
        env = "AEL_HOME",
        default_value = NEARBY,
        value_parser = OsStringValueParser::new().map(home),
        value_name = "DIR",
        help_heading = EVERYWHERE
    )]
    pub home: PathBuf,
    /// The workspace: its name, its name as a slug, or its id; the first one when not said
    #[arg(
        long,
        global = true,
        env = "AEL_WORKSPACE",
        value_name = "NAME",
        help_heading = EVERYWHERE
    )]
    pub workspace: Option<String>,
    /// Act as this member: a name, an e-mail address or an id; the first Admin when not said
    #[arg(long = "as", global = true, value_name = "MEMBER", help_heading = EVERYWHERE)]
    pub as_member: Option<String>,
    /// Answer with JSON, one document a line
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
}

/// A connection to the running system, as the operator.
#[derive(Debug, Clone)]
pub struct Session {
    pub client: Client,
    pub out: Output,
    global: Global,
}

/// A workspace of the running system, and the member as whom the operator acts in it.
#[derive(Debug, Clone)]
pub struct Desk {
    pub session: Session,
    pub workspace: WorkspaceView,
    pub members: Vec<MemberView>,
    pub member: MemberId,
}

impl Global {
    /// Where answers go.
    pub fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// The home.
    pub fn home(&self) -> anyhow::Result<Home> {
        Ok(Home::at(&self.home)?)
    }

    /// The system that runs in the home.
    pub fn running(&self) -> anyhow::Result<Running> {
        Ok(self.home()?.running()?)
    }

    /// How a user enters the bus of the running system: ours, or the one that `NATS_URL` names.
    pub fn bus_config(&self, user: &str) -> anyhow::Result<ael_bus::BusConfig> {
        let running = self.running()?;
        crate::stack::bus_config(&running, &Env::of_process(), user)
    }

    /// Connects to the running system as the operator.
    pub async fn session(&self) -> anyhow::Result<Session> {
        let config = self.bus_config(Edge::Cli.token())?;
        let bus = Bus::connect(&config).await?;
        Ok(Session::new(Client::new(bus, Edge::Cli), self.clone()))
    }

    /// Connects and finds workspace and member.
    pub async fn desk(&self) -> anyhow::Result<Desk> {
        self.session().await?.desk().await
    }
}

impl Session {
    /// A session over a connection that is there already.
    pub fn new(client: Client, global: Global) -> Self {
        Self { client, out: global.output(), global }
    }

    /// The bus, as the command line.
    pub const fn bus(&self) -> &Bus {
        self.client.bus()
    }

    /// The same with another patience: how long it asks again until it is answered.
    pub fn patient(&self, patience: std::time::Duration) -> Self {
        let client = self.client.clone().with_patience(patience);
        Self { client, ..self.clone() }
    }

    /// Asks as the operator, acting for nobody. The workspace of the subject is not looked at by
    /// the questions that this is for.
    pub async fn ask<T: DeserializeOwned>(&self, query: Query) -> anyhow::Result<T> {
        self.ask_in(WorkspaceId::from_uuid(Uuid::nil()), None, query, None).await
    }

    /// Asks in a workspace.
    pub async fn ask_in<T: DeserializeOwned>(
        &self,
        workspace: WorkspaceId,
        as_member: Option<MemberId>,
        query: Query,
        after: Option<PositionToken>,
    ) -> anyhow::Result<T> {
        let credential = Credential::Operator { as_member };
        Ok(self.client.query(workspace, &QueryRequest { credential, after, query }).await?)
    }

    /// Every workspace, oldest first.
    pub async fn workspaces(&self) -> anyhow::Result<Vec<WorkspaceView>> {
        let mut all: Vec<WorkspaceView> = self.ask(Query::ListWorkspaces {}).await?;
        all.sort_by_key(|workspace| (workspace.created_at, workspace.id));
        Ok(all)
    }

    /// The workspace that was asked for.
    pub async fn workspace(&self) -> anyhow::Result<WorkspaceView> {
        let all = self.workspaces().await?;
        let several = all.len() > 1;
        let found = choose_workspace(all, self.global.workspace.as_deref())?;
        let watched = std::io::IsTerminal::is_terminal(&std::io::stderr());
        if several && watched && self.global.workspace.is_none() && !self.out.json {
            let name = found.name.as_str();
            remark(self.out.dim(format!("(workspace {name}; another one with --workspace)")));
        }
        Ok(found)
    }

    /// The workspace, and the member as whom we act.
    pub async fn desk(self) -> anyhow::Result<Desk> {
        let workspace = self.workspace().await?;
        self.desk_in(workspace).await
    }

    /// The same for a workspace that is known.
    pub async fn desk_in(self, workspace: WorkspaceView) -> anyhow::Result<Desk> {
        let everybody = Query::FindMember { text: String::new() };
        let members: Vec<MemberView> = self.ask_in(workspace.id, None, everybody, None).await?;
        let member = choose_member(&members, self.global.as_member.as_deref())?;
        Ok(Desk { session: self, workspace, members, member })
    }

    /// Asks for a command to be carried out, as the operator or as a member.
    pub async fn send(
        &self,
        workspace: WorkspaceId,
        as_member: Option<MemberId>,
        command: impl Into<Asked>,
    ) -> anyhow::Result<Accepted> {
        let asked = command.into();
        let request = CommandRequest {
            command_id: asked.command_id,
            credential: Credential::Operator { as_member },
            expected_version: None,
            occurred_at: asked.occurred_at,
            correlation_id: None,
            causation_id: None,
            command: asked.command,
        };
        self.client.command(workspace, &request).await.context(Writing)
    }
}

/// A command with its intention and its moment.
#[derive(Debug, Clone)]
pub struct Asked {
    pub command_id: CommandId,
    pub occurred_at: Option<DateTime<Utc>>,
    pub command: Command,
}

impl From<Command> for Asked {
    fn from(command: Command) -> Self {
        Self { command_id: CommandId::generate(), occurred_at: None, command }
    }
}

impl Desk {
    /// Where answers go.
    pub const fn out(&self) -> Output {
        self.session.out
    }

    /// Asks a question as the member.
    pub async fn ask<T: DeserializeOwned>(&self, query: Query) -> anyhow::Result<T> {
        self.ask_after(query, None).await
    }

    /// The same, of a state that includes a write.
    pub async fn ask_after<T: DeserializeOwned>(
        &self,
        query: Query,
        after: Option<PositionToken>,
    ) -> anyhow::Result<T> {
        self.session.ask_in(self.workspace.id, Some(self.member), query, after).await
    }

    /// Asks for a command to be carried out as the member, and waits until the read models show
    /// it, so that whatever is asked next is answered with it.
    pub async fn send(&self, command: impl Into<Asked>) -> anyhow::Result<Accepted> {
        let accepted = self.submit(command).await?;
        if accepted.position.is_some() {
            // It is kept; whether it shows already is no reason to fail.
            let me: anyhow::Result<MemberView> =
                self.ask_after(Query::Me {}, accepted.position).await;
            me.map_err(|error| tracing::debug!(%error, "the read models are late")).ok();
        }
        Ok(accepted)
    }

    /// The same without waiting, for many.
    pub async fn submit(&self, command: impl Into<Asked>) -> anyhow::Result<Accepted> {
        self.session.send(self.workspace.id, Some(self.member), command).await
    }

    /// A member's name; their id, where it is not known.
    pub fn name_of(&self, member: MemberId) -> String {
        self.known_name_of(member).unwrap_or_else(|| member.to_string())
    }

    /// A member's name, where it is known.
    pub fn known_name_of(&self, member: MemberId) -> Option<String> {
        let known = self.members.iter().find(|known| known.id == member);
        known.and_then(|known| known.name.as_ref()).map(|name| name.as_str().to_owned())
    }

    /// The member that a text means.
    pub fn find_member(&self, text: &str) -> anyhow::Result<MemberId> {
        choose_member(&self.members, Some(text))
    }
}

/// The name as it is in an address: lower case, words joined by hyphens.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// The workspace whose name could not be told from this one where a name is asked for.
pub fn namesake<'a>(all: &'a [WorkspaceView], name: &str) -> Option<&'a WorkspaceView> {
    let lower = name.trim().to_lowercase();
    let slugged = slug(name);
    all.iter().find(|one| {
        let known = one.name.as_str();
        one.id.to_string() == lower
            || known.to_lowercase() == lower
            || (!slugged.is_empty() && slug(known) == slugged)
    })
}

fn choose_workspace(
    all: Vec<WorkspaceView>,
    wanted: Option<&str>,
) -> anyhow::Result<WorkspaceView> {
    let Some(wanted) = wanted else {
        let none = || {
            let advice = "Make one: ael workspace create NAME --admin \"Your Name\"";
            Problem::new("no_workspace", "there is no workspace yet", advice)
        };
        return Ok(all.into_iter().next().ok_or_else(none)?);
    };
    let lower = wanted.trim().to_lowercase();
    // An id means one workspace for ever; a name means more than what is only spelt like it.
    let ways: [&dyn Fn(&WorkspaceView) -> bool; 3] = [
        &|one| one.id.to_string() == lower,
        &|one| one.name.as_str().to_lowercase() == lower,
        &|one| slug(one.name.as_str()) == lower,
    ];
    for is_meant in ways {
        let meant: Vec<&WorkspaceView> = all.iter().filter(|one| is_meant(one)).collect();
        match meant.as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            [..] => {
                let described = |one: &&WorkspaceView| format!("{}  {}", one.id, one.name.as_str());
                let list = meant.iter().map(described).collect::<Vec<_>>().join("\n  ");
                let what = format!("{wanted:?} means several workspaces");
                let advice = format!("Say which one by its id:\n  {list}");
                return Err(Problem::new("ambiguous", what, advice).into());
            }
        }
    }
    let names = all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    let what = format!("there is no workspace {wanted:?}");
    Err(Problem::new("no_workspace", what, format!("There are: {names}.")).into())
}

fn choose_member(members: &[MemberView], wanted: Option<&str>) -> anyhow::Result<MemberId> {
    let active = || members.iter().filter(|member| member.active);
    let Some(wanted) = wanted else {
        let admins = active().filter(|member| member.role == Role::Admin);
        let first = admins.min_by_key(|member| (member.joined_at, member.id));
        let none = || {
            let advice = "Say as whom to act: --as MEMBER.";
            Problem::new("no_admin", "the workspace has no active Admin", advice)
        };
        return Ok(first.ok_or_else(none)?.id);
    };
    let wanted = wanted.trim().to_lowercase();
    let name = |member: &MemberView| {
        member.name.as_ref().map(|name| name.as_str().to_lowercase()).unwrap_or_default()
    };
    let exactly = |member: &&MemberView| {
        member.id.to_string() == wanted
            || name(member) == wanted
            || member.email.as_ref().is_some_and(|email| email.as_str() == wanted)
    };
    if let Some(member) = members.iter().find(exactly) {
        return Ok(member.id);
    }
    let partly: Vec<&MemberView> =
        members.iter().filter(|one| name(one).contains(&wanted)).collect();
    let known = members.iter().filter_map(|one| one.name.as_ref()).map(|name| name.as_str());
    let known = known.collect::<Vec<_>>().join(", ");
    match partly.as_slice() {
        [one] => Ok(one.id),
        [] => {
            let what = format!("there is no member {wanted:?} in the workspace");
            Err(Problem::new("no_member", what, format!("There are: {known}.")).into())
        }
        [_, _, ..] => {
            let what = format!("{wanted:?} means several members");
            Err(Problem::new("ambiguous", what, format!("There are: {known}.")).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::{Language, MemberName, WorkspaceName, WorkspaceSettings};

    fn workspace(number: u128, name: &str) -> WorkspaceView {
        WorkspaceView {
            id: WorkspaceId::from_uuid(Uuid::from_u128(number)),
            version: 1,
            name: WorkspaceName::parse(name).unwrap(),
            settings: WorkspaceSettings::standard().unwrap(),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn member(number: u128, name: &str, role: Role) -> MemberView {
        MemberView {
            id: MemberId::from_uuid(Uuid::from_u128(number)),
            version: 1,
            name: Some(MemberName::parse(name).unwrap()),
            email: None,
            role,
            language: Language::En,
            active: true,
            telegram_linked: false,
            identity_linked: false,
            joined_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_workspace_is_found_by_name_slug_or_id_and_else_the_first_one_is_meant() {
        let all = vec![workspace(1, "AEL"), workspace(2, "Sales & Sons")];
        let chosen = |wanted| choose_workspace(all.clone(), wanted).map(|one| one.id);
        assert_eq!(chosen(None).unwrap(), all[0].id);
        assert_eq!(chosen(Some("ael")).unwrap(), all[0].id);
        assert_eq!(chosen(Some("sales-sons")).unwrap(), all[1].id);
        let id = all[1].id.to_string();
        assert_eq!(chosen(Some(&id)).unwrap(), all[1].id);
        assert!(chosen(Some("acme")).unwrap_err().to_string().contains("no workspace \"acme\""));
        assert!(choose_workspace(vec![], None).is_err());
    }

    #[test]
    fn a_name_that_two_workspaces_have_means_neither_and_an_id_always_means_one() {
        let all = vec![workspace(1, "Acme"), workspace(2, "ACME"), workspace(3, "Sales & Sons")];
        let chosen = |wanted| choose_workspace(all.clone(), Some(wanted));
        let error = chosen("acme").unwrap_err();
        assert!(error.to_string().contains("several"), "{error}");
        let problem: Problem = error.downcast().unwrap();
        assert!(problem.advice.unwrap().contains(&all[1].id.to_string()));
        let id = all[1].id.to_string();
        assert_eq!(chosen(&id).unwrap().id, all[1].id);
    }

    #[test]
    fn a_name_is_more_than_a_slug() {
        let all = vec![workspace(1, "Sales & Sons"), workspace(2, "sales-sons")];
        let chosen = choose_workspace(all.clone(), Some("Sales-Sons")).unwrap();
        assert_eq!(chosen.id, all[1].id);
    }

    #[test]
    fn a_name_is_taken_when_it_could_not_be_told_from_one_that_is_there() {
        let all = vec![workspace(1, "Sales & Sons"), workspace(2, "!!!")];
        for taken in ["Sales & Sons", "SALES SONS", "sales-sons"] {
            assert_eq!(namesake(&all, taken).unwrap().id, all[0].id, "{taken}");
        }
        let id = all[1].id.to_string();
        assert_eq!(namesake(&all, &id).unwrap().id, all[1].id, "an id is no name");
        assert!(namesake(&all, "Sales & Daughters").is_none());
        assert!(namesake(&all, "???").is_none());
    }

    #[test]
    fn a_member_is_found_by_part_of_a_name_unless_several_are_meant() {
        let members = [
            member(3, "Olena Admin", Role::Admin),
            member(2, "Olena Agent", Role::Agent),
            member(1, "Bohdan", Role::Manager),
        ];
        let chosen = |wanted| choose_member(&members, wanted);
        assert_eq!(chosen(None).unwrap(), members[0].id, "the first Admin");
        assert_eq!(chosen(Some("boh")).unwrap(), members[2].id);
        assert_eq!(chosen(Some("OLENA AGENT")).unwrap(), members[1].id);
        assert!(chosen(Some("olena")).unwrap_err().to_string().contains("several"));
        assert!(chosen(Some("eve")).is_err());
    }
}
