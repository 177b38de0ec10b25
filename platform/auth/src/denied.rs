//! Why somebody is not let in, in words that help the honest and tell nothing to others.

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
            Self::BadToken => "bad_token",
            Self::UnknownAccount => "telegram_not_linked",
            Self::UnknownMember => "unknown_member",
            Self::Deactivated => "member_deactivated",
            Self::NotAnAdmin => "not_an_admin",
            Self::Unavailable(_) => {
                return Err(Failed { sentence: self.to_string(), retry_after_ms: 500 });
            }
        };
        Ok(Rejected::new(code, self.to_string()))
    }
}
