//! Whoever is no member: how to get in, and nothing else.

use super::dialogue::Dialogue;
use super::hands::{Done, Hands, Hitch};
use super::heard::{Heard, Said};
use super::scene::{Scene, Stage, button};
use super::tap::Tap;
use super::words::{Put, Voice};
use super::{html, screens};
use crate::out::{Button, Keyboard, Out, Press};
use ael_client::invitation_of;
use ael_events::command::{
    AcceptInvitation, ChangeLanguage, Command, InvitationCommand, MemberRef, To,
};
use ael_events::ids::MemberId;
use ael_events::query::{Me, Membership, Query};
use ael_events::values::Language;

/// The code of `/start <code>`, if somebody came by an invitation link.
pub(super) fn invitation(said: &Said) -> Option<String> {
    let Said::Text(text) = said else { return None };
    let mut words = text.split_whitespace();
    let is_start = words.next().is_some_and(|word| word == "/start" || word.starts_with("/start@"));
    words.next().filter(|_| is_start).map(str::to_owned)
}

/// Lets somebody in who came with a code.
pub(super) async fn enter(
    bot: &str,
    mut hands: Hands<'_>,
    dialogue: &mut Dialogue,
    chat: i64,
    language: Language,
    code: String,
) -> Done<Vec<Out>> {
    let voice = Voice(dialogue.language.unwrap_or(language));
    let say = |text: String| Out::Send { chat, text, keyboard: Keyboard::None, silent: false };
    let Some((workspace, invitation)) = invitation_of(&code) else {
        return Ok(vec![say(voice.say("invitation-broken"))]);
    };
    let member_id = MemberId::from_uuid(hands.new_id());
    let accept = AcceptInvitation { code, member_id, telegram: Some(hands.account()) };
    let command = InvitationCommand::Accept(accept);
    let asked = Command::Invitation(To { id: invitation, command });
    let accepted = match hands.tell_as_bot(workspace, asked).await {
        Ok(accepted) => accepted,
        Err(Hitch::Refused(refusal)) if refusal.code == "telegram_taken" => {
            dialogue.workspace = Some(workspace);
            return Ok(vec![say(voice.say("already-in"))]);
        }
        Err(Hitch::Refused(refusal)) => {
            return Ok(vec![say(html::escaped(&screens::refused(voice, &refusal)))]);
        }
        Err(hitch) => return Err(hitch),
    };
    *dialogue =
        Dialogue { workspace: Some(workspace), after: accepted.position, ..Dialogue::default() };
    let language_wanted = ChangeLanguage { language };
    let change = Command::Member(To { id: MemberRef::Me, command: language_wanted.into() });
    let changed = hands.tell(workspace, None, change).await?;
    if changed.position.is_some() {
        dialogue.after = changed.position;
    }
    let me: Me = hands.ask(workspace, dialogue.after.as_ref(), Query::Me {}).await?;
    dialogue.language = Some(me.member.language);
    let stage = Stage { hands, dialogue, bot, chat, edit: None };
    let mut scene = Scene::new(stage, workspace, me);
    screens::menu::welcome(&mut scene).await?;
    Ok(scene.outs())
}

/// Lets somebody choose among their workspaces.
pub(super) fn choose(
    voice: Voice,
    chat: i64,
    press: Option<String>,
    homes: &[Membership],
) -> Vec<Out> {
    let rows = homes
        .iter()
        .take(50)
        .map(|home| {
            vec![button(html::label(home.name.as_str(), 40), Tap::Workspace(home.workspace))]
        })
        .collect();
    let text = voice.say("choose-workspace");
    let keyboard = Keyboard::Inline(rows);
    let heard = press.map(|callback| Out::Heard { callback, text: None, alert: false });
    heard.into_iter().chain([Out::Send { chat, text, keyboard, silent: false }]).collect()
}

/// What a stranger is told.
pub(super) fn outside(voice: Voice, heard: &Heard) -> Vec<Out> {
    let chat = heard.chat;
    let told = || {
        let text = voice.html("stranger", [("account", Put::from(heard.account.number()))]);
        Out::Send { chat, text, keyboard: Keyboard::Remove, silent: false }
    };
    match &heard.said {
        Said::Press { callback, .. } => {
            let text = Some(voice.say("stranger-press"));
            vec![Out::Heard { callback: callback.clone(), text, alert: true }]
        }
        Said::Inline { query, .. } => {
            vec![Out::Found { query: query.clone(), articles: Vec::new() }]
        }
        Said::Text(_) | Said::Forwarded { .. } | Said::Contact { .. } | Said::Unreadable => {
            vec![told()]
        }
        Said::Blocked => Vec::new(),
    }
}

/// What is said in a group, where others read along: where to go, to whoever speaks to the bot.
pub(super) fn in_group(bot: &str, voice: Voice, heard: &Heard) -> Vec<Out> {
    let chat = heard.chat;
    let says = |key: &str| {
        let press = Press::Url(format!("https://t.me/{bot}"));
        let open = Button { text: voice.say("open-chat"), press };
        let (text, keyboard) = (voice.say(key), Keyboard::Inline(vec![vec![open]]));
        vec![Out::Send { chat, text, keyboard, silent: true }]
    };
    match &heard.said {
        Said::Press { callback, .. } => {
            let text = Some(voice.say("in-group-press"));
            vec![Out::Heard { callback: callback.clone(), text, alert: true }]
        }
        Said::Text(_) if invitation(&heard.said).is_some() => says("invitation-in-group"),
        Said::Text(text) if is_for(text, bot) => says("in-group"),
        Said::Text(_)
        | Said::Forwarded { .. }
        | Said::Contact { .. }
        | Said::Inline { .. }
        | Said::Unreadable
        | Said::Blocked => Vec::new(),
    }
}

/// Whether a command is for this bot: of several bots in a group each is called by its name.
fn is_for(text: &str, bot: &str) -> bool {
    let Some(command) = text.strip_prefix('/').and_then(|rest| rest.split_whitespace().next())
    else {
        return false;
    };
    command.split_once('@').is_none_or(|(_, name)| name.eq_ignore_ascii_case(bot))
}
