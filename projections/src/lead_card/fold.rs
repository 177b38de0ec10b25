//! A lead as a whole, event by event. Pure: the card keeps it, and time travel folds it from the
//! timeline.

use crate::model::{Unfit, expect_next};
use crate::opened::EventFacts;
use ael_events::event::{
    AnalysisRecorded, Assigned, Created, DetailsEdited, FileAttached, Imported, ImportedOutcome,
    LeadEvent, LeadProfile, Lost, MergedInto, NoteAdded, OtherAbsorbed, ScoreFeatures, Transferred,
};
use ael_events::ids::{FileId, LeadId, NoteId, SaleId};
use ael_events::private::Private;
use ael_events::query::{AnalysisView, FileView, LeadView, NoteView};
use ael_events::values::{Contact, DomainSlug, Stage, StaleReason};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Which lead it happened to, when, as which of its events, and who decided.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The lead.
    pub lead: LeadId,
    /// The event's number, which is the lead's version afterwards.
    pub sequence: u64,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Who decided: `member:<id>` and so on.
    pub actor: &'a str,
}

/// The lead after an event, which has to be the next one.
///
/// # Errors
/// [`Unfit`] when events are missing before it.
pub fn apply(
    view: Option<LeadView>,
    facts: &EventFacts,
    event: &LeadEvent,
) -> Result<LeadView, Unfit> {
    if let Some(view) = &view
        && !expect_next(view.version, facts.sequence)?
    {
        return Ok(view.clone());
    }
    let actor = facts.actor.to_string();
    let moment = Moment {
        lead: LeadId::from_uuid(facts.aggregate_id),
        sequence: facts.sequence,
        occurred_at: facts.occurred_at,
        actor: &actor,
    };
    apply_at(view, &moment, event)
}

/// The lead after an event, whichever events came before: for folding only those up to some time.
///
/// # Errors
/// [`Unfit::NoBeginning`] when the lead does not exist yet.
pub fn apply_at(
    view: Option<LeadView>,
    moment: &Moment<'_>,
    event: &LeadEvent,
) -> Result<LeadView, Unfit> {
    let mut view = match (view, event) {
        (_, LeadEvent::Created(event)) => created(moment, event),
        (_, LeadEvent::Imported(event)) => imported(moment, event),
        (Some(mut view), event) => {
            change(&mut view, moment, event);
            view
        }
        (None, _) => return Err(Unfit::NoBeginning),
    };
    view.version = view.version.max(moment.sequence);
    view.updated_at = view.updated_at.max(moment.occurred_at);
    Ok(view)
}

fn change(view: &mut LeadView, moment: &Moment<'_>, event: &LeadEvent) {
    match event {
        // Both begin a lead and are handled before.
        LeadEvent::Created(_) | LeadEvent::Imported(_) => {}
        LeadEvent::DetailsEdited(event) => details_edited(view, event),
        LeadEvent::Assigned(Assigned { owner, .. }) => view.owner = *owner,
        LeadEvent::Contacted(_) => enter(view, moment, Stage::Contacted),
        LeadEvent::Qualified(_) => enter(view, moment, Stage::Qualified),
        LeadEvent::Transferred(event) => transferred(view, moment, event),
        LeadEvent::Lost(event) => lost(view, moment, event),
        LeadEvent::RolledBack(event) => enter(view, moment, event.to),
        LeadEvent::Reopened(_) => enter(view, moment, Stage::New),
        LeadEvent::MessageLogged(event) => {
            view.message_count = view.message_count.saturating_add(event.count);
        }
        LeadEvent::NoteAdded(event) => note_added(view, moment, event),
        LeadEvent::NotePinned(event) => pin(view, event.note_id, true),
        LeadEvent::NoteUnpinned(event) => pin(view, event.note_id, false),
        LeadEvent::FileAttached(event) => file_attached(view, moment, event),
        LeadEvent::FileRemoved(event) => file_removed(view, event.file_id),
        LeadEvent::AnalysisRequested(_) => view.analysis_pending = true,
        LeadEvent::Analysed(event) => analysed(view, moment, event),
        LeadEvent::MergedInto(MergedInto { into }) => view.merged_into = Some(*into),
        LeadEvent::Absorbed(event) => absorbed(view, event),
        LeadEvent::Erased(_) => purge(view),
    }
}

/// Takes everything personal out of a lead, wherever it stands; what is left tells of nobody.
pub fn purge(view: &mut LeadView) {
    set_profile(view, &Private::Erased);
    for note in &mut view.notes {
        note.text = None;
    }
    for file in &mut view.files {
        file.name = None;
    }
    if let Some(analysis) = &mut view.analysis {
        analysis.ai_reason = None;
    }
    view.lost_text = None;
    view.erased = true;
}

/// The lead as people see it: pinned notes first, else in order.
#[must_use]
pub fn present(mut view: LeadView) -> LeadView {
    view.notes.sort_by_key(|note| !note.pinned);
    view
}

fn created(moment: &Moment<'_>, event: &Created) -> LeadView {
    let mut view = LeadView {
        id: moment.lead,
        version: moment.sequence,
        stage: Stage::New,
        source: event.source,
        business_domain: event.business_domain.clone(),
        owner: event.owner,
        contact: Contact::default(),
        intent: None,
        budget: None,
        pain_points: Vec::new(),
        tags: event.tags.clone(),
        message_count: 0,
        notes: Vec::new(),
        files: Vec::new(),
        analysis: None,
        ai_stale: None,
        analysis_pending: false,
        lost_reason: None,
        lost_text: None,
        sale_id: None,
        overridden: None,
        merged_into: None,
        absorbed: Vec::new(),
        imported: false,
        attributes: BTreeMap::new(),
        created_at: moment.occurred_at,
        updated_at: moment.occurred_at,
        stage_since: moment.occurred_at,
        erased: false,
    };
    set_profile(&mut view, &event.private);
    view
}

fn imported(moment: &Moment<'_>, event: &Imported) -> LeadView {
    let fresh = Created {
        source: event.source,
        business_domain: event.business_domain.clone(),
        owner: event.owner,
        tags: event.tags.clone(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: match &event.private {
            Private::Open(private) => Private::Open(private.profile.clone()),
            Private::Erased => Private::Erased,
        },
    };
    let mut view = created(moment, &fresh);
    view.stage = event.stage;
    view.message_count = event.message_count;
    view.attributes = event.attributes.clone();
    view.imported = true;
    if let Some(ImportedOutcome::Lost { reason }) = &event.outcome {
        view.lost_reason = Some(*reason);
    }
    if event.stage == Stage::Transferred {
        view.sale_id = Some(SaleId::of(moment.lead));
    }
    view
}

fn details_edited(view: &mut LeadView, event: &DetailsEdited) {
    set_domain(view, event.business_domain.as_ref());
    view.tags = event.tags.clone();
    set_profile(view, &event.private);
}

fn transferred(view: &mut LeadView, moment: &Moment<'_>, event: &Transferred) {
    enter(view, moment, Stage::Transferred);
    view.sale_id = Some(event.sale_id);
    view.overridden = event.overridden;
}

fn lost(view: &mut LeadView, moment: &Moment<'_>, event: &Lost) {
    enter(view, moment, Stage::Lost);
    view.lost_reason = Some(event.reason);
    view.lost_text = event.private.open().and_then(|private| private.text.clone());
}

fn note_added(view: &mut LeadView, moment: &Moment<'_>, event: &NoteAdded) {
    view.notes.push(NoteView {
        id: event.note_id,
        text: event.private.open().map(|private| private.text.clone()),
        by: moment.actor.to_owned(),
        at: moment.occurred_at,
        pinned: false,
    });
}

fn pin(view: &mut LeadView, note: NoteId, pinned: bool) {
    if let Some(note) = view.notes.iter_mut().find(|known| known.id == note) {
        note.pinned = pinned;
    }
}

fn file_attached(view: &mut LeadView, moment: &Moment<'_>, event: &FileAttached) {
    view.files.push(FileView {
        id: event.file_id,
        name: event.private.open().map(|private| private.name.clone()),
        size_bytes: event.size_bytes,
        media_type: event.media_type.clone(),
        at: moment.occurred_at,
    });
}

fn file_removed(view: &mut LeadView, file: FileId) {
    view.files.retain(|known| known.id != file);
}

fn analysed(view: &mut LeadView, moment: &Moment<'_>, event: &AnalysisRecorded) {
    view.analysis_pending = false;
    view.analysis = Some(AnalysisView {
        ai_score: event.score,
        ai_recommendation: event.recommendation,
        ai_reason: event.private.open().map(|private| private.reason.clone()),
        last_ai_analysis_at: event.analysed_at,
        model: event.model.clone(),
        features: event.features.clone(),
        version: moment.sequence,
        outdated: missed(&event.features, view.stage, view.business_domain.is_some()),
    });
}

/// What was another already when the answer came.
pub(crate) fn missed(
    looked_at: &ScoreFeatures,
    stage: Stage,
    has_domain: bool,
) -> Option<StaleReason> {
    if looked_at.stage != stage {
        Some(StaleReason::StageChanged)
    } else if looked_at.has_domain != has_domain {
        Some(StaleReason::DomainChanged)
    } else {
        None
    }
}

fn set_domain(view: &mut LeadView, domain: Option<&DomainSlug>) {
    if view.business_domain.as_ref() != domain {
        view.business_domain = domain.cloned();
        outdate(view, StaleReason::DomainChanged);
    }
}

fn outdate(view: &mut LeadView, reason: StaleReason) {
    if let Some(analysis) = &mut view.analysis {
        analysis.outdated = Some(reason);
    }
}

fn absorbed(view: &mut LeadView, event: &OtherAbsorbed) {
    view.absorbed.push(event.other);
    set_domain(view, event.business_domain.as_ref());
    view.tags = event.tags.clone();
    view.message_count = event.message_count;
    set_profile(view, &event.private);
}

/// A stage is entered: only a lost lead has a reason for being lost.
fn enter(view: &mut LeadView, moment: &Moment<'_>, stage: Stage) {
    view.stage = stage;
    view.stage_since = moment.occurred_at;
    outdate(view, StaleReason::StageChanged);
    view.lost_reason = None;
    view.lost_text = None;
}

fn set_profile(view: &mut LeadView, profile: &Private<LeadProfile>) {
    let profile = profile.open().cloned().unwrap_or_default();
    view.contact = profile.contact;
    view.intent = profile.intent;
    view.budget = profile.budget;
    view.pain_points = profile.pain_points;
}
