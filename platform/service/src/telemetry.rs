//! What a process tells its operator: one line per fact on standard error, or JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Env};

/// Starts logging for this process; call it once, first thing after reading the environment.
///
/// `RUST_LOG` chooses what is said (default `info`), `AEL_LOG=json` the form. Colours are used
/// only on a terminal and when `NO_COLOR` is not set. A second call in a process changes nothing.
///
/// # Errors
/// When `RUST_LOG` or `AEL_LOG` cannot be read.
pub fn init(service: &str, env: &Env) -> Result<(), ConfigError> {
    let wanted = env.get("RUST_LOG").unwrap_or("info,sqlx=warn,async_nats=warn,poem=warn");
    let filter = EnvFilter::try_new(wanted)
        .map_err(|_| ConfigError::malformed("RUST_LOG", "a filter like info,ael_store=debug"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true);
    let colours = std::io::stderr().is_terminal() && env.get("NO_COLOR").is_none();
    let done = match env.get("AEL_LOG") {
        Some("json") => builder.json().flatten_event(true).with_ansi(false).try_init(),
        None | Some("compact") => builder.compact().with_ansi(colours).try_init(),
        Some(_) => return Err(ConfigError::malformed("AEL_LOG", "json or compact")),
    };
    if done.is_ok() {
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_filter_or_form_stops_the_start() {
        let filter = Env::of([("RUST_LOG", "ael=shouting")]);
        assert!(init("test", &filter).unwrap_err().to_string().starts_with("RUST_LOG"));
        let form = Env::of([("AEL_LOG", "xml")]);
        assert!(init("test", &form).unwrap_err().to_string().starts_with("AEL_LOG"));
    }
}
