//! What the buttons below a lead's card do. Each names the version that its card showed.

use super::card;
use crate::talk::flows;
use crate::talk::hands::{Done, Hitch};
use crate::talk::html;
use crate::talk::scene::{Scene, button};
use crate::talk::tap::{Deed, Tap};
use crate::talk::words::Put;
use ael_events::command::{
    AssignLead, LogMessage, MarkContacted, MarkLost, QualifyLead, RequestAnalysis, RollBackLead,
};
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{Query, Statistics};
use ael_events::values::{Channel, Justification, LostReason, MessageDirection, Stage};
use std::collections::BTreeMap;

/// How many colleagues are offered.
const COLLEAGUES: usize = 30;

/// Does what a button below a card says.
pub(crate) async fn press(
    scene: &mut Scene<'_>,
    deed: Deed,
    lead: LeadId,
    version: u64,
) -> Done<()> {
    scene.dialogue.lead = Some(lead);
    match deed {
        Deed::Contacted => forward(scene, lead, version, Stage::Contacted).await,
        Deed::Qualified => forward(scene, lead, version, Stage::Qualified).await,
        Deed::Transfer => flows::transfer::begin(scene, lead, version).await,
        Deed::Lost => lost(scene, lead, version).await,
        Deed::RollBack => flows::reasons::roll_back(scene, lead, version).await,
        Deed::Reopen => flows::reasons::reopen(scene, lead, version).await,
        Deed::Assign => assign(scene, lead, version).await,
        Deed::Take => {
            let me = scene.me.member.id;
            assign_to(scene, lead, version, Some(me)).await
        }
        Deed::Analyse => analyse(scene, lead).await,
        Deed::Message => {
            let (direction, channel) = (MessageDirection::Outgoing, Channel::Other);
            let command = LogMessage { count: 1, direction, channel, text: None };
            scene.change(lead, Some(version), command).await?;
            card::changed(scene, lead, "done-message", false).await
        }
        Deed::AddNote => flows::note::begin(scene, lead).await,
        Deed::Edit => flows::edit::choose(scene, lead, version).await,
        Deed::Undo => undo(scene, lead, version).await,
    }
}

async fn forward(scene: &mut Scene<'_>, lead: LeadId, version: u64, to: Stage) -> Done<()> {
    let done = match to {
        Stage::Contacted => scene.change(lead, Some(version), MarkContacted {}).await,
        Stage::Qualified => scene.change(lead, Some(version), QualifyLead {}).await,
        Stage::New | Stage::Transferred | Stage::Lost => return Ok(()),
    };
    match done {
        Ok(_) => {}
        // What is missing can be filled in from here.
        Err(Hitch::Refused(refusal)) if refusal.code == "missing_details" => {
            let missing = refusal.details.get("missing").and_then(|it| it.as_array()).cloned();
            let missing: Vec<String> = missing
                .unwrap_or_default()
                .iter()
                .filter_map(|it| it.as_str())
                .map(|it| scene.term("missing", it))
                .collect();
            let text = scene.voice.html("missing", [("what", missing.join(", ").into())]);
            let edit = Tap::Deed { deed: Deed::Edit, lead, version };
            let rows = vec![vec![
                scene.button("edit", edit),
                scene.button("back-to-card", Tap::Lead(lead)),
            ]];
            scene.show(text, rows);
            return Ok(());
        }
        Err(hitch) => return Err(hitch),
    }
    let word = if to == Stage::Contacted { "done-contacted" } else { "done-qualified" };
    let may_undo = scene.manages();
    card::changed(scene, lead, word, may_undo).await
}

/// Offers the reasons for which a lead is lost.
async fn lost(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    let reasons = LostReason::ALL.iter().map(|reason| {
        let tap = Tap::LostFor { lead, version, reason: *reason };
        vec![button(scene.term("reason", reason.as_str()), tap)]
    });
    let back = vec![scene.button("back-to-card", Tap::Lead(lead))];
    let rows = reasons.chain([back]).collect();
    let text = scene.voice.say("lost-why");
    scene.show(text, rows);
    Ok(())
}

/// Marks a lead lost for the reason that was pressed.
pub(crate) async fn lost_for(
    scene: &mut Scene<'_>,
    lead: LeadId,
    version: u64,
    reason: LostReason,
) -> Done<()> {
    scene.dialogue.lead = Some(lead);
    if reason.needs_words() {
        return flows::reasons::lost(scene, lead, version, reason).await;
    }
    scene.change(lead, Some(version), MarkLost { reason, text: None }).await?;
    card::changed(scene, lead, "done-lost", false).await
}

/// Offers the colleagues, with how much each has to do.
async fn assign(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    let numbers: Statistics = scene.ask(Query::Statistics {}).await?;
    let load: BTreeMap<MemberId, u64> =
        numbers.agents.iter().map(|agent| (agent.member_id, agent.open_leads)).collect();
    let mut colleagues: Vec<(MemberId, String, u64)> = scene
        .colleagues()
        .await?
        .iter()
        .filter(|member| member.active)
        .map(|member| {
            let name = member.name.as_ref().map_or("?", |name| name.as_str());
            (member.id, html::label(name, 30), load.get(&member.id).copied().unwrap_or(0))
        })
        .collect();
    colleagues.sort_by(|one, other| (one.2, &one.1).cmp(&(other.2, &other.1)));
    let mut rows: Vec<_> = colleagues
        .into_iter()
        .take(COLLEAGUES)
        .map(|(id, name, open)| {
            let put = [("name", Put::from(name)), ("count", open.into())];
            let text = scene.voice.plain("colleague", put);
            vec![button(text, Tap::AssignTo { lead, version, member: Some(id) })]
        })
        .collect();
    rows.push(vec![
        scene.button("nobody", Tap::AssignTo { lead, version, member: None }),
        scene.button("back-to-card", Tap::Lead(lead)),
    ]);
    let text = scene.voice.say("assign-whom");
    scene.show(text, rows);
    Ok(())
}

/// Gives a lead to whoever was pressed.
pub(crate) async fn assign_to(
    scene: &mut Scene<'_>,
    lead: LeadId,
    version: u64,
    owner: Option<MemberId>,
) -> Done<()> {
    scene.change(lead, Some(version), AssignLead { owner, rule: None }).await?;
    card::changed(scene, lead, "done-assigned", false).await
}

/// Asks the advisor, and waits a moment for what it says.
async fn analyse(scene: &mut Scene<'_>, lead: LeadId) -> Done<()> {
    scene.change(lead, None, RequestAnalysis { force: false }).await?;
    let word = match scene.until(lead, |found| !found.lead.analysis_pending).await? {
        true => "done-analysed",
        false => "done-analysing",
    };
    card::changed(scene, lead, word, false).await
}

/// Takes the last step back, where that is the person's to decide.
async fn undo(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    let Some(found) = scene.lead(lead).await? else { return card::show(scene, lead).await };
    let Ok(reason) = Justification::parse(&scene.voice.say("undo-reason")) else {
        return card::show(scene, lead).await;
    };
    match found.lead.stage {
        Stage::Contacted | Stage::Qualified => {
            scene.change(lead, Some(version), RollBackLead { reason }).await?;
        }
        // Reopened, a lost lead begins anew: that takes nothing back.
        Stage::New | Stage::Transferred | Stage::Lost => return card::show(scene, lead).await,
    }
    card::changed(scene, lead, "done-undone", false).await
}
