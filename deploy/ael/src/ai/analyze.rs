//! `ael ai analyze`: ask about one lead, and wait for what the advisor says.

use crate::people::{lead_view, whom};
use crate::problem::Problem;
use crate::session::Desk;
use ael_events::command::{Command, LeadCommand, RequestAnalysis, To};
use ael_events::query::{GetLead, LeadDetails, LeadView, Query};
use clap::Args;
use std::time::Duration;
use tokio::time::Instant;

/// How long the advisor may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked at.
const ROUND: Duration = Duration::from_millis(100);

/// See [`super::AiCommand::Analyze`].
#[derive(Debug, Args)]
pub struct Analyze {
    /// The lead: its id, or words that find one lead only
    lead: String,
    /// Ask anew, whatever is remembered
    #[arg(long)]
    force: bool,
}

impl Analyze {
    /// Asks, and tells the answer.
    pub async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let found = whom::to_see(desk, &self.lead).await?;
        let command = LeadCommand::RequestAnalysis(RequestAnalysis { force: self.force });
        let accepted = desk.send(Command::Lead(To { id: found.id, command })).await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let query = Query::GetLead(GetLead::now(found.id));
            let LeadDetails { lead, .. } = desk.ask_after(query, accepted.position).await?;
            if !lead.analysis_pending {
                return told(desk, &found.called(), &lead);
            }
            if Instant::now() >= deadline {
                let advice = "The request is kept and will be answered: `ael lead show` tells.";
                return Err(Problem::new("no_analysis_yet", NOT_YET, advice).into());
            }
            tokio::time::sleep(ROUND).await;
        }
    }
}

const NOT_YET: &str = "the advisor has not answered yet (is the scoring service running?)";

fn told(desk: &Desk, called: &str, lead: &LeadView) -> anyhow::Result<()> {
    desk.out().answer(&lead.analysis, |out| {
        out.say(format!("{} {called}: {}", out.good("✓"), lead_view::advice(lead)))
    })
}
