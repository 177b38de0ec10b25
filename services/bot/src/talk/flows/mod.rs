//! What is filled in step by step: a prompt for each step, with a way back, a way on and a way out.
//! What was typed stays until the flow ends, also when it makes no sense.

pub(crate) mod assist;
pub(crate) mod edit;
pub(crate) mod invite;
pub(crate) mod money;
pub(crate) mod new_lead;
pub(crate) mod note;
pub(crate) mod reasons;
pub(crate) mod transfer;

use super::dialogue::{Draft, Flow, What};
use super::hands::Done;
use super::scene::Scene;
use super::screens::{list, menu, sales, settings, stats};
use super::tap::{Filter, Setting, Step, Tap};
use super::words::{Put, Voice};
use super::{html, pasted};
use crate::out::{Button, Keyboard};
use ael_events::ids::LeadId;
use ael_events::values::{FullName, Intent, Language, Phone, TelegramUsername};

/// How long a search may be.
const SEARCH: usize = 100;

/// What a step asks, and what can be pressed.
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) rows: Vec<Vec<Button>>,
    /// Whether the step may be left out.
    pub(crate) skip: bool,
}

impl Prompt {
    pub(crate) const fn of(text: String) -> Self {
        Self { text, rows: Vec::new(), skip: false }
    }
}

/// Begins to fill something in.
pub(crate) async fn begin(scene: &mut Scene<'_>, what: What) -> Done<()> {
    scene.dialogue.flows = scene.dialogue.flows.wrapping_add(1);
    let flow = Flow { number: scene.dialogue.flows, step: 0, what };
    show(scene, flow, None).await
}

/// Shows the step at which a flow is, perhaps after a word about what was typed.
pub(crate) async fn show(scene: &mut Scene<'_>, flow: Flow, word: Option<String>) -> Done<()> {
    let prompt = match &flow.what {
        What::NewLead(draft) => new_lead::prompt(scene, &flow, draft).await?,
        What::Search => Prompt::of(scene.voice.say("ask-search")),
        What::Note { lead } => note::prompt(scene, *lead).await?,
        What::Transfer { needs_reason, amount, reason, .. } => {
            transfer::prompt(scene, &flow, *needs_reason, *amount, reason.as_ref()).await?
        }
        What::LostText { .. } | What::SaleLostText { .. } => {
            Prompt::of(scene.voice.say("ask-lost-text"))
        }
        What::RollBack { .. } => Prompt::of(scene.voice.say("ask-roll-back")),
        What::Reopen { .. } => Prompt::of(scene.voice.say("ask-reopen")),
        What::Edit { lead, field, .. } => edit::prompt(scene, &flow, *lead, *field).await?,
        What::SaleAmount { pay, .. } => money::prompt(scene, *pay).await?,
        What::Invite { name, .. } => invite::prompt(scene, &flow, name.as_ref()),
        What::Assist => assist::prompt(scene),
    };
    let Prompt { text, mut rows, skip } = prompt;
    let step = |step| Tap::Flow { flow: flow.number, step };
    let mut ways = Vec::new();
    if flow.step > 0 {
        ways.push(scene.button("flow-back", step(Step::Back)));
    }
    if skip {
        ways.push(scene.button("flow-skip", step(Step::Skip)));
    }
    let leave = if matches!(flow.what, What::Assist) { "flow-leave" } else { "flow-cancel" };
    ways.push(scene.button(leave, step(Step::Cancel)));
    rows.push(ways);
    let text = match word {
        Some(word) => format!("{word}\n\n{text}"),
        None => text,
    };
    scene.dialogue.flow = Some(flow);
    scene.show(text, rows);
    Ok(())
}

/// A step's number, as people count: "step 3 of 6".
pub(crate) fn step_of(scene: &Scene<'_>, step: u8, of: u8) -> String {
    scene
        .voice
        .html("step", [("step", Put::from(u32::from(step) + 1)), ("of", u32::from(of).into())])
}

/// What somebody typed.
pub(crate) async fn text(scene: &mut Scene<'_>, text: &str, is_late: bool) -> Done<()> {
    let text = text.trim();
    if text.starts_with('/') {
        return command(scene, text).await;
    }
    if let Some(key) = menu_key(text) {
        return menu_pressed(scene, key).await;
    }
    match scene.dialogue.flow.take() {
        Some(flow) if is_late && !matches!(flow.what, What::Assist | What::Search) => {
            where_were_we(scene, flow);
            Ok(())
        }
        Some(flow) => fed(scene, flow, text).await,
        None => loose(scene, text).await,
    }
}

/// A command, such as `/find Petrenko`.
async fn command(scene: &mut Scene<'_>, text: &str) -> Done<()> {
    let (command, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (command, addressed) = command.split_once('@').unwrap_or((command, ""));
    if !addressed.is_empty() && !addressed.eq_ignore_ascii_case(scene.bot) {
        return Ok(());
    }
    match command {
        "/start" | "/menu" => {
            scene.dialogue.flow = None;
            menu::welcome(scene).await
        }
        "/help" => {
            menu::help(scene);
            Ok(())
        }
        "/settings" => settings::press(scene, Setting::Show).await,
        "/cancel" => cancel(scene).await,
        "/find" if rest.trim().is_empty() => begin(scene, What::Search).await,
        "/find" => search(scene, rest.trim()).await,
        "/new" => new_lead::begin(scene).await,
        "/leads" => list::filters(scene).await,
        "/sales" => sales::list(scene, None, 0).await,
        "/stats" => stats::show(scene, false).await,
        "/invite" => invite::begin(scene).await,
        _ => {
            let said = scene.voice.say("unknown-command");
            scene.say(said, Keyboard::None);
            Ok(())
        }
    }
}

/// The button of the menu whose words these are, in either language.
fn menu_key(text: &str) -> Option<&'static str> {
    const KEYS: [&str; 7] = [
        "menu-leads",
        "menu-sales",
        "menu-stats",
        "menu-new",
        "menu-assist",
        "menu-quick",
        "menu-settings",
    ];
    KEYS.into_iter().find(|key| {
        [Language::Uk, Language::En].into_iter().any(|language| Voice(language).say(key) == text)
    })
}

async fn menu_pressed(scene: &mut Scene<'_>, key: &str) -> Done<()> {
    if let Some(flow) = scene.dialogue.flow.take()
        && !matches!(flow.what, What::Assist | What::Search)
    {
        let what = scene.term("flow", flow.what.word());
        let said = scene.voice.html("put-aside", [("what", what.into())]);
        scene.say(said, Keyboard::None);
    }
    match key {
        "menu-leads" => list::filters(scene).await,
        "menu-sales" => sales::list(scene, None, 0).await,
        "menu-stats" => stats::show(scene, false).await,
        "menu-new" => new_lead::begin(scene).await,
        "menu-assist" => begin(scene, What::Assist).await,
        "menu-quick" => menu::quick(scene).await,
        _ => settings::press(scene, Setting::Show).await,
    }
}

/// A text that nothing asked for: somebody's contact, else words to search for.
async fn loose(scene: &mut Scene<'_>, text: &str) -> Done<()> {
    let country = scene.settings().await?.settings.country.clone();
    let lead = LeadId::from_uuid(scene.hands.new_id());
    match pasted::read(lead, text, &country) {
        Some(draft) => new_lead::read(scene, draft).await,
        None => search(scene, text).await,
    }
}

/// A message that somebody else wrote.
pub(crate) async fn forwarded(
    scene: &mut Scene<'_>,
    text: &str,
    name: Option<&str>,
    username: Option<&str>,
) -> Done<()> {
    let country = scene.settings().await?.settings.country.clone();
    let lead = LeadId::from_uuid(scene.hands.new_id());
    let mut draft = pasted::read(lead, text, &country).unwrap_or_else(|| Draft {
        intent: Intent::parse(text).ok(),
        pasted: true,
        ..Draft::new(lead)
    });
    draft.full_name = draft.full_name.or_else(|| name.and_then(|name| FullName::parse(name).ok()));
    let username = username.and_then(|name| name.parse::<TelegramUsername>().ok());
    draft.telegram = draft.telegram.or(username);
    new_lead::read(scene, draft).await
}

/// A contact of the address book.
pub(crate) async fn contact(scene: &mut Scene<'_>, name: &str, phone: &str) -> Done<()> {
    let country = scene.settings().await?.settings.country.clone();
    // Telegram leaves the plus away.
    let whole = format!("+{}", phone.trim().trim_start_matches('+'));
    let phone = Phone::parse_in(&whole, None).or_else(|_| Phone::parse_in(phone, Some(&country)));
    let name = FullName::parse(name).ok();
    if let Some(mut flow) = scene.dialogue.flow.take() {
        if let What::NewLead(draft) = &mut flow.what {
            draft.full_name = draft.full_name.take().or(name);
            draft.phone = phone.ok().or_else(|| draft.phone.take());
            flow.step = flow.step.max(3);
            return show(scene, flow, None).await;
        }
        scene.dialogue.flow = Some(flow);
    }
    let lead = LeadId::from_uuid(scene.hands.new_id());
    let draft = Draft { full_name: name, phone: phone.ok(), pasted: true, ..Draft::new(lead) };
    new_lead::read(scene, draft).await
}

/// Looks for somebody; shows the one, where there is just one.
pub(crate) async fn search(scene: &mut Scene<'_>, text: &str) -> Done<()> {
    let words: String = text.chars().take(SEARCH).collect();
    if words.chars().count() < 2 {
        let said = scene.voice.say("search-short");
        scene.say(said, Keyboard::None);
        return Ok(());
    }
    scene.dialogue.search = Some(words);
    list::show(scene, Filter::Search, 0).await
}

/// What somebody typed in a flow.
async fn fed(scene: &mut Scene<'_>, flow: Flow, text: &str) -> Done<()> {
    match &flow.what {
        What::NewLead(_) => new_lead::fed(scene, flow, text).await,
        What::Search => search(scene, text).await,
        What::Note { lead } => note::fed(scene, *lead, flow.clone(), text).await,
        What::Transfer { .. } => transfer::fed(scene, flow, text).await,
        What::LostText { .. }
        | What::SaleLostText { .. }
        | What::RollBack { .. }
        | What::Reopen { .. } => reasons::fed(scene, flow, text).await,
        What::Edit { .. } => edit::fed(scene, flow, text).await,
        What::SaleAmount { .. } => money::fed(scene, flow, text).await,
        What::Invite { .. } => invite::fed(scene, flow, text).await,
        What::Assist => assist::fed(scene, flow, text).await,
    }
}

/// A button of a flow.
pub(crate) async fn press(scene: &mut Scene<'_>, number: u32, step: Step) -> Done<()> {
    let Some(mut flow) = scene.dialogue.flow.take().filter(|flow| flow.number == number) else {
        scene.word = Some(scene.voice.say("button-old"));
        return Ok(());
    };
    match step {
        Step::Cancel => {
            scene.dialogue.flow = Some(flow);
            return cancel(scene).await;
        }
        Step::Back => {
            flow.step = flow.step.saturating_sub(1);
            return show(scene, flow, None).await;
        }
        Step::Continue => return show(scene, flow, None).await,
        Step::Skip | Step::Confirm | Step::Anyway | Step::Choose(_) => {}
    }
    match &flow.what {
        What::NewLead(_) => new_lead::pressed(scene, flow, step).await,
        What::Transfer { .. } => transfer::pressed(scene, flow, step).await,
        What::Edit { .. } => edit::pressed(scene, flow, step).await,
        What::Invite { .. } => invite::pressed(scene, flow, step).await,
        What::Search
        | What::Note { .. }
        | What::LostText { .. }
        | What::SaleLostText { .. }
        | What::RollBack { .. }
        | What::Reopen { .. }
        | What::SaleAmount { .. }
        | What::Assist => show(scene, flow, None).await,
    }
}

/// Leaves what was being filled in.
async fn cancel(scene: &mut Scene<'_>) -> Done<()> {
    let Some(flow) = scene.dialogue.flow.take() else {
        let said = scene.voice.say("nothing-to-cancel");
        menu::menu_with(scene, said);
        return Ok(());
    };
    let what = scene.term("flow", flow.what.word());
    let said = match flow.what {
        What::Assist => scene.voice.say("assist-left"),
        What::NewLead(_)
        | What::Search
        | What::Note { .. }
        | What::Transfer { .. }
        | What::LostText { .. }
        | What::RollBack { .. }
        | What::Reopen { .. }
        | What::Edit { .. }
        | What::SaleAmount { .. }
        | What::SaleLostText { .. }
        | What::Invite { .. } => scene.voice.html("cancelled", [("what", what.into())]),
    };
    let lead = match flow.what {
        What::Note { lead }
        | What::Transfer { lead, .. }
        | What::LostText { lead, .. }
        | What::RollBack { lead, .. }
        | What::Reopen { lead, .. }
        | What::Edit { lead, .. } => Some(lead),
        What::NewLead(_)
        | What::Search
        | What::SaleAmount { .. }
        | What::SaleLostText { .. }
        | What::Invite { .. }
        | What::Assist => None,
    };
    let rows = lead.map(|lead| vec![scene.button("back-to-card", Tap::Lead(lead))]);
    scene.show(said, rows.into_iter().collect());
    Ok(())
}

/// Asks somebody who comes back where they were, and takes nothing that they typed for an answer.
fn where_were_we(scene: &mut Scene<'_>, flow: Flow) {
    let what = scene.term("flow", flow.what.word());
    let text = scene.voice.html("where-were-we", [("what", what.into())]);
    let step = |step| Tap::Flow { flow: flow.number, step };
    let rows = vec![vec![
        scene.button("flow-continue", step(Step::Continue)),
        scene.button("flow-cancel", step(Step::Cancel)),
    ]];
    scene.dialogue.flow = Some(flow);
    scene.show(text, rows);
}

/// A button that goes on although another lead has the same contact, where a flow could.
pub(crate) fn anyway(scene: &Scene<'_>) -> Option<Button> {
    let flow = scene.dialogue.flow.as_ref()?;
    matches!(flow.what, What::NewLead(_))
        .then(|| scene.button("anyway", Tap::Flow { flow: flow.number, step: Step::Anyway }))
}

/// A text of the person's, shortened for a line of a summary.
pub(crate) fn line(text: &str) -> String {
    html::escaped(&html::text(text))
}
