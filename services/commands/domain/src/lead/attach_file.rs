//! Attach a file to a lead: an Agent to their own leads.

use super::{Lead, LeadRejection};
use ael_events::command::AttachFile;
use ael_events::event::{FileAttached, FilePrivate, LeadEvent};
use ael_events::private::Private;

pub(super) fn decide(lead: &Lead, command: AttachFile) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let AttachFile { file_id, name, size_bytes, media_type } = command;
    if lead.files.contains(&file_id) {
        return Err(LeadRejection::FileExists { file_id });
    }
    let private = Private::Open(FilePrivate { name });
    Ok(vec![LeadEvent::FileAttached(FileAttached { file_id, size_bytes, media_type, private })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, captured_unowned, file_id, given};
    use crate::testing::{AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;

    fn attach() -> AttachFile {
        AttachFile {
            file_id: file_id(1),
            name: "offer.pdf".parse().unwrap(),
            size_bytes: 1024,
            media_type: "application/pdf".into(),
        }
    }

    #[test]
    fn a_file_is_attached_once() {
        let events = given([captured()]).when(AGENT, attach()).then_events();
        given([captured()].into_iter().chain(events))
            .when(MANAGER, attach())
            .then_refused(LeadRejection::FileExists { file_id: file_id(1) });
    }

    #[test]
    fn an_agent_attaches_files_to_their_own_leads_only() {
        for lead in [captured(), captured_unowned()] {
            given([lead]).when(OTHER_AGENT, attach()).then_refused(Forbidden::NotYours);
        }
    }
}
