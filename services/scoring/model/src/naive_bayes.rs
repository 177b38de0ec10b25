//! A naive Bayes in the style of Odoo's predictive lead scoring: how often each value was won and
//! how often lost, multiplied as if values knew nothing of each other.

use crate::encoder::{Binned, Bins, Encoder, MISSING};
use crate::numbers::probability;
use crate::table::Table;

/// What every value is counted as having had of each outcome before it is seen.
const SMOOTHING: f64 = 0.1;
/// Odoo knows no numbers: here they are taken in tenths of the leads.
const NUMBER_GROUPS: usize = 10;

/// The frequency table.
#[derive(Debug, Clone)]
pub struct NaiveBayes {
    encoder: Encoder,
    prior: f64,
    /// By column and bin, what a value adds to the log-odds.
    adds: Vec<Vec<f64>>,
}

impl NaiveBayes {
    /// Counts a table's outcomes. Missing cells count for nothing, as there.
    #[must_use]
    pub fn count(table: &Table) -> Self {
        let encoder = Encoder::of_groups(table, NUMBER_GROUPS);
        let binned = encoder.table(table);
        let wins = table.won().iter().filter(|won| **won).count() as f64;
        let losses = table.rows() as f64 - wins;
        let column = |(known, bins): (&crate::encoder::Known, &Vec<u8>)| {
            let mut counts = vec![(SMOOTHING, SMOOTHING); known.bins.count()];
            for (bin, won) in bins.iter().zip(table.won()).filter(|(bin, _)| **bin != MISSING) {
                let count = &mut counts[usize::from(*bin)];
                if *won { count.0 += 1.0 } else { count.1 += 1.0 }
            }
            let of_words = matches!(known.bins, Bins::Words(_));
            let seen = |(bin, (won, lost)): (usize, &(f64, f64))| {
                let skipped = bin == usize::from(MISSING) || (of_words && *won + *lost < 1.0);
                if skipped { (0.0, 0.0) } else { (*won, *lost) }
            };
            let (won, lost) = counts
                .iter()
                .enumerate()
                .map(seen)
                .fold((0.0, 0.0), |(all_won, all_lost), (won, lost)| {
                    (all_won + won, all_lost + lost)
                });
            let adds = |at: (usize, &(f64, f64))| match seen(at) {
                (w, l) if w + l > 0.0 => (w / won / (l / lost)).ln(),
                _ => 0.0,
            };
            counts.iter().enumerate().map(adds).collect()
        };
        let adds = encoder.columns.iter().zip(&binned.columns).map(column).collect();
        Self { prior: ((wins + SMOOTHING) / (losses + SMOOTHING)).ln(), adds, encoder }
    }

    /// The scores of a table's rows.
    #[must_use]
    pub fn scores(&self, table: &Table) -> Vec<f64> {
        let Binned { columns } = self.encoder.table(table);
        let score = |row: usize| {
            let adds =
                columns.iter().zip(&self.adds).map(|(bins, adds)| adds[usize::from(bins[row])]);
            // Odoo keeps its scores within these bounds, too.
            probability(self.prior + adds.sum::<f64>()).clamp(0.01, 0.99)
        };
        (0..table.rows()).map(score).collect()
    }
}
