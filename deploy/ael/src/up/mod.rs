//! `ael up`: a whole system from one command: a private PostgreSQL and nats-server (or those that
//! are named), every service as a process of its own, a first workspace, and an orderly end.

pub mod bring;
mod first;
mod first_token;
mod services;
mod watch;

use crate::demo;
use crate::output::Output;
use crate::problem::Problem;
use crate::session::{Global, Session};
use crate::stack::{self, HTTP_ENDPOINT};
use ael_auth::OidcConfig;
use ael_bot::TelegramConfig;
use ael_bus::Bus;
use ael_client::{Client, ClientError};
use ael_events::subjects::Edge;
use ael_service::{Env, shutdown, telemetry};
use ael_stack::{Stack, StackError};
pub use bring::Steps;
use clap::Args;
pub use first::{fixed, founded};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// See [`crate::cli::Command::Up`].
#[derive(Debug, Args)]
pub struct Up {
    /// Fill a workspace "Demo" with people, leads and sales, and keep it lively
    #[arg(long)]
    demo: bool,
    /// How many copies of each service to run
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    copies: u8,
}

impl Up {
    /// Does it; returns when the system was asked to stop and has stopped.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let began = Instant::now();
        let env = Env::of_process();
        quiet_telemetry("up", &env)?;
        let out = global.output();
        let steps = Steps::new(out);
        first_token::chosen(&env)?;
        OidcConfig::read(&env)?;
        TelegramConfig::is_there(&env)?;
        let stop = shutdown::signal()?;
        let bring = bring::servers(global, &env, &steps);
        let Some(servers) = unless_stopped(&stop, bring).await? else { return Ok(()) };
        let outcome = Box::pin(self.serve(global, &env, &steps, &servers, &stop, began)).await;
        steps.say("stopping: services, then the bus, then the database");
        let stopped = servers.stop().await;
        outcome?;
        stopped?;
        steps.done("stopped; nothing is lost, `ael up` continues here");
        Ok(())
    }

    async fn serve(
        &self,
        global: &Global,
        env: &Env,
        steps: &Steps,
        servers: &Stack,
        stop: &CancellationToken,
        began: Instant,
    ) -> anyhow::Result<()> {
        let bringing = Box::pin(self.bring_up(global, env, steps, servers));
        let Some((admin, session, http)) = unless_stopped(stop, bringing).await? else {
            return Ok(());
        };
        self.welcome(steps.out, servers, &http, began)?;
        let watch = watch::keep_the_bus_right(admin, bring::topology()?, stop);
        let pulse = async {
            if self.demo {
                demo::keep_lively(session, stop).await;
            }
        };
        tokio::join!(watch, pulse, stop.cancelled());
        Ok(())
    }

    async fn bring_up(
        &self,
        global: &Global,
        env: &Env,
        steps: &Steps,
        servers: &Stack,
    ) -> anyhow::Result<(Bus, Session, Vec<SocketAddr>)> {
        let running = servers.running();
        // Schema and topology know nothing of each other.
        let (_, admin) = tokio::try_join!(
            bring::database(&running, env, steps),
            bring::bus(&running, env, steps),
        )?;
        let http = services::http_addresses(env, usize::from(self.copies))?;
        services::start(servers, env, &http, steps).await?;
        let config = stack::bus_config(&running, env, Edge::Cli.token())?;
        let bus = Bus::connect(&config).await?;
        let client = Client::new(bus, Edge::Cli);
        let session = Session::new(client, global.clone());
        first::workspace(&session, steps).await?;
        first_token::settle(&session, env, steps).await?;
        let mut endpoints = bring::endpoints(servers, env)?;
        endpoints
            .extend((1..).zip(&http).map(|(number, address)| (endpoint(number), url(address))));
        servers.publish_ready(endpoints)?;
        if self.demo {
            match demo::fill(&session, steps).await {
                // Somebody made of the demo what they liked: that is no reason not to start.
                Err(error) if is_refusal(&error) => {
                    steps.warn(&format!("the workspace Demo cannot be filled: {error}"));
                }
                filled => filled?,
            }
        }
        Ok((admin, session, http))
    }

    fn welcome(
        &self,
        out: Output,
        servers: &Stack,
        http: &[SocketAddr],
        began: Instant,
    ) -> anyhow::Result<()> {
        let running = servers.running();
        let state = running.state();
        let home = running.home().path().display().to_string();
        let elapsed = began.elapsed().as_secs_f64();
        if out.json {
            let seconds = (elapsed * 100.0).round() / 100.0;
            let http: Vec<String> = http.iter().map(url).collect();
            let line = json!({ "ready": true, "home": home, "seconds": seconds, "http": http });
            return out.line_of_json(&line);
        }
        let port = |port: u16| format!("127.0.0.1:{port}");
        let postgres = state.postgres.as_ref().map(|postgres| port(postgres.port));
        let nats =
            state.nats.as_ref().map(|nats| format!("{} ({})", port(nats.port), nats.version));
        let pages: Vec<String> = http.iter().map(|one| format!("{}/docs", url(one))).collect();
        out.say("")?;
        out.say(out.bold(format!("AEL CRM is up ({elapsed:.1} s)")))?;
        out.facts([
            ("home", home.clone()),
            ("logs", running.home().logs().display().to_string()),
            ("API", pages.join(", ")),
            ("PostgreSQL", postgres.unwrap_or_else(|| "as DATABASE_URL says".to_owned())),
            ("nats-server", nats.unwrap_or_else(|| "as NATS_URL says".to_owned())),
        ])?;
        let program = std::env::args().next().unwrap_or_else(|| "ael".to_owned());
        let prefix = format!("AEL_HOME={home} {program}");
        let workspace = if self.demo { " --workspace demo" } else { "" };
        out.say("")?;
        out.say("Try next, in another terminal:")?;
        out.say(format!("  {prefix}{workspace} stats"))?;
        out.say(format!("  {prefix}{workspace} lead list"))?;
        out.say(format!("  {prefix} --help"))?;
        out.say(out.dim("Ctrl-C stops everything in order."))
    }
}

fn is_refusal(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ClientError::Rejected(_)))
}

/// Under which name the home's note says where a copy of the API listens.
fn endpoint(number: usize) -> String {
    match number {
        1 => HTTP_ENDPOINT.to_owned(),
        more => format!("{HTTP_ENDPOINT}-{more}"),
    }
}

/// How a listening address is entered from here.
fn url(address: &SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://127.0.0.1:{}", address.port());
    }
    format!("http://{address}")
}

/// Warnings only, unless somebody asked for more: a person is watching.
pub fn quiet_telemetry(service: &str, env: &Env) -> anyhow::Result<()> {
    let quiet = Env::of([("RUST_LOG", "warn,sqlx=error,ael_stack::nats=error")]);
    let chosen = if env.get("RUST_LOG").is_some() { env } else { &quiet };
    Ok(telemetry::init(service, chosen)?)
}

/// Does something, unless the stop comes first.
pub async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<Option<T>> {
    tokio::select! {
        () = stop.cancelled() => Ok(None),
        done = work => done.map(Some).map_err(clearer),
    }
}

/// What the person at the terminal can do about a stack that does not start.
fn clearer(error: anyhow::Error) -> anyhow::Error {
    let advice = match error.downcast_ref::<StackError>() {
        Some(StackError::AlreadyRunning { .. }) => {
            "One home runs one system. Use it, stop it with Ctrl-C where it runs, or choose \
             another home with --home."
        }
        Some(StackError::DidNotStart { .. }) => {
            "Nothing is lost. The whole log is in the home's logs/ folder."
        }
        Some(_) | None => return error,
    };
    Problem::new("not_started", error.to_string(), advice).into()
}

/// How long a system may take until it answers the first question.
pub const PATIENCE: Duration = Duration::from_secs(60);
