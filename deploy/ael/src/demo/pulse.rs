//! Somebody keeps working in the demo: every few seconds one thing happens.

use super::cast::{self, ADMIN, COLLEAGUES, Colleague};
use super::chance::Chance;
use super::story::{DOMAINS, LEADS};
use super::{ask, workspace_id};
use crate::session::{Asked, Session};
use ael_events::command::{
    AddNote, Command, CreateLead, LeadCommand, LogMessage, MarkContacted, MoveSale, QualifyLead,
    SaleCommand, To, TransferToSales,
};
use ael_events::ids::{LeadId, NoteId};
use ael_events::query::{
    LeadFilter, LeadListItem, LeadPage, LeadSort, ListLeads, ListSales, Query, SalePage,
    SortDirection, SortKey,
};
use ael_events::values::{
    Channel, Currency, DomainSlug, MessageDirection, Money, NoteText, ReasonText, SaleStage,
    Source, Stage,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Works until it is told to stop; whatever goes wrong, it tries something else later.
pub async fn keep_lively(session: Session, stop: &CancellationToken) {
    // Every start goes on differently; only the past is fixed.
    let (seed, _) = Uuid::now_v7().as_u64_pair();
    let mut chance = Chance::new(seed);
    while !stop.is_cancelled() {
        let pause = Duration::from_millis(chance.between(2_500, 7_500).unsigned_abs());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        let something = tokio::select! {
            done = happen(&session, &mut chance) => done,
            () = stop.cancelled() => return,
        };
        if let Err(error) = something {
            tracing::info!(%error, "the demo's pulse missed a beat");
        }
    }
}

async fn happen(session: &Session, chance: &mut Chance) -> anyhow::Result<()> {
    match chance.below(100) {
        0..12 => arrive(session, chance).await,
        12..60 => talk(session, chance).await,
        60..72 => step(session, chance, Stage::New).await,
        72..82 => step(session, chance, Stage::Contacted).await,
        82..88 => step(session, chance, Stage::Qualified).await,
        88..94 => note(session, chance).await,
        _ => sale(session, chance).await,
    }
}

/// A manager may do all of it.
fn manager(chance: &mut Chance) -> Colleague {
    *chance.of(&COLLEAGUES[..2])
}

async fn send(
    session: &Session,
    by: Colleague,
    lead: LeadId,
    command: impl Into<LeadCommand>,
) -> anyhow::Result<()> {
    let command = Command::Lead(To { id: lead, command: command.into() });
    ask(session, by.id(), Asked::from(command)).await
}

/// One of the leads that nothing happened to for longest.
async fn some_lead(
    session: &Session,
    chance: &mut Chance,
    stages: &[Stage],
) -> anyhow::Result<Option<LeadListItem>> {
    let filter = LeadFilter { stages: stages.iter().copied().collect(), ..LeadFilter::default() };
    let sort = LeadSort { by: SortKey::UpdatedAt, direction: SortDirection::Ascending };
    let query =
        Query::ListLeads(ListLeads { filter, sort, limit: Some(40), ..ListLeads::default() });
    let page: LeadPage = session.ask_in(workspace_id(), Some(ADMIN.id()), query, None).await?;
    Ok((!page.items.is_empty()).then(|| chance.of(&page.items).clone()))
}

async fn arrive(session: &Session, chance: &mut Chance) -> anyhow::Result<()> {
    // A number that no lead of the past has.
    let number = LEADS + chance.below(8_000_000 - LEADS);
    let command = CreateLead {
        source: *chance.of(Source::ALL),
        business_domain: Some(DomainSlug::parse(chance.word(&DOMAINS))?),
        owner: chance.percent(70).then(|| chance.of(&COLLEAGUES).id()),
        tags: std::collections::BTreeSet::new(),
        profile: cast::person(number, chance)?,
        allow_duplicate: false,
    };
    send(session, manager(chance), LeadId::generate(), command).await
}

async fn talk(session: &Session, chance: &mut Chance) -> anyhow::Result<()> {
    let open = [Stage::New, Stage::Contacted, Stage::Qualified];
    let Some(lead) = some_lead(session, chance, &open).await? else { return Ok(()) };
    let direction = *chance.of(&[MessageDirection::Outgoing, MessageDirection::Incoming]);
    let command = LogMessage { count: 1, direction, channel: *chance.of(Channel::ALL), text: None };
    send(session, manager(chance), lead.id, command).await
}

async fn note(session: &Session, chance: &mut Chance) -> anyhow::Result<()> {
    let open = [Stage::Contacted, Stage::Qualified];
    let Some(lead) = some_lead(session, chance, &open).await? else { return Ok(()) };
    let text = NoteText::parse(chance.word(&["зателефонувати завтра", "sent the offer"]))?;
    let command = AddNote { note_id: NoteId::generate(), text };
    send(session, manager(chance), lead.id, command).await
}

async fn step(session: &Session, chance: &mut Chance, from: Stage) -> anyhow::Result<()> {
    let Some(lead) = some_lead(session, chance, &[from]).await? else { return Ok(()) };
    let command: LeadCommand = match from {
        Stage::New => MarkContacted {}.into(),
        Stage::Contacted => QualifyLead {}.into(),
        Stage::Qualified => {
            let uah: Currency = "UAH".parse()?;
            let amount = Money::new(chance.between(40, 900) * 100_000, uah)?;
            let override_reason = Some(ReasonText::parse("умови узгоджено")?);
            TransferToSales { amount: Some(amount), override_reason }.into()
        }
        Stage::Transferred | Stage::Lost => return Ok(()),
    };
    send(session, manager(chance), lead.id, command).await
}

async fn sale(session: &Session, chance: &mut Chance) -> anyhow::Result<()> {
    let stages = [SaleStage::New, SaleStage::Kyc, SaleStage::Agreement].into();
    let query = ListSales { stages, limit: Some(40), ..ListSales::default() };
    let query = Query::ListSales(query);
    let page: SalePage = session.ask_in(workspace_id(), Some(ADMIN.id()), query, None).await?;
    if page.items.is_empty() {
        return Ok(());
    }
    let sale = chance.of(&page.items);
    let to = match sale.stage {
        SaleStage::New => SaleStage::Kyc,
        SaleStage::Kyc => SaleStage::Agreement,
        SaleStage::Agreement | SaleStage::Paid | SaleStage::Lost => SaleStage::Paid,
    };
    let command = SaleCommand::Move(MoveSale { to, amount: None });
    let command = Command::Sale(To { id: sale.id, command });
    ask(session, manager(chance).id(), Asked::from(command)).await
}
