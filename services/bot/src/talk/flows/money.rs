//! What a sale is to bring, or what was paid.

use super::{Prompt, begin as begin_flow, show};
use crate::talk::amount;
use crate::talk::dialogue::{Flow, What};
use crate::talk::hands::Done;
use crate::talk::scene::Scene;
use crate::talk::screens::sales;
use ael_events::command::{MoveSale, SetAmount};
use ael_events::ids::SaleId;
use ael_events::values::SaleStage;

/// Asks for the amount; `pay` moves the sale to paid with it.
pub(crate) async fn begin(
    scene: &mut Scene<'_>,
    sale: SaleId,
    version: u64,
    pay: bool,
) -> Done<()> {
    begin_flow(scene, What::SaleAmount { sale, version, pay }).await
}

pub(crate) async fn prompt(scene: &mut Scene<'_>, pay: bool) -> Done<Prompt> {
    let usual = scene.settings().await?.settings.currency;
    let key = if pay { "ask-paid" } else { "ask-sale-amount" };
    Ok(Prompt::of(scene.voice.html(key, [("currency", usual.code().into())])))
}

pub(crate) async fn fed(scene: &mut Scene<'_>, flow: Flow, text: &str) -> Done<()> {
    let usual = scene.settings().await?.settings.currency;
    let What::SaleAmount { sale, version, pay } = &flow.what else { return Ok(()) };
    let (sale, version, pay) = (*sale, *version, *pay);
    let Some(amount) = amount::read(text, usual) else {
        let word = scene.voice.say("wrong-amount");
        return show(scene, flow, Some(word)).await;
    };
    match pay {
        true => {
            let command = MoveSale { to: SaleStage::Paid, amount: Some(amount) };
            scene.change_sale(sale, version, command).await?;
        }
        false => {
            scene.change_sale(sale, version, SetAmount { amount }).await?;
        }
    }
    let word = if pay { "done-sale" } else { "done-amount" };
    sales::changed(scene, sale, word).await
}
