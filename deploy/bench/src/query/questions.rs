//! What people ask of a lead list.

use ael_events::query::{LeadFilter, LeadSort, ListLeads, OwnerFilter, SortDirection, SortKey};
use ael_events::values::{DomainSlug, Score, Source, Stage, Tag, Tier};
use chrono::{TimeZone as _, Utc};

/// What is promised about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The yardstick of the others.
    Cheapest,
    /// A single filter with an indexed sort.
    Single,
    /// Several filters together.
    Combination,
    /// Words.
    Search,
}

/// A question, and what is promised about it.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) asked: ListLeads,
}

const fn sorted(by: SortKey, direction: SortDirection) -> LeadSort {
    LeadSort { by, direction }
}

impl Question {
    /// The newest leads.
    pub(super) fn cheapest() -> ListLeads {
        ListLeads { limit: Some(50), ..ListLeads::default() }
    }

    fn new(name: &'static str, kind: Kind, filter: LeadFilter, sort: LeadSort) -> Self {
        Self { name, kind, asked: ListLeads { filter, sort, ..Self::cheapest() } }
    }

    /// All of them, the cheapest first.
    pub(super) fn all() -> anyhow::Result<Vec<Self>> {
        let mut all =
            vec![Self { name: "the newest leads", kind: Kind::Cheapest, asked: Self::cheapest() }];
        all.extend(singles()?);
        all.extend(combinations()?);
        all.extend(searches());
        Ok(all)
    }
}

fn singles() -> anyhow::Result<Vec<Question>> {
    let none = LeadFilter::default;
    let newest = LeadSort::default();
    let by_score = sorted(SortKey::AiScore, SortDirection::Descending);
    let single = |name, filter, sort| Question::new(name, Kind::Single, filter, sort);
    Ok(vec![
        single("by score", none(), by_score),
        single("by change", none(), sorted(SortKey::UpdatedAt, SortDirection::Descending)),
        single("of a stage", LeadFilter { stages: [Stage::Qualified].into(), ..none() }, newest),
        single("of a source", LeadFilter { sources: [Source::Partner].into(), ..none() }, newest),
        single(
            "of a domain",
            LeadFilter { business_domains: [DomainSlug::parse("second")?].into(), ..none() },
            newest,
        ),
        single("of a tier", LeadFilter { tiers: [Tier::Hot].into(), ..none() }, newest),
        single("of nobody", LeadFilter { owner: Some(OwnerFilter::Nobody), ..none() }, newest),
        single("with a tag", LeadFilter { tag: Some(Tag::parse("tag7")?), ..none() }, newest),
        single(
            "with a score, by it",
            LeadFilter { min_score: Some(Score::new(0.5)?), ..none() },
            by_score,
        ),
    ])
}

fn combinations() -> anyhow::Result<Vec<Question>> {
    let none = LeadFilter::default;
    let newest = LeadSort::default();
    let by_score = sorted(SortKey::AiScore, SortDirection::Descending);
    let combined = |name, filter, sort| Question::new(name, Kind::Combination, filter, sort);
    let spring = Utc.with_ymd_and_hms(2026, 1, 2, 0, 0, 0).single();
    Ok(vec![
        combined(
            "of a stage, a source and a domain",
            LeadFilter {
                stages: [Stage::Qualified].into(),
                sources: [Source::Partner].into(),
                business_domains: [DomainSlug::parse("second")?].into(),
                ..none()
            },
            newest,
        ),
        combined(
            "of a tier and nobody, by score",
            LeadFilter { tiers: [Tier::Hot].into(), owner: Some(OwnerFilter::Nobody), ..none() },
            by_score,
        ),
        combined(
            "transferred, with a tag, hot",
            LeadFilter {
                stages: [Stage::Transferred].into(),
                tag: Some(Tag::parse("tag7")?),
                tiers: [Tier::Hot].into(),
                ..none()
            },
            newest,
        ),
        combined(
            "of two stages since a day, oldest first",
            LeadFilter {
                stages: [Stage::New, Stage::Contacted].into(),
                created_from: spring,
                ..none()
            },
            sorted(SortKey::CreatedAt, SortDirection::Ascending),
        ),
        combined(
            "qualified of a source, by change",
            LeadFilter {
                stages: [Stage::Qualified].into(),
                sources: [Source::Manual].into(),
                ..none()
            },
            sorted(SortKey::UpdatedAt, SortDirection::Descending),
        ),
    ])
}

fn searches() -> Vec<Question> {
    let words = [
        ("q: a family name", "Петренко"),
        ("q: the same in Latin letters, mistyped", "petrenco"),
        ("q: two words", "Олена Шевченко"),
        ("q: the end of a phone number", "0012347"),
        ("q: a given name that 125,000 have", "Taras"),
    ];
    let searched = |(name, q): (&'static str, &str)| {
        let filter = LeadFilter { q: Some(q.to_owned()), ..LeadFilter::default() };
        Question::new(name, Kind::Search, filter, LeadSort::default())
    };
    words.into_iter().map(searched).collect()
}
