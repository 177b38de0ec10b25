//! Sales, members and workspaces, folded.

use super::Fields;
use ael_domain::Decider as _;
use ael_domain::advisor::Advisor;
use ael_domain::member::Member;
use ael_domain::sale::Sale;
use ael_events::event::{AdvisorEvent, MemberEvent, SaleEvent, WorkspaceEvent};
use ael_events::values::SaleStage;

pub(super) fn sale(events: Vec<SaleEvent>) -> Fields {
    let lost_reason = events.iter().rev().find_map(|event| match event {
        SaleEvent::Lost(lost) => Some(lost.reason),
        SaleEvent::Opened(_)
        | SaleEvent::KycStarted(_)
        | SaleEvent::AgreementStarted(_)
        | SaleEvent::Paid(_)
        | SaleEvent::AmountSet(_) => None,
    });
    let sale = Sale::fold(events);
    let mut fields = Fields::default();
    if let Some(sale) = sale.opened() {
        fields.text("lead_id", Some(sale.lead_id));
        fields.text("stage", Some(sale.stage));
        let amount = sale.amount.map(|sum| format!("{} {}", sum.amount_minor(), sum.currency()));
        fields.text("amount", amount);
        fields.text("lost_reason", lost_reason.filter(|_| sale.stage == SaleStage::Lost));
    }
    fields
}

pub(super) fn member(events: Vec<MemberEvent>) -> Fields {
    let member = Member::fold(events);
    let mut fields = Fields::default();
    fields.text("role", member.role());
    fields.text("active", Some(member.is_active()));
    fields.text("language", member.language());
    fields.text("name", member.person().map(|person| person.name.as_str()));
    fields
}

pub(super) fn advisor(events: Vec<AdvisorEvent>) -> Fields {
    let mut fields = Fields::default();
    fields.text("champion", Advisor::fold(events).champion());
    fields
}

pub(super) fn workspace(events: &[WorkspaceEvent]) -> Result<Fields, serde_json::Error> {
    let mut fields = Fields::default();
    for event in events {
        match event {
            WorkspaceEvent::Created(created) => {
                fields.text("name", Some(created.name.as_str()));
                fields.json("settings", Some(&created.settings))?;
            }
            WorkspaceEvent::SettingsChanged(changed) => {
                fields.json("settings", Some(&changed.settings))?;
            }
        }
    }
    Ok(fields)
}
