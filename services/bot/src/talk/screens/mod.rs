//! What a press shows or does, and how a refusal is told.

pub(crate) mod card;
pub(crate) mod deeds;
pub(crate) mod inline;
pub(crate) mod list;
pub(crate) mod menu;
pub(crate) mod past;
pub(crate) mod sales;
pub(crate) mod settings;
pub(crate) mod stats;

use super::flows;
use super::hands::{Done, Hitch};
use super::html;
use super::scene::Scene;
use super::tap::Tap;
use super::words::Voice;
use crate::out::Keyboard;
use ael_events::answer::Rejected;
use ael_events::ids::LeadId;

/// Does what a button says.
pub(crate) async fn press(scene: &mut Scene<'_>, tap: Option<Tap>) -> Done<()> {
    let Some(tap) = tap else {
        scene.word = Some(scene.voice.say("button-old"));
        return Ok(());
    };
    match tap {
        Tap::Nothing => Ok(()),
        Tap::Filters => list::filters(scene).await,
        Tap::List { filter, page } => list::show(scene, filter, page).await,
        Tap::Lead(lead) => card::show(scene, lead).await,
        Tap::Deed { deed, lead, version } => deeds::press(scene, deed, lead, version).await,
        Tap::LostFor { lead, version, reason } => {
            deeds::lost_for(scene, lead, version, reason).await
        }
        Tap::AssignTo { lead, version, member } => {
            deeds::assign_to(scene, lead, version, member).await
        }
        Tap::EditField { lead, version, field } => {
            flows::edit::begin(scene, lead, version, field).await
        }
        Tap::Notes(lead) => past::notes(scene, lead).await,
        Tap::Pin { lead, note } => past::pin(scene, lead, note).await,
        Tap::Files(lead) => past::files(scene, lead).await,
        Tap::History { lead, page } => past::history(scene, lead, page).await,
        Tap::Flow { flow, step } => flows::press(scene, flow, step).await,
        Tap::Sales { stage, page } => sales::list(scene, stage, page).await,
        Tap::Sale(sale) => sales::card(scene, sale).await,
        Tap::SaleTo { sale, version, to } => sales::advance(scene, sale, version, to).await,
        Tap::SaleLostFor { sale, version, reason } => {
            sales::lost_for(scene, sale, version, reason).await
        }
        Tap::SaleAmount { sale, version } => flows::money::begin(scene, sale, version, false).await,
        Tap::Stats { picture } => stats::show(scene, picture).await,
        Tap::Quick(index) => menu::quick_pressed(scene, index).await,
        Tap::Setting(setting) => settings::press(scene, setting).await,
        // The workspace was changed before anybody was asked anything.
        Tap::Workspace(_) => menu::welcome(scene).await,
        Tap::Proposal { number, yes } => flows::assist::decided(scene, number, yes).await,
        Tap::AskAgain(index) => flows::assist::ask_again(scene, index).await,
    }
}

/// Tells what was in the way, and shows how things are now.
pub(crate) async fn hitch(scene: &mut Scene<'_>, hitch: Hitch) -> Done<()> {
    let refusal = match hitch {
        Hitch::Refused(refusal) => refusal,
        Hitch::Away(trouble) => return Err(Hitch::Away(trouble)),
    };
    let told = refused(scene.voice, &refusal);
    if refusal.code == "version_conflict" {
        // Somebody was faster, or the button was pressed twice: how it is now says all.
        let word = scene.voice.say("changed-meanwhile");
        if scene.edit.is_none() {
            scene.say(word.clone(), Keyboard::None);
        }
        scene.word = Some(word);
        return match scene.dialogue.lead {
            Some(lead) => again(scene, lead).await,
            None => Ok(()),
        };
    }
    if let Some(lead) = duplicate_of(&refusal) {
        return duplicate(scene, &refusal, lead).await;
    }
    scene.say(html::escaped(&told), Keyboard::None);
    Ok(())
}

/// A lead's card once more; what is refused now was told already.
async fn again(scene: &mut Scene<'_>, lead: LeadId) -> Done<()> {
    match card::show(scene, lead).await {
        Ok(()) | Err(Hitch::Refused(_)) => Ok(()),
        Err(hitch) => Err(hitch),
    }
}

/// The lead that has the same contact, of a refusal that says so.
pub(crate) fn duplicate_of(refusal: &Rejected) -> Option<LeadId> {
    let is_duplicate = refusal.code == "duplicate_contact";
    let id = refusal.details.get("lead_id").filter(|_| is_duplicate)?;
    serde_json::from_value(id.clone()).ok()
}

/// Shows who has the same contact, one tap away.
async fn duplicate(scene: &mut Scene<'_>, refusal: &Rejected, lead: LeadId) -> Done<()> {
    let found = scene.lead(lead).await?;
    let kind = refusal.details.get("kind").and_then(|kind| kind.as_str()).unwrap_or("contact");
    let kind = scene.term("contact", kind);
    let (text, mut rows) = match &found {
        Some(found) => {
            let name = scene.called(&found.lead.contact, found.lead.erased);
            let text =
                scene.voice.html("duplicate", [("kind", kind.into()), ("name", (&name).into())]);
            let open = scene.voice.plain("open-lead", [("name", name.into())]);
            (text, vec![vec![super::scene::button(open, Tap::Lead(lead))]])
        }
        // Somebody else's, whom this member may not see.
        None => (scene.voice.html("duplicate-hidden", [("kind", kind.into())]), Vec::new()),
    };
    if scene.manages()
        && let Some(anyway) = flows::anyway(scene)
    {
        rows.push(vec![anyway]);
    }
    scene.say(text, Keyboard::Inline(rows));
    Ok(())
}

/// A refusal in the reader's language: by its code where there are words for it, else as the house
/// says it.
pub(crate) fn refused(voice: Voice, refusal: &Rejected) -> String {
    let key = format!("refused-{}", refusal.code.replace('_', "-"));
    match voice.knows(&key) {
        true => voice.say(&key),
        false => refusal.sentence.clone(),
    }
}
