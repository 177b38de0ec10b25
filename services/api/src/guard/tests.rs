//! The guard around an endpoint of its own.

use super::*;
use crate::config::Limits;
use poem::http::Method;
use poem::{EndpointExt as _, endpoint::make};

fn guarded(limits: Limits) -> impl Endpoint<Output = Response> {
    let guard = Guard(Arc::new(Shared {
        rates: Rates::new(limits),
        proxies: Proxies::new(Vec::new()),
        origins: Origins::new(Vec::new()),
        places: Places::new(limits),
    }));
    make(answered).with(guard)
}

/// A page that looks at nobody's token, and an operation that takes one.
async fn answered(request: Request) -> poem::Result<Response> {
    let body = request.header("authorization").unwrap_or_default().to_owned();
    let mut response = Response::builder().body("here it is");
    if request.uri().path() == "/docs" {
        return Ok(response);
    }
    if !body.trim_end().ends_with("good") {
        let mut error = poem::Error::from(Problem::unauthenticated("no"));
        error.set_data(OperationId("look"));
        return Err(error);
    }
    response.set_data(OperationId("look"));
    Ok(response)
}

async fn asked(endpoint: &impl Endpoint<Output = Response>, path: &str, token: &str) -> Response {
    let uri = path.parse().unwrap();
    let request = Request::builder().method(Method::GET).uri(uri);
    endpoint.call(request.header("authorization", token).finish()).await.unwrap()
}

#[tokio::test]
async fn a_page_that_looks_at_no_token_makes_none_good() {
    let limits = Limits { failed_sign_ins: 3, at_once: 8, ..Limits::none() };
    let endpoint = guarded(limits);
    for guess in 0..5 {
        asked(&endpoint, "/leads", &format!("Bearer guess{guess}")).await;
    }
    assert_eq!(asked(&endpoint, "/docs", "Bearer guess9").await.status(), 429);
    assert_eq!(asked(&endpoint, "/leads", "Bearer guess9").await.status(), 429);
}

#[tokio::test]
async fn a_token_that_opened_something_goes_on_while_others_are_guessed() {
    let limits = Limits { failed_sign_ins: 3, at_once: 8, ..Limits::none() };
    let endpoint = guarded(limits);
    assert_eq!(asked(&endpoint, "/leads", "Bearer good").await.status(), 200);
    for guess in 0..5 {
        asked(&endpoint, "/leads", &format!("Bearer guess{guess}")).await;
    }
    assert_eq!(asked(&endpoint, "/leads", "Bearer good").await.status(), 200);
}

#[tokio::test]
async fn a_token_has_one_budget_however_it_is_written() {
    let endpoint = guarded(Limits { per_token: 1, at_once: 8, ..Limits::none() });
    let mut statuses = Vec::new();
    for form in ["Bearer good", "bearer good", "BEARER  good", "Bearer good ", "bEarer good"] {
        statuses.push(asked(&endpoint, "/leads", form).await.status().as_u16());
    }
    assert_eq!(statuses, [200; 5]);
    let refused = asked(&endpoint, "/leads", "bearer   good").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["ratelimit-remaining"], "0");
}

#[tokio::test]
async fn a_refusal_tells_what_is_left_of_the_budget_too() {
    let endpoint = guarded(Limits { per_token: 2, at_once: 8, ..Limits::none() });
    let refused = asked(&endpoint, "/leads", "Bearer bad").await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["ratelimit-remaining"]),
        (401, &HeaderValue::from_static("9"))
    );
}
