//! Remove a file from a lead: whoever may attach one.

use super::{Lead, LeadRejection};
use ael_events::command::RemoveFile;
use ael_events::event::{FileRemoved, LeadEvent};

pub(super) fn decide(lead: &Lead, command: &RemoveFile) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let file_id = command.file_id;
    if !lead.files.contains(&file_id) {
        return Err(LeadRejection::NoSuchFile { file_id });
    }
    Ok(vec![LeadEvent::FileRemoved(FileRemoved { file_id })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, file_id, given};
    use crate::testing::{AGENT, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::event::FileAttached;
    use ael_events::private::Private;

    #[test]
    fn a_file_that_is_there_is_removed_by_the_owner() {
        let file_id = file_id(1);
        let attached = LeadEvent::FileAttached(FileAttached {
            file_id,
            size_bytes: 1,
            media_type: "text/plain".into(),
            private: Private::Erased,
        });
        let remove = RemoveFile { file_id };
        given([captured(), attached.clone()])
            .when(AGENT, remove.clone())
            .then([LeadEvent::FileRemoved(FileRemoved { file_id })]);
        given([captured(), attached])
            .when(OTHER_AGENT, remove.clone())
            .then_refused(Forbidden::NotYours);
        given([captured()]).when(AGENT, remove).then_refused(LeadRejection::NoSuchFile { file_id });
    }
}
