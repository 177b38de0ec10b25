//! What a trained model promises: scores that mean what they say, explained, and always the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use ael_scoring_model::{
    Model, NaiveBayes, OutsideCalibration, Row, StoredModelError, TableBuilder, Training,
    TrainingError, Value, log_odds, measure, probability,
};
use common::{coins, leads};

fn train(rows: usize) -> Model {
    Model::train(&leads(rows, 1), &Training::default()).unwrap()
}

#[test]
fn what_is_promised_comes_on_leads_never_seen() {
    let future = leads(20_000, 2);
    let measures = measure(&train(4_000).scores(&future), future.won());
    assert!(measures.ece < 0.02, "{measures:?}");
    assert!(measures.auc > 0.78, "{measures:?}");
    let bayes = NaiveBayes::count(&leads(4_000, 1)).scores(&future);
    assert!(measures.log_loss < measure(&bayes, future.won()).log_loss, "{measures:?}");
}

#[test]
fn where_nothing_is_to_be_known_every_lead_gets_about_the_base_rate() {
    let (past, future) = (coins(1_000, 1), coins(5_000, 2));
    let scores = Model::train(&past, &Training::default()).unwrap().scores(&future);
    let far = scores.iter().filter(|score| (**score - 0.31).abs() > 0.1).count();
    assert!(far < future.rows() / 50, "{far} of {} scores are far off", future.rows());
}

#[test]
fn the_same_seed_gives_the_same_model_on_any_number_of_threads() {
    let table = leads(800, 1);
    let with = |seed, threads| {
        Model::train(&table, &Training { seed, threads, ..Training::default() }).unwrap()
    };
    assert!(with(7, 1) == with(7, 1), "the same twice");
    assert!(with(7, 1) == with(7, 4), "on more threads");
    assert!(with(7, 1) != with(8, 1), "another seed");
}

#[test]
fn a_kept_model_gives_the_same_scores() {
    let (model, future) = (train(600), leads(200, 2));
    let kept = serde_json::to_string(&model).unwrap();
    let again: Model = serde_json::from_str(&kept).unwrap();
    assert!(again == model, "the kept model differs");
    assert_eq!(again.scores(&future), model.scores(&future));
    let row = future.row(3);
    assert_eq!(again.explain(&row), model.explain(&row));
}

#[test]
fn a_model_kept_by_an_earlier_release_scores_as_it_did() {
    let kept: Model = serde_json::from_str(include_str!("kept/format_1.json")).unwrap();
    let row = |channel: &'static str| {
        Row::default().with("visits", Value::Number(0.75)).with("channel", Value::word(channel))
    };
    let close = |row: &Row, score: f64| (kept.score(row) - score).abs() < 1e-12;
    assert!(close(&row("channel 2"), 0.9454765825611501));
    assert!(close(&row("channel 0"), 0.08578142535155112));
    assert!(close(&Row::default(), 0.28208739601944866));
}

#[test]
fn a_model_of_a_newer_form_or_a_damaged_one_is_refused() {
    let kept = serde_json::to_value(train(300)).unwrap();
    let refused = |key: &str, value: serde_json::Value| {
        let mut kept = kept.clone();
        kept[key] = value;
        serde_json::from_value::<Model>(kept).unwrap_err().to_string()
    };
    assert_eq!(refused("format", 2.into()), StoredModelError::NewerFormat(2).to_string());
    let damaged = StoredModelError::Damaged.to_string();
    // A tree that asks of a column that is not there, one that leads back to itself, no tree.
    for nodes in ["[[0.1,1,99,3,1],[0,0,0,0,0],[0,0,0,0,0]]", "[[0.1,1,0,3,0]]", "[]"] {
        let tree = format!("[{{\"nodes\":{nodes}}}]");
        assert_eq!(refused("trees", serde_json::from_str(&tree).unwrap()), damaged, "{nodes}");
    }
    assert_eq!(refused("blend", "1.5".into()), damaged);
}

#[test]
fn a_lead_scores_alone_as_it_does_in_a_table() {
    let (model, future) = (train(600), leads(100, 2));
    let scores = model.scores(&future);
    for (at, score) in scores.iter().enumerate() {
        assert_eq!(model.score(&future.row(at)), *score);
        assert!((model.explain(&future.row(at)).score - score).abs() < 1e-9);
    }
}

#[test]
fn pushes_add_up_to_the_score_and_point_where_the_truth_does() {
    let model = train(3_000);
    let row = |visits: f64, channel: &'static str| {
        Row::default()
            .with("visits", Value::Number(visits))
            .with("channel", Value::word(channel))
            .with("noise", Value::Number(0.5))
    };
    let (good, bad) =
        (model.explain(&row(0.9, "channel 2")), model.explain(&row(-0.9, "channel 0")));
    for explained in [&good, &bad] {
        let sum: f64 = explained.pushes.iter().map(|push| push.log_odds).sum();
        assert!((probability(explained.start + sum) - explained.score).abs() < 1e-9);
        let strength = |push: &ael_scoring_model::Push| push.log_odds.abs();
        assert!(explained.pushes.is_sorted_by(|a, b| strength(a) >= strength(b)));
    }
    let first = &good.pushes[0];
    assert_eq!((first.column.as_str(), &first.value), ("visits", &Value::Number(0.9)));
    assert!(first.log_odds > 0.5 && first.points > 0.1, "{first:?}");
    assert!(bad.pushes[0].log_odds < -0.5 && bad.pushes[0].points < -0.1, "{bad:?}");
    let noise = good.pushes.iter().find(|push| push.column == "noise");
    assert!(noise.is_none_or(|push| push.log_odds.abs() < 0.4), "{noise:?}");
}

#[test]
fn words_never_seen_columns_unheard_of_and_empty_leads_get_a_score() {
    let model = train(600);
    let strange = Row::default()
        .with("channel", Value::word("carrier pigeon"))
        .with("visits", Value::word("many"))
        .with("noise", Value::Number(f64::NAN))
        .with("unheard of", Value::Number(1.0));
    for row in [Row::default(), strange] {
        let score = model.score(&row);
        assert!(score > 0.05 && score < 0.95, "{score}");
    }
    let far = Row::default().with("visits", Value::Number(f64::MAX));
    assert!(model.score(&far) > model.score(&Row::default()));
}

/// Leads of which chance alone decides, with eight columns of small numbers; in each of these one
/// lead of so many has a number from the end of what there is.
fn with_slips(rows: usize, one_of: usize, end: f64) -> TableBuilder {
    let mut builder = TableBuilder::new();
    let table = coins(rows, 1);
    let mut slips = [0; 8];
    for at in 0..rows {
        let mut row = Row::default();
        for (column, slips) in slips.iter_mut().enumerate() {
            let small = ((at * (column + 3)) % 11) as f64;
            // All of them won, as it happens.
            let slip = table.won()[at] && *slips * one_of < at && (at + column) % 3 == 0;
            *slips += usize::from(slip);
            let sign = if column % 2 == 0 { 1.0 } else { -1.0 };
            let number = if slip { sign * end } else { small };
            row = row.with(format!("column {column}"), Value::Number(number));
        }
        builder.push(row, table.won()[at], None, None);
    }
    builder
}

#[test]
fn numbers_from_the_end_of_what_there_is_make_nobody_sure() {
    for end in [1e6, 1e150, 1.7e308, f64::MAX] {
        for one_of in [400, 100] {
            let table = with_slips(400, one_of, end).finish();
            let model = Model::train(&table, &Training::default()).unwrap();
            for far in [[end, -end], [-end, end], [f64::MAX, f64::MIN]] {
                let cell = |column: usize| Value::Number(far[column % 2]);
                let name = |column: usize| format!("column {column}");
                let row = (0..8).fold(Row::default(), |row, at| row.with(name(at), cell(at)));
                let score = model.score(&row);
                assert!((0.1..0.7).contains(&score), "{end:e}, one of {one_of}: {score}");
            }
        }
    }
}

#[test]
fn ten_of_each_end_are_the_least_to_learn_from() {
    let table = |won: usize, lost: usize| {
        let mut builder = TableBuilder::new();
        for number in 0..won + lost {
            let row = Row::default().with("n", Value::Number(number as f64));
            builder.push(row, number < won, None, None);
        }
        builder.finish()
    };
    let train = |won, lost| Model::train(&table(won, lost), &Training::default());
    for (won, lost) in [(0, 0), (50, 0), (0, 50), (9, 500)] {
        assert_eq!(train(won, lost), Err(TrainingError::TooFewOutcomes { won, lost }));
    }
    assert!(train(10, 10).is_ok());
}

#[test]
fn rows_that_are_all_alike_get_the_base_rate() {
    let mut builder = TableBuilder::new();
    for number in 0..100 {
        let row = Row::default().with("same", Value::word("x")).with("one", Value::Number(1.0));
        builder.push(row, number < 30, None, None);
    }
    let table = builder.finish();
    let model = Model::train(&table, &Training::default()).unwrap();
    let score = model.score(&table.row(0));
    assert!((score - 0.3).abs() < 0.02, "{score}");
    assert!(model.explain(&table.row(0)).pushes.is_empty());
}

#[test]
fn a_column_that_names_every_lead_teaches_nothing() {
    let mut builder = TableBuilder::new();
    let table = leads(600, 1);
    for at in 0..table.rows() {
        let row = table.row(at).with("name", Value::word(format!("lead {at}")));
        builder.push(row, table.won()[at], None, None);
    }
    let named = Model::train(&builder.finish(), &Training::default()).unwrap();
    let row = table.row(0);
    let explained = named.explain(&row.clone().with("name", Value::word("lead 0")));
    assert!(explained.pushes.iter().all(|push| push.column != "name"), "{explained:?}");
}

#[test]
fn an_outside_score_is_believed_until_outcomes_say_otherwise() {
    let pairs = |count: usize| -> Vec<(f64, bool)> {
        // Always sure, and right seven times of ten.
        (0..count)
            .map(|n| (if n % 2 == 0 { 0.95 } else { 0.05 }, (n % 2 == 0) != (n % 10 < 3)))
            .collect()
    };
    let young = OutsideCalibration::fit(&pairs(49));
    assert_eq!((young.outcomes, young.apply(0.95)), (0, 0.95));
    let pairs = pairs(1_000);
    let grown = OutsideCalibration::fit(&pairs);
    assert_eq!(grown.outcomes, 1_000);
    for score in [0.95, 0.05] {
        let (mut won, mut all) = (0.0, 0.0);
        for (_, is_won) in pairs.iter().filter(|(given, _)| *given == score) {
            all += 1.0;
            won += f64::from(u8::from(*is_won));
        }
        assert!((grown.apply(score) - won / all).abs() < 0.02, "{score}");
    }
    assert!(grown.apply(0.0) > 0.0 && grown.apply(1.0) < 1.0);
    assert_eq!(log_odds(0.5), 0.0);
}

#[test]
fn whoever_says_the_same_of_everybody_or_the_contrary_is_put_where_outcomes_are() {
    for said in [0.9, 0.99, 0.02] {
        let pairs: Vec<(f64, bool)> = (0..200).map(|n| (said, n % 4 == 0)).collect();
        let put_right = OutsideCalibration::fit(&pairs).apply(said);
        assert!((put_right - 0.25).abs() < 0.03, "{said} → {put_right}");
    }
    // Three of four that are praised are lost, and three of four of the others won.
    let pairs: Vec<(f64, bool)> =
        (0..200).map(|n| (if n % 2 == 0 { 0.9 } else { 0.2 }, (n / 2) % 4 == 0)).collect();
    let contrary: Vec<(f64, bool)> =
        pairs.into_iter().map(|(said, won)| (said, won != (said < 0.5))).collect();
    let fit = OutsideCalibration::fit(&contrary);
    assert_eq!(fit.apply(0.9), fit.apply(0.2), "it is not believed, nor its contrary");
    assert!((fit.apply(0.9) - 0.5).abs() < 0.03, "{}", fit.apply(0.9));
}

#[test]
fn one_sided_outcomes_leave_an_outside_score_as_it_is() {
    let pairs: Vec<(f64, bool)> = (0..500).map(|n| (0.5, n < 9)).collect();
    assert_eq!(OutsideCalibration::fit(&pairs).apply(0.5), 0.5);
    let broken: Vec<(f64, bool)> = (0..500).map(|n| (f64::NAN, n % 2 == 0)).collect();
    assert_eq!(OutsideCalibration::fit(&broken).outcomes, 0);
}
