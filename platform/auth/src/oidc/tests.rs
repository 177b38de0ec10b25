//! Every check of a sign-in token from both sides, by a provider that speaks real HTTP.

use super::keys::Pace;
use super::testing::{Mood, Provider, TestKey, unsigned};
use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ALL: [(&str, &str); 1] = [("OIDC_ALGORITHMS", "RS256,PS256,ES256,EdDSA")];

/// A pace at which tests need not wait long.
fn pace() -> Pace {
    Pace {
        patience: Duration::from_millis(500),
        first_pause: Duration::from_millis(1),
        ..Pace::default()
    }
}

struct World {
    provider: Provider,
    key: TestKey,
    oidc: Oidc,
}

impl World {
    async fn with(more: &[(&str, &str)], pace: Pace) -> Self {
        let key = TestKey::curve("one");
        let provider = Provider::start([&key]).await;
        let oidc = Oidc::with_pace(provider.config(&[&ALL, more].concat()), pace).unwrap();
        Self { provider, key, oidc }
    }

    async fn new() -> Self {
        Self::with(&[], pace()).await
    }

    fn token(&self, claims: Value) -> String {
        self.key.token(Signing::Es256, &self.provider.claims(claims))
    }

    async fn take(&self, token: &str) -> Result<SignedIn, NotTaken> {
        self.oidc.sign_in(WorkspaceId::generate(), token).await
    }

    async fn flaw(&self, token: &str) -> Flaw {
        match self.take(token).await {
            Err(NotTaken::Flawed(flaw)) => flaw,
            other => panic!("{other:?}"),
        }
    }
}

/// Waits for a condition, five seconds at most.
async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_token_is_taken_whichever_of_the_chosen_ways_it_is_signed() {
    let (rsa, curve, edwards) = (TestKey::rsa("r"), TestKey::curve("c"), TestKey::edwards("e"));
    let provider = Provider::start([&rsa, &curve, &edwards]).await;
    let claims = provider.claims(json!({ "email": "a@example.com", "email_verified": true }));
    let ways = [
        (&rsa, Signing::Rs256, "RS256"),
        (&rsa, Signing::Ps256, "PS256"),
        (&curve, Signing::Es256, "ES256"),
        (&edwards, Signing::EdDsa, "EdDSA"),
    ];
    for (key, signing, name) in ways {
        let token = key.token(signing, &claims);
        for (_, _, chosen) in ways {
            let config = provider.config(&[("OIDC_ALGORITHMS", chosen)]);
            let oidc = Oidc::with_pace(config, pace()).unwrap();
            let taken = oidc.sign_in(WorkspaceId::generate(), &token).await;
            if chosen == name {
                let signed_in = taken.unwrap();
                assert_eq!(signed_in.lookup, identity_lookup(&provider.url, "auth0|7"));
                let address = EmailClaim::Verified("a@example.com".parse().unwrap());
                assert_eq!(signed_in.email, address);
            } else {
                assert_eq!(taken, Err(NotTaken::Flawed(Flaw::Signing)), "{name} for {chosen}");
            }
        }
    }
}

#[tokio::test]
async fn what_another_made_or_for_another_is_not_taken() {
    let world = World::new().await;
    let slash = format!("{}/", world.provider.url);
    for (claims, expected) in [
        (json!({ "iss": "https://elsewhere.example.com" }), Flaw::Issuer),
        (json!({ "iss": slash }), Flaw::Issuer),
        (json!({ "iss": [world.provider.url] }), Flaw::Issuer),
        (json!({ "iss": null }), Flaw::Issuer),
        (json!({ "aud": "another" }), Flaw::Audience),
        (json!({ "aud": ["account", "another"], "azp": "ael" }), Flaw::Audience),
        (json!({ "aud": null }), Flaw::Audience),
        (json!({ "sub": null }), Flaw::Form),
        (json!({ "sub": 7 }), Flaw::Form),
        (json!({ "exp": null }), Flaw::Form),
        (json!({ "exp": "4102444800" }), Flaw::Form),
        (json!({ "nbf": "0" }), Flaw::Form),
    ] {
        assert_eq!(world.flaw(&world.token(claims.clone())).await, expected, "{claims}");
    }
    for taken in [json!({}), json!({ "aud": ["account", "ael"] })] {
        world.take(&world.token(taken)).await.unwrap();
    }
    world.take(&world.token(json!({ "aud": null, "client_id": "ael" }))).await.unwrap();
}

#[tokio::test]
async fn a_token_has_its_time_give_or_take_a_minute() {
    let world = World::new().await;
    let at = |seconds: i64| chrono::Utc::now().timestamp() + seconds;
    world.take(&world.token(json!({ "exp": at(-30), "nbf": at(30) }))).await.unwrap();
    assert_eq!(world.flaw(&world.token(json!({ "exp": at(-90) }))).await, Flaw::Expired);
    assert_eq!(world.flaw(&world.token(json!({ "nbf": at(90) }))).await, Flaw::NotYet);
}

#[tokio::test]
async fn a_signature_that_is_not_the_keys_is_not_taken() {
    let world = World::new().await;
    let stranger = TestKey::curve("one");
    let forged = stranger.token(Signing::Es256, &world.provider.claims(json!({})));
    assert_eq!(world.flaw(&forged).await, Flaw::Signature);
    let good = world.token(json!({ "roles": ["agent"] }));
    let other = world.token(json!({ "roles": ["admin"] }));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (good, other) = (parts(&good), parts(&other));
    let mixed = [&good[0], &other[1], &good[2]].map(String::as_str).join(".");
    assert_eq!(world.flaw(&mixed).await, Flaw::Signature);
    let without = format!("{}.{}.", good[0], good[1]);
    assert_eq!(world.flaw(&without).await, Flaw::Signature);
    let long = format!("{}.{}", "a".repeat(LONGEST), good[1]);
    for no_token in ["", "a.b", "a.b.c", "ael_x_y_z", &good[1], &long] {
        assert_eq!(world.flaw(no_token).await, Flaw::Form, "{no_token:.20}");
    }
}

#[tokio::test]
async fn nobody_signs_with_what_everybody_knows() {
    let rsa = TestKey::rsa("r");
    let provider = Provider::start([&rsa]).await;
    let oidc = Oidc::with_pace(provider.config(&ALL), pace()).unwrap();
    let claims = provider.claims(json!({}));
    let published = rsa.published().to_string().into_bytes();
    for secret in [rsa.public_bytes(), published, Vec::new()] {
        let message = unsigned(&json!({ "alg": "HS256", "kid": "r" }), &claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        let taken = oidc.sign_in(WorkspaceId::generate(), &format!("{message}.{signature}")).await;
        assert_eq!(taken, Err(NotTaken::Flawed(Flaw::Signing)));
    }
    for none in ["none", "None", ""] {
        let message = unsigned(&json!({ "alg": none, "kid": "r" }), &claims);
        let taken = oidc.sign_in(WorkspaceId::generate(), &format!("{message}.")).await;
        assert_eq!(taken, Err(NotTaken::Flawed(Flaw::Form)), "{none}");
    }
    assert!(provider.asked().is_empty(), "none of it is a reason to ask for keys");
}

#[tokio::test]
async fn a_key_is_good_for_what_it_is_published_for() {
    let rsa = TestKey::rsa("r");
    let provider = Provider::start([]).await;
    let taken = async |change: &dyn Fn(&mut Value), header: Value| {
        let mut published = rsa.published();
        change(&mut published);
        provider.publishes(vec![json!({ "kty": "future", "kid": "r" }), published]);
        let oidc = Oidc::with_pace(provider.config(&ALL), pace()).unwrap();
        let token = rsa.token_with(Signing::Ps256, &header, &provider.claims(json!({})));
        oidc.sign_in(WorkspaceId::generate(), &token).await.map(|_| ())
    };
    let header = || json!({ "alg": "PS256", "kid": "r" });
    assert_eq!(taken(&|_| {}, header()).await, Ok(()));
    assert_eq!(taken(&|key| key["alg"] = "PS256".into(), header()).await, Ok(()));
    let refused: [&dyn Fn(&mut Value); 5] = [
        &|key| key["alg"] = "RS256".into(),
        &|key| key["alg"] = "RSA-OAEP".into(),
        &|key| key["use"] = "enc".into(),
        &|key| key["key_ops"] = json!(["encrypt"]),
        &|key| key["kid"] = "another".into(),
    ];
    for change in refused {
        assert_eq!(taken(change, header()).await, Err(NotTaken::Flawed(Flaw::Key)));
    }
    let nameless = taken(&|_| {}, json!({ "alg": "PS256" })).await;
    assert_eq!(nameless, Err(NotTaken::Flawed(Flaw::Key)));
    let critical = json!({ "alg": "PS256", "kid": "r", "crit": ["b64"], "b64": false });
    assert_eq!(taken(&|_| {}, critical).await, Err(NotTaken::Flawed(Flaw::Form)));
}

#[tokio::test]
async fn a_new_key_is_asked_for_but_not_for_every_unknown_name() {
    let world = World::with(&[], Pace { pause: Duration::from_millis(300), ..pace() }).await;
    world.take(&world.token(json!({}))).await.unwrap();
    let two = TestKey::curve("two");
    let rotated = two.token(Signing::Es256, &world.provider.claims(json!({})));
    let unknown = TestKey::curve("three").token(Signing::Es256, &world.provider.claims(json!({})));
    for _ in 0..20 {
        assert_eq!(world.flaw(&unknown).await, Flaw::Key);
    }
    assert_eq!(world.provider.asked().len(), 2, "discovery and keys, once");
    world.provider.publishes(vec![two.published()]);
    wait_until("the new key is known", async || world.take(&rotated).await.is_ok()).await;
    assert_eq!(world.flaw(&world.token(json!({}))).await, Flaw::Key, "the old key is withdrawn");
}

#[tokio::test]
async fn keys_are_used_without_asking_again_while_they_are_fresh() {
    let world = World::new().await;
    for _ in 0..20 {
        world.take(&world.token(json!({}))).await.unwrap();
    }
    let asked = world.provider.asked();
    assert_eq!(asked, ["/.well-known/openid-configuration", "/keys"]);
    let url = format!("{}/elsewhere", world.provider.url);
    let told = Oidc::with_pace(
        world.provider.config(&[&ALL[..], &[("OIDC_JWKS_URL", &url)]].concat()),
        pace(),
    );
    let token = world.token(json!({}));
    told.unwrap().sign_in(WorkspaceId::generate(), &token).await.unwrap();
    assert_eq!(world.provider.asked()[2..], ["/elsewhere"], "told where, nothing is discovered");
}

#[tokio::test]
async fn a_provider_that_is_away_or_slow_or_another_costs_a_moment_and_is_asked_again() {
    let world = World::new().await;
    let token = world.token(json!({}));
    for mood in [Mood::HangsUp, Mood::Fails, Mood::SaysNothing] {
        world.provider.is_in(mood);
        let began = Instant::now();
        assert_eq!(world.take(&token).await, Err(NotTaken::IssuerAway), "{mood:?}");
        assert!(began.elapsed() < Duration::from_secs(2), "{mood:?}: {:?}", began.elapsed());
    }
    world.provider.is_in(Mood::Answers);
    world.provider.calls_itself("https://elsewhere.example.com");
    wait_until("its discovery is looked at", async || {
        assert_eq!(world.take(&token).await, Err(NotTaken::IssuerAway));
        world.provider.asked().len() > 4
    })
    .await;
    world.provider.calls_itself(&world.provider.url);
    wait_until("the token is taken", async || world.take(&token).await.is_ok()).await;
}

#[tokio::test]
async fn while_the_provider_is_away_its_keys_are_used_for_a_day_and_unknown_ones_wait() {
    let (now, day) = (Duration::ZERO, Duration::from_millis(800));
    let world = World::with(&[], Pace { fresh: now, pause: now, stale: day, ..pace() }).await;
    let token = world.token(json!({}));
    let unknown = TestKey::curve("two").token(Signing::Es256, &world.provider.claims(json!({})));
    world.take(&token).await.unwrap();
    world.provider.is_in(Mood::Fails);
    world.take(&token).await.unwrap();
    assert_eq!(world.take(&unknown).await, Err(NotTaken::IssuerAway), "it may be a new one");
    wait_until("the keys are too old", async || {
        world.take(&token).await == Err(NotTaken::IssuerAway)
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_in_the_workspace_that_it_names_else_in_the_default_one() {
    let (here, there) = (WorkspaceId::generate(), WorkspaceId::generate());
    let default = here.to_string();
    let settings = [("OIDC_WORKSPACE", default.as_str()), ("OIDC_WORKSPACE_CLAIM", "org.id")];
    let world = World::with(&settings, pace()).await;
    let taken = async |workspace, claims| {
        world.oidc.sign_in(workspace, &world.token(claims)).await.map(|_| ())
    };
    let elsewhere = Err(NotTaken::Flawed(Flaw::Workspace));
    assert_eq!(taken(here, json!({})).await, Ok(()));
    assert_eq!(taken(there, json!({})).await, elsewhere);
    assert_eq!(taken(there, json!({ "org": { "id": there } })).await, Ok(()));
    assert_eq!(taken(here, json!({ "org": { "id": there } })).await, elsewhere);
    assert_eq!(taken(there, json!({ "org": { "id": [here, there] } })).await, Ok(()));
    assert_eq!(taken(here, json!({ "org": { "id": "ael" } })).await, elsewhere);
}
