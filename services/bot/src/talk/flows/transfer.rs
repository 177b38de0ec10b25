//! To sales: what it is expected to bring, why although the advisor would not, and is it right?

use super::{Prompt, line, show, step_of};
use crate::talk::amount;
use crate::talk::dialogue::{Flow, What};
use crate::talk::hands::{Done, Hitch};
use crate::talk::scene::Scene;
use crate::talk::screens::card;
use crate::talk::tap::{Step, Tap};
use ael_events::command::TransferToSales;
use ael_events::ids::LeadId;
use ael_events::values::{Money, ReasonText};

const AMOUNT: u8 = 0;
const REASON: u8 = 1;
const CONFIRM: u8 = 2;

/// Begins; a reason is asked for where the analysis is missing, stale or low.
pub(crate) async fn begin(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    let Some(found) = scene.lead(lead).await? else { return card::show(scene, lead).await };
    if found.lead.version != version {
        scene.word = Some(scene.voice.say("changed-meanwhile"));
        return card::show(scene, lead).await;
    }
    let least = scene.settings().await?.settings.min_transfer_score;
    let advised =
        found.lead.analysis.as_ref().is_some_and(|it| it.ai_score.value() >= least.value());
    let needs_reason = !advised || found.lead.ai_stale.is_some();
    let what = What::Transfer { lead, version, needs_reason, amount: None, reason: None };
    super::begin(scene, what).await
}

pub(crate) async fn prompt(
    scene: &mut Scene<'_>,
    flow: &Flow,
    needs_reason: bool,
    amount: Option<Money>,
    reason: Option<&ReasonText>,
) -> Done<Prompt> {
    let of = if needs_reason { 3 } else { 2 };
    let step = if needs_reason || flow.step == AMOUNT { flow.step } else { 1 };
    let head = step_of(scene, step, of);
    let usual = scene.settings().await?.settings.currency;
    Ok(match flow.step {
        AMOUNT => {
            let ask = scene.voice.html("ask-amount", [("currency", usual.code().into())]);
            Prompt { text: format!("{head}\n{ask}"), rows: Vec::new(), skip: true }
        }
        REASON => Prompt::of(format!("{head}\n{}", scene.voice.say("ask-override"))),
        _ => {
            let amount = amount.map_or_else(|| scene.voice.say("none-yet"), |it| it.readable());
            let mut text = format!(
                "{head}\n{}",
                scene.voice.html("ask-transfer", [("amount", amount.into())])
            );
            if let Some(reason) = reason {
                text += &format!("\n<i>{}</i>", line(reason.as_str()));
            }
            let tap = Tap::Flow { flow: flow.number, step: Step::Confirm };
            Prompt { text, rows: vec![vec![scene.button("transfer-now", tap)]], skip: false }
        }
    })
}

pub(crate) async fn fed(scene: &mut Scene<'_>, mut flow: Flow, text: &str) -> Done<()> {
    let usual = scene.settings().await?.settings.currency;
    let step = flow.step;
    let What::Transfer { needs_reason, amount, reason, .. } = &mut flow.what else { return Ok(()) };
    let mut word = None;
    match step {
        AMOUNT => match amount::read(text, usual) {
            Some(read) => {
                *amount = Some(read);
                flow.step = if *needs_reason { REASON } else { CONFIRM };
            }
            None => word = Some("wrong-amount"),
        },
        REASON => match ReasonText::parse(text) {
            Ok(words) => {
                *reason = Some(words);
                flow.step = CONFIRM;
            }
            Err(_) => word = Some("wrong-text"),
        },
        _ => word = Some("wrong-choice"),
    }
    let word = word.map(|key| scene.voice.say(key));
    show(scene, flow, word).await
}

pub(crate) async fn pressed(scene: &mut Scene<'_>, mut flow: Flow, step: Step) -> Done<()> {
    let What::Transfer { lead, version, needs_reason, amount, reason } = flow.what.clone() else {
        return Ok(());
    };
    match (flow.step, step) {
        (AMOUNT, Step::Skip) => flow.step = if needs_reason { REASON } else { CONFIRM },
        (CONFIRM, Step::Confirm) => {
            let command = TransferToSales { amount, override_reason: reason };
            match scene.change(lead, Some(version), command).await {
                Ok(_) => {
                    // The sale is opened by who follows the events.
                    scene.until(lead, |found| matches!(found.sale, Some(Some(_)))).await?;
                    return card::changed(scene, lead, "done-transferred", false).await;
                }
                // The analysis turned stale meanwhile.
                Err(Hitch::Refused(refusal)) if refusal.code == "override_reason_needed" => {
                    flow.step = REASON;
                    flow.what =
                        What::Transfer { lead, version, needs_reason: true, amount, reason: None };
                }
                Err(hitch) => return Err(hitch),
            }
        }
        (_, _) => {}
    }
    show(scene, flow, None).await
}
