//! `ael ai models` and `ael ai rollback`: what was learnt, and who scores.

use super::asker;
use crate::output::Output;
use crate::people::moment;
use crate::session::Desk;
use ael_events::command::{AdvisorCommand, Command, RollBackModel, To};
use ael_events::event::{Figures, Training};
use ael_events::ids::AdvisorId;
use ael_events::query::{ModelList, TrainingView};
use clap::Args;
use serde_json::json;

/// Tells what was learnt so far.
pub async fn list(desk: &Desk) -> anyhow::Result<()> {
    let models = asker(desk).models().await?;
    desk.out().answer(&models, |out| show(*out, &models))
}

fn show(out: Output, models: &ModelList) -> anyhow::Result<()> {
    if models.trainings.is_empty() {
        out.say("Nothing was learnt yet: the cold-start rules score. Learn: ael ai train")?;
        return Ok(());
    }
    if models.champion.is_none() {
        out.say("The cold-start rules score.")?;
    }
    let header = ["model", "", "learnt", "won#", "lost#", "AUC#", "Brier#", "log-loss#", "ECE#"];
    out.table(&header, models.trainings.iter().map(|training| row(models, training)))
}

fn row(models: &ModelList, view: &TrainingView) -> Vec<String> {
    let standing = match view.model_version {
        None => "not kept",
        Some(_) if view.model_version == models.champion => "scores",
        Some(_) => "",
    };
    let model = view.model_version.map_or_else(|| "–".to_owned(), |version| version.to_string());
    let Training { won, lost, challenger, .. } = &view.training;
    let mut row = vec![model, standing.to_owned(), moment::shown(view.recorded_at)];
    row.extend([won.to_string(), lost.to_string()]);
    row.extend(figures(challenger));
    row
}

fn figures(of: &Figures) -> [String; 4] {
    [of.auc, of.brier, of.log_loss, of.ece].map(|figure| format!("{figure:.4}"))
}

/// How the new one did beside the one that scored before, on the same leads.
pub fn compared(out: &Output, training: &Training) -> anyhow::Result<()> {
    let judged = training.judged;
    out.say(out.dim(format!("judged by the newest {judged} outcomes, which it had not seen")))?;
    let before = training.against.map_or_else(
        || "cold-start rules".to_owned(),
        |version| format!("model {version}, which scored before"),
    );
    let line = |name: String, of: &Figures| [vec![name], figures(of).to_vec()].concat();
    let rows =
        [line(before, &training.champion), line("new model".to_owned(), &training.challenger)];
    out.table(&["", "AUC#", "Brier#", "log-loss#", "ECE#"], rows)
}

/// See [`super::AiCommand::Rollback`].
#[derive(Debug, Args)]
pub struct Rollback {
    /// The model's version, or `rules`
    #[arg(value_parser = version)]
    version: Version,
}

/// Who is to score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version(Option<u32>);

fn version(text: &str) -> Result<Version, String> {
    if text == "rules" {
        return Ok(Version(None));
    }
    let number = text.parse().map(Some).map(Version);
    number.map_err(|_| "a model's version, such as 2, or `rules`".to_owned())
}

impl Rollback {
    /// Does it.
    pub async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let Version(to) = self.version;
        let command = AdvisorCommand::RollBack(RollBackModel { to });
        let id = AdvisorId::of(desk.workspace.id);
        desk.send(Command::Advisor(To { id, command })).await?;
        desk.out().answer(&json!({ "champion": to }), |out| {
            let who = to.map_or_else(
                || "the cold-start rules score".to_owned(),
                |version| format!("model {version} scores"),
            );
            out.say(format!("{} {who} from now on", out.good("✓")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_to_a_model_by_its_number_or_to_the_rules() {
        assert_eq!(version("2"), Ok(Version(Some(2))));
        assert_eq!(version("rules"), Ok(Version(None)));
        assert!(version("-1").is_err() && version("latest").is_err());
    }
}
