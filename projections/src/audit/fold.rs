//! Folding a page of aggregates and comparing what comes of it with the rows.

use super::findings::{Difference, Findings, HISTORY};
use super::page::{Page, Shown, Stored, place};
use super::row::{Audited, Row, stored_key};
use super::{Audit, SecondOpinion};
use crate::error::ProjectionError;
use crate::model::{Expected, Incoming};
use crate::opened::Opened;
use crate::source::EventSource as _;
use ael_events::event::{Event, Recorded};
use ael_events::private::{OPEN_KEY, SEALED_KEY};
use ael_events::query::AggregateDigest;
use ael_events::values::AggregateKind;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// An aggregate (a lead with its sale), opened.
#[derive(Default)]
struct Subject {
    events: Vec<Opened>,
    /// A row of its history is not of its form.
    broken: bool,
    /// Something sealed could not be opened any more.
    key_is_gone: bool,
}

impl Subject {
    fn is_erased(&self) -> bool {
        self.events.iter().any(Opened::erases)
    }
}

/// Compares a page; also says whose key was gone although they were not erased.
pub(super) async fn compare(
    audit: &Audit,
    page: Page,
    kind: AggregateKind,
) -> Result<(Findings, BTreeSet<Uuid>), ProjectionError> {
    let Page { ids, events, models, foreign, .. } = page;
    let mut findings = Findings {
        aggregates: ids.len() as u64,
        events: events.len() as u64,
        ..Findings::default()
    };
    for name in foreign {
        let advice = format!("of another release: `ael projection rebuild {name}`");
        findings.differ(name, "(all)", "tables", None, Some(advice));
    }
    let mut recorded = Vec::new();
    let mut subjects: BTreeMap<Uuid, Subject> =
        ids.iter().map(|id| (*id, Subject::default())).collect();
    for one in events {
        match one.event {
            Ok(event) => recorded.push(event),
            Err(reason) => {
                let aggregate = format!("{kind}/{}", one.aggregate_id);
                findings.differ(HISTORY, &aggregate, "an unreadable row", Some(reason), None);
                subjects.entry(one.aggregate_id).or_default().broken = true;
            }
        }
    }
    let opened = audit.source.open(&recorded).await?;
    for (stored, opened) in recorded.iter().zip(opened) {
        let is_sale = kind == AggregateKind::Lead && stored.aggregate == AggregateKind::Sale;
        let id = if is_sale { stored.metadata.data_subject } else { stored.aggregate_id };
        let subject = subjects.entry(id).or_default();
        subject.key_is_gone |= opened.data.get(OPEN_KEY).is_none() && is_sealed(stored);
        subject.events.push(opened);
    }
    let mut keyless = BTreeSet::new();
    for (id, subject) in &mut subjects {
        subject.events.sort_by_key(|opened| opened.facts.order);
        if subject.key_is_gone && !subject.is_erased() {
            keyless.insert(*id);
            let what = "the key of a person whom nobody erased is gone".to_owned();
            findings.differ(HISTORY, &format!("{kind}/{id}"), "key", Some(what), None);
        }
        readable(&models, &format!("{kind}/{id}"), subject, &mut findings);
    }
    for shown in models {
        compare_model(shown, kind, &subjects, &audit.opinion, &mut findings);
        tokio::task::yield_now().await;
    }
    Ok((findings, keyless))
}

fn is_sealed(event: &Recorded) -> bool {
    #[derive(Deserialize)]
    struct Parts {
        sealed: Option<IgnoredAny>,
    }
    let text = event.data.get();
    text.contains(SEALED_KEY)
        && serde_json::from_str::<Parts>(text).is_ok_and(|parts| parts.sealed.is_some())
}

/// Events that nobody can read, of aggregates that no read model shows.
fn readable(models: &[Shown], aggregate: &str, subject: &Subject, findings: &mut Findings) {
    for opened in &subject.events {
        let is_shown = models.iter().any(|shown| shown.model.concerns(opened.facts.aggregate));
        if let (false, Err(reason)) = (is_shown, &opened.event) {
            let field = format!("event {}", opened.facts.sequence);
            findings.differ(HISTORY, aggregate, field, Some(reason.clone()), None);
        }
    }
}

fn compare_model(
    mut shown: Shown,
    kind: AggregateKind,
    subjects: &BTreeMap<Uuid, Subject>,
    opinion: &SecondOpinion,
    findings: &mut Findings,
) {
    let name = shown.model.name();
    findings.tally(name).rows += shown.rows.values().map(|rows| rows.len() as u64).sum::<u64>();
    for (id, subject) in subjects {
        let rows = |table: &Audited| (*table, shown.rows.remove(&(table.table, *id)));
        let of_kind = shown.model.audited().iter().filter(|table| table.kind == kind);
        let stored: Vec<(Audited, Option<Vec<Stored>>)> = of_kind.map(rows).collect();
        if subject.broken {
            continue;
        }
        let mut folding = Folding { shown: &shown, subject, findings, stuck: HashSet::new() };
        let (expected, taken) = folding.fold(*id);
        folding.compare_rows(&format!("{kind}/{id}"), expected.as_ref(), stored);
        folding.ask(expected.as_ref(), &taken, opinion);
    }
    for ((table, id), rows) in shown.rows {
        for _ in rows {
            let aggregate = format!("{kind}/{id}");
            findings.differ(name, &aggregate, table, None, Some("a row".to_owned()));
        }
    }
}

/// One aggregate in one read model.
struct Folding<'a> {
    shown: &'a Shown,
    subject: &'a Subject,
    findings: &'a mut Findings,
    stuck: HashSet<(AggregateKind, Uuid)>,
}

impl<'a> Folding<'a> {
    /// What should be shown, and of which events; as the projector does it.
    fn fold(&mut self, id: Uuid) -> (Box<dyn Expected>, Vec<&'a Opened>) {
        let (model, subject) = (&self.shown.model, self.subject);
        let mut expected = model.expected(id);
        let mut taken = Vec::new();
        for opened in &subject.events {
            let facts = &opened.facts;
            let is_due = facts.order <= place(&self.shown.at, facts.lane);
            if !is_due || !model.concerns(facts.aggregate) {
                continue;
            }
            let key = (facts.aggregate, facts.aggregate_id);
            let parked = self.shown.parked.get(&key).copied();
            if parked.is_some_and(|from| facts.sequence > from) {
                self.findings.tally(model.name()).waiting += 1;
            }
            let waits = parked.is_some_and(|from| facts.sequence >= from);
            let waits = waits || self.stuck.contains(&key);
            let unfit = match &opened.event {
                Ok(event) if model.wants(event) && (!waits || opened.erases()) => {
                    let incoming = Incoming { index: 0, opened, event, only_purge: waits };
                    expected.take(&incoming).err().map(|unfit| unfit.to_string())
                }
                Ok(_) => None,
                Err(_) if waits => None,
                Err(reason) => Some(reason.clone()),
            };
            if let Some(reason) = unfit {
                let field = format!("event {}", facts.sequence);
                let should = Some(format!("it should be parked: {reason}"));
                self.findings.differ(model.name(), &facts.subject(), field, should, None);
                self.stuck.insert(key);
            } else if !waits {
                taken.push(opened);
            }
        }
        (expected, taken)
    }

    fn compare_rows(
        &mut self,
        aggregate: &str,
        expected: &dyn Expected,
        stored: Vec<(Audited, Option<Vec<Stored>>)>,
    ) {
        let name = self.shown.model.name();
        let erased = |opened: &&Opened| {
            opened.erases() && opened.facts.order <= place(&self.shown.at, opened.facts.lane)
        };
        // The key is destroyed before the read model hears of it: until then, what is personal may
        // be there or not.
        let erasing =
            self.subject.key_is_gone && !self.subject.events.iter().any(|one| erased(&one));
        let should = expected.rows();
        for (Audited { table, key, .. }, rows) in stored {
            let mut there: BTreeMap<String, Stored> = BTreeMap::new();
            for row in rows.unwrap_or_default() {
                let key = stored_key(&row, key);
                if there.insert(key.clone(), row).is_some() {
                    let field = place_of(table, &key);
                    let (one, two) = (Some("a row".to_owned()), Some("several".to_owned()));
                    self.findings.differ(name, aggregate, field, one, two);
                }
            }
            for row in should.iter().filter(|row: &&Row| row.table == table) {
                let key = row.key(key);
                let place = place_of(table, &key);
                match there.remove(&key) {
                    Some(stored) => {
                        for unlike in row.differences(&stored, erasing) {
                            self.findings.unlike(name, aggregate, &place, unlike);
                        }
                    }
                    None => {
                        let row = Some("a row".to_owned());
                        self.findings.differ(name, aggregate, place, row, None);
                    }
                }
            }
            for key in there.into_keys() {
                let row = Some("a row".to_owned());
                self.findings.differ(name, aggregate, place_of(table, &key), None, row);
            }
        }
    }

    /// Asks the domain what it makes of the same events.
    fn ask(&mut self, expected: &dyn Expected, taken: &[&Opened], opinion: &SecondOpinion) {
        let aggregates: BTreeSet<(AggregateKind, Uuid)> =
            taken.iter().map(|one| (one.facts.aggregate, one.facts.aggregate_id)).collect();
        for (kind, id) in aggregates {
            let Some(shown) = expected.digest(kind) else { continue };
            let own = |one: &&&Opened| (one.facts.aggregate, one.facts.aggregate_id) == (kind, id);
            let events: Vec<Event> =
                taken.iter().filter(own).filter_map(|one| one.event.clone().ok()).collect();
            match opinion(kind, id, events) {
                Ok(Some(history)) => self.compare_digests(&history, &shown),
                Ok(None) => {}
                Err(reason) => {
                    let aggregate = format!("{kind}/{id}");
                    self.findings.differ(HISTORY, &aggregate, "fold", Some(reason), None);
                }
            }
        }
    }

    fn compare_digests(&mut self, history: &AggregateDigest, shown: &AggregateDigest) {
        let name = self.shown.model.name();
        if history.version != shown.version {
            let versions = (history.version.to_string(), shown.version.to_string());
            let (says, shows) = (Some(versions.0), Some(versions.1));
            self.findings.differ(name, &history.aggregate, "version", says, shows);
        }
        let fields: BTreeSet<&String> = history.fields.keys().chain(shown.fields.keys()).collect();
        for field in fields {
            let (says, shows) = (history.fields.get(field), shown.fields.get(field));
            if says != shows {
                let personal = PERSONAL.contains(&field.as_str());
                let value = |value: Option<&String>| value.filter(|_| !personal).cloned();
                self.findings.push(Difference {
                    projection: name.to_owned(),
                    aggregate: history.aggregate.clone(),
                    field: field.clone(),
                    history: value(says),
                    read_model: value(shows),
                    personal,
                });
            }
        }
    }
}

/// Fields of a digest that tell about a person.
const PERSONAL: [&str; 7] =
    ["contact", "intent", "budget", "pain_points", "notes", "files", "name"];

fn place_of(table: &str, key: &str) -> String {
    if key.is_empty() { table.to_owned() } else { format!("{table}[{key}]") }
}
