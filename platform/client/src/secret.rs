//! Secrets that are made at the edge, shown once and kept nowhere: the house is told their hash
//! alone.

use ael_events::command::hash_of_secret;
use ael_events::ids::{TokenId, WorkspaceId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes: nothing was made, try again")]
pub struct NoRandomness;

/// A fresh API token: its text for the one who asked, its hash for `token.create`.
#[derive(Debug)]
pub struct NewToken {
    /// The token's name.
    pub id: TokenId,
    /// `ael_<workspace>_<id>_<secret>`: shown once.
    pub text: SecretString,
    /// SHA-256 of the secret, hexadecimal: `CreateToken::secret_hash`.
    pub secret_hash: String,
}

impl NewToken {
    /// Makes a token with 256 random bits.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn mint(workspace: WorkspaceId) -> Result<Self, NoRandomness> {
        Self::mint_as(workspace, TokenId::generate())
    }

    /// Makes a token with 256 random bits and this name.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn mint_as(workspace: WorkspaceId, id: TokenId) -> Result<Self, NoRandomness> {
        Ok(Self::of(workspace, id, &random_text()?))
    }

    /// The token with this name and this secret, for one that is given from outside
    /// (`API_SECRET_TOKEN`).
    #[must_use]
    pub fn of(workspace: WorkspaceId, id: TokenId, secret: &str) -> Self {
        let text = SecretString::from(format!("ael_{workspace}_{id}_{secret}"));
        Self { id, text, secret_hash: hash_of_secret(secret) }
    }
}

/// A fresh invitation code: itself for the link, its hash for `invitation.create`.
#[derive(Debug)]
pub struct NewInvitationCode {
    /// The code in the link: shown once.
    pub code: SecretString,
    /// SHA-256 of the code, hexadecimal: `CreateInvitation::code_hash`.
    pub code_hash: String,
}

impl NewInvitationCode {
    /// Makes a code with 256 random bits.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn mint() -> Result<Self, NoRandomness> {
        let code = random_text()?;
        Ok(Self { code_hash: hash_of_secret(&code), code: SecretString::from(code) })
    }
}

fn random_text() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_token_is_named_after_its_workspace_and_hides_its_secret() {
        let workspace = WorkspaceId::generate();
        let token = NewToken::mint(workspace).unwrap();
        let text = token.text.expose_secret();
        let secret = text.strip_prefix(&format!("ael_{workspace}_{}_", token.id)).unwrap();
        assert_eq!(secret.len(), 43);
        assert_eq!(token.secret_hash, hash_of_secret(secret));
        assert!(!format!("{token:?}").contains(secret));
    }

    #[test]
    fn no_two_codes_are_equal_and_each_has_its_hash() {
        let (one, two) = (NewInvitationCode::mint().unwrap(), NewInvitationCode::mint().unwrap());
        assert_ne!(one.code.expose_secret(), two.code.expose_secret());
        assert_eq!(one.code_hash, hash_of_secret(one.code.expose_secret()));
    }
}
