//! `ael ai ask`: a question to the assistant in one's own words, and the change that it drafts, if
//! the person wants it.

use crate::problem::Writing;
use crate::session::Desk;
use ael_events::command::{CommandRequest, Credential};
use ael_events::ids::CommandId;
use ael_events::query::{AssistantAnswer, AssistantRequest, Proposal};
use ael_events::values::{ConversationName, Language, QuestionText};
use anyhow::Context as _;
use clap::Args;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// See [`super::AiCommand::Ask`].
#[derive(Debug, Args)]
pub struct Ask {
    /// The question, in Ukrainian or English
    #[arg(required = true, num_args = 1.., value_name = "QUESTION")]
    question: Vec<String>,
    /// Go on with a conversation, so that "her" and "the second one" mean somebody
    #[arg(long, value_name = "ID")]
    conversation: Option<ConversationName>,
    /// Answer in this language (uk, en); the question's own when not said
    #[arg(long)]
    language: Option<Language>,
    /// Do what is proposed without asking once more
    #[arg(long)]
    yes: bool,
}

impl Ask {
    /// Asks, tells the answer, and does what is proposed if that is wanted.
    pub async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let request = AssistantRequest {
            credential: Credential::Operator { as_member: Some(desk.member) },
            conversation: self.conversation,
            text: QuestionText::parse(&self.question.join(" "))?,
            language: self.language,
        };
        let answer = desk.session.client.assist(desk.workspace.id, &request).await?;
        desk.out().answer(&answer, |_| told(desk, &answer))?;
        match &answer.proposal {
            Some(proposal) if self.yes || (!desk.out().json && is_wanted(&answer)?) => {
                carry_out(desk, proposal, answer.language).await
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn told(desk: &Desk, answer: &AssistantAnswer) -> anyhow::Result<()> {
    let out = desk.out();
    out.say(&answer.text)?;
    if answer.proposal.is_none() && !answer.suggestions.is_empty() {
        out.say(out.dim(format!("→ {}", answer.suggestions.join(" · "))))?;
    }
    Ok(())
}

/// Asks on a terminal; elsewhere nobody can say yes.
fn is_wanted(answer: &AssistantAnswer) -> anyhow::Result<bool> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Ok(false);
    }
    let mut terminal = std::io::stdout().lock();
    let question = match answer.language {
        Language::En => "Do it? [y/N] ",
        Language::Uk => "Зробити? [т/Н] ",
    };
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    let mut said = String::new();
    std::io::stdin().lock().read_line(&mut said)?;
    let said = said.trim().to_lowercase();
    Ok(["y", "yes", "т", "так"].contains(&said.as_str()))
}

/// Sends what was drafted as the person's own command, for the version that it was drafted for.
async fn carry_out(desk: &Desk, proposal: &Proposal, language: Language) -> anyhow::Result<()> {
    let request = CommandRequest {
        command_id: CommandId::generate(),
        credential: Credential::Operator { as_member: Some(desk.member) },
        expected_version: Some(proposal.expected_version),
        occurred_at: None,
        correlation_id: None,
        causation_id: None,
        command: proposal.command.clone(),
    };
    let sent = desk.session.client.command(desk.workspace.id, &request).await;
    let accepted = sent.context(Writing)?;
    desk.out().answer(&accepted, |out| {
        let done = match language {
            Language::En => "Done.",
            Language::Uk => "Готово.",
        };
        out.say(format!("{} {done}", out.good("✓")))
    })
}
