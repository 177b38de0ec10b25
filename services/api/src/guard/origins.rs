//! Other sites' pages: those that are listed may call, for the others nothing is said, so that
//! browsers keep the answer from them. Pages of our own are not asked.
//!
//! (poem's own middleware refuses every request with an `Origin` that is not listed: also those of
//! our own pages, whose browsers send one with each POST.)

use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

const METHODS: &str = "GET, POST, PATCH, DELETE";
const TAKEN: &str = "authorization, content-type, idempotency-key, if-match, x-ael-position, \
                     x-request-id, traceparent";
const SHOWN: &str = "etag, location, retry-after, x-ael-position, x-request-id, \
                     idempotency-replayed, ratelimit-limit, ratelimit-remaining, ratelimit-reset";
const REMEMBERED_S: &str = "600";

/// Which other sites' pages may call.
#[derive(Debug)]
pub(super) struct Origins(Vec<String>);

impl Origins {
    pub(super) const fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// The page's site, if it is a listed one.
    pub(super) fn listed(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let is_listed = self.0.iter().any(|one| one.as_bytes() == origin.as_bytes());
        is_listed.then(|| origin.clone())
    }

    /// Whether a browser asks beforehand what a page may do.
    pub(super) fn is_asked_beforehand(request: &Request) -> bool {
        request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ORIGIN)
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The answer to that: what a listed page may do; another one, nothing.
    pub(super) fn beforehand(origin: Option<&HeaderValue>) -> Response {
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        if origin.is_some() {
            for (name, value) in [
                (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, TAKEN),
                (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S),
            ] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
        }
        response
    }

    /// Lets a listed page see the answer.
    pub(super) fn tell(&self, origin: Option<HeaderValue>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let shown: HeaderName = header::ACCESS_CONTROL_EXPOSE_HEADERS;
            headers.insert(shown, HeaderValue::from_static(SHOWN));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(origin: &str) -> Request {
        let request = Request::builder().method(Method::OPTIONS).header("origin", origin);
        request.header("access-control-request-method", "POST").finish()
    }

    #[test]
    fn only_listed_sites_pages_are_told_that_they_may() {
        let origins = Origins::new(vec!["https://crm.example".to_owned()]);
        for (origin, may) in [("https://crm.example", true), ("https://evil.example", false)] {
            let request = request(origin);
            assert!(Origins::is_asked_beforehand(&request));
            let listed = origins.listed(&request);
            let mut response = Origins::beforehand(listed.as_ref());
            origins.tell(listed, response.headers_mut());
            let said = |name: &str| response.headers().contains_key(name);
            assert_eq!(said("access-control-allow-origin"), may);
            assert_eq!(said("access-control-allow-methods"), may);
            assert!(said("vary") && !said("access-control-allow-credentials"));
        }
    }
}
