//! What a text says about somebody: a business card, a signature, a line from a chat.

use super::dialogue::Draft;
use ael_events::ids::LeadId;
use ael_events::values::{
    Company, Country, Email, FullName, Intent, JobTitle, Phone, TelegramUsername,
};
use regex::Regex;
use std::sync::LazyLock;

/// Words before which a company's name stands, or that stand in it.
const COMPANIES: &[&str] = &[
    "тов",
    "тзов",
    "фоп",
    "пп",
    "ат",
    "пат",
    "прат",
    "кп",
    "дп",
    "llc",
    "ltd",
    "inc",
    "gmbh",
    "corp",
    "company",
    "компанія",
    "фірма",
    "студія",
    "studio",
    "agency",
    "агенція",
    "group",
    "holding",
    "холдинг",
    "bank",
    "банк",
    "s.r.o.",
    "sp.",
    "ооо",
];
/// Words of positions.
const POSITIONS: &[&str] = &[
    "директор",
    "директорка",
    "менеджер",
    "менеджерка",
    "керівник",
    "керівниця",
    "власник",
    "власниця",
    "засновник",
    "засновниця",
    "бухгалтер",
    "маркетолог",
    "інженер",
    "архітектор",
    "ceo",
    "cto",
    "cfo",
    "coo",
    "cmo",
    "owner",
    "founder",
    "director",
    "manager",
    "head",
    "lead",
    "engineer",
    "officer",
    "president",
    "sales",
    "partner",
];

static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]+\.\p{L}{2,}").ok());
static TELEGRAM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = "([A-Za-z][A-Za-z0-9_]{4,31})";
    Regex::new(&format!(r"(?:https?://)?t\.me/{name}|(?:^|[\s(,;:])@{name}")).ok()
});
static PHONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\+?\d[\d \u{a0}().\-–]{5,20}\d").ok());

/// Ways to reach somebody, and the text without them.
#[derive(Default)]
pub(crate) struct Ways {
    pub(crate) email: Option<Email>,
    pub(crate) phone: Option<Phone>,
    pub(crate) telegram: Option<TelegramUsername>,
    /// What is left.
    pub(crate) rest: String,
}

impl Ways {
    /// Finds e-mail, phone (a local one of the country) and Telegram name in a text.
    pub(crate) fn of(text: &str, country: &Country) -> Self {
        let mut ways = Self { rest: text.to_owned(), ..Self::default() };
        ways.email = ways.take(EMAIL.as_ref(), |found| found.parse().ok());
        ways.telegram = ways.take(TELEGRAM.as_ref(), |found| {
            found.trim_start_matches([' ', '(', ',', ';', ':', '\n', '\t']).parse().ok()
        });
        ways.phone = ways.take(PHONE.as_ref(), |found| Phone::parse_in(found, Some(country)).ok());
        ways
    }

    /// Takes the first place out that can be read as one.
    fn take<T>(&mut self, found: Option<&Regex>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (range, value) = found?
            .find_iter(&self.rest)
            .find_map(|place| Some((place.range(), read(place.as_str())?)))?;
        self.rest.replace_range(range, " ");
        Some(value)
    }

    /// Whether there is any.
    pub(crate) const fn any(&self) -> bool {
        self.email.is_some() || self.phone.is_some() || self.telegram.is_some()
    }
}

/// Reads a text as a lead; nothing, where it says no way to reach anybody.
pub(crate) fn read(lead: LeadId, text: &str, country: &Country) -> Option<Draft> {
    let ways = Ways::of(text, country);
    if !ways.any() {
        return None;
    }
    let mut draft = Draft { pasted: true, ..Draft::new(lead) };
    let parts = ways.rest.split(['\n', '\r', ';', '|', '•', ',']).map(tidy);
    let mut others = Vec::new();
    for part in parts.filter(|part| part.chars().any(char::is_alphabetic)) {
        let words = words(&part);
        if draft.company.is_none() && words.iter().any(|word| COMPANIES.contains(&word.as_str())) {
            draft.company = Company::parse(&part).ok();
        } else if draft.position.is_none()
            && words.iter().any(|word| POSITIONS.contains(&word.as_str()))
        {
            draft.position = JobTitle::parse(&part).ok();
        } else if draft.full_name.is_none() && is_name(&part) {
            draft.full_name = FullName::parse(&part).ok();
        } else {
            others.push(part);
        }
    }
    if !others.is_empty() {
        draft.intent = Intent::parse(&others.join(", ")).ok();
    }
    draft.email = ways.email;
    draft.phone = ways.phone;
    draft.telegram = ways.telegram;
    Some(draft)
}

fn words(part: &str) -> Vec<String> {
    part.split(|c: char| c.is_whitespace() || matches!(c, '"' | '«' | '»' | '(' | ')'))
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty())
        .collect()
}

/// A part without the words that only introduce it.
fn tidy(part: &str) -> String {
    const LABELS: &[&str] = &[
        "тел",
        "телефон",
        "моб",
        "phone",
        "tel",
        "mobile",
        "email",
        "e-mail",
        "пошта",
        "mail",
        "telegram",
        "телеграм",
        "тг",
        "tg",
        "ім'я",
        "ім’я",
        "піб",
        "name",
        "компанія",
        "company",
        "посада",
        "position",
    ];
    let part = part.trim();
    let rest = part.split_once(':').map_or(part, |(label, rest)| {
        match LABELS.contains(&label.trim().trim_end_matches('.').to_lowercase().as_str()) {
            true => rest,
            false => part,
        }
    });
    let alone = rest.trim().trim_matches(['-', '–', '.', ':', ' ']);
    match LABELS.contains(&alone.to_lowercase().as_str()) {
        true => String::new(),
        false => rest.trim().to_owned(),
    }
}

/// Whether a part looks like a person's name: two to four capitalised words without digits, or one
/// alone.
fn is_name(part: &str) -> bool {
    let words: Vec<&str> = part.split_whitespace().collect();
    let capital = |word: &&str| {
        word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | 'ʼ' | '-' | '.'))
    };
    (1..=4).contains(&words.len()) && words.iter().all(capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Option<Draft> {
        read(LeadId::generate(), text, &Country::parse("UA").unwrap())
    }

    fn shown(text: &str) -> String {
        let Some(draft) = draft(text) else { return "nobody".to_owned() };
        let parts = [
            draft.full_name.map(String::from),
            draft.position.map(String::from),
            draft.company.map(String::from),
            draft.phone.map(String::from),
            draft.email.map(String::from),
            draft.telegram.map(|it| format!("@{}", it.as_str())),
            draft.intent.map(String::from),
        ];
        parts.map(|part| part.unwrap_or_else(|| "-".to_owned())).join(" | ")
    }

    #[test]
    fn a_business_card_is_read() {
        let card = "Олена Петренко\nКомерційний директор\nТОВ «Світанок»\nтел. 067 123 45 67\n\
                    olena@svitanok.com.ua";
        assert_eq!(
            shown(card),
            "Олена Петренко | Комерційний директор | ТОВ «Світанок» | +380671234567 | \
             olena@svitanok.com.ua | - | -"
        );
        let card = "Ada Lovelace | Head of Sales | Acme Ltd | +44 20 7946 0958 | t.me/ada_l";
        assert_eq!(
            shown(card),
            "Ada Lovelace | Head of Sales | Acme Ltd | +442079460958 | - | @ada_l | -"
        );
    }

    #[test]
    fn a_line_from_a_chat_is_read() {
        assert_eq!(
            shown("Тарас Бондар, 0501234567, хоче каву для офісу"),
            "Тарас Бондар | - | - | +380501234567 | - | - | хоче каву для офісу"
        );
        assert_eq!(shown("пишіть @taras_bondar"), "- | - | - | - | - | @taras_bondar | пишіть");
        assert_eq!(
            shown("name: Eve Moss; email: EVE@example.org").split(" | ").nth(4),
            Some("eve@example.org")
        );
    }

    #[test]
    fn a_text_without_a_way_to_reach_anybody_is_no_lead() {
        for text in ["", "Олена", "знайди Петренка", "12 500", "a@b", "@abc", "2026-11-27"]
        {
            assert_eq!(shown(text), "nobody", "{text}");
        }
    }
}
