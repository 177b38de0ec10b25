//! The services of the house, each a process of its own with only its own secrets.

use super::bring::{Steps, master_key_variable};
use super::first_token;
use crate::operate::run::Service;
use crate::stack;
use ael_bot::TelegramConfig;
use ael_service::Env;
use ael_stack::{Running, ServiceSpec, Stack};
use anyhow::Context as _;
use futures::future::try_join_all;
use secrecy::ExposeSecret as _;
use std::net::{SocketAddr, TcpListener};

/// What of our own environment every service may have: none of it is a secret.
const HANDED_ON: [&str; 31] = [
    "NATS_CA_FILE",
    "NATS_ALLOW_PLAINTEXT",
    "AEL_LOG",
    "AI_CACHE_TTL",
    "AI_RETRAIN_HOURS",
    "AI_STALE_SCAN",
    "AEL_COMMANDS_CONCURRENCY",
    "AEL_COMMANDS_CACHE_MIB",
    "AEL_QUERIES_CONCURRENCY",
    "AEL_QUERIES_CONNECTIONS",
    "AEL_RELAY_BATCH",
    "AEL_PROJECTIONS_BATCH",
    "AEL_HTTP_RATE_PER_TOKEN",
    "AEL_HTTP_RATE_PER_ADDRESS",
    "AEL_HTTP_FAILED_SIGN_INS",
    "AEL_HTTP_CONCURRENCY",
    "AEL_HTTP_CONCURRENCY_PER_ADDRESS",
    "AEL_HTTP_CONNECTIONS",
    "AEL_HTTP_SOCKETS",
    "AEL_HTTP_SOCKETS_PER_TOKEN",
    "AEL_HTTP_CORS_ORIGINS",
    "AEL_HTTP_TRUSTED_PROXIES",
    "OIDC_ISSUER",
    "OIDC_AUDIENCE",
    "OIDC_ALGORITHMS",
    "OIDC_JWKS_URL",
    "OIDC_WORKSPACE",
    "OIDC_WORKSPACE_CLAIM",
    "OIDC_SCOPE_CLAIM",
    "OIDC_SCOPE_PREFIX",
    "OIDC_ROLES_CLAIM",
];

/// What of our own environment the services that ask models outside may have besides; the key is a
/// secret.
const OUTSIDE: [&str; 7] = [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "OPENAI_PRICE_INPUT",
    "OPENAI_PRICE_OUTPUT",
    "AI_TIMEOUT",
    "AI_CONCURRENCY",
];

/// What of our own environment the bot may have besides; the token and the webhook's secret are
/// secrets.
const TELEGRAM: [&str; 5] = [
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_API_URL",
    "TELEGRAM_WEBHOOK_URL",
    "TELEGRAM_WEBHOOK_SECRET",
    "BOT_LIMITS",
];

/// Starts every service, `copies` times each, and returns when all take work.
pub async fn start(
    servers: &Stack,
    env: &Env,
    http: &[SocketAddr],
    steps: &Steps,
) -> anyhow::Result<()> {
    let copies = http.len();
    let program = std::env::current_exe()?;
    let running = servers.running();
    let mut specs = Vec::new();
    let has_bot = TelegramConfig::is_there(env)?;
    let services: Vec<Service> =
        Service::ALL.into_iter().filter(|one| has_bot || !one.speaks_to_telegram()).collect();
    let hooks = hook_addresses(env, copies)?;
    for service in services.iter().copied() {
        let environment = environment(service, &running, env)?;
        let spec = ServiceSpec::service(service.name(), &program, ["run", service.name()])
            .env(environment);
        specs.extend((1..=copies).zip(http).zip(&hooks).map(|((number, address), hook)| {
            let copy = spec.copy(number);
            match service {
                Service::Api => copy.env([("HTTP_ADDR", address.to_string())]),
                Service::Bot => copy.env([("BOT_HTTP_ADDR", hook.to_string())]),
                Service::Commands
                | Service::Relay
                | Service::Projections
                | Service::Queries
                | Service::Jobs
                | Service::Scoring => copy,
            }
        }));
    }
    let names: Vec<&str> = services.iter().map(|service| service.name()).collect();
    steps.say(&format!("starting {}", names.join(", ")));
    try_join_all(specs.into_iter().map(|spec| servers.supervisor().start(spec))).await?;
    let copies = if copies > 1 { format!(" ({copies} copies each)") } else { String::new() };
    steps.done(&format!("every service takes work{copies}"));
    if !has_bot {
        steps.off("the Telegram bot is off: set TELEGRAM_BOT_TOKEN to have it (docs/bot.md)");
    }
    Ok(())
}

/// Where each copy of the API listens: `HTTP_ADDR` and the ports after it. When it is not said and
/// somebody else listens there, any free port will do.
pub fn http_addresses(env: &Env, copies: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let wanted: Option<SocketAddr> = env.optional("HTTP_ADDR", "an address like 127.0.0.1:8080")?;
    let first = wanted.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    let is_settled = wanted.is_some() && first.port() != 0;
    (0..u16::try_from(copies)?)
        .map(|number| {
            let port = first.port().checked_add(number);
            let port = port.context("HTTP_ADDR has no ports left for so many copies")?;
            let address = SocketAddr::new(first.ip(), port);
            let is_free = || first.port() != 0 && TcpListener::bind(address).is_ok();
            if is_settled || is_free() {
                return Ok(address);
            }
            Ok(TcpListener::bind(SocketAddr::new(first.ip(), 0))?.local_addr()?)
        })
        .collect()
}

/// Where each copy of the bot listens for Telegram, if it does: `BOT_HTTP_ADDR` and the ports after
/// it.
fn hook_addresses(env: &Env, copies: usize) -> anyhow::Result<Vec<SocketAddr>> {
    let usual = SocketAddr::from(([127, 0, 0, 1], 8081));
    let first = env.or("BOT_HTTP_ADDR", "an address like 127.0.0.1:8081", usual)?;
    (0..u16::try_from(copies)?)
        .map(|number| {
            let port = if first.port() == 0 { Some(0) } else { first.port().checked_add(number) };
            let port = port.context("BOT_HTTP_ADDR has no ports left for so many copies")?;
            Ok(SocketAddr::new(first.ip(), port))
        })
        .collect()
}

/// What a service is told: its own role's address, its own bus user, the master key if it may
/// read people's data, and nothing else.
fn environment(
    service: Service,
    running: &Running,
    env: &Env,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    let mut tell = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
    let bus = stack::bus_config(running, env, service.bus_user())?;
    tell("NATS_URL", &bus.url);
    tell("NATS_USER", &bus.user);
    tell("NATS_PASSWORD", bus.password.expose_secret());
    if let Some((user, variable)) = service.answering_user() {
        let bus = stack::bus_config(running, env, user)?;
        tell(variable, bus.password.expose_secret());
    }
    if let Some(role) = service.role() {
        let url = stack::role_url(running, env, role.name())?;
        tell("DATABASE_URL", url.expose_secret());
    }
    let outside = OUTSIDE.iter().filter(|_| service.asks_outside());
    let telegram = TELEGRAM.iter().filter(|_| service.speaks_to_telegram());
    for name in HANDED_ON.iter().chain(outside).chain(telegram) {
        if let Some(value) = env.get(name) {
            tell(name, value);
        }
    }
    if service.speaks_to_telegram() {
        let ours = || running.secrets().bus_key().map(|key| key.expose_secret().to_owned());
        let key = env.get("AEL_BUS_KEY").map(str::to_owned).or_else(ours);
        tell("AEL_BUS_KEY", &key.context("the home has no key of the bus: see secrets.env")?);
    }
    all.extend(first_token::told_to(service.name(), env)?);
    if service.opens_sealed_data() {
        all.push(master_key_variable(running.home(), env));
    }
    Ok(all)
}
