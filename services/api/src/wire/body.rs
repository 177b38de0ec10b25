//! A JSON body: read within bounds, refused with the place that is wrong.

use super::described::Described;
use super::problem::Problem;
use super::sentence::in_our_words;
use poem::http::{StatusCode, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};
use std::fmt::Write as _;
use std::time::Duration;

/// How many bytes a body may have.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a request brings.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<'a, T: Described + DeserializeOwned + Send> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::announce(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content =
            vec![MetaMediaType { content_type: "application/json", schema: T::reference() }];
        Some(MetaRequest { description: None, content, required: !may_be_absent::<T>() })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        // The guard has received all of it.
        let bytes = body.take()?.into_bytes_limit(MAX_BODY_BYTES).await.map_err(unread)?;
        if bytes.is_empty() && !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(Self(parse(b"{}")?));
        }
        is_json(request)?;
        // A list would be taken as the fields in their order, whose names nobody wrote.
        if bytes.trim_ascii_start().first() == Some(&b'[') && is_whole(&bytes) {
            return Err(Problem::at("", "the body has to be an object: {…}").into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

/// The request once the whole of its body is there.
pub(crate) async fn received(mut request: Request) -> Result<Request, Problem> {
    if request.method().is_safe() {
        return Ok(request);
    }
    let receiving = request.take_body().into_bytes_limit(MAX_BODY_BYTES);
    let received = tokio::time::timeout(PATIENCE, receiving).await;
    let bytes = received.map_err(|_| too_slow())?.map_err(unread)?;
    request.set_body(bytes);
    Ok(request)
}

/// Whether nothing has to be said: then nothing has to be sent.
fn may_be_absent<T: DeserializeOwned>() -> bool {
    serde_json::from_str::<T>("{}").is_ok()
}

fn is_json(request: &Request) -> Result<(), Problem> {
    let named = request.headers().get(header::CONTENT_TYPE);
    let named = named.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parameters = named.split(';').skip(1).map(|it| it.trim().to_ascii_lowercase());
    let charset = parameters.find_map(|it| Some(it.strip_prefix("charset=")?.to_owned()));
    let is_utf8 = charset.is_none_or(|name| matches!(name.trim_matches('"'), "utf-8" | "utf8"));
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    let is_plain = encoding.is_none_or(|value| value.as_bytes() == b"identity");
    let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json && is_utf8 && is_plain {
        return Ok(());
    }
    let sentence = "The body has to be JSON in UTF-8, not compressed: send it with Content-Type: \
                    application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", sentence))
}

fn too_slow() -> Problem {
    let sentence = "The body did not arrive in time: send it again, at once.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", sentence)
}

fn unread(error: poem::error::ReadBodyError) -> Problem {
    match error {
        poem::error::ReadBodyError::PayloadTooLarge => {
            let sentence = format!("The body has more than {MAX_BODY_BYTES} bytes: send less.");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", sentence)
        }
        poem::error::ReadBodyError::BodyHasBeenTaken
        | poem::error::ReadBodyError::Utf8(_)
        | poem::error::ReadBodyError::Io(_) => {
            Problem::new(StatusCode::BAD_REQUEST, "unreadable_body", "The body broke off.")
        }
    }
}

/// Reads JSON, or says where it is not what it should be.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => Problem::at(pointer, sentence(&inner)),
            // Of a value that is no name of a choice the reader says that it is no JSON at all.
            serde_json::error::Category::Syntax if is_whole(bytes) => {
                Problem::at(pointer, sentence(&inner))
            }
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => {
                let detail = format!("The body is no JSON: {inner}.");
                Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
            }
        }
    })?;
    json.end().map_err(|_| {
        let detail = "The body goes on after its JSON value has ended.";
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })?;
    Ok(value)
}

fn is_whole(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Reads a part of a body that was read before, or says where it is not what it should be.
pub(crate) fn parse_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Problem::at(pointer(error.path()), sentence(error.inner())))
}

/// The message in our words, without the line and column, which the pointer says better.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    in_our_words(text.split(" at line ").next().unwrap_or(&text))
}

/// A path as RFC 6901 writes it.
pub(crate) fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let written = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => {
                write!(pointer, "/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Enum { .. } | Segment::Unknown => Ok(()),
        };
        debug_assert!(written.is_ok());
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::Contact;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        contacts: Vec<Contact>,
    }

    fn refused(body: &str) -> Problem {
        parse::<Outer>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        let problem = refused(r#"{"contacts":[{},{"email":"nobody"}]}"#);
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (422, "/contacts/1/email")
        );
        assert!(!problem.detail.contains(" at line "), "{}", problem.detail);
        assert_eq!(parse::<Outer>(br#"{"contacts":[{}]}"#).unwrap().contacts.len(), 1);
    }

    #[test]
    fn a_value_that_is_no_name_of_a_choice_is_wrong_in_its_place() {
        #[derive(Debug, Deserialize)]
        struct Move {
            #[expect(dead_code, reason = "it is never read")]
            stage: ael_events::values::Stage,
        }
        let problem = parse::<Move>(br#"{"stage":5}"#).unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/stage"));
    }

    #[test]
    fn only_plain_json_in_utf_8_is_read() {
        let of = |kind: &str, coding: Option<&str>| {
            let request = Request::builder().header("content-type", kind);
            let request =
                coding.iter().fold(request, |it, coding| it.header("content-encoding", *coding));
            is_json(&request.finish())
        };
        for taken in ["application/json", "application/json; charset=UTF-8", "application/a+json"] {
            assert!(of(taken, None).is_ok() && of(taken, Some("identity")).is_ok(), "{taken}");
        }
        for (kind, coding) in [
            ("text/plain", None),
            ("application/json; charset=utf-16", None),
            ("application/json", Some("gzip")),
        ] {
            assert_eq!(of(kind, coding).unwrap_err().status, 415, "{kind} {coding:?}");
        }
    }

    #[test]
    fn what_is_no_json_is_another_matter() {
        for body in ["", "{", "nonsense", r#"{"contacts":[]} more"#, "\u{feff}{}"] {
            let problem = refused(body);
            assert_eq!((problem.status, problem.code.as_ref()), (400, "malformed_json"), "{body}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(refused(&format!(r#"{{"contacts":{deep}}}"#)).status / 100, 4);
        assert_eq!(parse::<Outer>(b"{\"contacts\":[\"\xff\xfe\"]}").unwrap_err().status, 400);
    }

    #[test]
    fn an_unknown_field_is_named() {
        let problem = refused(r#"{"contacts":[],"nonsense":1}"#);
        assert!(problem.detail.contains("nonsense"), "{}", problem.detail);
    }
}
