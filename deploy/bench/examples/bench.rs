//! Temporary.
#[derive(clap::Parser)]
struct Cli {
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: ael_bench::BenchCommand,
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = <Cli as clap::Parser>::parse();
    cli.command.run(cli.json).await
}
