//! Who calls, and what a reader or a writer may bring besides.

use super::problem::Problem;
use ael_client::{Bearer, Bearers};
use ael_events::command::Credential;
use ael_events::ids::{CommandId, LeadId, WorkspaceId};
use ael_events::order::PositionToken;
use poem::http::{HeaderName, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{
    MetaParamIn, MetaSchema, MetaSchemaRef, MetaSecurityScheme, Registry,
};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::fmt::Display;
use std::sync::Arc;
use uuid::Uuid;

/// `Idempotency-Key`: the name of an intention.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// `X-Ael-Position`: the write that a read has to show.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("x-ael-position");

/// Who calls: a credential, not yet believed, and the workspace that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// What is forwarded; `commands` and `queries` decide whether it opens anything.
    pub(crate) credential: Credential,
    /// Where it is to be good.
    pub(crate) workspace: WorkspaceId,
    /// Whose idempotency keys are one another's: the token's or the person's.
    scope: String,
}

impl Caller {
    /// Reads the `Authorization` header.
    pub(crate) fn of(request: &Request) -> Result<Self, Problem> {
        let Some(token) = presented(request) else {
            let sentence = "Say who you are: send a token as Authorization: Bearer ael_….";
            return Err(Problem::unauthenticated(sentence));
        };
        let bearers = request.data::<Arc<Bearers>>();
        Self::of_token(bearers.map(Arc::as_ref).unwrap_or(&Bearers::default()), token)
    }

    /// Understands a bearer token.
    pub(crate) fn of_token(bearers: &Bearers, token: &str) -> Result<Self, Problem> {
        let Some(Bearer { credential, workspace, whose }) = bearers.understand(token) else {
            return Err(Problem::unauthenticated(
                "This is no token of ours: it has the form ael_<workspace>_<id>_<secret>.",
            ));
        };
        let workspace = workspace.ok_or_else(|| {
            Problem::unauthenticated("This token does not say for which workspace it is.")
        })?;
        Ok(Self { credential, workspace, scope: whose })
    }
}

/// The token that a request brings: an empty one, when it is of another scheme than `Bearer`, is no
/// text, or is said twice.
pub(crate) fn presented(request: &Request) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().unwrap_or_default();
    if values.next().is_some() {
        return Some("");
    }
    Some(match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) | None => "",
    })
}

/// A header's value as text.
fn text_of(request: &Request, name: &HeaderName) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(_) => Err(Problem::at(name.as_str(), "this header has to be plain ASCII")),
    }
}

/// Somebody who reads, and which write they want to see.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    /// Who.
    pub(crate) caller: Caller,
    /// The write that the answer has to show.
    pub(crate) after: Option<PositionToken>,
}

/// Somebody who makes something new.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    /// Who.
    pub(crate) caller: Caller,
    /// The intention's name, when they gave one.
    key: Option<String>,
}

impl Maker {
    fn of(request: &Request) -> Result<Self, Problem> {
        let caller = Caller::of(request)?;
        let key = text_of(request, &IDEMPOTENCY_KEY)?;
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 255) {
            return Err(Problem::at("Idempotency-Key", "a key has 1 to 255 characters"));
        }
        Ok(Self { caller, key })
    }

    /// The command's id: the same for the same key of the same caller, else a new one.
    pub(crate) fn command_id(&self) -> CommandId {
        self.part("command").unwrap_or_else(CommandId::generate)
    }

    /// The id of a part of what is intended; none, when the intention has no name.
    fn part(&self, what: &str) -> Option<CommandId> {
        let key = self.key.as_deref()?;
        Some(CommandId::derived("api", &format!("{}\n{what}\n{key}", self.caller.scope)))
    }

    /// A new aggregate's id: the same whenever the same is intended.
    pub(crate) fn new_id(&self) -> Uuid {
        self.part("new").map_or_else(|| LeadId::generate().uuid(), CommandId::uuid)
    }

    /// The maker of one of several things that are asked for at once.
    pub(crate) fn nth(&self, index: impl Display) -> Self {
        let key = self.key.as_ref().map(|key| format!("{key}\n{index}"));
        Self { caller: self.caller.clone(), key }
    }
}

/// Somebody who changes something that is there.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    /// Who, and what they intend.
    pub(crate) maker: Maker,
    /// The version on which they decided, from `If-Match`.
    pub(crate) version: Option<u64>,
}

impl Writer {
    /// Without a version: it was looked at by somebody else.
    pub(crate) const fn unversioned(maker: Maker) -> Self {
        Self { maker, version: None }
    }
}

/// The version that an entity tag names; nothing for `*`, which any version matches.
fn expected(request: &Request) -> Result<Option<u64>, Problem> {
    let Some(tag) = text_of(request, &header::IF_MATCH)? else { return Ok(None) };
    if tag == "*" {
        return Ok(None);
    }
    let quoted = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted.and_then(|number| number.parse().ok()) {
        Some(version) => Ok(Some(version)),
        None => {
            let sentence = "this has to be an ETag of ours, such as \"7\", or *";
            Err(Problem::at("If-Match", sentence))
        }
    }
}

macro_rules! extracted {
    ($($name:ident, $placeholder:literal, |$request:ident| $read:expr;)+) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] =
                &[ApiExtractorType::SecurityScheme, ApiExtractorType::Parameter];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme("token", MetaSecurityScheme {
                    ty: "http",
                    description: Some(
                        "A personal API token, `ael_<workspace>_<id>_<secret>`, or a token of the \
                         configured OpenID Connect provider.",
                    ),
                    name: None,
                    key_in: None,
                    scheme: Some("bearer"),
                    bearer_format: None,
                    flows: None,
                    openid_connect_url: None,
                });
                registry.create_schema::<Self, _>($placeholder.to_owned(), |_| {
                    MetaSchema::new("string")
                });
            }

            fn security_schemes() -> Vec<&'static str> {
                vec!["token"]
            }

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::Header)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(MetaSchemaRef::Reference($placeholder.to_owned()))
            }

            async fn from_request(
                $request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                Ok($read)
            }
        }
    )+};
}

extracted! {
    Caller, "CallerHeaders", |request| Self::of(request)?;
    Reader, "ReaderHeaders", |request| {
        let caller = Caller::of(request)?;
        let after = text_of(request, &POSITION)?.filter(|text| !text.is_empty());
        let after = after.map(|text| text.parse()).transpose();
        let after = after.map_err(|_| {
            Problem::at("X-Ael-Position", "this is no position of ours: leave it away")
        })?;
        Self { caller, after }
    };
    Maker, "MakerHeaders", |request| Self::of(request)?;
    Writer, "WriterHeaders", |request| {
        Self { maker: Maker::of(request)?, version: expected(request)? }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder();
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.finish()
    }

    fn token() -> String {
        format!("ael_{}_{}_s3_cr-et", WorkspaceId::generate(), Uuid::now_v7())
    }

    #[test]
    fn a_token_says_for_which_workspace_it_is() {
        let token = token();
        let caller =
            Caller::of(&request(&[("authorization", &format!("bearer {token}"))])).unwrap();
        assert!(token.contains(&caller.workspace.to_string()));
        assert_eq!(caller.credential, Credential::Token { token });
    }

    #[test]
    fn what_is_no_token_is_refused_before_anybody_is_asked() {
        let none = ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer ael_x_y_z", "Bearer a.b.c"];
        for value in none {
            let refused = Caller::of(&request(&[("authorization", value)])).unwrap_err();
            assert_eq!(refused.status, 401, "{value}");
        }
        assert_eq!(Caller::of(&request(&[])).unwrap_err().status, 401);
    }

    #[test]
    fn the_same_key_of_the_same_caller_is_one_intention() {
        let authorization = format!("Bearer {}", token());
        let of = |key: &str| {
            let headers = [("authorization", authorization.as_str()), ("idempotency-key", key)];
            Maker::of(&request(&headers)).unwrap()
        };
        assert_eq!(of("a").command_id(), of("a").command_id());
        assert_eq!(of("a").new_id(), of("a").new_id());
        assert_ne!(of("a").command_id(), of("b").command_id());
        assert_ne!(of("a").command_id(), of("a").nth(0).command_id());
        let other = [("authorization", &*format!("Bearer {}", token())), ("idempotency-key", "a")];
        assert_ne!(Maker::of(&request(&other)).unwrap().command_id(), of("a").command_id());
        let unnamed = Maker::of(&request(&[("authorization", &authorization)])).unwrap();
        assert_ne!(unnamed.command_id(), unnamed.command_id());
    }

    #[test]
    fn an_entity_tag_is_a_version() {
        let of = |tag: &str| expected(&request(&[("if-match", tag)]));
        assert_eq!(of("\"7\""), Ok(Some(7)));
        assert_eq!(of("*"), Ok(None));
        for tag in ["7", "W/\"7\"", "\"x\"", ""] {
            assert_eq!(of(tag).unwrap_err().status, 422, "{tag}");
        }
    }
}
