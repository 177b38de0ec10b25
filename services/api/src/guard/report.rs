//! The numbers of the interface: how many requests, how fast, with what outcome.

use poem::http::{Method, StatusCode};
use std::time::Duration;

/// Counts a request. Operations and classes of statuses are few, so the series are, too.
pub(super) fn told(method: &Method, operation: &'static str, status: StatusCode, took: Duration) {
    let method = match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let outcome = match status.as_u16() {
        429 => "throttled",
        500.. => "unavailable",
        400.. => "refused",
        _ => "answered",
    };
    metrics::histogram!(
        "ael_http_seconds",
        "method" => method, "operation" => operation, "outcome" => outcome
    )
    .record(took.as_secs_f64());
    metrics::counter!(
        "ael_http_requests_total",
        "method" => method, "operation" => operation, "status" => status.as_u16().to_string()
    )
    .increment(1);
}
