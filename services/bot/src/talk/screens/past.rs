//! A lead's past: its notes, its files, and what happened to it.

use super::card;
use crate::out::Button;
use crate::talk::hands::Done;
use crate::talk::html::{self, escaped};
use crate::talk::scene::{Scene, button};
use crate::talk::tap::{Deed, Tap};
use crate::talk::words::Put;
use ael_events::command::{PinNote, UnpinNote};
use ael_events::ids::{LeadId, NoteId};
use ael_events::query::{HistoryEntry, HistoryPage, LeadHistory, Query};
use ael_events::values::Money;
use serde_json::Value;

/// How many notes are shown.
const NOTES: usize = 10;
/// How many things that happened are shown at a time.
const ENTRIES: u16 = 8;
/// How many pages of them can be turned.
const PAGES: usize = 100;
/// How many changes each of them shows.
const CHANGES: usize = 5;

/// A lead's notes: pinned ones first, then the newest.
pub(crate) async fn notes(scene: &mut Scene<'_>, lead: LeadId) -> Done<()> {
    let Some(found) = scene.lead(lead).await? else { return card::show(scene, lead).await };
    scene.dialogue.lead = Some(lead);
    let (pinned, others): (Vec<_>, Vec<_>) = found.lead.notes.iter().partition(|it| it.pinned);
    let shown: Vec<_> = pinned.into_iter().chain(others.into_iter().rev()).take(NOTES).collect();
    let name = scene.called(&found.lead.contact, found.lead.erased);
    let title = [("name", Put::from(&name)), ("count", found.lead.notes.len().into())];
    let mut text = scene.voice.html("notes-title", title);
    for note in &shown {
        let words = note
            .text
            .as_ref()
            .map_or_else(|| scene.voice.say("erased-text"), |text| html::text(text.as_str()));
        let sign = if note.pinned { "📌" } else { "•" };
        let by = format!("{}, {}", scene.actor(&note.by).await?, scene.ago(note.at));
        text += &format!("\n\n{sign} {}\n<i>{}</i>", escaped(&words), escaped(&by));
    }
    if shown.is_empty() {
        text += &format!("\n\n{}", scene.voice.say("notes-none"));
    }
    let mut rows: Vec<Vec<Button>> = shown
        .iter()
        .filter(|note| note.text.is_some())
        .map(|note| {
            let key = if note.pinned { "unpin" } else { "pin" };
            let words = note.text.as_ref().map_or("", |text| text.as_str());
            let text = scene.voice.plain(key, [("text", html::label(words, 24).into())]);
            vec![button(text, Tap::Pin { lead, note: note.id })]
        })
        .collect();
    let add = Tap::Deed { deed: Deed::AddNote, lead, version: found.lead.version };
    rows.push(vec![scene.button("add-note", add), scene.button("back-to-card", Tap::Lead(lead))]);
    scene.show(text, rows);
    Ok(())
}

/// Puts a note on top, or takes it from there.
pub(crate) async fn pin(scene: &mut Scene<'_>, lead: LeadId, note_id: NoteId) -> Done<()> {
    let Some(found) = scene.lead(lead).await? else { return card::show(scene, lead).await };
    let is_pinned = found.lead.notes.iter().any(|note| note.id == note_id && note.pinned);
    let version = Some(found.lead.version);
    match is_pinned {
        true => scene.change(lead, version, UnpinNote { note_id }).await?,
        false => scene.change(lead, version, PinNote { note_id }).await?,
    };
    let word = if is_pinned { "done-unpinned" } else { "done-pinned" };
    scene.word = Some(scene.voice.say(word));
    notes(scene, lead).await
}

/// A lead's files.
pub(crate) async fn files(scene: &mut Scene<'_>, lead: LeadId) -> Done<()> {
    let Some(found) = scene.lead(lead).await? else { return card::show(scene, lead).await };
    let name = scene.called(&found.lead.contact, found.lead.erased);
    let mut text = scene.voice.html("files-title", [("name", name.into())]);
    for file in &found.lead.files {
        let name = file
            .name
            .as_ref()
            .map_or_else(|| scene.voice.say("erased-text"), |name| html::name(name.as_str()));
        let size = file.size_bytes.div_ceil(1024);
        let (name, when) = (escaped(&name), scene.ago(file.at));
        text += &format!("\n• {name} · {size} KiB · {when}");
    }
    scene.show(text, vec![vec![scene.button("back-to-card", Tap::Lead(lead))]]);
    Ok(())
}

/// What happened to a lead, a page at a time, the oldest first.
pub(crate) async fn history(scene: &mut Scene<'_>, lead: LeadId, page: u16) -> Done<()> {
    scene.dialogue.lead = Some(lead);
    let known = scene.dialogue.history.take();
    let mut starts = match known {
        Some((of, starts)) if of == lead && page > 0 => starts,
        Some(_) | None => Vec::new(),
    };
    let page = usize::from(page).min(starts.len());
    let cursor = page.checked_sub(1).and_then(|before| starts.get(before).cloned());
    let asked = LeadHistory { lead_id: lead, cursor, limit: Some(ENTRIES) };
    let found: HistoryPage = scene.ask(Query::LeadHistory(asked)).await?;
    if let Some(next) = &found.next_cursor
        && starts.len() == page
        && page < PAGES
    {
        starts.push(next.clone());
    }
    scene.dialogue.history = Some((lead, starts));
    let mut text = scene.voice.html("history-title", [("page", (page + 1).into())]);
    for entry in &found.items {
        text += &format!("\n\n{}", told(scene, entry).await?);
    }
    let at = |to: usize| Tap::History { lead, page: u16::try_from(to).unwrap_or(0) };
    let mut turn = Vec::new();
    if let Some(before) = page.checked_sub(1) {
        turn.push(button("‹".to_owned(), at(before)));
    }
    if found.next_cursor.is_some() && page < PAGES {
        turn.push(button("›".to_owned(), at(page + 1)));
    }
    let back = vec![scene.button("back-to-card", Tap::Lead(lead))];
    let rows = [turn, back].into_iter().filter(|row| !row.is_empty()).collect();
    scene.show(text, rows);
    Ok(())
}

/// One thing that happened: what, who, when, and why.
async fn told(scene: &mut Scene<'_>, entry: &HistoryEntry) -> Done<String> {
    let kind = entry.event_type.rsplit_once('.').map_or(entry.event_type.as_str(), |it| it.0);
    let key = format!("event-{}", kind.replace(['.', '_'], "-"));
    let what = match scene.voice.knows(&key) {
        true => scene.voice.say(&key),
        false => kind.to_owned(),
    };
    let who = match &entry.actor_name {
        Some(name) => html::name(name),
        None => scene.actor(&entry.actor).await?,
    };
    let when = entry.occurred_at.format("%d.%m.%Y %H:%M");
    let mut text = format!("<b>{}</b>\n{} · {when} UTC", escaped(&what), escaped(&who));
    let mut changes = 0;
    for change in &entry.changes {
        let key = format!("changed-{}", change.field.replace('_', "-"));
        // What has no words is told by what happened.
        if changes == CHANGES || !scene.voice.knows(&key) {
            continue;
        }
        changes += 1;
        let before = shown(scene, &change.field, &change.before).await?;
        let after = shown(scene, &change.field, &change.after).await?;
        let field = scene.voice.say(&key);
        text += &format!("\n{}: {} → {}", escaped(&field), escaped(&before), escaped(&after));
    }
    if let Some(why) = &entry.why {
        text += &format!("\n<i>{}</i>", escaped(&html::text(why)));
    }
    Ok(text)
}

/// A value as people read it: words of the house in their language, colleagues by name.
async fn shown(scene: &mut Scene<'_>, field: &str, value: &Value) -> Done<String> {
    let words = match value {
        Value::Null => return Ok("—".to_owned()),
        Value::String(words) => words,
        Value::Number(number) => return Ok(number.to_string()),
        Value::Array(all) => {
            let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            return Ok(html::label(&words.join(", "), 60));
        }
        Value::Object(money) => return Ok(amount(money).unwrap_or_else(|| "…".to_owned())),
        Value::Bool(_) => return Ok("…".to_owned()),
    };
    let family = match field {
        "owner" => return scene.colleague(words).await,
        "stage" => "stage",
        "sale_stage" => "sale",
        "source" => "source",
        "lost_reason" => "reason",
        "ai_recommendation" => "advice",
        _ => return Ok(html::label(words, 60)),
    };
    let key = format!("{family}-{}", words.replace('_', "-"));
    Ok(match scene.voice.knows(&key) {
        true => scene.voice.say(&key),
        false => html::label(words, 60),
    })
}

fn amount(money: &serde_json::Map<String, Value>) -> Option<String> {
    let money: Money = serde_json::from_value(Value::Object(money.clone())).ok()?;
    Some(money.readable())
}
