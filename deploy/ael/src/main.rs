//! The one binary of AEL CRM: every service as a subcommand, and the command line for people.

mod ai;
mod cli;
mod demo;
mod import;
mod operate;
mod output;
mod people;
mod problem;
mod session;
mod stack;
mod up;

use clap::Parser as _;
use std::process::ExitCode;

/// Commands and events are many small pieces that live for a moment: the system's allocator was
/// first in the profile of deciding about them (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A `.env` beside us counts as the environment; what is set already wins.
    let settings = dotenvy::dotenv();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(problem::misunderstood(&error, std::env::args_os())),
    };
    let out = cli.global.output();
    // Half of its lines would be as if they were not there.
    if let Err(error) = settings
        && !error.not_found()
    {
        return ExitCode::from(problem::tell(&unreadable_settings().into(), out));
    }
    let runtime = match runtime(cli.is_service()) {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(problem::tell(&error.into(), out)),
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(problem::tell(&error, out)),
    }
}

/// Where it runs. A service shares the machine with the others, the bus and the database, and waits
/// most of the time: with half of the cores for its own work it is woken less often for nothing
/// (docs/performance.md). `TOKIO_WORKER_THREADS` says otherwise.
fn runtime(is_service: bool) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if is_service && std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        builder.worker_threads((cores / 2).max(1));
    }
    builder.enable_all().build()
}

/// Without the line, which may hold a secret.
fn unreadable_settings() -> problem::Problem {
    let what = "the file .env in this folder (or one above it) cannot be read";
    let advice = "Nothing was done. Each line is NAME=value; a value with spaces stands in quotes.";
    problem::Problem::new("bad_settings_file", what, advice)
}
