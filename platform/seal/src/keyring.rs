//! The master keys: the first wraps every new data key, the others still unwrap what they wrapped.

use crate::cipher::{open_bytes, seal_bytes};
use crate::{DataKey, KeyIdentity, SealError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The name of a master key: the first eight bytes of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Reads the id as the store keeps it.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A data key as it lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// The master key that wrapped it.
    pub kek: KeyId,
    /// Version, nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// A key with its name.
#[derive(Clone)]
pub(crate) struct NamedKey {
    pub(crate) id: KeyId,
    pub(crate) key: DataKey,
}

struct Loaded {
    keys: Vec<NamedKey>,
    modified: Option<SystemTime>,
}

/// All master keys that are known, the current one first.
pub struct MasterKeyring {
    loaded: RwLock<Loaded>,
    file: Option<PathBuf>,
}

impl MasterKeyring {
    /// Reads `AEL_MASTER_KEY`: base64 of 32 bytes; several separated by commas, the current one
    /// first.
    ///
    /// # Errors
    /// [`SealError::MasterKey`] when it is something else.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let keys = parse(text)?;
        Ok(Self { loaded: RwLock::new(Loaded { keys, modified: None }), file: None })
    }

    /// Reads the same from a file, again whenever the file has changed: a rotation reaches running
    /// processes.
    ///
    /// # Errors
    /// [`SealError::KeyFile`] or [`SealError::MasterKey`].
    pub fn from_file(path: &Path) -> Result<Self, SealError> {
        let loaded = RwLock::new(read(path)?);
        Ok(Self { loaded, file: Some(path.to_owned()) })
    }

    /// A fresh master key in the form that [`Self::parse`] reads.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`] when the operating system has none to give.
    pub fn generate_text() -> Result<String, SealError> {
        Ok(STANDARD.encode(DataKey::generate()?.bytes()))
    }

    /// The id of the key that wraps new data keys.
    ///
    /// # Errors
    /// [`SealError`] when the file has changed and no longer reads.
    pub fn current(&self) -> Result<KeyId, SealError> {
        self.reload_if_changed()?;
        self.first().map(|key| key.id)
    }

    /// Wraps a data key with the current master key.
    ///
    /// # Errors
    /// [`SealError`] when there is no nonce to be had, or the file no longer reads.
    pub fn wrap(&self, identity: &KeyIdentity, key: &DataKey) -> Result<WrappedKey, SealError> {
        self.reload_if_changed()?;
        let master = self.first()?;
        let associated = identity.associated_data();
        let bytes = seal_bytes(&master.key, associated.as_bytes(), key.bytes())?;
        Ok(WrappedKey { kek: master.id, bytes })
    }

    /// Unwraps a data key with whichever master key wrapped it.
    ///
    /// # Errors
    /// [`SealError::UnknownMasterKey`] when that one is not here, [`SealError::KeyChanged`] when
    /// the wrapped key was changed or is another person's.
    pub fn unwrap(
        &self,
        identity: &KeyIdentity,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, SealError> {
        let master = match self.find(wrapped.kek) {
            Some(master) => master,
            None => {
                self.reload_if_changed()?;
                let unknown = SealError::UnknownMasterKey { id: wrapped.kek };
                self.find(wrapped.kek).ok_or(unknown)?
            }
        };
        let associated = identity.associated_data();
        let plain = open_bytes(&master.key, associated.as_bytes(), &wrapped.bytes)
            .map_err(|_| SealError::KeyChanged)?;
        let plain = Zeroizing::new(plain);
        DataKey::from_slice(&plain).ok_or(SealError::KeyChanged)
    }

    fn first(&self) -> Result<NamedKey, SealError> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.keys.first().cloned().ok_or(SealError::MasterKey)
    }

    fn find(&self, id: KeyId) -> Option<NamedKey> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.keys.iter().find(|key| key.id == id).cloned()
    }

    fn reload_if_changed(&self) -> Result<(), SealError> {
        let Some(path) = &self.file else { return Ok(()) };
        let known = self.loaded.read().unwrap_or_else(PoisonError::into_inner).modified;
        // While the file is being replaced it may be missing for a moment: what we know still
        // holds.
        let modified = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        if modified.is_some() && modified != known {
            let fresh = read(path)?;
            *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

impl fmt::Debug for MasterKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(loaded.keys.iter().map(|key| key.id)).finish()
    }
}

fn read(path: &Path) -> Result<Loaded, SealError> {
    let failed = |source| SealError::KeyFile { path: path.to_owned(), source };
    let modified = std::fs::metadata(path).and_then(|meta| meta.modified()).map_err(failed)?;
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
    Ok(Loaded { keys: parse(&text)?, modified: Some(modified) })
}

fn parse(text: &str) -> Result<Vec<NamedKey>, SealError> {
    named_keys(text).ok_or(SealError::MasterKey)
}

/// Reads base64 of 32 bytes, several separated by commas; none at all is not enough.
pub(crate) fn named_keys(text: &str) -> Option<Vec<NamedKey>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let keys = parts.map(|part| {
        let bytes = Zeroizing::new(STANDARD.decode(part).ok()?);
        let key = DataKey::from_slice(&bytes)?;
        let digest: [u8; 32] = Sha256::digest(key.bytes()).into();
        let id = KeyId::from_slice(&digest[..8])?;
        Some(NamedKey { id, key })
    });
    keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;
    use uuid::Uuid;

    fn identity(subject: u128) -> KeyIdentity {
        let subject = Uuid::from_u128(subject);
        KeyIdentity { workspace: Uuid::from_u128(1), subject, purpose: Purpose::Data }
    }

    #[test]
    fn a_wrapped_key_unwraps_for_its_owner_alone() {
        let ring = MasterKeyring::parse(&MasterKeyring::generate_text().unwrap()).unwrap();
        let key = DataKey::generate().unwrap();
        let wrapped = ring.wrap(&identity(1), &key).unwrap();
        assert_eq!(ring.unwrap(&identity(1), &wrapped).unwrap().bytes(), key.bytes());
        assert!(matches!(ring.unwrap(&identity(2), &wrapped), Err(SealError::KeyChanged)));
        let hmac = KeyIdentity { purpose: Purpose::Hmac, ..identity(1) };
        assert!(matches!(ring.unwrap(&hmac, &wrapped), Err(SealError::KeyChanged)));
    }

    #[test]
    fn after_a_rotation_old_keys_unwrap_and_new_ones_use_the_new_master() {
        let old = MasterKeyring::generate_text().unwrap();
        let new = MasterKeyring::generate_text().unwrap();
        let before = MasterKeyring::parse(&old).unwrap();
        let key = DataKey::generate().unwrap();
        let wrapped = before.wrap(&identity(1), &key).unwrap();

        let both = MasterKeyring::parse(&format!("{new}, {old}")).unwrap();
        assert_eq!(both.unwrap(&identity(1), &wrapped).unwrap().bytes(), key.bytes());
        let rewrapped = both.wrap(&identity(1), &key).unwrap();
        assert_ne!(rewrapped.kek, wrapped.kek);

        let after = MasterKeyring::parse(&new).unwrap();
        assert_eq!(after.unwrap(&identity(1), &rewrapped).unwrap().bytes(), key.bytes());
        let lost = after.unwrap(&identity(1), &wrapped);
        assert!(matches!(lost, Err(SealError::UnknownMasterKey { id }) if id == wrapped.kek));
    }

    #[test]
    fn a_rotated_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let old = MasterKeyring::generate_text().unwrap();
        std::fs::write(&path, &old).unwrap();
        let running = MasterKeyring::from_file(&path).unwrap();
        let before = running.current().unwrap();

        let new = MasterKeyring::generate_text().unwrap();
        std::fs::write(&path, format!("{new},{old}\n")).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        std::fs::File::options().append(true).open(&path).unwrap().set_modified(later).unwrap();
        assert_ne!(running.current().unwrap(), before);

        std::fs::remove_file(&path).unwrap();
        assert_ne!(running.current().unwrap(), before);
    }

    #[test]
    fn a_malformed_master_key_is_refused_and_not_repeated() {
        for bad in ["", " , ", "c2hvcnQ=", "not base64!"] {
            let refusal = MasterKeyring::parse(bad).unwrap_err();
            assert!(matches!(refusal, SealError::MasterKey), "{bad}");
            assert!(refusal.to_string().contains("base64 of 32 bytes"));
        }
        let text = MasterKeyring::generate_text().unwrap();
        let shown = format!("{:?}", MasterKeyring::parse(&text).unwrap());
        assert!(!shown.contains(&text));
    }
}
