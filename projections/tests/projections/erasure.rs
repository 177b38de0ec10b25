//! Nothing personal is left of whoever was erased, wherever it stood.

use crate::views::{transferred, uah};
use crate::world::{World, created};
use ael_events::event::{
    Erased, FileAttached, FilePrivate, LeadEvent, Lost, NoteAdded, NotePrivate, Opened,
    OptionalText, ReasonPrivate, RolledBack, SaleEvent, SaleLost,
};
use ael_events::ids::{FileId, LeadId, NoteId};
use ael_events::values::{FileName, LostReason, NoteText, ReasonText, Stage};

const CANARY: &str = "Kanarienvogel";

fn reason() -> ReasonText {
    ReasonText::parse(&format!("because {CANARY} said so")).unwrap()
}

pub fn personal(lead: LeadId) -> Vec<LeadEvent> {
    let note = NoteText::parse(&format!("{CANARY} likes green")).unwrap();
    let name = FileName::parse(&format!("{CANARY}.pdf")).unwrap();
    vec![
        created(&format!("{CANARY} Petrenko"), None),
        LeadEvent::NoteAdded(NoteAdded {
            note_id: NoteId::generate(),
            private: NotePrivate { text: note }.into(),
        }),
        LeadEvent::FileAttached(FileAttached {
            file_id: FileId::generate(),
            size_bytes: 7,
            media_type: "application/pdf".to_owned(),
            private: FilePrivate { name }.into(),
        }),
        LeadEvent::RolledBack(RolledBack {
            from: Stage::Contacted,
            to: Stage::New,
            private: ReasonPrivate { reason: reason() }.into(),
        }),
        LeadEvent::Lost(Lost {
            reason: LostReason::Other,
            private: OptionalText { text: Some(reason()) }.into(),
        }),
        transferred(lead, Some(uah(1))),
    ]
}

pub fn lost_sale(lead: LeadId) -> Vec<SaleEvent> {
    vec![
        SaleEvent::Opened(Opened { lead_id: lead, amount: Some(uah(1)), imported: false }),
        SaleEvent::Lost(SaleLost {
            reason: LostReason::Other,
            private: OptionalText { text: Some(reason()) }.into(),
        }),
    ]
}

async fn mentions(world: &World) -> Vec<String> {
    let canary = CANARY.to_lowercase();
    let spelled = ael_projections::search::normalise(CANARY).unwrap();
    let all = world.everything().await;
    all.into_iter()
        .filter(|(_, text)| {
            let text = text.to_lowercase();
            text.contains(&canary) || text.contains(&spelled) || text.contains("380671234567")
        })
        .map(|(table, _)| table)
        .collect()
}

#[tokio::test]
async fn an_erased_person_is_in_no_row_of_any_read_model() {
    for batch in [1, 1000] {
        let world = World::new().await;
        let lead = LeadId::generate();
        world.lead(lead, personal(lead)).await;
        world.sale(lead, lost_sale(lead)).await;
        world.project(batch).await;
        let tables = [
            "rm_lead_board.leads",
            "rm_lead_card.cards",
            "rm_sale_board.people",
            "rm_sale_board.sales",
            "rm_timeline.entries",
        ];
        assert_eq!(mentions(&world).await, tables, "the canary was seen before");
        world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
        world.project(batch).await;
        assert_eq!(mentions(&world).await, [""; 0], "in batches of {batch}");
        let erased: bool = sqlx::query_scalar("SELECT erased FROM read.lead_board")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert!(erased, "an empty row is left");
        assert_eq!(world.counter("leads", "").await, 0);
        assert_eq!(world.counter("sales", "").await, 1);
        world.end().await;
    }
}

#[tokio::test]
async fn a_history_that_is_replayed_after_the_erasure_ends_in_the_same_rows() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.lead(lead, personal(lead)).await;
    world.sale(lead, lost_sale(lead)).await;
    world.project(2).await;
    world.lead(lead, [LeadEvent::Erased(Erased {})]).await;
    world.project(2).await;
    let lived = world.everything().await;
    for name in ael_projections::NAMES {
        ael_projections::rebuild(&world.pool, world.keyring.clone(), name, &|_, _| {})
            .await
            .unwrap();
    }
    assert_eq!(lived, world.everything().await);
    world.end().await;
}
