//! What was measured, as a table for people and as lines of JSON for programs.

use crate::measure::Sample;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::Write as _;

/// One measured figure.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: Option<&'static str>,
    baseline_value: Option<f64>,
    ratio: Option<f64>,
    target: Option<String>,
    met: Option<bool>,
    #[serde(skip)]
    spread: Option<(f64, f64)>,
    #[serde(skip)]
    baseline_spread: Option<(f64, f64)>,
}

impl Figure {
    /// A figure that stands alone.
    pub(crate) fn of(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value: rounded(value),
            unit,
            baseline: None,
            baseline_value: None,
            ratio: None,
            target: None,
            met: None,
            spread: None,
            baseline_spread: None,
        }
    }

    /// The median of several rounds.
    pub(crate) fn median(name: impl Into<String>, sample: &Sample, unit: &'static str) -> Self {
        let spread = sample.spread();
        Self { spread, ..Self::of(name, sample.median(), unit) }
    }

    /// Against what the other side did in the same rounds.
    pub(crate) fn against(mut self, baseline: &'static str, sample: &Sample) -> Self {
        let other = sample.median();
        self.baseline = Some(baseline);
        self.baseline_value = Some(rounded(other));
        self.baseline_spread = sample.spread();
        self.ratio = (other > 0.0).then(|| rounded(self.value / other));
        self
    }

    /// The ratio should be at least this.
    pub(crate) fn ratio_at_least(mut self, target: f64) -> Self {
        self.target = Some(format!("≥ {target} ×"));
        self.met = self.ratio.map(|ratio| ratio >= target);
        self
    }

    /// The ratio should be at most this.
    pub(crate) fn ratio_at_most(mut self, target: f64) -> Self {
        self.target = Some(format!("≤ {target} ×"));
        self.met = self.ratio.map(|ratio| ratio <= target);
        self
    }

    /// The value should be at most this.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(format!("≤ {target} {}", self.unit));
        self.met = Some(self.value <= target);
        self
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Gathers figures; tells a program each at once and people all at the end.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, figures: Vec::new() }
    }

    /// Takes a figure.
    pub(crate) fn add(&mut self, figure: Figure) -> anyhow::Result<()> {
        if self.json {
            let line = serde_json::to_string(&figure)?;
            writeln!(std::io::stdout().lock(), "{line}")?;
        }
        self.figures.push(figure);
        Ok(())
    }

    /// Says what is going on, to whoever watches.
    pub(crate) fn say(&self, what: &str) {
        // Nobody has to watch.
        writeln!(std::io::stderr().lock(), "… {what}").ok();
    }

    /// The table.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(["figure", "value", "baseline", "baseline value", "ratio", "target", ""]);
        for figure in &self.figures {
            table.add_row([
                figure.name.clone(),
                format!("{}{} {}", number(figure.value), range(figure.spread), figure.unit),
                figure.baseline.unwrap_or_default().to_owned(),
                figure.baseline_value.map_or_else(String::new, |value| {
                    format!("{}{}", number(value), range(figure.baseline_spread))
                }),
                figure.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×")),
                figure.target.clone().unwrap_or_default(),
                match figure.met {
                    Some(true) => "met".to_owned(),
                    Some(false) => "not met".to_owned(),
                    None => String::new(),
                },
            ]);
        }
        writeln!(std::io::stdout().lock(), "{table}")?;
        Ok(())
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn range(spread: Option<(f64, f64)>) -> String {
    let shown = |(low, high)| format!(" ({}–{})", number(low), number(high));
    spread.map_or_else(String::new, shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_exactly_the_promised_fields() {
        let ours = Sample::of([2.0, 3.0, 4.0]);
        let theirs = Sample::of([1.0, 2.0, 3.0]);
        let figure = Figure::median("append", &ours, "commands/s")
            .against("plain INSERT", &theirs)
            .ratio_at_least(1.0);
        assert_eq!(
            serde_json::to_string(&figure).unwrap(),
            "{\"name\":\"append\",\"value\":3.0,\"unit\":\"commands/s\",\
             \"baseline\":\"plain INSERT\",\"baseline_value\":2.0,\"ratio\":1.5,\
             \"target\":\"≥ 1 ×\",\"met\":true}"
        );
    }

    #[test]
    fn without_a_baseline_there_is_no_ratio_to_meet() {
        let none = Sample::of([]);
        let figure = Figure::of("x", 1.0, "ms").against("y", &none).ratio_at_most(2.0);
        assert_eq!((figure.ratio, figure.met), (None, None));
        assert_eq!(Figure::of("x", 151.0, "MB").at_most(150.0).met, Some(false));
    }
}
