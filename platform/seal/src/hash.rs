//! Keyed hashes of a workspace: find the same contact again, and know a command's body again,
//! without keeping either.

use crate::DataKey;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A way to reach a person by which duplicates are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContactKind {
    /// E-mail.
    Email,
    /// Phone.
    Phone,
    /// Telegram user name.
    Telegram,
}

/// A word was not a kind of contact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of contact: expected email, phone or telegram")]
pub struct UnknownContactKind;

impl ContactKind {
    /// Its name in the store and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Telegram => "telegram",
        }
    }
}

impl fmt::Display for ContactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ContactKind {
    type Err = UnknownContactKind;
    fn from_str(text: &str) -> Result<Self, UnknownContactKind> {
        [Self::Email, Self::Phone, Self::Telegram]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownContactKind)
    }
}

/// The hash keys of one workspace, derived from its own data key.
#[derive(Clone)]
pub struct WorkspaceHmac {
    contact: Zeroizing<[u8; 32]>,
    fingerprint: Zeroizing<[u8; 32]>,
}

impl WorkspaceHmac {
    /// Derives both keys, one for each use, so that a hash of one use says nothing in the other.
    #[must_use]
    pub fn new(key: &DataKey) -> Self {
        Self { contact: derive(key, b"ael contact"), fingerprint: derive(key, b"ael fingerprint") }
    }

    /// The hash by which a contact is found again. The value must be normalised: E.164, lower case.
    #[must_use]
    pub fn contact(&self, kind: ContactKind, normalised: &str) -> [u8; 32] {
        hash(&self.contact, &[kind.as_str().as_bytes(), b"\x1f", normalised.as_bytes()])
    }

    /// The hash by which a command's body is known again.
    #[must_use]
    pub fn fingerprint(&self, body: &[u8]) -> [u8; 32] {
        hash(&self.fingerprint, &[body])
    }
}

impl fmt::Debug for WorkspaceHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkspaceHmac(***)")
    }
}

/// Whether two hashes are equal, in a time that does not depend on where they differ.
#[must_use]
pub fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}

fn derive(key: &DataKey, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    // 32 bytes are one block of SHA-256: HKDF refuses only more than 255 of them.
    let expanded = Hkdf::<Sha256>::new(None, key.bytes()).expand(info, derived.as_mut_slice());
    debug_assert!(expanded.is_ok());
    derived
}

fn hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key that is shorter than its block of 64 bytes with zeros; so do we, and nothing
    // can fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_found_again_in_its_workspace_and_in_no_other() {
        let here = WorkspaceHmac::new(&DataKey::generate().unwrap());
        let there = WorkspaceHmac::new(&DataKey::generate().unwrap());
        let hash = here.contact(ContactKind::Email, "olena@example.com");
        assert!(same(&hash, &here.contact(ContactKind::Email, "olena@example.com")));
        assert!(!same(&hash, &there.contact(ContactKind::Email, "olena@example.com")));
        assert!(!same(&hash, &here.contact(ContactKind::Telegram, "olena@example.com")));
        assert!(!same(&hash, &here.fingerprint(b"email\x1folena@example.com")));
    }

    #[test]
    fn the_words_of_contacts_are_read_back() {
        for kind in [ContactKind::Email, ContactKind::Phone, ContactKind::Telegram] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("fax".parse::<ContactKind>(), Err(UnknownContactKind));
    }
}
