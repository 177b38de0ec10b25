//! Settings: the language, how long a page is, and the workspace.

use super::menu;
use crate::out::Button;
use crate::talk::flows;
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::scene::{Scene, button};
use crate::talk::tap::{Setting, Tap};
use crate::talk::words::{Put, Voice};
use ael_events::command::{ChangeLanguage, Command, MemberRef, To};
use ael_events::values::Language;

/// How many rows a page may have.
const ROWS: [u8; 3] = [5, 7, 10];

/// Shows the settings, or changes one.
pub(crate) async fn press(scene: &mut Scene<'_>, setting: Setting) -> Done<()> {
    match setting {
        Setting::Show => show(scene).await,
        Setting::Language(language) => speak(scene, language).await,
        Setting::PageSize(size) => {
            if ROWS.contains(&size) {
                scene.dialogue.rows = size;
                scene.dialogue.list = None;
                scene.word = Some(scene.voice.say("done-settings"));
            }
            show(scene).await
        }
        Setting::Workspaces => workspaces(scene).await,
        Setting::Invite => flows::invite::begin(scene).await,
    }
}

async fn show(scene: &mut Scene<'_>) -> Done<()> {
    let workspace = html::name(scene.settings().await?.name.as_str());
    let role = scene.term("role", scene.me.member.role.as_str());
    let name = scene.me.member.name.as_ref().map_or("", |name| name.as_str()).to_owned();
    let put = [
        ("name", Put::from(html::name(&name))),
        ("role", role.into()),
        ("workspace", workspace.into()),
    ];
    let text = scene.voice.html("settings", put);
    let chosen = |yes: bool, text: String| if yes { format!("• {text} •") } else { text };
    let language = |language: Language, name: &str| {
        let is_it = scene.me.member.language == language;
        button(chosen(is_it, name.to_owned()), Tap::Setting(Setting::Language(language)))
    };
    let rows_of = |size: &u8| {
        let text = scene.voice.plain("rows", [("count", Put::from(u32::from(*size)))]);
        button(chosen(scene.dialogue.rows == *size, text), Tap::Setting(Setting::PageSize(*size)))
    };
    let mut rows: Vec<Vec<Button>> = vec![
        vec![language(Language::Uk, "🇺🇦 Українська"), language(Language::En, "🇬🇧 English")],
        ROWS.iter().map(rows_of).collect(),
    ];
    if scene.hands.memberships().await?.len() > 1 {
        rows.push(vec![scene.button("other-workspace", Tap::Setting(Setting::Workspaces))]);
    }
    if scene.administers() {
        rows.push(vec![scene.button("invite", Tap::Setting(Setting::Invite))]);
    }
    scene.show(text, rows);
    Ok(())
}

async fn speak(scene: &mut Scene<'_>, language: Language) -> Done<()> {
    let command = ChangeLanguage { language };
    let command = Command::Member(To { id: MemberRef::Me, command: command.into() });
    scene.tell(None, command).await?;
    scene.me.member.language = language;
    scene.dialogue.language = Some(language);
    scene.voice = Voice(language);
    scene.word = Some(scene.voice.say("done-settings"));
    show(scene).await?;
    // The menu in place of the letters speaks the new language too.
    let text = scene.voice.say("menu-again");
    menu::menu_with(scene, text);
    Ok(())
}

async fn workspaces(scene: &mut Scene<'_>) -> Done<()> {
    let rows = scene
        .hands
        .memberships()
        .await?
        .iter()
        .take(50)
        .map(|home| {
            vec![button(html::label(home.name.as_str(), 40), Tap::Workspace(home.workspace))]
        })
        .collect();
    let text = scene.voice.say("choose-workspace");
    scene.show(text, rows);
    Ok(())
}
