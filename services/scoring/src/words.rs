//! Why a score is what it is, in the workspace's language.

use ael_events::values::{Language, Source, Stage};
use ael_scoring_model::{LeadFacts, Reason};

/// What speaks for the lead, the most first, and what would help it on.
pub(crate) fn reason(facts: &LeadFacts, points: &[(Reason, f64)], language: Language) -> String {
    let given: Vec<String> =
        points.iter().map(|(reason, points)| one(*reason, *points, language)).collect();
    let missing = missing(facts, language);
    let (for_it, help) = match language {
        Language::En => ("For it", "It would help to know"),
        Language::Uk => ("На користь", "Допомогло б дізнатися"),
    };
    let mut sentence = format!("{for_it}: {}.", given.join(", "));
    if !missing.is_empty() {
        sentence += &format!(" {help}: {}.", missing.join(", "));
    }
    sentence
}

fn one(reason: Reason, points: f64, language: Language) -> String {
    let what = match language {
        Language::En => in_english(reason),
        Language::Uk => in_ukrainian(reason),
    };
    format!("{what} (+{points:.2})")
}

fn in_english(reason: Reason) -> String {
    match reason {
        Reason::Source(Source::Partner) => "it comes from a partner".to_owned(),
        Reason::Source(Source::Scanner) => "it comes from the scanner".to_owned(),
        Reason::Source(Source::Manual) => "somebody entered it".to_owned(),
        Reason::Messages(1) => "1 message".to_owned(),
        Reason::Messages(many) => format!("{many} messages"),
        Reason::BusinessDomain => "its business domain is known".to_owned(),
        Reason::EmailAndPhone => "e-mail and phone are known".to_owned(),
        Reason::EmailOrPhone => "there is a way to reach them".to_owned(),
        Reason::CompanyAndPosition => "company and position are known".to_owned(),
        Reason::Stage(Stage::Contacted) => "they were reached".to_owned(),
        Reason::Stage(Stage::Qualified | Stage::Transferred) => "it is qualified".to_owned(),
        Reason::Stage(Stage::New | Stage::Lost) => "its stage".to_owned(),
    }
}

fn in_ukrainian(reason: Reason) -> String {
    match reason {
        Reason::Source(Source::Partner) => "прийшов від партнера".to_owned(),
        Reason::Source(Source::Scanner) => "знайдений сканером".to_owned(),
        Reason::Source(Source::Manual) => "внесений вручну".to_owned(),
        Reason::Messages(many) => format!("{many} {}", messages_in_ukrainian(many)),
        Reason::BusinessDomain => "відомий напрям".to_owned(),
        Reason::EmailAndPhone => "відомі пошта й телефон".to_owned(),
        Reason::EmailOrPhone => "є спосіб зв’язку".to_owned(),
        Reason::CompanyAndPosition => "відомі компанія й посада".to_owned(),
        Reason::Stage(Stage::Contacted) => "контакт встановлено".to_owned(),
        Reason::Stage(Stage::Qualified | Stage::Transferred) => "кваліфікований".to_owned(),
        Reason::Stage(Stage::New | Stage::Lost) => "стадія".to_owned(),
    }
}

const fn messages_in_ukrainian(many: u32) -> &'static str {
    match (many % 10, many % 100) {
        (_, 11..=14) => "повідомлень",
        (1, _) => "повідомлення",
        (2..=4, _) => "повідомлення",
        (_, _) => "повідомлень",
    }
}

fn missing(facts: &LeadFacts, language: Language) -> Vec<&'static str> {
    let words = |en: &'static str, uk: &'static str| match language {
        Language::En => en,
        Language::Uk => uk,
    };
    let mut missing = Vec::new();
    if !facts.business_domain {
        missing.push(words("the business domain", "напрям"));
    }
    if !facts.email {
        missing.push(words("an e-mail address", "електронну пошту"));
    }
    if !facts.phone {
        missing.push(words("a phone number", "телефон"));
    }
    if !(facts.company && facts.position) {
        missing.push(words("company and position", "компанію й посаду"));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_scoring_model::cold_start;

    const LEAD: LeadFacts = LeadFacts {
        source: Source::Partner,
        stage: Stage::Contacted,
        message_count: 3,
        business_domain: true,
        email: true,
        phone: false,
        company: false,
        position: true,
    };

    #[test]
    fn a_reason_says_what_speaks_for_the_lead_and_what_would_help_in_either_language() {
        let points = cold_start(&LEAD).points;
        assert_eq!(
            reason(&LEAD, &points, Language::En),
            "For it: it comes from a partner (+0.30), its business domain is known (+0.15), they \
             were reached (+0.10), 3 messages (+0.08), there is a way to reach them (+0.07). It \
             would help to know: a phone number, company and position."
        );
        assert_eq!(
            reason(&LEAD, &points, Language::Uk),
            "На користь: прийшов від партнера (+0.30), відомий напрям (+0.15), контакт \
             встановлено (+0.10), 3 повідомлення (+0.08), є спосіб зв’язку (+0.07). Допомогло б \
             дізнатися: телефон, компанію й посаду."
        );
    }

    #[test]
    fn ukrainian_counts_as_ukrainian_does() {
        let told: Vec<String> =
            [1, 2, 5, 11, 21, 112].map(|many| in_ukrainian(Reason::Messages(many))).to_vec();
        assert_eq!(
            told,
            [
                "1 повідомлення",
                "2 повідомлення",
                "5 повідомлень",
                "11 повідомлень",
                "21 повідомлення",
                "112 повідомлень"
            ]
        );
    }
}
