//! How good scores are, by what became of the leads.

use serde::Serialize;

/// A score is one of these tenths, for the reliability table.
pub const BINS: usize = 10;

/// The figures of one way of scoring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measures {
    /// The chance that a won lead has the higher score than a lost one (ties count half).
    pub auc: f64,
    /// The mean squared distance of the score from what happened (1 or 0).
    pub brier: f64,
    /// The mean logistic loss; a score counts as one in a million off 0 and 1.
    pub log_loss: f64,
    /// By how much the ten tenths of the reliability table are off, weighted by leads.
    pub ece: f64,
    /// How many times as often leads of the best tenth are won as all are.
    pub top_decile_lift: f64,
}

/// A line of the reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reliability {
    /// Scores from this …
    pub from: f64,
    /// … to this.
    pub to: f64,
    /// How many predictions there were.
    pub predictions: usize,
    /// What was promised: the mean score.
    pub promised: f64,
    /// What came: the part that was won.
    pub came: f64,
}

/// Predictions in the order of their scores, so that they can be measured many times over with
/// changing weights.
#[derive(Debug)]
pub(crate) struct Ordered {
    /// Score, outcome, and whose lead it is.
    by_score: Vec<(f64, bool, usize)>,
}

impl Ordered {
    pub(crate) fn new(scores: &[f64], won: &[bool], leads: &[usize]) -> Self {
        let mut by_score: Vec<_> =
            (0..scores.len()).map(|at| (scores[at], won[at], leads[at])).collect();
        by_score.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
        Self { by_score }
    }

    /// Measures with a weight for each lead.
    pub(crate) fn measure(&self, weight: impl Fn(usize) -> f64) -> Measures {
        let (mut won_all, mut all) = (0.0, 0.0);
        let (mut brier, mut loss) = (0.0, 0.0);
        let mut bins = [(0.0, 0.0); BINS];
        for (score, won, lead) in &self.by_score {
            let (w, y) = (weight(*lead), f64::from(u8::from(*won)));
            all += w;
            won_all += w * y;
            brier += w * (score - y) * (score - y);
            loss -= w * if *won { *score } else { 1.0 - score }.clamp(1e-6, 1.0).ln();
            let bin = &mut bins[bin_of(*score)];
            bin.0 += w * score;
            bin.1 += w * y;
        }
        let off: f64 = bins.iter().map(|(promised, came)| (promised - came).abs()).sum();
        let (auc, lift) = self.ranks(&weight, won_all, all);
        Measures {
            auc,
            brier: brier / all,
            log_loss: loss / all,
            ece: off / all,
            top_decile_lift: lift,
        }
    }

    /// From the highest score down, those with the same score together.
    fn ranks(&self, weight: &impl Fn(usize) -> f64, won_all: f64, all: f64) -> (f64, f64) {
        let (mut won_above, mut above, mut pairs) = (0.0, 0.0, 0.0);
        let (mut top_won, top) = (0.0, all / 10.0);
        for same in self.by_score.chunk_by(|a, b| a.0 == b.0) {
            let (mut won, mut lost) = (0.0, 0.0);
            for (_, is_won, lead) in same {
                if *is_won { won += weight(*lead) } else { lost += weight(*lead) }
            }
            pairs += lost * (won_above + won / 2.0);
            let in_top = (top - above).clamp(0.0, won + lost);
            if won + lost > 0.0 {
                top_won += won * in_top / (won + lost);
            }
            above += won + lost;
            won_above += won;
        }
        (pairs / (won_all * (all - won_all)), top_won / top / (won_all / all))
    }

    pub(crate) fn reliability(&self) -> Vec<Reliability> {
        let mut bins = [(0, 0.0, 0.0); BINS];
        for (score, won, _) in &self.by_score {
            let bin = &mut bins[bin_of(*score)];
            *bin = (bin.0 + 1, bin.1 + score, bin.2 + f64::from(u8::from(*won)));
        }
        let line = |(at, (predictions, promised, came)): (usize, &(usize, f64, f64))| {
            let mean = |sum: f64| sum / (*predictions).max(1) as f64;
            Reliability {
                from: at as f64 / BINS as f64,
                to: (at + 1) as f64 / BINS as f64,
                predictions: *predictions,
                promised: mean(*promised),
                came: mean(*came),
            }
        };
        bins.iter().enumerate().map(line).collect()
    }
}

fn bin_of(score: f64) -> usize {
    ((score * BINS as f64) as usize).min(BINS - 1)
}

/// Measures scores, each lead counting once.
#[must_use]
pub fn measure(scores: &[f64], won: &[bool]) -> Measures {
    let leads: Vec<usize> = (0..scores.len()).collect();
    Ordered::new(scores, won, &leads).measure(|_| 1.0)
}
