//! What is learnt of a lead is what was known when its score was due.

use super::*;
use ael_events::event::{
    AnalysisRecorded, AnalysisRequested, Contacted, Created, DetailsEdited, Erased, Imported,
    ImportedPrivate, LeadProfile, Lost, MergedInto, MessageLogged, OptionalText, Paid, Qualified,
    ReasonPrivate, Reopened, SaleLost, Transferred, Usage,
};
use ael_events::ids::SaleId;
use ael_events::private::Private;
use ael_events::values::{
    AttributeValue, Channel, Contact, LostReason, MessageDirection, Recommendation, Source,
};
use chrono::{TimeDelta, TimeZone as _};

const LEAD: LeadId = LeadId::from_uuid(Uuid::from_u128(7));

fn day(n: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap() + TimeDelta::days(n.into())
}

/// An event's id whose lot is drawn before (or after) every one of the other kind.
fn id(nth: u32, first: bool) -> Uuid {
    let ids = (0..).map(|more| Uuid::from_u128(u128::from(nth) << 64 | more));
    ids.into_iter().find(|id| (ticket(*id) < u64::MAX / 4) == first).unwrap()
}

/// Tells the events, one a day; the lot falls on the one that is named, counted from 0.
fn life(events: &[Event], drawn: usize) -> Option<TrainingExample> {
    let mut life = Life::of(LEAD);
    let mut versions = [0, 0];
    for (nth, event) in events.iter().enumerate() {
        let version = &mut versions[usize::from(matches!(event, Event::Sale(_)))];
        *version += 1;
        let nth = u32::try_from(nth).unwrap();
        let event_id = id(nth, nth as usize == drawn);
        let happened =
            Happened { event_id, sequence: *version, occurred_at: day(nth), event: event.clone() };
        life.take(&happened).unwrap();
    }
    life.example()
}

fn of_lead(event: LeadEvent) -> Event {
    Event::Lead(Box::new(event))
}

fn profile(email: bool) -> LeadProfile {
    let email = email.then(|| "ada@example.com".parse().unwrap());
    let full_name = Some("Ada Byron".parse().unwrap());
    LeadProfile {
        contact: Contact { full_name, email, ..Contact::default() },
        ..LeadProfile::default()
    }
}

fn created() -> Event {
    of_lead(LeadEvent::Created(Created {
        source: Source::Partner,
        business_domain: None,
        owner: None,
        tags: BTreeSet::new(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: Private::Open(profile(false)),
    }))
}

/// Everything that details can say is said.
fn filled_in() -> Event {
    let mut profile = profile(true);
    profile.contact.phone = Some("+380671234567".parse().unwrap());
    profile.contact.company = Some("Engines".parse().unwrap());
    profile.contact.position = Some("Countess".parse().unwrap());
    profile.budget = Some("plenty".parse().unwrap());
    of_lead(LeadEvent::DetailsEdited(DetailsEdited {
        changed: BTreeSet::new(),
        business_domain: Some("first".parse().unwrap()),
        tags: ["vip".parse().unwrap()].into(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: Private::Open(profile),
    }))
}

fn messages(count: u32) -> Event {
    of_lead(LeadEvent::MessageLogged(MessageLogged {
        count,
        direction: MessageDirection::Incoming,
        channel: Channel::Email,
        private: Private::Erased,
    }))
}

fn contacted() -> Event {
    of_lead(LeadEvent::Contacted(Contacted {}))
}

fn qualified() -> Event {
    of_lead(LeadEvent::Qualified(Qualified {}))
}

fn asked() -> Event {
    of_lead(LeadEvent::AnalysisRequested(AnalysisRequested { force: false }))
}

fn analysed(nth: u32, model: &str, prompt: &str, raw_score: Option<f64>) -> Event {
    let score = |score| Score::new(score).unwrap();
    of_lead(LeadEvent::Analysed(AnalysisRecorded {
        score: score(0.9),
        recommendation: Recommendation::Transfer,
        analysed_at: day(nth),
        model: model.parse().unwrap(),
        prompt_version: prompt.parse().unwrap(),
        features: ScoreFeatures {
            source: Source::Partner,
            stage: Stage::New,
            message_count: 0,
            has_domain: false,
            age_days: 0,
        },
        feature_hash: "00".parse().unwrap(),
        usage: Usage::default(),
        raw_score: raw_score.map(score),
        raw_recommendation: None,
        cache_key: None,
        private: Private::Open(ReasonPrivate { reason: "why not".parse().unwrap() }),
    }))
}

fn transferred() -> Event {
    of_lead(LeadEvent::Transferred(Transferred {
        sale_id: SaleId::of(LEAD),
        amount: None,
        overridden: None,
        private: Private::Open(OptionalText { text: None }),
    }))
}

fn lost() -> Event {
    let private = Private::Open(OptionalText { text: None });
    of_lead(LeadEvent::Lost(Lost { reason: LostReason::NoBudget, private }))
}

fn paid() -> Event {
    Event::Sale(SaleEvent::Paid(Paid { amount: None }))
}

fn sale_lost() -> Event {
    let private = Private::Open(OptionalText { text: None });
    Event::Sale(SaleEvent::Lost(SaleLost { reason: LostReason::NoBudget, private }))
}

fn imported(outcome: Option<ImportedOutcome>, message_count: u32) -> Event {
    let stage = match &outcome {
        Some(ImportedOutcome::Won { .. }) => Stage::Transferred,
        Some(ImportedOutcome::Lost { .. }) => Stage::Lost,
        None => Stage::Contacted,
    };
    let city = AttributeValue::Category("Kyiv".to_owned());
    let mut profile = profile(true);
    profile.budget = Some("plenty".parse().unwrap());
    of_lead(LeadEvent::Imported(Imported {
        origin: "old crm".parse().unwrap(),
        source: Source::Scanner,
        stage,
        outcome,
        business_domain: Some("first".parse().unwrap()),
        owner: None,
        tags: ["closed".parse().unwrap()].into(),
        message_count,
        attributes: [("City".to_owned(), city)].into(),
        duplicate_of: None,
        unclaimed: BTreeSet::new(),
        private: Private::Open(ImportedPrivate { external_id: "A-1".parse().unwrap(), profile }),
    }))
}

const WON: Option<ImportedOutcome> = Some(ImportedOutcome::Won { amount: None });
const LOST: Option<ImportedOutcome> =
    Some(ImportedOutcome::Lost { reason: LostReason::NotInterested });

/// What an example says of the lead as it was.
fn features(example: TrainingExample) -> (ScoreFeatures, InsideFeatures, DateTime<Utc>) {
    (example.anonymous, example.inside, example.at)
}

#[test]
fn nothing_that_happened_after_the_moment_is_in_any_feature() {
    let story = [
        created(),
        messages(2),
        contacted(),
        messages(3),
        asked(),
        analysed(5, "gpt", "1", None),
        filled_in(),
        qualified(),
        messages(9),
        transferred(),
        paid(),
    ];
    for moment in [0, 2, 5, 7] {
        let told = life(&story, moment).unwrap();
        assert!(told.won);
        let mut other = story[..=moment].to_vec();
        other.extend([filled_in(), messages(50), analysed(9, "gpt", "1", None), lost()]);
        let otherwise = life(&other, moment).unwrap();
        assert!(!otherwise.won);
        assert_eq!(features(told), features(otherwise), "moment {moment}");
    }
}

#[test]
fn a_score_is_due_at_the_beginning_at_each_step_and_at_each_analysis() {
    let story = [created(), messages(4), contacted(), filled_in(), qualified(), asked()];
    let story = [&story[..], &[analysed(6, "gpt", "1", None), transferred(), paid()]].concat();
    let at = |moment: usize| life(&story, moment).unwrap();
    let beginning = at(0);
    assert_eq!((beginning.anonymous.stage, beginning.anonymous.message_count), (Stage::New, 0));
    let reached = at(2);
    assert_eq!((reached.anonymous.stage, reached.anonymous.message_count), (Stage::Contacted, 4));
    assert_eq!((reached.anonymous.age_days, reached.inside.has_email), (2, false));
    let worth = at(4);
    assert_eq!((worth.anonymous.stage, worth.anonymous.has_domain), (Stage::Qualified, true));
    assert!(worth.inside.has_email && worth.inside.has_budget && worth.inside.tags.len() == 1);
    // Being asked about is no activity of the lead.
    let analysis = at(6);
    assert_eq!((analysis.at, analysis.inside.idle_days), (day(6), 2));
    assert_eq!((analysis.ended_at, analysis.won), (day(8), true));
}

#[test]
fn no_example_shows_a_lead_in_a_stage_that_tells_its_end() {
    let story =
        [created(), contacted(), qualified(), transferred(), analysed(4, "gpt", "1", None), paid()];
    let end = life(&story, 4).unwrap();
    assert!(end.at < day(3), "{end:?}");
    assert_eq!(end.scored, BTreeMap::new(), "what was said then is no forecast either");
    let after = [created(), lost(), analysed(2, "gpt", "1", None)];
    assert_eq!(life(&after, 2).unwrap().at, day(0));
}

#[test]
fn of_a_lead_that_came_with_its_end_only_its_beginning_counts() {
    let won = life(&[imported(WON, 12), paid()], 0).unwrap();
    let lost = life(&[imported(LOST, 0)], 0).unwrap();
    assert!((won.won, lost.won) == (true, false) && won.from_file);
    assert_eq!(features(won.clone()), features(lost));
    assert_eq!(won.anonymous.stage, Stage::New);
    assert!(won.inside.has_email && !won.inside.has_budget && won.inside.tags.is_empty());
    assert_eq!(won.inside.attributes.len(), 1);
    let later = [imported(WON, 12), paid(), filled_in(), messages(7)];
    assert_eq!(features(life(&later, 0).unwrap()), features(won));
}

#[test]
fn a_lead_that_came_without_its_end_lives_on_here() {
    let example = life(&[imported(None, 12), qualified(), transferred(), paid()], 0).unwrap();
    assert!(example.won && !example.from_file);
    let anonymous = example.anonymous;
    assert_eq!((anonymous.stage, anonymous.message_count), (Stage::Contacted, 12));
}

#[test]
fn only_a_lead_that_ended_teaches_and_none_that_is_gone() {
    assert_eq!(life(&[created(), contacted(), qualified(), transferred()], 0), None);
    let reopened = of_lead(LeadEvent::Reopened(Reopened {
        private: Private::Open(ReasonPrivate { reason: "they called".parse().unwrap() }),
    }));
    assert_eq!(life(&[created(), lost(), reopened.clone()], 0), None);
    let again = [created(), lost(), reopened, contacted(), qualified(), transferred(), paid()];
    assert!(life(&again, 3).unwrap().won);
    assert!(!life(&[created(), transferred(), sale_lost()], 0).unwrap().won);
    let merged = of_lead(LeadEvent::MergedInto(MergedInto { into: LEAD }));
    assert_eq!(life(&[created(), lost(), merged], 0), None);
    let erased = of_lead(LeadEvent::Erased(Erased {}));
    assert_eq!(life(&[created(), lost(), erased], 0), None);
}

#[test]
fn another_models_score_is_told_once_as_it_was_before_it_was_calibrated() {
    let story = [
        created(),
        analysed(1, "gpt", "1", Some(0.3)),
        analysed(2, "gpt", "1", None),
        analysed(3, "local-model-1", "local", None),
        lost(),
    ];
    let told = |drawn: usize| life(&story, drawn).unwrap().scored;
    let gpt = |score| BTreeMap::from([("gpt".to_owned(), Score::new(score).unwrap())]);
    assert_eq!((told(1), told(2)), (gpt(0.3), gpt(0.9)));
}
