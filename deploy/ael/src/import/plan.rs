//! What a row of a file becomes: one command that takes the lead over with its past.

use crate::import::columns::{Chooser, Columns, NoColumn, Source as Place};
use crate::import::mapping::{Ending, Mapping, Outcome};
use crate::import::moments::Clock;
use ael_events::command::ImportLead;
use ael_events::event::{ImportedOutcome, LeadProfile};
use ael_events::ids::{CommandId, LeadId, MemberId, WorkspaceId};
use ael_events::values::{
    AttributeValue, Contact, Country, Currency, DomainSlug, ExternalId, LostReason, Origin, Phone,
    Source, Stage, Tag, amount,
};
use chrono::{DateTime, Utc};
use csv::StringRecord;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

/// What an import has to know about the workspace that it fills.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What completes its local phone numbers.
    pub country: Country,
    /// What its amounts are in, unless the file says otherwise.
    pub currency: Currency,
    /// Members by e-mail address and by full name, in lower case.
    pub members: BTreeMap<String, MemberId>,
}

/// A row, ready to be taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The lead that it becomes: the same one each time.
    pub lead: LeadId,
    /// The intention: the same one each time, as long as the row and the mapping say the same.
    pub command_id: CommandId,
    /// When it came to be, where the file says it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// All that is known about it.
    pub command: ImportLead,
}

impl Arrival {
    /// Whether it becomes a paid sale.
    pub const fn is_won(&self) -> bool {
        matches!(self.command.outcome, Some(ImportedOutcome::Won { .. }))
    }
}

/// Why a row cannot be taken over: which field, and what is wrong. Never the value itself, which
/// may be somebody's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct RowProblem {
    field: String,
    problem: String,
}

impl RowProblem {
    fn new(field: &str, problem: impl Display) -> Self {
        Self { field: field.to_owned(), problem: problem.to_string() }
    }
}

/// A mapping laid over the header of a file.
#[derive(Debug)]
pub struct Plan {
    to: Destination,
    origin: Origin,
    allow_duplicates: bool,
    columns: Columns,
    external_id: Place,
    fields: Fields,
    source: Chooser<Source>,
    stage: Option<Chooser<Stage>>,
    outcome: Option<Endings>,
    tags: (Vec<usize>, Option<String>, BTreeSet<Tag>),
    occurred_at: Option<(usize, Clock)>,
    categorical: Vec<(String, usize)>,
    numeric: Vec<(String, usize)>,
    kept: Vec<String>,
}

#[derive(Debug)]
struct Fields {
    full_name: Place,
    company: Place,
    position: Place,
    email: Place,
    phone: Place,
    telegram: Place,
    intent: Place,
    budget: Place,
    pain_points: Place,
    business_domain: Place,
    owner: Place,
    message_count: Place,
}

#[derive(Debug)]
struct Endings {
    chooser: Chooser<Ending>,
    lost_reason: LostReason,
    amount: Place,
    currency: Place,
}

impl Plan {
    /// Lays a mapping over a header.
    pub fn new(mapping: &Mapping, header: &StringRecord, to: Destination) -> anyhow::Result<Self> {
        let columns = Columns::new(header, &mapping.empty, mapping.missing_columns)?;
        let always: Result<BTreeSet<Tag>, _> =
            mapping.tags.always.iter().map(|tag| Tag::parse(tag)).collect();
        let mut tag_places = Vec::new();
        for column in &mapping.tags.columns {
            tag_places.extend(columns.find(column)?);
        }
        let occurred_at = match &mapping.occurred_at {
            None => None,
            Some(moment) => match columns.find(&moment.column)? {
                None => None,
                Some(place) => Some((place, Clock::new(moment)?)),
            },
        };
        let endings = |outcome: &Outcome| endings(&columns, outcome);
        let stage = mapping.stage.as_ref().map(|stage| columns.chooser(stage)).transpose()?;
        Ok(Self {
            to,
            origin: mapping.origin.clone(),
            allow_duplicates: mapping.allow_duplicates,
            external_id: columns.required(&mapping.external_id)?,
            fields: Fields::new(&columns, mapping)?,
            source: columns.chooser(&mapping.source)?,
            stage,
            outcome: mapping.outcome.as_ref().map(endings).transpose()?,
            tags: (tag_places, mapping.tags.split.clone(), always?),
            occurred_at,
            categorical: attributes(&columns, &mapping.attributes.categorical),
            numeric: attributes(&columns, &mapping.attributes.numeric),
            kept: mapping.attributes.kept.clone(),
            columns,
        })
    }

    /// Whether a row is taken although another lead has the same contact.
    pub const fn allows_duplicates(&self) -> bool {
        self.allow_duplicates
    }

    /// What a row becomes.
    pub fn arrival(&self, row: &StringRecord) -> Result<Arrival, RowProblem> {
        let external_id = self
            .columns
            .read(row, &self.external_id)
            .ok_or_else(|| RowProblem::new("external id", "it is empty, and names the row"))?;
        let outcome = self.outcome(row)?;
        let stage = self.stage.as_ref().and_then(|stage| stage.choose(row));
        let source = self
            .source
            .choose(row)
            .ok_or_else(|| RowProblem::new("source", "no rule of the mapping matches"))?;
        let occurred_at = self.occurred_at(row)?;
        let lead = LeadId::of_external(self.to.workspace, self.origin.as_str(), &external_id);
        let command = ImportLead {
            origin: self.origin.clone(),
            external_id: ExternalId::parse(&external_id)
                .map_err(|problem| RowProblem::new("external id", problem))?,
            source,
            stage: if outcome.is_some() { None } else { stage },
            outcome,
            business_domain: self
                .parsed::<DomainSlug>(row, "business domain", |fields| &fields.business_domain)?,
            owner: self
                .columns
                .read(row, &self.fields.owner)
                .and_then(|who| self.to.members.get(&who.to_lowercase()).copied()),
            tags: self.tags(row)?,
            message_count: self.message_count(row)?,
            attributes: self.attributes(row)?,
            profile: self.profile(row)?,
            allow_duplicate: self.allow_duplicates,
        };
        Ok(Arrival {
            lead,
            command_id: intention(lead, occurred_at, &command),
            occurred_at,
            command,
        })
    }

    fn profile(&self, row: &StringRecord) -> Result<LeadProfile, RowProblem> {
        let phone = self.columns.read(row, &self.fields.phone).map(|text| {
            Phone::parse_in(&text, Some(&self.to.country))
                .map_err(|problem| RowProblem::new("phone", problem))
        });
        let pain_point = self.in_lines(row, "pain points", |fields| &fields.pain_points)?;
        Ok(LeadProfile {
            contact: Contact {
                full_name: self.parsed(row, "full name", |fields| &fields.full_name)?,
                company: self.parsed(row, "company", |fields| &fields.company)?,
                position: self.parsed(row, "position", |fields| &fields.position)?,
                email: self.parsed(row, "e-mail", |fields| &fields.email)?,
                phone: phone.transpose()?,
                telegram: self.parsed(row, "telegram", |fields| &fields.telegram)?,
            },
            intent: self.in_lines(row, "intent", |fields| &fields.intent)?,
            budget: self.parsed(row, "budget", |fields| &fields.budget)?,
            pain_points: pain_point.into_iter().collect(),
        })
    }

    /// A field of one line: line breaks that somebody typed into the cell become spaces.
    fn parsed<T: FromStr<Err: Display>>(
        &self,
        row: &StringRecord,
        field: &str,
        place: impl Fn(&Fields) -> &Place,
    ) -> Result<Option<T>, RowProblem> {
        let text = self.columns.read(row, place(&self.fields));
        if text.as_deref().is_some_and(swallows_lines) {
            let reason = "lines of the file seem to be read as one cell: a quote is opened and not \
                          closed where it should be";
            return Err(RowProblem::new(field, reason));
        }
        let text = text.map(|text| one_line(&text));
        let parse = |text: String| text.parse().map_err(|problem| RowProblem::new(field, problem));
        text.map(parse).transpose()
    }

    /// A field that may have several lines.
    fn in_lines<T: FromStr<Err: Display>>(
        &self,
        row: &StringRecord,
        field: &str,
        place: impl Fn(&Fields) -> &Place,
    ) -> Result<Option<T>, RowProblem> {
        let text = self.columns.read(row, place(&self.fields));
        let parse = |text: String| text.parse().map_err(|problem| RowProblem::new(field, problem));
        text.map(parse).transpose()
    }

    fn outcome(&self, row: &StringRecord) -> Result<Option<ImportedOutcome>, RowProblem> {
        let Some(endings) = &self.outcome else { return Ok(None) };
        let Some(ending) = endings.chooser.choose(row) else { return Ok(None) };
        Ok(Some(match ending {
            Ending::Lost => ImportedOutcome::Lost { reason: endings.lost_reason },
            Ending::Won => {
                let currency = match self.columns.read(row, &endings.currency) {
                    None => self.to.currency,
                    Some(code) => {
                        code.parse().map_err(|problem| RowProblem::new("currency", problem))?
                    }
                };
                let paid = self.columns.read(row, &endings.amount).map(|text| {
                    amount(&text, currency).map_err(|problem| RowProblem::new("amount", problem))
                });
                ImportedOutcome::Won { amount: paid.transpose()? }
            }
        }))
    }

    fn tags(&self, row: &StringRecord) -> Result<BTreeSet<Tag>, RowProblem> {
        let (places, split, always) = &self.tags;
        let mut tags = always.clone();
        for cell in places.iter().filter_map(|place| self.columns.cell(row, *place)) {
            let words: Vec<&str> = match split {
                Some(split) if !split.is_empty() => cell.split(split.as_str()).collect(),
                Some(_) | None => vec![cell],
            };
            for word in words.into_iter().map(str::trim).filter(|word| !word.is_empty()) {
                tags.insert(
                    Tag::parse(&one_line(word))
                        .map_err(|problem| RowProblem::new("tag", problem))?,
                );
            }
        }
        Ok(tags)
    }

    fn message_count(&self, row: &StringRecord) -> Result<u32, RowProblem> {
        let Some(text) = self.columns.read(row, &self.fields.message_count) else { return Ok(0) };
        let number = number(&text).filter(|n| *n >= 0.0 && *n <= f64::from(u32::MAX));
        match number {
            // Checked just above: whole, and within bounds.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Some(number) if number.fract() == 0.0 => Ok(number as u32),
            Some(_) | None => Err(RowProblem::new("message count", "not a whole number from 0")),
        }
    }

    fn occurred_at(&self, row: &StringRecord) -> Result<Option<DateTime<Utc>>, RowProblem> {
        let Some((place, clock)) = &self.occurred_at else { return Ok(None) };
        let Some(text) = self.columns.cell(row, *place) else { return Ok(None) };
        let problem = || RowProblem::new("occurred at", "not written in a format of the mapping");
        clock.read(text).map(Some).ok_or_else(problem)
    }

    fn attributes(
        &self,
        row: &StringRecord,
    ) -> Result<BTreeMap<String, AttributeValue>, RowProblem> {
        let mut attributes = BTreeMap::new();
        for (name, place) in &self.categorical {
            if let Some(cell) = self.columns.cell_or(row, *place, &self.kept) {
                attributes.insert(name.clone(), AttributeValue::Category(one_line(cell)));
            }
        }
        for (name, place) in &self.numeric {
            if let Some(cell) = self.columns.cell(row, *place) {
                let value = number(cell).ok_or_else(|| RowProblem::new(name, "not a number"))?;
                attributes.insert(name.clone(), AttributeValue::Number(value));
            }
        }
        Ok(attributes)
    }
}

impl Fields {
    fn new(columns: &Columns, mapping: &Mapping) -> Result<Self, NoColumn> {
        let lead = &mapping.lead;
        Ok(Self {
            full_name: columns.optional(lead.full_name.as_ref())?,
            company: columns.optional(lead.company.as_ref())?,
            position: columns.optional(lead.position.as_ref())?,
            email: columns.optional(lead.email.as_ref())?,
            phone: columns.optional(lead.phone.as_ref())?,
            telegram: columns.optional(lead.telegram.as_ref())?,
            intent: columns.optional(lead.intent.as_ref())?,
            budget: columns.optional(lead.budget.as_ref())?,
            pain_points: columns.optional(lead.pain_points.as_ref())?,
            business_domain: columns.optional(lead.business_domain.as_ref())?,
            owner: columns.optional(lead.owner.as_ref())?,
            message_count: columns.optional(lead.message_count.as_ref())?,
        })
    }
}

fn endings(columns: &Columns, outcome: &Outcome) -> Result<Endings, NoColumn> {
    Ok(Endings {
        chooser: Chooser::of(columns.rules(&outcome.rules)?),
        lost_reason: outcome.lost_reason,
        amount: columns.optional(outcome.amount.as_ref())?,
        currency: columns.optional(outcome.currency.as_ref())?,
    })
}

/// The anonymous columns, under names that software can say: `Lead Quality` → `lead_quality`.
fn attributes(columns: &Columns, named: &[String]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for column in named {
        // A file without one of these is no worse a file.
        if let Some(place) = columns.place(column) {
            let words: Vec<String> = column
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            found.push((words.join("_"), place));
        }
    }
    found
}

/// A line break beside what separates cells: other rows, and other people, that a quote swallowed.
fn swallows_lines(cell: &str) -> bool {
    cell.contains(['\n', '\r']) && cell.contains([',', ';', '\t', '"'])
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.replace(',', ".").parse().ok()?;
    number.is_finite().then_some(number)
}

/// The id of the intention: of everything that the command says, so that the same row twice is
/// one intention and a changed row is another.
fn intention(lead: LeadId, at: Option<DateTime<Utc>>, command: &ImportLead) -> CommandId {
    let said = serde_json::to_vec(&(at, command)).unwrap_or_default();
    let digest = Sha256::digest(&said);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    CommandId::derived("import", &format!("{lead}\u{1f}{digest}"))
}

#[cfg(test)]
pub mod testing {
    use super::*;
    use uuid::Uuid;

    /// A workspace in Ukraine with one member.
    pub fn destination() -> Destination {
        let olena = MemberId::from_uuid(Uuid::from_u128(9));
        Destination {
            workspace: WorkspaceId::from_uuid(Uuid::from_u128(1)),
            country: Country::parse("UA").unwrap(),
            currency: "UAH".parse().unwrap(),
            members: [("olena@example.com".to_owned(), olena)].into(),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
