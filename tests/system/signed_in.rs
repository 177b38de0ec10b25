//! People of a provider's sign in by its tokens, over HTTP and on every copy.

use crate::house::House;
use crate::web::Web;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

/// A provider that answers where its keys are, and which.
struct Provider {
    url: String,
    pair: Ed25519KeyPair,
}

fn pair() -> Ed25519KeyPair {
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap()
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (url, pair) = (format!("http://{}", listener.local_addr().unwrap()), pair());
        let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let public = BASE64.encode(pair.public_key().as_ref());
        let key =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": public, "kid": "one", "use": "sig" });
        let keys = json!({ "keys": [key] }).to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).unwrap_or(0);
                let asks_keys = asked[..length].starts_with(b"GET /keys");
                let body = if asks_keys { &keys } else { &discovery };
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let length = body.len();
                // Whoever asked may have gone.
                let _ = write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}");
            }
        });
        Self { url, pair }
    }

    fn environment(&self) -> [(&str, &str); 4] {
        [
            ("OIDC_ISSUER", &self.url),
            ("OIDC_AUDIENCE", "ael"),
            ("OIDC_ALGORITHMS", "EdDSA"),
            ("OIDC_WORKSPACE_CLAIM", "workspace"),
        ]
    }

    /// A token for somebody of the workspace, with these claims besides.
    fn token(&self, workspace: &str, more: Value) -> String {
        signed(&self.pair, &self.claims(workspace, more))
    }

    fn claims(&self, workspace: &str, more: Value) -> Value {
        let now = chrono::Utc::now().timestamp();
        let mut claims = json!({ "iss": self.url, "aud": "ael", "sub": "provider|7", "iat": now,
            "exp": now + 300, "workspace": workspace, "email": "ada@example.com",
            "email_verified": true, "scope": "leads:read leads:write" });
        let Value::Object(more) = more else { return claims };
        claims.as_object_mut().unwrap().extend(more);
        claims
    }
}

fn signed(pair: &Ed25519KeyPair, claims: &Value) -> String {
    let head = json!({ "alg": "EdDSA", "kid": "one", "typ": "at+jwt" });
    let part = |value: &Value| BASE64.encode(value.to_string());
    let message = format!("{}.{}", part(&head), part(claims));
    let signature = BASE64.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn people_of_a_provider_sign_in_by_verified_email_on_every_copy_and_forgeries_do_not() {
    let provider = Provider::start();
    let house = House::start_with(&["--copies", "2"], &provider.environment());
    let workspaces = house.json(&["workspace", "list"]);
    let workspace = crate::house::first_of(&workspaces)["id"].as_str().unwrap().to_owned();
    house.said_by(&["member", "add", "Ada", "--role", "agent", "--email", "ada@example.com"]);
    let ada = provider.token(&workspace, Value::Null);
    let (one, two) = (Web::of(&house, 1, &ada), Web::of(&house, 2, &ada));
    let me = house.until("the member is known", || {
        let me = one.get("/me");
        (me.status == 200).then(|| me.json())
    });
    assert_eq!((&me["name"], &me["role"]), (&json!("Ada"), &json!("agent")));
    assert_eq!(two.get("/me").json()["id"], me["id"]);
    let contact = json!({ "contact": { "full_name": "Olena" }, "owner": me["id"] });
    let made = one.post("/leads", &contact);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(two.get("/sales").code(), "scope_missing");

    let past = chrono::Utc::now().timestamp() - 3_600;
    for (what, more) in [
        ("for somebody else", json!({ "aud": "another" })),
        ("by somebody else", json!({ "iss": "https://login.example.com" })),
        ("over", json!({ "iat": past - 300, "exp": past })),
    ] {
        let refused = one.with(&provider.token(&workspace, more)).get("/me");
        assert_eq!((refused.status, refused.code().as_str()), (401, "bad_token"), "{what}");
    }
    let forged = signed(&pair(), &provider.claims(&workspace, Value::Null));
    assert_eq!(one.with(&forged).get("/me").status, 401);
    let unverified = provider.token(&workspace, json!({ "email_verified": false }));
    assert_eq!(one.with(&unverified).get("/me").code(), "email_not_verified");
    let stranger = provider.token(&workspace, json!({ "sub": "x", "email": "eve@example.com" }));
    assert_eq!(one.with(&stranger).get("/me").code(), "identity_not_linked");

    house.said_by(&["member", "deactivate", "Ada"]);
    for copy in [&one, &two] {
        let refused = house.until("who left is out", || {
            let answer = copy.get("/me");
            (answer.status != 200).then_some(answer)
        });
        assert_eq!((refused.status, refused.code().as_str()), (403, "identity_not_linked"));
    }
}
