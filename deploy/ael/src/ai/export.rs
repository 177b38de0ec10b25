//! `ael ai export-finetune`: how leads ended, for whoever trains a language model.

use super::asker;
use crate::session::Desk;
use ael_scoring::learning::fine_tuning_line;
use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;

/// See [`super::AiCommand::ExportFinetune`].
#[derive(Debug, Args)]
pub struct ExportFinetune {
    /// Where it goes; standard output when not said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ExportFinetune {
    /// Writes a line for each lead that ended.
    pub async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let place = self.out.as_deref();
        let failed = || match place {
            Some(path) => format!("cannot write {}", path.display()),
            None => "cannot write to standard output".to_owned(),
        };
        let mut to: Box<dyn Write + Send> = match place {
            Some(path) => Box::new(BufWriter::new(File::create(path).with_context(failed)?)),
            None => Box::new(stdout()),
        };
        let (mut written, mut outcome) = (0_u64, Ok(()));
        let write = |example| {
            if outcome.is_ok() {
                outcome = writeln!(to, "{}", fine_tuning_line(&example));
                written += 1;
            }
        };
        asker(desk).examples(write).await?;
        outcome.and_then(|()| to.flush()).with_context(failed)?;
        let Some(path) = place else { return Ok(()) };
        desk.out().answer(&json!({ "written": written, "file": path }), |out| {
            out.say(format!("{} {written} leads that ended: {}", out.good("✓"), path.display()))
        })
    }
}
