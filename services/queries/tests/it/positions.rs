//! Reading one's own writes.

use crate::house::{House, code};
use ael_events::command::Credential;
use ael_events::ids::Lane;
use ael_events::order::{Order, PositionToken};
use ael_events::query::Query;
use ael_events::subjects::Edge;
use std::time::{Duration, Instant};

fn token(position: i64) -> Option<PositionToken> {
    let order = Order { incarnation: 1, xid: 7, position };
    Some(PositionToken { lane: Lane::try_from(3).unwrap(), order })
}

#[tokio::test]
async fn a_read_waits_until_the_read_models_have_taken_the_write() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let me = Credential::Operator { as_member: Some(tenant.of("alice")) };
    let ask = |after| tenant.answer_to(Edge::Cli, me.clone(), &Query::Me {}, after);

    let late = ask(token(10)).await;
    assert_eq!(
        (late["outcome"].as_str(), late["retry_after_ms"].as_u64()),
        (Some("failed"), Some(500))
    );
    assert!(late["sentence"].as_str().unwrap().contains("ask again"));

    let advance = "UPDATE read.checkpoints SET incarnation = 1, xid = 7, position = 10 \
                   WHERE lane = 3 AND projection = 'members'";
    let (found, ()) = tokio::join!(ask(token(10)), house.write(advance));
    assert_eq!(found["outcome"], "found", "only the read models that are asked have to be there");
    let began = Instant::now();
    assert_eq!(ask(token(9)).await["outcome"], "found");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(ask(token(11)).await["outcome"], "failed");
    house.close().await;
}

#[tokio::test]
async fn a_position_that_no_write_can_have_had_is_refused_and_not_waited_for() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let me = Credential::Operator { as_member: Some(tenant.of("alice")) };
    let order = Order { incarnation: 1, xid: u64::MAX, position: 1 };
    let ahead = Some(PositionToken { lane: Lane::try_from(3).unwrap(), order });
    let refused = tenant.answer_to(Edge::Cli, me, &Query::Me {}, ahead).await;
    assert_eq!(code(&refused), "unknown_position");
    house.close().await;
}

#[tokio::test]
async fn a_hundred_who_wait_cost_one_question_a_round() {
    let house = House::open().await;
    let tenant = house.workspace().await;
    let me = Credential::Operator { as_member: Some(tenant.of("alice")) };
    let asked = (0..100).map(|_| {
        let (tenant, me) = (&tenant, me.clone());
        async move { tenant.answer_to(Edge::Cli, me, &Query::Me {}, token(10)).await }
    });
    let began = Instant::now();
    let answers = futures::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer["outcome"] == "failed"));
    assert!(began.elapsed() < Duration::from_secs(2), "they waited beside each other");
    house.close().await;
}
