//! What each event adds to and takes from the numbers.

use super::{Facts, counted, differences, lead_event, sale_event};
use crate::samples::{LEAD, analysed, created, facts, renamed};
use ael_events::event::{
    AmountSet, Assigned, Contacted, Erased, KycStarted, LeadEvent, Lost, MergedInto, Opened, Paid,
    RolledBack, SaleEvent, SaleLost,
};
use ael_events::ids::{LeadId, MemberId, WorkspaceId};
use ael_events::private::Private;
use ael_events::values::{LostReason, Money, Stage};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug, Clone)]
enum Step {
    Lead(Box<LeadEvent>),
    Sale(SaleEvent),
}

fn uah(amount: i64) -> Money {
    Money::new(amount, "UAH".parse().unwrap()).unwrap()
}

fn lead(event: LeadEvent) -> Step {
    Step::Lead(Box::new(event))
}

fn steps() -> impl Strategy<Value = Step> {
    let assign = |id: Option<u8>| {
        let owner = id.map(|id| MemberId::from_uuid(Uuid::from_u128(u128::from(id) + 1)));
        lead(LeadEvent::Assigned(Assigned { owner, previous: None, rule: None }))
    };
    let into = LeadId::from_uuid(Uuid::from_u128(99));
    let lost = || Private::default();
    let reason = LostReason::NoBudget;
    let (from, to) = (Stage::Contacted, Stage::New);
    prop_oneof![
        proptest::option::of(0..3_u8).prop_map(assign),
        Just(lead(LeadEvent::Contacted(Contacted {}))),
        Just(lead(LeadEvent::RolledBack(RolledBack { from, to, private: lost() }))),
        Just(lead(LeadEvent::Lost(Lost { reason, private: Private::default() }))),
        (0..100_u32).prop_map(|score| lead(analysed(f64::from(score) / 100.0))),
        Just(lead(renamed("Olena B."))),
        Just(lead(LeadEvent::MergedInto(MergedInto { into }))),
        Just(lead(LeadEvent::Erased(Erased {}))),
        Just(Step::Sale(SaleEvent::KycStarted(KycStarted {}))),
        (1..9_i64).prop_map(|n| Step::Sale(SaleEvent::AmountSet(AmountSet { amount: uah(n) }))),
        proptest::option::of(1..9_i64)
            .prop_map(|n| Step::Sale(SaleEvent::Paid(Paid { amount: n.map(uah) }))),
        Just(Step::Sale(SaleEvent::Lost(SaleLost { reason, private: Private::default() }))),
    ]
}

fn after(known: Facts, step: &Step) -> Facts {
    match step {
        Step::Lead(event) => lead_event(known, &facts(2), event).unwrap(),
        Step::Sale(event) => sale_event(known, &facts(2), event).unwrap(),
    }
}

fn begun() -> Facts {
    let opened = Opened { lead_id: LeadId::from_uuid(LEAD), amount: Some(uah(5)), imported: false };
    let known = lead_event(Facts::default(), &facts(1), &created()).unwrap();
    sale_event(known, &facts(1), &SaleEvent::Opened(opened)).unwrap()
}

proptest! {
    #[test]
    fn counters_are_the_sum_of_what_is_counted_however_the_events_were_batched(
        steps in proptest::collection::vec(steps(), 0..30),
        cuts in proptest::collection::vec(1..5_usize, 30),
    ) {
        let key = (WorkspaceId::from_uuid(Uuid::from_u128(1)), LEAD);
        let mut known = begun();
        let mut sums = counted(&known);
        let mut rest = steps.as_slice();
        for cut in cuts {
            let (batch, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            let before = BTreeMap::from([(key, known.clone())]);
            known = batch.iter().fold(known, after);
            let now = BTreeMap::from([(key, known.clone())]);
            for ((.., counter), amount) in differences(&before, &now) {
                *sums.entry(counter).or_default() += amount;
            }
        }
        sums.retain(|_, amount| *amount != 0);
        prop_assert_eq!(sums, counted(&known));
    }

    #[test]
    fn a_lead_counts_once_or_not_at_all(steps in proptest::collection::vec(steps(), 0..30)) {
        let known = steps.iter().fold(begun(), after);
        let gone = known.lead.as_ref().unwrap().gone;
        for metric in ["leads", "stage", "source", "domain", "month"] {
            let sum: i64 = counted(&known)
                .iter()
                .filter(|((_, name, _), _)| *name == metric)
                .map(|(_, amount)| amount)
                .sum();
            prop_assert_eq!(sum, i64::from(!gone), "{}", metric);
        }
    }
}

#[test]
fn money_counts_in_one_place_and_stays_when_its_lead_is_erased() {
    let paid = Step::Sale(SaleEvent::Paid(Paid { amount: Some(uah(70)) }));
    let known =
        [Step::Sale(SaleEvent::KycStarted(KycStarted {})), paid].iter().fold(begun(), after);
    let sums = counted(&known);
    assert_eq!(sums.get(&(None, "paid", "UAH".to_owned())), Some(&70));
    assert!(!sums.keys().any(|(_, metric, _)| *metric == "kyc"));
    let known = after(known, &lead(LeadEvent::Erased(Erased {})));
    let sums = counted(&known);
    assert_eq!(sums.get(&(None, "paid", "UAH".to_owned())), Some(&70));
    assert!(!sums.keys().any(|(_, metric, _)| *metric == "leads"));
}

#[test]
fn a_month_is_the_one_in_which_it_happened() {
    let sums = counted(&lead_event(Facts::default(), &facts(30), &created()).unwrap());
    assert!(sums.contains_key(&(None, "month", "2026-02".to_owned())), "{sums:?}");
}
