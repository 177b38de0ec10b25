//! What the bot answers: who somebody is, what they said or pressed, and what follows from it.
//!
//! # Invariants
//!
//! - **The bot decides nothing.** Every question and command goes out as the Telegram account that
//!   asked; `queries` and `commands` look up whose it is and what that person may. What a screen
//!   offers by role is a courtesy.
//! - **A command's name follows from the update.** Worked on twice, an update asks for the same.
//! - **A button that changes something names the version for which it was made**: pressed twice, or
//!   a week late, it shows how things are now and changes nothing.
//! - **What people wrote is escaped**, wherever it is put in.
//! - **Leads are worked on in a chat with the bot alone.** In a group others read along: there a
//!   card is shared by inline mode, without its contact.

mod amount;
mod dialogue;
mod flows;
mod hands;
mod heard;
mod html;
mod pasted;
mod scene;
mod screens;
mod strangers;
mod tap;
mod words;

use crate::out::{Keyboard, Out};
use crate::wire::{Blocked, Talk, Trouble};
use ael_client::Client;
use ael_events::command::{Command, MemberRef, NoteBotBlocked, To};
use ael_events::query::{Me, Query};
use ael_events::values::{Language, TelegramUserId};
use chrono::{DateTime, TimeDelta, Utc};
use dialogue::Dialogue;
use hands::{Done, Hands, Hitch};
use heard::{Heard, Said};
use scene::{Scene, Stage};
use tap::Tap;
use teloxide::types::Update;
use words::{Voice, language_of};

/// After how long somebody is asked where they were rather than taken at their word.
const IDLE: TimeDelta = TimeDelta::minutes(30);

/// The bot, as it talks.
pub(crate) struct Talker {
    client: Client,
    /// Its number, by which its commands are told from another bot's.
    id: u64,
    /// Its name, for links to it.
    name: String,
}

impl Talker {
    pub(crate) const fn new(client: Client, id: u64, name: String) -> Self {
        Self { client, id, name }
    }
}

/// What is known of whoever said something.
enum Known {
    Member(ael_events::ids::WorkspaceId, Box<Me>),
    /// They belong to several workspaces and have chosen none.
    Choosing(Vec<ael_events::query::Membership>),
    Stranger,
}

impl Talk for Talker {
    type Dialogue = Dialogue;

    async fn answer(
        &self,
        update: &Update,
        dialogue: &mut Dialogue,
        touched: Option<DateTime<Utc>>,
    ) -> Result<Vec<Out>, Trouble> {
        let Some(heard) = Heard::of(update) else { return Ok(Vec::new()) };
        let name = format!("{}/{}", self.id, update.id.0);
        let hands = Hands::new(&self.client, heard.account, name);
        let voice =
            Voice(dialogue.language.unwrap_or_else(|| language_of(heard.language.as_deref())));
        let (press, chat) = (pressed(&heard.said), heard.chat);
        match self.hear(heard, hands, dialogue, touched).await {
            Ok(outs) => Ok(outs),
            Err(Hitch::Away(trouble)) => Err(trouble),
            Err(Hitch::Refused(refusal)) => {
                let text = html::escaped(&screens::refused(voice, &refusal));
                let keyboard = Keyboard::None;
                let said = Out::Send { chat, text, keyboard, silent: false };
                Ok(press.map(|callback| word(callback, None)).into_iter().chain([said]).collect())
            }
        }
    }
}

impl Talker {
    async fn hear(
        &self,
        heard: Heard,
        mut hands: Hands<'_>,
        dialogue: &mut Dialogue,
        touched: Option<DateTime<Utc>>,
    ) -> Done<Vec<Out>> {
        if let Said::Blocked = heard.said {
            note_blocked(&mut hands).await?;
            return Ok(Vec::new());
        }
        let press = pressed(&heard.said);
        let language = language_of(heard.language.as_deref());
        if !heard.private {
            return Ok(strangers::in_group(&self.name, Voice(language), &heard));
        }
        if let Some(code) = strangers::invitation(&heard.said) {
            return strangers::enter(&self.name, hands, dialogue, heard.chat, language, code).await;
        }
        if let Said::Press { code, .. } = &heard.said
            && let Some(Tap::Workspace(workspace)) = Tap::of(code)
        {
            dialogue.workspace = Some(workspace);
            dialogue.after = None;
        }
        let (workspace, me) = match known(&hands, dialogue).await? {
            Known::Member(workspace, me) => (workspace, *me),
            Known::Choosing(homes) => {
                let voice = Voice(dialogue.language.unwrap_or(language));
                return Ok(strangers::choose(voice, heard.chat, press, &homes));
            }
            Known::Stranger => {
                let voice = Voice(dialogue.language.unwrap_or(language));
                return Ok(strangers::outside(voice, &heard));
            }
        };
        dialogue.workspace = Some(workspace);
        dialogue.language = Some(me.member.language);
        let Heard { chat, said, .. } = heard;
        let edit = match &said {
            Said::Press { message, .. } => *message,
            Said::Text(_)
            | Said::Forwarded { .. }
            | Said::Contact { .. }
            | Said::Inline { .. }
            | Said::Unreadable
            | Said::Blocked => None,
        };
        let stage = Stage { hands, dialogue, bot: &self.name, chat, edit };
        let mut scene = Scene::new(stage, workspace, me);
        let is_late = touched.is_some_and(|touched| scene.now - touched > IDLE);
        let done = match said {
            Said::Text(text) => flows::text(&mut scene, &text, is_late).await,
            Said::Forwarded { text, name, username } => {
                flows::forwarded(&mut scene, &text, name.as_deref(), username.as_deref()).await
            }
            Said::Contact { name, phone } => flows::contact(&mut scene, &name, &phone).await,
            Said::Press { code, .. } => screens::press(&mut scene, Tap::of(&code)).await,
            Said::Inline { query, text } => screens::inline::answer(&mut scene, query, &text).await,
            Said::Unreadable => {
                let text = scene.voice.say("unreadable");
                scene.say(text, Keyboard::None);
                Ok(())
            }
            Said::Blocked => Ok(()),
        };
        if let Err(hitch) = done {
            screens::hitch(&mut scene, hitch).await?;
        }
        let said = scene.word.take();
        let outs = scene.outs();
        Ok(press.map(|callback| word(callback, said)).into_iter().chain(outs).collect())
    }
}

impl Blocked for Talker {
    async fn blocked(&self, chat: i64) -> Result<(), Trouble> {
        // A private chat has its person's number.
        let Ok(account) = TelegramUserId::try_from(chat) else { return Ok(()) };
        let mut hands = Hands::new(&self.client, account, format!("{}/blocked/{chat}", self.id));
        match note_blocked(&mut hands).await {
            Ok(()) => Ok(()),
            Err(Hitch::Away(trouble)) => Err(trouble),
            Err(Hitch::Refused(refusal)) => {
                tracing::warn!(
                    code = refusal.code,
                    "it could not be noted that the bot is blocked"
                );
                Ok(())
            }
        }
    }
}

/// Notes on the member, in each of their workspaces, that they blocked the bot.
async fn note_blocked(hands: &mut Hands<'_>) -> Done<()> {
    for home in hands.memberships().await? {
        let id = MemberRef::Id(home.member_id);
        let command = Command::Member(To { id, command: NoteBotBlocked {}.into() });
        match hands.tell_as_bot(home.workspace, command).await {
            Ok(_) => {}
            Err(Hitch::Refused(refusal)) => {
                tracing::info!(code = refusal.code, "a blocked bot was not noted on a member");
            }
            Err(hitch) => return Err(hitch),
        }
    }
    Ok(())
}

/// Who it is, in the workspace that they chose or in their only one.
async fn known(hands: &Hands<'_>, dialogue: &mut Dialogue) -> Done<Known> {
    if let Some(workspace) = dialogue.workspace {
        match hands.ask(workspace, dialogue.after.as_ref(), Query::Me {}).await {
            Ok(me) => return Ok(Known::Member(workspace, Box::new(me))),
            Err(Hitch::Refused(refusal)) if is_out(&refusal.code) => {
                // What they were doing there is nothing of theirs any more.
                *dialogue = Dialogue { language: dialogue.language, ..Dialogue::default() };
            }
            Err(hitch) => return Err(hitch),
        }
    }
    let homes = hands.memberships().await?;
    let [home] = &homes[..] else {
        return Ok(if homes.is_empty() { Known::Stranger } else { Known::Choosing(homes) });
    };
    match hands.ask(home.workspace, None, Query::Me {}).await {
        Ok(me) => Ok(Known::Member(home.workspace, Box::new(me))),
        Err(Hitch::Refused(refusal)) if is_out(&refusal.code) => Ok(Known::Stranger),
        Err(hitch) => Err(hitch),
    }
}

/// Whether a refusal says that they are no member (any more).
fn is_out(code: &str) -> bool {
    ["telegram_not_linked", "unknown_member", "member_deactivated"].contains(&code)
}

fn pressed(said: &Said) -> Option<String> {
    match said {
        Said::Press { callback, .. } => Some(callback.clone()),
        Said::Text(_)
        | Said::Forwarded { .. }
        | Said::Contact { .. }
        | Said::Inline { .. }
        | Said::Unreadable
        | Said::Blocked => None,
    }
}

fn word(callback: String, text: Option<String>) -> Out {
    Out::Heard { callback, text, alert: false }
}

/// The languages in which commands are offered, and Telegram's code where it is not for everybody.
pub(crate) const LANGUAGES: [(Language, Option<&str>); 2] =
    [(Language::En, None), (Language::Uk, Some("uk"))];

/// The commands, each with a word about it.
pub(crate) fn command_list(language: Language) -> Vec<(&'static str, String)> {
    const COMMANDS: [&str; 9] =
        ["menu", "find", "new", "leads", "sales", "stats", "settings", "help", "cancel"];
    let about = |name: &'static str| (name, Voice(language).say(&format!("command-{name}")));
    COMMANDS.into_iter().map(about).collect()
}
