//! A page of the answer, filled fault by fault, and the cursor that leads to the next.

use crate::audit::{Difference, Findings, Place};
use ael_events::query::{ChainState, Fault, VerifyPage, VerifyRequest};
use ael_store::{ChainFault, ChainHead};
use serde::{Deserialize, Serialize};

/// How many characters of a fault's detail are told.
const LONGEST_DETAIL: usize = 500;

/// Where a page ends and the next begins: what a cursor holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stop {
    ReadModels(Place),
    /// After a place in the hash chain; whether it had no fault up to there.
    Chain(#[serde(with = "as_text")] ChainHead, bool),
}

/// A head of the chain as it is kept elsewhere, too.
mod as_text {
    use ael_store::ChainHead;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(at: &ChainHead, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(text: D) -> Result<ChainHead, D::Error> {
        String::deserialize(text)?.parse().map_err(de::Error::custom)
    }
}

/// A page as far as it is filled.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) page: VerifyPage,
}

impl Collected {
    /// Whether there is no room for more faults.
    pub(super) fn is_full(&self) -> bool {
        self.page.faults.len() >= VerifyRequest::MOST_FAULTS
    }

    pub(super) fn add(&mut self, found: Findings) {
        self.page.checked += found.aggregates;
        self.page.events += found.events;
        self.page.faults_found += found.faults();
        for (what, tally) in &found.projections {
            if tally.parked > 0 {
                let events = events(tally.parked);
                self.tell(what, None, None, format!("{events} that could not be processed"));
            }
            if tally.behind > 0 {
                self.tell(what, None, None, format!("{} not taken yet", events(tally.behind)));
            }
        }
        for difference in found.differences {
            self.differ(difference);
        }
    }

    fn differ(&mut self, difference: Difference) {
        let Difference { projection, aggregate, field, history, read_model, personal } = difference;
        let say = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
        let detail = match personal {
            true => "differs (what it says is not told)".to_owned(),
            false => format!("history says {}, read model {}", say(history), say(read_model)),
        };
        self.tell(&projection, Some(aggregate), Some(field), detail);
    }

    pub(super) fn chain(&mut self, at: &ChainHead, ok: bool, faults: &[ChainFault]) {
        let head = (at.number > 0).then(|| at.to_string());
        self.page.chain = Some(ChainState { ok, verified_to: at.number, head });
        self.page.faults_found += faults.len() as u64;
        for fault in faults {
            let aggregate = fault.row().map(|row| row.aggregate().to_owned());
            self.tell("chain", aggregate, None, fault.to_string());
        }
    }

    fn tell(
        &mut self,
        what: &str,
        aggregate: Option<String>,
        field: Option<String>,
        detail: String,
    ) {
        if !self.is_full() {
            let detail = detail.chars().take(LONGEST_DETAIL).collect();
            self.page.faults.push(Fault { what: what.to_owned(), aggregate, field, detail });
        }
    }
}

fn events(number: u64) -> String {
    if number == 1 { "1 event".to_owned() } else { format!("{number} events") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_auth::CursorKey;
    use uuid::Uuid;

    #[test]
    fn a_cursor_leads_on_from_where_it_was_made() {
        let key = CursorKey::derive(b"a password");
        let at = ChainHead { number: 7, head: [9; 32], ..ChainHead::START };
        let middle = Place::Aggregates(4, Some(Uuid::from_u128(5)));
        for stop in [Stop::ReadModels(middle), Stop::Chain(at, false)] {
            let cursor = key.seal(&"verify", &stop).unwrap();
            assert_eq!(key.open(&"verify", &cursor), Ok(stop));
        }
    }

    #[test]
    fn a_page_tells_so_many_faults_and_counts_them_all() {
        let difference = |personal: bool| Difference {
            projection: "lead_board".to_owned(),
            aggregate: "lead/1".to_owned(),
            field: "leads.stage".to_owned(),
            history: Some("lost".repeat(1_000)).filter(|_| !personal),
            read_model: None,
            personal,
        };
        let mut page = Collected::default();
        let mut found = Findings::default();
        found.push(difference(true));
        (0..300).for_each(|_| found.push(difference(false)));
        page.add(found);
        assert_eq!((page.page.faults.len(), page.page.faults_found), (200, 301));
        assert!(page.is_full());
        let told = &page.page.faults[0];
        assert_eq!(told.detail, "differs (what it says is not told)");
        assert_eq!(page.page.faults[1].detail.len(), LONGEST_DETAIL);
    }

    #[test]
    fn what_is_parked_and_what_is_missing_is_told_once_for_each_read_model() {
        let mut found = Findings::default();
        found.tally("timeline").parked = 2;
        found.tally("stats").behind = 1;
        let mut page = Collected::default();
        page.add(found);
        let told = page.page.faults.iter();
        let told: Vec<_> = told.map(|fault| format!("{}: {}", fault.what, fault.detail)).collect();
        let expected =
            ["stats: 1 event not taken yet", "timeline: 2 events that could not be processed"];
        assert_eq!(told, expected);
        assert_eq!(page.page.faults_found, 3);
    }

    #[test]
    fn a_fault_of_the_chain_names_the_aggregate_and_the_head_is_told() {
        let mut page = Collected::default();
        page.chain(&ChainHead::START, true, &[]);
        assert_eq!(page.page.chain.as_ref().and_then(|chain| chain.head.clone()), None);
        let row = ael_store::RowName {
            order: ael_events::order::Order::START,
            event: "lead/5 event 3".to_owned(),
        };
        let at = ChainHead { number: 2, ..ChainHead::START };
        page.chain(&at, false, &[ChainFault::Changed { row }]);
        assert_eq!(page.page.faults[0].aggregate.as_deref(), Some("lead/5"));
        let chain = page.page.chain.unwrap();
        assert_eq!((chain.ok, chain.verified_to, chain.head.is_some()), (false, 2, true));
    }
}
