//! One decision tree on bins: grown leaf by leaf on the gradients of the logistic loss.

use crate::encoder::{Binned, Bins, Encoder, MISSING};
use serde::{Deserialize, Serialize};

/// Which bins go left.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Test {
    /// Bins from 1 up to this one, and missing cells if so said.
    UpTo(u8, bool),
    /// These bins.
    Among([u64; 4]),
}

const fn holds(set: &[u64; 4], bin: u8) -> bool {
    set[(bin >> 6) as usize] >> (bin & 63) & 1 == 1
}

impl Test {
    const fn left(&self, bin: u8) -> bool {
        match self {
            Self::UpTo(last, missing) => {
                if bin == MISSING {
                    *missing
                } else {
                    bin <= *last
                }
            }
            Self::Among(set) => holds(set, bin),
        }
    }
}

/// A node: what it says in log-odds, and which question leads on from it. Small, as a score is
/// thousands of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f32, u8, u16, u16, u32)", into = "(f32, u8, u16, u16, u32)")]
struct Node {
    value: f32,
    /// The node for bins that go left; the other one comes right after it.
    left: u32,
    column: u16,
    /// The last bin that goes left, or which set of bins does.
    argument: u16,
    kind: u8,
}

const LEAF: u8 = 0;
const UP_TO: u8 = 1;
const UP_TO_OR_MISSING: u8 = 2;
const AMONG: u8 = 3;

impl From<(f32, u8, u16, u16, u32)> for Node {
    fn from((value, kind, column, argument, left): (f32, u8, u16, u16, u32)) -> Self {
        Self { value, left, column, argument, kind }
    }
}

impl From<Node> for (f32, u8, u16, u16, u32) {
    fn from(node: Node) -> Self {
        (node.value, node.kind, node.column, node.argument, node.left)
    }
}

/// A tree; its first node is the root.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sets: Vec<[u64; 4]>,
}

impl Tree {
    fn add(&mut self, value: f32) -> usize {
        self.nodes.push(Node { value, left: 0, column: 0, argument: 0, kind: LEAF });
        self.nodes.len() - 1
    }

    fn ask(&mut self, node: usize, column: usize, test: &Test) {
        let left = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let (kind, argument) = match test {
            Test::UpTo(last, false) => (UP_TO, u16::from(*last)),
            Test::UpTo(last, true) => (UP_TO_OR_MISSING, u16::from(*last)),
            Test::Among(set) => {
                self.sets.push(*set);
                (AMONG, u16::try_from(self.sets.len() - 1).unwrap_or(u16::MAX))
            }
        };
        let column = u16::try_from(column).unwrap_or(u16::MAX);
        let node = &mut self.nodes[node];
        *node = Node { left, column, argument, kind, ..*node };
    }

    /// What the root says of everybody.
    pub(crate) fn root(&self) -> f64 {
        self.nodes.first().map_or(0.0, |node| f64::from(node.value))
    }

    /// What the leaf of a row says; each step of the way is told with its column.
    pub(crate) fn walk(&self, bin: impl Fn(usize) -> u8, mut step: impl FnMut(usize, f32)) -> f64 {
        let mut node = &self.nodes[0];
        while node.kind != LEAF {
            let bin = bin(usize::from(node.column));
            let left = if node.kind == AMONG {
                holds(&self.sets[usize::from(node.argument)], bin)
            } else if bin == MISSING {
                node.kind == UP_TO_OR_MISSING
            } else {
                u16::from(bin) <= node.argument
            };
            let next = &self.nodes[node.left as usize + usize::from(!left)];
            step(usize::from(node.column), next.value - node.value);
            node = next;
        }
        f64::from(node.value)
    }

    /// Whether every question leads on within the tree and is about one of so many columns: a
    /// stored model was perhaps written by somebody else.
    pub(crate) fn is_sound(&self, columns: usize) -> bool {
        let sound = |(at, node): (usize, &Node)| {
            let left = node.left as usize;
            let asks = node.kind == UP_TO
                || node.kind == UP_TO_OR_MISSING
                || (node.kind == AMONG && usize::from(node.argument) < self.sets.len());
            let leads_on =
                usize::from(node.column) < columns && left > at && left + 1 < self.nodes.len();
            node.value.is_finite() && (node.kind == LEAF || (asks && leads_on))
        };
        !self.nodes.is_empty() && self.nodes.iter().enumerate().all(sound)
    }
}

/// How a tree is grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    pub(crate) leaves: usize,
    pub(crate) depth: usize,
    pub(crate) min_rows: u32,
    pub(crate) min_weight: f64,
    pub(crate) ridge: f64,
    /// What is added to the ridge for a group of words, which was chosen among many.
    pub(crate) words_ridge: f64,
    pub(crate) rate: f64,
}

/// Sums of a bin, or of a node.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    gradient: f64,
    weight: f64,
    rows: u32,
}

impl Sum {
    const fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            weight: self.weight + other.weight,
            rows: self.rows + other.rows,
        }
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            weight: self.weight - other.weight,
            rows: self.rows.saturating_sub(other.rows),
        }
    }

    fn gain(self, ridge: f64) -> f64 {
        self.gradient * self.gradient / (self.weight + ridge)
    }
}

struct Found {
    gain: f64,
    column: usize,
    test: Test,
}

struct Leaf {
    node: usize,
    depth: usize,
    rows: Vec<u32>,
    histogram: Vec<Sum>,
    sum: Sum,
    found: Option<Found>,
}

/// Grows trees on one table.
pub(crate) struct Grower<'t> {
    binned: &'t Binned,
    columns: &'t Encoder,
    growth: Growth,
    /// The columns that the tree may ask about, each with where its bins begin in a histogram.
    sampled: Vec<(usize, usize)>,
    bins: usize,
}

impl<'t> Grower<'t> {
    pub(crate) const fn new(binned: &'t Binned, columns: &'t Encoder, growth: Growth) -> Self {
        Self { binned, columns, growth, sampled: Vec::new(), bins: 0 }
    }

    /// A tree on these rows and columns. `gradients` and `weights` are by row of the table.
    pub(crate) fn grow(
        &mut self,
        rows: Vec<u32>,
        sampled: &[usize],
        gradients: &[f64],
        weights: &[f64],
    ) -> Tree {
        self.bins = 0;
        self.sampled.clear();
        for column in sampled {
            self.sampled.push((*column, self.bins));
            self.bins += self.columns.columns[*column].bins.count();
        }
        let histogram = self.histogram(&rows, gradients, weights);
        let mut sum = Sum::default();
        for row in &rows {
            let row = *row as usize;
            sum = sum.plus(Sum { gradient: gradients[row], weight: weights[row], rows: 1 });
        }
        let mut tree = Tree::default();
        tree.add(self.value(sum));
        let mut root = Leaf { node: 0, depth: 0, rows, histogram, sum, found: None };
        root.found = self.best(&root);
        let mut leaves = vec![root];
        while leaves.len() < self.growth.leaves
            && let Some((leaf, found)) = take_best(&mut leaves)
        {
            let (left, right) = self.split(leaf, &found, &mut tree, gradients, weights);
            leaves.extend([left, right]);
        }
        tree
    }

    fn value(&self, sum: Sum) -> f32 {
        (-self.growth.rate * sum.gradient / (sum.weight + self.growth.ridge)) as f32
    }

    fn histogram(&self, rows: &[u32], gradients: &[f64], weights: &[f64]) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); self.bins];
        let of_rows: Vec<(f64, f64)> =
            rows.iter().map(|row| (gradients[*row as usize], weights[*row as usize])).collect();
        for (column, start) in &self.sampled {
            let bins = &self.binned.columns[*column];
            let count = self.columns.columns[*column].bins.count();
            let sums = &mut sums[*start..*start + count];
            for (row, (gradient, weight)) in rows.iter().zip(&of_rows) {
                let sum = &mut sums[usize::from(bins[*row as usize])];
                sum.gradient += gradient;
                sum.weight += weight;
                sum.rows += 1;
            }
        }
        sums
    }

    /// Counts the smaller side anew; the other is what is left.
    fn split(
        &self,
        leaf: Leaf,
        found: &Found,
        tree: &mut Tree,
        gradients: &[f64],
        weights: &[f64],
    ) -> (Leaf, Leaf) {
        let bins = &self.binned.columns[found.column];
        let (left, right): (Vec<u32>, Vec<u32>) =
            leaf.rows.iter().partition(|row| found.test.left(bins[**row as usize]));
        let left_is_small = left.len() < right.len();
        let small = if left_is_small { &left } else { &right };
        let small = self.histogram(small, gradients, weights);
        let mut large = leaf.histogram;
        for (all, part) in large.iter_mut().zip(&small) {
            *all = all.minus(*part);
        }
        let (left_sums, right_sums) = if left_is_small { (small, large) } else { (large, small) };
        let of_rows = |rows: &[u32]| {
            rows.iter().fold(Sum::default(), |sum, row| {
                let row = *row as usize;
                sum.plus(Sum { gradient: gradients[row], weight: weights[row], rows: 1 })
            })
        };
        let left_sum = of_rows(&left);
        let right_sum = leaf.sum.minus(left_sum);
        tree.ask(leaf.node, found.column, &found.test);
        let depth = leaf.depth + 1;
        let mut child = |rows, histogram, sum| {
            let node = tree.add(self.value(sum));
            let mut leaf = Leaf { node, depth, rows, histogram, sum, found: None };
            leaf.found = self.best(&leaf);
            leaf
        };
        (child(left, left_sums, left_sum), child(right, right_sums, right_sum))
    }

    fn best(&self, leaf: &Leaf) -> Option<Found> {
        if leaf.depth >= self.growth.depth || leaf.sum.rows < 2 * self.growth.min_rows {
            return None;
        }
        let mut best: Option<Found> = None;
        for (column, start) in &self.sampled {
            let bins = &self.columns.columns[*column].bins;
            let sums = &leaf.histogram[*start..*start + bins.count()];
            let found = match bins {
                Bins::Numbers(_) => self.best_number(sums, leaf.sum),
                Bins::Words(_) => self.best_words(sums, leaf.sum),
            };
            if let Some((gain, test)) = found
                && best.as_ref().is_none_or(|best| gain > best.gain)
            {
                best = Some(Found { gain, column: *column, test });
            }
        }
        best
    }

    /// The gain of a division, if both sides are large enough for one.
    fn gain(&self, left: Sum, all: Sum, ridge: f64) -> Option<f64> {
        let right = all.minus(left);
        let Growth { min_rows, min_weight, .. } = self.growth;
        let large = |sum: Sum| sum.rows >= min_rows && sum.weight >= min_weight;
        if !large(left) || !large(right) {
            return None;
        }
        let gain = left.gain(ridge) + right.gain(ridge) - all.gain(self.growth.ridge);
        (gain > 1e-9).then_some(gain)
    }

    fn best_number(&self, sums: &[Sum], all: Sum) -> Option<(f64, Test)> {
        let missing = sums[usize::from(MISSING)];
        let mut best: Option<(f64, Test)> = None;
        let mut consider = |left: Sum, test: Test| {
            if let Some(gain) = self.gain(left, all, self.growth.ridge)
                && best.as_ref().is_none_or(|(most, _)| gain > *most)
            {
                best = Some((gain, test));
            }
        };
        let mut left = Sum::default();
        for (bin, sum) in sums.iter().enumerate().skip(1) {
            if sum.rows == 0 {
                continue;
            }
            left = left.plus(*sum);
            let bin = u8::try_from(bin).unwrap_or(u8::MAX);
            if missing.rows == 0 {
                // Whoever is missing later goes where most are.
                consider(left, Test::UpTo(bin, 2 * left.rows > all.rows));
            } else {
                consider(left, Test::UpTo(bin, false));
                consider(left.plus(missing), Test::UpTo(bin, true));
            }
        }
        best
    }

    /// One word against the rest, and groups of words in the order of what they say.
    fn best_words(&self, sums: &[Sum], all: Sum) -> Option<(f64, Test)> {
        let mut best: Option<(f64, Test)> = None;
        let mut consider = |left: Sum, ridge: f64, set: [u64; 4]| {
            if let Some(gain) = self.gain(left, all, ridge)
                && best.as_ref().is_none_or(|(most, _)| gain > *most)
            {
                best = Some((gain, Test::Among(set)));
            }
        };
        let ridge = self.growth.ridge;
        let mut present: Vec<(usize, Sum)> = Vec::new();
        for (bin, sum) in sums.iter().enumerate().filter(|(_, sum)| sum.rows > 0) {
            let mut set = [0; 4];
            set[bin >> 6] |= 1 << (bin & 63);
            consider(*sum, ridge, set);
            present.push((bin, *sum));
        }
        if present.len() > 3 {
            let smooth = ridge + self.growth.words_ridge;
            let says = |sum: &Sum| sum.gradient / (sum.weight + smooth);
            present.sort_by(|(_, a), (_, b)| says(a).total_cmp(&says(b)));
            for backwards in [false, true] {
                let (mut left, mut set) = (Sum::default(), [0_u64; 4]);
                for _ in 0..present.len().min(32) / 2 + 1 {
                    let at = set.iter().map(|part| part.count_ones() as usize).sum::<usize>();
                    let at = if backwards { present.len() - 1 - at } else { at };
                    let (bin, sum) = present[at];
                    left = left.plus(sum);
                    set[bin >> 6] |= 1 << (bin & 63);
                    consider(left, smooth, set);
                }
            }
        }
        best
    }
}

fn take_best(leaves: &mut Vec<Leaf>) -> Option<(Leaf, Found)> {
    let gain = |leaf: &Leaf| leaf.found.as_ref().map_or(f64::NEG_INFINITY, |found| found.gain);
    let at = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])))?;
    let found = leaves[at].found.take()?;
    Some((leaves.swap_remove(at), found))
}
