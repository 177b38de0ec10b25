//! What an audit found.

use super::row::Unlike;
use crate::model::ReadModel;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many differences are kept one by one; of the rest only how many there were.
pub const MOST_DIFFERENCES: usize = 1_000;

/// Under which name differences of the history itself stand.
pub(super) const HISTORY: &str = "history";

/// A read model that does not show what the history says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The read model; `history`, where the events themselves cannot be read.
    pub projection: String,
    /// `lead/<id>` and so on.
    pub aggregate: String,
    /// The table with what tells its rows apart, and the column; or what else differs.
    pub field: String,
    /// What the history says; nothing, where it says nothing or something personal.
    pub history: Option<String>,
    /// What the read model shows; the same.
    pub read_model: Option<String>,
    /// Whether the values are personal, and therefore not told.
    pub personal: bool,
}

/// How much of a read model was compared, and what came of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Rows that it has.
    pub rows: u64,
    /// Differences.
    pub differences: u64,
    /// Events that could not be processed.
    pub parked: u64,
    /// Events that wait behind them.
    pub waiting: u64,
    /// Events that were acknowledged before the audit began and are not in it.
    pub behind: u64,
}

/// What an audit of a workspace found.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Aggregates that were folded.
    pub aggregates: u64,
    /// Their events.
    pub events: u64,
    /// By read model.
    pub projections: BTreeMap<String, Tally>,
    /// The first [`MOST_DIFFERENCES`] of them.
    pub differences: Vec<Difference>,
}

impl Findings {
    pub(super) fn of(models: &[Arc<dyn ReadModel>]) -> Self {
        let tally = |model: &Arc<dyn ReadModel>| (model.name().to_owned(), Tally::default());
        Self { projections: models.iter().map(tally).collect(), ..Self::default() }
    }

    /// How many faults there are.
    #[must_use]
    pub fn faults(&self) -> u64 {
        let all = self.projections.values();
        all.map(|tally| tally.differences + tally.parked + tally.behind).sum()
    }

    pub(crate) fn tally(&mut self, projection: &str) -> &mut Tally {
        self.projections.entry(projection.to_owned()).or_default()
    }

    pub(super) fn add(&mut self, part: Self) {
        self.aggregates += part.aggregates;
        self.events += part.events;
        for (name, more) in part.projections {
            let tally = self.tally(&name);
            tally.rows += more.rows;
            tally.differences += more.differences;
            tally.parked += more.parked;
            tally.waiting += more.waiting;
            tally.behind += more.behind;
        }
        let room = MOST_DIFFERENCES.saturating_sub(self.differences.len());
        self.differences.extend(part.differences.into_iter().take(room));
    }

    pub(super) fn differ(
        &mut self,
        projection: &str,
        aggregate: &str,
        field: impl Into<String>,
        history: Option<String>,
        read_model: Option<String>,
    ) {
        let (projection, aggregate) = (projection.to_owned(), aggregate.to_owned());
        let field = field.into();
        let personal = false;
        self.push(Difference { projection, aggregate, field, history, read_model, personal });
    }

    /// A value that is not as it should be.
    pub(super) fn unlike(&mut self, projection: &str, aggregate: &str, place: &str, it: Unlike) {
        let (projection, aggregate) = (projection.to_owned(), aggregate.to_owned());
        let field = format!("{place}.{}", it.field);
        let personal = it.values.is_none();
        let (history, read_model) = it.values.unzip();
        self.push(Difference { projection, aggregate, field, history, read_model, personal });
    }

    pub(crate) fn push(&mut self, difference: Difference) {
        self.tally(&difference.projection).differences += 1;
        if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(difference);
        }
    }
}
