//! Which signatures are taken, and their arithmetic: by ring, which TLS uses already.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, new_error};
use jsonwebtoken::signature::{Error as BadSignature, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};

/// A way of signing with a private key that is checked with a public one. There are no others: one
/// that is checked with a secret would let whoever knows the public key sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Signing {
    /// By its name in tokens.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().and_then(Self::of)
    }

    pub(super) fn of(algorithm: Algorithm) -> Option<Self> {
        let all = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];
        all.into_iter().find(|signing| signing.algorithm() == algorithm)
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// The provider of arithmetic for this process. It signs nothing.
pub(super) static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| match Signing::of(*algorithm) {
        Some(signing) => Ok(Box::new(PublicKey { signing, key: key.clone() })),
        None => Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct PublicKey {
    signing: Signing,
    key: DecodingKey,
}

impl JwtVerifier for PublicKey {
    fn algorithm(&self) -> Algorithm {
        self.signing.algorithm()
    }
}

impl Verifier<Vec<u8>> for PublicKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), BadSignature> {
        let rsa = |parameters: &'static RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            DecodingKeyKind::SecretOrDer(_) => Err(ring::error::Unspecified),
        };
        let curve = |algorithm: &'static dyn signature::VerificationAlgorithm| {
            let key = self.key.try_get_as_bytes().map_err(|_| ring::error::Unspecified)?;
            UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        let verified = match self.signing {
            Signing::Rs256 => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            Signing::Ps256 => rsa(&signature::RSA_PSS_2048_8192_SHA256),
            Signing::Es256 => curve(&signature::ECDSA_P256_SHA256_FIXED),
            Signing::EdDsa => curve(&signature::ED25519),
        };
        verified.map_err(|_| BadSignature::new())
    }
}

/// Chooses ring for this process; whoever comes second finds it chosen.
pub(super) fn choose() {
    PROVIDER.install_default().ok();
}
