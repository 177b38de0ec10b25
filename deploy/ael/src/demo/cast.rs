//! The people of the demo: colleagues who work the leads, and the leads themselves. All invented.

use super::chance::Chance;
use crate::up::fixed;
use ael_events::event::LeadProfile;
use ael_events::ids::MemberId;
use ael_events::values::{
    Budget, Company, Contact, Email, FullName, Intent, JobTitle, Language, MemberName, PainPoint,
    Phone, Role, TelegramUsername,
};

/// A colleague.
#[derive(Debug, Clone, Copy)]
pub struct Colleague {
    pub name: &'static str,
    pub role: Role,
    pub language: Language,
}

/// The first Admin, who founds the workspace.
pub const ADMIN: Colleague =
    Colleague { name: "Олена Шевчук", role: Role::Admin, language: Language::Uk };

/// Everybody else.
pub const COLLEAGUES: [Colleague; 5] = [
    Colleague { name: "Bohdan Koval", role: Role::Manager, language: Language::En },
    Colleague { name: "Ірина Мельник", role: Role::Manager, language: Language::Uk },
    Colleague { name: "Тарас Бондар", role: Role::Agent, language: Language::Uk },
    Colleague { name: "Sofia Reed", role: Role::Agent, language: Language::En },
    Colleague { name: "Марко Лисенко", role: Role::Agent, language: Language::Uk },
];

impl Colleague {
    /// Always the same id.
    pub fn id(self) -> MemberId {
        MemberId::from_uuid(fixed(&format!("demo member {}", self.name)))
    }

    /// Their name.
    pub fn member_name(self) -> anyhow::Result<MemberName> {
        Ok(MemberName::parse(self.name)?)
    }
}

/// Names as they are written, and as they look in an address.
const FIRST: [(&str, &str); 18] = [
    ("Андрій", "andriy"),
    ("Оксана", "oksana"),
    ("Дмитро", "dmytro"),
    ("Наталія", "nataliya"),
    ("Юрій", "yuriy"),
    ("Катерина", "kateryna"),
    ("Василь", "vasyl"),
    ("Людмила", "lyudmyla"),
    ("Роман", "roman"),
    ("Emma", "emma"),
    ("Oliver", "oliver"),
    ("Grace", "grace"),
    ("Daniel", "daniel"),
    ("Chloe", "chloe"),
    ("Henry", "henry"),
    ("Amelia", "amelia"),
    ("Lucas", "lucas"),
    ("Nora", "nora"),
];
const UKRAINIAN: usize = 9;
const LAST_UKRAINIAN: [(&str, &str); 10] = [
    ("Петренко", "petrenko"),
    ("Коваленко", "kovalenko"),
    ("Ткаченко", "tkachenko"),
    ("Гончар", "honchar"),
    ("Савченко", "savchenko"),
    ("Кравець", "kravets"),
    ("Поліщук", "polishchuk"),
    ("Гайдук", "hayduk"),
    ("Олійник", "oliynyk"),
    ("Зінчук", "zinchuk"),
];
const LAST_ENGLISH: [(&str, &str); 10] = [
    ("Turner", "turner"),
    ("Bennett", "bennett"),
    ("Hughes", "hughes"),
    ("Foster", "foster"),
    ("Carter", "carter"),
    ("Brooks", "brooks"),
    ("Palmer", "palmer"),
    ("Hayes", "hayes"),
    ("Walsh", "walsh"),
    ("Quinn", "quinn"),
];
const COMPANIES: [&str; 14] = [
    "Тепла Хата",
    "Зелений Дах",
    "АгроЛан",
    "Світлий Шлях",
    "Дніпро Логістик",
    "Карпати Еко",
    "Північний Млин",
    "Brightfield Ltd",
    "Harbour Foods",
    "Oakline Studio",
    "Silver Kite",
    "Redwood Clinics",
    "Northgate Motors",
    "Bluebell Hotels",
];
const POSITIONS: [&str; 8] = [
    "директорка",
    "керівник закупівель",
    "головний інженер",
    "власниця",
    "operations manager",
    "owner",
    "head of facilities",
    "CFO",
];
const INTENTS: [&str; 8] = [
    "сонячна станція на дах складу",
    "хоче знизити рахунки за світло",
    "порівнює пропозиції на резервне живлення",
    "цікавиться сервісним договором",
    "wants solar for a new warehouse",
    "compares battery offers for two shops",
    "asks about maintenance of an old plant",
    "plans to electrify the fleet",
];
const PAINS: [&str; 6] = [
    "відключення зривають роботу",
    "рахунки зросли вдвічі",
    "підрядник не відповідає",
    "outages stop the production line",
    "bills doubled in a year",
    "the last supplier went bankrupt",
];
const BUDGETS: [&str; 5] =
    ["до 300 тис. грн", "близько 1 млн грн", "ще не знає", "up to 20k", "to be agreed"];

/// A lead's person. The number makes each way to reach them theirs alone.
pub fn person(number: u64, chance: &mut Chance) -> anyhow::Result<LeadProfile> {
    let at = usize::try_from(chance.below(FIRST.len() as u64)).unwrap_or(0);
    let first = FIRST[at];
    let last = if at < UKRAINIAN { chance.of(&LAST_UKRAINIAN) } else { chance.of(&LAST_ENGLISH) };
    let email = format!("{}.{}.{number}@example.com", first.1, last.1);
    let telegram = format!("{}_{}_{number}", first.1, last.1);
    // 067 is a real operator's code; the number behind it counts from 1000000.
    let phone = format!("+38067{}", 1_000_000 + number);
    let contact = Contact {
        full_name: Some(FullName::parse(&format!("{} {}", first.0, last.0))?),
        company: chance.percent(80).then(|| Company::parse(chance.word(&COMPANIES))).transpose()?,
        position: chance
            .percent(60)
            .then(|| JobTitle::parse(chance.word(&POSITIONS)))
            .transpose()?,
        email: Some(email.parse::<Email>()?),
        phone: chance.percent(70).then(|| phone.parse::<Phone>()).transpose()?,
        telegram: chance.percent(40).then(|| telegram.parse::<TelegramUsername>()).transpose()?,
    };
    Ok(LeadProfile {
        contact,
        intent: chance.percent(75).then(|| Intent::parse(chance.word(&INTENTS))).transpose()?,
        budget: chance.percent(40).then(|| Budget::parse(chance.word(&BUDGETS))).transpose()?,
        pain_points: match chance.percent(50) {
            true => vec![PainPoint::parse(chance.word(&PAINS))?],
            false => Vec::new(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_can_be_reached_and_nobody_twice() {
        let people: Vec<LeadProfile> =
            (0..400).map(|n| person(n, &mut Chance::new(n)).unwrap()).collect();
        assert!(people.iter().all(|person| person.contact.is_reachable()));
        let emails: BTreeSet<_> = people.iter().map(|one| one.contact.email.clone()).collect();
        assert_eq!(emails.len(), 400);
    }

    #[test]
    fn every_role_is_there() {
        let roles: BTreeSet<Role> =
            COLLEAGUES.iter().chain([&ADMIN]).map(|colleague| colleague.role).collect();
        assert_eq!(roles.len(), 3);
    }
}
