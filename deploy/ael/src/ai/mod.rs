//! `ael ai`: the advisor and the assistant, and what the local model learns and is worth.

mod analyze;
mod ask;
mod evaluate;
mod export;
mod figures;
mod models;
mod train;

use crate::session::{Desk, Global};
use ael_events::command::Credential;
use ael_scoring::learning::Asker;
use analyze::Analyze;
use ask::Ask;
use clap::Subcommand;
use evaluate::Evaluate;
use export::ExportFinetune;
use models::Rollback;

/// What can be asked of the advisor.
#[derive(Debug, Subcommand)]
pub enum AiCommand {
    /// Ask the assistant in your own words, Ukrainian or English
    #[command(after_help = "A change that you ask for is drafted; on a terminal you are asked \
        whether to do it, elsewhere --yes does it.\n\nExamples:\n  \
        ael ai ask \"hot leads\"\n  \
        ael ai ask \"що потребує уваги?\"\n  \
        ael ai ask --conversation today \"what about Petrenko?\"\n  \
        ael ai ask --conversation today \"mark her as contacted\"\n  \
        ael --json ai ask \"how many leads from partners?\"")]
    Ask(Ask),
    /// Ask the advisor what a lead is worth and why, and wait for the answer
    #[command(after_help = "Examples:\n  ael ai analyze Petrenko\n  \
        ael --json ai analyze 0198f6a2-… --force")]
    Analyze(Analyze),
    /// Measure how good scores are, on leads whose end is known
    #[command(after_help = "Base rate, cold-start rules, a naive Bayes in the style of Odoo and \
        our model are judged on the same leads,\nnone of which the method had learnt from: the \
        workspace's own leads that ended, as they were when a score\nwas due, or those of a table. \
        What a mapping can say is in docs/ai.md; without one, everything is found\nout from the \
        table.\n\n\
        Examples:\n  \
        ael ai evaluate\n  \
        ael ai evaluate --split temporal --json\n  \
        ael ai evaluate --data leads.csv --label Converted\n  \
        ael ai evaluate --data leads.csv --mapping deploy/datasets/xeducation.toml\n  \
        ael ai evaluate --data leads.csv --mapping leads.toml --label Won --split temporal --json")]
    Evaluate(Evaluate),
    /// Learn from how the workspace's own leads ended; the new model scores if it does no worse
    #[command(after_help = "The newest fifth of the leads that ended judges the new model and \
        whoever scores now. The running system\nlearns by itself, too, when enough leads have \
        ended since the last time (AI_RETRAIN_HOURS).\n\nExamples:\n  ael ai train\n  \
        ael --workspace demo ai train --json")]
    Train,
    /// What was learnt so far, and who scores
    #[command(after_help = "The figures are those on the newest fifth of the outcomes, which the \
        model had not seen.\n\nExamples:\n  ael ai models\n  ael ai models --json")]
    Models,
    /// Let an older model, or the rules, score again
    #[command(after_help = "Examples:\n  ael ai rollback 1\n  ael ai rollback rules")]
    Rollback(Rollback),
    /// Write how leads ended, for fine-tuning a language model: anonymous features alone
    #[command(
        after_help = "One chat a line, in OpenAI's format: source, stage, messages, whether \
        there is a business domain, age; won or lost.\n\nExamples:\n  \
        ael ai export-finetune --out leads.jsonl\n  ael ai export-finetune | head -1"
    )]
    ExportFinetune(ExportFinetune),
}

/// The way in which the member asks what the advisor learns from.
fn asker(desk: &Desk) -> Asker {
    let credential = Credential::Operator { as_member: Some(desk.member) };
    Asker { client: desk.session.client.clone(), workspace: desk.workspace.id, credential }
}

impl AiCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Ask(ask) => ask.run(&global.desk().await?).await,
            Self::Analyze(analyze) => analyze.run(&global.desk().await?).await,
            Self::Evaluate(evaluate) => evaluate.run(global).await,
            Self::Train => train::run(&global.desk().await?).await,
            Self::Models => models::list(&global.desk().await?).await,
            Self::Rollback(rollback) => rollback.run(&global.desk().await?).await,
            Self::ExportFinetune(export) => export.run(&global.desk().await?).await,
        }
    }
}
