//! The one binary of AEL CRM: every service as a subcommand, and the command line for people.

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

/// Commands and events are many small pieces that live for a moment: the system's allocator takes a
/// fifth of the time that deciding about them takes (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A `.env` beside us counts as the environment; what is set already wins.
    dotenvy::dotenv().ok();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(problem::misunderstood(&error, std::env::args_os())),
    };
    let out = cli.global.output();
    let runtime = match runtime(&cli.command) {
        Ok(runtime) => runtime,
        Err(error) => return ExitCode::from(problem::tell(&error.into(), out)),
    };
    match runtime.block_on(cli.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(problem::tell(&error, out)),
    }
}

/// A service shares its machine with the others, with PostgreSQL and the bus: more threads than
/// half of the processors would mostly wake each other. `TOKIO_WORKER_THREADS` says otherwise.
fn runtime(command: &cli::Command) -> std::io::Result<tokio::runtime::Runtime> {
    let is_service = matches!(command, cli::Command::Run { .. });
    if !is_service || std::env::var_os("TOKIO_WORKER_THREADS").is_some() {
        return tokio::runtime::Runtime::new();
    }
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.div_ceil(2))
        .enable_all()
        .build()
}
