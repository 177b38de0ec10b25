//! Equal questions inside one process: one of them is asked, and the others wait for how that goes.
//! So it is also while the copies cannot agree on who asks.

use ael_events::query::RememberedAnswer;
use ael_events::values::FeatureHash;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

type Answer = Option<Arc<RememberedAnswer>>;

/// What is being asked just now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<FeatureHash, watch::Sender<Answer>>>>);

/// The turn of whoever asks. However it ends, those who wait go on.
#[derive(Debug)]
pub(crate) struct Turn {
    flights: Flights,
    key: FeatureHash,
}

/// How it goes with whoever asks.
#[derive(Debug)]
pub(crate) struct Others(watch::Receiver<Answer>);

impl Flights {
    /// The turn to ask this.
    ///
    /// # Errors
    /// Somebody has it: they can be waited for.
    pub(crate) fn take(&self, key: &FeatureHash) -> Result<Turn, Others> {
        let mut asked = self.asked();
        if let Some(flight) = asked.get(key) {
            return Err(Others(flight.subscribe()));
        }
        asked.insert(key.clone(), watch::Sender::new(None));
        drop(asked);
        Ok(Turn { flights: self.clone(), key: key.clone() })
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<FeatureHash, watch::Sender<Answer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// It went well: all who wait have the answer.
    pub(crate) fn answered(self, answer: Arc<RememberedAnswer>) {
        if let Some(flight) = self.flights.asked().get(&self.key) {
            flight.send_replace(Some(answer));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.flights.asked().remove(&self.key);
    }
}

impl Others {
    /// Their answer; none, when it came to nothing.
    pub(crate) async fn answer(mut self) -> Answer {
        // Whoever asked may be gone by now; what they said last is kept all the same.
        self.0.wait_for(Option::is_some).await.ok();
        self.0.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::{ModelName, PromptVersion, ReasonText, Recommendation, Score};
    use chrono::Utc;
    use futures::future::join_all;

    fn key(digit: &str) -> FeatureHash {
        FeatureHash::parse(&digit.repeat(64)).unwrap()
    }

    fn answer(score: f64) -> Arc<RememberedAnswer> {
        Arc::new(RememberedAnswer {
            score: Score::new(score).unwrap(),
            recommendation: Recommendation::Nurture,
            reason: ReasonText::parse("so").unwrap(),
            model: ModelName::parse("stand-in").unwrap(),
            prompt_version: PromptVersion::parse("score-2").unwrap(),
            analysed_at: Utc::now(),
            cost_micro_usd: 90,
        })
    }

    #[tokio::test]
    async fn of_equal_questions_one_is_asked_and_all_have_its_answer() {
        let flights = Flights::default();
        let turn = flights.take(&key("a")).unwrap();
        let waiting: Vec<Others> = (0..9).map(|_| flights.take(&key("a")).unwrap_err()).collect();
        let another = flights.take(&key("b")).unwrap();
        let told = answer(0.4);
        turn.answered(Arc::clone(&told));
        for heard in join_all(waiting.into_iter().map(Others::answer)).await {
            assert_eq!(heard, Some(Arc::clone(&told)));
        }
        drop(another);
        assert!(flights.asked().is_empty(), "nothing is kept of what is over");
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_it_came_to_nothing_and_the_next_one_may_ask() {
        let flights = Flights::default();
        let turn = flights.take(&key("a")).unwrap();
        let waiting = flights.take(&key("a")).unwrap_err();
        drop(turn);
        assert_eq!(waiting.answer().await, None);
        assert!(flights.take(&key("a")).is_ok());
    }
}
