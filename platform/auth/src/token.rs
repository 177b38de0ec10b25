//! An API token as its owner carries it: `ael_<workspace>_<id>_<secret>`.

use ael_events::command::hash_of_secret;
use ael_events::ids::{TokenId, WorkspaceId};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// A token taken apart. Hides its secret, of which it keeps the hash alone.
pub(crate) struct Presented {
    pub(crate) workspace: WorkspaceId,
    pub(crate) id: TokenId,
    hash: String,
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Presented {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(4, '_');
        if parts.next() != Some("ael") {
            return None;
        }
        let workspace = parts.next()?.parse().ok()?;
        let id = parts.next()?.parse().ok()?;
        let secret = parts.next().filter(|secret| !secret.is_empty())?;
        Some(Self { workspace, id, hash: hash_of_secret(secret) })
    }

    /// Whether this is the secret whose hash is kept; takes as long whatever the answer.
    pub(crate) fn has_hash(&self, kept: &str) -> bool {
        self.hash.as_bytes().ct_eq(kept.to_ascii_lowercase().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_apart_and_its_secret_compared_by_hash() {
        let (workspace, id) = (WorkspaceId::generate(), TokenId::generate());
        let token = Presented::parse(&format!("ael_{workspace}_{id}_se_cr-et")).unwrap();
        assert_eq!((token.workspace, token.id), (workspace, id));
        // printf 'se_cr-et' | sha256sum
        let kept = "68a5088338c4cacc6ade571a5c23aa658cb5530204a8b173dd17c071d122c7ee";
        assert!(token.has_hash(kept));
        assert!(token.has_hash(&kept.to_uppercase()));
        assert!(!token.has_hash(&kept.replace("68a5", "68a6")));
        assert!(!token.has_hash(""));
        assert!(!format!("{token:?}").contains(&token.hash));
    }

    #[test]
    fn what_is_no_token_is_none() {
        let (workspace, id) = (WorkspaceId::generate(), TokenId::generate());
        let broken = [
            String::new(),
            "ael".to_owned(),
            format!("ael_{workspace}_{id}_"),
            format!("ael_{workspace}_{id}"),
            format!("xyz_{workspace}_{id}_secret"),
            format!("ael_{workspace}_x_secret"),
        ];
        for text in broken {
            assert!(Presented::parse(&text).is_none(), "{text}");
        }
    }
}
