//! A reader sees its own workspace, and search looks no further.

use crate::world::{World, created};
use ael_events::ids::{LeadId, MemberId, WorkspaceId};
use ael_projections::search;
use uuid::Uuid;

async fn find(
    world: &World,
    tenant: WorkspaceId,
    asked: WorkspaceId,
    text: &str,
    agent: Option<MemberId>,
) -> Vec<Uuid> {
    let mut tx = world.queries.begin().await.unwrap();
    sqlx::query("SELECT set_config('ael.workspace', $1, true)")
        .bind(tenant.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query_scalar("SELECT id FROM read.search_leads($1, $2, $3, 500)")
        .bind(asked.uuid())
        .bind(search::normalise(text))
        .bind(agent.map(MemberId::uuid))
        .fetch_all(&mut *tx)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_lead_is_found_in_either_alphabet_and_with_a_typo_by_who_may_see_it() {
    let world = World::new().await;
    let (anna, boris) = (MemberId::generate(), MemberId::generate());
    let lead = LeadId::generate();
    world.lead(lead, [created("Олена Петренко", Some(anna))]).await;
    world.lead(LeadId::generate(), [created("Ivan Shevchenko", Some(anna))]).await;
    world.project(100).await;
    let here = world.workspace;
    for text in ["Petrenko", "петренко олена", "Pertenko", "Pet", "Петр"] {
        assert_eq!(find(&world, here, here, text, None).await, [lead.uuid()], "{text}");
    }
    assert_eq!(find(&world, here, here, "067 123", None).await.len(), 2);
    assert_eq!(find(&world, here, here, "Petrenko", Some(anna)).await, [lead.uuid()]);
    assert!(find(&world, here, here, "Petrenko", Some(boris)).await.is_empty());
    let elsewhere = WorkspaceId::generate();
    assert!(find(&world, elsewhere, here, "Petrenko", None).await.is_empty());
    assert!(find(&world, elsewhere, elsewhere, "Petrenko", None).await.is_empty());
    assert!(find(&world, here, here, "%", None).await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn another_copy_finds_the_tables_and_search_works_on_connections_that_never_searched() {
    let world = World::new().await;
    world.lead(LeadId::generate(), [created("Olena Petrenko", None)]).await;
    world.project(100).await;
    let url = world.database.url(ael_store::DbRole::Projections).unwrap();
    let options = ael_store::PoolOptions::default();
    let fresh = ael_store::connect(&url, ael_store::DbRole::Projections, &options).await.unwrap();
    ael_projections::ensure(&fresh).await.unwrap();
    fresh.close().await;
    assert_eq!(find(&world, world.workspace, world.workspace, "Pertenko", None).await.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_reader_sees_nothing_without_a_workspace_and_only_its_own_with_one() {
    let world = World::new().await;
    world.lead(LeadId::generate(), [created("Olena", None)]).await;
    world.member("Anna").await;
    world.project(100).await;
    let views: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns c \
         JOIN information_schema.views v USING (table_schema, table_name) \
         WHERE c.table_schema = 'read' AND c.column_name = 'workspace' \
           AND c.table_name <> 'lead_search' ORDER BY 1",
    )
    .fetch_all(&world.superuser)
    .await
    .unwrap();
    assert!(views.len() >= 8, "{views:?}");
    for view in views {
        for (tenant, sees) in [
            (String::new(), false),
            (WorkspaceId::generate().to_string(), false),
            (world.workspace.to_string(), true),
        ] {
            let mut tx = world.queries.begin().await.unwrap();
            sqlx::query("SELECT set_config('ael.workspace', $1, true)")
                .bind(&tenant)
                .execute(&mut *tx)
                .await
                .unwrap();
            let seen: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM read.{view}"))
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            let filled = ["lead_board", "lead_cards", "lead_stages", "timeline", "counters"];
            assert!(sees || seen == 0, "{view} shows {seen} rows to {tenant:?}");
            let empty = sees && seen == 0 && filled.contains(&view.as_str());
            assert!(!empty, "{view} shows its own workspace nothing");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn row_level_security_is_forced_on_every_table_with_a_workspace() {
    let world = World::new().await;
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace' \
         WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'read' OR n.nspname LIKE 'rm\\_%') \
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    )
    .fetch_all(&world.superuser)
    .await
    .unwrap();
    assert_eq!(open, [""; 0]);
    let loose: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'v' AND n.nspname = 'read' \
           AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)",
    )
    .fetch_all(&world.superuser)
    .await
    .unwrap();
    assert_eq!(loose, [""; 0], "a view looks with the eyes of who asks");
    world.end().await;
}
