//! `ael ai`: the advisor and the assistant, and what the local model is worth.

mod analyze;
mod ask;
mod evaluate;
mod figures;

use crate::session::Global;
use analyze::Analyze;
use ask::Ask;
use clap::Subcommand;
use evaluate::Evaluate;

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
        our model are judged on the same leads,\nnone of which the method had learnt from. What a \
        mapping can say is in docs/ai.md; without one,\neverything is found out from the table.\n\n\
        Examples:\n  \
        ael ai evaluate --data leads.csv --label Converted\n  \
        ael ai evaluate --data leads.csv --mapping deploy/datasets/xeducation.toml\n  \
        ael ai evaluate --data leads.csv --mapping leads.toml --label Won --split temporal --json")]
    Evaluate(Evaluate),
}

impl AiCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Ask(ask) => ask.run(&global.desk().await?).await,
            Self::Analyze(analyze) => analyze.run(&global.desk().await?).await,
            Self::Evaluate(evaluate) => evaluate.run(global.output()),
        }
    }
}
