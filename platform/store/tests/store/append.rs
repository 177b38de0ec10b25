//! An append: what it keeps, and every rule that can refuse it.

use crate::support::{World, contacted, created, event, note, stream};
use ael_events::answer::{CommandAnswer, Rejected};
use ael_events::ids::{CommandId, LeadId, MemberId, SaleId};
use ael_events::values::{AggregateKind, Role, Scope};
use ael_seal::ContactKind;
use ael_store::{
    AppendError, Claim, ClaimRelease, Credential, CredentialKind, CredentialRef, DbRole,
    EventWriter, Principal, StreamAppend, WriterOptions, auth,
};
use serde_json::json;

#[tokio::test]
async fn what_was_appended_is_loaded_in_the_open() {
    let world = World::new().await;
    let lead = LeadId::generate();
    let append = world.lead(lead, 0, vec![created("Olena Petrenko"), contacted()]);
    let appended = world.writer.append(append).await.unwrap();
    assert_eq!(appended.version, 2);
    assert_eq!(appended.streams[0].orders.len(), 2);
    assert_eq!(appended.position.unwrap().order, appended.streams[0].orders[1]);

    let loaded = world.load(lead).await.unwrap();
    assert_eq!(loaded.version, 2);
    assert_eq!(loaded.events[0].data["private"]["contact"]["full_name"], "Olena Petrenko");
    assert_eq!(loaded.events[1].event_type, "lead.contacted.v1");
    assert_eq!(loaded.events[1].metadata().unwrap().data_subject, lead.uuid());
    assert_eq!(world.load(LeadId::generate()).await.unwrap().version, 0);
}

#[tokio::test]
async fn of_two_who_decided_on_the_same_version_one_has_to_decide_again() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let (one, two) = tokio::join!(world.add_note(lead, 1), world.add_note(lead, 1));
    let conflicts = [&one, &two]
        .iter()
        .filter(|outcome| matches!(outcome, Err(AppendError::VersionConflict)))
        .count();
    assert_eq!(conflicts, 1, "{one:?} {two:?}");
    assert_eq!(world.version(lead).await, 2);
    assert!(world.add_note(lead, 2).await.is_ok());
}

#[tokio::test]
async fn no_event_follows_a_gap() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let late = world.writer.append(world.lead(lead, 6, vec![contacted()])).await;
    assert!(matches!(late, Err(AppendError::VersionConflict)), "{late:?}");
    assert_eq!(world.version(lead).await, 1);
}

#[tokio::test]
async fn asking_twice_gives_the_first_answer_again() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let append = world.lead(lead, 1, vec![contacted()]);
    let command = append.meta.command_id;
    let first = world.writer.append(append.clone()).await.unwrap();

    // The same command again, decided on the old version or on the new one.
    for expected_version in [1, 2] {
        let mut again = append.clone();
        again.streams = vec![stream(lead, expected_version, vec![contacted()])];
        let Err(AppendError::AlreadyAnswered(stored)) = world.writer.append(again).await else {
            panic!("the command was carried out twice");
        };
        assert!(stored.matches(&[7; 32]) && !stored.matches(&[8; 32]));
        let CommandAnswer::Accepted(accepted) = stored.answer else { panic!("rejected") };
        assert_eq!(accepted.position, first.position);
        assert_eq!((accepted.version, accepted.repeated), (2, true));
    }
    assert_eq!(world.version(lead).await, 2);
    let found = world.writer.find_answer(world.workspace, "operator", command).await.unwrap();
    assert!(found.is_some());
    let other = world.writer.find_answer(world.workspace, "member:1", command).await.unwrap();
    assert!(other.is_none(), "another principal's command ids are its own");
}

#[tokio::test]
async fn a_rejection_is_remembered_and_never_replaces_an_acceptance() {
    let world = World::new().await;
    let (writer, workspace) = (&world.writer, world.workspace);
    let rejected = Rejected::new("not_qualified", "The lead is not qualified.");
    let command = CommandId::generate();
    let reject = || writer.record_rejection(workspace, "operator", command, [1; 32], &rejected);
    assert_eq!(reject().await.unwrap(), None);
    let again = reject().await.unwrap().unwrap();
    assert_eq!(again.answer, CommandAnswer::Rejected(rejected.clone()));

    let lead = LeadId::generate();
    let append = world.lead(lead, 0, vec![created("Olena")]);
    let id = append.meta.command_id;
    writer.append(append).await.unwrap();
    let late = writer.record_rejection(workspace, "operator", id, [7; 32], &rejected).await;
    assert!(matches!(late.unwrap().unwrap().answer, CommandAnswer::Accepted(_)));
}

#[tokio::test]
async fn an_expired_rejection_makes_room_and_is_purged() {
    let world = World::new().await;
    let (writer, workspace) = (&world.writer, world.workspace);
    let rejected = Rejected::new("no", "No.");
    let append = world.lead(LeadId::generate(), 0, vec![created("Olena")]);
    for command in [append.meta.command_id, CommandId::generate()] {
        let none = writer.record_rejection(workspace, "operator", command, [1; 32], &rejected);
        assert_eq!(none.await.unwrap(), None);
    }
    let refused = writer.append(append.clone()).await;
    assert!(matches!(refused, Err(AppendError::AlreadyAnswered(_))), "{refused:?}");
    let superuser = world.superuser().await;
    let expire = "UPDATE write.commands SET expires_at = now() - interval '1 second'";
    sqlx::query(expire).execute(&superuser).await.unwrap();
    let found = writer.find_answer(workspace, "operator", append.meta.command_id).await;
    assert_eq!(found.unwrap(), None);
    writer.append(append).await.unwrap();
    assert_eq!(writer.purge_expired_rejections().await.unwrap(), 1);
    assert_eq!(writer.purge_expired_rejections().await.unwrap(), 0);
}

#[tokio::test]
async fn an_accepted_command_without_events_is_answered_too() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let append = world.lead(lead, 1, vec![]);
    let appended = world.writer.append(append.clone()).await.unwrap();
    assert_eq!((appended.version, appended.position), (1, None));
    let again = world.writer.append(append).await;
    assert!(matches!(again, Err(AppendError::AlreadyAnswered(_))), "{again:?}");
}

fn claim(lead: LeadId, value: u8) -> Claim {
    Claim { kind: ContactKind::Email, hmac: [value; 32], lead, if_free: false }
}

#[tokio::test]
async fn a_contact_belongs_to_one_lead_until_it_is_released() {
    let world = World::new().await;
    let (one, two) = (LeadId::generate(), LeadId::generate());
    let mut first = world.lead(one, 0, vec![created("Olena")]);
    first.claims_taken = vec![claim(one, 1)];
    world.writer.append(first).await.unwrap();

    let mut second = world.lead(two, 0, vec![created("Olena again")]);
    second.claims_taken = vec![claim(two, 2), claim(two, 1)];
    let refused = world.writer.append(second.clone()).await;
    let Err(AppendError::ContactTaken { kind, holder }) = refused else { panic!("{refused:?}") };
    assert_eq!((kind, holder), (ContactKind::Email, one));
    assert_eq!(world.version(two).await, 0, "nothing of it was kept");

    // Taking again what is one's own is no violation; a permitted duplicate goes without.
    let mut own = world.lead(one, 1, vec![contacted()]);
    own.claims_taken = vec![claim(one, 1)];
    world.writer.append(own).await.unwrap();
    second.claims_taken[1].if_free = true;
    world.writer.append(second).await.unwrap();
    let holder = |value| world.writer.claim_holder(world.workspace, ContactKind::Email, value);
    assert_eq!(holder(&[1; 32]).await.unwrap(), Some(one));
    assert_eq!(holder(&[2; 32]).await.unwrap(), Some(two));

    // An edit of one releases the contact; in the same append it may take another.
    let mut edit = world.lead(one, 2, vec![contacted()]);
    edit.claims_released = vec![ClaimRelease { lead: one, kind: Some(ContactKind::Email) }];
    edit.claims_taken = vec![claim(one, 3)];
    world.writer.append(edit).await.unwrap();
    assert_eq!(holder(&[1; 32]).await.unwrap(), None);
    assert_eq!(holder(&[3; 32]).await.unwrap(), Some(one));
}

#[tokio::test]
async fn a_merge_writes_to_both_leads_and_hands_the_contacts_over() {
    let world = World::new().await;
    let (winner, loser) = (LeadId::generate(), LeadId::generate());
    world.create(winner).await.unwrap();
    let mut create = world.lead(loser, 0, vec![created("Olena")]);
    create.claims_taken = vec![claim(loser, 1)];
    world.writer.append(create).await.unwrap();

    let into = event("lead.merged_into.v1", json!({ "into": winner }));
    let mut merge = world.lead(winner, 1, vec![note("has it all now")]);
    merge.streams.push(stream(loser, 1, vec![into]));
    merge.claims_released = vec![ClaimRelease { lead: loser, kind: None }];
    merge.claims_taken = vec![claim(winner, 1)];
    let merged = world.writer.append(merge).await.unwrap();
    assert_eq!(merged.streams.len(), 2);
    assert_eq!((world.version(winner).await, world.version(loser).await), (2, 2));
    let holder = world.writer.claim_holder(world.workspace, ContactKind::Email, &[1; 32]).await;
    assert_eq!(holder.unwrap(), Some(winner));

    // If one of both has changed, neither is written.
    let mut stale = world.lead(winner, 2, vec![note("too late")]);
    stale.streams.push(stream(loser, 1, vec![contacted()]));
    let refused = world.writer.append(stale).await;
    assert!(matches!(refused, Err(AppendError::VersionConflict)), "{refused:?}");
    assert_eq!(world.version(winner).await, 2);
}

fn sale(lead: LeadId, expected_version: u64) -> StreamAppend {
    let private = json!({ "reason": "they asked for time" });
    StreamAppend {
        aggregate: AggregateKind::Sale,
        aggregate_id: SaleId::of(lead).uuid(),
        data_subject: lead.uuid(),
        expected_version,
        events: vec![event("sale.lost.v1", json!({ "private": private }))],
    }
}

#[tokio::test]
async fn nothing_is_sealed_with_a_destroyed_key() {
    let world = World::new().await;
    let lead = LeadId::generate();
    world.create(lead).await.unwrap();
    let mut open = world.empty();
    open.streams.push(sale(lead, 0));
    world.writer.append(open).await.unwrap();

    let mut erase = world.lead(lead, 1, vec![event("lead.erased.v1", json!({}))]);
    erase.destroy_keys = vec![lead.uuid()];
    // Another copy of the service has the key in its memory and does not know of the erasure.
    let url = world.database.url(DbRole::Commands).unwrap();
    let (keyring, options) = (world.keyring.clone(), WriterOptions::default());
    let other = EventWriter::connect(&url, keyring, options).await.unwrap();
    other.load(world.workspace, AggregateKind::Lead, lead.uuid(), 1).await.unwrap();
    world.writer.append(erase).await.unwrap();

    for writer in [&world.writer, &other] {
        let mut more = world.empty();
        more.streams.push(sale(lead, 1));
        let refused = writer.append(more).await;
        assert!(matches!(refused, Err(AppendError::KeyDestroyed)), "{refused:?}");
    }
    // What needs no key goes on.
    world.writer.append(world.lead(lead, 2, vec![contacted()])).await.unwrap();
}

#[tokio::test]
async fn an_older_version_of_a_member_never_wins_and_the_last_admin_stays() {
    let world = World::new().await;
    let (one, two) = (MemberId::generate(), MemberId::generate());
    let keep = |member, role, active, version| {
        let mut append = world.empty();
        append.principals = vec![Principal { member, role, active, version }];
        world.writer.append(append)
    };
    let pool = world.writer.read_pool();
    let role_of = |member| async move {
        auth::principal(pool, world.workspace, member).await.unwrap().unwrap().role
    };
    keep(one, Role::Admin, true, 1).await.unwrap();
    keep(two, Role::Manager, true, 5).await.unwrap();
    keep(two, Role::Agent, true, 4).await.unwrap();
    assert_eq!(role_of(two).await, Role::Manager);

    for refused in [keep(one, Role::Agent, true, 2).await, keep(one, Role::Admin, false, 2).await] {
        assert!(matches!(refused, Err(AppendError::LastAdmin)), "{refused:?}");
    }
    keep(two, Role::Admin, true, 6).await.unwrap();
    keep(one, Role::Agent, true, 2).await.unwrap();
    assert_eq!(role_of(one).await, Role::Agent);
    let nobody = auth::principal(pool, world.workspace, MemberId::generate()).await.unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn a_credential_belongs_to_one_member_of_a_workspace() {
    let mut world = World::new().await;
    let (one, two) = (MemberId::generate(), MemberId::generate());
    let telegram = |member| Credential {
        kind: CredentialKind::Telegram,
        lookup: "4711".to_owned(),
        member,
        secret_hash: None,
        scopes: vec![Scope::LeadsRead],
        expires_at: None,
        made_with: None,
    };
    let put = |world: &World, member| {
        let mut append = world.empty();
        append.credentials = vec![telegram(member)];
        append
    };
    let (first, workspace) = (put(&world, one), world.workspace);
    world.writer.append(first.clone()).await.unwrap();
    world.writer.append(first).await.unwrap();
    let taken = world.writer.append(put(&world, two)).await;
    assert!(matches!(taken, Err(AppendError::CredentialTaken)), "{taken:?}");

    let pool = world.writer.read_pool().clone();
    let found = auth::credential(&pool, CredentialKind::Telegram, "4711", workspace).await;
    assert_eq!(found.unwrap(), Some(telegram(one)));

    world.workspace = ael_events::ids::WorkspaceId::generate();
    world.writer.append(put(&world, two)).await.unwrap();
    let queries = world.pool(DbRole::Queries).await;
    let known = auth::workspaces_of(&queries, CredentialKind::Telegram, "4711").await.unwrap();
    assert_eq!(known.len(), 2);

    let mut unlink = world.empty();
    let lookup = "4711".to_owned();
    unlink.credentials_removed = vec![CredentialRef { kind: CredentialKind::Telegram, lookup }];
    world.writer.append(unlink).await.unwrap();
    let known = auth::workspaces_of(&queries, CredentialKind::Telegram, "4711").await.unwrap();
    assert_eq!(known, [(workspace, one)]);
}
