//! The key of one person (or of one workspace, for a purpose): made once, wrapped always, destroyed
//! to erase.

use crate::SealError;
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Seals the personal data of its subject.
    Data,
    /// Hashes contacts and command bodies of its workspace.
    Hmac,
}

impl Purpose {
    /// Its name in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Hmac => "hmac",
        }
    }
}

/// Whose key it is and what for: authenticated when it is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyIdentity {
    /// The tenant.
    pub workspace: Uuid,
    /// The data subject: a lead, or whatever else the key is for.
    pub subject: Uuid,
    /// What for.
    pub purpose: Purpose,
}

impl KeyIdentity {
    pub(crate) fn associated_data(&self) -> String {
        format!("key|{}|{}|{}", self.workspace, self.subject, self.purpose.as_str())
    }
}

/// 32 secret bytes, wiped when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A fresh key.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`] when the operating system has none to give.
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(***)")
    }
}
