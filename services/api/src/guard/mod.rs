//! The manners of a public service, around every operation: who called from where, how often, how
//! much at once, under which name in the logs, and what went wrong in one form.

mod address;
mod compress;
mod origins;
mod rate;
mod report;

use crate::config::Config;
use crate::document;
use crate::wire::Problem;
pub(crate) use address::Address;
use address::Proxies;
use ael_bus::Traceparent;
use compress::{compressed, negotiated};
use origins::Origins;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use rate::Rates;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How long a request may take in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// A request's name in our logs and in the caller's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The guard in front of all operations.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rates: Rates,
    proxies: Proxies,
    origins: Origins,
    places: Semaphore,
}

/// What the guard stands in front of.
#[derive(Debug)]
pub(crate) struct Guarded<E> {
    inner: E,
    guard: Guard,
}

impl Guard {
    /// A guard with these limits.
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(Shared {
            rates: Rates::new(config.limits),
            proxies: Proxies::new(config.trusted_proxies.clone()),
            origins: Origins::new(config.cors_origins.clone()),
            places: Semaphore::new(config.limits.at_once),
        }))
    }

    /// Forgets callers that were not heard of for a while.
    pub(crate) fn tidy(&self) {
        self.0.rates.tidy();
    }
}

impl<E: Endpoint> poem::Middleware<E> for Guard {
    type Output = Guarded<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Guarded { inner, guard: self.clone() }
    }
}

impl<E: Endpoint> Endpoint for Guarded<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let began = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let name = request_id(&request);
        let story = traced(&request);
        let Shared { proxies, origins, .. } = &*self.guard.0;
        let address = proxies.address_of(&request);
        request.extensions_mut().insert(address);
        let (origin, coding) = (origins.listed(&request), negotiated(request.headers()));
        let answered = if Origins::is_asked_beforehand(&request) {
            Ok(Origins::beforehand(origin.as_ref()))
        } else {
            story.scope(self.answer(request)).await
        };
        let mut response = answered.unwrap_or_else(|mut problem| {
            problem.request_id = Some(name.clone());
            problem.into_response()
        });
        report::told(&method, operation_of(&response), response.status(), began.elapsed());
        tracing::debug!(
            %method,
            status = response.status().as_u16(),
            request_id = %name,
            trace = %story.trace_id(),
            "answered"
        );
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(methods) = HeaderValue::from_str(&document::methods_of(&path))
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        origins.tell(origin, response.headers_mut());
        dress(&mut response, &name);
        Ok(compressed(response, coding))
    }
}

impl<E: Endpoint> Guarded<E> {
    async fn answer(&self, request: Request) -> Result<Response, Problem> {
        let Shared { rates, places, .. } = &*self.guard.0;
        let probe = request.uri().path().starts_with("/health/");
        if probe {
            return self.inner.call(request).await.map(IntoResponse::into_response).map_err(told);
        }
        let _place = places.try_acquire().map_err(|_| overloaded())?;
        let caller = rates.caller(&request);
        let budget = rates.admit(&caller)?;
        let answered = tokio::time::timeout(PATIENCE, self.inner.call(request)).await;
        let answered = answered.map_err(|_| too_slow())?;
        let answered = answered.map(IntoResponse::into_response).map_err(told);
        let status = answered.as_ref().map_or_else(|it| it.status, |it| it.status().as_u16());
        rates.judge(&caller, status);
        let mut response = answered?;
        budget.tell(response.headers_mut());
        Ok(response)
    }
}

/// The name that the caller gave to the request, if it can be written to a log, or a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_plain = |text: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        (1..=128).contains(&text.len()) && text.bytes().all(plain)
    };
    given.filter(is_plain).map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// The story that the request belongs to: the caller's, or a new one.
fn traced(request: &Request) -> Traceparent {
    let given = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    given.and_then(|text| text.parse().ok()).map_or_else(Traceparent::fresh, Traceparent::child)
}

fn operation_of(response: &Response) -> &'static str {
    response.data::<OperationId>().map_or("none", |operation| operation.0)
}

fn overloaded() -> Problem {
    let sentence = "More is asked than can be answered now. Nothing was done: try again later.";
    Problem::unavailable("overloaded", sentence, 1)
}

fn too_slow() -> Problem {
    let sentence = "It took too long. It may have been done: ask again with the same \
                    Idempotency-Key to know.";
    Problem::unavailable("timeout", sentence, 1)
}

/// Any error as a problem.
fn told(error: poem::Error) -> Problem {
    let status = error.status();
    match error.downcast::<Problem>() {
        Ok(problem) => problem,
        Err(error) => match status {
            StatusCode::NOT_FOUND => Problem::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                let sentence = "This path does not know that method: see /docs.";
                Problem::new(status, "method_not_allowed", sentence)
            }
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(%error, "a request failed");
                Problem::unavailable("unavailable", "Something is wrong on our side.", 5)
            }
            other => Problem::new(other, "refused", "The request cannot be taken as it is."),
        },
    }
}

/// What every answer carries.
fn dress(response: &mut Response, request_id: &str) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
