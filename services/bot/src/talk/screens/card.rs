//! A lead's card: all that matters about it on a phone's screen, and what can be done.

use crate::out::{Button, Press};
use crate::talk::hands::Done;
use crate::talk::html::{self, escaped};
use crate::talk::scene::{Scene, button};
use crate::talk::tap::{Deed, Tap};
use crate::talk::words::Put;
use ael_events::ids::LeadId;
use ael_events::query::{LeadDetails, LeadView};
use ael_events::values::{Score, Stage};

/// How many boxes a score's bar has.
const BOXES: usize = 10;

/// Shows a lead.
pub(crate) async fn show(scene: &mut Scene<'_>, id: LeadId) -> Done<()> {
    let Some(found) = scene.lead(id).await? else {
        let text = scene.voice.say("no-such-lead");
        scene.show(text, Vec::new());
        return Ok(());
    };
    scene.dialogue.lead = Some(id);
    let (text, rows) = (text(scene, &found), buttons(scene, &found));
    scene.show(text, rows);
    Ok(())
}

/// Shows a lead that has just been changed, with a way back where there is one.
pub(crate) async fn changed(scene: &mut Scene<'_>, id: LeadId, word: &str, undo: bool) -> Done<()> {
    scene.word = Some(scene.voice.say(word));
    let Some(found) = scene.lead(id).await? else {
        let text = scene.voice.say("no-longer-yours");
        scene.show(text, Vec::new());
        return Ok(());
    };
    let text = format!("{}\n\n{}", scene.voice.say(word), text(scene, &found));
    let mut rows = buttons(scene, &found);
    if undo {
        let tap = Tap::Deed { deed: Deed::Undo, lead: id, version: found.lead.version };
        rows.insert(0, vec![scene.button("undo", tap)]);
    }
    scene.show(text, rows);
    Ok(())
}

/// A stage's sign.
pub(crate) const fn sign(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "🆕",
        Stage::Contacted => "📞",
        Stage::Qualified => "✅",
        Stage::Transferred => "🚀",
        Stage::Lost => "❌",
    }
}

/// A score as a row of boxes.
pub(crate) fn bar(score: Score) -> String {
    let full = (0..BOXES).filter(|at| score.value() * 10.0 >= f64::from(*at as u8) + 0.5).count();
    format!("{}{}", "▰".repeat(full), "▱".repeat(BOXES - full))
}

/// How far a lead has come, as a row of steps.
fn progress(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "🟦⬜⬜⬜",
        Stage::Contacted => "🟦🟦⬜⬜",
        Stage::Qualified => "🟦🟦🟦⬜",
        Stage::Transferred => "🟩🟩🟩🟩",
        Stage::Lost => "🟥⬜⬜⬜",
    }
}

/// The card's text.
pub(crate) fn text(scene: &Scene<'_>, found: &LeadDetails) -> String {
    let lead = &found.lead;
    let mut lines = vec![head(scene, lead), stage(scene, lead)];
    lines.push(score(scene, lead));
    lines.extend(contact(lead));
    lines.push(owner(scene, found));
    lines.push(origin(scene, lead));
    if let Some(intent) = &lead.intent {
        lines.push(format!("💭 {}", escaped(&html::text(intent.as_str()))));
    }
    if let Some(budget) = &lead.budget {
        lines.push(format!("💵 {}", escaped(&html::text(budget.as_str()))));
    }
    if !lead.tags.is_empty() {
        let tags: Vec<String> = lead.tags.iter().map(|tag| format!("#{}", tag.as_str())).collect();
        lines.push(format!("🏷 {}", escaped(&tags.join(" "))));
    }
    lines.push(scene.voice.html(
        "card-activity",
        [
            ("messages", Put::from(lead.message_count)),
            ("notes", Put::from(lead.notes.len())),
            ("when", scene.ago(lead.updated_at).into()),
        ],
    ));
    if let Some(pinned) = lead.notes.iter().find(|note| note.pinned)
        && let Some(note) = &pinned.text
    {
        lines.push(format!("📌 {}", escaped(&html::text(note.as_str()))));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn head(scene: &Scene<'_>, lead: &LeadView) -> String {
    let name = format!("<b>{}</b>", escaped(&scene.called(&lead.contact, lead.erased)));
    let contact = &lead.contact;
    let at = [
        contact.position.as_ref().map(|it| html::name(it.as_str())),
        contact.company.as_ref().map(|it| html::name(it.as_str())),
    ];
    let at: Vec<String> = at.into_iter().flatten().map(|it| escaped(&it)).collect();
    match contact.full_name.is_some() && !at.is_empty() {
        true => format!("{name}\n{}", at.join(" · ")),
        false => name,
    }
}

fn stage(scene: &Scene<'_>, lead: &LeadView) -> String {
    let word = scene.term("stage", lead.stage.as_str());
    let since = scene.ago(lead.stage_since);
    let mut line = scene.voice.html(
        "card-stage",
        [
            ("progress", progress(lead.stage).into()),
            ("sign", sign(lead.stage).into()),
            ("stage", word.into()),
            ("when", since.into()),
        ],
    );
    if let Some(reason) = lead.lost_reason.filter(|_| lead.stage == Stage::Lost) {
        let words =
            lead.lost_text.as_ref().map(|it| format!(": {}", escaped(&html::text(it.as_str()))));
        let reason = scene.term("reason", reason.as_str());
        line += &format!("\n{reason}{}", words.unwrap_or_default());
    }
    line
}

fn score(scene: &Scene<'_>, lead: &LeadView) -> String {
    let Some(analysis) = &lead.analysis else {
        let key = if lead.analysis_pending { "card-analysing" } else { "card-unscored" };
        return scene.voice.say(key);
    };
    let score = analysis.ai_score;
    let mut line = scene.voice.html(
        "card-score",
        [
            ("bar", bar(score).into()),
            ("score", format!("{:.2}", score.value()).into()),
            ("tier", scene.term("tier", score.tier().as_str()).into()),
            ("advice", scene.term("advice", analysis.ai_recommendation.as_str()).into()),
            ("when", scene.ago(analysis.last_ai_analysis_at).into()),
        ],
    );
    if let Some(reason) = lead.ai_stale {
        line += &format!("\n⚠️ {}", scene.term("stale", &reason.as_str().replace('_', "-")));
    }
    if let Some(reason) = &analysis.ai_reason {
        line += &format!("\n<i>{}</i>", escaped(&html::text(reason.as_str())));
    }
    line
}

fn contact(lead: &LeadView) -> Vec<String> {
    let contact = &lead.contact;
    let lines = [
        // Telegram makes a number and an address that stand by themselves something to tap.
        contact.phone.as_ref().map(|it| format!("☎️ {}", escaped(it.as_str()))),
        contact.email.as_ref().map(|it| format!("✉️ {}", escaped(it.as_str()))),
        contact.telegram.as_ref().map(|it| format!("💬 @{}", escaped(it.as_str()))),
    ];
    lines.into_iter().flatten().collect()
}

fn owner(scene: &Scene<'_>, found: &LeadDetails) -> String {
    match (&found.owner_name, found.lead.owner) {
        (_, owner) if scene.owns(owner) => scene.voice.say("card-owner-me"),
        (Some(name), _) => scene.voice.html("card-owner", [("name", html::name(name).into())]),
        (None, Some(_)) => scene.voice.say("card-owner-unknown"),
        (None, None) => scene.voice.say("card-unowned"),
    }
}

fn origin(scene: &Scene<'_>, lead: &LeadView) -> String {
    let source = scene.term("source", lead.source.as_str());
    match &lead.business_domain {
        Some(domain) => format!("🧭 {} · 🏢 {}", escaped(&source), escaped(domain.as_str())),
        None => format!("🧭 {}", escaped(&source)),
    }
}

/// What can be done, by role and stage.
pub(crate) fn buttons(scene: &Scene<'_>, found: &LeadDetails) -> Vec<Vec<Button>> {
    let lead = &found.lead;
    let id = lead.id;
    let mut rows = Vec::new();
    if let Some(into) = lead.merged_into {
        return vec![vec![scene.button("open-merged", Tap::Lead(into))]];
    }
    if lead.erased {
        return vec![vec![scene.button("history", Tap::History { lead: id, page: 0 })]];
    }
    let deed =
        |key: &str, deed| scene.button(key, Tap::Deed { deed, lead: id, version: lead.version });
    rows.push(stage_buttons(scene, lead));
    let mut people = Vec::new();
    if scene.manages() {
        people.push(deed("assign", Deed::Assign));
    } else if lead.owner.is_none() {
        people.push(deed("take", Deed::Take));
    }
    let works = scene.manages() || scene.owns(lead.owner) || lead.owner.is_none();
    if works {
        people.push(deed("analyse", Deed::Analyse));
        people.push(deed("one-message", Deed::Message));
    }
    rows.push(people);
    if works {
        rows.push(vec![deed("add-note", Deed::AddNote), deed("edit", Deed::Edit)]);
    }
    let notes = scene.voice.plain("notes", [("count", Put::from(lead.notes.len()))]);
    let mut past = vec![button(notes, Tap::Notes(id))];
    if !lead.files.is_empty() {
        let files = scene.voice.plain("files", [("count", Put::from(lead.files.len()))]);
        past.push(button(files, Tap::Files(id)));
    }
    past.push(scene.button("history", Tap::History { lead: id, page: 0 }));
    rows.push(past);
    rows.push(ways(scene, found));
    if let Some(listed) = &scene.dialogue.list {
        rows.push(vec![scene.button("back-to-list", Tap::List { filter: listed.filter, page: 0 })]);
    }
    rows.retain(|row| !row.is_empty());
    rows
}

fn stage_buttons(scene: &Scene<'_>, lead: &LeadView) -> Vec<Button> {
    let deed = |key: &str, deed| {
        scene.button(key, Tap::Deed { deed, lead: lead.id, version: lead.version })
    };
    let may_move = scene.manages() || scene.owns(lead.owner);
    let mut row = Vec::new();
    match lead.stage {
        Stage::New if may_move => row.push(deed("contacted", Deed::Contacted)),
        Stage::Contacted if may_move => row.push(deed("qualified", Deed::Qualified)),
        Stage::Qualified if scene.manages() => row.push(deed("transfer", Deed::Transfer)),
        Stage::Lost if scene.manages() => row.push(deed("reopen", Deed::Reopen)),
        Stage::New | Stage::Contacted | Stage::Qualified | Stage::Transferred | Stage::Lost => {}
    }
    let is_open = matches!(lead.stage, Stage::New | Stage::Contacted | Stage::Qualified);
    if is_open && may_move {
        row.push(deed("lost", Deed::Lost));
    }
    if scene.manages() && matches!(lead.stage, Stage::Contacted | Stage::Qualified) {
        row.push(deed("roll-back", Deed::RollBack));
    }
    row
}

/// The sale, and ways to write to the person or to share the card.
fn ways(scene: &Scene<'_>, found: &LeadDetails) -> Vec<Button> {
    let mut row = Vec::new();
    if let Some(Some(sale)) = &found.sale {
        row.push(scene.button("open-sale", Tap::Sale(sale.id)));
    }
    if let Some(name) = &found.lead.contact.telegram {
        let press = Press::Url(format!("https://t.me/{}", name.as_str()));
        row.push(Button { text: scene.voice.say("write"), press });
    }
    if let Some(name) = &found.lead.contact.full_name {
        let press = Press::Share(html::label(name.as_str(), 60));
        row.push(Button { text: scene.voice.say("share"), press });
    }
    row
}
