//! What an event changed, before and after, and why: told by folding a lead's and its sale's own
//! events, as time travel does. Pure.

use crate::refusal::{Answered, Unanswered};
use ael_events::event::{BadEvent, Event, LeadEvent, SaleEvent};
use ael_events::ids::{FileId, LeadId, NoteId, SaleId};
use ael_events::query::{FieldChange, LeadView, SaleView};
use ael_events::values::ReasonText;
use ael_projections::model::Unfit;
use ael_projections::{lead_card, sale_board};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

/// An event of the timeline.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// As which of its events.
    pub sequence: u64,
    /// Its wire name.
    pub event_type: &'a str,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Who decided.
    pub actor: &'a str,
    /// What exactly.
    pub data: &'a Value,
}

/// What an event changed, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// The reason in words, where one was given and is still there.
    pub why: Option<String>,
}

/// A lead and its sale as far as they were told.
#[derive(Debug)]
pub struct Story {
    id: LeadId,
    lead: Option<LeadView>,
    sale: Option<SaleView>,
}

impl Story {
    /// Nothing has happened yet.
    pub const fn of(id: LeadId) -> Self {
        Self { id, lead: None, sale: None }
    }

    /// Goes on by an event.
    ///
    /// # Errors
    /// When it cannot be read or those before it are missing.
    pub fn pass(&mut self, happening: &Happening<'_>) -> Answered<()> {
        let event = read(happening)?;
        self.go_on(happening, &event)
    }

    /// Goes on by an event and says what it changed.
    ///
    /// # Errors
    /// As [`Self::pass`].
    pub fn tell(&mut self, happening: &Happening<'_>) -> Answered<Told> {
        let event = read(happening)?;
        let before = self.shown(&event);
        self.go_on(happening, &event)?;
        let after = self.shown(&event);
        let changes = before
            .into_iter()
            .zip(after)
            .filter(|((_, before), (_, after))| before != after)
            .map(|((field, before), (_, after))| FieldChange {
                field: field.to_owned(),
                before,
                after,
            })
            .collect();
        Ok(Told { changes, why: why(&event).map(|reason| reason.as_str().to_owned()) })
    }

    fn go_on(&mut self, happening: &Happening<'_>, event: &Event) -> Answered<()> {
        let unfit = Unanswered::unreadable::<Unfit>;
        let Happening { sequence, occurred_at, actor, .. } = *happening;
        match event {
            Event::Lead(event) => {
                let lead = self.id;
                let moment = lead_card::fold::Moment { lead, sequence, occurred_at, actor };
                let next = lead_card::fold::apply_at(self.lead.take(), &moment, event);
                self.lead = Some(next.map_err(unfit("an event"))?);
            }
            Event::Sale(event) => {
                let (sale, lead) = (SaleId::of(self.id), self.id);
                let moment = sale_board::Moment { sale, lead, sequence, occurred_at };
                let next = sale_board::apply_at(self.sale.take(), &moment, event);
                self.sale = Some(next.map_err(unfit("an event"))?);
            }
            Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => {}
        }
        Ok(())
    }

    /// What the event can change, as it is now: the same fields in the same order each time.
    fn shown(&self, event: &Event) -> Vec<(&'static str, Value)> {
        match event {
            Event::Lead(event) => {
                let lead = self.lead.as_ref();
                let mut fields = lead_fields(lead);
                if let Some(note) = note_of(event) {
                    let notes = lead.map(|lead| lead.notes.as_slice()).unwrap_or_default();
                    let it: Vec<_> = notes.iter().filter(|known| known.id == note).collect();
                    fields.push(("notes", value(&it)));
                }
                if let Some(file) = file_of(event) {
                    let files = lead.map(|lead| lead.files.as_slice()).unwrap_or_default();
                    let it: Vec<_> = files.iter().filter(|known| known.id == file).collect();
                    fields.push(("files", value(&it)));
                }
                fields
            }
            Event::Sale(_) => sale_fields(self.sale.as_ref()),
            Event::Workspace(_)
            | Event::Member(_)
            | Event::Invitation(_)
            | Event::Token(_)
            | Event::Advisor(_) => Vec::new(),
        }
    }
}

fn read(happening: &Happening<'_>) -> Answered<Event> {
    Event::from_wire(happening.event_type, happening.data.clone())
        .map_err(Unanswered::unreadable::<BadEvent>("an event"))
}

fn value(it: impl Serialize) -> Value {
    // What cannot be written as JSON is in no view.
    serde_json::to_value(it).unwrap_or_default()
}

/// Everything of a lead but its notes and files, of which there may be very many.
fn lead_fields(lead: Option<&LeadView>) -> Vec<(&'static str, Value)> {
    let contact = lead.map(|lead| &lead.contact);
    let analysis = lead.and_then(|lead| lead.analysis.as_ref());
    let list = |list: Option<Value>| list.unwrap_or_else(|| json!([]));
    vec![
        ("stage", value(lead.map(|lead| lead.stage))),
        ("source", value(lead.map(|lead| lead.source))),
        ("business_domain", value(lead.map(|lead| &lead.business_domain))),
        ("owner", value(lead.map(|lead| lead.owner))),
        ("full_name", value(contact.map(|contact| &contact.full_name))),
        ("company", value(contact.map(|contact| &contact.company))),
        ("position", value(contact.map(|contact| &contact.position))),
        ("email", value(contact.map(|contact| &contact.email))),
        ("phone", value(contact.map(|contact| &contact.phone))),
        ("telegram", value(contact.map(|contact| &contact.telegram))),
        ("intent", value(lead.map(|lead| &lead.intent))),
        ("budget", value(lead.map(|lead| &lead.budget))),
        ("pain_points", list(lead.map(|lead| value(&lead.pain_points)))),
        ("tags", list(lead.map(|lead| value(&lead.tags)))),
        ("message_count", value(lead.map_or(0, |lead| lead.message_count))),
        ("analysis_pending", value(lead.is_some_and(|lead| lead.analysis_pending))),
        ("ai_score", value(analysis.map(|analysis| analysis.ai_score))),
        ("ai_recommendation", value(analysis.map(|analysis| analysis.ai_recommendation))),
        ("ai_reason", value(analysis.map(|analysis| &analysis.ai_reason))),
        ("last_ai_analysis_at", value(analysis.map(|analysis| analysis.last_ai_analysis_at))),
        ("lost_reason", value(lead.map(|lead| lead.lost_reason))),
        ("lost_text", value(lead.map(|lead| &lead.lost_text))),
        ("sale_id", value(lead.map(|lead| lead.sale_id))),
        ("overridden", value(lead.map(|lead| lead.overridden))),
        ("merged_into", value(lead.map(|lead| lead.merged_into))),
        ("absorbed", list(lead.map(|lead| value(&lead.absorbed)))),
        ("imported", value(lead.is_some_and(|lead| lead.imported))),
        ("attributes", lead.map_or_else(|| json!({}), |lead| value(&lead.attributes))),
        ("erased", value(lead.is_some_and(|lead| lead.erased))),
    ]
}

fn sale_fields(sale: Option<&SaleView>) -> Vec<(&'static str, Value)> {
    vec![
        ("stage", value(sale.map(|sale| sale.stage))),
        ("amount", value(sale.map(|sale| sale.amount))),
        ("lost_reason", value(sale.map(|sale| sale.lost_reason))),
        ("lost_text", value(sale.map(|sale| &sale.lost_text))),
        ("imported", value(sale.is_some_and(|sale| sale.imported))),
    ]
}

/// The note that an event is about.
const fn note_of(event: &LeadEvent) -> Option<NoteId> {
    match event {
        LeadEvent::NoteAdded(event) => Some(event.note_id),
        LeadEvent::NotePinned(event) => Some(event.note_id),
        LeadEvent::NoteUnpinned(event) => Some(event.note_id),
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::Analysed(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => None,
    }
}

/// The file that an event is about.
const fn file_of(event: &LeadEvent) -> Option<FileId> {
    match event {
        LeadEvent::FileAttached(event) => Some(event.file_id),
        LeadEvent::FileRemoved(event) => Some(event.file_id),
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::Transferred(_)
        | LeadEvent::Lost(_)
        | LeadEvent::RolledBack(_)
        | LeadEvent::Reopened(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::Analysed(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => None,
    }
}

/// The words in which an event gives its reason, while they are there.
#[must_use]
pub fn why(event: &Event) -> Option<&ReasonText> {
    match event {
        Event::Lead(event) => why_of_lead(event),
        Event::Sale(SaleEvent::Lost(event)) => event.private.open()?.text.as_ref(),
        Event::Sale(
            SaleEvent::Opened(_)
            | SaleEvent::KycStarted(_)
            | SaleEvent::AgreementStarted(_)
            | SaleEvent::Paid(_)
            | SaleEvent::AmountSet(_),
        )
        | Event::Workspace(_)
        | Event::Member(_)
        | Event::Invitation(_)
        | Event::Token(_)
        | Event::Advisor(_) => None,
    }
}

fn why_of_lead(event: &LeadEvent) -> Option<&ReasonText> {
    match event {
        LeadEvent::Transferred(event) => event.private.open()?.text.as_ref(),
        LeadEvent::Lost(event) => event.private.open()?.text.as_ref(),
        LeadEvent::RolledBack(event) => Some(&event.private.open()?.reason),
        LeadEvent::Reopened(event) => Some(&event.private.open()?.reason),
        LeadEvent::Analysed(event) => Some(&event.private.open()?.reason),
        LeadEvent::Created(_)
        | LeadEvent::Imported(_)
        | LeadEvent::DetailsEdited(_)
        | LeadEvent::Assigned(_)
        | LeadEvent::Contacted(_)
        | LeadEvent::Qualified(_)
        | LeadEvent::MessageLogged(_)
        | LeadEvent::NoteAdded(_)
        | LeadEvent::NotePinned(_)
        | LeadEvent::NoteUnpinned(_)
        | LeadEvent::FileAttached(_)
        | LeadEvent::FileRemoved(_)
        | LeadEvent::AnalysisRequested(_)
        | LeadEvent::MergedInto(_)
        | LeadEvent::Absorbed(_)
        | LeadEvent::Erased(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::event::{
        Created, LeadProfile, NoteAdded, NotePinned, NotePrivate, Opened, OptionalText, Paid,
        ReasonPrivate, RolledBack, SaleLost,
    };
    use ael_events::private::Private;
    use ael_events::values::{Contact, LostReason, Money, Source, Stage};
    use std::collections::BTreeSet;

    /// Tells events of a lead and its sale one after another.
    struct Teller(Story, u64);

    impl Teller {
        fn new() -> Self {
            Self(Story::of(LeadId::generate()), 0)
        }

        fn tell(&mut self, event: &Event) -> Told {
            self.1 += 1;
            let (event_type, data) = (event.event_type(), event.to_wire().unwrap());
            let (occurred_at, actor, data) = (DateTime::UNIX_EPOCH, "operator", &data);
            let happening = Happening { sequence: self.1, event_type, occurred_at, actor, data };
            self.0.tell(&happening).unwrap()
        }
    }

    fn lines(told: &Told) -> Vec<String> {
        let line = |one: &FieldChange| format!("{}: {} → {}", one.field, one.before, one.after);
        told.changes.iter().map(line).collect()
    }

    fn lead(event: LeadEvent) -> Event {
        Event::Lead(Box::new(event))
    }

    fn created(private: Private<LeadProfile>) -> Event {
        lead(LeadEvent::Created(Created {
            source: Source::Partner,
            business_domain: None,
            owner: None,
            tags: BTreeSet::from(["vip".parse().unwrap()]),
            duplicate_of: None,
            unclaimed: BTreeSet::new(),
            private,
        }))
    }

    fn olena() -> Private<LeadProfile> {
        let full_name = Some("Olena".parse().unwrap());
        let contact = Contact { full_name, ..Contact::default() };
        LeadProfile { contact, ..LeadProfile::default() }.into()
    }

    #[test]
    fn a_beginning_is_told_by_what_is_there_since() {
        let told = Teller::new().tell(&created(olena()));
        let expected = [
            "stage: null → \"new\"",
            "source: null → \"partner\"",
            "full_name: null → \"Olena\"",
            "tags: [] → [\"vip\"]",
        ];
        assert_eq!(lines(&told), expected);
        assert_eq!(told.why, None);
        let erased = Teller::new().tell(&created(Private::Erased));
        assert!(!lines(&erased).concat().contains("full_name"), "what was erased is not told");
    }

    #[test]
    fn a_note_is_told_when_it_comes_and_when_it_is_pinned_and_no_other_with_it() {
        let mut teller = Teller::new();
        teller.tell(&created(olena()));
        let note = |text: &str| NoteAdded {
            note_id: NoteId::generate(),
            private: NotePrivate { text: text.parse().unwrap() }.into(),
        };
        teller.tell(&lead(LeadEvent::NoteAdded(note("the first"))));
        let second = note("the second");
        let note_id = second.note_id;
        let told = teller.tell(&lead(LeadEvent::NoteAdded(second)));
        let [change] = told.changes.as_slice() else { panic!("{:?}", lines(&told)) };
        assert_eq!((change.field.as_str(), &change.before), ("notes", &json!([])));
        assert_eq!(change.after[0]["text"], "the second");
        let told = teller.tell(&lead(LeadEvent::NotePinned(NotePinned { note_id })));
        let [change] = told.changes.as_slice() else { panic!("{:?}", lines(&told)) };
        let pinned = |notes: &Value| notes[0]["pinned"].clone();
        assert_eq!((pinned(&change.before), pinned(&change.after)), (json!(false), json!(true)));
    }

    #[test]
    fn a_reason_is_told_while_it_is_there() {
        let mut teller = Teller::new();
        teller.tell(&created(olena()));
        let back = |private| {
            let (from, to) = (Stage::Contacted, Stage::New);
            lead(LeadEvent::RolledBack(RolledBack { from, to, private }))
        };
        let reason = ReasonPrivate { reason: "a wrong number".parse().unwrap() };
        let told = teller.tell(&back(reason.into()));
        assert_eq!(told.why.as_deref(), Some("a wrong number"));
        assert_eq!(teller.tell(&back(Private::Erased)).why, None);
    }

    #[test]
    fn a_sale_is_told_by_its_stage_its_amount_and_why_it_was_lost() {
        let mut teller = Teller::new();
        teller.tell(&created(olena()));
        let uah = |minor| Money::new(minor, "UAH".parse().unwrap()).unwrap();
        let opened = Opened { lead_id: teller.0.id, amount: Some(uah(500)), imported: false };
        let told = teller.tell(&Event::Sale(SaleEvent::Opened(opened)));
        let amount = "{\"amount_minor\":500,\"currency\":\"UAH\"}";
        let expected = [format!("amount: null → {amount}"), "stage: null → \"new\"".to_owned()];
        assert_eq!(BTreeSet::from_iter(lines(&told)), BTreeSet::from(expected));
        let paid = Paid { amount: Some(uah(600)) };
        let told = teller.tell(&Event::Sale(SaleEvent::Paid(paid)));
        assert_eq!(lines(&told)[0], "stage: \"new\" → \"paid\"");
        assert_eq!(lines(&told)[1], format!("amount: {amount} → {}", amount.replace('5', "6")));
        let text = OptionalText { text: Some("moved away".parse().unwrap()) };
        let lost = SaleLost { reason: LostReason::Other, private: text.into() };
        let told = teller.tell(&Event::Sale(SaleEvent::Lost(lost)));
        assert_eq!(told.why.as_deref(), Some("moved away"));
        assert!(lines(&told).contains(&"lost_reason: null → \"other\"".to_owned()));
    }

    #[test]
    fn what_has_no_beginning_is_not_made_up() {
        let pinned = lead(LeadEvent::NotePinned(NotePinned { note_id: NoteId::generate() }));
        let (event_type, data) = (pinned.event_type(), pinned.to_wire().unwrap());
        let happening = Happening {
            sequence: 2,
            event_type,
            occurred_at: DateTime::UNIX_EPOCH,
            actor: "operator",
            data: &data,
        };
        let mut story = Story::of(LeadId::generate());
        assert!(matches!(story.tell(&happening), Err(Unanswered::Unreadable { .. })));
    }
}
