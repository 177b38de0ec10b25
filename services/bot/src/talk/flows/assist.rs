//! A conversation with the assistant. What it drafts is carried out only when the person says yes.

use super::{Prompt, show};
use crate::out::Button;
use crate::talk::dialogue::{Flow, Proposed, What};
use crate::talk::hands::{Done, Hitch};
use crate::talk::html::{self, escaped};
use crate::talk::scene::{Scene, button};
use crate::talk::screens::{card, sales};
use crate::talk::tap::{Step, Tap};
use ael_events::command::Command;
use ael_events::query::AssistantAnswer;
use ael_events::values::{ConversationName, QuestionText};

/// How many leads and how many questions an answer offers.
const OFFERED: usize = 7;
const ASKED: usize = 4;
/// How much of an answer fits a message.
const MOST: usize = 3_000;

pub(crate) fn prompt(scene: &Scene<'_>) -> Prompt {
    Prompt::of(scene.voice.say("ask-assist"))
}

/// A question.
pub(crate) async fn fed(scene: &mut Scene<'_>, flow: Flow, text: &str) -> Done<()> {
    let name = format!("telegram-{}", scene.chat.unsigned_abs());
    let (Ok(question), Ok(conversation)) =
        (QuestionText::parse(text), ConversationName::parse(&name))
    else {
        let word = scene.voice.say("wrong-question");
        return show(scene, flow, Some(word)).await;
    };
    let number = flow.number;
    scene.dialogue.flow = Some(flow);
    let language = scene.me.member.language;
    let answer = scene.hands.assist(scene.workspace, conversation, question, language).await;
    match answer {
        Ok(answer) => {
            answered(scene, number, answer);
            Ok(())
        }
        // The question may be asked again; nothing was done.
        Err(Hitch::Away(trouble)) => {
            tracing::warn!(%trouble, "the assistant did not answer");
            let text = scene.voice.say("assist-away");
            scene.show(text, vec![vec![leave(scene, number)]]);
            Ok(())
        }
        Err(hitch) => Err(hitch),
    }
}

fn leave(scene: &Scene<'_>, flow: u32) -> Button {
    scene.button("flow-leave", Tap::Flow { flow, step: Step::Cancel })
}

fn answered(scene: &mut Scene<'_>, flow: u32, answer: AssistantAnswer) {
    let said: String = answer.text.chars().take(MOST).collect();
    let mut text = format!("🤖 {}", escaped(&said));
    let mut rows = Vec::new();
    if let Some(proposal) = answer.proposal {
        scene.dialogue.proposals = scene.dialogue.proposals.wrapping_add(1);
        let number = scene.dialogue.proposals;
        text += &format!("\n\n📝 <b>{}</b>", escaped(&proposal.sentence));
        for follows in proposal.consequences.iter().take(6) {
            text += &format!("\n• {}", escaped(follows));
        }
        rows.push(vec![
            scene.button("draft-yes", Tap::Proposal { number, yes: true }),
            scene.button("draft-no", Tap::Proposal { number, yes: false }),
        ]);
        scene.dialogue.proposal = Some(Proposed {
            number,
            command: proposal.command,
            expected_version: proposal.expected_version,
            sentence: proposal.sentence,
        });
    }
    let leads = answer.leads.iter().take(OFFERED).map(|lead| {
        let text = format!("{} {}", card::sign(lead.stage), html::label(&lead.name, 40));
        vec![button(text, Tap::Lead(lead.id))]
    });
    rows.extend(leads);
    scene.dialogue.suggestions = answer.suggestions.into_iter().take(ASKED).collect();
    let suggested = scene.dialogue.suggestions.iter().zip(0..).map(|(words, index)| {
        vec![button(format!("💬 {}", html::label(words, 40)), Tap::AskAgain(index))]
    });
    rows.extend(suggested);
    rows.push(vec![leave(scene, flow)]);
    // What the assistant said before stays to be read.
    scene.edit = None;
    scene.show(text, rows);
}

/// Asks what the assistant offered to be asked.
pub(crate) async fn ask_again(scene: &mut Scene<'_>, index: u8) -> Done<()> {
    let Some(words) = scene.dialogue.suggestions.get(usize::from(index)).cloned() else {
        scene.word = Some(scene.voice.say("button-old"));
        return Ok(());
    };
    scene.edit = None;
    let said = format!("💬 {}", escaped(&words));
    scene.say(said, crate::out::Keyboard::None);
    let flow = match scene.dialogue.flow.take() {
        Some(flow) if matches!(flow.what, What::Assist) => flow,
        Some(_) | None => {
            scene.dialogue.flows = scene.dialogue.flows.wrapping_add(1);
            Flow { number: scene.dialogue.flows, step: 0, what: What::Assist }
        }
    };
    fed(scene, flow, &words).await
}

/// What the person says to a draft.
pub(crate) async fn decided(scene: &mut Scene<'_>, number: u32, yes: bool) -> Done<()> {
    let Some(draft) = scene.dialogue.proposal.take().filter(|it| it.number == number) else {
        scene.word = Some(scene.voice.say("button-old"));
        return Ok(());
    };
    if !yes {
        let text = scene.voice.html("draft-dropped", [("what", draft.sentence.into())]);
        scene.show(text, Vec::new());
        return Ok(());
    }
    let to = draft.command.clone();
    if let Command::Lead(to) = &to {
        scene.dialogue.lead = Some(to.id);
    }
    scene.tell(Some(draft.expected_version), draft.command).await?;
    match to {
        Command::Lead(to) => card::changed(scene, to.id, "done-draft", false).await,
        Command::Sale(to) => sales::changed(scene, to.id, "done-draft").await,
        Command::Workspace(_)
        | Command::Member(_)
        | Command::Invitation(_)
        | Command::Token(_)
        | Command::Advisor(_) => {
            let text = scene.voice.say("done-draft");
            scene.show(text, Vec::new());
            Ok(())
        }
    }
}
