//! The state of a lead after each event. Nothing here can fail.

use super::{Analysis, Handover, Lead, Life, Progress};
use ael_events::event::{
    AnalysisRecorded, Created, DetailsEdited, Imported, ImportedOutcome, LeadEvent, OtherAbsorbed,
};
use ael_events::private::Private;
use ael_events::values::{DomainSlug, Stage};

impl Lead {
    /// The state after an event.
    pub fn evolve(&mut self, event: LeadEvent) {
        match event {
            LeadEvent::Created(event) => self.created(event),
            LeadEvent::Imported(event) => self.imported(event),
            LeadEvent::DetailsEdited(event) => self.edited(event),
            LeadEvent::Assigned(event) => self.owner = event.owner,
            LeadEvent::Contacted(_) => self.enter(Progress::Contacted),
            LeadEvent::Qualified(_) => self.enter(Progress::Qualified),
            LeadEvent::Transferred(event) => {
                let handover = Handover { amount: event.amount, won_elsewhere: false };
                self.enter(Progress::Transferred(handover));
            }
            LeadEvent::Lost(_) => self.enter(Progress::Lost),
            LeadEvent::RolledBack(event) => self.enter(reached(event.to, None)),
            LeadEvent::Reopened(_) => self.enter(Progress::New),
            LeadEvent::MessageLogged(event) => {
                self.message_count = self.message_count.saturating_add(event.count);
            }
            LeadEvent::NoteAdded(event) => {
                self.notes.insert(event.note_id, false);
            }
            LeadEvent::NotePinned(event) => {
                self.notes.insert(event.note_id, true);
            }
            LeadEvent::NoteUnpinned(event) => {
                self.notes.insert(event.note_id, false);
            }
            LeadEvent::FileAttached(event) => {
                self.files.insert(event.file_id);
            }
            LeadEvent::FileRemoved(event) => {
                self.files.remove(&event.file_id);
            }
            LeadEvent::AnalysisRequested(_) => {}
            LeadEvent::Analysed(event) => self.analysed(&event),
            LeadEvent::MergedInto(event) => self.life = Life::Merged { into: event.into },
            LeadEvent::Absorbed(event) => self.absorbed_other(event),
            LeadEvent::Erased(_) => {
                self.life = Life::Erased { merged_into: self.merged_into() };
                self.private = Private::Erased;
            }
        }
    }

    fn created(&mut self, event: Created) {
        self.life = Life::Live;
        self.source = Some(event.source);
        self.business_domain = event.business_domain;
        self.owner = event.owner;
        self.tags = event.tags;
        self.unclaimed = event.unclaimed;
        self.private = event.private;
    }

    fn imported(&mut self, event: Imported) {
        self.life = Life::Live;
        self.progress = reached(event.stage, event.outcome);
        self.source = Some(event.source);
        self.business_domain = event.business_domain;
        self.owner = event.owner;
        self.tags = event.tags;
        self.message_count = event.message_count;
        self.unclaimed = event.unclaimed;
        self.private = match event.private {
            Private::Open(private) => Private::Open(private.profile),
            Private::Erased => Private::Erased,
        };
    }

    fn edited(&mut self, event: DetailsEdited) {
        self.set_domain(event.business_domain);
        self.tags = event.tags;
        self.unclaimed = event.unclaimed;
        self.private = event.private;
    }

    fn absorbed_other(&mut self, event: OtherAbsorbed) {
        self.absorbed.insert(event.other);
        self.set_domain(event.business_domain);
        self.tags = event.tags;
        self.message_count = event.message_count;
        self.unclaimed = event.unclaimed;
        self.private = event.private;
    }

    fn analysed(&mut self, event: &AnalysisRecorded) {
        let saw_this = event.features.stage == self.stage()
            && event.features.has_domain == self.business_domain.is_some();
        self.analysis = Some(Analysis {
            score: event.score,
            recommendation: event.recommendation,
            analysed_at: event.analysed_at,
            outdated: !saw_this,
            messages: event.features.message_count,
        });
    }

    fn enter(&mut self, progress: Progress) {
        self.progress = progress;
        self.outdate_analysis();
    }

    fn set_domain(&mut self, domain: Option<DomainSlug>) {
        if self.business_domain != domain {
            self.business_domain = domain;
            self.outdate_analysis();
        }
    }

    fn outdate_analysis(&mut self) {
        if let Some(analysis) = &mut self.analysis {
            analysis.outdated = true;
        }
    }
}

/// How far a lead has come that has this stage, and ended like this if it was imported.
fn reached(stage: Stage, outcome: Option<ImportedOutcome>) -> Progress {
    match stage {
        Stage::New => Progress::New,
        Stage::Contacted => Progress::Contacted,
        Stage::Qualified => Progress::Qualified,
        Stage::Lost => Progress::Lost,
        Stage::Transferred => Progress::Transferred(match outcome {
            Some(ImportedOutcome::Won { amount }) => Handover { amount, won_elsewhere: true },
            Some(ImportedOutcome::Lost { .. }) | None => {
                Handover { amount: None, won_elsewhere: false }
            }
        }),
    }
}
