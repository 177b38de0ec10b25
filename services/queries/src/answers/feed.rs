//! What changed since somebody looked last, for whoever lost the connection for a while: of every
//! lane what comes after the place to which they have been told.
//!
//! A change is told to whoever may see the thing now, where it changed last. An Agent who could see
//! it until it changed hands is told of that, where it changed hands: of what came after they hear
//! nothing, and however the pages fall, the page with the handover has its notice. By a token a
//! change is told to which it would be told if it were asked for.

use super::lanes::{Lanes, Places, place};
use super::rows::{At, member, push_beyond, word};
use crate::asker::Colleague;
use crate::refusal::{Answered, Unanswered, invalid};
use crate::view::View;
use ael_events::answer::Rejected;
use ael_events::ids::{LANES, Lane, LeadId, MemberId, SaleId, WorkspaceId};
use ael_events::order::{Order, PositionToken};
use ael_events::query::{ChangePage, Cursor, ListChanges, LiveChange};
use ael_events::values::{AggregateKind, Role};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// So many events behind, somebody loads everything anew rather than hear of each.
const FARTHEST: usize = 5_000;
const MOST: u16 = 500;

/// What changed since the cursor and the asker may hear of.
///
/// # Errors
/// When the question makes no sense or the read models cannot be asked.
pub async fn answer(
    view: &mut View,
    asker: Colleague,
    asked: &ListChanges,
) -> Answered<ChangePage> {
    let wanted = wanted(asked.limit)?;
    let question = ("changes", view.workspace, asker.id);
    let from: Option<Told> =
        asked.cursor.as_deref().map(|cursor| view.cursors.open(&question, cursor)).transpose()?;
    let now = Lanes::read(view).await?.complete();
    let seal = |view: &View, places: &Places| -> Answered<Cursor> {
        let told = Told::upto(asker.role, places);
        let sealed = view.cursors.seal(&question, &told);
        sealed.ok_or_else(|| Unanswered::unreadable("a cursor")(std::fmt::Error))
    };
    let Some(from) = from else {
        let next_cursor = seal(view, &now)?;
        return Ok(ChangePage { items: Vec::new(), next_cursor, reset: false });
    };
    let before = from.places();
    let happenings = if from.role == asker.role.as_str() && follows(&before, &now) {
        happenings(view, &before, &now).await?
    } else {
        None
    };
    let Some(happenings) = happenings else {
        let next_cursor = seal(view, &now)?;
        return Ok(ChangePage { items: Vec::new(), next_cursor, reset: true });
    };
    let mut items = changes(view, asker, &happenings).await?;
    let mut upto = now;
    if items.len() > wanted {
        items.truncate(page_end(&items, wanted));
        if let Some(last) = items.last() {
            let last = last.position.order;
            upto = std::array::from_fn(|lane| before[lane].max(now[lane].min(last)));
        }
    }
    let next_cursor = seal(view, &upto)?;
    Ok(ChangePage { items, next_cursor, reset: false })
}

fn wanted(limit: Option<u16>) -> Result<usize, Rejected> {
    let limit = limit.unwrap_or(MOST);
    if (1..=MOST).contains(&limit) {
        Ok(usize::from(limit))
    } else {
        Err(invalid("limit", "a page has 1 to 500 changes"))
    }
}

/// How many of these make a page: what changed at the same place, as a lead and its sale do when
/// they change hands, stands on the same one.
fn page_end(items: &[LiveChange], wanted: usize) -> usize {
    let order = |change: &LiveChange| change.position.order;
    let last = wanted.checked_sub(1).and_then(|last| items.get(last)).map(order);
    let same = items.iter().skip(wanted).take_while(|change| Some(order(change)) == last);
    wanted + same.count()
}

/// To where somebody has been told, as a cursor carries it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// In which role they were told: another one sees other things.
    role: String,
    /// To here in every lane …
    upto: Order,
    /// … but in these.
    but: BTreeMap<u8, Order>,
}

impl Told {
    fn upto(role: Role, places: &Places) -> Self {
        let upto = places.iter().copied().max().unwrap_or_default();
        let each = Lane::all().map(|lane| (lane.number(), place(places, lane)));
        let but = each.filter(|(_, at)| *at != upto).collect();
        Self { role: role.as_str().to_owned(), upto, but }
    }

    fn places(&self) -> Places {
        let mut places = [self.upto; LANES as usize];
        for (lane, at) in &self.but {
            if let Some(place) = places.get_mut(usize::from(*lane)) {
                *place = *at;
            }
        }
        places
    }
}

/// Whether the timeline is the one that was told of: it was neither put back nor restored since.
fn follows(before: &Places, now: &Places) -> bool {
    let farthest = |places: &Places| places.iter().copied().max().unwrap_or_default();
    let (before, now) = (farthest(before), farthest(now));
    before <= now && (before.incarnation == now.incarnation || before == Order::START)
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    at: At,
    aggregate: String,
    aggregate_id: Uuid,
    subject: Uuid,
    sequence: i64,
    is_handover: bool,
    previous: Option<Uuid>,
}

/// Something that happened after what was told.
#[derive(Debug)]
struct Happening {
    order: Order,
    aggregate: AggregateKind,
    id: Uuid,
    subject: Uuid,
    version: u64,
    /// Who had the lead before, when it changed hands.
    handed_over_by: Option<Option<MemberId>>,
}

/// What happened between these places, in order; nothing, when it is too much.
async fn happenings(
    view: &mut View,
    before: &Places,
    now: &Places,
) -> Answered<Option<Vec<Happening>>> {
    let earliest = before.iter().copied().min().unwrap_or_default();
    let mut sql = QueryBuilder::<Postgres>::new(
        "SELECT t.incarnation, t.xid, t.position, t.aggregate, t.aggregate_id, t.subject, \
         t.sequence, t.event_name = 'lead.assigned' AS is_handover, \
         CASE WHEN t.event_name = 'lead.assigned' THEN (t.data->>'previous')::uuid END AS previous \
         FROM read.timeline t WHERE t.workspace = ",
    );
    sql.push_bind(view.workspace.uuid());
    push_beyond(&mut sql, ">", earliest);
    sql.push(format!(" ORDER BY t.incarnation, t.xid, t.position LIMIT {}", FARTHEST + 1));
    let rows: Vec<Row> = sql.build_query_as().fetch_all(&mut *view.tx).await?;
    if rows.len() > FARTHEST {
        return Ok(None);
    }
    let mut happenings = Vec::with_capacity(rows.len());
    for row in rows {
        let (order, lane) = (row.at.order(), Lane::of(row.subject));
        if order <= place(before, lane) || order > place(now, lane) {
            continue;
        }
        happenings.push(Happening {
            order,
            aggregate: word("a kind of aggregate", &row.aggregate)?,
            id: row.aggregate_id,
            subject: row.subject,
            version: row.sequence.unsigned_abs(),
            handed_over_by: row.is_handover.then(|| row.previous.map(member)),
        });
    }
    Ok(Some(happenings))
}

/// A lead that changed hands.
#[derive(Debug)]
struct Handover {
    order: Order,
    version: u64,
    /// The version that its sale had then, if there was one.
    sale: Option<u64>,
    /// Who had it before.
    previous: Option<MemberId>,
}

/// Each thing that changed once, as far as the asker may hear of it.
async fn changes(
    view: &mut View,
    asker: Colleague,
    happenings: &[Happening],
) -> Answered<Vec<LiveChange>> {
    let leads: BTreeSet<Uuid> = happenings
        .iter()
        .filter(|one| matches!(one.aggregate, AggregateKind::Lead | AggregateKind::Sale))
        .map(|one| one.subject)
        .collect();
    let owners = owners(view, &leads).await?;
    let handed_over = happenings.iter().filter(|one| one.handed_over_by.is_some());
    let sales = sale_versions(view, handed_over.map(|one| one.subject).collect()).await?;
    let handovers = handovers(happenings, &sales);
    let mut newest: BTreeMap<(AggregateKind, Uuid), (Uuid, LiveChange)> = BTreeMap::new();
    for one in happenings {
        let Some(change) = change(view.workspace, one, &owners) else { continue };
        if one.handed_over_by.is_some()
            && let Some(version) = sales.get(&one.subject)
        {
            // The sale is its lead's owner's, although nothing else happened to it.
            let id = SaleId::of(LeadId::from_uuid(one.subject)).uuid();
            let topic = AggregateKind::Sale.into();
            let sale = LiveChange { topic, id, version: *version, ..change.clone() };
            newest.insert((AggregateKind::Sale, id), (one.subject, sale));
        }
        newest.insert((one.aggregate, one.id), (one.subject, change));
    }
    let told = |(subject, change): (Uuid, LiveChange)| {
        told_to(asker, change, handovers.get(&subject).map(Vec::as_slice).unwrap_or_default())
    };
    let mut told: Vec<LiveChange> = newest.into_values().filter_map(told).collect();
    told.retain(|change| change.is_within(asker.id, view.scopes.as_ref()));
    told.sort_by_key(|change| change.position.order);
    Ok(told)
}

/// How these leads changed hands, in order, by lead; with the versions that their sales have now.
fn handovers(
    happenings: &[Happening],
    sales: &BTreeMap<Uuid, u64>,
) -> BTreeMap<Uuid, Vec<Handover>> {
    let mut handovers: BTreeMap<Uuid, Vec<Handover>> = BTreeMap::new();
    let mut versions = sales.clone();
    // From the end: what happened to a sale says which version it had before.
    for one in happenings.iter().rev() {
        if one.aggregate == AggregateKind::Sale {
            versions.insert(one.subject, one.version.saturating_sub(1));
        }
        if let Some(previous) = one.handed_over_by {
            let sale = versions.get(&one.subject).copied().filter(|version| *version > 0);
            let Happening { order, version, .. } = *one;
            let handover = Handover { order, version, sale, previous };
            handovers.entry(one.subject).or_default().push(handover);
        }
    }
    handovers.values_mut().for_each(|all| all.reverse());
    handovers
}

/// What happened as a change; nothing of a lead that is not to be seen yet.
fn change(
    workspace: WorkspaceId,
    one: &Happening,
    owners: &BTreeMap<Uuid, Option<MemberId>>,
) -> Option<LiveChange> {
    let owner = match one.aggregate {
        AggregateKind::Lead | AggregateKind::Sale => *owners.get(&one.subject)?,
        AggregateKind::Workspace
        | AggregateKind::Member
        | AggregateKind::Invitation
        | AggregateKind::Token
        | AggregateKind::Advisor => None,
    };
    Some(LiveChange {
        workspace,
        topic: one.aggregate.into(),
        id: one.id,
        version: one.version,
        position: PositionToken { lane: Lane::of(one.subject), order: one.order },
        owner,
        owner_changed: false,
        previous_owner: None,
    })
}

/// The change as the asker may hear of it: where it changed last, when they may see it now, and
/// else where it left their sight.
fn told_to(asker: Colleague, change: LiveChange, handovers: &[Handover]) -> Option<LiveChange> {
    let is_for = |change: &LiveChange| change.is_for(asker.id, asker.role);
    let by = |handover: &Handover| LiveChange {
        owner_changed: true,
        previous_owner: handover.previous,
        ..change.clone()
    };
    if is_for(&change) {
        return Some(handovers.last().map(by).unwrap_or(change));
    }
    let is_sale = change.topic == AggregateKind::Sale.into();
    handovers.iter().rev().find_map(|handover| {
        let version = if is_sale { handover.sale? } else { handover.version };
        let position = PositionToken { order: handover.order, ..change.position };
        Some(LiveChange { version, position, ..by(handover) }).filter(is_for)
    })
}

/// Who owns these leads now.
async fn owners(
    view: &mut View,
    leads: &BTreeSet<Uuid>,
) -> Answered<BTreeMap<Uuid, Option<MemberId>>> {
    let rows: Vec<(Uuid, Option<Uuid>)> = sqlx::query_as(
        "SELECT id, owner FROM read.lead_cards WHERE workspace = $1 AND id = ANY($2)",
    )
    .bind(view.workspace.uuid())
    .bind(leads.iter().copied().collect::<Vec<Uuid>>())
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(rows.into_iter().map(|(id, owner)| (id, owner.map(member))).collect())
}

/// The versions of the sales of these leads, by lead.
async fn sale_versions(view: &mut View, leads: Vec<Uuid>) -> Answered<BTreeMap<Uuid, u64>> {
    if leads.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT lead_id, version FROM read.sales WHERE workspace = $1 AND lead_id = ANY($2)",
    )
    .bind(view.workspace.uuid())
    .bind(leads)
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(rows.into_iter().map(|(lead, version)| (lead, version.unsigned_abs())).collect())
}
