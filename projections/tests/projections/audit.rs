//! The audit: what is broken behind the read models' back is named, and nothing else.

use crate::access;
use crate::advisor;
use crate::erasure::{lost_sale, personal};
use crate::views::{transferred, uah};
use crate::world::{World, created, noon};
use ael_events::event::{
    AbsorbedPrivate, AnalysisRecorded, Assigned, Created, DetailsEdited, Erased, Event, KycStarted,
    LeadEvent, LeadProfile, MergedInto, MessageLogged, Opened, OtherAbsorbed, Paid, ReasonPrivate,
    SaleEvent, ScoreFeatures, Usage, WorkspaceCreated, WorkspaceEvent,
};
use ael_events::ids::{EventId, InvitationId, LeadId, SaleId, TokenId, WorkspaceId};
use ael_events::private::Private;
use ael_events::query::AggregateDigest;
use ael_events::values::{
    AggregateKind, Channel, FeatureHash, MessageDirection, ModelName, PromptVersion, ReasonText,
    Recommendation, Score, Source, Stage, Tag, WorkspaceSettings,
};
use ael_projections::audit::{Difference, Findings};
use ael_projections::{Audit, rebuild};
use ael_store::NewEvent;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn audit(world: &World) -> Audit {
    Audit::new(&world.pool, world.keyring.clone(), Box::new(|_, _, _| Ok(None)))
}

async fn verify_in(world: &World, workspace: WorkspaceId) -> Findings {
    let audit = audit(world);
    let reach = audit.reach(Duration::ZERO).await.unwrap();
    audit.verify(workspace, &reach, &|_| {}).await.unwrap()
}

async fn verify(world: &World) -> Findings {
    verify_in(world, world.workspace).await
}

/// What was found, one line each: read model, field, both values.
fn told(findings: &Findings) -> Vec<String> {
    let tell = |one: &Difference| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let values = (value(&one.history), value(&one.read_model));
        format!("{} {} {} → {}", one.projection, one.field, values.0, values.1)
    };
    findings.differences.iter().map(tell).collect()
}

async fn found(world: &World) {
    let id = world.workspace.uuid();
    let settings = WorkspaceSettings::standard().unwrap();
    let founded = WorkspaceCreated { name: "Test".parse().unwrap(), settings };
    let event = Event::Workspace(WorkspaceEvent::Created(founded));
    let event = NewEvent::of(EventId::generate(), &event).unwrap();
    world.write_raw(AggregateKind::Workspace, id, id, vec![event], false).await;
}

fn tagged(tags: &[&str]) -> LeadEvent {
    LeadEvent::DetailsEdited(DetailsEdited {
        changed: BTreeSet::from(["tags".to_owned()]),
        business_domain: None,
        tags: tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: AbsorbedPrivate::default().into(),
    })
}

fn analysed(score: f64) -> LeadEvent {
    LeadEvent::Analysed(AnalysisRecorded {
        score: Score::new(score).unwrap(),
        recommendation: Recommendation::Nurture,
        analysed_at: noon(),
        model: ModelName::parse("a model").unwrap(),
        prompt_version: PromptVersion::parse("local").unwrap(),
        features: ScoreFeatures {
            source: Source::Scanner,
            stage: Stage::New,
            message_count: 0,
            has_domain: false,
            age_days: 0,
        },
        feature_hash: FeatureHash::parse("00").unwrap(),
        cache_key: None,
        usage: Usage::default(),
        raw_score: None,
        raw_recommendation: None,
        private: ReasonPrivate { reason: ReasonText::parse("is keen").unwrap() }.into(),
    })
}

/// A workspace in which a lead of every fate lives: one is worked and sold, one is merged into
/// another, some are erased.
async fn lively() -> (World, LeadId) {
    let world = World::new().await;
    found(&world).await;
    let olena = world.member("Olena").await;
    let sold = LeadId::generate();
    let message = MessageLogged {
        count: 2,
        direction: MessageDirection::Outgoing,
        channel: Channel::Phone,
        private: Private::default(),
    };
    world
        .lead(
            sold,
            [
                created("Petro Petrenko", Some(olena)),
                tagged(&["vip", "autumn"]),
                analysed(0.812_345_678_901_234_5),
                LeadEvent::MessageLogged(message),
                transferred(sold, Some(uah(70_000))),
            ],
        )
        .await;
    let opened = Opened { lead_id: sold, amount: Some(uah(70_000)), imported: false };
    let paid = SaleEvent::Paid(Paid { amount: Some(uah(70_000)) });
    let events = [SaleEvent::Opened(opened), SaleEvent::KycStarted(KycStarted {}), paid];
    world.sale(sold, events).await;
    let assigned = Assigned { owner: None, previous: Some(olena), rule: None };
    world.lead(sold, [LeadEvent::Assigned(assigned)]).await;
    let (winner, other) = (LeadId::generate(), LeadId::generate());
    world.lead(winner, [created("Olha", None)]).await;
    world.lead(other, [created("Olha P.", None), tagged(&["vip"])]).await;
    let absorbed = OtherAbsorbed {
        other,
        business_domain: None,
        tags: BTreeSet::from([Tag::parse("vip").unwrap()]),
        message_count: 9,
        unclaimed: BTreeSet::new(),
        private: AbsorbedPrivate::default().into(),
    };
    world.lead(winner, [LeadEvent::Absorbed(absorbed)]).await;
    world.lead(other, [LeadEvent::MergedInto(MergedInto { into: winner })]).await;
    let erased = LeadId::generate();
    world.lead(erased, personal(erased)).await;
    world.sale(erased, lost_sale(erased)).await;
    let (token, invitation) = (TokenId::generate().uuid(), InvitationId::generate().uuid());
    access::let_in(&world, token, invitation).await;
    advisor::learn(&world).await;
    (world, erased)
}

#[tokio::test]
async fn read_models_that_show_the_history_are_clean_however_they_came_about() {
    for batch in [1, 1000] {
        let (world, erased) = lively().await;
        world.project(batch).await;
        let findings = verify(&world).await;
        assert_eq!(told(&findings), [""; 0], "in batches of {batch}");
        world.lead(erased, [LeadEvent::Erased(Erased {})]).await;
        world.project(batch).await;
        let findings = verify(&world).await;
        assert_eq!(told(&findings), [""; 0], "after the erasure, in batches of {batch}");
        assert_eq!(findings.faults(), 0);
        let all = "a workspace, a member, four leads, a token, an invitation, an advisor";
        assert_eq!(findings.aggregates, 9, "{all}");
        for name in ael_projections::NAMES {
            assert!(findings.projections[*name].rows > 0, "{name} was not looked at");
        }
        world.end().await;
    }
}

/// What somebody does to a read model (`{}` is its schema), and how the audit names it.
const BREAKS: [(&str, &str, &str); 30] = [
    (
        "lead_board",
        "UPDATE {}.leads SET stage = 'lost' WHERE tags @> '[\"autumn\"]'",
        "leads.stage transferred → lost",
    ),
    (
        "lead_board",
        "UPDATE {}.leads SET contact = '{\"full_name\": \"Kanarienvogel\"}' WHERE tags @> \
         '[\"autumn\"]'",
        "leads.contact - → -",
    ),
    (
        "lead_board",
        "UPDATE {}.leads SET search = ' kanarienvogel' WHERE tags @> '[\"autumn\"]'",
        "leads.search - → -",
    ),
    (
        "lead_board",
        "UPDATE {}.leads SET score_rank = 0.3 WHERE tags @> '[\"autumn\"]'",
        "leads.score_rank 0.8123456789012345 → 0.3",
    ),
    (
        "lead_board",
        "UPDATE {}.leads SET stage_since = stage_since + interval '1 microsecond' WHERE \
         tags @> '[\"autumn\"]'",
        "leads.stage_since 2026-03-14T12:00:00+00:00 → 2026-03-14T12:00:00.000001+00:00",
    ),
    (
        "lead_board",
        "UPDATE {}.activity SET message_count = 3 WHERE message_count = 2",
        "activity.message_count 2 → 3",
    ),
    (
        "lead_board",
        "DELETE FROM {}.lead_tags WHERE tag = 'autumn'",
        "lead_tags[autumn 2026-03-14T12:00:00+00:00] a row → -",
    ),
    (
        "lead_board",
        "ALTER TABLE {}.leads ADD COLUMN mood text DEFAULT 'sad'",
        "leads.mood (an unknown column) - → -",
    ),
    (
        "lead_card",
        "UPDATE {}.cards SET card = jsonb_set(card, '{stage}', '\"lost\"') WHERE \
         card->>'message_count' = '2'",
        "cards.stage transferred → lost",
    ),
    (
        "lead_card",
        "UPDATE {}.cards SET owner = workspace WHERE card->>'message_count' = '2'",
        "cards.owner nothing → ",
    ),
    (
        "lead_card",
        "INSERT INTO {}.cards SELECT workspace, gen_random_uuid(), version, owner, \
         merged_into, erased, card FROM {}.cards LIMIT 1",
        "cards - → a row",
    ),
    ("timeline", "DELETE FROM {}.entries WHERE event_type = 'sale.paid.v1'", "] a row → -"),
    (
        "timeline",
        "UPDATE {}.entries SET data = '{}' WHERE event_type = 'lead.created.v1'",
        "].private - → -",
    ),
    (
        "timeline",
        "INSERT INTO {}.entries SELECT workspace, subject, incarnation, xid, position + 1000000, \
         event_id, aggregate, aggregate_id, sequence, event_name, event_type, occurred_at, \
         recorded_at, actor, actor_member, edge, data FROM {}.entries \
         WHERE event_type = 'sale.paid.v1'",
        "] - → a row",
    ),
    (
        "timeline",
        "UPDATE {}.entries SET xid = xid + 1 WHERE event_type = 'member.joined.v1'",
        "].xid ",
    ),
    (
        "timeline",
        "UPDATE {}.entries SET aggregate = 'invitation' WHERE event_type = 'token.revoked.v1'",
        "] a row → -",
    ),
    (
        "timeline",
        "UPDATE {}.entries SET data = data || '{\"secret_hash\": \"00\"}' \
         WHERE event_type = 'token.created.v1'",
        "].secret_hash nothing → 00",
    ),
    (
        "timeline",
        "UPDATE {}.entries SET event_name = 'workspace.left' WHERE event_name = \
         'workspace.created'",
        "].event_name workspace.created → workspace.left",
    ),
    (
        "sale_board",
        "UPDATE {}.sales SET amount_minor = 1 WHERE stage = 'paid'",
        ".amount_minor 70000 → 1",
    ),
    (
        "sale_board",
        "UPDATE {}.people SET full_name = 'Kanarienvogel' WHERE full_name IS NULL",
        "people.full_name - → -",
    ),
    ("members", "UPDATE {}.members SET role = 'admin'", "members.role agent → admin"),
    ("members", "UPDATE {}.members SET name = 'Kanarienvogel'", "members.name - → -"),
    ("members", "DELETE FROM {}.workspaces", "workspaces a row → -"),
    ("access", "UPDATE {}.tokens SET revoked_at = NULL", "tokens.revoked_at 2026-03-14T12:00:00"),
    ("advisor", "UPDATE {}.advisors SET champion = 7", "advisors.champion nothing → 7"),
    ("advisor", "UPDATE {}.trainings SET model = NULL", "trainings[1].model - → -"),
    ("access", "UPDATE {}.invitations SET name = 'Kanarienvogel'", "invitations.name - → -"),
    ("stats", "UPDATE {}.counters SET amount = amount + 1 WHERE metric = 'paid'", "70000 → 70001"),
    (
        "stats",
        "INSERT INTO {}.counters SELECT workspace, owner, 'moods', key, lane, 1 FROM \
         {}.counters LIMIT 1",
        "- → 1",
    ),
    ("stats", "DELETE FROM {}.facts WHERE facts->'sale'->>'stage' = 'paid'", "facts a row → -"),
];

#[tokio::test]
async fn whatever_is_broken_in_a_read_model_is_named_and_a_rebuild_mends_it() {
    let (world, _) = lively().await;
    world.project(100).await;
    for (projection, change, expected) in BREAKS {
        let version: i32 =
            sqlx::query_scalar("SELECT version FROM read.projections WHERE name = $1")
                .bind(projection)
                .fetch_one(&world.pool)
                .await
                .unwrap();
        let change = change.replace("{}.", &format!("rm_{projection}_{version}."));
        let changed = sqlx::raw_sql(&change).execute(&world.superuser).await.unwrap();
        assert!(changed.rows_affected() > 0 || change.starts_with("ALTER"), "{change}");
        let findings = verify(&world).await;
        let lines = told(&findings);
        let named = |line: &String| line.starts_with(projection) && line.contains(expected);
        assert!(lines.iter().any(named), "{change}\n{lines:#?}");
        assert!(lines.iter().all(|line| line.starts_with(projection)), "{change}\n{lines:#?}");
        assert!(lines.iter().all(|line| !line.contains("Kanarienvogel")), "{lines:#?}");
        assert_eq!(findings.projections[projection].differences, findings.faults(), "{change}");
        rebuild(&world.pool, world.keyring.clone(), projection, &|_, _| {}).await.unwrap();
        assert_eq!(told(&verify(&world).await), [""; 0], "rebuilt after {change}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_row_that_went_to_another_workspace_is_missing_here_and_a_stranger_there() {
    let (world, _) = lively().await;
    world.project(100).await;
    assert!(audit(&world).strangers().await.unwrap().is_empty());
    let elsewhere = WorkspaceId::generate();
    sqlx::query("UPDATE rm_sale_board_1.sales SET workspace = $1 WHERE stage = 'paid'")
        .bind(elsewhere.uuid())
        .execute(&world.superuser)
        .await
        .unwrap();
    let strangers = audit(&world).strangers().await.unwrap();
    assert_eq!(strangers, BTreeSet::from([elsewhere]));
    let here = told(&verify(&world).await);
    assert!(here.len() == 1 && here[0].ends_with("a row → -"), "{here:?}");
    let there = told(&verify_in(&world, elsewhere).await);
    assert_eq!(there, ["sale_board sales - → a row"]);
    world.end().await;
}

#[tokio::test]
async fn what_is_parked_is_a_fault_and_what_waits_behind_it_is_no_difference() {
    let (world, _) = lively().await;
    let lead = LeadId::generate();
    world.lead(lead, [created("Taras", None)]).await;
    let event_type = "lead.teleported.v9".to_owned();
    let poison = NewEvent { event_id: EventId::generate(), event_type, data: json!({}) };
    world.write_raw(AggregateKind::Lead, lead.uuid(), lead.uuid(), vec![poison], false).await;
    world.lead(lead, [tagged(&["vip"])]).await;
    let parked = world.project(100).await as u64;
    assert!(parked > 1, "each read model of leads parks it");
    let findings = verify(&world).await;
    assert_eq!(told(&findings), [""; 0]);
    assert_eq!(findings.faults(), parked);
    let board = findings.projections["lead_board"];
    assert_eq!((board.parked, board.waiting), (1, 1));
    world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
    world.project(100).await;
    assert_eq!(told(&verify(&world).await), [""; 0], "erased where it waits");
    world.end().await;
}

#[tokio::test]
async fn a_read_model_that_has_not_heard_of_everything_is_behind_and_shows_no_difference() {
    let (world, erased) = lively().await;
    world.project(100).await;
    // The key is destroyed at once; the read models still show the person.
    world.lead(erased, [LeadEvent::Erased(Erased {})]).await;
    let findings = verify(&world).await;
    assert_eq!(told(&findings), [""; 0]);
    for (name, tally) in &findings.projections {
        assert_eq!(tally.behind, 1, "{name}");
    }
    world.project(100).await;
    assert_eq!(verify(&world).await.faults(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_key_that_is_gone_although_nobody_erased_is_named() {
    let (world, erased) = lively().await;
    world.project(100).await;
    sqlx::query("DELETE FROM write.data_keys WHERE subject = $1")
        .bind(erased.uuid())
        .execute(&world.superuser)
        .await
        .unwrap();
    let findings = verify(&world).await;
    let one = &findings.differences[0];
    assert_eq!((one.projection.as_str(), one.field.as_str()), ("history", "key"));
    assert_eq!(one.aggregate, format!("lead/{erased}"));
    assert_eq!(findings.faults(), 1, "{:?}", told(&findings));
    world.end().await;
}

#[tokio::test]
async fn a_history_that_cannot_be_read_is_named_and_everything_else_still_compared() {
    let (world, erased) = lively().await;
    world.project(100).await;
    for spoil in [
        "UPDATE write.events SET metadata = '{}' WHERE aggregate_id = $1 AND sequence = 2",
        "UPDATE rm_lead_board_1.activity SET message_count = 3 WHERE message_count = 2 \
         AND id <> $1::uuid",
    ] {
        let mut tx = world.superuser.begin().await.unwrap();
        sqlx::raw_sql("SET LOCAL session_replication_role = replica")
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query(spoil).bind(erased.to_string()).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    let findings = verify(&world).await;
    let lines = told(&findings);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("history an unreadable row "), "{lines:#?}");
    assert_eq!(findings.differences[0].aggregate, format!("lead/{erased}"));
    assert_eq!(lines[1], "lead_board activity.message_count 2 → 3");
    world.end().await;
}

#[tokio::test]
async fn the_domain_is_asked_for_its_own_opinion() {
    let (world, _) = lively().await;
    world.project(100).await;
    let opinion = |kind: AggregateKind, id, events: Vec<Event>| {
        let fields = BTreeMap::from([
            ("stage".to_owned(), "frozen".to_owned()),
            ("contact".to_owned(), "Kanarienvogel".to_owned()),
        ]);
        let (aggregate, version) = (format!("{kind}/{id}"), events.len() as u64);
        let digest = AggregateDigest { aggregate, version, fields };
        Ok(Some(digest).filter(|_| kind == AggregateKind::Sale))
    };
    let audit = Audit::new(&world.pool, world.keyring.clone(), Box::new(opinion));
    let reach = audit.reach(Duration::ZERO).await.unwrap();
    let findings = audit.verify(world.workspace, &reach, &|_| {}).await.unwrap();
    let lines = told(&findings);
    assert!(lines.contains(&"sale_board stage frozen → paid".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"sale_board contact - → -".to_owned()), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains(" version ")), "{lines:#?}");
    world.end().await;
}

#[tokio::test]
async fn no_table_of_a_read_model_is_forgotten() {
    let world = World::new().await;
    let tables: BTreeSet<(String, String)> = sqlx::query_as(
        "SELECT schemaname::text, tablename::text FROM pg_tables \
         WHERE schemaname LIKE 'rm\\_%\\_1'",
    )
    .fetch_all(&world.superuser)
    .await
    .unwrap()
    .into_iter()
    .collect();
    let mut audited = BTreeSet::from([("rm_stats_1".to_owned(), "counters".to_owned())]);
    for model in ael_projections::model::all() {
        let schema = ael_projections::model::schema_of(model.name(), 1);
        audited.extend(model.audited().iter().map(|one| (schema.clone(), one.table.to_owned())));
    }
    assert_eq!(tables, audited);
    world.end().await;
}

#[tokio::test]
async fn a_sale_that_showed_nothing_of_its_person_is_erased_with_them_all_the_same() {
    let world = World::new().await;
    let lead = LeadId::generate();
    let nameless = LeadEvent::Created(Created {
        source: Source::Manual,
        business_domain: None,
        owner: None,
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: LeadProfile::default().into(),
    });
    world.lead(lead, [nameless, transferred(lead, None)]).await;
    let opened = Opened { lead_id: lead, amount: None, imported: false };
    world.sale(lead, [SaleEvent::Opened(opened)]).await;
    world.project(1).await;
    world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
    world.project(1).await;
    let erased: bool = sqlx::query_scalar("SELECT erased FROM read.sales WHERE id = $1")
        .bind(SaleId::of(lead).uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(erased);
    world.end().await;
}
