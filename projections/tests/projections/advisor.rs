//! What a workspace's advisor learnt, as it is told.

use crate::world::{World, noon};
use ael_events::event::{
    AdvisorEvent, ChallengerRefused, Consulted, Event, Figures, ModelRolledBack, ModelTrained,
    Training, Usage,
};
use ael_events::ids::AdvisorId;
use ael_events::values::{AggregateKind, ModelFile};
use ael_projections::advisor::Questions;
use sqlx::Row as _;
use sqlx::types::Json;

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

/// A model is trained, a worse one refused, somebody goes back to the rules, and asks a question.
pub async fn learn(world: &World) {
    let model = ModelFile::of(b"a model").unwrap();
    let trained = ModelTrained { model_version: 1, training: training(40), model };
    let usage = Usage { input_tokens: 100, cost_micro_usd: 90, ..Usage::default() };
    let events = [
        AdvisorEvent::ModelTrained(trained),
        AdvisorEvent::ChallengerRefused(ChallengerRefused { training: training(90) }),
        AdvisorEvent::RolledBack(ModelRolledBack { to: None }),
        AdvisorEvent::Consulted(Consulted { model: "gpt".parse().unwrap(), usage }),
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
        assert_eq!((advisor.get::<i64, _>(0), advisor.get::<Option<i32>, _>(1)), (4, None));
        assert_eq!(advisor.get::<i64, _>(2), 150);
        let questions: Json<Questions> = sqlx::query_scalar("SELECT questions FROM read.advisors")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(questions.cost_micro_usd.values().copied().collect::<Vec<_>>(), [90]);
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
        assert_eq!(shown.len(), 4);
        let told: Vec<_> = shown.iter().filter_map(|data| data.get("model")).collect();
        assert_eq!(told, ["gpt"], "who was asked is told, a model's bytes are not: {shown:?}");
        world.end().await;
    }
}
