//! A lead, folded: the domain's own state, and beside it the words that no decision needs.

use super::Fields;
use ael_domain::Decider as _;
use ael_domain::lead::Lead;
use ael_events::event::{ImportedOutcome, LeadEvent};
use ael_events::ids::{FileId, LeadId, NoteId, SaleId};
use ael_events::values::{Contact, FileName, LostReason, NoteText, Stage};
use uuid::Uuid;

/// What people wrote and attached.
#[derive(Default)]
struct Words {
    notes: Vec<(NoteId, Option<NoteText>, bool)>,
    files: Vec<(FileId, Option<FileName>)>,
    lost_reason: Option<LostReason>,
}

impl Words {
    fn note(&mut self, event: &LeadEvent) {
        match event {
            LeadEvent::NoteAdded(note) => {
                let text = note.private.open().map(|private| private.text.clone());
                self.notes.push((note.note_id, text, false));
            }
            LeadEvent::NotePinned(note) => self.pin(note.note_id, true),
            LeadEvent::NoteUnpinned(note) => self.pin(note.note_id, false),
            LeadEvent::FileAttached(file) => {
                let name = file.private.open().map(|private| private.name.clone());
                self.files.push((file.file_id, name));
            }
            LeadEvent::FileRemoved(file) => self.files.retain(|(id, _)| *id != file.file_id),
            LeadEvent::Lost(lost) => self.lost_reason = Some(lost.reason),
            LeadEvent::Imported(imported) => {
                if let Some(ImportedOutcome::Lost { reason }) = imported.outcome {
                    self.lost_reason = Some(reason);
                }
            }
            LeadEvent::Created(_)
            | LeadEvent::DetailsEdited(_)
            | LeadEvent::Assigned(_)
            | LeadEvent::Contacted(_)
            | LeadEvent::Qualified(_)
            | LeadEvent::Transferred(_)
            | LeadEvent::RolledBack(_)
            | LeadEvent::Reopened(_)
            | LeadEvent::MessageLogged(_)
            | LeadEvent::AnalysisRequested(_)
            | LeadEvent::Analysed(_)
            | LeadEvent::MergedInto(_)
            | LeadEvent::Absorbed(_)
            | LeadEvent::Erased(_) => {}
        }
    }

    fn pin(&mut self, id: NoteId, pinned: bool) {
        if let Some(note) = self.notes.iter_mut().find(|note| note.0 == id) {
            note.2 = pinned;
        }
    }
}

pub(super) fn fold(events: Vec<LeadEvent>, id: Uuid) -> Result<Fields, serde_json::Error> {
    let mut words = Words::default();
    events.iter().for_each(|event| words.note(event));
    let lead = Lead::fold(events);
    let mut fields = Fields::default();
    fields.text("stage", Some(lead.stage()));
    fields.text("source", lead.source());
    fields.text("business_domain", lead.business_domain().map(|domain| domain.as_str()));
    fields.text("owner", lead.owner());
    if let Some(profile) = lead.profile() {
        let contact = Some(&profile.contact).filter(|contact| **contact != Contact::default());
        fields.json("contact", contact)?;
        fields.text("intent", profile.intent.as_ref().map(|intent| intent.as_str()));
        fields.text("budget", profile.budget.as_ref().map(|budget| budget.as_str()));
        let pains = Some(&profile.pain_points).filter(|pains| !pains.is_empty());
        fields.json("pain_points", pains)?;
    }
    fields.json("tags", Some(lead.tags()).filter(|tags| !tags.is_empty()))?;
    fields.text("message_count", Some(lead.message_count()));
    fields.json("notes", Some(&words.notes).filter(|notes| !notes.is_empty()))?;
    fields.json("files", Some(&words.files).filter(|files| !files.is_empty()))?;
    fields.json("ai_score", lead.analysis().map(|analysis| analysis.score).as_ref())?;
    fields.text("ai_recommendation", lead.analysis().map(|analysis| analysis.recommendation));
    fields.text("lost_reason", words.lost_reason.filter(|_| lead.stage() == Stage::Lost));
    let is_sold = lead.stage() == Stage::Transferred;
    fields.text("sale_id", is_sold.then(|| SaleId::of(LeadId::from_uuid(id))));
    fields.text("merged_into", lead.merged_into());
    fields.text("erased", lead.is_erased().then_some(true));
    Ok(fields)
}
