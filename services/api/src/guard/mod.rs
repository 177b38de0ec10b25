//! The manners of a public service, around every operation: who called from where, how often, how
//! much at once, under which name in the logs, and what went wrong in one form.

mod address;
mod compress;
mod origins;
mod places;
mod rate;
mod report;
mod sizes;
#[cfg(test)]
mod tests;
mod unread;

use crate::config::Config;
use crate::document;
use crate::wire::{Problem, received};
pub(crate) use address::Address;
use address::Proxies;
use ael_bus::Traceparent;
pub(crate) use compress::Fixed;
use compress::{compressed, negotiated};
use origins::Origins;
use places::Places;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response};
use poem_openapi::OperationId;
use rate::{Budget, Caller, Rates};
pub(crate) use sizes::HANDED_ON;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
pub(crate) use unread::instead_of;

/// How long a request may take in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// A request's name in our logs and in the caller's.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The operation of what reached none.
const NO_OPERATION: &str = "none";

/// The guard in front of all operations.
#[derive(Debug, Clone)]
pub(crate) struct Guard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rates: Rates,
    proxies: Proxies,
    origins: Origins,
    places: Places,
}

/// What a caller may still spend, for operations that do many things at once.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    guard: Guard,
    caller: Caller,
}

impl Purse {
    /// Takes the price of so many things more than the request itself.
    pub(crate) fn spend(&self, many: usize) -> Result<(), Problem> {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        let Some(many) = NonZeroU32::new(many) else { return Ok(()) };
        self.guard.0.rates.spend(&self.caller, many).map(drop).map_err(|(problem, _)| problem)
    }
}

/// Why a request was not answered as asked, and what is told besides.
#[derive(Debug)]
struct Refused {
    problem: Problem,
    operation: &'static str,
    budget: Budget,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self { problem, operation: NO_OPERATION, budget: Budget::default() }
    }
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
            places: Places::new(config.limits),
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
        let (method, uri) = (request.method().clone(), request.uri().clone());
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
        let (mut response, operation) = match answered {
            Ok(response) => {
                let operation = operation_of(response.data());
                (response, operation)
            }
            Err(Refused { mut problem, operation, budget }) => {
                problem.request_id = Some(name.clone());
                if problem.status >= 500 {
                    let (code, trace) = (&problem.code, story.trace_id());
                    tracing::warn!(request_id = %name, %trace, operation, %code, "not answered");
                }
                let mut response = problem.into_response();
                budget.tell(response.headers_mut());
                (response, operation)
            }
        };
        report::told(&method, operation, response.status(), began.elapsed());
        tracing::debug!(
            %method,
            status = response.status().as_u16(),
            request_id = %name,
            trace = %story.trace_id(),
            "answered"
        );
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(methods) = HeaderValue::from_str(&document::methods_of(uri.path()))
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        origins.tell(origin, response.headers_mut());
        dress(&mut response, &name);
        Ok(compressed(response, coding))
    }
}

impl<E: Endpoint> Guarded<E> {
    async fn answer(&self, mut request: Request) -> Result<Response, Refused> {
        if request.uri().path().starts_with("/health/") {
            return self.called(request).await;
        }
        let rates = &self.guard.0.rates;
        let caller = rates.caller(&request);
        let budget = rates
            .admit(&caller)
            .map_err(|(problem, budget)| Refused { budget, ..Refused::from(problem) })?;
        request.extensions_mut().insert(Purse { guard: self.guard.clone(), caller });
        match self.admitted(request, &caller).await {
            Ok(mut response) => {
                // Of what is no operation nobody looked at the token.
                if response.status().is_success() && response.data::<OperationId>().is_some() {
                    rates.trust(&caller);
                }
                budget.tell(response.headers_mut());
                Ok(response)
            }
            Err(refused) => {
                if refused.problem.status == StatusCode::UNAUTHORIZED.as_u16() {
                    rates.refuse(&caller);
                }
                Err(Refused { budget, ..refused })
            }
        }
    }

    /// Waits for the whole of a request, then has it answered in its place.
    async fn admitted(&self, request: Request, caller: &Caller) -> Result<Response, Refused> {
        sizes::check(&request)?;
        let places = &self.guard.0.places;
        let _share = places.share(caller.address)?;
        let request = received(request).await?;
        let _place = places.take(request.method())?;
        let called = tokio::time::timeout(PATIENCE, self.called(request)).await;
        called.map_err(|_| too_slow())?
    }

    async fn called(&self, request: Request) -> Result<Response, Refused> {
        self.inner.call(request).await.map(IntoResponse::into_response).map_err(|error| {
            let operation = operation_of(error.data());
            Refused { operation, ..Refused::from(told(error)) }
        })
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

fn operation_of(id: Option<&OperationId>) -> &'static str {
    id.map_or(NO_OPERATION, |operation| operation.0)
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
