//! How the service is: whether it lives, which part is not ready, and its numbers.
//!
//! The parts behind the bus are asked every two seconds how they are: whether they answer, and
//! whether what they need for an answer is there.

use crate::guard::Address;
use ael_bus::{Bus, LinkState, RequestError, Standing};
use ael_events::ids::WorkspaceId;
use ael_events::subjects::{self, Edge};
use ael_events::values::AggregateKind;
use ael_service::health::Numbers;
use poem::http::{StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Response, handler};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ROUND: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known about the parts.
#[derive(Debug, Clone)]
pub(crate) struct Probes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bus: Bus,
    answering: watch::Receiver<Answering>,
    numbers: Option<Numbers>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Answering {
    commands: bool,
    queries: bool,
}

impl Probes {
    /// Begins to ask; ends with `shutdown`.
    pub(crate) fn watch(bus: Bus, numbers: Option<Numbers>, shutdown: CancellationToken) -> Self {
        let (told, answering) = watch::channel(Answering::default());
        let asked = bus.clone();
        tokio::spawn(async move {
            let mut rounds = tokio::time::interval(ROUND);
            rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    _ = rounds.tick() => { told.send_replace(ask(&asked).await); }
                }
            }
        });
        Self(Arc::new(Shared { bus, answering, numbers }))
    }

    /// Each part with whether it is ready.
    fn parts(&self) -> [(&'static str, bool); 3] {
        let linked = self.0.bus.link().state == LinkState::Up;
        let answering = *self.0.answering.borrow();
        [
            ("bus", linked),
            ("commands", linked && answering.commands),
            ("queries", linked && answering.queries),
        ]
    }
}

/// Asks one of each how it is.
async fn ask(bus: &Bus) -> Answering {
    let nowhere = WorkspaceId::from_uuid(Uuid::nil());
    let command = subjects::command(Edge::Api, nowhere, AggregateKind::Lead);
    let query = subjects::query(Edge::Api, nowhere, "me");
    let began = Instant::now();
    let timed = async {
        let standing = bus.probe(&query, PATIENCE).await;
        (standing, began.elapsed())
    };
    let (commands, (queries, took)) = tokio::join!(bus.probe(&command, PATIENCE), timed);
    if queries.is_ok() {
        metrics::gauge!("ael_bus_round_trip_seconds").set(took.as_secs_f64());
    }
    if let Ok(Standing { behind: Some(behind), .. }) = &queries {
        #[expect(clippy::cast_precision_loss, reason = "counted to 100,000")]
        metrics::gauge!("ael_read_models_behind_events").set(*behind as f64);
    }
    let is_ready = |part: Result<Standing, RequestError>| part.is_ok_and(|part| part.ready);
    Answering { commands: is_ready(commands), queries: is_ready(queries) }
}

/// The process lives.
#[handler]
pub(crate) fn live() -> Response {
    json_of(StatusCode::OK, &json!({ "status": "alive" }))
}

/// Which part is not ready.
#[handler]
pub(crate) fn ready(probes: Data<&Probes>) -> Response {
    let parts = probes.parts();
    let ready = parts.iter().all(|(_, ready)| *ready);
    let told: serde_json::Map<_, _> =
        parts.iter().map(|(name, ready)| ((*name).to_owned(), json!(ready))).collect();
    let (status, word) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    json_of(status, &json!({ "status": word, "parts": told }))
}

/// The numbers, for who asks from this machine or a private network, and not through a proxy.
#[handler]
pub(crate) fn prometheus(probes: Data<&Probes>, address: Data<&Address>) -> Response {
    if address.forwarded || !address.is_near() {
        return crate::wire::Problem::not_found().into_response();
    }
    let text = probes.0.0.numbers.as_ref().map(Numbers::render).unwrap_or_default();
    Response::builder()
        .header(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .body(text)
}

fn json_of(status: StatusCode, body: &serde_json::Value) -> Response {
    let response = Response::builder().status(status).content_type("application/json");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return response.header(header::RETRY_AFTER, "2").body(body.to_string());
    }
    response.body(body.to_string())
}
