//! Who may see and do what, asked of the database itself.

use crate::support::World;
use ael_events::ids::{LeadId, WorkspaceId};
use ael_store::DbRole;
use sqlx::PgPool;
use sqlx::postgres::PgDatabaseError;

async fn code_of(pool: &PgPool, statement: &str) -> String {
    match sqlx::raw_sql(statement).execute(pool).await {
        Ok(_) => "done".to_owned(),
        Err(error) => {
            let refusal = error.as_database_error().expect("a refusal of the database");
            refusal.downcast_ref::<PgDatabaseError>().code().to_owned()
        }
    }
}

async fn count(pool: &PgPool, question: &str) -> i64 {
    sqlx::query_scalar(question).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn every_table_with_a_workspace_guards_it_and_nobody_is_above_the_guard() {
    let world = World::new().await;
    let superuser = world.superuser().await;
    let unguarded: Vec<String> = sqlx::query_scalar(
        "SELECT c.oid::regclass::text FROM pg_class AS c
         JOIN pg_namespace AS n ON n.oid = c.relnamespace
         JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace'
         WHERE n.nspname IN ('write', 'read') AND c.relkind IN ('r', 'p')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    )
    .fetch_all(&superuser)
    .await
    .unwrap();
    assert_eq!(unguarded, Vec::<String>::new());
    let guarded = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity
                   AND relnamespace = 'write'::regnamespace";
    assert_eq!(count(&superuser, guarded).await, 9);

    let mighty: Vec<String> = sqlx::query_scalar(
        "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'ael\\_%'
         AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
    )
    .fetch_all(&superuser)
    .await
    .unwrap();
    assert_eq!(mighty, Vec::<String>::new());
    let open = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'write'::regnamespace
                AND has_function_privilege('ael_queries', oid, 'EXECUTE')
                AND proname NOT IN ('tenant', 'find_principal', 'find_credential',
                                    'note_token_uses', 'has_identity')";
    assert_eq!(count(&superuser, open).await, 0);
}

#[tokio::test]
async fn a_tenant_sees_nothing_of_another() {
    let world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    world.writer.hmac(world.workspace).await.unwrap();
    let commands = world.pool(DbRole::Commands).await;
    for (workspace, events, keys) in
        [(None, 0, 0), (Some(WorkspaceId::generate()), 0, 0), (Some(world.workspace), 1, 2)]
    {
        let mut inside = commands.begin().await.unwrap();
        let tenant = workspace.map(|workspace| workspace.to_string()).unwrap_or_default();
        sqlx::query("SELECT set_config('ael.workspace', $1, true)")
            .bind(&tenant)
            .execute(&mut *inside)
            .await
            .unwrap();
        for (table, expected) in [("events", events), ("data_keys", keys), ("commands", events)] {
            let question = format!("SELECT count(*) FROM write.{table}");
            let seen: i64 = sqlx::query_scalar(&question).fetch_one(&mut *inside).await.unwrap();
            assert_eq!(seen, expected, "{table} seen by {tenant:?}");
        }
        let foreign = sqlx::query(
            "INSERT INTO write.contact_claims VALUES (gen_random_uuid(), 'email', sha256(''),
                gen_random_uuid())",
        );
        let refused = foreign.execute(&mut *inside).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code());
        assert_eq!(code.as_deref(), Some("42501"));
    }
}

#[tokio::test]
async fn history_is_never_changed_by_anybody() {
    let world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    let (owner, superuser) = (world.pool(DbRole::Owner).await, world.superuser().await);
    for pool in [&owner, &superuser] {
        for statement in [
            "UPDATE write.events SET payload = '{}'",
            "DELETE FROM write.events",
            "TRUNCATE write.events",
            "UPDATE write.chain SET number = 2",
            "DELETE FROM write.chain",
            "TRUNCATE write.chain",
        ] {
            assert_eq!(code_of(pool, statement).await, "AE004", "{statement}");
        }
    }
    let insert = "INSERT INTO write.events SELECT * FROM write.events";
    assert_eq!(code_of(&owner, insert).await, "42501", "the owner does not write history");
    assert_eq!(count(&owner, "SELECT count(*) FROM write.events").await, 1);
}

#[tokio::test]
async fn each_service_may_do_its_own_and_nothing_else() {
    let world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    let denied = [
        (DbRole::Commands, "SELECT * FROM write.chain"),
        (DbRole::Commands, "UPDATE write.events SET lane = 0"),
        (DbRole::Commands, "DELETE FROM write.events"),
        (DbRole::Commands, "UPDATE write.data_keys SET wrapped = ''"),
        (DbRole::Commands, "INSERT INTO write.incarnations VALUES (9, 'mine')"),
        (DbRole::Commands, "CREATE TABLE write.mine (id int)"),
        (DbRole::Commands, "CREATE TABLE public.mine (id int)"),
        (DbRole::Relay, "SELECT * FROM write.data_keys"),
        (DbRole::Relay, "SELECT * FROM write.commands"),
        (DbRole::Relay, "DELETE FROM write.events"),
        (DbRole::Relay, "SELECT write.ensure_incarnation()"),
        (DbRole::Projections, "SELECT * FROM write.commands"),
        (DbRole::Projections, "SELECT * FROM write.credentials"),
        (DbRole::Projections, "DELETE FROM write.data_keys"),
        (DbRole::Queries, "SELECT * FROM write.events"),
        (DbRole::Queries, "SELECT * FROM write.data_keys"),
        (DbRole::Queries, "DELETE FROM write.principals"),
        (DbRole::Queries, "UPDATE write.token_uses SET last_used_at = now()"),
        (DbRole::Commands, "SELECT * FROM write.token_uses"),
        (DbRole::Relay, "SELECT write.note_token_uses('{}', '{}', '{}')"),
        (DbRole::Projections, "SELECT write.note_token_uses('{}', '{}', '{}')"),
    ];
    for (role, statement) in denied {
        let pool = world.pool(role).await;
        let refused = code_of(&pool, statement).await;
        assert!(["42501", "AE004"].contains(&refused.as_str()), "{role}: {statement}: {refused}");
    }
    for (role, question) in [
        (DbRole::Relay, "SELECT count(*) FROM write.events"),
        (DbRole::Projections, "SELECT count(*) FROM write.events"),
        (DbRole::Projections, "SELECT count(*) FROM write.data_keys"),
        (DbRole::Owner, "SELECT count(*) FROM write.commands"),
    ] {
        assert_eq!(count(&world.pool(role).await, question).await, 1, "{role}: {question}");
    }
}

#[tokio::test]
async fn an_accepted_answer_cannot_be_taken_back() {
    let world = World::new().await;
    world.create(LeadId::generate()).await.unwrap();
    let commands = world.pool(DbRole::Commands).await;
    let mut inside = commands.begin().await.unwrap();
    sqlx::query("SELECT set_config('ael.workspace', $1, true)")
        .bind(world.workspace.to_string())
        .execute(&mut *inside)
        .await
        .unwrap();
    let gone = sqlx::query("DELETE FROM write.commands").execute(&mut *inside).await.unwrap();
    assert_eq!(gone.rows_affected(), 0);
}

#[tokio::test]
async fn migrating_again_changes_nothing_and_two_at_once_wait_for_each_other() {
    let world = World::new().await;
    let owner = world.database.url(DbRole::Owner).unwrap();
    let (one, two) =
        tokio::join!(ael_store::migrate::run(&owner, &[]), ael_store::migrate::run(&owner, &[]));
    one.unwrap();
    two.unwrap();
    ael_store::migrate::prepare_database(world.database.superuser_url()).await.unwrap();
    world.create(LeadId::generate()).await.unwrap();
}
