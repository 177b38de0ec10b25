//! Judging is fair: nothing of the judged leads is known, and the figures are what they are called.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use ael_events::values::{Source, Stage};
use ael_scoring_model::{
    Evaluation, EvaluationError, LeadFacts, Method, Model, Options, Row, Split, Table,
    TableBuilder, Training, TrainingError, Value, cold_start, contest, evaluate, measure,
    newest_fifth,
};
use common::{coins, leads};

fn judged(table: &Table, split: Split) -> Evaluation {
    let options = Options { split, draws: 200, ..Options::default() };
    evaluate(table, &options, |_, _| {}).unwrap()
}

fn auc(evaluation: &Evaluation, method: Method) -> f64 {
    evaluation.methods.iter().find(|judged| judged.method == method).unwrap().measures.auc
}

#[test]
fn no_method_is_better_than_chance_where_there_is_only_chance() {
    // A word for every third lead, which a leak would learn by heart.
    let mut builder = TableBuilder::new();
    let table = coins(900, 3);
    for at in 0..table.rows() {
        let row = table.row(at).with("third", Value::word(format!("{}", at / 3)));
        builder.push(row, table.won()[at], None, None);
    }
    let evaluation = judged(&builder.finish(), Split::Stratified { repeats: 2 });
    for judged in &evaluation.methods {
        assert!((judged.measures.auc - 0.5).abs() < 0.06, "{judged:?}");
    }
}

#[test]
fn by_lot_every_lead_is_judged_once_in_each_repeat() {
    let mut trainings = Vec::new();
    let options =
        Options { split: Split::Stratified { repeats: 2 }, draws: 100, ..Options::default() };
    let evaluation = evaluate(&leads(300, 1), &options, |done, of| trainings.push((done, of)));
    let evaluation = evaluation.unwrap();
    assert_eq!((evaluation.predictions, evaluation.trainings), (600, 10));
    assert_eq!(trainings, (0..=10).map(|done| (done, 10)).collect::<Vec<_>>());
    for judged in &evaluation.methods {
        let lines: usize = judged.reliability.iter().map(|line| line.predictions).sum();
        assert_eq!(lines, 600);
    }
}

#[test]
fn the_same_seed_gives_the_same_figures_and_another_seed_others() {
    let table = leads(300, 1);
    let split = Split::Stratified { repeats: 1 };
    let with = |seed| {
        evaluate(&table, &Options { split, seed, draws: 100, ..Options::default() }, |_, _| {})
            .unwrap()
    };
    assert_eq!(with(1), with(1));
    assert_ne!(auc(&with(1), Method::Model), auc(&with(2), Method::Model));
}

#[test]
fn by_time_the_newest_fifth_is_judged_by_what_came_before() {
    // What wins is turned round for the newest fifth: whoever has seen some of it would notice.
    let mut builder = TableBuilder::new();
    for at in 0..1_000 {
        let (x, new) = (f64::from(at % 7), at >= 800);
        let row = Row::default().with("x", Value::Number(x));
        builder.push(row, (x > 3.0) != new, Some(f64::from(at)), None);
    }
    let evaluation = judged(&builder.finish(), Split::Temporal);
    assert_eq!(evaluation.predictions, 200);
    assert!(auc(&evaluation, Method::Model) < 0.01);
}

#[test]
fn leads_of_one_moment_are_not_torn_apart() {
    let times = [5.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 9.0, 8.0, 5.0];
    let (old, new) = newest_fifth(&times);
    assert_eq!(new, [8, 7]);
    assert_eq!(old.len(), 8);
    let (old, new) = newest_fifth(&[1.0, 2.0, 3.0, 4.0, 4.0]);
    assert_eq!((old.len(), new.len()), (5, 0));
}

#[test]
fn a_split_by_time_needs_times_and_something_to_judge() {
    let mut builder = TableBuilder::new();
    for at in 0..100 {
        builder.push(Row::default(), at % 2 == 0, (at != 50).then_some(f64::from(at)), None);
    }
    let options = Options { split: Split::Temporal, ..Options::default() };
    let refused = evaluate(&builder.finish(), &options, |_, _| {});
    assert_eq!(refused, Err(EvaluationError::NoTime));
    let mut builder = TableBuilder::new();
    for at in 0..100 {
        builder.push(Row::default(), at < 50, Some(f64::from(at)), None);
    }
    let refused = evaluate(&builder.finish(), &options, |_, _| {});
    assert_eq!(refused, Err(EvaluationError::NothingToJudge { won: 0, lost: 20 }));
}

#[test]
fn a_table_too_small_to_keep_a_part_aside_is_counted_whole() {
    let table = |won: u32| {
        let mut builder = TableBuilder::new();
        for at in 0..60 {
            let is_won = at % 3 == 0 && at >= 60 - won * 3;
            builder.push(Row::default(), is_won, Some(f64::from(at)), None);
        }
        builder.finish()
    };
    let by = |split, won| {
        evaluate(&table(won), &Options { split, draws: 100, ..Options::default() }, |_, _| {})
    };
    let refused =
        EvaluationError::TooFewAside { won: 12, lost: 48, learnt_won: 9, learnt_lost: 39 };
    assert_eq!(
        by(Split::Stratified { repeats: 1 }, 12).unwrap_err().to_string(),
        refused.to_string()
    );
    let by_time = by(Split::Temporal, 12).unwrap_err();
    assert!(by_time.to_string().contains("12 won and 48 lost in all"), "{by_time}");
    let base = |table: &Table| vec![0.2; table.rows()];
    assert_eq!(contest(base, &table(12), &Training::default()).unwrap_err(), by_time);
    let none = TrainingError::TooFewOutcomes { won: 9, lost: 51 };
    assert_eq!(by(Split::Temporal, 9), Err(none.into()));
}

#[test]
fn figures_are_those_of_the_textbook() {
    let measures = measure(&[0.9, 0.8, 0.35, 0.1], &[true, false, true, false]);
    assert_eq!(measures.auc, 0.75);
    let brier = (0.01 + 0.64 + 0.65 * 0.65 + 0.01) / 4.0;
    assert!((measures.brier - brier).abs() < 1e-12);
    let loss = -(0.9_f64.ln() + 0.2_f64.ln() + 0.35_f64.ln() + 0.9_f64.ln()) / 4.0;
    assert!((measures.log_loss - loss).abs() < 1e-12);
    assert!((measures.ece - (0.1 + 0.8 + 0.65 + 0.1) / 4.0).abs() < 1e-12);
    // The best tenth of forty leads is four of them: three of four against a half of all.
    let scores: Vec<f64> = (0..40).map(|at| f64::from(at) / 40.0).collect();
    let won: Vec<bool> =
        (0..40).map(|at| at % 2 == 0 && at < 36 || at == 37 || at == 39 || at == 38).collect();
    let wins = won.iter().filter(|won| **won).count() as f64;
    let lift = measure(&scores, &won).top_decile_lift;
    assert!((lift - (3.0 / 4.0) / (wins / 40.0)).abs() < 1e-12, "{lift}");
    // Ties are worth a half, and a tenth of them counts by its share.
    let same = measure(&[0.5; 4], &[true, false, true, false]);
    assert_eq!((same.auc, same.top_decile_lift, same.ece), (0.5, 1.0, 0.0));
}

#[test]
fn intervals_hold_the_figure_and_shrink_with_more_leads() {
    let width = |rows| {
        let evaluation = judged(&leads(rows, 1), Split::Stratified { repeats: 1 });
        let model = evaluation.methods.last().unwrap();
        let (auc, of) = (model.intervals.auc, model.measures.auc);
        assert!(auc.low < of && of < auc.high, "{auc:?} {of}");
        auc.high - auc.low
    };
    assert!(width(1_500) < 0.6 * width(250));
}

#[test]
fn cold_start_rules_are_judged_where_rows_are_leads() {
    let table = leads(300, 1);
    let none = judged(&table, Split::Stratified { repeats: 1 });
    assert!(none.methods.iter().all(|judged| judged.method != Method::ColdStart));
    let mut builder = TableBuilder::new();
    for at in 0..table.rows() {
        let points = if table.won()[at] { 0.9 } else { 0.1 };
        builder.push(table.row(at), table.won()[at], None, Some(points));
    }
    let rules = judged(&builder.finish(), Split::Stratified { repeats: 1 });
    assert_eq!(auc(&rules, Method::ColdStart), 1.0);
}

#[test]
fn a_challenger_wins_only_when_nothing_gets_worse_on_the_newest_leads() {
    let table = leads(1_000, 1);
    let training = Training::default();
    let base = |table: &Table| vec![0.45; table.rows()];
    let won = contest(base, &table, &training).unwrap();
    assert_eq!(won.judged, 200);
    assert!(won.challenger.log_loss < won.champion.log_loss);
    assert!(won.winner.unwrap() == Model::train(&table, &training).unwrap());
    let prophet =
        |table: &Table| table.won().iter().map(|won| if *won { 0.99 } else { 0.01 }).collect();
    assert!(contest(prophet, &table, &training).unwrap().winner.is_none());
}

#[test]
fn points_are_summed_by_the_table_of_rules() {
    let lead = LeadFacts {
        source: Source::Partner,
        stage: Stage::Qualified,
        message_count: 10,
        business_domain: true,
        email: true,
        phone: true,
        company: true,
        position: true,
    };
    // 0.30 + 0.25 + 0.15 + 0.15 + 0.10 + 0.20 are more than there is.
    assert_eq!(cold_start(&lead).score, 1.0);
    let score = |lead| cold_start(&lead).score;
    let bare = LeadFacts {
        source: Source::Manual,
        stage: Stage::New,
        message_count: 0,
        business_domain: false,
        email: false,
        phone: false,
        company: false,
        position: false,
    };
    assert_eq!(score(bare), 0.1);
    assert_eq!(score(LeadFacts { source: Source::Scanner, ..bare }), 0.2);
    assert_eq!(score(LeadFacts { source: Source::Partner, ..bare }), 0.3);
    for (messages, points) in [(1, 0.10), (2, 0.18), (4, 0.18), (5, 0.25), (9, 0.25), (10, 0.35)] {
        assert_eq!(score(LeadFacts { message_count: messages, ..bare }), points, "{messages}");
    }
    assert_eq!(score(LeadFacts { business_domain: true, ..bare }), 0.25);
    assert_eq!(score(LeadFacts { email: true, ..bare }), 0.17);
    assert_eq!(score(LeadFacts { phone: true, email: true, ..bare }), 0.25);
    assert_eq!(score(LeadFacts { company: true, ..bare }), 0.1);
    assert_eq!(score(LeadFacts { company: true, position: true, ..bare }), 0.2);
    assert_eq!(score(LeadFacts { stage: Stage::Contacted, ..bare }), 0.2);
    // A transferred lead was qualified; that a lead is lost is no reason to buy.
    assert_eq!(score(LeadFacts { stage: Stage::Transferred, ..bare }), 0.3);
    assert_eq!(score(LeadFacts { stage: Stage::Lost, ..bare }), 0.1);
    let points: f64 = cold_start(&bare).points.iter().map(|(_, points)| points).sum();
    assert_eq!(points, 0.1);
}
