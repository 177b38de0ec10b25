//! Everything under one roof: the operations behind their guard, the document, the probes.

use crate::config::Config;
use crate::desk::Desk;
use crate::document;
use crate::guard::Guard;
use crate::live::Live;
use crate::probes::{self, Probes};
use crate::wire::Problem;
use poem::endpoint::BoxEndpoint;
use poem::middleware::CatchPanic;
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
        .data(bearers)
        .data(probes)
        .with(CatchPanic::new().with_handler(panicked))
        .with(guard)
        .map_to_response()
        .boxed()
}

/// A defect of ours: it is in the log, and the caller learns nothing of it.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Problem {
    Problem::unavailable("unavailable", "Something is wrong on our side: it was noted.", 5)
}
