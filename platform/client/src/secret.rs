//! Secrets that are made at the edge, shown once and kept nowhere: the house is told their hash
//! alone.

use ael_events::command::hash_of_secret;
use ael_events::ids::{CommandId, InvitationId, TokenId, WorkspaceId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

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

    /// The token with this name and this secret.
    fn of(workspace: WorkspaceId, id: TokenId, secret: &str) -> Self {
        let text = SecretString::from(format!("ael_{workspace}_{id}_{secret}"));
        Self { id, text, secret_hash: hash_of_secret(secret) }
    }
}

/// What the operator chose as the first Admin's token (`API_SECRET_TOKEN`): any text of 32
/// characters or more without white space.
#[derive(Debug, Clone)]
pub struct FirstSecret(SecretString);

/// The text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it should have 32 to 512 printable characters without white space: openssl rand -hex 32")]
pub struct BadFirstSecret;

impl FirstSecret {
    /// Checks the text.
    ///
    /// # Errors
    /// When it is too short to be a secret, or could not stand in a header.
    pub fn parse(text: &str) -> Result<Self, BadFirstSecret> {
        let fits = text.chars().all(|c| c.is_ascii_graphic());
        match fits && (32..=512).contains(&text.len()) {
            true => Ok(Self(SecretString::from(text))),
            false => Err(BadFirstSecret),
        }
    }

    /// The token that it stands for in a workspace: always the same one, so that it is made once
    /// and another secret is another token.
    #[must_use]
    pub fn token(&self, workspace: WorkspaceId) -> NewToken {
        let secret = self.0.expose_secret();
        let from = format!("{workspace}\u{1f}{}", hash_of_secret(secret));
        let id = TokenId::from_uuid(CommandId::derived("first-token", &from).uuid());
        NewToken::of(workspace, id, secret)
    }
}

/// A fresh invitation code: itself for the link, its hash for `invitation.create`. It says which
/// invitation it opens, in as much as a Telegram deep link carries (64 characters).
#[derive(Debug)]
pub struct NewInvitationCode {
    /// The code in the link: shown once.
    pub code: SecretString,
    /// SHA-256 of the code, hexadecimal: `CreateInvitation::code_hash`.
    pub code_hash: String,
}

impl NewInvitationCode {
    /// Makes a code with 128 random bits for an invitation of a workspace.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn mint(workspace: WorkspaceId, invitation: InvitationId) -> Result<Self, NoRandomness> {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(workspace.uuid().as_bytes());
        bytes[16..32].copy_from_slice(invitation.uuid().as_bytes());
        getrandom::fill(&mut bytes[32..]).map_err(|_| NoRandomness)?;
        let code = URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self { code_hash: hash_of_secret(&code), code: SecretString::from(code) })
    }
}

/// Which invitation a code says that it opens; nothing, when it can be no code. Whether it does
/// open it, `invitation.accept` decides.
#[must_use]
pub fn invitation_of(code: &str) -> Option<(WorkspaceId, InvitationId)> {
    let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(code).ok()?.try_into().ok()?;
    let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
    Some((WorkspaceId::from_uuid(id(0)?), InvitationId::from_uuid(id(16)?)))
}

fn random_text() -> Result<String, NoRandomness> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn the_first_admins_secret_is_long_and_stands_for_one_token() {
        let secret = "0123456789abcdef0123456789abcde_";
        let (workspace, other) = (WorkspaceId::generate(), WorkspaceId::generate());
        let first = FirstSecret::parse(secret).unwrap();
        let token = first.token(workspace);
        assert_eq!(token.secret_hash, hash_of_secret(secret));
        assert_eq!(token.id, FirstSecret::parse(secret).unwrap().token(workspace).id);
        assert_ne!(token.id, first.token(other).id);
        let changed = secret.replace('_', "f");
        assert_ne!(token.id, FirstSecret::parse(&changed).unwrap().token(workspace).id);
        assert!(!format!("{first:?}").contains(secret));
        let long = "x".repeat(513);
        for bad in ["", &secret[1..], &secret.replace('_', " f"), &secret.replace('_', "ї"), &long]
        {
            assert_eq!(FirstSecret::parse(bad).unwrap_err(), BadFirstSecret, "{bad}");
        }
    }

    #[test]
    fn no_two_codes_are_equal_and_each_has_its_hash() {
        let (workspace, invitation) = (WorkspaceId::generate(), InvitationId::generate());
        let mint = || NewInvitationCode::mint(workspace, invitation).unwrap();
        let (one, two) = (mint(), mint());
        assert_ne!(one.code.expose_secret(), two.code.expose_secret());
        assert_eq!(one.code_hash, hash_of_secret(one.code.expose_secret()));
    }

    #[test]
    fn a_code_fits_a_deep_link_and_says_which_invitation_it_opens() {
        let (workspace, invitation) = (WorkspaceId::generate(), InvitationId::generate());
        let minted = NewInvitationCode::mint(workspace, invitation).unwrap();
        let code = minted.code.expose_secret();
        assert_eq!(code.len(), 64);
        assert!(code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        assert_eq!(invitation_of(code), Some((workspace, invitation)));
        for no_code in ["", "open sesame", &code[1..], &format!("{code}AAAA"), &"=".repeat(64)] {
            assert_eq!(invitation_of(no_code), None, "{no_code}");
        }
    }
}
