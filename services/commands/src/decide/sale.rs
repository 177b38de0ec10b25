//! Sales: each belongs to a lead, whose owner is its owner and whose key seals its words.

use super::Matter;
use crate::draft::Decision;
use crate::failure::Refused;
use crate::repository::Freshness;
use ael_domain::sale::SaleContext;
use ael_events::command::{SaleCommand, To};
use ael_events::ids::SaleId;

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<SaleId, SaleCommand>,
) -> Result<Decision, Refused> {
    let repository = &matter.desk.repository;
    let sale = repository.sale(matter.workspace(), to.id, matter.freshness).await?;
    if let Err(unexpected) = matter.is_expected(&sale) {
        return Ok(unexpected);
    }
    let lead_id = match &to.command {
        SaleCommand::Open(open) => Some(open.lead_id),
        SaleCommand::Move(_) | SaleCommand::MarkLost(_) | SaleCommand::SetAmount(_) => {
            sale.state.lead_id()
        }
    };
    // The append checks the sale's version, not the lead's: whose it is, is read anew.
    let lead = match lead_id {
        Some(id) => {
            let lead = repository.lead(matter.workspace(), id, Freshness::Anew).await?;
            lead.state.for_sale(id)
        }
        None => None,
    };
    let context = SaleContext { sale_id: to.id, asked: matter.asked(), lead };
    let events = match sale.state.decide(&matter.principal.actor, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&sale);
    let data_subject = lead_id.map_or(to.id.uuid(), |lead| lead.uuid());
    let after = draft.add(&sale, data_subject, events)?;
    draft.sale = Some(after);
    Ok(Decision::Write(Box::new(draft)))
}
