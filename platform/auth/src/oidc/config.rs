//! Which provider is trusted, for what, and where in its tokens things stand.

use super::signature::Signing;
use ael_events::ids::WorkspaceId;
use ael_events::values::IdentityIssuer;
use ael_service::{ConfigError, Env};
use reqwest::Url;

const ISSUER: &str = "OIDC_ISSUER";
const AUDIENCE: &str = "OIDC_AUDIENCE";
const ALGORITHMS: &str = "OIDC_ALGORITHMS";
const JWKS_URL: &str = "OIDC_JWKS_URL";
const WORKSPACE: &str = "OIDC_WORKSPACE";

/// The settings of sign-in by OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// The provider, exactly as its tokens have it in `iss`, from `OIDC_ISSUER`.
    pub issuer: IdentityIssuer,
    /// For whom tokens have to be made, from `OIDC_AUDIENCE`.
    pub audience: String,
    /// How they may be signed, from `OIDC_ALGORITHMS` (RS256).
    pub algorithms: Vec<Signing>,
    /// Where the provider's keys are, from `OIDC_JWKS_URL`; else where its discovery says.
    pub jwks_url: Option<Url>,
    /// The workspace of tokens that name none, from `OIDC_WORKSPACE`; any in which there is such a
    /// member, when not said.
    pub workspace: Option<WorkspaceId>,
    /// The claim with the workspace's id, from `OIDC_WORKSPACE_CLAIM`.
    pub workspace_claim: Option<String>,
    /// The claim with the scopes, from `OIDC_SCOPE_CLAIM` (`scope`, else `scp`).
    pub scope_claim: Option<String>,
    /// What stands before each of our scopes there, from `OIDC_SCOPE_PREFIX`.
    pub scope_prefix: String,
    /// The claim with the roles, from `OIDC_ROLES_CLAIM` (`roles`).
    pub roles_claim: String,
}

impl OidcConfig {
    /// Reads the settings; nothing, when there is no provider.
    ///
    /// # Errors
    /// Names the variable that is missing or malformed.
    pub fn read(env: &Env) -> Result<Option<Self>, ConfigError> {
        const EXPECTS: &str = "the provider's address, exactly as its tokens have it in `iss`; \
                               https, or http on this machine";
        let text = |name: &str| env.get(name).map(|text| text.trim().to_owned());
        let Some(issuer) = text(ISSUER) else {
            return match text(AUDIENCE) {
                Some(_) => Err(ConfigError::missing(ISSUER, EXPECTS)),
                None => Ok(None),
            };
        };
        let malformed = |_| ConfigError::malformed(ISSUER, EXPECTS);
        let issuer = IdentityIssuer::parse(&issuer).map_err(malformed)?;
        address(ISSUER, issuer.as_str(), EXPECTS)?;
        let jwks = text(JWKS_URL);
        let where_keys_are = "the address of the provider's keys; https, or http on this machine";
        let jwks = jwks.map(|url| address(JWKS_URL, &url, where_keys_are)).transpose()?;
        Ok(Some(Self {
            issuer,
            audience: env.required(AUDIENCE, "for whom tokens are made: their `aud`")?,
            algorithms: algorithms(text(ALGORITHMS).as_deref().unwrap_or("RS256"))?,
            jwks_url: jwks,
            workspace: env.optional(WORKSPACE, "a workspace's id: see `ael workspace list`")?,
            workspace_claim: text("OIDC_WORKSPACE_CLAIM"),
            scope_claim: text("OIDC_SCOPE_CLAIM"),
            scope_prefix: text("OIDC_SCOPE_PREFIX").unwrap_or_default(),
            roles_claim: text("OIDC_ROLES_CLAIM").unwrap_or_else(|| "roles".to_owned()),
        }))
    }
}

fn algorithms(text: &str) -> Result<Vec<Signing>, ConfigError> {
    let expects = "RS256, PS256, ES256 or EdDSA, several separated by commas";
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    let all: Option<Vec<Signing>> = names.map(Signing::parse).collect();
    all.filter(|all| !all.is_empty()).ok_or_else(|| ConfigError::malformed(ALGORITHMS, expects))
}

fn address(name: &str, text: &str, expects: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).ok().filter(is_trusted);
    url.ok_or_else(|| ConfigError::malformed(name, expects))
}

/// Nobody between us and the provider can read or change what it says.
pub(super) fn is_trusted(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_this_machine(url),
        _ => false,
    }
}

pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().map(|host| host.trim_matches(['[', ']']));
    host.is_some_and(|host| {
        let address = host.parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: [(&str, &str); 2] =
        [("OIDC_ISSUER", "https://login.example.com/"), ("OIDC_AUDIENCE", "ael")];

    fn with(more: &[(&'static str, &'static str)]) -> Result<OidcConfig, String> {
        let env = Env::of(ENOUGH.iter().chain(more).copied());
        OidcConfig::read(&env).map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[test]
    fn without_an_issuer_there_is_no_sign_in_and_half_a_setting_is_refused() {
        assert_eq!(OidcConfig::read(&Env::default()), Ok(None));
        for (only, missing) in [(0, "OIDC_AUDIENCE"), (1, "OIDC_ISSUER")] {
            let error = OidcConfig::read(&Env::of([ENOUGH[only]])).unwrap_err();
            assert!(error.to_string().starts_with(missing), "{error}");
        }
    }

    #[test]
    fn what_is_not_said_has_a_safe_default() {
        let config = with(&[]).unwrap();
        assert_eq!(config.issuer.as_str(), "https://login.example.com/", "the slash counts");
        assert_eq!(config.algorithms, [Signing::Rs256]);
        assert_eq!((config.roles_claim.as_str(), config.scope_prefix.as_str()), ("roles", ""));
        assert!(config.jwks_url.is_none() && config.workspace.is_none());
    }

    #[test]
    fn only_signatures_with_a_public_key_are_taken() {
        let several = with(&[("OIDC_ALGORITHMS", "ES256, EdDSA,PS256")]).unwrap().algorithms;
        assert_eq!(several, [Signing::Es256, Signing::EdDsa, Signing::Ps256]);
        for never in ["none", "HS256", "RS256,HS256", "rs256", ","] {
            let error = with(&[("OIDC_ALGORITHMS", never)]).unwrap_err();
            assert!(error.starts_with("OIDC_ALGORITHMS"), "{never}: {error}");
        }
    }

    #[test]
    fn plain_http_goes_no_further_than_this_machine() {
        for issuer in ["http://localhost:8080/realms/a", "http://127.0.0.1:9", "http://[::1]:9"] {
            assert!(with(&[("OIDC_ISSUER", issuer)]).is_ok(), "{issuer}");
        }
        for issuer in ["http://login.example.com", "http://127.0.0.1.example.com", "login", "ftp:x"]
        {
            let error = with(&[("OIDC_ISSUER", issuer)]).unwrap_err();
            assert!(error.starts_with("OIDC_ISSUER"), "{issuer}: {error}");
        }
        let error = with(&[("OIDC_JWKS_URL", "http://login.example.com/keys")]).unwrap_err();
        assert!(error.starts_with("OIDC_JWKS_URL"), "{error}");
        assert!(with(&[("OIDC_WORKSPACE", "ael")]).unwrap_err().starts_with("OIDC_WORKSPACE"));
    }
}
