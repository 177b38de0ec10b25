//! A new lead, in six steps: where from, who, how to reach them, for which line of business, what
//! they want, and is it right?

use super::{Prompt, line, show, step_of};
use crate::out::Button;
use crate::talk::dialogue::{Draft, Flow, What};
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::html::escaped;
use crate::talk::pasted::Ways;
use crate::talk::scene::{Scene, button};
use crate::talk::screens::card;
use crate::talk::tap::{Step, Tap};
use ael_events::command::CreateLead;
use ael_events::event::LeadProfile;
use ael_events::ids::LeadId;
use ael_events::values::{Contact, DomainSlug, FullName, Intent, Source};

const STEPS: u8 = 6;
const SOURCE: u8 = 0;
const NAME: u8 = 1;
const CONTACT: u8 = 2;
const DOMAIN: u8 = 3;
const INTENT: u8 = 4;
const CONFIRM: u8 = 5;

/// Begins.
pub(crate) async fn begin(scene: &mut Scene<'_>) -> Done<()> {
    let lead = LeadId::from_uuid(scene.hands.new_id());
    super::begin(scene, What::NewLead(Box::new(Draft::new(lead)))).await
}

/// Begins with what was read from a text: it only has to be confirmed.
pub(crate) async fn read(scene: &mut Scene<'_>, draft: Draft) -> Done<()> {
    scene.dialogue.flows = scene.dialogue.flows.wrapping_add(1);
    let number = scene.dialogue.flows;
    let draft = Draft { source: draft.source.or(Some(Source::Manual)), ..draft };
    let flow = Flow { number, step: CONFIRM, what: What::NewLead(Box::new(draft)) };
    let word = scene.voice.say("read-as-lead");
    show(scene, flow, Some(word)).await
}

async fn domains(scene: &mut Scene<'_>) -> Done<Vec<DomainSlug>> {
    Ok(scene.settings().await?.settings.business_domains.as_slice().to_vec())
}

pub(crate) async fn prompt(scene: &mut Scene<'_>, flow: &Flow, draft: &Draft) -> Done<Prompt> {
    let choose = |text: String, index: u8| {
        button(text, Tap::Flow { flow: flow.number, step: Step::Choose(index) })
    };
    let head = step_of(scene, flow.step, STEPS);
    let (key, rows): (_, Vec<Vec<Button>>) = match flow.step {
        SOURCE => {
            let sources = Source::ALL.iter().zip(0..);
            let rows = sources.map(|(it, at)| vec![choose(scene.term("source", it.as_str()), at)]);
            ("ask-source", rows.collect())
        }
        NAME => ("ask-name", Vec::new()),
        CONTACT => ("ask-contact", Vec::new()),
        DOMAIN => {
            let domains = domains(scene).await?;
            let buttons: Vec<Button> = domains
                .iter()
                .zip(0..)
                .map(|(it, at)| choose(format!("🏢 {}", html::label(it.as_str(), 30)), at))
                .collect();
            ("ask-domain", buttons.chunks(2).map(<[Button]>::to_vec).collect())
        }
        INTENT => ("ask-intent", Vec::new()),
        _ => return Ok(confirm(scene, flow, draft, &head)),
    };
    let known = match flow.step {
        NAME => draft.full_name.as_ref().map(|it| it.as_str().to_owned()),
        CONTACT => ways(draft),
        DOMAIN => draft.domain.as_ref().map(|it| it.as_str().to_owned()),
        INTENT => draft.intent.as_ref().map(|it| it.as_str().to_owned()),
        _ => draft.source.map(|it| scene.term("source", it.as_str())),
    };
    let mut text = format!("{head}\n{}", scene.voice.say(key));
    if let Some(known) = known {
        text += &format!("\n{}", scene.voice.html("so-far", [("what", html::text(&known).into())]));
    }
    Ok(Prompt { text, rows, skip: flow.step != SOURCE || draft.source.is_some() })
}

fn ways(draft: &Draft) -> Option<String> {
    let ways = [
        draft.phone.as_ref().map(|it| it.as_str().to_owned()),
        draft.email.as_ref().map(|it| it.as_str().to_owned()),
        draft.telegram.as_ref().map(|it| format!("@{}", it.as_str())),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    (!ways.is_empty()).then(|| ways.join(", "))
}

fn confirm(scene: &Scene<'_>, flow: &Flow, draft: &Draft, head: &str) -> Prompt {
    let none = || scene.voice.say("none-yet");
    let mut lines = match draft.pasted {
        true => Vec::new(),
        false => vec![head.to_owned()],
    };
    lines.push(scene.voice.say("ask-confirm-lead"));
    let name = draft.full_name.as_ref().map(|it| line(it.as_str()));
    lines.push(format!("👤 <b>{}</b>", name.unwrap_or_else(none)));
    let at = [
        draft.position.as_ref().map(|it| line(it.as_str())),
        draft.company.as_ref().map(|it| line(it.as_str())),
    ];
    let at: Vec<String> = at.into_iter().flatten().collect();
    if !at.is_empty() {
        lines.push(format!("💼 {}", at.join(" · ")));
    }
    lines.push(format!("☎️ {}", ways(draft).map_or_else(none, |ways| escaped(&ways))));
    let source = draft.source.map(|it| scene.term("source", it.as_str()));
    lines.push(format!("🧭 {}", source.unwrap_or_else(none)));
    lines
        .push(format!("🏢 {}", draft.domain.as_ref().map_or_else(none, |it| escaped(it.as_str()))));
    if let Some(intent) = &draft.intent {
        lines.push(format!("💭 {}", line(intent.as_str())));
    }
    if !draft.is_reachable() {
        lines.push(scene.voice.say("not-reachable-yet"));
    }
    let step = |step| Tap::Flow { flow: flow.number, step };
    let rows = vec![vec![scene.button("create", step(Step::Confirm))]];
    Prompt { text: lines.join("\n"), rows, skip: false }
}

/// What was typed at a step.
pub(crate) async fn fed(scene: &mut Scene<'_>, mut flow: Flow, text: &str) -> Done<()> {
    let What::NewLead(draft) = &mut flow.what else { return Ok(()) };
    let mut word = None;
    match flow.step {
        NAME => match FullName::parse(text) {
            Ok(name) => {
                draft.full_name = Some(name);
                flow.step = CONTACT;
            }
            Err(_) => word = Some("wrong-name"),
        },
        CONTACT => {
            let country = scene.settings().await?.settings.country.clone();
            let ways = Ways::of(text, &country);
            if ways.any() {
                draft.phone = ways.phone.or_else(|| draft.phone.take());
                draft.email = ways.email.or_else(|| draft.email.take());
                draft.telegram = ways.telegram.or_else(|| draft.telegram.take());
                flow.step = DOMAIN;
            } else {
                word = Some("wrong-contact");
            }
        }
        DOMAIN => {
            let wanted = text.to_lowercase();
            match domains(scene).await?.into_iter().find(|it| it.as_str() == wanted) {
                Some(domain) => {
                    draft.domain = Some(domain);
                    flow.step = INTENT;
                }
                None => word = Some("wrong-choice"),
            }
        }
        INTENT => match Intent::parse(text) {
            Ok(intent) => {
                draft.intent = Some(intent);
                flow.step = CONFIRM;
            }
            Err(_) => word = Some("wrong-text"),
        },
        _ => word = Some("wrong-choice"),
    }
    let word = word.map(|key| scene.voice.say(key));
    show(scene, flow, word).await
}

/// What was pressed at a step.
pub(crate) async fn pressed(scene: &mut Scene<'_>, mut flow: Flow, step: Step) -> Done<()> {
    let What::NewLead(draft) = &mut flow.what else { return Ok(()) };
    match (flow.step, step) {
        (SOURCE, Step::Choose(at)) => {
            draft.source = Source::ALL.get(usize::from(at)).copied().or(draft.source);
            flow.step = NAME;
        }
        (DOMAIN, Step::Choose(at)) => {
            let domain = domains(scene).await?.into_iter().nth(usize::from(at));
            draft.domain = domain.or_else(|| draft.domain.take());
            flow.step = INTENT;
        }
        (CONFIRM, Step::Confirm) => return create(scene, flow, false).await,
        (CONFIRM, Step::Anyway) => return create(scene, flow, true).await,
        (before, Step::Skip) if before < CONFIRM => flow.step += 1,
        (_, _) => {}
    }
    show(scene, flow, None).await
}

async fn create(scene: &mut Scene<'_>, flow: Flow, allow_duplicate: bool) -> Done<()> {
    let What::NewLead(draft) = &flow.what else { return Ok(()) };
    let contact = Contact {
        full_name: draft.full_name.clone(),
        company: draft.company.clone(),
        position: draft.position.clone(),
        email: draft.email.clone(),
        phone: draft.phone.clone(),
        telegram: draft.telegram.clone(),
    };
    let command = CreateLead {
        source: draft.source.unwrap_or(Source::Manual),
        business_domain: draft.domain.clone(),
        owner: Some(scene.me.member.id),
        tags: std::collections::BTreeSet::new(),
        profile: LeadProfile {
            contact,
            intent: draft.intent.clone(),
            budget: None,
            pain_points: Vec::new(),
        },
        allow_duplicate,
    };
    let lead = draft.lead;
    // What was typed stays, should it be refused.
    let before = scene.dialogue.lead;
    scene.dialogue.flow = Some(flow);
    if let Err(hitch) = scene.change(lead, None, command).await {
        scene.dialogue.lead = before;
        return Err(hitch);
    }
    scene.dialogue.flow = None;
    card::changed(scene, lead, "done-created", false).await
}
