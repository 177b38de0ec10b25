//! The one form in which the house keeps a secret that belongs to somebody else: its hash.

use sha2::{Digest as _, Sha256};

/// The hash of a token's secret or of an invitation's code: SHA-256, 64 lower-case hexadecimal
/// digits, as in [`super::CreateToken::secret_hash`] and [`super::CreateInvitation::code_hash`].
///
/// A plain hash is enough for what it is used for: secrets of 256 random bits, which nobody
/// guesses. A password would need more.
#[must_use]
pub fn hash_of_secret(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_hash_that_everybody_computes() {
        // printf 'abc' | sha256sum
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_of_secret("abc"), known);
    }
}
