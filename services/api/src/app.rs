//! Everything under one roof: the operations behind their guard, the document, the probes.

use crate::config::Config;
use crate::desk::Desk;
use crate::document;
use crate::guard::Guard;
use crate::live::Live;
use crate::probes::{self, Probes};
use crate::wire::Problem;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::middleware::{CatchPanic, Compression, Cors};
use poem::web::CompressionAlgo;
use poem::{EndpointExt as _, Response, Route, get};
use std::sync::Arc;

/// The whole interface.
pub(crate) fn app(
    config: &Config,
    desk: Desk,
    live: Live,
    guard: Guard,
    probes: Probes,
) -> BoxEndpoint<'static, Response> {
    let bearers = Arc::new(config.bearers.clone());
    let routes = Route::new()
        .nest("/api/v1", document::service(desk, live))
        .at("/openapi.json", get(document::serve_json))
        .at("/docs", get(document::serve_page))
        .at("/docs/reference.js", get(document::serve_script))
        .at("/health/live", get(probes::live))
        .at("/health/ready", get(probes::ready))
        .at("/metrics", get(probes::prometheus));
    routes
        .with(Compression::new().algorithms([CompressionAlgo::ZSTD, CompressionAlgo::GZIP]))
        .data(bearers)
        .data(probes)
        .with(CatchPanic::new().with_handler(panicked))
        .with(guard)
        .with(cors(config))
        .map_to_response()
        .boxed()
}

/// Which other sites' pages may call; without a list, none.
fn cors(config: &Config) -> Cors {
    let mut cors = Cors::new()
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "x-ael-position",
            "x-request-id",
            "traceparent",
        ])
        .expose_headers([
            "etag",
            "location",
            "retry-after",
            "x-ael-position",
            "x-request-id",
            "idempotency-replayed",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
        ])
        .allow_credentials(false)
        .max_age(600);
    for origin in &config.cors_origins {
        cors = cors.allow_origin(origin);
    }
    if config.cors_origins.is_empty() { cors.allow_origin("null.invalid") } else { cors }
}

/// A defect of ours: it is in the log, and the caller learns nothing of it.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Problem {
    Problem::unavailable("unavailable", "Something is wrong on our side: it was noted.", 5)
}
