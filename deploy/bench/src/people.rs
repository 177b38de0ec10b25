//! Made people: nobody in particular, each of them different.

use ael_events::command::{CreateLead, LogMessage};
use ael_events::event::LeadProfile;
use ael_events::values::{
    Channel, Company, Contact, FullName, Intent, JobTitle, MessageDirection, NoteText, PainPoint,
    Source,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GIVEN: [&str; 8] =
    ["Олена", "Тарас", "Ірина", "Петро", "Maria", "Andrii", "Oksana", "Bohdan"];
const FAMILY: [&str; 6] = ["Петренко", "Шевченко", "Мельник", "Бойко", "Kovalenko", "Bondarenko"];
const OPERATORS: [u64; 10] = [67, 68, 96, 97, 98, 50, 66, 95, 99, 63];

/// Numbers people; no number comes twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct People(Arc<AtomicU64>);

impl People {
    /// Somebody new to enter as a lead.
    pub(crate) fn new_lead(&self) -> anyhow::Result<CreateLead> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(CreateLead {
            source: one_of(Source::ALL, number).copied().unwrap_or(Source::Manual),
            business_domain: None,
            owner: None,
            tags: std::collections::BTreeSet::new(),
            profile: profile(number)?,
            allow_duplicate: false,
        })
    }
}

fn one_of<T>(all: &[T], number: u64) -> Option<&T> {
    let place = number % (all.len() as u64).max(1);
    all.get(usize::try_from(place).unwrap_or(0))
}

fn profile(number: u64) -> anyhow::Result<LeadProfile> {
    let given = one_of(&GIVEN, number).copied().unwrap_or_default();
    let family = one_of(&FAMILY, number / 8).copied().unwrap_or_default();
    let operator = one_of(&OPERATORS, number / 10_000_000).copied().unwrap_or(67);
    let phone = format!("+380{operator}{:07}", number % 10_000_000);
    Ok(LeadProfile {
        contact: Contact {
            full_name: Some(FullName::parse(&format!("{given} {family}"))?),
            company: Some(Company::parse("Rozum and Partners")?),
            position: Some(JobTitle::parse("Head of purchasing")?),
            email: Some(format!("person{number}@example.com").parse()?),
            phone: Some(phone.parse()?),
            telegram: Some(format!("person_{number}").parse()?),
        },
        intent: Some(Intent::parse("Wants to move forty people to one system before winter")?),
        budget: None,
        pain_points: vec![PainPoint::parse("Two spreadsheets and nobody knows which is right")?],
    })
}

/// A message that was exchanged.
pub(crate) fn message() -> anyhow::Result<LogMessage> {
    const TEXT: &str = "Asked for the price list and a call on Thursday after three, by phone.";
    Ok(LogMessage {
        count: 1,
        direction: MessageDirection::Incoming,
        channel: Channel::Phone,
        text: Some(NoteText::parse(TEXT)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_can_be_reached_and_nobody_is_somebody_else() {
        let people = People::default();
        let all: Vec<Contact> =
            (0..100).map(|_| people.new_lead().unwrap().profile.contact).collect();
        let phones: std::collections::BTreeSet<String> =
            all.iter().map(|one| one.phone.clone().unwrap().as_str().to_owned()).collect();
        assert_eq!(phones.len(), 100);
        assert!(all.iter().all(Contact::is_reachable));
    }
}
