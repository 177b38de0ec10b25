//! Keep what a model outside cost that was asked for something else than an analysis: the scoring
//! service alone knows.

use ael_events::command::RecordConsultation;
use ael_events::event::{AdvisorEvent, Consulted};

pub(super) fn decide(command: RecordConsultation) -> Vec<AdvisorEvent> {
    let RecordConsultation { model, usage } = command;
    vec![AdvisorEvent::Consulted(Consulted { model, usage })]
}

#[cfg(test)]
mod tests {
    use super::super::testing::given;
    use super::*;
    use crate::testing::{ADMIN, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::ServicePrincipal;
    use ael_events::event::Usage;

    #[test]
    fn the_scoring_service_alone_tells_what_the_assistant_cost() {
        let usage = Usage { cost_micro_usd: 90, input_tokens: 400, ..Usage::default() };
        let told = RecordConsultation { model: "gpt".parse().unwrap(), usage: usage.clone() };
        let scoring = service(ServicePrincipal::Scoring);
        let kept = AdvisorEvent::Consulted(Consulted { model: "gpt".parse().unwrap(), usage });
        given([]).when(scoring, told.clone()).then([kept]);
        given([])
            .when(ADMIN, told)
            .then_refused(Forbidden::NotForPeople { principal: ServicePrincipal::Scoring });
    }
}
