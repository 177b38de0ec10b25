//! `ael dead`: what could not be processed, why, and trying it again.

use super::access::Access;
use crate::people::moment::shown;
use crate::problem::Problem;
use crate::session::{Desk, Global};
use ael_events::ids::EventId;
use ael_events::query::{DeadLetter, Query};
use ael_store::DbRole;
use clap::Subcommand;
use serde_json::json;

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadCommand {
    /// List what could not be processed and waits
    #[command(after_help = "Example:\n  ael dead list")]
    List,
    /// Show one of them whole
    #[command(after_help = "Which one: ael dead list\n\nExample:\n  \
        ael dead show 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
    Show {
        /// Its id
        event: EventId,
    },
    /// Try again: one event, or all of them
    #[command(after_help = "Examples:\n  ael dead retry --all\n  \
        ael dead retry 018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e")]
    Retry {
        /// Its id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        event: Option<EventId>,
        /// All that wait
        #[arg(long)]
        all: bool,
    },
}

impl DeadCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let desk = global.desk().await?;
        let letters: Vec<DeadLetter> = desk.ask(Query::ListDead {}).await?;
        match self {
            Self::List => list(&desk, &letters),
            Self::Show { event } => show(&desk, find(&letters, event)?),
            Self::Retry { event: Some(event), .. } => {
                find(&letters, event)?;
                retry(global, &desk, &[event]).await
            }
            Self::Retry { event: None, .. } => {
                let events: Vec<EventId> = letters.iter().map(|letter| letter.event_id).collect();
                retry(global, &desk, &events).await
            }
        }
    }
}

fn find(letters: &[DeadLetter], event: EventId) -> anyhow::Result<&DeadLetter> {
    letters.iter().find(|letter| letter.event_id == event).ok_or_else(|| {
        let what = format!("event {event} does not wait");
        Problem::new("not_found", what, "See what does: ael dead list").into()
    })
}

fn list(desk: &Desk, letters: &[DeadLetter]) -> anyhow::Result<()> {
    desk.out().answer(&letters, |out| {
        if letters.is_empty() {
            return out.say(format!("{} nothing waits: everything was processed", out.good("✓")));
        }
        let row = |letter: &DeadLetter| {
            vec![
                letter.event_id.to_string(),
                letter.projection.clone(),
                letter.aggregate.clone(),
                letter.sequence.to_string(),
                letter.event_type.clone(),
                shown(letter.parked_at),
                letter.reason.clone(),
            ]
        };
        let header = ["event", "read model", "of", "number#?", "what", "since (UTC)?", "why"];
        out.table(&header, letters.iter().map(row))
    })
}

fn show(desk: &Desk, letter: &DeadLetter) -> anyhow::Result<()> {
    desk.out().answer(letter, |out| {
        out.facts([
            ("event", letter.event_id.to_string()),
            ("what", letter.event_type.clone()),
            ("of", letter.aggregate.clone()),
            ("number", letter.sequence.to_string()),
            ("read model", letter.projection.clone()),
            ("since", format!("{} UTC", shown(letter.parked_at))),
            ("why", letter.reason.clone()),
        ])?;
        out.say("Later events of the same aggregate wait behind it; everything else goes on.")
    })
}

async fn retry(global: &Global, desk: &Desk, events: &[EventId]) -> anyhow::Result<()> {
    let access = Access::new(global)?;
    let pool = access.pool(DbRole::Projections).await?;
    let mut freed = 0;
    for event in events {
        let keyring = access.keyring();
        freed += ael_projections::dead::retry(&pool, keyring, desk.workspace.id, *event).await?;
    }
    desk.out().answer(&json!({ "retried": events.len(), "freed": freed }), |out| {
        out.say(format!("{} {} letters are tried again", out.good("✓"), events.len()))
    })
}
