//! The seal of what lies on the bus outside the event log: updates, dialogues, what is to be sent.
//!
//! In front of what the cipher makes stands the id of the key, so that a new key can be put before
//! the old one and what was sealed before still opens.

use crate::cipher::{open_bytes, seal_bytes};
use crate::keyring::{NamedKey, named_keys};
use crate::{KeyId, SealError};
use std::fmt;
use std::sync::Arc;

const ID: usize = 8;

/// The keys of the bus, the current one first. Cloning is cheap.
#[derive(Clone)]
pub struct BusSeal(Arc<[NamedKey]>);

impl BusSeal {
    /// Reads `AEL_BUS_KEY`: base64 of 32 bytes; several separated by commas, the current one first.
    ///
    /// # Errors
    /// [`SealError::BusKey`] when it is something else.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        named_keys(text).map(|keys| Self(keys.into())).ok_or(SealError::BusKey)
    }

    /// Seals bytes so that they open only at the same place: a subject, or a bucket's key.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`] when there is no nonce to be had.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let first = self.0.first().ok_or(SealError::BusKey)?;
        let sealed = seal_bytes(&first.key, place.as_bytes(), plain)?;
        Ok([&first.id.0[..], &sealed].concat())
    }

    /// Opens what was sealed for this place, by whichever key of ours.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when it can't be sealed, [`SealError::UnknownBusKey`] when its key
    /// is not here, [`SealError::Changed`] when it was changed or is another place's.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, sealed) = sealed.split_at_checked(ID).ok_or(SealError::Malformed)?;
        let id = KeyId::from_slice(id).ok_or(SealError::Malformed)?;
        let known = self.0.iter().find(|named| named.id == id);
        let named = known.ok_or(SealError::UnknownBusKey { id })?;
        open_bytes(&named.key, place.as_bytes(), sealed)
    }
}

impl fmt::Debug for BusSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|named| named.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKeyring;

    fn key() -> String {
        MasterKeyring::generate_text().unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_own_place_alone() {
        let seal = BusSeal::parse(&key()).unwrap();
        let sealed = seal.seal("ael.tg.update.03", b"Olena, +380671234567").unwrap();
        assert!(!String::from_utf8_lossy(&sealed).contains("Olena"));
        assert_eq!(seal.open("ael.tg.update.03", &sealed).unwrap(), b"Olena, +380671234567");
        assert!(matches!(seal.open("ael.tg.update.04", &sealed), Err(SealError::Changed)));
        assert!(matches!(seal.open("ael.tg.update.03", &sealed[..7]), Err(SealError::Malformed)));
    }

    #[test]
    fn a_new_key_in_front_seals_and_the_old_one_still_opens() {
        let (old, new) = (key(), key());
        let before = BusSeal::parse(&old).unwrap();
        let sealed = before.seal("a", b"secret").unwrap();
        let both = BusSeal::parse(&format!("{new}, {old}")).unwrap();
        assert_eq!(both.open("a", &sealed).unwrap(), b"secret");
        let again = both.seal("a", b"secret").unwrap();
        let after = BusSeal::parse(&new).unwrap();
        assert_eq!(after.open("a", &again).unwrap(), b"secret");
        assert!(matches!(after.open("a", &sealed), Err(SealError::UnknownBusKey { .. })));
    }

    #[test]
    fn a_malformed_key_is_refused_and_no_key_is_shown() {
        for bad in ["", " , ", "c2hvcnQ=", "not base64!"] {
            assert!(matches!(BusSeal::parse(bad), Err(SealError::BusKey)), "{bad}");
        }
        let text = key();
        assert!(!format!("{:?}", BusSeal::parse(&text).unwrap()).contains(&text));
    }
}
