//! The secret that the operator chose opens the first workspace as its first Admin, over restarts,
//! until another one is chosen.

use crate::house::{House, items};
use ael_client::{Client, ClientError, FirstSecret};
use ael_events::command::Credential;
use ael_events::ids::WorkspaceId;
use ael_events::query::{MemberView, Query, QueryRequest, TokenPage};
use ael_events::subjects::Edge;
use ael_events::values::Role;
use secrecy::ExposeSecret as _;

const FIRST: &str = "0123456789abcdef0123456789abcdef";
const SECOND: &str = "under_scores-and.other~signs+0123456789=";

fn choose(house: &House, secret: &str) {
    let settings = house.home().parent().unwrap().join(".env");
    std::fs::write(settings, format!("API_SECRET_TOKEN={secret}\n")).unwrap();
}

/// Who the API would be told that this secret is.
async fn whose(house: &House, secret: &str) -> Result<MemberView, String> {
    let (workspace, _) = house.first_workspace();
    ask(house, workspace, secret, Query::Me {}).await
}

async fn ask<T: serde::de::DeserializeOwned>(
    house: &House,
    workspace: WorkspaceId,
    secret: &str,
    query: Query,
) -> Result<T, String> {
    let text = FirstSecret::parse(secret).unwrap().token(workspace).text;
    let credential = Credential::Token { token: text.expose_secret().to_owned() };
    let api = Client::new(house.bus("api").await, Edge::Api);
    match api.query(workspace, &QueryRequest { credential, after: None, query }).await {
        Ok(value) => Ok(value),
        Err(ClientError::Rejected(rejected)) => Err(rejected.code),
        Err(error @ (ClientError::Failed(_) | ClientError::Unavailable(_))) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_secret_is_the_first_admins_token_until_another_is_chosen() {
    let mut house = House::start(&[]);
    let (workspace, admin) = house.first_workspace();
    assert_eq!(whose(&house, FIRST).await.unwrap_err(), "bad_token", "nobody chose it yet");
    for _ in 0..2 {
        house.stop();
        choose(&house, FIRST);
        house.start_again(&[]);
        let me = whose(&house, FIRST).await.unwrap();
        assert_eq!((me.id, me.role), (admin, Role::Admin));
    }
    let page: TokenPage =
        ask(&house, workspace, FIRST, Query::ListTokens(Default::default())).await.unwrap();
    assert_eq!(page.items.len(), 1, "made once");
    house.stop();
    choose(&house, SECOND);
    house.start_again(&[]);
    assert_eq!(whose(&house, SECOND).await.unwrap().id, admin);
    assert_eq!(whose(&house, FIRST).await.unwrap_err(), "bad_token");
    // It was used before the stop, and a stop loses nothing.
    let listed = house.json(&["token", "list"]);
    let used = items(&listed).iter().filter(|token| !token["last_used_at"].is_null()).count();
    assert!(used >= 1, "{listed}");
    house.stop();
    // Half a file of settings is none, and what is no secret is refused; neither is shown.
    for (line, named) in [("hunter two", ".env"), ("\"hunter two\"", "API_SECRET_TOKEN")] {
        choose(&house, line);
        let refused = house.ael(&["up"]);
        let error = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && error.contains(named), "{error}");
        assert!(!error.contains("hunter"), "{error}");
    }
    choose(&house, SECOND);
    house.start_again(&[]);
    house.assert_sound();
}
