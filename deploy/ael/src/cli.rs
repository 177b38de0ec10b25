//! The words of the command line.

use crate::import::ImportCommand;
use crate::people::invitation::InvitationCommand;
use crate::people::lead::LeadCommand;
use crate::people::member::MemberCommand;
use crate::people::sale::SaleCommand;
use crate::people::token::TokenCommand;
use crate::people::workspace::WorkspaceCommand;
use crate::people::stats;
use crate::session::Global;
use clap::{CommandFactory as _, Parser, Subcommand};

/// AEL CRM: leads, sales, and everything that ever happened to them
#[derive(Debug, Parser)]
#[command(
    name = "ael",
    version,
    propagate_version = true,
    after_help = "Begin with:\n  ael up --demo        start a system of your own, with a demo workspace\n  \
        ael lead list        look at its leads (in another terminal)\n  ael stats            \
        and at its numbers\n\nExit codes: 0 done, 1 not done or differences found, 2 not understood."
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
    /// Enter leads, look at them, move them along
    #[command(subcommand)]
    Lead(LeadCommand),
    /// Look at sales and move them to payment
    #[command(subcommand)]
    Sale(SaleCommand),
    /// Show the numbers of a workspace
    #[command(after_help = "Examples:\n  ael stats\n  ael --workspace demo stats --json")]
    Stats,
    /// Import from a file
    #[command(subcommand)]
    Import(ImportCommand),
    /// Found and set up workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Members and their roles
    #[command(subcommand)]
    Member(MemberCommand),
    /// Invite somebody
    #[command(subcommand)]
    Invitation(InvitationCommand),
    /// API tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  ael completions bash > /etc/bash_completion.d/ael")]
    Completions { shell: clap_complete::Shell },
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        let global = &self.global;
        match self.command {
            Command::Lead(command) => command.run(global).await,
            Command::Sale(command) => command.run(global).await,
            Command::Stats => stats::run(global).await,
            Command::Import(command) => command.run(global).await,
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

    #[test]
    fn what_is_said_everywhere_may_be_said_before_and_after() {
        for words in ["ael --json lead list", "ael lead list --json"] {
            assert!(Cli::parse_from(words.split(' ')).global.json);
        }
    }
}
