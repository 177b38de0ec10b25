//! How a million leads in two workspaces are read, with row-level security on: by index, and no
//! more of them than a page needs. What is bounded is what the database looks at, not the clock.

use crate::house::{House, Tenant};
use ael_events::ids::MemberId;
use ael_events::query::{
    LeadFilter, LeadPage, LeadSort, ListLeads, OwnerFilter, Query, SortDirection, SortKey,
};
use ael_events::values::{Role, Score, Source, Stage, Tier};
use chrono::{TimeZone as _, Utc};
use serde_json::Value;
use std::sync::Mutex;

/// A million leads, written set by set; indexes afterwards, as a rebuild would never do but a test
/// may. Values that differ are spread by a hash, so that none follows from another.
const FILL: &str = include_str!("million.sql");

/// What a plan looked at.
#[derive(Debug, Default)]
pub struct Looked {
    pub rows: f64,
    pub buffers: f64,
    pub sorted: f64,
    plan_ms: f64,
    run_ms: f64,
    pub scans: Vec<String>,
    pub seq: Vec<String>,
}

/// The tables of which it counts what was looked at.
const TABLES: [&str; 5] = ["leads", "activity", "lead_tags", "sales", "entries"];

impl Looked {
    pub fn at(plans: &[Value]) -> Self {
        let mut looked = Self::default();
        for plan in plans {
            let top = &plan[0]["Plan"];
            looked.buffers += number(top, "Shared Hit Blocks") + number(top, "Shared Read Blocks");
            looked.plan_ms += number(&plan[0], "Planning Time");
            looked.run_ms += number(&plan[0], "Execution Time");
            looked.visit(top);
        }
        looked
    }

    fn visit(&mut self, node: &Value) {
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let loops = number(node, "Actual Loops");
        let relation = node["Relation Name"].as_str().unwrap_or_default();
        let removed = ["Rows Removed by Filter", "Rows Removed by Index Recheck"];
        if TABLES.contains(&relation) {
            let removed: f64 = removed.iter().map(|name| number(node, name)).sum();
            self.rows += (number(node, "Actual Rows") + removed) * loops;
            let by = node["Index Name"].as_str().unwrap_or_default();
            self.scans.push(format!("{kind} {relation} {by}"));
            if kind == "Seq Scan" {
                self.seq.push(relation.to_owned());
            }
        }
        let below = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
        if kind.ends_with("Sort") {
            self.sorted += below.iter().map(|node| number(node, "Actual Rows")).sum::<f64>();
        }
        for node in below {
            self.visit(node);
        }
    }
}

fn number(node: &Value, name: &str) -> f64 {
    node[name].as_f64().unwrap_or(0.0)
}

fn by(key: SortKey, direction: SortDirection) -> LeadSort {
    LeadSort { by: key, direction }
}

const NEWEST: LeadSort = LeadSort { by: SortKey::CreatedAt, direction: SortDirection::Descending };

struct Million<'a> {
    tenant: &'a Tenant<'a>,
    /// What was not as it should be; all of it is told at the end.
    wrong: Mutex<Vec<String>>,
}

impl Million<'_> {
    /// A page far into this question's answer looks at no more than so many rows, sorts no more
    /// than so many, and never goes through a table.
    async fn looks_at(
        &self,
        name: &str,
        who: (MemberId, Role),
        filter: LeadFilter,
        sort: LeadSort,
        bounds: (f64, f64),
    ) {
        self.looks_at_by_two(name, who, filter, (sort, None), bounds).await;
    }

    /// The same in an order by two keys.
    async fn looks_at_by_two(
        &self,
        name: &str,
        who: (MemberId, Role),
        filter: LeadFilter,
        (sort, then): (LeadSort, Option<LeadSort>),
        (rows, sorted): (f64, f64),
    ) {
        let mut asked = ListLeads { filter, sort, then, limit: Some(200), ..ListLeads::default() };
        let member = if who.1 == Role::Agent { "alice" } else { "mary" };
        for _ in 0..6 {
            let page: LeadPage = self.tenant.ask(member, Query::ListLeads(asked.clone())).await;
            if page.next_cursor.is_none() {
                break;
            }
            asked.cursor = page.next_cursor;
        }
        asked.limit = Some(50);
        let desk = &self.tenant.house.desk;
        let plans = desk.explain_leads(self.tenant.id, who.0, who.1, &asked).await.unwrap();
        let looked = Looked::at(&plans);
        println!("{name} ({member}): {looked:.1?}");
        let mut wrong = self.wrong.lock().unwrap();
        if !looked.seq.is_empty() {
            wrong.push(format!("{name} goes through {:?}", looked.seq));
        }
        if looked.rows > rows || looked.sorted > sorted || looked.buffers > 10.0 * rows {
            wrong.push(format!("{name} looks at more than {rows} or sorts {sorted}: {looked:?}"));
        }
    }
}

/// A page and what belongs to it: the leads, their activity, for two branches.
const PAGE: f64 = 4.0 * 51.0;

#[tokio::test]
async fn pages_of_a_million_leads_are_read_by_index() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let rare = tenant.add_member("rare", Role::Agent).await;
    let fill = FILL
        .replace("{one}", &tenant.id.to_string())
        .replace("{two}", &other.id.to_string())
        .replace("{alice}", &tenant.of("alice").to_string())
        .replace("{rare}", &rare.to_string());
    house.write(&fill).await;
    for table in ["leads", "activity", "lead_tags"] {
        house.write(&format!("VACUUM rm_lead_board_1.{table}")).await;
    }
    let million = Million { tenant: &tenant, wrong: Mutex::default() };
    let (alice, mary) = ((tenant.of("alice"), Role::Agent), (tenant.of("mary"), Role::Manager));
    let none = LeadFilter::default;

    for key in [SortKey::CreatedAt, SortKey::UpdatedAt, SortKey::AiScore] {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            let name = format!("all by {key:?} {direction:?}");
            million.looks_at(&name, mary, none(), by(key, direction), (PAGE, 51.0)).await;
        }
    }
    for (name, filter) in single_filters(rare) {
        million.looks_at(name, mary, filter, NEWEST, (2.0 * PAGE, 51.0)).await;
    }
    million.looks_at("own and unowned", alice, none(), NEWEST, (2.0 * PAGE, 102.0)).await;
    // Where no index has filter and order both, a page costs as much more as the filter is rare.
    for key in [SortKey::UpdatedAt, SortKey::AiScore] {
        let sort = by(key, SortDirection::Descending);
        let name = format!("own and unowned by {key:?}");
        million.looks_at(&name, alice, none(), sort, (12_000.0, 102.0)).await;
        let stage = LeadFilter { stages: [Stage::Qualified].into(), ..none() };
        million.looks_at("a stage by another key", mary, stage, sort, (3_000.0, 51.0)).await;
        let owner = LeadFilter { owner: Some(OwnerFilter::Member(rare)), ..none() };
        million.looks_at("a rare owner by another key", mary, owner, sort, (500.0, 200.0)).await;
    }
    // The first key's index gives the order; only what is equal by it is sorted besides.
    for (first, then, ties) in [
        (SortKey::AiScore, SortKey::CreatedAt, 1_500.0),
        (SortKey::AiScore, SortKey::UpdatedAt, 1_500.0),
        (SortKey::CreatedAt, SortKey::AiScore, PAGE),
        (SortKey::UpdatedAt, SortKey::CreatedAt, PAGE),
    ] {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            let sort = by(first, SortDirection::Descending);
            let order = (sort, Some(by(then, direction)));
            let name = format!("all by {first:?}, then {then:?} {direction:?}");
            million.looks_at_by_two(&name, mary, none(), order, (ties, 400.0)).await;
            let stage = LeadFilter { stages: [Stage::Qualified].into(), ..none() };
            let name = format!("a stage by {first:?}, then {then:?} {direction:?}");
            million.looks_at_by_two(&name, mary, stage, order, (6_000.0, 400.0)).await;
        }
    }
    for (name, filter, sort) in combinations() {
        million.looks_at(name, mary, filter, sort, (12_000.0, 12_000.0)).await;
    }
    for q in ["Олена Петренко", "Шевчнко", "0671234567", "zzzzqqqq"] {
        let filter = LeadFilter { q: Some(q.to_owned()), ..none() };
        million.looks_at(q, mary, filter.clone(), NEWEST, (2_000.0, 510.0)).await;
        million.looks_at(q, alice, filter, NEWEST, (2_000.0, 510.0)).await;
    }
    let wrong = million.wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    house.close().await;
}

fn single_filters(rare: MemberId) -> Vec<(&'static str, LeadFilter)> {
    let none = LeadFilter::default;
    let score = |value| Some(Score::new(value).unwrap());
    let moment = |month| Some(Utc.with_ymd_and_hms(2026, month, 1, 0, 0, 0).unwrap());
    vec![
        ("stage", LeadFilter { stages: [Stage::Qualified].into(), ..none() }),
        ("stages", LeadFilter { stages: [Stage::New, Stage::Contacted].into(), ..none() }),
        ("source", LeadFilter { sources: [Source::Partner].into(), ..none() }),
        ("domain", LeadFilter { business_domains: ["second".parse().unwrap()].into(), ..none() }),
        (
            "a domain without leads",
            LeadFilter { business_domains: ["nobody".parse().unwrap()].into(), ..none() },
        ),
        ("tier", LeadFilter { tiers: [Tier::Hot].into(), ..none() }),
        ("unowned", LeadFilter { owner: Some(OwnerFilter::Nobody), ..none() }),
        ("rare owner", LeadFilter { owner: Some(OwnerFilter::Member(rare)), ..none() }),
        ("tag", LeadFilter { tag: Some("tag7".parse().unwrap()), ..none() }),
        ("no such tag", LeadFilter { tag: Some("nothing".parse().unwrap()), ..none() }),
        ("score", LeadFilter { min_score: score(0.5), ..none() }),
        ("created", LeadFilter { created_from: moment(3), created_to: moment(4), ..none() }),
    ]
}

fn combinations() -> Vec<(&'static str, LeadFilter, LeadSort)> {
    let none = LeadFilter::default;
    let score = |value| Some(Score::new(value).unwrap());
    let by_score = by(SortKey::AiScore, SortDirection::Descending);
    vec![
        (
            "stage, source and score",
            LeadFilter {
                stages: [Stage::Qualified].into(),
                sources: [Source::Partner].into(),
                min_score: score(0.5),
                ..none()
            },
            NEWEST,
        ),
        (
            "tag and stage",
            LeadFilter {
                tag: Some("tag7".parse().unwrap()),
                stages: [Stage::New].into(),
                ..none()
            },
            NEWEST,
        ),
        (
            "hot ones of a domain by score",
            LeadFilter {
                tiers: [Tier::Hot].into(),
                business_domains: ["first".parse().unwrap()].into(),
                ..none()
            },
            by_score,
        ),
        (
            "unowned new ones of a source by score",
            LeadFilter {
                owner: Some(OwnerFilter::Nobody),
                stages: [Stage::New].into(),
                sources: [Source::Scanner].into(),
                ..none()
            },
            by_score,
        ),
    ]
}
