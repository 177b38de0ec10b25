//! `ael schema`: the contracts for other software, generated from the types.

use crate::output::Output;
use crate::problem::{Differences, Problem};
use crate::session::Global;
use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// See [`crate::cli::Command::Schema`].
#[derive(Debug, Args)]
pub struct Schema {
    /// Only compare, and say what differs
    #[arg(long)]
    check: bool,
    /// Where they go
    #[arg(long, default_value = "docs", value_name = "DIR")]
    into: PathBuf,
}

/// Every document, with its place in the folder.
fn documents() -> anyhow::Result<Vec<(PathBuf, String)>> {
    let all: [(&str, Value); 3] = [
        ("schemas/bus.json", ael_events::schema::json_schema()),
        ("asyncapi.json", ael_events::schema::async_api()),
        ("openapi.json", ael_api::openapi()),
    ];
    all.into_iter()
        .map(|(place, document)| {
            let text = serde_json::to_string_pretty(&document)?;
            Ok((PathBuf::from(place), format!("{text}\n")))
        })
        .collect()
}

impl Schema {
    /// Writes or compares them.
    pub fn run(&self, global: &Global) -> anyhow::Result<()> {
        let out = global.output();
        if self.check { self.check(out) } else { self.write(out) }
    }

    fn write(&self, out: Output) -> anyhow::Result<()> {
        let mut written = Vec::new();
        for (place, text) in documents()? {
            let path = self.into.join(place);
            let folder = path.parent().unwrap_or(Path::new("."));
            let failed = || format!("cannot write {}", path.display());
            std::fs::create_dir_all(folder).with_context(failed)?;
            std::fs::write(&path, text).with_context(failed)?;
            written.push(path);
        }
        out.answer(&json!({ "written": written }), |out| {
            written
                .iter()
                .try_for_each(|path| out.say(format!("{} {}", out.good("✓"), path.display())))
        })
    }

    fn check(&self, out: Output) -> anyhow::Result<()> {
        let mut stale = Vec::new();
        for (place, text) in documents()? {
            let path = self.into.join(place);
            let there = std::fs::read_to_string(&path).map_err(|_| {
                let what = format!("{} cannot be read", path.display());
                Problem::new("missing", what, "Write it: ael schema")
            })?;
            if there != text {
                stale.push(path);
            }
        }
        out.answer(&json!({ "stale": stale }), |out| {
            if stale.is_empty() {
                return out.say(format!("{} the schemas are current", out.good("✓")));
            }
            for path in &stale {
                out.say(format!("{} {} is not current", out.bad("✗"), path.display()))?;
            }
            out.say("Write them anew: ael schema")
        })?;
        if stale.is_empty() { Ok(()) } else { Err(Differences.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_was_written_is_current_until_somebody_changes_it() {
        let folder = tempfile::tempdir().unwrap();
        let out = Output::new(true);
        let schema = Schema { check: false, into: folder.path().to_owned() };
        assert!(schema.check(out).unwrap_err().is::<Problem>());
        schema.write(out).unwrap();
        schema.check(out).unwrap();
        std::fs::write(folder.path().join("asyncapi.json"), "{}").unwrap();
        assert!(schema.check(out).unwrap_err().is::<Differences>());
    }
}
