//! What stands after `Bearer` in a request: a credential to forward, and the workspace that it is
//! for. Nothing of it is believed here; `commands` and `queries` check it.

use ael_events::command::{Credential, hash_of_secret};
use ael_events::ids::WorkspaceId;
use ael_service::{ConfigError, Env};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// The variable by which an edge learns what `API_SECRET_TOKEN` stands for: the whole token, as
/// [`crate::FirstSecret::token`] makes it. `ael up` tells it to the API alone.
pub const FIRST_TOKEN: &str = "AEL_API_FIRST_TOKEN";

/// A credential that came over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// What to forward.
    pub credential: Credential,
    /// The workspace that it is for, if it says so or there is a default one.
    pub workspace: Option<WorkspaceId>,
    /// Whose it claims to be, for telling the idempotency keys and the limits of one caller from
    /// those of another: the token's id, or a hash of issuer and subject.
    pub whose: String,
}

/// How an installation's bearers are understood.
#[derive(Debug, Clone, Default)]
pub struct Bearers {
    first: Option<SecretString>,
    has_provider: bool,
    workspace: Option<WorkspaceId>,
    workspace_claim: Option<String>,
}

impl Bearers {
    /// Reads `AEL_API_FIRST_TOKEN`, `OIDC_ISSUER`, `OIDC_WORKSPACE` and `OIDC_WORKSPACE_CLAIM`.
    ///
    /// # Errors
    /// Names the variable that is malformed.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let first = env.optional_secret(FIRST_TOKEN);
        if first.as_ref().is_some_and(|first| parts_of(first.expose_secret()).is_none()) {
            let expects = "a whole token: ael_<workspace>_<id>_<secret>";
            return Err(ConfigError::malformed(FIRST_TOKEN, expects));
        }
        Ok(Self {
            first,
            has_provider: env.get("OIDC_ISSUER").is_some(),
            workspace: env.optional("OIDC_WORKSPACE", "a workspace's id")?,
            workspace_claim: env.get("OIDC_WORKSPACE_CLAIM").map(str::to_owned),
        })
    }

    /// What this text is; nothing, when it can be no credential of anybody.
    #[must_use]
    pub fn understand(&self, text: &str) -> Option<Bearer> {
        let first = self.first.as_ref().map(|first| first.expose_secret());
        let whole = first.filter(|first| {
            // By their hashes: the time that it takes tells nothing.
            let secret = parts_of(first).map(|(_, _, secret)| hash_of_secret(secret));
            secret == Some(hash_of_secret(text))
        });
        let text = whole.unwrap_or(text);
        if let Some((workspace, id, _)) = parts_of(text) {
            let credential = Credential::Token { token: text.to_owned() };
            return Some(Bearer { credential, workspace: Some(workspace), whose: id.to_owned() });
        }
        self.sign_in(text).filter(|_| self.has_provider)
    }

    fn sign_in(&self, text: &str) -> Option<Bearer> {
        let mut parts = text.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let word = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let whose = hash_of_secret(&format!("{}\n{}", word("iss"), word("sub")));
        let named = self.workspace_claim.as_deref().and_then(|name| claim(&claims, name));
        let named = named.and_then(|named| named.as_str().or_else(|| named.get(0)?.as_str()));
        // One that is named and none of ours is refused by whoever checks it, not replaced.
        let workspace = match named {
            Some(named) => named.parse().ok(),
            None => self.workspace,
        };
        Some(Bearer { credential: Credential::Oidc { token: text.to_owned() }, workspace, whose })
    }
}

/// Workspace, id and secret of `ael_<workspace>_<id>_<secret>`.
fn parts_of(token: &str) -> Option<(WorkspaceId, &str, &str)> {
    let mut parts = token.strip_prefix("ael_")?.splitn(3, '_');
    let workspace = parts.next()?.parse().ok()?;
    let id = parts.next().filter(|id| id.parse::<WorkspaceId>().is_ok())?;
    let secret = parts.next().filter(|secret| !secret.is_empty())?;
    Some((workspace, id, secret))
}

/// A claim by its name, else by its place, as whoever checks the token finds it.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    let by_place = || name.split('.').try_fold(claims, |place, part| place.get(part));
    claims.get(name).or_else(by_place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FirstSecret, NewToken};
    use serde_json::json;

    fn bearers(pairs: &[(&str, &str)]) -> Bearers {
        Bearers::read(&Env::of(pairs.iter().copied())).unwrap()
    }

    fn jwt(claims: &Value) -> String {
        format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_token_says_its_workspace_and_is_forwarded_whole() {
        let workspace = WorkspaceId::generate();
        let token = NewToken::mint(workspace).unwrap();
        let text = token.text.expose_secret();
        let bearer = Bearers::default().understand(text).unwrap();
        assert_eq!((bearer.workspace, bearer.whose), (Some(workspace), token.id.to_string()));
        assert_eq!(bearer.credential, Credential::Token { token: text.to_owned() });
        for none in ["", "ael_", "ael_x_y_z", &text[4..], &format!("ael_{workspace}_{workspace}_")]
        {
            assert_eq!(Bearers::default().understand(none), None, "{none}");
        }
    }

    #[test]
    fn the_first_admins_secret_stands_for_its_token() {
        let workspace = WorkspaceId::generate();
        let secret = "under_scores-and.dots+0123456789";
        let token = FirstSecret::parse(secret).unwrap().token(workspace);
        let whole = token.text.expose_secret();
        let known = bearers(&[(FIRST_TOKEN, whole)]);
        for text in [secret, whole] {
            let bearer = known.understand(text).unwrap();
            assert_eq!(bearer.credential, Credential::Token { token: whole.to_owned() });
            assert_eq!(bearer.workspace, Some(workspace));
        }
        assert_eq!(known.understand(&secret[1..]), None);
        assert_eq!(Bearers::default().understand(secret), None);
        let broken = Bearers::read(&Env::of([(FIRST_TOKEN, secret)])).unwrap_err().to_string();
        assert!(broken.starts_with(FIRST_TOKEN) && !broken.contains(secret), "{broken}");
    }

    #[test]
    fn a_sign_in_is_for_the_workspace_that_it_names_else_for_the_default_one() {
        let (default, named) = (WorkspaceId::generate(), WorkspaceId::generate());
        let text = default.to_string();
        let settings = [
            ("OIDC_ISSUER", "https://a"),
            ("OIDC_WORKSPACE", &text),
            ("OIDC_WORKSPACE_CLAIM", "o.w"),
        ];
        let workspace = |claims: Value| {
            let token = jwt(&claims);
            let bearer = bearers(&settings).understand(&token).unwrap();
            assert_eq!(bearer.credential, Credential::Oidc { token });
            bearer.workspace
        };
        assert_eq!(workspace(json!({ "sub": "7" })), Some(default));
        assert_eq!(workspace(json!({ "o": { "w": named } })), Some(named));
        assert_eq!(workspace(json!({ "o": { "w": [named, default] } })), Some(named));
        assert_eq!(workspace(json!({ "o": { "w": "elsewhere" } })), None);
        let no_default = bearers(&settings[..1]).understand(&jwt(&json!({}))).unwrap();
        assert_eq!(no_default.workspace, None);
        for none in ["a.b", "a.b.c", "a.b.c.d", "..", &jwt(&json!({}))[1..20]] {
            assert_eq!(bearers(&settings).understand(none), None, "{none}");
        }
        assert_eq!(
            Bearers::default().understand(&jwt(&json!({}))),
            None,
            "no provider, no sign-in"
        );
    }

    #[test]
    fn callers_are_told_apart_by_who_they_claim_to_be() {
        let known = bearers(&[("OIDC_ISSUER", "https://a")]);
        let whose = |claims: Value| known.understand(&jwt(&claims)).unwrap().whose;
        let one = whose(json!({ "iss": "https://a", "sub": "7", "exp": 1 }));
        assert_eq!(one, whose(json!({ "iss": "https://a", "sub": "7", "exp": 2 })));
        assert_ne!(one, whose(json!({ "iss": "https://a", "sub": "8", "exp": 1 })));
    }
}
