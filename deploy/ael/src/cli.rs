//! The words of the command line.

use crate::ai::AiCommand;
use crate::import::ImportCommand;
use crate::operate::audit::AuditCommand;
use crate::operate::dead::DeadCommand;
use crate::operate::dev::DevCommand;
use crate::operate::keys::KeysCommand;
use crate::operate::migrate;
use crate::operate::projection::ProjectionCommand;
use crate::operate::run::Service;
use crate::operate::schema::Schema;
use crate::operate::stream::StreamCommand;
use crate::operate::topology::TopologyCommand;
use crate::people::invitation::InvitationCommand;
use crate::people::lead::LeadCommand;
use crate::people::member::MemberCommand;
use crate::people::sale::SaleCommand;
use crate::people::stats;
use crate::people::token::TokenCommand;
use crate::people::workspace::WorkspaceCommand;
use crate::session::Global;
use crate::up::Up;
use clap::{CommandFactory as _, Parser, Subcommand};

/// AEL CRM: leads, sales, and everything that ever happened to them
#[derive(Debug, Parser)]
#[command(
    name = "ael",
    version,
    after_help = "Begin with:\n  \
        ael up --demo   start a system of your own, with a demo workspace\n  \
        ael lead list   look at its leads (in another terminal)\n  \
        ael stats       and at its numbers\n\n\
        Exit codes: 0 done, 1 not done or differences found, 2 not understood."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a whole system: servers, services, a first workspace
    #[command(
        after_help = "Everything lives in one folder, the home (--home, AEL_HOME, ./.ael). A \
        second `ael up` continues\nwhere the first stopped. DATABASE_URL and NATS_URL name servers \
        to use instead of private ones.\n\nExamples:\n  ael up --demo\n  \
        AEL_HOME=/srv/ael ael up --copies 2"
    )]
    Up(Up),
    /// Enter leads, look at them, move them along
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael lead list\n  \
            ael lead create --name \"Олена Петренко\" --phone \"067 123 45 67\""
    )]
    Lead(LeadCommand),
    /// Look at sales and move them to payment
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael sale list --stage kyc\n  \
            ael sale move petrenko agreement"
    )]
    Sale(SaleCommand),
    /// Show the numbers of a workspace
    #[command(after_help = "Examples:\n  ael stats\n  ael --workspace demo stats --json")]
    Stats,
    /// Import from a file
    #[command(
        subcommand,
        after_help = "Example:\n  \
            ael import leads leads.csv --mapping deploy/mappings/plain.toml --dry-run"
    )]
    Import(ImportCommand),
    /// Ask the advisor, and see what it learns and what its scores are worth
    #[command(
        subcommand,
        after_help = "Example:\n  \
            ael ai evaluate --data leads.csv --mapping deploy/datasets/xeducation.toml"
    )]
    Ai(AiCommand),
    /// Found and set up workspaces
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael workspace list\n  \
            ael workspace create \"Acme\" --admin \"Olena Petrenko\""
    )]
    Workspace(WorkspaceCommand),
    /// Members and their roles
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael member list\n  \
            ael member add \"Bohdan Koval\" --role manager"
    )]
    Member(MemberCommand),
    /// Invite somebody
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael invitation list\n  \
            ael invitation create \"Ira Melnyk\" --role agent"
    )]
    Invitation(InvitationCommand),
    /// API tokens
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael token list\n  \
            ael token create \"website form\" --scope leads:write"
    )]
    Token(TokenCommand),
    /// Check history and read models against each other
    #[command(subcommand, after_help = "Example:\n  ael audit verify --all")]
    Audit(AuditCommand),
    /// Look after the read models
    #[command(
        subcommand,
        after_help = "Examples:\n  \
            ael projection list\n  \
            ael projection rebuild --all"
    )]
    Projection(ProjectionCommand),
    /// Look after the stream of events
    #[command(subcommand, after_help = "Examples:\n  ael stream show\n  ael stream rebuild")]
    Stream(StreamCommand),
    /// What could not be processed
    #[command(subcommand, after_help = "Examples:\n  ael dead list\n  ael dead retry --all")]
    Dead(DeadCommand),
    /// Look after the master key
    #[command(subcommand, after_help = "Example:\n  ael keys rotate")]
    Keys(KeysCommand),
    /// What is on the bus, and who may say and hear what
    #[command(subcommand, after_help = "Examples:\n  ael topology show\n  ael topology check")]
    Topology(TopologyCommand),
    /// Bring the database's tables to their present form
    #[command(after_help = "`ael up` does this by itself. Example for a database of your own:\n  \
        DATABASE_URL=postgres://admin:secret@db/ael ael migrate")]
    Migrate,
    /// Run one service, told by its environment where everything is
    #[command(after_help = "Environment: DATABASE_URL (not for jobs), NATS_URL, NATS_USER, \
        NATS_PASSWORD, NATS_AUDIT_PASSWORD\n(projections), NATS_ASSISTANT_PASSWORD (scoring), \
        AEL_MASTER_KEY or AEL_MASTER_KEY_FILE\n(commands and projections), \
        AEL_METRICS_ADDR.\n\nExample:\n  ael run relay")]
    Run {
        /// Which service
        service: Service,
    },
    /// Measure how fast the house is, on a throwaway system of its own
    #[command(subcommand, after_help = "Examples:\n  ael bench append\n  ael bench all --json")]
    Bench(ael_bench::BenchCommand),
    /// Write the JSON Schemas and the AsyncAPI document into docs/
    #[command(after_help = "Examples:\n  ael schema\n  ael schema --check")]
    Schema(Schema),
    /// For those who work on AEL itself
    #[command(subcommand, hide = true, after_help = "Example:\n  ael dev stack --home /tmp/stack")]
    Dev(DevCommand),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  ael completions bash > /etc/bash_completion.d/ael")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Whether it is one of the services, which share a machine.
    pub const fn is_service(&self) -> bool {
        matches!(self.command, Command::Run { .. })
    }

    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        let global = &self.global;
        match self.command {
            Command::Up(up) => Box::pin(up.run(global)).await,
            Command::Run { service } => service.run().await,
            Command::Migrate => migrate::run(global).await,
            Command::Topology(command) => command.run(global).await,
            Command::Schema(schema) => schema.run(global),
            Command::Dev(command) => Box::pin(command.run(global)).await,
            Command::Bench(command) => Box::pin(command.run(global.json)).await,
            Command::Audit(command) => command.run(global).await,
            Command::Projection(command) => command.run(global).await,
            Command::Stream(command) => command.run(global).await,
            Command::Dead(command) => command.run(global).await,
            Command::Keys(command) => command.run(global).await,
            Command::Lead(command) => command.run(global).await,
            Command::Sale(command) => command.run(global).await,
            Command::Stats => stats::run(global).await,
            Command::Import(command) => command.run(global).await,
            Command::Ai(command) => command.run(global).await,
            Command::Workspace(command) => command.run(global).await,
            Command::Member(command) => command.run(global).await,
            Command::Invitation(command) => command.run(global).await,
            Command::Token(command) => command.run(global).await,
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "ael", &mut script);
                global.output().raw(&String::from_utf8_lossy(&script))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    /// Every command below, with the words that lead to it.
    fn all_below(command: &clap::Command, words: &str) -> Vec<(String, clap::Command)> {
        let mut all = Vec::new();
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let words = format!("{words} {}", below.get_name());
            all.extend(all_below(below, &words));
            all.push((words, below.clone()));
        }
        all
    }

    #[test]
    fn every_help_shows_an_example() {
        let all = all_below(&Cli::command(), "ael");
        assert!(all.len() > 50, "only {} commands", all.len());
        // What the yardstick measures is explained by the examples of `ael bench`.
        for (words, command) in all.iter().filter(|(words, _)| !words.starts_with("ael bench ")) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help.split_once("Example").unwrap_or_default();
            let shown = examples.lines().any(|line| line.contains(words.as_str()));
            assert!(shown, "`{words} --help` shows no example");
        }
    }

    #[test]
    fn every_argument_is_explained() {
        let silent: Vec<String> = all_below(&Cli::command(), "ael")
            .iter()
            .flat_map(|(words, command)| {
                let silent = command.get_arguments().filter(|arg| arg.get_help().is_none());
                silent.map(move |arg| format!("{words} {}", arg.get_id())).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(silent, [""; 0]);
    }

    #[test]
    fn what_is_said_everywhere_may_be_said_before_and_after() {
        for words in ["ael --json lead list", "ael lead list --json"] {
            assert!(Cli::parse_from(words.split(' ')).global.json);
        }
    }
}
