//! What lists, cards, sales and numbers show.

use crate::world::{World, created, noon};
use ael_events::event::{
    AbsorbedPrivate, Assigned, Contacted, DetailsEdited, Imported, ImportedOutcome,
    ImportedPrivate, KycStarted, LeadEvent, MergedInto, MessageLogged, Opened, OtherAbsorbed, Paid,
    Qualified, ReasonPrivate, RolledBack, SaleEvent, Transferred,
};
use ael_events::ids::{LeadId, SaleId};
use ael_events::private::Private;
use ael_events::query::LeadView;
use ael_events::values::{
    Channel, DomainSlug, ExternalId, MessageDirection, Money, ReasonText, Source, Stage, Tag,
};
use ael_projections::lead_card;
use sqlx::Row as _;
use sqlx::types::Json;
use std::collections::{BTreeMap, BTreeSet};

pub fn transferred(lead: LeadId, amount: Option<Money>) -> LeadEvent {
    LeadEvent::Transferred(Transferred {
        sale_id: SaleId::of(lead),
        amount,
        overridden: None,
        private: Private::default(),
    })
}

pub fn uah(amount_minor: i64) -> Money {
    Money::new(amount_minor, "UAH".parse().unwrap()).unwrap()
}

fn imported(outcome: Option<ImportedOutcome>) -> LeadEvent {
    let external_id = ExternalId::parse("row-1").unwrap();
    LeadEvent::Imported(Imported {
        origin: "file".parse().unwrap(),
        source: Source::Partner,
        stage: Stage::Transferred,
        outcome,
        business_domain: Some(DomainSlug::parse("first").unwrap()),
        owner: None,
        tags: BTreeSet::from([Tag::parse("Finance").unwrap()]),
        message_count: 5,
        attributes: BTreeMap::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: ImportedPrivate { external_id, profile: AbsorbedPrivate::default() }.into(),
    })
}

#[tokio::test]
async fn a_lead_is_followed_from_its_creation_to_its_paid_sale() {
    let world = World::new().await;
    let olena = world.member("Olena").await;
    let lead = LeadId::generate();
    let message = MessageLogged {
        count: 2,
        direction: MessageDirection::Outgoing,
        channel: Channel::Phone,
        private: Private::default(),
    };
    world
        .lead(
            lead,
            [
                created("Петро Петренко", Some(olena)),
                LeadEvent::Contacted(Contacted {}),
                LeadEvent::MessageLogged(message),
                LeadEvent::Qualified(Qualified {}),
                transferred(lead, Some(uah(50_000))),
            ],
        )
        .await;
    let opened = Opened { lead_id: lead, amount: Some(uah(50_000)), imported: false };
    world.sale(lead, [SaleEvent::Opened(opened), SaleEvent::KycStarted(KycStarted {})]).await;
    assert_eq!(world.project(3).await, 0);
    assert_eq!(world.counter("kyc", "UAH").await, 50_000);
    world.sale(lead, [SaleEvent::Paid(Paid { amount: Some(uah(60_000)) })]).await;
    assert_eq!(world.project(3).await, 0);

    let row = sqlx::query("SELECT * FROM read.lead_board WHERE id = $1")
        .bind(lead.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(row.get::<&str, _>("stage"), "transferred");
    assert_eq!((row.get::<i64, _>("version"), row.get::<i64, _>("message_count")), (5, 2));
    let sale = sqlx::query("SELECT * FROM read.sales WHERE lead_id = $1")
        .bind(lead.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(sale.get::<&str, _>("full_name"), "Петро Петренко");
    assert_eq!(sale.get::<uuid::Uuid, _>("owner"), olena.uuid(), "its lead's owner is its own");
    assert_eq!(sale.get::<Option<chrono::DateTime<chrono::Utc>>, _>("paid_at"), Some(noon()));
    for (metric, key, amount) in [
        ("leads", "", 1),
        ("open", "", 0),
        ("stage", "transferred", 1),
        ("stage", "new", 0),
        ("source_converted", "scanner", 1),
        ("sales", "", 1),
        ("sale_stage", "paid", 1),
        ("converted", "", 1),
        ("paid", "UAH", 60_000),
        ("kyc", "UAH", 0),
        ("month_converted", "2026-03", 1),
    ] {
        assert_eq!(world.counter(metric, key).await, amount, "{metric} {key}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_card_is_the_fold_of_the_timeline() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, [created("Olena", None), LeadEvent::Contacted(Contacted {})]).await;
    world.project(100).await;
    let rows = sqlx::query("SELECT * FROM read.timeline WHERE subject = $1 ORDER BY sequence")
        .bind(lead.uuid())
        .fetch_all(&world.pool)
        .await
        .unwrap();
    let mut view = None;
    for row in rows {
        let event =
            LeadEvent::from_wire(row.get("event_type"), row.get::<Json<_>, _>("data").0).unwrap();
        let moment = lead_card::fold::Moment {
            lead,
            sequence: u64::try_from(row.get::<i64, _>("sequence")).unwrap(),
            occurred_at: row.get("occurred_at"),
            actor: row.get("actor"),
        };
        view = Some(lead_card::fold::apply_at(view, &moment, &event).unwrap());
    }
    let card: Json<LeadView> = sqlx::query_scalar("SELECT card FROM read.lead_cards WHERE id = $1")
        .bind(lead.uuid())
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(view, Some(card.0));
    world.end().await;
}

#[tokio::test]
async fn an_imported_sale_of_unknown_amount_is_converted_and_no_revenue() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, [imported(Some(ImportedOutcome::Won { amount: None }))]).await;
    let opened = Opened { lead_id: lead, amount: None, imported: true };
    world.sale(lead, [SaleEvent::Opened(opened), SaleEvent::Paid(Paid { amount: None })]).await;
    world.project(100).await;
    let counters = world.counters().await;
    assert_eq!(world.counter("converted", "").await, 1);
    assert_eq!(world.counter("domain_converted", "first").await, 1);
    assert!(!counters.keys().any(|(metric, _)| metric == "paid"), "{counters:?}");
    let tagged: i64 = sqlx::query_scalar("SELECT count(*) FROM read.lead_tags WHERE tag = $1")
        .bind("Finance")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(tagged, 1);
    world.end().await;
}

#[tokio::test]
async fn a_merged_lead_leaves_the_board_and_the_numbers_but_keeps_its_card() {
    let world = World::new().await;
    let (winner, other) = (LeadId::generate(), LeadId::generate());
    world.lead(winner, [created("Olena", None)]).await;
    world.lead(other, [created("Olena P.", None)]).await;
    world.project(100).await;
    assert_eq!(world.counter("leads", "").await, 2);
    let absorbed = OtherAbsorbed {
        other,
        business_domain: None,
        tags: BTreeSet::new(),
        message_count: 9,
        unclaimed: BTreeSet::new(),
        private: AbsorbedPrivate::default().into(),
    };
    world.lead(winner, [LeadEvent::Absorbed(absorbed)]).await;
    world.lead(other, [LeadEvent::MergedInto(MergedInto { into: winner })]).await;
    world.project(100).await;
    assert_eq!(world.counter("leads", "").await, 1);
    let listed: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM read.lead_board").fetch_all(&world.pool).await.unwrap();
    assert_eq!(listed, [winner.uuid()]);
    let into: uuid::Uuid =
        sqlx::query_scalar("SELECT merged_into FROM read.lead_cards WHERE id = $1")
            .bind(other.uuid())
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(into, winner.uuid());
    world.end().await;
}

#[tokio::test]
async fn the_numbers_follow_a_lead_to_its_new_owner_and_back_a_stage() {
    let world = World::new().await;
    let (anna, boris) = (world.member("Anna").await, world.member("Boris").await);
    let lead = LeadId::generate();
    world.lead(lead, [created("Olena", Some(anna)), LeadEvent::Contacted(Contacted {})]).await;
    world.project(100).await;
    let assigned = Assigned { owner: Some(boris), previous: Some(anna), rule: None };
    let rolled_back = RolledBack {
        from: Stage::Contacted,
        to: Stage::New,
        private: ReasonPrivate { reason: ReasonText::parse("a wrong number").unwrap() }.into(),
    };
    let edited = DetailsEdited {
        changed: BTreeSet::from(["business_domain".to_owned()]),
        business_domain: Some(DomainSlug::parse("second").unwrap()),
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: AbsorbedPrivate::default().into(),
    };
    world
        .lead(
            lead,
            [
                LeadEvent::Assigned(assigned),
                LeadEvent::RolledBack(rolled_back),
                LeadEvent::DetailsEdited(edited),
            ],
        )
        .await;
    world.project(100).await;
    let rows: Vec<(uuid::Uuid, String, String, i64)> =
        sqlx::query_as("SELECT owner, metric, key, amount FROM read.counters ORDER BY metric, key")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let expected = [
        ("domain", "second"),
        ("leads", ""),
        ("month", "2026-03"),
        ("open", ""),
        ("source", "scanner"),
        ("stage", "new"),
    ]
    .map(|(metric, key)| (boris.uuid(), metric.to_owned(), key.to_owned(), 1));
    assert_eq!(rows, expected, "nothing is left with the one who had it before");
    world.end().await;
}

#[tokio::test]
async fn an_event_that_comes_again_changes_nothing() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, [created("Olena", None), LeadEvent::Contacted(Contacted {})]).await;
    world.project(1).await;
    let before = world.everything().await;
    world.project(100).await;
    assert_eq!(before, world.everything().await);
    world.end().await;
}
