//! Texts: nothing is missing in either language, and either counts as its people do.

use super::*;
use ael_words::check::{code_below, keys, put_in, torn};
use std::collections::BTreeSet;

/// Families of keys whose last part is a word of the house.
const FAMILIES: [&str; 17] = [
    "stage-", "sale-", "source-", "tier-", "advice-", "stale-", "reason-", "role-", "contact-",
    "missing-", "field-", "flow-", "event-", "changed-", "refused-", "wrong-", "command-",
];

#[test]
fn both_languages_say_the_same_things_about_the_same() {
    assert_eq!(keys(EN), keys(UK));
    assert_eq!(put_in(EN), put_in(UK));
    for text in [EN, UK] {
        assert_eq!(torn(text), None);
    }
}

#[test]
fn what_the_code_says_has_words_and_no_words_are_left_over() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let code = code_below(&folder).unwrap();
    let said = regex::Regex::new(r#"\b(?:say|html|plain|button)\(\s*"([a-z][a-z-]+)""#).unwrap();
    let said: BTreeSet<&str> =
        said.captures_iter(&code).filter_map(|it| it.get(1)).map(|it| it.as_str()).collect();
    let known = keys(EN);
    assert!(said.len() > 100, "{}", said.len());
    let unknown: Vec<_> = said.difference(&known).collect();
    assert!(unknown.is_empty(), "no words for {unknown:?}");
    let mentioned = |key: &&&str| {
        FAMILIES.iter().any(|family| key.starts_with(family))
            || code.contains(&format!("\"{key}\""))
    };
    let left: Vec<_> = known.difference(&said).filter(|key| !mentioned(key)).collect();
    assert!(left.is_empty(), "nobody says {left:?}");
}

#[test]
fn the_words_of_the_house_have_words_in_either_language() {
    use crate::talk::tap::Field;
    use ael_events::values::{
        LostReason, Recommendation, Role, SaleStage, Source, Stage, StaleReason, Tier,
    };
    let of = |family: &str, names: Vec<&str>| -> Vec<String> {
        names.iter().map(|name| format!("{family}-{}", name.replace('_', "-"))).collect()
    };
    let all = [
        of("stage", Stage::ALL.iter().map(|it| it.as_str()).collect()),
        of("sale", SaleStage::ALL.iter().map(|it| it.as_str()).collect()),
        of("source", Source::ALL.iter().map(|it| it.as_str()).collect()),
        of("tier", Tier::ALL.iter().map(|it| it.as_str()).collect()),
        of("reason", LostReason::ALL.iter().map(|it| it.as_str()).collect()),
        of("advice", Recommendation::ALL.iter().map(|it| it.as_str()).collect()),
        of("stale", StaleReason::ALL.iter().map(|it| it.as_str()).collect()),
        of("role", Role::ALL.iter().map(|it| it.as_str()).collect()),
        of("field", Field::ALL.iter().map(|it| it.2).collect()),
        of("contact", vec!["email", "phone", "telegram", "contact"]),
        of("missing", vec!["way_to_reach", "full_name", "business_domain"]),
    ];
    for (name, about) in crate::talk::command_list(Language::Uk) {
        assert!(!about.starts_with("command-") && about.chars().count() <= 256, "{name}");
    }
    for key in all.concat() {
        assert!(keys(EN).contains(key.as_str()), "{key}");
    }
    for name in ael_events::event::LeadEvent::WIRE_NAMES
        .iter()
        .chain(ael_events::event::SaleEvent::WIRE_NAMES)
    {
        let kind = name.rsplit_once('.').unwrap().0;
        let key = format!("event-{}", kind.replace(['.', '_'], "-"));
        assert!(keys(EN).contains(key.as_str()), "{key}");
    }
}

#[test]
fn either_language_counts_as_its_people_do() {
    let days = |language, count: i64| Voice(language).plain("ago-days", [("count", count.into())]);
    let said: Vec<String> = [1, 2, 5, 11, 21].map(|it| days(Language::Uk, it)).to_vec();
    let expected = ["1 день тому", "2 дні тому", "5 днів тому", "11 днів тому", "21 день тому"];
    assert_eq!(said, expected);
    assert_eq!(days(Language::En, 1), "1 day ago");
    assert_eq!(days(Language::En, 21), "21 days ago");
}

#[test]
fn what_is_put_into_html_is_escaped_and_into_a_button_is_not() {
    let put = || [("name", Put::from("<b>A</b>"))];
    assert_eq!(Voice(Language::En).html("open-lead", put()), "👤 &lt;b&gt;A&lt;/b&gt;");
    assert_eq!(Voice(Language::En).plain("open-lead", put()), "👤 <b>A</b>");
}

#[test]
fn telegram_says_in_which_language_somebody_is_greeted() {
    let of = |code| language_of(Some(code));
    assert_eq!((of("uk"), of("uk-UA"), of("ru")), (Language::Uk, Language::Uk, Language::Uk));
    assert_eq!(
        (of("en"), of("de"), of(""), of("ї")),
        (Language::En, Language::En, Language::En, Language::En)
    );
    assert_eq!(language_of(None), Language::En);
}
