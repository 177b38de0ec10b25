//! Sales: a list by stage, a card, and the next step.

use crate::out::Button;
use crate::talk::flows;
use crate::talk::hands::{Done, Hitch};
use crate::talk::html::{self, escaped};
use crate::talk::scene::{Scene, button};
use crate::talk::tap::Tap;
use ael_events::command::{LoseSale, MoveSale};
use ael_events::ids::SaleId;
use ael_events::query::{ListSales, Query, SalePage, SaleView};
use ael_events::values::{LostReason, Money, SaleStage};

/// How many pages can be turned.
const PAGES: usize = 100;

/// A stage's sign.
const fn sign(stage: SaleStage) -> &'static str {
    match stage {
        SaleStage::New => "🆕",
        SaleStage::Kyc => "🪪",
        SaleStage::Agreement => "✍️",
        SaleStage::Paid => "💰",
        SaleStage::Lost => "❌",
    }
}

const fn progress(stage: SaleStage) -> &'static str {
    match stage {
        SaleStage::New => "🟦⬜⬜⬜",
        SaleStage::Kyc => "🟦🟦⬜⬜",
        SaleStage::Agreement => "🟦🟦🟦⬜",
        SaleStage::Paid => "🟩🟩🟩🟩",
        SaleStage::Lost => "🟥⬜⬜⬜",
    }
}

/// The stage after this one.
pub(crate) const fn next(stage: SaleStage) -> Option<SaleStage> {
    match stage {
        SaleStage::New => Some(SaleStage::Kyc),
        SaleStage::Kyc => Some(SaleStage::Agreement),
        SaleStage::Agreement => Some(SaleStage::Paid),
        SaleStage::Paid | SaleStage::Lost => None,
    }
}

/// What a sale is expected to bring, as far as it has come.
fn expected(amount: Money, stage: SaleStage) -> Option<Money> {
    let tenths = match stage {
        SaleStage::Kyc => 3,
        SaleStage::Agreement => 6,
        SaleStage::New | SaleStage::Paid | SaleStage::Lost => return None,
    };
    Money::new(amount.amount_minor() * tenths / 10, amount.currency()).ok()
}

/// A page of sales.
pub(crate) async fn list(scene: &mut Scene<'_>, stage: Option<SaleStage>, page: u16) -> Done<()> {
    let mut starts = match page {
        0 => Vec::new(),
        _ => std::mem::take(&mut scene.dialogue.sales),
    };
    let page = usize::from(page).min(starts.len());
    let cursor = page.checked_sub(1).and_then(|before| starts.get(before).cloned());
    let limit = Some(u16::from(scene.dialogue.rows));
    let stages = stage.into_iter().collect();
    let found: SalePage = scene
        .ask(Query::ListSales(ListSales { stages, cursor, limit, ..ListSales::default() }))
        .await?;
    if let Some(next) = &found.next_cursor
        && starts.len() == page
        && page < PAGES
    {
        starts.push(next.clone());
    }
    scene.dialogue.sales = starts;
    let row = |sale: &SaleView| {
        let name = name(scene, sale);
        let amount = sale.amount.map(|it| format!(" · {}", it.readable())).unwrap_or_default();
        let text = format!("{} {}{amount}", sign(sale.stage), html::label(&name, 28));
        vec![button(text, Tap::Sale(sale.id))]
    };
    let mut rows: Vec<Vec<Button>> = found.items.iter().map(row).collect();
    let at = |to: usize| Tap::Sales { stage, page: u16::try_from(to).unwrap_or(0) };
    let mut turn = Vec::new();
    if let Some(before) = page.checked_sub(1) {
        turn.push(button("‹".to_owned(), at(before)));
    }
    if found.next_cursor.is_some() && page < PAGES {
        turn.push(button("›".to_owned(), at(page + 1)));
    }
    rows.push(turn);
    let stages = SaleStage::ALL.iter().map(|stage| {
        let text = format!("{} {}", sign(*stage), scene.term("sale", stage.as_str()));
        button(text, Tap::Sales { stage: Some(*stage), page: 0 })
    });
    let all = scene.button("sales-all", Tap::Sales { stage: None, page: 0 });
    let filters: Vec<Button> = [all].into_iter().chain(stages).collect();
    rows.extend(filters.chunks(3).map(<[Button]>::to_vec));
    rows.retain(|row| !row.is_empty());
    let which = match stage {
        Some(stage) => scene.term("sale", stage.as_str()),
        None => scene.voice.say("sales-all-title"),
    };
    let key = if found.items.is_empty() { "sales-empty" } else { "sales" };
    let text = scene.voice.html(key, [("which", which.into()), ("page", (page + 1).into())]);
    scene.show(text, rows);
    Ok(())
}

fn name(scene: &Scene<'_>, sale: &SaleView) -> String {
    sale.full_name
        .as_ref()
        .map_or_else(|| scene.voice.say("no-name"), |name| html::name(name.as_str()))
}

/// A sale's card.
pub(crate) async fn card(scene: &mut Scene<'_>, id: SaleId) -> Done<()> {
    let Some(sale) = scene.sale(id).await? else {
        let text = scene.voice.say("no-such-sale");
        scene.show(text, Vec::new());
        return Ok(());
    };
    scene.dialogue.lead = Some(sale.lead_id);
    let (text, rows) = (text(scene, &sale), buttons(scene, &sale));
    scene.show(text, rows);
    Ok(())
}

/// A sale that has just been changed.
pub(crate) async fn changed(scene: &mut Scene<'_>, id: SaleId, word: &str) -> Done<()> {
    scene.word = Some(scene.voice.say(word));
    let Some(sale) = scene.sale(id).await? else { return card(scene, id).await };
    let text = format!("{}\n\n{}", scene.voice.say(word), text(scene, &sale));
    let rows = buttons(scene, &sale);
    scene.show(text, rows);
    Ok(())
}

fn text(scene: &Scene<'_>, sale: &SaleView) -> String {
    let stage = scene.term("sale", sale.stage.as_str());
    let mut lines = vec![
        format!("💰 <b>{}</b>", escaped(&name(scene, sale))),
        format!("{} {} {}", progress(sale.stage), sign(sale.stage), escaped(&stage)),
    ];
    lines.push(match sale.amount {
        Some(amount) => scene.voice.html("sale-amount", [("amount", amount.readable().into())]),
        None => scene.voice.say("sale-no-amount"),
    });
    if let Some(expected) = sale.amount.and_then(|amount| expected(amount, sale.stage)) {
        lines.push(scene.voice.html("sale-expected", [("amount", expected.readable().into())]));
    }
    if let Some(reason) = sale.lost_reason {
        let words = sale.lost_text.as_ref().map(|it| format!(": {}", html::text(it.as_str())));
        let reason = scene.term("reason", reason.as_str());
        lines.push(escaped(&format!("{reason}{}", words.unwrap_or_default())));
    }
    let when = [
        ("opened", scene.ago(sale.opened_at).into()),
        ("changed", scene.ago(sale.updated_at).into()),
    ];
    lines.push(scene.voice.html("sale-when", when));
    lines.join("\n")
}

fn buttons(scene: &Scene<'_>, sale: &SaleView) -> Vec<Vec<Button>> {
    let (id, version) = (sale.id, sale.version);
    let mut rows = Vec::new();
    let may_move = scene.manages() || scene.owns(sale.owner);
    if let Some(to) = next(sale.stage).filter(|_| may_move) {
        let stage = scene.term("sale", to.as_str());
        let text =
            scene.voice.plain("sale-next", [("sign", sign(to).into()), ("stage", stage.into())]);
        rows.push(vec![button(text, Tap::SaleTo { sale: id, version, to })]);
        rows.push(vec![
            scene.button("set-amount", Tap::SaleAmount { sale: id, version }),
            scene.button("lost", Tap::SaleLostFor { sale: id, version, reason: None }),
        ]);
    }
    rows.push(vec![
        scene.button("open-its-lead", Tap::Lead(sale.lead_id)),
        scene.button("sales-all", Tap::Sales { stage: None, page: 0 }),
    ]);
    rows
}

/// Moves a sale forward; asks what was paid, where that is not known.
pub(crate) async fn advance(
    scene: &mut Scene<'_>,
    id: SaleId,
    version: u64,
    to: SaleStage,
) -> Done<()> {
    match scene.change_sale(id, version, MoveSale { to, amount: None }).await {
        Ok(_) => changed(scene, id, "done-sale").await,
        Err(Hitch::Refused(refusal)) if refusal.code == "amount_needed" => {
            flows::money::begin(scene, id, version, true).await
        }
        Err(Hitch::Refused(refusal)) if refusal.code == "version_conflict" => {
            scene.word = Some(scene.voice.say("changed-meanwhile"));
            card(scene, id).await
        }
        Err(hitch) => Err(hitch),
    }
}

/// Asks for the reason for which a sale came to nothing, or notes it.
pub(crate) async fn lost_for(
    scene: &mut Scene<'_>,
    sale: SaleId,
    version: u64,
    reason: Option<LostReason>,
) -> Done<()> {
    let Some(reason) = reason else {
        let reasons = LostReason::ALL.iter().map(|reason| {
            let tap = Tap::SaleLostFor { sale, version, reason: Some(*reason) };
            vec![button(scene.term("reason", reason.as_str()), tap)]
        });
        let back = vec![scene.button("back-to-sale", Tap::Sale(sale))];
        let rows = reasons.chain([back]).collect();
        let text = scene.voice.say("sale-lost-why");
        scene.show(text, rows);
        return Ok(());
    };
    if reason.needs_words() {
        return flows::reasons::sale_lost(scene, sale, version, reason).await;
    }
    match scene.change_sale(sale, version, LoseSale { reason, text: None }).await {
        Ok(_) => changed(scene, sale, "done-sale-lost").await,
        Err(Hitch::Refused(refusal)) if refusal.code == "version_conflict" => {
            scene.word = Some(scene.voice.say("changed-meanwhile"));
            card(scene, sale).await
        }
        Err(hitch) => Err(hitch),
    }
}
