//! The menu: a welcome, help, and what is wanted quickly.

use super::list;
use crate::talk::flows;
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::scene::Scene;
use crate::talk::tap::{Deed, Filter, Tap};
use crate::talk::words::Put;
use ael_events::query::{Query, Statistics};
use ael_events::values::Stage;

/// The button that begins a new lead, wherever it stands.
pub(crate) const NEW_LEAD: u8 = 9;
const HOT: u8 = 0;
const STALE: u8 = 1;
const OVERDUE: u8 = 2;
const NOTE: u8 = 3;
const MESSAGE: u8 = 4;

/// What somebody sees first: who they are here, and the menu.
pub(crate) async fn welcome(scene: &mut Scene<'_>) -> Done<()> {
    let workspace = html::name(scene.settings().await?.name.as_str());
    let name = scene.me.member.name.as_ref().map_or("", |name| name.as_str()).to_owned();
    let role = scene.term("role", scene.me.member.role.as_str());
    let text = scene.voice.html(
        "welcome",
        [
            ("name", Put::from(html::name(&name))),
            ("role", role.into()),
            ("workspace", workspace.into()),
        ],
    );
    scene.edit = None;
    menu_with(scene, text);
    Ok(())
}

/// Says something with the menu below.
pub(crate) fn menu_with(scene: &mut Scene<'_>, text: String) {
    let keyboard = scene.menu();
    scene.say(text, keyboard);
}

/// What the bot can do.
pub(crate) fn help(scene: &mut Scene<'_>) {
    let mut text = scene.voice.say("help");
    if scene.administers() {
        text += &format!("\n{}", scene.voice.say("help-admin"));
    }
    menu_with(scene, text);
}

/// What is wanted quickly.
pub(crate) async fn quick(scene: &mut Scene<'_>) -> Done<()> {
    let numbers: Statistics = scene.ask(Query::Statistics {}).await?;
    let overdue: u64 = numbers.aging.iter().map(|aging| aging.overdue).sum();
    let late = scene.voice.plain("quick-overdue", [("count", Put::from(overdue))]);
    let mut rows = vec![
        vec![
            scene.button("quick-hot", Tap::Quick(HOT)),
            scene.button("quick-stale", Tap::Quick(STALE)),
        ],
        vec![crate::talk::scene::button(late, Tap::Quick(OVERDUE))],
    ];
    let last = match scene.dialogue.lead {
        Some(lead) => scene.lead(lead).await?,
        None => None,
    };
    let text = match &last {
        Some(last) => {
            rows.push(vec![
                scene.button("quick-note", Tap::Quick(NOTE)),
                scene.button("quick-message", Tap::Quick(MESSAGE)),
            ]);
            let name = scene.called(&last.lead.contact, last.lead.erased);
            scene.voice.html("quick", [("name", name.into())])
        }
        None => scene.voice.say("quick-none"),
    };
    scene.show(text, rows);
    Ok(())
}

/// Does what was wanted quickly.
pub(crate) async fn quick_pressed(scene: &mut Scene<'_>, index: u8) -> Done<()> {
    match (index, scene.dialogue.lead) {
        (HOT, _) => list::show(scene, Filter::MyHot, 0).await,
        (STALE, _) => list::show(scene, Filter::MyStale, 0).await,
        (OVERDUE, _) => overdue(scene).await,
        (NOTE, Some(lead)) => flows::note::begin(scene, lead).await,
        (MESSAGE, Some(lead)) => {
            let Some(found) = scene.lead(lead).await? else {
                return super::card::show(scene, lead).await;
            };
            super::deeds::press(scene, Deed::Message, lead, found.lead.version).await
        }
        (NEW_LEAD, _) => flows::new_lead::begin(scene).await,
        (_, _) => {
            scene.word = Some(scene.voice.say("button-old"));
            Ok(())
        }
    }
}

/// Leads over their stage's deadline, by stage.
async fn overdue(scene: &mut Scene<'_>) -> Done<()> {
    let numbers: Statistics = scene.ask(Query::Statistics {}).await?;
    let late: Vec<(Stage, u64)> = numbers
        .aging
        .iter()
        .filter(|aging| aging.overdue > 0)
        .map(|aging| (aging.stage, aging.overdue))
        .collect();
    let rows = late
        .iter()
        .map(|(stage, count)| {
            let word = scene.term("stage", stage.as_str());
            let text = format!("{} {word}: {count}", super::card::sign(*stage));
            let tap = Tap::List { filter: Filter::Stage(*stage), page: 0 };
            vec![crate::talk::scene::button(text, tap)]
        })
        .collect();
    let key = if late.is_empty() { "overdue-none" } else { "overdue" };
    let text = scene.voice.say(key);
    scene.show(text, rows);
    Ok(())
}
