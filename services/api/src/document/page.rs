//! The document for machines and for people.

use super::openapi;
use crate::guard::Fixed;
use poem::http::{HeaderMap, HeaderValue, header};
use poem::{IntoResponse as _, Response, handler};
use poem_openapi::{OpenApi, OpenApiService};
use std::sync::LazyLock;

/// What the page may load and speak to: us alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
                      img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");

static JSON: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&openapi()).unwrap_or_default());

/// The reader's program: Scalar, as poem-openapi brings it along.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    struct Nothing;
    #[OpenApi]
    impl Nothing {}
    let html = OpenApiService::new(Nothing, "", "").scalar_html();
    let begin = html.find("<script charset=\"UTF-8\">").map(|at| at + 24);
    let end = html.rfind("</script>");
    match (begin, end) {
        (Some(begin), Some(end)) if begin < end => html[begin..end].to_owned(),
        _ => String::new(),
    }
});

/// `/openapi.json`
#[handler]
pub(crate) async fn serve_json(asked: &HeaderMap) -> poem::Result<Response> {
    static FORMS: Fixed = Fixed::new();
    Ok(of("application/json", FORMS.answer(JSON.as_str(), asked).await?))
}

/// `/docs`: a page with the operations, to read and to try.
#[handler]
pub(crate) fn serve_page() -> Response {
    let mut page = of("text/html; charset=utf-8", PAGE.into_response());
    let policy = HeaderValue::from_static(POLICY);
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    page
}

/// The page's program.
#[handler]
pub(crate) async fn serve_script(asked: &HeaderMap) -> poem::Result<Response> {
    static FORMS: Fixed = Fixed::new();
    Ok(of("text/javascript; charset=utf-8", FORMS.answer(SCRIPT.as_str(), asked).await?))
}

fn of(content_type: &'static str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_program_is_served_by_us() {
        assert!(SCRIPT.len() > 1_000_000, "{} bytes", SCRIPT.len());
        assert!(!SCRIPT.contains("</script>"));
        assert!(PAGE.contains("/docs/reference.js") && !PAGE.contains("http"));
    }
}
