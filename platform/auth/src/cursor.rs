//! Where a page begins: a place in a sorted list, signed so that it comes back unchanged, and bound
//! to the question and the asker for whom it was made.
//!
//! The key is derived from the password of the service's own database role: every copy of the
//! service has it, it survives restarts, nobody else knows it, and nothing more has to be kept.

use ael_events::answer::Rejected;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

const TAG_BYTES: usize = 16;

/// Signs and checks cursors.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(***)")
    }
}

#[derive(Serialize, Deserialize)]
struct Signed<P> {
    /// What question it belongs to, as a digest.
    of: String,
    /// The place.
    at: P,
}

impl CursorKey {
    /// The key that belongs to a secret.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        let mut key = [0; 32];
        // HKDF refuses only keys longer than 8160 bytes.
        let expanded = Hkdf::<Sha256>::new(None, secret).expand(b"ael-queries/cursor/1", &mut key);
        debug_assert!(expanded.is_ok());
        Self(key)
    }

    /// The key of the role whose password stands in a database's address; without a password, of
    /// the whole address.
    #[must_use]
    pub fn of_database(url: &str) -> Self {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = authority.split(['/', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let password = user.and_then(|user| user.split_once(':')).map(|(_, password)| password);
        Self::derive(password.filter(|password| !password.is_empty()).unwrap_or(url).as_bytes())
    }

    fn tag(&self, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(body);
        Some(mac)
    }

    /// The cursor of a place in the answer to this question; none when it cannot be written.
    #[must_use]
    pub fn seal<Q: Serialize, P: Serialize>(&self, question: &Q, place: &P) -> Option<String> {
        let signed = Signed { of: digest(question)?, at: place };
        let body = serde_json::to_vec(&signed).ok()?;
        let mut bytes = self.tag(&body)?.finalize().into_bytes()[..TAG_BYTES].to_vec();
        bytes.extend_from_slice(&body);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The place that a cursor names, if it was made for this question.
    ///
    /// # Errors
    /// When it was changed, is none, or was made for another question or asker.
    pub fn open<Q: Serialize, P: DeserializeOwned>(
        &self,
        question: &Q,
        cursor: &str,
    ) -> Result<P, Rejected> {
        let signed: Signed<P> = self.checked(cursor).ok_or_else(|| {
            let sentence = "this is no cursor of ours: use next_cursor of the page before, \
                            unchanged, or begin again without one";
            Rejected::new("invalid_cursor", sentence)
        })?;
        if digest(question).is_none_or(|of| of != signed.of) {
            let sentence = "this cursor belongs to another filter, order or asker: \
                            begin again without one";
            return Err(Rejected::new("cursor_mismatch", sentence));
        }
        Ok(signed.at)
    }

    fn checked<P: DeserializeOwned>(&self, cursor: &str) -> Option<P> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, body) = bytes.split_at_checked(TAG_BYTES)?;
        self.tag(body)?.verify_truncated_left(tag).ok()?;
        serde_json::from_slice(body).ok()
    }
}

fn digest<Q: Serialize>(question: &Q) -> Option<String> {
    let text = serde_json::to_vec(question).ok()?;
    Some(URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CursorKey {
        CursorKey::derive(b"a password")
    }

    #[test]
    fn a_cursor_comes_back_to_its_place() {
        let cursor = key().seal(&("stage", "new"), &(17_i64, "id")).unwrap();
        let place: (i64, String) = key().open(&("stage", "new"), &cursor).unwrap();
        assert_eq!(place, (17, "id".to_owned()));
    }

    #[test]
    fn a_changed_cursor_is_refused_wherever_it_was_changed() {
        let cursor = key().seal(&"question", &17).unwrap();
        for at in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let opened = key().open::<_, i64>(&"question", &changed);
            // The last character may hold bits that say nothing; then it is the same cursor.
            assert!(opened.is_err() || at == cursor.len() - 1, "changed at {at}");
        }
        for none in ["", "x", "AAAA", "💥", &cursor[1..], &"A".repeat(10_000)] {
            let refusal = key().open::<_, i64>(&"question", none).unwrap_err();
            assert_eq!(refusal.code, "invalid_cursor");
        }
    }

    #[test]
    fn every_copy_of_the_service_has_the_same_key_and_nobody_else() {
        let of = |url: &str| CursorKey::of_database(url).0;
        let one = of("postgres://ael_queries:s3cret@10.0.0.1:5432/ael?sslmode=require");
        assert_eq!(one, of("postgres://ael_queries:s3cret@db/other"));
        assert_ne!(one, of("postgres://ael_queries:another@10.0.0.1:5432/ael"));
        assert_ne!(of("postgres://a@h/x"), of("postgres://b@h/x"));
    }

    #[test]
    fn a_cursor_of_another_question_or_another_house_is_refused() {
        let cursor = key().seal(&"question", &17).unwrap();
        let refusal = key().open::<_, i64>(&"other", &cursor).unwrap_err();
        assert_eq!(refusal.code, "cursor_mismatch");
        let elsewhere = CursorKey::derive(b"another password");
        assert!(elsewhere.open::<_, i64>(&"question", &cursor).is_err());
    }
}
