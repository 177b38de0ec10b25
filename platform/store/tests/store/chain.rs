//! The hash chain names what was done to history.

use crate::support::{World, contacted, created};
use ael_events::ids::{LeadId, WorkspaceId};
use ael_events::order::Order;
use ael_store::{Chain, ChainFault, ChainHead, DbRole, SettledReader, StoreError};

struct Chained {
    world: World,
    chain: Chain,
    reader: SettledReader,
    lead: LeadId,
    orders: Vec<Order>,
}

/// Nine events of one workspace (and some of another), chained in batches of four.
async fn chained() -> Chained {
    let world = World::new().await;
    let (chain, reader) = (Chain::new(world.pool(DbRole::Relay).await), world.reader().await);
    let lead = LeadId::generate();
    world.writer.append(world.lead(lead, 0, vec![created("Olena")])).await.unwrap();
    for version in 1..9 {
        world.writer.append(world.lead(lead, version, vec![contacted()])).await.unwrap();
        let mut other = world.lead(LeadId::generate(), 0, vec![created("Petro")]);
        other.workspace = WorkspaceId::from_uuid(uuid::Uuid::from_u128(5));
        world.writer.append(other).await.unwrap();
    }
    world.settled(17).await;
    extend_all(&chain, &reader, 4).await;
    let kind = ael_events::values::AggregateKind::Lead;
    let id = lead.uuid();
    let events = reader.aggregate_events(world.workspace, kind, id, 0, 100).await.unwrap();
    let orders = events.iter().map(|event| event.order).collect();
    Chained { world, chain, reader, lead, orders }
}

async fn extend_all(chain: &Chain, reader: &SettledReader, batch: u32) {
    let mut after = Order::START;
    loop {
        let events = reader.settled_after(after, batch).await.unwrap();
        let Some(last) = events.last() else { break };
        let heads = chain.extend(after, &events).await.unwrap();
        assert!(heads.contains_key(&last.event.workspace));
        after = last.event.order;
    }
}

impl Chained {
    async fn tamper(&self, statement: &str) {
        let mut superuser = self.world.superuser().await.acquire().await.unwrap();
        let script = format!("SET session_replication_role = replica; {statement}");
        sqlx::raw_sql(&script).execute(&mut *superuser).await.unwrap();
    }

    async fn faults(&self, kept: Option<&ChainHead>) -> Vec<ChainFault> {
        self.chain.verify(self.world.workspace, kept).await.unwrap()
    }

    async fn head(&self) -> ChainHead {
        self.chain.head(self.world.workspace).await.unwrap().unwrap()
    }

    fn event(&self, sequence: u64) -> String {
        format!("lead/{} event {sequence}", self.lead)
    }
}

#[tokio::test]
async fn an_untouched_history_has_no_fault_and_chaining_again_changes_nothing() {
    let chained = chained().await;
    let head = chained.head().await;
    assert_eq!(head.to_string().parse::<ChainHead>().unwrap(), head);
    assert_eq!(chained.faults(Some(&head)).await, []);
    extend_all(&chained.chain, &chained.reader, 3).await;
    assert_eq!(chained.head().await, head);
    let owner = Chain::new(chained.world.pool(DbRole::Owner).await);
    assert_eq!(owner.verify(chained.world.workspace, Some(&head)).await.unwrap(), []);
}

#[tokio::test]
async fn a_chain_that_is_behind_is_mended_before_it_goes_on() {
    let chained = chained().await;
    let before = chained.head().await;
    chained.world.add_note(chained.lead, 9).await.unwrap();
    chained.world.settled(18).await;
    let published = chained.reader.head().await.unwrap();
    chained.world.add_note(chained.lead, 10).await.unwrap();
    chained.world.settled(19).await;
    // The batch after `published` comes; the one before it never did.
    let batch = chained.reader.settled_after(published, 10).await.unwrap();
    chained.chain.extend(published, &batch).await.unwrap();
    assert_eq!(chained.head().await.number, before.number + 2);
    assert_eq!(chained.faults(Some(&before)).await, []);
}

#[tokio::test]
async fn two_who_extend_at_once_are_told() {
    let chained = chained().await;
    for version in 9..12_usize {
        chained.world.add_note(chained.lead, version as u64).await.unwrap();
        chained.world.settled(9 + version).await;
        let after = *chained.orders.last().unwrap();
        let batch = chained.reader.settled_after(after, 10).await.unwrap();
        let (one, two) =
            tokio::join!(chained.chain.extend(after, &batch), chained.chain.extend(after, &batch));
        let fine = |outcome: Result<_, StoreError>| match outcome {
            Ok(_) | Err(StoreError::AnotherChainer) => true,
            Err(_) => false,
        };
        assert!(fine(one) && fine(two));
    }
    assert_eq!(chained.faults(None).await, []);
}

#[tokio::test]
async fn a_changed_event_is_named() {
    let chained = chained().await;
    chained.tamper("UPDATE write.events SET payload = '{\"was\": 1}' WHERE sequence = 4").await;
    let faults = chained.faults(None).await;
    let [ChainFault::Changed { row }] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(row.event, chained.event(4));
    assert_eq!(row.order, chained.orders[3]);
}

#[tokio::test]
async fn who_decided_and_when_cannot_be_changed_either() {
    let chained = chained().await;
    for change in ["metadata = '{}'", "\"timestamp\" = now()", "event_type = 'lead.lost.v1'"] {
        chained.tamper(&format!("UPDATE write.events SET {change} WHERE sequence = 2")).await;
        let faults = chained.faults(None).await;
        assert!(matches!(faults[..], [ChainFault::Changed { .. }]), "{change}: {faults:?}");
    }
}

#[tokio::test]
async fn a_deleted_event_is_named_by_its_place() {
    let chained = chained().await;
    chained.tamper("DELETE FROM write.events WHERE sequence = 5").await;
    assert_eq!(chained.faults(None).await, [ChainFault::Deleted { order: chained.orders[4] }]);
}

#[tokio::test]
async fn an_event_that_was_put_in_is_named() {
    let chained = chained().await;
    chained
        .tamper(
            "INSERT INTO write.events SELECT workspace, aggregate_type, aggregate_id, 77,
                event_type, event_version, payload, metadata, \"timestamp\", gen_random_uuid(),
                lane, incarnation, xid, 1000000 FROM write.events WHERE sequence = 3",
        )
        .await;
    let faults = chained.faults(None).await;
    let [ChainFault::Inserted { row }] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(row.event, chained.event(77));
}

#[tokio::test]
async fn two_events_that_changed_places_are_named() {
    let chained = chained().await;
    let (one, two) = (chained.orders[2], chained.orders[6]);
    let swap = |from: Order, to: Order, sequence| {
        format!(
            "UPDATE write.events SET xid = '{}'::xid8, position = {} WHERE position = {} AND \
             sequence = {sequence}",
            to.xid, to.position, from.position
        )
    };
    chained.tamper("DROP INDEX write.events_settled").await;
    chained.tamper(&swap(one, two, 3)).await;
    chained.tamper(&swap(two, one, 7)).await;
    let faults = chained.faults(None).await;
    assert_eq!(faults.len(), 2, "{faults:?}");
    for (fault, (was, sequence)) in faults.iter().zip([(one, 3), (two, 7)]) {
        let ChainFault::Reordered { row, was: found } = fault else { panic!("{fault:?}") };
        assert_eq!((found, &row.event), (&was, &chained.event(sequence)));
    }
}

#[tokio::test]
async fn a_history_that_was_cut_off_shows_against_a_head_that_was_kept() {
    let chained = chained().await;
    let kept = chained.head().await;
    let last = chained.orders.last().unwrap().position;
    chained.tamper(&format!("DELETE FROM write.events WHERE position >= {last}")).await;
    let faults = chained.faults(None).await;
    assert!(matches!(faults[..], [ChainFault::Deleted { .. }]), "{faults:?}");
    // With its link gone too, history agrees with itself; the kept head tells.
    chained.tamper(&format!("DELETE FROM write.chain WHERE number = {}", kept.number)).await;
    let shorter = chained.faults(None).await;
    assert!(shorter.is_empty() || matches!(shorter[..], [ChainFault::Deleted { .. }]));
    let faults = chained.faults(Some(&kept)).await;
    let cut = ChainFault::Truncated { kept: kept.number, found: kept.number - 1 };
    assert!(faults.contains(&cut), "{faults:?}");
}

#[tokio::test]
async fn a_forged_chain_shows_too() {
    let chained = chained().await;
    let kept = chained.head().await;
    chained.tamper("UPDATE write.chain SET head = sha256('mine') WHERE number = 2").await;
    let faults = chained.faults(None).await;
    assert!(faults.contains(&ChainFault::LinkChanged { number: 2 }), "{faults:?}");
    chained.tamper("DELETE FROM write.chain WHERE number = 2").await;
    let faults = chained.faults(None).await;
    assert!(faults.contains(&ChainFault::LinkMissing { number: 2 }), "{faults:?}");

    // Even one that agrees with itself, made anew over a changed history.
    chained.tamper("UPDATE write.events SET payload = '{}'").await;
    chained.tamper("DELETE FROM write.chain").await;
    extend_all(&chained.chain, &chained.reader, 4).await;
    assert_eq!(chained.faults(None).await, []);
    let faults = chained.faults(Some(&kept)).await;
    assert_eq!(faults, [ChainFault::Rewritten { number: kept.number }]);
}

#[tokio::test]
async fn links_that_were_taken_away_show_without_a_head_once_their_events_are_a_minute_old() {
    let history = chained().await;
    history.tamper("DELETE FROM write.chain").await;
    assert_eq!(history.faults(None).await, [], "the relay may still be about to chain them");
    history
        .tamper("UPDATE write.events SET \"timestamp\" = \"timestamp\" - interval '2 minutes'")
        .await;
    let faults = history.faults(None).await;
    let [ChainFault::Unchained { row }] = faults.as_slice() else { panic!("{faults:?}") };
    assert_eq!(row.event, history.event(1));
}
