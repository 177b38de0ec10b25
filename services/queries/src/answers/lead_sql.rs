//! The one statement by which a page of leads is read: filters and the see-rule become conditions
//! on values, the place where the page begins a condition on the sort key, and nothing that came
//! from outside ever becomes part of its text.
//!
//! What an Agent sees (own and unowned leads) is read as two ordered branches, each along its own
//! index, so that a page costs a page however many leads others have.

use super::lead_order::{Columns, LeadOrder, Place, Stretch};
use crate::asker::Sight;
use ael_events::ids::{MemberId, WorkspaceId};
use ael_events::query::{LeadFilter, OwnerFilter, SortKey};
use ael_events::values::Tier;
use sqlx::{Postgres, QueryBuilder};
use std::collections::BTreeSet;

/// How many leads a search considers; the list is cut to these before anything else.
pub const SEARCH_CANDIDATES: i32 = 500;

/// Why a lead's analysis says nothing any more, of a lead `l` of a workspace `w`: as
/// [`Looked::stale`](ael_events::values::Looked::stale) has it, which a test compares. Settings
/// from before there was an advisor have none of it.
const STALE: &str = "CASE \
    WHEN l.analysed_at IS NULL OR l.erased OR l.stage NOT IN ('new', 'contacted', 'qualified') \
        THEN NULL \
    WHEN l.outdated IS NOT NULL THEN l.outdated \
    WHEN l.message_count - l.analysed_messages >= \
            coalesce((w.settings #>> '{advisor,stale_messages}')::bigint, 3) \
        AND (l.message_count - l.analysed_messages) * 100 >= l.analysed_messages * \
            coalesce((w.settings #>> '{advisor,stale_messages_percent}')::bigint, 50) \
        THEN 'messages' \
    WHEN l.analysed_at <= now() - make_interval( \
            hours => 24 * \
            least(greatest((w.settings ->> 'stale_days')::bigint, 1), 36500)::integer) \
        THEN 'age' END";

/// Whose leads a branch reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    Anyone,
    One(MemberId),
    Nobody,
    OneOrNobody(MemberId),
}

/// The branches of the see-rule as one.
pub fn together(owners: Vec<Owners>) -> Vec<Owners> {
    match owners.as_slice() {
        [Owners::One(member), Owners::Nobody] => vec![Owners::OneOrNobody(*member)],
        [..] => owners,
    }
}

/// What the see-rule and the filter leave of the owners; nothing when they exclude each other.
pub fn branches(sight: Sight, asker: MemberId, filter: Option<OwnerFilter>) -> Vec<Owners> {
    let wanted = match filter {
        None => match sight {
            Sight::All => return vec![Owners::Anyone],
            Sight::Own(me) => return vec![Owners::One(me), Owners::Nobody],
        },
        Some(OwnerFilter::Nobody) => return vec![Owners::Nobody],
        Some(OwnerFilter::Me) => asker,
        Some(OwnerFilter::Member(member)) => member,
    };
    if sight.shows_lead_of(Some(wanted)) { vec![Owners::One(wanted)] } else { vec![] }
}

/// What a page of leads is read by.
#[derive(Debug)]
pub struct LeadPageSql<'a> {
    /// Of this workspace.
    pub workspace: WorkspaceId,
    /// As this asker may see.
    pub sight: Sight,
    /// These owners, at least one.
    pub owners: Vec<Owners>,
    /// With these properties.
    pub filter: &'a LeadFilter,
    /// Found by this search, in the form in which the read models remember texts.
    pub search: Option<&'a str>,
    /// In this order.
    pub order: LeadOrder,
    /// From here on.
    pub from: Option<Place>,
}

impl LeadPageSql<'_> {
    /// The statement for one stretch of the list: at most `limit` rows of it.
    pub fn build(&self, stretch: Stretch, limit: usize) -> QueryBuilder<'static, Postgres> {
        self.build_after("", stretch, limit)
    }

    /// The same with words of ours before it.
    pub fn build_after(
        &self,
        opening: &'static str,
        stretch: Stretch,
        limit: usize,
    ) -> QueryBuilder<'static, Postgres> {
        let mut sql = QueryBuilder::new(opening);
        sql.push(
            "SELECT l.id, l.version, l.stage, l.source, l.business_domain, l.owner, \
             m.name AS owner_name, l.contact, l.tags, l.message_count, l.score, \
             l.recommendation, ",
        );
        sql.push(STALE).push(" AS stale, l.created_at, l.updated_at, l.erased FROM (");
        for (nth, owners) in self.owners.iter().enumerate() {
            sql.push(if nth == 0 { "(" } else { " UNION ALL (" });
            self.push_branch(&mut sql, *owners, stretch);
            self.order.push_order(&mut sql, self.inner(), stretch, limit);
            sql.push(")");
        }
        sql.push(") l LEFT JOIN read.workspaces w ON w.workspace = ");
        sql.push_bind(self.workspace.uuid());
        sql.push(" LEFT JOIN read.members m ON m.workspace = ");
        sql.push_bind(self.workspace.uuid()).push(" AND m.id = l.owner");
        self.order.push_order(&mut sql, self.outer(), stretch, limit);
        sql
    }

    fn push_branch(
        &self,
        sql: &mut QueryBuilder<'static, Postgres>,
        owners: Owners,
        stretch: Stretch,
    ) {
        sql.push("SELECT l.* FROM read.lead_board l ");
        match &self.filter.tag {
            // The tag's own index is in this order: the page begins there.
            Some(tag) if self.order.first.by == SortKey::CreatedAt => {
                sql.push("JOIN read.lead_tags t ON t.lead_id = l.id AND t.workspace = ");
                sql.push_bind(self.workspace.uuid()).push(" AND t.tag = ");
                sql.push_bind(tag.as_str().to_owned()).push(" WHERE l.workspace = ");
                sql.push_bind(self.workspace.uuid());
            }
            Some(tag) => {
                sql.push("WHERE EXISTS (SELECT FROM read.lead_tags t WHERE t.workspace = ");
                sql.push_bind(self.workspace.uuid()).push(" AND t.tag = ");
                sql.push_bind(tag.as_str().to_owned());
                sql.push(" AND t.lead_id = l.id) AND l.workspace = ");
                sql.push_bind(self.workspace.uuid());
            }
            None => {
                sql.push("WHERE l.workspace = ").push_bind(self.workspace.uuid());
            }
        }
        match owners {
            Owners::Anyone => {}
            Owners::One(member) => {
                sql.push(" AND l.owner = ").push_bind(member.uuid());
            }
            Owners::Nobody => {
                sql.push(" AND l.owner IS NULL");
            }
            Owners::OneOrNobody(member) => {
                sql.push(" AND (l.owner IS NULL OR l.owner = ").push_bind(member.uuid());
                sql.push(")");
            }
        }
        match stretch {
            Stretch::ByTime => {}
            Stretch::Scored => {
                sql.push(" AND l.score_rank >= 0");
            }
            Stretch::Unscored => {
                sql.push(" AND l.score_rank = -1");
            }
        }
        self.push_filter(sql);
        self.push_search(sql);
        if let Some(place) = self.from {
            self.order.push_place(sql, self.inner(), stretch, place);
        }
    }

    fn push_filter(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        let filter = self.filter;
        push_words(sql, "stage", filter.stages.iter().map(|one| one.as_str().to_owned()));
        push_words(sql, "source", filter.sources.iter().map(|one| one.as_str().to_owned()));
        let domains = filter.business_domains.iter().map(|one| one.as_str().to_owned());
        push_words(sql, "business_domain", domains);
        if self.order.first.by == SortKey::AiScore {
            push_tier_scores(sql, &filter.tiers);
        } else {
            push_words(sql, "tier", filter.tiers.iter().map(|one| one.as_str().to_owned()));
        }
        push_at(sql, "l.score_rank >= ", filter.min_score.map(|score| score.value()));
        if let Some(score) = filter.max_score {
            sql.push(" AND l.score_rank >= 0 AND l.score_rank <= ").push_bind(score.value());
        }
        push_at(sql, "l.created_at >= ", filter.created_from);
        push_at(sql, "l.created_at < ", filter.created_to);
        if let Some(stale) = filter.stale {
            if stale {
                // Told first, as it costs least: most leads nobody ever asked about.
                sql.push(" AND l.analysed_at IS NOT NULL");
            }
            sql.push(" AND (SELECT ").push(STALE).push(" FROM read.workspaces w ");
            sql.push("WHERE w.workspace = ").push_bind(self.workspace.uuid()).push(")");
            sql.push(if stale { " IS NOT NULL" } else { " IS NULL" });
        }
    }

    /// The search runs behind the database's own wall, which keeps to workspace and see-rule once
    /// more: its operators would lose their index under row-level security.
    fn push_search(&self, sql: &mut QueryBuilder<'static, Postgres>) {
        if let Some(text) = self.search {
            sql.push(" AND l.id = ANY(ARRAY(SELECT s.id FROM read.search_leads(");
            sql.push_bind(self.workspace.uuid()).push(", ").push_bind(text.to_owned());
            sql.push(", ").push_bind(self.sight.only().map(MemberId::uuid));
            sql.push(format!(", {SEARCH_CANDIDATES}) s))"));
        }
    }

    /// By which columns a branch is sorted.
    const fn inner(&self) -> Columns {
        match (&self.filter.tag, self.order.first.by) {
            (Some(_), SortKey::CreatedAt) => Columns { key: "t.created_at", id: "t.lead_id" },
            (Some(_) | None, _) => self.outer(),
        }
    }

    /// By which columns the branches are sorted together.
    const fn outer(&self) -> Columns {
        Columns { key: self.order.first_column(), id: "l.id" }
    }
}

fn push_words(
    sql: &mut QueryBuilder<'static, Postgres>,
    column: &'static str,
    words: impl Iterator<Item = String>,
) {
    let mut words: Vec<String> = words.collect();
    let Some(last) = words.pop() else { return };
    sql.push(" AND l.").push(column).push(" = ");
    if words.is_empty() {
        sql.push_bind(last);
    } else {
        words.push(last);
        sql.push("ANY(").push_bind(words).push(")");
    }
}

fn push_at<T>(sql: &mut QueryBuilder<'static, Postgres>, condition: &'static str, value: Option<T>)
where
    T: sqlx::Encode<'static, Postgres> + sqlx::Type<Postgres> + Send + 'static,
{
    if let Some(value) = value {
        sql.push(" AND ").push(condition).push_bind(value);
    }
}

/// In a list by score, tiers are stretches of it.
fn push_tier_scores(sql: &mut QueryBuilder<'static, Postgres>, tiers: &BTreeSet<Tier>) {
    let ranges = score_ranges(tiers);
    for (nth, (from, to)) in ranges.iter().enumerate() {
        sql.push(if nth == 0 { " AND (" } else { " OR " });
        sql.push("(l.score_rank >= ").push_bind(*from);
        if let Some(to) = to {
            sql.push(" AND l.score_rank < ").push_bind(*to);
        }
        sql.push(")");
    }
    if !ranges.is_empty() {
        sql.push(")");
    }
}

/// The scores of some tiers, from (included) and to (excluded), neighbours joined.
fn score_ranges(tiers: &BTreeSet<Tier>) -> Vec<(f64, Option<f64>)> {
    let mut ranges: Vec<(f64, Option<f64>)> = Vec::new();
    // From the highest down, as the tiers are ordered.
    for tier in tiers {
        let (from, to) = match tier {
            Tier::Hot => (0.8, None),
            Tier::Warm => (0.6, Some(0.8)),
            Tier::Cold => (0.3, Some(0.6)),
            Tier::Dead => (0.0, Some(0.3)),
        };
        match ranges.last_mut() {
            Some(above) if to == Some(above.0) => above.0 = from,
            Some(_) | None => ranges.push((from, to)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_events::values::Score;
    use uuid::Uuid;

    const ME: MemberId = MemberId::from_uuid(Uuid::from_u128(1));
    const OTHER: MemberId = MemberId::from_uuid(Uuid::from_u128(2));

    #[test]
    fn the_see_rule_and_the_owner_filter_meet() {
        let agent = Sight::Own(ME);
        assert_eq!(branches(agent, ME, None), [Owners::One(ME), Owners::Nobody]);
        assert_eq!(branches(agent, ME, Some(OwnerFilter::Me)), [Owners::One(ME)]);
        assert_eq!(branches(agent, ME, Some(OwnerFilter::Nobody)), [Owners::Nobody]);
        assert_eq!(branches(agent, ME, Some(OwnerFilter::Member(OTHER))), []);
        assert_eq!(branches(Sight::All, ME, None), [Owners::Anyone]);
        let other = Some(OwnerFilter::Member(OTHER));
        assert_eq!(branches(Sight::All, ME, other), [Owners::One(OTHER)]);
    }

    #[test]
    fn tiers_are_the_scores_of_the_vocabulary() {
        let ranges = |tiers: &[Tier]| score_ranges(&tiers.iter().copied().collect());
        assert_eq!(ranges(&[Tier::Hot, Tier::Warm]), [(0.6, None)]);
        assert_eq!(ranges(&[Tier::Hot, Tier::Cold]), [(0.8, None), (0.3, Some(0.6))]);
        assert_eq!(ranges(Tier::ALL), [(0.0, None)]);
        for tier in Tier::ALL {
            for score in [0.0, 0.299_999, 0.3, 0.599_999, 0.6, 0.799_999, 0.8, 1.0] {
                let (from, to) = ranges(&[*tier])[0];
                let inside = score >= from && to.is_none_or(|to| score < to);
                assert_eq!(inside, Score::new(score).unwrap().tier() == *tier, "{tier} {score}");
            }
        }
    }
}
