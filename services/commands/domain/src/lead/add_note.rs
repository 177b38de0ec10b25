//! Write a note on a lead.

use super::{Lead, LeadRejection};
use ael_events::command::AddNote;
use ael_events::event::{LeadEvent, NoteAdded, NotePrivate};
use ael_events::private::Private;

pub(super) fn decide(lead: &Lead, command: AddNote) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let AddNote { note_id, text } = command;
    if lead.notes.contains_key(&note_id) {
        return Err(LeadRejection::NoteExists { note_id });
    }
    let private = Private::Open(NotePrivate { text });
    Ok(vec![LeadEvent::NoteAdded(NoteAdded { note_id, private })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, captured_unowned, given, note_id};
    use crate::testing::{AGENT, OTHER_AGENT};
    use crate::who_may::Forbidden;

    fn note(number: u128) -> AddNote {
        AddNote { note_id: note_id(number), text: "likes tea".parse().unwrap() }
    }

    #[test]
    fn a_note_is_written_once() {
        let events = given([captured()]).when(AGENT, note(1)).then_events();
        let past: Vec<_> = [captured()].into_iter().chain(events).collect();
        given(past.clone()).when(AGENT, note(2)).then_events();
        given(past)
            .when(AGENT, note(1))
            .then_refused(LeadRejection::NoteExists { note_id: note_id(1) });
    }

    #[test]
    fn an_agent_writes_on_their_own_leads_and_on_nobodys() {
        given([captured_unowned()]).when(OTHER_AGENT, note(1)).then_events();
        given([captured()]).when(OTHER_AGENT, note(1)).then_refused(Forbidden::NotYours);
    }
}
