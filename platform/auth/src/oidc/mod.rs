//! Sign-in by OpenID Connect: a token of the one provider that the installation trusts, checked
//! here from its signature to its audience. It proves who somebody is and narrows what they may;
//! the role that decides is the member's own.

mod claims;
mod config;
mod issuer;
mod keys;
mod signature;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use claims::EmailClaim;
pub use config::OidcConfig;
pub use issuer::FetchError;
pub use signature::Signing;

use ael_events::command::hash_of_secret;
use ael_events::ids::WorkspaceId;
use ael_events::values::Scope;
use claims::Claims;
use issuer::Issuer;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use keys::{Keys, NoKey, Pace};
use std::collections::BTreeSet;

/// Longer tokens are not looked at.
const LONGEST: usize = 16 * 1024;
/// How far the provider's clock and ours may be apart, in seconds.
const LEEWAY: u64 = 60;

/// What is wrong with a sign-in token, in words that whoever holds it may hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It cannot be read.
    #[error("it is not a signed JSON Web Token with `iss`, `sub` and `exp`")]
    Form,
    /// It is signed in a way that is not taken.
    #[error("it is signed in a way that is not taken here")]
    Signing,
    /// It is signed with a key that its provider does not publish for that.
    #[error("it is signed with a key that its provider does not publish for that")]
    Key,
    /// Its signature is not its key's.
    #[error("its signature is not right")]
    Signature,
    /// Another provider made it.
    #[error("another provider made it")]
    Issuer,
    /// It was made for another application.
    #[error("it was made for another application")]
    Audience,
    /// It is over.
    #[error("it has expired")]
    Expired,
    /// It has not begun.
    #[error("it is not valid yet")]
    NotYet,
    /// It was made for another workspace.
    #[error("it was made for another workspace")]
    Workspace,
}

/// Why a sign-in token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It will never be.
    Flawed(Flaw),
    /// The provider could not be asked.
    IssuerAway,
}

impl From<Flaw> for NotTaken {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}

/// What a token that was checked says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// Under what their identity stands among the credentials.
    pub(crate) lookup: String,
    /// Their e-mail address.
    pub(crate) email: EmailClaim,
    /// What the token is good for.
    pub(crate) scopes: BTreeSet<Scope>,
}

/// Under which name an identity stands among the credentials.
#[must_use]
pub fn identity_lookup(issuer: &str, subject: &str) -> String {
    hash_of_secret(&format!("{issuer}\n{subject}"))
}

/// The provider that is trusted, and how its tokens are read.
#[derive(Debug)]
pub struct Oidc {
    config: OidcConfig,
    keys: Keys,
}

impl Oidc {
    /// Nothing is asked of the provider yet: it may be away when we start.
    ///
    /// # Errors
    /// When this machine cannot speak HTTPS: its certificates cannot be read.
    pub fn new(config: OidcConfig) -> Result<Self, FetchError> {
        Self::with_pace(config, Pace::default())
    }

    fn with_pace(config: OidcConfig, pace: Pace) -> Result<Self, FetchError> {
        signature::choose();
        let issuer = Issuer::new(&config, pace.patience)?;
        Ok(Self { config, keys: Keys::new(issuer, pace) })
    }

    /// Checks a token that asks about a workspace.
    pub(crate) async fn sign_in(
        &self,
        workspace: WorkspaceId,
        token: &str,
    ) -> Result<SignedIn, NotTaken> {
        if token.len() > LONGEST {
            return Err(Flaw::Form.into());
        }
        let header = decode_header(token).map_err(|_| Flaw::Form)?;
        let signing = Signing::of(header.alg);
        let signing = signing.filter(|signing| self.config.algorithms.contains(signing));
        let signing = signing.ok_or(Flaw::Signing)?;
        // We understand no extension, so none can be critical.
        if header.crit.is_some() {
            return Err(Flaw::Form.into());
        }
        let name = header.kid.ok_or(Flaw::Key)?;
        // What another provider made is no reason to ask ours for its keys.
        let unchecked: Claims = insecure_decode_claims(token).map_err(|_| Flaw::Form)?;
        self.is_ours(&unchecked)?;
        let key = self.keys.find(&name, signing).await.map_err(|missing| match missing {
            NoKey::Unknown | NoKey::Unfit => NotTaken::Flawed(Flaw::Key),
            NoKey::Away => NotTaken::IssuerAway,
        })?;
        let claims = decode::<Claims>(token, &key, &self.validation(signing))
            .map_err(|error| flaw_of(error.kind()))?
            .claims;
        self.is_ours(&claims)?;
        self.is_about(&claims, workspace)?;
        let subject = claims.text("sub").ok_or(Flaw::Form)?;
        Ok(SignedIn {
            lookup: identity_lookup(self.config.issuer.as_str(), subject),
            email: claims.email(),
            scopes: claims.scopes(&self.config),
        })
    }

    fn validation(&self, signing: Signing) -> Validation {
        let mut validation = Validation::new(signing.algorithm());
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.set_issuer(&[self.config.issuer.as_str()]);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        // By `is_ours`, which knows tokens without `aud`.
        validation.validate_aud = false;
        validation
    }

    fn is_ours(&self, claims: &Claims) -> Result<(), Flaw> {
        if claims.text("iss") != Some(self.config.issuer.as_str()) {
            return Err(Flaw::Issuer);
        }
        if !claims.is_for(&self.config.audience) {
            return Err(Flaw::Audience);
        }
        Ok(())
    }

    /// A token that names workspaces is good in those, another one in the default workspace; where
    /// there is none, wherever its bearer is a member.
    fn is_about(&self, claims: &Claims, workspace: WorkspaceId) -> Result<(), Flaw> {
        let is_it = match (claims.workspaces(&self.config), self.config.workspace) {
            (Some(named), _) => named.iter().any(|named| named.parse() == Ok(workspace)),
            (None, Some(default)) => default == workspace,
            (None, None) => true,
        };
        if is_it { Ok(()) } else { Err(Flaw::Workspace) }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum: it grows with its crate")]
fn flaw_of(error: &ErrorKind) -> Flaw {
    match error {
        ErrorKind::InvalidSignature => Flaw::Signature,
        ErrorKind::ExpiredSignature => Flaw::Expired,
        ErrorKind::ImmatureSignature => Flaw::NotYet,
        ErrorKind::InvalidIssuer => Flaw::Issuer,
        ErrorKind::InvalidAlgorithm => Flaw::Signing,
        _ => Flaw::Form,
    }
}
