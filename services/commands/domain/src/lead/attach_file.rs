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
    if !is_media_type(&media_type) {
        return Err(LeadRejection::BadMediaType);
    }
    let private = Private::Open(FilePrivate { name });
    Ok(vec![LeadEvent::FileAttached(FileAttached { file_id, size_bytes, media_type, private })])
}

/// Whether it is `type/subtype`, without parameters (RFC 6838, section 4.2).
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let known = |c: u8| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c);
        (1..=127).contains(&name.len()) && name.bytes().all(known)
    };
    text.split_once('/').is_some_and(|(kind, sub)| is_name(kind) && is_name(sub))
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
    fn a_media_type_is_one_and_holds_no_free_text() {
        for good in ["image/png", "application/vnd.ms-excel", "image/svg+xml"] {
            let file = AttachFile { media_type: good.into(), ..attach() };
            assert_eq!(given([captured()]).when(AGENT, file).then_events().len(), 1);
        }
        for bad in ["", "pdf", "/pdf", "image/", "image/Олена", "text/plain; name=olena"] {
            let file = AttachFile { media_type: bad.into(), ..attach() };
            given([captured()]).when(AGENT, file).then_refused(LeadRejection::BadMediaType);
        }
    }

    #[test]
    fn an_agent_attaches_files_to_their_own_leads_only() {
        for lead in [captured(), captured_unowned()] {
            given([lead]).when(OTHER_AGENT, attach()).then_refused(Forbidden::NotYours);
        }
    }
}
