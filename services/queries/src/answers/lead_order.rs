//! In which order a page of leads is read, and where in it a page begins.

use crate::refusal::invalid;
use ael_events::answer::Rejected;
use ael_events::ids::LeadId;
use ael_events::query::{LeadFilter, LeadSort, ListLeads, SortDirection, SortKey};
use ael_events::values::Score;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// What a lead is ordered by.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// Which.
    pub id: LeadId,
    /// Its score.
    pub score: Option<Score>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When something last happened to it.
    pub updated_at: DateTime<Utc>,
}

/// The order of a list: by one key, or by another among those that it finds equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadOrder {
    /// By what first.
    pub first: LeadSort,
    /// By what then.
    pub then: Option<LeadSort>,
}

/// What a lead has of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// A moment, in microseconds since 1970.
    #[serde(rename = "t")]
    Time(i64),
    /// A score: its bits, so that it comes back exactly.
    #[serde(rename = "s")]
    Score(u64),
    /// No score.
    #[serde(rename = "u")]
    Unscored,
}

/// Where a page begins: after this lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    first: Mark,
    then: Option<Mark>,
    id: Uuid,
}

/// A stretch of the list that one index gives in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// All leads, by a time.
    ByTime,
    /// The leads with a score, by it.
    Scored,
    /// The leads without one: by what comes then, and by id.
    Unscored,
}

/// Where the columns of the first key and of the id stand.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// The first key.
    pub key: &'static str,
    /// The id.
    pub id: &'static str,
}

impl LeadOrder {
    /// The order that was asked for.
    ///
    /// # Errors
    /// When both keys are the same one.
    pub fn of(asked: &ListLeads) -> Result<Self, Rejected> {
        if asked.then.is_some_and(|then| then.by == asked.sort.by) {
            return Err(invalid("then", "the second key of an order has to be another one"));
        }
        Ok(Self { first: asked.sort, then: asked.then })
    }

    /// The place of a lead in it.
    pub fn place_of(self, lead: Marks) -> Place {
        let mark = |sort: LeadSort| match (sort.by, lead.score) {
            (SortKey::CreatedAt, _) => Mark::Time(lead.created_at.timestamp_micros()),
            (SortKey::UpdatedAt, _) => Mark::Time(lead.updated_at.timestamp_micros()),
            (SortKey::AiScore, Some(score)) => Mark::Score(score.value().to_bits()),
            (SortKey::AiScore, None) => Mark::Unscored,
        };
        Place { first: mark(self.first), then: self.then.map(mark), id: lead.id.uuid() }
    }

    /// The stretches of the list from a place on, in order.
    pub fn stretches(self, filter: &LeadFilter, from: Option<Place>) -> Vec<Stretch> {
        if self.first.by != SortKey::AiScore {
            return vec![Stretch::ByTime];
        }
        let has_score =
            filter.min_score.is_some() || filter.max_score.is_some() || !filter.tiers.is_empty();
        match (from.map(|place| place.first), has_score) {
            (Some(Mark::Unscored), _) => vec![Stretch::Unscored],
            (_, true) => vec![Stretch::Scored],
            (_, false) => vec![Stretch::Scored, Stretch::Unscored],
        }
    }

    /// The column of the first key.
    pub const fn first_column(self) -> &'static str {
        match self.first.by {
            SortKey::CreatedAt => "l.created_at",
            SortKey::UpdatedAt => "l.updated_at",
            SortKey::AiScore => "l.score_rank",
        }
    }

    /// What is sorted by where the first key is equal. Leads without a score come last both ways.
    const fn second_column(then: LeadSort) -> &'static str {
        match (then.by, then.direction) {
            (SortKey::CreatedAt, _) => "l.created_at",
            (SortKey::UpdatedAt, _) => "l.updated_at",
            (SortKey::AiScore, SortDirection::Descending) => "l.score_rank",
            (SortKey::AiScore, SortDirection::Ascending) => {
                "(CASE WHEN l.score_rank < 0 THEN 2 ELSE l.score_rank END)"
            }
        }
    }

    /// Sorts a stretch.
    pub fn push_order(
        self,
        sql: &mut QueryBuilder<'static, Postgres>,
        Columns { key, id }: Columns,
        stretch: Stretch,
        limit: usize,
    ) {
        sql.push(" ORDER BY ");
        // Without a score they are all alike by it.
        if stretch != Stretch::Unscored {
            sql.push(format!("{key} {}, ", way(self.first)));
        }
        if let Some(then) = self.then {
            sql.push(format!("{} {}, ", Self::second_column(then), way(then)));
        }
        sql.push(format!("{id} {} LIMIT {limit}", way(self.then.unwrap_or(self.first))));
    }

    /// Begins a stretch where a place says, if the place is in it.
    pub fn push_place(
        self,
        sql: &mut QueryBuilder<'static, Postgres>,
        Columns { key, id }: Columns,
        stretch: Stretch,
        place: Place,
    ) {
        let beyond = beyond(self.first);
        let is_here = match (place.first, stretch) {
            (Mark::Time(_), Stretch::ByTime)
            | (Mark::Score(_), Stretch::Scored)
            | (Mark::Unscored, Stretch::Unscored) => true,
            // A place of another stretch: this one is read from its beginning.
            (
                Mark::Time(_) | Mark::Score(_) | Mark::Unscored,
                Stretch::ByTime | Stretch::Scored | Stretch::Unscored,
            ) => false,
        };
        if !is_here {
            return;
        }
        let second = self.then.zip(place.then);
        match (second, stretch) {
            (None, Stretch::Unscored) => {
                sql.push(format!(" AND {id} {beyond} ")).push_bind(place.id);
            }
            (None, Stretch::ByTime | Stretch::Scored) => {
                // Key and id may stand in two tables behind the view; the key alone tells an
                // index where to begin.
                push_from(sql, key, self.first, place.first);
                sql.push(" AND ");
                push_row(sql, (key, id), self.first, (place.first, place.id));
            }
            (Some((then, mark)), Stretch::Unscored) => {
                let second = Self::second_column(then);
                push_from(sql, second, then, mark);
                sql.push(" AND ");
                push_row(sql, (second, id), then, (mark, place.id));
            }
            (Some((then, mark)), Stretch::ByTime | Stretch::Scored) => {
                push_from(sql, key, self.first, place.first);
                sql.push(format!(" AND ({key} {beyond} "));
                push_mark(sql, self.first, place.first);
                sql.push(" OR ");
                push_row(sql, (Self::second_column(then), id), then, (mark, place.id));
                sql.push(")");
            }
        }
    }
}

const fn way(sort: LeadSort) -> &'static str {
    match sort.direction {
        SortDirection::Descending => "DESC",
        SortDirection::Ascending => "ASC",
    }
}

const fn beyond(sort: LeadSort) -> &'static str {
    match sort.direction {
        SortDirection::Descending => "<",
        SortDirection::Ascending => ">",
    }
}

fn push_from(sql: &mut QueryBuilder<'static, Postgres>, key: &str, sort: LeadSort, mark: Mark) {
    sql.push(format!(" AND {key} {}= ", beyond(sort)));
    push_mark(sql, sort, mark);
}

fn push_row(
    sql: &mut QueryBuilder<'static, Postgres>,
    (key, id): (&str, &str),
    sort: LeadSort,
    (mark, after): (Mark, Uuid),
) {
    sql.push(format!("({key}, {id}) {} (", beyond(sort)));
    push_mark(sql, sort, mark);
    sql.push(", ").push_bind(after).push(")");
}

fn push_mark(sql: &mut QueryBuilder<'static, Postgres>, sort: LeadSort, mark: Mark) {
    match mark {
        Mark::Time(micros) => {
            sql.push_bind(DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default());
        }
        Mark::Score(bits) => {
            sql.push_bind(f64::from_bits(bits));
        }
        Mark::Unscored => {
            let last = match sort.direction {
                SortDirection::Descending => -1.0,
                SortDirection::Ascending => 2.0,
            };
            sql.push_bind(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::Tier;

    #[test]
    fn leads_without_a_score_come_after_all_others_unless_scores_are_asked_for() {
        let by_score = LeadSort { by: SortKey::AiScore, direction: SortDirection::Ascending };
        let order = LeadOrder { first: by_score, then: None };
        let all = LeadFilter::default();
        let hot = LeadFilter { tiers: [Tier::Hot].into(), ..LeadFilter::default() };
        let at = |first| Some(Place { first, then: None, id: Uuid::nil() });
        let both = [Stretch::Scored, Stretch::Unscored];
        assert_eq!(order.stretches(&all, None), both);
        assert_eq!(order.stretches(&all, at(Mark::Score(0))), both);
        assert_eq!(order.stretches(&all, at(Mark::Unscored)), [Stretch::Unscored]);
        assert_eq!(order.stretches(&hot, None), [Stretch::Scored]);
        let newest = LeadOrder { first: LeadSort::default(), then: Some(by_score) };
        assert_eq!(newest.stretches(&all, None), [Stretch::ByTime]);
    }

    #[test]
    fn an_order_by_the_same_key_twice_is_refused() {
        let by = |key| LeadSort { by: key, ..LeadSort::default() };
        let asked = |then| ListLeads { then: Some(by(then)), ..ListLeads::default() };
        assert_eq!(LeadOrder::of(&asked(SortKey::CreatedAt)).unwrap_err().code, "invalid_query");
        let order = LeadOrder::of(&asked(SortKey::AiScore)).unwrap();
        assert_eq!(order.then, Some(by(SortKey::AiScore)));
    }
}
