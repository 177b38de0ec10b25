//! The figures of an evaluation, for people and for programs.

use crate::output::Output;
use ael_scoring_model::{Evaluation, Interval, Judged, Method, Notes, Reliability, Split};
use serde::Serialize;

/// What came of an evaluation.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    evaluation: Evaluation,
    /// Whether the rows are leads, as far as the mapping says.
    cold_start_applies: bool,
    undecided_rows: usize,
    left_out_as_ids: Vec<String>,
    scattered_columns: Vec<String>,
}

impl Report {
    /// Puts together what was found.
    pub fn new(evaluation: Evaluation, notes: Notes) -> Self {
        let applies = |judged: &Judged| judged.method == Method::ColdStart;
        Self {
            cold_start_applies: evaluation.methods.iter().any(applies),
            undecided_rows: notes.undecided,
            left_out_as_ids: notes.ids,
            scattered_columns: notes.scattered,
            evaluation,
        }
    }
}

/// Tells a person.
pub fn show(out: Output, report: &Report) -> anyhow::Result<()> {
    let evaluation = &report.evaluation;
    let rate = 100.0 * evaluation.won as f64 / evaluation.rows as f64;
    out.say(format!("{} leads, {} of them won ({rate:.1} %)", evaluation.rows, evaluation.won))?;
    out.say(out.dim(divided(evaluation)))?;
    for note in notes(report) {
        out.say(out.dim(note))?;
    }
    out.say("")?;
    let rows = evaluation.methods.iter().map(figures);
    out.table(&["", "AUC#", "Brier#", "log-loss#", "ECE#", "lift of the best tenth#"], rows)?;
    if !report.cold_start_applies {
        out.say(out.dim(
            "The cold-start rules are not applicable: the mapping names no fields of a lead \
             ([lead]).",
        ))?;
    }
    let (below, interval) = evaluation.brier_below_naive_bayes;
    out.say("")?;
    out.say(format!(
        "Our model's Brier score is {:.1} % below that of the naive Bayes ({:.1} to {:.1} %).",
        100.0 * below,
        100.0 * interval.low,
        100.0 * interval.high
    ))?;
    let Some(model) = evaluation.methods.iter().find(|judged| judged.method == Method::Model)
    else {
        return Ok(());
    };
    out.say("")?;
    out.say(out.bold("What our model promised, and what came"))?;
    let header = ["score", "predictions#", "promised#", "came#", "off#"];
    out.table(&header, model.reliability.iter().map(reliability))
}

fn divided(evaluation: &Evaluation) -> String {
    let predictions = evaluation.predictions;
    let how = match evaluation.split {
        Split::Stratified { repeats } => format!(
            "Stratified 80/20, {repeats} × five parts by lot, seed {}: {} trainings, every lead \
             judged {repeats} ×;\nall {predictions} predictions are measured together.",
            evaluation.seed, evaluation.trainings
        ),
        Split::Temporal => format!(
            "Temporal 80/20: the newest {predictions} leads are judged by what the older ones \
             taught."
        ),
    };
    format!("{how}\nIn brackets: 95 % of the times that the judged leads were drawn anew.")
}

fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if report.undecided_rows > 0 {
        notes.push(format!("{} rows are undecided and were passed over.", report.undecided_rows));
    }
    if !report.left_out_as_ids.is_empty() {
        let names = report.left_out_as_ids.join(", ");
        notes.push(format!("Left out as ids, different in every row: {names}."));
    }
    if !report.scattered_columns.is_empty() {
        let names = report.scattered_columns.join(", ");
        notes.push(format!("Mostly words that one row alone has, so of little use: {names}."));
    }
    notes
}

const fn name(method: Method) -> &'static str {
    match method {
        Method::BaseRate => "base rate",
        Method::ColdStart => "cold-start rules",
        Method::NaiveBayes => "naive Bayes",
        Method::Model => "our model",
    }
}

fn figures(judged: &Judged) -> Vec<String> {
    let (measures, intervals) = (&judged.measures, &judged.intervals);
    let figure =
        |value: f64, Interval { low, high }: Interval| format!("{value:.4} ({low:.4}–{high:.4})");
    vec![
        name(judged.method).to_owned(),
        figure(measures.auc, intervals.auc),
        figure(measures.brier, intervals.brier),
        figure(measures.log_loss, intervals.log_loss),
        figure(measures.ece, intervals.ece),
        format!(
            "{:.2} ({:.2}–{:.2})",
            measures.top_decile_lift, intervals.top_decile_lift.low, intervals.top_decile_lift.high
        ),
    ]
}

fn reliability(line: &Reliability) -> Vec<String> {
    let range = format!("{:.1}–{:.1}", line.from, line.to);
    if line.predictions == 0 {
        return vec![range, "0".to_owned(), String::new(), String::new(), String::new()];
    }
    vec![
        range,
        line.predictions.to_string(),
        format!("{:.3}", line.promised),
        format!("{:.3}", line.came),
        format!("{:+.3}", line.came - line.promised),
    ]
}
