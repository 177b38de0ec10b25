//! Keep the advisor's answer: the scoring service alone writes it, at any stage.
//!
//! An answer that is older than the one already kept came late, and changes nothing.

use super::{Lead, LeadContext, LeadRejection};
use ael_events::command::RecordAnalysis;
use ael_events::event::{AnalysisRecorded, LeadEvent, ReasonPrivate};
use ael_events::private::Private;
use chrono::TimeDelta;

pub(super) fn decide(
    lead: &Lead,
    context: &LeadContext,
    command: RecordAnalysis,
) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let analysed_at = command.analysed_at;
    if analysed_at.signed_duration_since(context.asked.now) > TimeDelta::minutes(5) {
        return Err(LeadRejection::AnalysedInTheFuture { analysed_at });
    }
    if lead.analysis().is_some_and(|kept| kept.analysed_at > analysed_at) {
        return Ok(Vec::new());
    }
    Ok(vec![LeadEvent::Analysed(AnalysisRecorded {
        score: command.score,
        recommendation: command.recommendation,
        analysed_at,
        model: command.model,
        prompt_version: command.prompt_version,
        features: command.features,
        feature_hash: command.feature_hash,
        cache_key: command.cache_key,
        usage: command.usage,
        raw_score: command.raw_score,
        raw_recommendation: command.raw_recommendation,
        private: Private::Open(ReasonPrivate { reason: command.reason }),
    })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::testing::{analysis, captured, erased, given, lost, text};
    use crate::testing::{ADMIN, AGENT, now, service};
    use crate::who_may::Forbidden;
    use ael_events::actor::{Actor, ServicePrincipal};
    use ael_events::values::Stage;

    const SCORING: Actor = service(ServicePrincipal::Scoring);

    fn record(score: f64) -> RecordAnalysis {
        let said = analysis(Stage::New, score);
        RecordAnalysis {
            score: said.score,
            recommendation: said.recommendation,
            reason: text("they answered twice"),
            analysed_at: said.analysed_at,
            model: said.model,
            prompt_version: said.prompt_version,
            features: said.features,
            feature_hash: said.feature_hash,
            cache_key: said.cache_key,
            usage: said.usage,
            raw_score: said.raw_score,
            raw_recommendation: said.raw_recommendation,
        }
    }

    fn analysed() -> LeadEvent {
        LeadEvent::Analysed(analysis(Stage::New, 0.7))
    }

    #[test]
    fn the_scoring_service_records_its_answer_at_any_stage() {
        given([captured()]).when(SCORING, record(0.7)).then([analysed()]);
        given([captured(), lost()]).when(SCORING, record(0.7)).then([analysed()]);
        given([captured(), analysed()]).when(SCORING, record(0.7)).then([analysed()]);
    }

    #[test]
    fn no_person_and_no_other_service_writes_the_advisors_fields() {
        for by in [AGENT, ADMIN] {
            let principal = ServicePrincipal::Scoring;
            given([captured()])
                .when(by, record(0.7))
                .then_refused(Forbidden::NotForPeople { principal });
        }
        let principal = ServicePrincipal::Importer;
        given([captured()])
            .when(service(principal), record(0.7))
            .then_refused(Forbidden::NotForService { principal });
    }

    #[test]
    fn an_answer_that_comes_late_changes_nothing() {
        let late = RecordAnalysis { analysed_at: now() - TimeDelta::hours(1), ..record(0.1) };
        given([captured(), analysed()]).when(SCORING, late).then_nothing();
    }

    #[test]
    fn an_answer_from_the_future_is_refused() {
        let analysed_at = now() + TimeDelta::hours(1);
        given([captured()])
            .when(SCORING, RecordAnalysis { analysed_at, ..record(0.1) })
            .then_refused(LeadRejection::AnalysedInTheFuture { analysed_at });
    }

    #[test]
    fn nothing_is_recorded_about_an_erased_person() {
        given([captured(), erased()])
            .when(SCORING, record(0.7))
            .then_refused(LeadRejection::Erased);
    }
}
