//! Put a note on top.

use super::{Lead, LeadRejection};
use ael_events::command::PinNote;
use ael_events::event::{LeadEvent, NotePinned};

pub(super) fn decide(lead: &Lead, command: &PinNote) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let note_id = command.note_id;
    match lead.notes.get(&note_id) {
        None => Err(LeadRejection::NoSuchNote { note_id }),
        Some(true) => Ok(Vec::new()),
        Some(false) => Ok(vec![LeadEvent::NotePinned(NotePinned { note_id })]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, given, note_id};
    use crate::testing::AGENT;
    use ael_events::event::NoteAdded;
    use ael_events::private::Private;

    #[test]
    fn a_note_is_pinned_once_and_only_if_it_is_there() {
        let note_id = note_id(1);
        let noted =
            || [captured(), LeadEvent::NoteAdded(NoteAdded { note_id, private: Private::Erased })];
        let pinned = LeadEvent::NotePinned(NotePinned { note_id });
        given(noted()).when(AGENT, PinNote { note_id }).then([pinned.clone()]);
        given(noted().into_iter().chain([pinned])).when(AGENT, PinNote { note_id }).then_nothing();
        given([captured()])
            .when(AGENT, PinNote { note_id })
            .then_refused(LeadRejection::NoSuchNote { note_id });
    }
}
