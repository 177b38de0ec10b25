//! Advisors: each workspace has one, whose id derives from the workspace's.

use super::Matter;
use crate::draft::Decision;
use crate::failure::Refused;
use ael_domain::advisor::{Advisor, AdvisorContext};
use ael_events::command::{AdvisorCommand, To};
use ael_events::ids::AdvisorId;

pub(super) async fn decide(
    matter: &Matter<'_>,
    to: &To<AdvisorId, AdvisorCommand>,
) -> Result<Decision, Refused> {
    if matter.settings().await?.is_none() {
        return Ok(Decision::Refused(super::workspace::no_such_workspace()));
    }
    let advisor = matter.load::<Advisor>(to.id.uuid()).await?;
    if let Err(unexpected) = matter.is_expected(&advisor) {
        return Ok(unexpected);
    }
    let of_workspace = AdvisorId::of(matter.workspace());
    let context = AdvisorContext { asked: matter.asked(), advisor_id: to.id, of_workspace };
    let by = &matter.principal.actor;
    let events = match advisor.state.decide(by, &context, to.command.clone()) {
        Ok(events) => events,
        Err(refusal) => return Ok(Decision::Refused(refusal.into())),
    };
    let mut draft = matter.draft(&advisor);
    draft.add(&advisor, to.id.uuid(), events)?;
    Ok(Decision::Write(Box::new(draft)))
}
