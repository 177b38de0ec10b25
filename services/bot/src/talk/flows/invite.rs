//! Inviting a colleague: a link that is good once. By the bot only Agents are invited.

use super::{Prompt, begin as begin_flow, show, step_of};
use crate::talk::dialogue::{Flow, Invited, What};
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::scene::Scene;
use crate::talk::screens;
use crate::talk::tap::{Step, Tap};
use ael_client::NewInvitationCode;
use ael_events::command::{Command, CreateInvitation, InvitationCommand, To};
use ael_events::ids::InvitationId;
use ael_events::values::{MemberName, Role};
use chrono::{SubsecRound as _, TimeDelta};
use secrecy::ExposeSecret as _;

/// For how many hours a link is good.
const GOOD_FOR: u32 = 7 * 24;

/// Begins; whoever may not is told so by the house itself, at the end, and here at once.
pub(crate) async fn begin(scene: &mut Scene<'_>) -> Done<()> {
    if !scene.administers() {
        let refusal = ael_events::answer::Rejected::new("role_too_low", "");
        let said = screens::refused(scene.voice, &refusal);
        scene.say(html::escaped(&said), crate::out::Keyboard::None);
        return Ok(());
    }
    begin_flow(scene, What::Invite { name: None, made: None }).await
}

pub(crate) fn prompt(scene: &Scene<'_>, flow: &Flow, name: Option<&MemberName>) -> Prompt {
    let head = step_of(scene, flow.step, 2);
    match name.filter(|_| flow.step > 0) {
        None => Prompt::of(format!("{head}\n{}", scene.voice.say("ask-invite"))),
        Some(name) => {
            let name = html::name(name.as_str());
            let ask = scene.voice.html("ask-invite-confirm", [("name", name.into())]);
            let tap = Tap::Flow { flow: flow.number, step: Step::Confirm };
            let rows = vec![vec![scene.button("invite-now", tap)]];
            Prompt { text: format!("{head}\n{ask}"), rows, skip: false }
        }
    }
}

/// The name that was typed. The code is made now and kept, so that confirming twice invites once.
pub(crate) async fn fed(scene: &mut Scene<'_>, mut flow: Flow, text: &str) -> Done<()> {
    let What::Invite { name, made } = &mut flow.what else { return Ok(()) };
    let id = InvitationId::from_uuid(scene.hands.new_id());
    match (MemberName::parse(text), NewInvitationCode::mint(scene.workspace, id)) {
        (Ok(read), Ok(minted)) => {
            *name = Some(read);
            *made = Some(Invited {
                id,
                code: minted.code.expose_secret().to_owned(),
                code_hash: minted.code_hash,
                expires_at: scene.now.trunc_subsecs(6) + TimeDelta::hours(i64::from(GOOD_FOR)),
            });
            flow.step = 1;
            show(scene, flow, None).await
        }
        (Err(_), _) | (_, Err(_)) => {
            let word = scene.voice.say("wrong-name");
            show(scene, flow, Some(word)).await
        }
    }
}

pub(crate) async fn pressed(scene: &mut Scene<'_>, flow: Flow, step: Step) -> Done<()> {
    let What::Invite { name: Some(name), made: Some(made) } = &flow.what else {
        return show(scene, flow, None).await;
    };
    if step != Step::Confirm {
        return show(scene, flow, None).await;
    }
    let language = scene.settings().await?.settings.language;
    let command = CreateInvitation {
        name: name.clone(),
        email: None,
        role: Role::Agent,
        language,
        code_hash: made.code_hash.clone(),
        expires_at: made.expires_at,
        valid_hours: Some(GOOD_FOR),
    };
    let command = InvitationCommand::Create(command);
    scene.tell(None, Command::Invitation(To { id: made.id, command })).await?;
    let link = format!("https://t.me/{}?start={}", scene.bot, made.code);
    let until = made.expires_at.format("%d.%m.%Y %H:%M UTC").to_string();
    let put = [
        ("name", html::name(name.as_str()).into()),
        ("link", link.into()),
        ("until", until.into()),
    ];
    let text = scene.voice.html("invited", put);
    scene.show(text, Vec::new());
    Ok(())
}
