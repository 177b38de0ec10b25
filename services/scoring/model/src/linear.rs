//! A ridge logistic regression on bins: what each value adds by itself. It needs far fewer leads
//! than trees to see a plain trend.

use crate::encoder::{Binned, Bins, Encoder, Known, MISSING};
use crate::numbers::{log_odds, probability};
use serde::{Deserialize, Serialize};

const SWEEPS: usize = 25;
const RIDGE: f64 = 2.0;

/// The regression, as a table of what bins add.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linear {
    #[serde(with = "crate::exact")]
    base: f64,
    /// By column and bin; over the rows learnt from, a column adds nothing on average.
    adds: Vec<Vec<f32>>,
}

/// Sums of a bin.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    gradient: f64,
    weight: f64,
}

impl Linear {
    pub(crate) fn fit(columns: &Encoder, table: &Binned, won: &[bool], rows: &[usize]) -> Self {
        let wins = rows.iter().filter(|row| won[**row]).count();
        let mut base = log_odds((wins as f64 + 0.5) / (rows.len() as f64 + 1.0));
        let mut columns: Vec<ColumnFit> = columns
            .columns
            .iter()
            .zip(&table.columns)
            .map(|(known, bins)| ColumnFit::new(known, bins, rows))
            .collect();
        let mut says = vec![base; rows.len()];
        for _ in 0..SWEEPS {
            let mut most: f64 = 0.0;
            for (column, bins) in columns.iter_mut().zip(&table.columns) {
                let mut sums = vec![Sum::default(); column.adds.len()];
                for (says, row) in says.iter().zip(rows) {
                    let p = probability(*says);
                    let sum = &mut sums[usize::from(bins[*row])];
                    sum.gradient += p - f64::from(u8::from(won[*row]));
                    sum.weight += p * (1.0 - p);
                }
                let all = sums.iter().fold((0.0, 1e-9), |(g, w), s| (g + s.gradient, w + s.weight));
                let shift = (-all.0 / all.1).clamp(-1.0, 1.0);
                base += shift;
                for sum in &mut sums {
                    sum.gradient += shift * sum.weight;
                }
                let steps = column.step(&sums);
                for (says, row) in says.iter_mut().zip(rows) {
                    *says += shift + steps[usize::from(bins[*row])];
                }
                most = steps.iter().fold(most, |most, step| most.max(step.abs()));
            }
            if most < 1e-4 {
                break;
            }
        }
        let mut adds = Vec::with_capacity(columns.len());
        for column in columns {
            let mean = column.mean();
            base += mean;
            adds.push(column.adds.iter().map(|add| (add - mean) as f32).collect());
        }
        Self { base, adds }
    }

    pub(crate) const fn base(&self) -> f64 {
        self.base
    }

    pub(crate) fn add(&self, column: usize, bin: u8) -> f64 {
        let adds = self.adds.get(column).and_then(|adds| adds.get(usize::from(bin)));
        adds.map_or(0.0, |add| f64::from(*add))
    }

    pub(crate) fn says(&self, bin: impl Fn(usize) -> u8) -> f64 {
        let adds: f64 = (0..self.adds.len()).map(|column| self.add(column, bin(column))).sum();
        self.base + adds
    }

    /// Whether it is made of numbers throughout.
    pub(crate) fn is_sound(&self) -> bool {
        self.base.is_finite() && self.adds.iter().flatten().all(|add| add.is_finite())
    }
}

/// A column while it is fitted.
struct ColumnFit {
    adds: Vec<f64>,
    rows: Vec<f64>,
    /// For numbers: the value and the rank of each bin, both with mean 0 and deviation 1.
    levels: Option<[Vec<f64>; 2]>,
    slopes: [f64; 2],
}

impl ColumnFit {
    fn new(known: &Known, bins: &[u8], rows: &[usize]) -> Self {
        let mut counts = vec![0.0; known.bins.count()];
        for row in rows {
            counts[usize::from(bins[*row])] += 1.0;
        }
        let levels = match &known.bins {
            Bins::Numbers(edges) => {
                let middle = |bin: usize| {
                    let at = |edge: usize| edges.get(edge.min(edges.len().saturating_sub(1)));
                    let (low, high) = (at(bin.saturating_sub(2)), at(bin.saturating_sub(1)));
                    low.zip(high).map_or(0.0, |(low, high)| low / 2.0 + high / 2.0)
                };
                let mut below = 0.0;
                let ranks = counts.iter().enumerate().map(|(bin, count)| {
                    let here = if bin == usize::from(MISSING) { 0.0 } else { *count };
                    below += here;
                    below - here / 2.0
                });
                let ranks: Vec<f64> = ranks.collect();
                let values = (0..counts.len()).map(middle).collect();
                Some([standard(values, &counts), standard(ranks, &counts)])
            }
            Bins::Words(_) => None,
        };
        Self { adds: vec![0.0; counts.len()], rows: counts, levels, slopes: [0.0; 2] }
    }

    /// Newton's steps, one parameter after the other; what each bin adds from now on.
    fn step(&mut self, sums: &[Sum]) -> Vec<f64> {
        let mut steps = vec![0.0; sums.len()];
        match &self.levels {
            Some(levels) => {
                let missing = usize::from(MISSING);
                steps[missing] = newton(sums[missing], self.adds[missing]);
                for (levels, slope) in levels.iter().zip(&mut self.slopes) {
                    let mut sum = Sum::default();
                    for ((level, of), step) in levels.iter().zip(sums).zip(&steps).skip(1) {
                        sum.gradient += level * (of.gradient + of.weight * step);
                        sum.weight += level * level * of.weight;
                    }
                    let by = newton(sum, *slope);
                    *slope += by;
                    for (step, level) in steps.iter_mut().zip(levels).skip(1) {
                        *step += by * level;
                    }
                }
            }
            None => {
                for ((step, sum), add) in steps.iter_mut().zip(sums).zip(&self.adds) {
                    *step = newton(*sum, *add);
                }
            }
        }
        for (add, step) in self.adds.iter_mut().zip(&steps) {
            *add += step;
        }
        steps
    }

    fn mean(&self) -> f64 {
        let rows: f64 = self.rows.iter().sum();
        let sum: f64 = self.adds.iter().zip(&self.rows).map(|(add, rows)| add * rows).sum();
        sum / rows.max(1.0)
    }
}

fn newton(sum: Sum, now: f64) -> f64 {
    (-(sum.gradient + RIDGE * now) / (sum.weight + RIDGE)).clamp(-1.0, 1.0)
}

/// With mean 0 and deviation 1 over the rows that are not missing.
fn standard(levels: Vec<f64>, rows: &[f64]) -> Vec<f64> {
    let known = || levels.iter().zip(rows).skip(1);
    let all: f64 = known().map(|(_, rows)| rows).sum::<f64>().max(1.0);
    let mean = known().map(|(level, rows)| level * rows).sum::<f64>() / all;
    let square = known().map(|(level, rows)| (level - mean).powi(2) * rows).sum::<f64>() / all;
    let deviation = square.sqrt();
    if !(deviation.is_finite() && deviation > 0.0) {
        return vec![0.0; levels.len()];
    }
    levels.iter().map(|level| (level - mean) / deviation).collect()
}
