//! Why somebody is not let in, in words that help the honest and tell nothing to others.

use crate::oidc::{Flaw, NotTaken};
use ael_events::answer::{Failed, Rejected};
use ael_store::StoreError;

/// A credential did not become a principal.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// This kind of credential is not good on the edge by which it came.
    #[error("this credential is not good here: use an API token, the bot or the command line")]
    NotOnThisEdge,
    /// The token is unknown, wrong, expired, revoked or another workspace's: never said which.
    #[error("the token is not valid in this workspace: make a new one, or check that it is whole")]
    BadToken,
    /// There is no provider whose sign-in tokens are taken.
    #[error("sign-in by OpenID Connect is not set up here: use an API token")]
    NoProvider,
    /// The sign-in token is not good here.
    #[error("this sign-in token is not valid here: {0}; sign in again")]
    BadSignIn(Flaw),
    /// The sign-in token is good, but its bearer's e-mail address is all that could tell who they
    /// are, and nobody vouches for it.
    #[error(
        "your e-mail address is not verified where you sign in: verify it there, or ask an admin \
         of the workspace to link your sign-in"
    )]
    EmailNotVerified,
    /// The sign-in token is good, but it leads to no member, or to more than one: never said which.
    #[error(
        "your sign-in leads to no active member of this workspace: ask an admin of the workspace \
         to link it"
    )]
    UnknownIdentity,
    /// The provider's keys cannot be had now.
    #[error("the sign-in provider does not answer: nothing was done, ask again in a moment")]
    IssuerAway,
    /// No member of the workspace has this Telegram account.
    #[error(
        "this Telegram account belongs to no member of the workspace: open your invitation link"
    )]
    UnknownAccount,
    /// There is no such member in the workspace.
    #[error("there is no such member in this workspace")]
    UnknownMember,
    /// The member may do nothing any more.
    #[error("this member was deactivated: ask an admin of the workspace")]
    Deactivated,
    /// A service acts on behalf of somebody who may not ask for that (any more).
    #[error("an import needs an active admin of the workspace on whose behalf it runs")]
    NotAnAdmin,
    /// The directory cannot be read now.
    #[error("who asks could not be looked up now: nothing was done, ask again in a moment")]
    Unavailable(#[source] StoreError),
}

impl Denied {
    /// The answer: a refusal, or a failure when asking again may help.
    ///
    /// # Errors
    /// The failure.
    pub fn into_refusal(self) -> Result<Rejected, Failed> {
        let code = match &self {
            Self::NotOnThisEdge => "credential_not_allowed_here",
            Self::BadToken | Self::NoProvider | Self::BadSignIn(_) => "bad_token",
            Self::EmailNotVerified => "email_not_verified",
            Self::UnknownIdentity => "identity_not_linked",
            Self::UnknownAccount => "telegram_not_linked",
            Self::UnknownMember => "unknown_member",
            Self::Deactivated => "member_deactivated",
            Self::NotAnAdmin => "not_an_admin",
            Self::Unavailable(_) => {
                return Err(Failed { sentence: self.to_string(), retry_after_ms: 500 });
            }
            Self::IssuerAway => {
                return Err(Failed { sentence: self.to_string(), retry_after_ms: 2_000 });
            }
        };
        Ok(Rejected::new(code, self.to_string()))
    }
}

impl From<NotTaken> for Denied {
    fn from(not_taken: NotTaken) -> Self {
        match not_taken {
            NotTaken::Flawed(flaw) => Self::BadSignIn(flaw),
            NotTaken::IssuerAway => Self::IssuerAway,
        }
    }
}
