//! How a long history in two workspaces is read, with row-level security on: whatever it is
//! filtered by, a page costs a page.

use crate::house::House;
use crate::plans::Looked;
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{EventPage, ListEvents, Query};
use ael_events::values::Role;
use chrono::{DateTime, Days, TimeDelta, TimeZone as _, Utc};
use uuid::Uuid;

const EVENTS: u32 = 300_000;
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// One event every twenty seconds, every other one in the other workspace, twenty for each lead.
const FILL: &str = "
SET synchronous_commit = off;
ALTER TABLE rm_timeline_1.entries SET UNLOGGED;
INSERT INTO rm_timeline_1.entries
SELECT CASE WHEN n % 2 = 0 THEN '{one}'::uuid ELSE '{two}'::uuid END,
       lead, 1, n, n, gen_random_uuid(), 'lead', lead, n, name, name || '.v1', moment, moment,
       'operator', member, 'api', '{}'
FROM (SELECT n, ('01980000-0000-7000-8000-' || lpad(to_hex(n / 40), 12, '0'))::uuid AS lead,
             timestamptz '2026-01-01' + n * interval '20 seconds' AS moment,
             CASE WHEN n % 20000 = 0 THEN 'lead.reopened'
                  ELSE (ARRAY['lead.message_logged', 'lead.contacted', 'lead.note_added'])
                       [1 + abs(hashint4(n)) % 3] END AS name,
             CASE WHEN n % 20000 = 10000 THEN '{rare}'::uuid
                  WHEN abs(hashint4(n + 1)) % 4 > 0 THEN '{bob}'::uuid END AS member
      FROM generate_series(1, {events}) AS n) AS history
ORDER BY hashint4(n);
ANALYZE rm_timeline_1.entries;
VACUUM rm_timeline_1.entries";

fn lead(n: u32) -> LeadId {
    format!("01980000-0000-7000-8000-{n:012x}").parse::<Uuid>().map(LeadId::from_uuid).unwrap()
}

fn day(n: u64) -> Option<DateTime<Utc>> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap().checked_add_days(Days::new(n))
}

/// Each question, and at how many entries a page of fifty may look at most.
fn questions(bob: MemberId, rare: MemberId) -> Vec<(&'static str, ListEvents, f64)> {
    let none = ListEvents::default;
    let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        ("all", none(), 51.0),
        ("a lead", ListEvents { lead_id: Some(lead(5_000)), ..none() }, 51.0),
        ("a busy member", ListEvents { member_id: Some(bob), ..none() }, 51.0),
        ("a rare member", ListEvents { member_id: Some(rare), ..none() }, 51.0),
        ("a common type", ListEvents { event_types: types(&["lead.contacted"]), ..none() }, 51.0),
        ("a rare type", ListEvents { event_types: types(&["lead.reopened.v1"]), ..none() }, 51.0),
        ("no such type", ListEvents { event_types: types(&["sale.paid"]), ..none() }, 51.0),
        (
            "types",
            ListEvents { event_types: types(&["lead.reopened", "lead.contacted"]), ..none() },
            2.0 * 51.0,
        ),
        // An hour of what was recorded around it is looked through: clocks may differ by that.
        ("late", ListEvents { from: day(68), ..none() }, 51.0 + 90.0),
        ("early", ListEvents { to: day(1), ..none() }, 51.0),
        (
            "a minute",
            ListEvents { from: day(30), to: day(30).map(|day| day + MINUTE), ..none() },
            200.0,
        ),
        ("later than all", ListEvents { from: day(3_000), ..none() }, 100.0),
        (
            "a rare member of late",
            ListEvents { member_id: Some(rare), from: day(60), ..none() },
            51.0,
        ),
    ]
}

#[tokio::test]
async fn whatever_a_long_history_is_filtered_by_a_page_costs_a_page() {
    let house = House::open().await;
    let (tenant, other) = (house.workspace().await, house.workspace().await);
    let rare = tenant.add_member("rare", Role::Agent).await;
    let fill = FILL
        .replace("{one}", &tenant.id.to_string())
        .replace("{two}", &other.id.to_string())
        .replace("{bob}", &tenant.of("bob").to_string())
        .replace("{rare}", &rare.to_string())
        .replace("{events}", &EVENTS.to_string());
    for statement in fill.split(';') {
        house.write(statement).await;
    }
    let mut wrong = Vec::new();
    for (name, mut asked, most) in questions(tenant.of("bob"), rare) {
        for page in 1..=3 {
            let admin = tenant.of("adam");
            let plan = house.desk.explain_events(tenant.id, admin, &asked).await.unwrap();
            let looked = Looked::at(&[plan]);
            println!("{name}, page {page}: {looked:.1?}");
            let many = looked.rows > most || looked.sorted > 2.0 * 51.0;
            if many || !looked.seq.is_empty() || looked.buffers > 10.0 * most {
                wrong.push(format!("{name}, page {page}: {looked:?}"));
            }
            let found: EventPage = tenant.ask("adam", Query::ListEvents(asked.clone())).await;
            asked.cursor = found.next_cursor;
            if asked.cursor.is_none() {
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    house.close().await;
}
