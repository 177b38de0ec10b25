//! A stand-in for a provider: it speaks real HTTP, signs with keys made here, and can be away, slow
//! or somebody else.

use super::{OidcConfig, Signing};
use ael_service::Env;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// For whom tokens are made.
pub(crate) const AUDIENCE: &str = "ael";

/// How the provider behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    HangsUp,
    Fails,
    SaysNothing,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    name: String,
    keys: Vec<Value>,
    asked: Vec<String>,
}

/// The provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Provider {
    /// A provider with these keys.
    pub(crate) async fn start<'a>(keys: impl IntoIterator<Item = &'a TestKey>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            mood: Mood::Answers,
            name: url.clone(),
            keys: keys.into_iter().map(TestKey::published).collect(),
            asked: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.clone()));
            }
        });
        Self { url, state }
    }

    pub(crate) fn is_in(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub(crate) fn calls_itself(&self, name: &str) {
        name.clone_into(&mut self.state.lock().unwrap().name);
    }

    pub(crate) fn publishes(&self, keys: Vec<Value>) {
        self.state.lock().unwrap().keys = keys;
    }

    /// Which places it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Settings that trust it, with these besides.
    pub(crate) fn config(&self, more: &[(&str, &str)]) -> OidcConfig {
        let enough = [("OIDC_ISSUER", self.url.as_str()), ("OIDC_AUDIENCE", AUDIENCE)];
        OidcConfig::read(&Env::of(enough.iter().chain(more).copied())).unwrap().unwrap()
    }

    /// What its tokens say, with these claims besides; null takes one away.
    pub(crate) fn claims(&self, more: Value) -> Value {
        let now = chrono::Utc::now().timestamp();
        let mut claims = json!({ "iss": self.url, "aud": AUDIENCE, "sub": "auth0|7",
            "iat": now, "exp": now + 300 });
        let all = claims.as_object_mut().unwrap();
        for (name, value) in more.as_object().unwrap() {
            match value.is_null() {
                true => all.remove(name),
                false => all.insert(name.clone(), value.clone()),
            };
        }
        claims
    }
}

async fn answer(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_owned();
    let host = stream.local_addr().unwrap();
    let (mood, body) = {
        let mut state = state.lock().unwrap();
        state.asked.push(path.clone());
        let body = match path.as_str() {
            "/.well-known/openid-configuration" => {
                json!({ "issuer": state.name, "jwks_uri": format!("http://{host}/keys") })
            }
            _ => json!({ "keys": state.keys }),
        };
        (state.mood, body.to_string())
    };
    let status = match mood {
        Mood::Answers => "200 OK",
        Mood::Fails => "503 Service Unavailable",
        Mood::HangsUp => return,
        Mood::SaysNothing => return std::future::pending().await,
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may have gone.
    stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
}

enum Pair {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

/// A key of the provider's, with its private half.
pub(crate) struct TestKey {
    name: &'static str,
    pair: Pair,
}

impl TestKey {
    /// An RSA key, which ring cannot make: this one opens nothing but these tests.
    pub(crate) fn rsa(name: &'static str) -> Self {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("keys_of_tests/rsa.pk8.der")).unwrap();
        Self { name, pair: Pair::Rsa(pair) }
    }

    pub(crate) fn curve(name: &'static str) -> Self {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(way, made.as_ref(), &random).unwrap();
        Self { name, pair: Pair::Curve(pair) }
    }

    pub(crate) fn edwards(name: &'static str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { name, pair: Pair::Edwards(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap()) }
    }

    /// The public half as the provider publishes it.
    pub(crate) fn published(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "kty": "RSA", "n": text(&public.n), "e": text(&public.e) })
            }
            Pair::Curve(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Pair::Edwards(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()) })
            }
        };
        key["kid"] = self.name.into();
        key["use"] = "sig".into();
        key
    }

    /// What somebody who knows the public half might take for a secret.
    pub(crate) fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public().as_ref().to_vec(),
            Pair::Curve(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// A token with these claims.
    pub(crate) fn token(&self, signing: Signing, claims: &Value) -> String {
        let name = match signing {
            Signing::Rs256 => "RS256",
            Signing::Ps256 => "PS256",
            Signing::Es256 => "ES256",
            Signing::EdDsa => "EdDSA",
        };
        let header = json!({ "alg": name, "kid": self.name, "typ": "at+jwt" });
        self.token_with(signing, &header, claims)
    }

    /// A token with this header.
    pub(crate) fn token_with(&self, signing: Signing, header: &Value, claims: &Value) -> String {
        let message = unsigned(header, claims);
        let (bytes, random) = (message.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let way: &'static dyn ring::signature::RsaEncoding = match signing {
                    Signing::Ps256 => &RSA_PSS_SHA256,
                    Signing::Rs256 | Signing::Es256 | Signing::EdDsa => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(way, &random, bytes, &mut signature).unwrap();
                signature
            }
            Pair::Curve(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Pair::Edwards(pair) => pair.sign(bytes).as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The part of a token that is signed.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
