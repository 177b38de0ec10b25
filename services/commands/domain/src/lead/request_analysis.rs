//! Ask the advisor about a lead: as often as people like, the advisor remembers its answers.

use super::{Lead, LeadRejection};
use ael_events::command::RequestAnalysis;
use ael_events::event::{AnalysisRequested, LeadEvent};

pub(super) fn decide(
    lead: &Lead,
    command: &RequestAnalysis,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    Ok(vec![LeadEvent::AnalysisRequested(AnalysisRequested { force: command.force })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{captured, captured_unowned, erased, given};
    use crate::testing::{ADMIN, AGENT, OTHER_AGENT};
    use crate::who_may::Forbidden;

    #[test]
    fn an_agent_asks_about_their_own_leads_and_nobodys() {
        let asked = LeadEvent::AnalysisRequested(AnalysisRequested { force: true });
        let ask = RequestAnalysis { force: true };
        given([captured()]).when(AGENT, ask.clone()).then([asked.clone()]);
        given([captured_unowned()]).when(OTHER_AGENT, ask.clone()).then([asked]);
        given([captured()]).when(OTHER_AGENT, ask.clone()).then_refused(Forbidden::NotYours);
        given([captured(), erased()]).when(ADMIN, ask).then_refused(LeadRejection::Erased);
    }
}
