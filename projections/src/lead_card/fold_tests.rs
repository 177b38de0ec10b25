//! What each event does to the card of a lead.

use super::fold::{Moment, apply, apply_at, present};
use crate::lead_board;
use crate::model::Unfit;
use crate::samples::{LEAD, analysed, created, facts, hour, renamed};
use ael_events::event::{
    AnalysisRequested, Assigned, Contacted, Erased, FileAttached, FilePrivate, FileRemoved,
    LeadEvent, Lost, MergedInto, MessageLogged, NoteAdded, NotePinned, NotePrivate, NoteUnpinned,
    OptionalText, OtherAbsorbed, OverriddenAdvice, Qualified, ReasonPrivate, Reopened, RolledBack,
    Transferred,
};
use ael_events::ids::{FileId, LeadId, MemberId, NoteId, SaleId};
use ael_events::private::Private;
use ael_events::query::LeadView;
use ael_events::values::{
    Channel, Contact, FileName, LostReason, MessageDirection, NoteText, ReasonText, Stage,
};
use std::collections::BTreeSet;
use uuid::Uuid;

fn fold(events: &[LeadEvent]) -> LeadView {
    let mut view = None;
    let mut row = None;
    for (sequence, event) in (1..).zip(events) {
        view = Some(apply(view, &facts(sequence), event).unwrap());
        row = Some(lead_board::apply(row, &facts(sequence), event).unwrap());
    }
    let (view, row) = (view.unwrap(), row.unwrap());
    agree(&view, &row);
    view
}

/// The list and the card never tell different things.
fn agree(view: &LeadView, row: &lead_board::BoardRow) {
    assert_eq!((view.version, view.updated_at), (row.activity.version, row.activity.updated_at));
    assert_eq!(view.message_count, row.activity.message_count);
    assert_eq!((view.stage, view.stage_since), (row.lead.stage, row.lead.stage_since));
    assert_eq!((view.owner, &view.tags), (row.lead.owner, &row.lead.tags));
    assert_eq!((&view.contact, view.erased), (&row.lead.contact, row.lead.erased));
    assert_eq!(view.business_domain, row.lead.business_domain);
    assert_eq!(
        view.analysis.as_ref().map(|one| one.ai_score),
        row.lead.advice.map(|one| one.score)
    );
    assert_eq!(view.merged_into.is_some(), row.lead.merged);
}

fn note(id: u128, text: &str) -> LeadEvent {
    LeadEvent::NoteAdded(NoteAdded {
        note_id: NoteId::from_uuid(Uuid::from_u128(id)),
        private: NotePrivate { text: NoteText::parse(text).unwrap() }.into(),
    })
}

fn lost() -> LeadEvent {
    LeadEvent::Lost(Lost {
        reason: LostReason::Other,
        private: OptionalText { text: Some(ReasonText::parse("moved away").unwrap()) }.into(),
    })
}

fn reason() -> Private<ReasonPrivate> {
    ReasonPrivate { reason: ReasonText::parse("came back by itself").unwrap() }.into()
}

#[test]
fn a_created_lead_is_new_and_nothing_else_can_begin_one() {
    let view = fold(&[created()]);
    assert_eq!((view.stage, view.version, view.created_at), (Stage::New, 1, hour(1)));
    assert_eq!(view.contact.full_name.unwrap().as_str(), "Olena");
    let early = apply(None, &facts(1), &LeadEvent::Contacted(Contacted {}));
    assert_eq!(early.unwrap_err(), Unfit::NoBeginning);
}

#[test]
fn an_event_that_is_missing_is_noticed_and_one_that_comes_again_is_not_counted() {
    let view = fold(&[created()]);
    let message = LeadEvent::MessageLogged(MessageLogged {
        count: 3,
        direction: MessageDirection::Incoming,
        channel: Channel::Email,
        private: Private::default(),
    });
    let gap = apply(Some(view.clone()), &facts(3), &message);
    assert_eq!(gap.unwrap_err(), Unfit::Gap { expected: 2, got: 3 });
    let once = apply(Some(view), &facts(2), &message).unwrap();
    let twice = apply(Some(once.clone()), &facts(2), &message).unwrap();
    assert_eq!((once.message_count, &once), (3, &twice));
}

#[test]
fn a_stage_says_since_when_and_a_lost_lead_why_until_it_is_reopened() {
    let contacted = LeadEvent::Contacted(Contacted {});
    let view = fold(&[created(), contacted.clone(), LeadEvent::Qualified(Qualified {}), lost()]);
    assert_eq!((view.stage, view.stage_since), (Stage::Lost, hour(4)));
    assert_eq!(view.lost_reason, Some(LostReason::Other));
    assert_eq!(view.lost_text.unwrap().as_str(), "moved away");
    let reopened = LeadEvent::Reopened(Reopened { private: reason() });
    let view = fold(&[created(), lost(), reopened]);
    assert_eq!((view.stage, view.lost_reason, view.lost_text), (Stage::New, None, None));
    let (from, to) = (Stage::Contacted, Stage::New);
    let back = LeadEvent::RolledBack(RolledBack { from, to, private: reason() });
    assert_eq!(fold(&[created(), contacted, back]).stage, Stage::New);
}

#[test]
fn a_transferred_lead_names_its_sale_and_the_advice_that_was_overridden() {
    let sale_id = SaleId::of(LeadId::from_uuid(LEAD));
    let overridden = Some(OverriddenAdvice::Low);
    let private = Private::default();
    let event = LeadEvent::Transferred(Transferred { sale_id, amount: None, overridden, private });
    let view = fold(&[created(), event]);
    assert_eq!((view.stage, view.sale_id), (Stage::Transferred, Some(sale_id)));
    assert_eq!(view.overridden, overridden);
}

#[test]
fn pinned_notes_are_shown_first_and_kept_in_their_order() {
    let second = NoteId::from_uuid(Uuid::from_u128(2));
    let pinned = LeadEvent::NotePinned(NotePinned { note_id: second });
    let events = [created(), note(1, "one"), note(2, "two"), note(3, "three"), pinned];
    let view = fold(&events);
    let texts = |view: &LeadView| -> Vec<String> {
        view.notes.iter().map(|note| note.text.clone().unwrap().into()).collect()
    };
    assert_eq!(texts(&view), ["one", "two", "three"]);
    assert_eq!(texts(&present(view)), ["two", "one", "three"]);
    let unpinned = LeadEvent::NoteUnpinned(NoteUnpinned { note_id: second });
    let view = fold(&[events.as_slice(), &[unpinned]].concat());
    assert_eq!(texts(&present(view)), ["one", "two", "three"]);
}

#[test]
fn a_removed_file_is_gone_and_an_asked_for_analysis_is_pending_until_it_comes() {
    let file_id = FileId::from_uuid(Uuid::from_u128(9));
    let attached = LeadEvent::FileAttached(FileAttached {
        file_id,
        size_bytes: 4,
        media_type: "text/plain".to_owned(),
        private: FilePrivate { name: FileName::parse("a.txt").unwrap() }.into(),
    });
    let view = fold(&[created(), attached.clone()]);
    assert_eq!(view.files[0].name.as_ref().unwrap().as_str(), "a.txt");
    let removed = LeadEvent::FileRemoved(FileRemoved { file_id });
    assert!(fold(&[created(), attached, removed]).files.is_empty());
    let asked = LeadEvent::AnalysisRequested(AnalysisRequested { force: false });
    assert!(fold(&[created(), asked.clone()]).analysis_pending);
    let view = fold(&[created(), asked, analysed(0.7)]);
    assert!(!view.analysis_pending && view.analysis.is_some());
}

#[test]
fn a_merge_is_seen_on_both_sides() {
    let other = LeadId::from_uuid(Uuid::from_u128(8));
    let absorbed = LeadEvent::Absorbed(OtherAbsorbed {
        other,
        business_domain: None,
        tags: BTreeSet::new(),
        message_count: 12,
        unclaimed: BTreeSet::new(),
        private: crate::samples::profile("Olena P.").into(),
    });
    let view = fold(&[created(), absorbed]);
    assert_eq!((view.absorbed.as_slice(), view.message_count), ([other].as_slice(), 12));
    let merged = fold(&[created(), LeadEvent::MergedInto(MergedInto { into: other })]);
    assert_eq!(merged.merged_into, Some(other));
}

#[test]
fn an_owner_comes_and_goes() {
    let owner = Some(MemberId::from_uuid(Uuid::from_u128(5)));
    let assigned = |owner, previous| LeadEvent::Assigned(Assigned { owner, previous, rule: None });
    assert_eq!(fold(&[created(), assigned(owner, None)]).owner, owner);
    assert_eq!(fold(&[created(), assigned(owner, None), assigned(None, owner)]).owner, None);
}

#[test]
fn nothing_personal_is_left_of_an_erased_lead_and_its_history_replays_to_the_same() {
    let open = [created(), note(1, "likes Olena"), analysed(0.7), lost(), renamed("Olena Q.")];
    let erased = LeadEvent::Erased(Erased {});
    let lived = fold(&[open.as_slice(), std::slice::from_ref(&erased)].concat());
    let text = serde_json::to_string(&lived).unwrap();
    assert!(lived.erased && !text.contains("Olena") && !text.contains("moved"), "{text}");
    assert_eq!(lived.contact, Contact::default());
    let keyless: Vec<LeadEvent> = open
        .iter()
        .chain([&erased])
        .map(|event| {
            let mut data = event.to_wire().unwrap();
            data.as_object_mut().unwrap().remove("private");
            LeadEvent::from_wire(event.wire_name(), data).unwrap()
        })
        .collect();
    assert_eq!(fold(&keyless), lived);
}

#[test]
fn a_lead_is_folded_from_those_events_alone_that_had_happened() {
    let moment = |sequence, at| Moment {
        lead: LeadId::from_uuid(LEAD),
        sequence,
        occurred_at: hour(at),
        actor: "operator",
    };
    let view = apply_at(None, &moment(1, 1), &created()).unwrap();
    let view = apply_at(Some(view), &moment(4, 2), &renamed("Olena R.")).unwrap();
    assert_eq!((view.version, view.updated_at), (4, hour(2)));
}
