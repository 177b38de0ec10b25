//! What a workspace's advisor learnt, as it is told.

use crate::world::{World, noon};
use ael_events::event::{
    AdvisorEvent, ChallengerRefused, Event, Figures, ModelRolledBack, ModelTrained, Training,
};
use ael_events::ids::AdvisorId;
use ael_events::values::{AggregateKind, ModelFile};
use sqlx::Row as _;

fn training(won: u32) -> Training {
    let figures = Figures { auc: 0.876_543, brier: 0.133_333, log_loss: 0.419_2, ece: 0.010_2 };
    Training {
        trained_until: noon(),
        won,
        lost: 60,
        judged: 20,
        against: None,
        champion: figures,
        challenger: figures,
        outside: Vec::new(),
    }
}

/// A model is trained, a worse one refused, and somebody goes back to the rules.
pub async fn learn(world: &World) {
    let model = ModelFile::of(b"a model").unwrap();
    let trained = ModelTrained { model_version: 1, training: training(40), model };
    let events = [
        AdvisorEvent::ModelTrained(trained),
        AdvisorEvent::ChallengerRefused(ChallengerRefused { training: training(90) }),
        AdvisorEvent::RolledBack(ModelRolledBack { to: None }),
    ];
    let id = AdvisorId::of(world.workspace).uuid();
    let events = events.map(Event::Advisor).to_vec();
    world.write(AggregateKind::Advisor, id, id, events).await;
}

#[tokio::test]
async fn every_training_is_told_and_only_a_kept_model_has_its_bytes() {
    for batch in [1, 1000] {
        let world = World::new().await;
        learn(&world).await;
        assert_eq!(world.project(batch).await, 0);
        let advisor = sqlx::query("SELECT version, champion, outcomes FROM read.advisors")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!((advisor.get::<i64, _>(0), advisor.get::<Option<i32>, _>(1)), (3, None));
        assert_eq!(advisor.get::<i64, _>(2), 150);
        let kept: Vec<(Option<i32>, Option<String>)> =
            sqlx::query_as("SELECT model_version, model FROM read.trainings ORDER BY sequence")
                .fetch_all(&world.pool)
                .await
                .unwrap();
        let model = ModelFile::of(b"a model").unwrap();
        let first = (Some(1), Some(model.as_str().to_owned()));
        assert_eq!(kept, [first, (None, None)]);
        let shown: Vec<serde_json::Value> =
            sqlx::query_scalar("SELECT data FROM read.timeline WHERE aggregate = 'advisor'")
                .fetch_all(&world.pool)
                .await
                .unwrap();
        assert_eq!(shown.len(), 3);
        assert!(shown.iter().all(|data| data.get("model").is_none()), "{shown:?}");
        world.end().await;
    }
}
