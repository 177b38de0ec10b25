//! Whatever arrives is answered.

use crate::house::{House, code};
use ael_bus::{Handler as _, Unhandled};
use ael_events::answer::QueryAnswer;
use ael_events::command::Credential;
use ael_events::query::{ListLeads, ListSales, Query};
use ael_events::subjects::{self, Edge};
use serde_json::Value;

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_and_harms_nobody() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let me = subjects::query(Edge::Cli, tenant.id, "me");
    let operator = Credential::Operator { as_member: None };
    let list_dead = serde_json::json!({ "query": "list_dead", "with": {} });
    let other = serde_json::json!({ "credential": operator, "query": list_dead });
    let deep = "[".repeat(200_000);
    let large = vec![b'x'; 1024 * 1024];
    for (subject, body, expected) in [
        ("ael.qry", &b"{}"[..], "malformed_subject"),
        ("ael.qry.cli.not-a-workspace.me", b"{}", "malformed_subject"),
        (&me, b"", "malformed"),
        (&me, b"\x00\xff", "malformed"),
        (&me, deep.as_bytes(), "malformed"),
        (&me, &large, "too_large"),
        (&me, other.to_string().as_bytes(), "mismatch"),
        (&me.replace(".me", ".hello"), b"{}", "unknown_query"),
    ] {
        let answer: Value =
            serde_json::from_slice(&house.desk.answer(subject, body).await).unwrap();
        assert_eq!(code(&answer), expected);
    }
    let why = Unhandled::TooLarge { bytes: 1, limit: 0 };
    let answer = house.desk.unhandled(&me, why);
    let answer: QueryAnswer<Value> = serde_json::from_slice(&answer).unwrap();
    assert!(matches!(answer, QueryAnswer::Rejected(refusal) if refusal.code == "too_large"));
    assert_eq!(tenant.answer("alice", &Query::Me {}).await["outcome"], "found");
    house.close().await;
}

#[tokio::test]
async fn an_edge_asks_only_what_is_its_own_and_by_its_own_credentials() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let as_alice = Credential::Operator { as_member: Some(tenant.of("alice")) };
    let answer = tenant.answer_to(Edge::Jobs, as_alice.clone(), &Query::Me {}, None).await;
    assert_eq!(code(&answer), "not_allowed_here");
    let answer = tenant.answer_to(Edge::Api, as_alice, &Query::Me {}, None).await;
    assert_eq!(code(&answer), "credential_not_allowed_here");
    let token = Credential::Token { token: "ael_nonsense".to_owned() };
    let answer = tenant.answer_to(Edge::Api, token, &Query::Me {}, None).await;
    assert_eq!(code(&answer), "bad_token");
    house.close().await;
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_with_the_field() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    for limit in [0, 201] {
        let leads = Query::ListLeads(ListLeads { limit: Some(limit), ..ListLeads::default() });
        let sales = Query::ListSales(ListSales { limit: Some(limit), ..ListSales::default() });
        for query in [leads, sales] {
            let answer = tenant.answer("adam", &query).await;
            assert_eq!(
                (code(&answer).as_str(), &answer["details"]["field"]),
                ("invalid_query", &Value::from("limit"))
            );
        }
    }
    house.close().await;
}
