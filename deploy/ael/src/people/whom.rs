//! Whom words mean: a change is only made to the one lead that has exactly these words; whoever
//! only looks is forgiven small typos.

use super::lead_view;
use crate::problem::Problem;
use crate::session::Desk;
use ael_client::ClientError;
use ael_events::ids::{LeadId, SaleId};
use ael_events::query::{GetLead, LeadFilter, LeadListItem, LeadPage, LeadView, ListLeads, Query};
use ael_events::values::{Contact, Stage};
use ael_projections::search;
use serde_json::json;

/// Digits that say whose phone number is meant.
const DIGITS: usize = 4;

/// A lead that was found, with its name and stage where words found it.
pub struct Found {
    pub id: LeadId,
    pub name: Option<String>,
    pub stage: Option<Stage>,
}

impl Found {
    /// How it is called in answers.
    pub fn called(&self) -> String {
        let Self { id, name, stage: _ } = self;
        name.as_ref().map_or_else(|| format!("lead {id}"), |name| format!("{name} ({id})"))
    }

    fn of(lead: &LeadListItem) -> Self {
        Self { id: lead.id, name: Some(lead_view::name(lead)), stage: Some(lead.stage) }
    }

    const fn by_id(id: LeadId) -> Self {
        Self { id, name: None, stage: None }
    }
}

/// The sale that a text means, and its lead where that is how it was named.
pub struct FoundSale {
    pub id: SaleId,
    pub lead: Option<Found>,
}

/// The sale: by its own id, by its lead's id, or by words that find its lead, which `find` does.
pub async fn sale(
    desk: &Desk,
    text: &str,
    find: impl AsyncFnOnce(&Desk, &str) -> anyhow::Result<Found>,
) -> anyhow::Result<FoundSale> {
    let lead = match text.parse::<LeadId>() {
        Ok(id) => match with_id(desk, id).await? {
            Some(lead) => lead,
            None => return Ok(FoundSale { id: SaleId::from_uuid(id.uuid()), lead: None }),
        },
        Err(_) => find(desk, text).await?,
    };
    if let Some(stage) = lead.stage.filter(|stage| *stage != Stage::Transferred) {
        let what = format!("{} is {stage} and has no sale", lead.called());
        let advice = format!("A sale begins with: ael lead transfer {}", lead.id);
        let details = json!({ "lead_id": lead.id, "stage": stage });
        return Err(Problem::new("no_sale", what, advice).with(details).into());
    }
    Ok(FoundSale { id: SaleId::of(lead.id), lead: Some(lead) })
}

/// The lead with this id, if there is one that may be seen.
async fn with_id(desk: &Desk, lead_id: LeadId) -> anyhow::Result<Option<Found>> {
    let query = GetLead::now(lead_id);
    let answer: anyhow::Result<LeadView> = desk.ask(Query::GetLead(query)).await;
    match answer {
        Ok(lead) => {
            let name = Some(lead_view::name_of(&lead));
            Ok(Some(Found { id: lead.id, name, stage: Some(lead.stage) }))
        }
        Err(error) => match error.downcast::<ClientError>()? {
            ClientError::Rejected(rejected) if rejected.code == "not_found" => Ok(None),
            error @ (ClientError::Rejected(_)
            | ClientError::Failed(_)
            | ClientError::Unavailable(_)) => Err(error.into()),
        },
    }
}

/// The lead to look at: by its id, or by words that find exactly one.
pub async fn to_see(desk: &Desk, text: &str) -> anyhow::Result<Found> {
    if let Ok(id) = text.parse() {
        return Ok(Found::by_id(id));
    }
    let all = searched(desk, text).await?;
    let exact = exactly(&all, text);
    let meant = if exact.is_empty() { all.iter().collect() } else { exact };
    if meant.is_empty() {
        let what = format!("no lead is found by {text:?}");
        return Err(Problem::new("not_found", what, "Look for it: ael lead list -q WORDS").into());
    }
    only(&meant, text)
}

/// The lead to change: by its id, or by words that exactly one has.
pub async fn to_change(desk: &Desk, text: &str) -> anyhow::Result<Found> {
    if let Ok(id) = text.parse() {
        return Ok(Found::by_id(id));
    }
    let all = searched(desk, text).await?;
    let exact = exactly(&all, text);
    if exact.is_empty() {
        let what = format!("no lead is called {text:?}; nothing was changed");
        let advice = if all.is_empty() {
            "Look for it: ael lead list -q WORDS".to_owned()
        } else {
            format!("Did you mean:\n  {}", listed(all.iter().take(10)))
        };
        return Err(Problem::new("not_found", what, advice).into());
    }
    only(&exact, text)
}

async fn searched(desk: &Desk, text: &str) -> anyhow::Result<Vec<LeadListItem>> {
    let filter = LeadFilter { q: Some(text.to_owned()), ..LeadFilter::default() };
    let mut query = ListLeads { filter, limit: Some(200), ..ListLeads::default() };
    let mut all = Vec::new();
    loop {
        let page: LeadPage = desk.ask(Query::ListLeads(query.clone())).await?;
        all.extend(page.items);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return Ok(all);
        }
    }
}

fn only(leads: &[&LeadListItem], text: &str) -> anyhow::Result<Found> {
    if let [one] = leads {
        return Ok(Found::of(one));
    }
    let what = format!("{text:?} finds several leads");
    let list = listed(leads.iter().copied().take(10));
    Err(Problem::new("ambiguous", what, format!("Say which one:\n  {list}")).into())
}

fn listed<'a>(leads: impl Iterator<Item = &'a LeadListItem>) -> String {
    let described = |lead: &LeadListItem| format!("{}  {}", lead.id, lead_view::name(lead));
    leads.map(described).collect::<Vec<_>>().join("\n  ")
}

/// Those that are called so in full, else those that have every word.
fn exactly<'a>(leads: &'a [LeadListItem], text: &str) -> Vec<&'a LeadListItem> {
    let full: Vec<_> = leads.iter().filter(|lead| is_called(&lead.contact, text)).collect();
    if full.is_empty() {
        leads.iter().filter(|lead| has_words(&lead.contact, text)).collect()
    } else {
        full
    }
}

fn is_called(contact: &Contact, text: &str) -> bool {
    let name = contact.full_name.as_ref().map(|name| name.as_str().to_lowercase());
    name.is_some_and(|name| name == text.trim().to_lowercase())
}

fn has_words(contact: &Contact, text: &str) -> bool {
    let texts = [
        contact.full_name.as_ref().map(|name| name.as_str()),
        contact.company.as_ref().map(|company| company.as_str()),
        contact.email.as_ref().map(|email| email.as_str()),
        contact.telegram.as_ref().map(|name| name.as_str()),
    ];
    let texts: Vec<String> = texts.into_iter().flatten().map(str::to_lowercase).collect();
    let spelled = search::words_of(contact);
    let has = |word: &str| {
        let letters = word.chars().any(char::is_alphabetic);
        let word = word.trim_start_matches('@').to_lowercase();
        let alike = || search::normalise(&word).is_some_and(|word| spelled.contains(&word));
        texts.iter().any(|text| text.contains(&word)) || (letters && alike())
    };
    let mut words = text.split_whitespace().peekable();
    has_phone(contact, text) || (words.peek().is_some() && words.all(has))
}

fn has_phone(contact: &Contact, text: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let said = digits(text);
    let said = said.trim_start_matches('0');
    let is_number = !text.chars().any(char::is_alphabetic) && said.len() >= DIGITS;
    is_number && contact.phone.as_ref().is_some_and(|phone| digits(phone.as_str()).contains(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_means_nobody_and_a_phone_is_compared_by_its_digits() {
        let contact = Contact {
            full_name: Some("Олена Петренко".parse().unwrap()),
            phone: Some("+380671234567".parse().unwrap()),
            ..Contact::default()
        };
        for said in ["петренко", "Petrenko", "олена петр", "(067) 123-45-67"] {
            assert!(has_words(&contact, said), "{said}");
        }
        for said in ["Петрнко", "Petrenkov", "Олена Коваль", "067 999", "", "0"] {
            assert!(!has_words(&contact, said), "{said}");
        }
        assert!(is_called(&contact, "ОЛЕНА петренко") && !is_called(&contact, "Олена"));
    }
}
