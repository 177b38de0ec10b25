//! What needs a reason in words: to lose a lead or a sale for another reason than the usual ones,
//! to take a lead back, to begin with a lost one anew.

use super::{begin, show};
use crate::talk::dialogue::{Flow, What};
use crate::talk::hands::Done;
use crate::talk::scene::Scene;
use crate::talk::screens::{card, sales};
use ael_events::command::{LoseSale, MarkLost, ReopenLead, RollBackLead};
use ael_events::ids::{LeadId, SaleId};
use ael_events::values::{Justification, LostReason, ReasonText};

pub(crate) async fn lost(
    scene: &mut Scene<'_>,
    lead: LeadId,
    version: u64,
    reason: LostReason,
) -> Done<()> {
    begin(scene, What::LostText { lead, version, reason }).await
}

pub(crate) async fn sale_lost(
    scene: &mut Scene<'_>,
    sale: SaleId,
    version: u64,
    reason: LostReason,
) -> Done<()> {
    begin(scene, What::SaleLostText { sale, version, reason }).await
}

pub(crate) async fn roll_back(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    begin(scene, What::RollBack { lead, version }).await
}

pub(crate) async fn reopen(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    begin(scene, What::Reopen { lead, version }).await
}

/// The reason that was typed.
pub(crate) async fn fed(scene: &mut Scene<'_>, flow: Flow, text: &str) -> Done<()> {
    let words = ReasonText::parse(text);
    let why = Justification::parse(text);
    match (&flow.what, words, why) {
        (What::LostText { lead, version, reason }, Ok(text), _) => {
            let command = MarkLost { reason: *reason, text: Some(text) };
            scene.change(*lead, Some(*version), command).await?;
            card::changed(scene, *lead, "done-lost", false).await
        }
        (What::SaleLostText { sale, version, reason }, Ok(text), _) => {
            let command = LoseSale { reason: *reason, text: Some(text) };
            scene.change_sale(*sale, *version, command).await?;
            sales::changed(scene, *sale, "done-sale-lost").await
        }
        (What::RollBack { lead, version }, _, Ok(reason)) => {
            scene.change(*lead, Some(*version), RollBackLead { reason }).await?;
            card::changed(scene, *lead, "done-rolled-back", false).await
        }
        (What::Reopen { lead, version }, _, Ok(reason)) => {
            scene.change(*lead, Some(*version), ReopenLead { reason }).await?;
            card::changed(scene, *lead, "done-reopened", false).await
        }
        (What::RollBack { .. } | What::Reopen { .. }, _, Err(_)) => {
            let word = scene.voice.say("wrong-reason");
            show(scene, flow, Some(word)).await
        }
        (_, _, _) => {
            let word = scene.voice.say("wrong-text");
            show(scene, flow, Some(word)).await
        }
    }
}
