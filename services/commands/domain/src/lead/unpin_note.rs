//! Take a note from the top.

use super::{Lead, LeadRejection};
use ael_events::command::UnpinNote;
use ael_events::event::{LeadEvent, NoteUnpinned};

pub(super) fn decide(lead: &Lead, command: &UnpinNote) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let note_id = command.note_id;
    match lead.notes.get(&note_id) {
        None => Err(LeadRejection::NoSuchNote { note_id }),
        Some(false) => Ok(Vec::new()),
        Some(true) => Ok(vec![LeadEvent::NoteUnpinned(NoteUnpinned { note_id })]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, given, note_id};
    use crate::testing::AGENT;
    use ael_events::event::{NoteAdded, NotePinned};
    use ael_events::private::Private;

    #[test]
    fn a_pinned_note_is_unpinned_once() {
        let note_id = note_id(1);
        let added = LeadEvent::NoteAdded(NoteAdded { note_id, private: Private::Erased });
        let pinned = LeadEvent::NotePinned(NotePinned { note_id });
        let unpinned = LeadEvent::NoteUnpinned(NoteUnpinned { note_id });
        let unpin = UnpinNote { note_id };
        given([captured(), added.clone(), pinned.clone()])
            .when(AGENT, unpin.clone())
            .then([unpinned]);
        given([captured(), added]).when(AGENT, unpin.clone()).then_nothing();
        given([captured()]).when(AGENT, unpin).then_refused(LeadRejection::NoSuchNote { note_id });
    }
}
