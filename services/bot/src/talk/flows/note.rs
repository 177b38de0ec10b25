//! A note to a lead.

use super::{Prompt, show};
use crate::talk::dialogue::{Flow, What};
use crate::talk::hands::Done;
use crate::talk::scene::Scene;
use crate::talk::screens::card;
use ael_events::command::AddNote;
use ael_events::ids::{LeadId, NoteId};
use ael_events::values::NoteText;

/// Asks for the note.
pub(crate) async fn begin(scene: &mut Scene<'_>, lead: LeadId) -> Done<()> {
    scene.dialogue.lead = Some(lead);
    super::begin(scene, What::Note { lead }).await
}

pub(crate) async fn prompt(scene: &Scene<'_>, lead: LeadId) -> Done<Prompt> {
    let found = scene.lead(lead).await?;
    let name = found.map_or_else(
        || scene.voice.say("no-name"),
        |found| scene.called(&found.lead.contact, found.lead.erased),
    );
    Ok(Prompt::of(scene.voice.html("ask-note", [("name", name.into())])))
}

pub(crate) async fn fed(scene: &mut Scene<'_>, lead: LeadId, flow: Flow, text: &str) -> Done<()> {
    let Ok(text) = NoteText::parse(text) else {
        let word = scene.voice.say("wrong-text");
        return show(scene, flow, Some(word)).await;
    };
    let note_id = NoteId::from_uuid(scene.hands.new_id());
    scene.change(lead, None, AddNote { note_id, text }).await?;
    card::changed(scene, lead, "done-note", false).await
}
