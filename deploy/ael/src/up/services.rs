//! The services of the house, each a process of its own with only its own secrets.

use super::bring::{Steps, master_key_variable};
use crate::operate::run::Service;
use crate::stack;
use ael_service::Env;
use ael_stack::{Running, ServiceSpec, Stack};
use futures::future::try_join_all;
use secrecy::ExposeSecret as _;

/// What of our own environment every service may have: none of it is a secret.
const HANDED_ON: [&str; 10] = [
    "NATS_CA_FILE",
    "NATS_ALLOW_PLAINTEXT",
    "AEL_LOG",
    "AI_CACHE_TTL",
    "AEL_COMMANDS_CONCURRENCY",
    "AEL_COMMANDS_CACHE_MIB",
    "AEL_QUERIES_CONCURRENCY",
    "AEL_QUERIES_CONNECTIONS",
    "AEL_RELAY_BATCH",
    "AEL_PROJECTIONS_BATCH",
];

/// Starts every service, `copies` times each, and returns when all take work.
pub async fn start(servers: &Stack, env: &Env, copies: usize, steps: &Steps) -> anyhow::Result<()> {
    let program = std::env::current_exe()?;
    let running = servers.running();
    let mut specs = Vec::new();
    for service in Service::ALL {
        let environment = environment(service, &running, env)?;
        let spec = ServiceSpec::service(service.name(), &program, ["run", service.name()])
            .env(environment);
        specs.extend((1..=copies).map(|number| spec.copy(number)));
    }
    let names: Vec<&str> = Service::ALL.iter().map(|service| service.name()).collect();
    steps.say(&format!("starting {}", names.join(", ")));
    try_join_all(specs.into_iter().map(|spec| servers.supervisor().start(spec))).await?;
    let copies = if copies > 1 { format!(" ({copies} copies each)") } else { String::new() };
    steps.done(&format!("every service takes work{copies}"));
    Ok(())
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
    if let Some(user) = service.answering_user() {
        let bus = stack::bus_config(running, env, user)?;
        tell("NATS_AUDIT_PASSWORD", bus.password.expose_secret());
    }
    if let Some(role) = service.role() {
        let url = stack::role_url(running, env, role.name())?;
        tell("DATABASE_URL", url.expose_secret());
    }
    for name in HANDED_ON {
        if let Some(value) = env.get(name) {
            tell(name, value);
        }
    }
    if service.opens_sealed_data() {
        all.push(master_key_variable(running.home(), env));
    }
    Ok(all)
}
