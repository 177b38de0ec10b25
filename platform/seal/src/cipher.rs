//! The one cipher of the house: a version byte, a random nonce, then ciphertext and tag.

use crate::{DataKey, SealError};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Seals bytes so that they open only together with the same associated data.
///
/// # Errors
/// [`SealError::NoRandomness`] when there is no nonce to be had.
pub fn seal_bytes(key: &DataKey, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
    let payload = Payload { msg: plain, aad: associated };
    let ciphertext =
        cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Malformed)?;
    let mut sealed = Vec::with_capacity(1 + NONCE + ciphertext.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

/// Opens what [`seal_bytes`] sealed.
///
/// # Errors
/// [`SealError::Malformed`] when it can't be a sealed part, [`SealError::Changed`] when it was
/// changed, or sealed with another key or other associated data.
pub fn open_bytes(key: &DataKey, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (&version, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
    if version != VERSION || rest.len() < NONCE + TAG {
        return Err(SealError::Malformed);
    }
    let (nonce, ciphertext) = rest.split_at(NONCE);
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| SealError::Malformed)?;
    let payload = Payload { msg: ciphertext, aad: associated };
    cipher(key).decrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Changed)
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_and_looks_different_each_time() {
        let key = DataKey::generate().unwrap();
        let one = seal_bytes(&key, b"about", b"secret").unwrap();
        let two = seal_bytes(&key, b"about", b"secret").unwrap();
        assert_ne!(one, two);
        assert_eq!(open_bytes(&key, b"about", &one).unwrap(), b"secret");
        assert_eq!(open_bytes(&key, b"about", &two).unwrap(), b"secret");
    }

    #[test]
    fn no_byte_of_it_can_be_changed() {
        let key = DataKey::generate().unwrap();
        let sealed = seal_bytes(&key, b"about", b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open_bytes(&key, b"about", &changed).is_err(), "byte {at}");
        }
        for short in 0..sealed.len() {
            assert!(open_bytes(&key, b"about", &sealed[..short]).is_err(), "{short} bytes");
        }
        assert!(matches!(open_bytes(&key, b"else", &sealed), Err(SealError::Changed)));
        let other = DataKey::generate().unwrap();
        assert!(matches!(open_bytes(&other, b"about", &sealed), Err(SealError::Changed)));
    }
}
