//! What the assistant says, in either language: one file each, in Fluent's form, which knows how a
//! language counts.

use ael_events::values::Language;
use ael_words::Texts;
use fluent_bundle::{FluentArgs, FluentValue};
use std::sync::LazyLock;

const EN: &str = include_str!("texts/en.ftl");
const UK: &str = include_str!("texts/uk.ftl");

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::read("en", EN));
static UKRAINIAN: LazyLock<Texts> = LazyLock::new(|| Texts::read("uk", UK));

/// The assistant's voice, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Voice(pub(crate) Language);

impl Voice {
    fn texts(self) -> &'static Texts {
        match self.0 {
            Language::Uk => &UKRAINIAN,
            Language::En => &ENGLISH,
        }
    }

    /// Says something that needs nothing put in.
    pub(crate) fn say(self, key: &str) -> String {
        self.say_with(key, [])
    }

    /// Says something with these put in.
    pub(crate) fn say_with<'a, const N: usize>(
        self,
        key: &str,
        put_in: [(&'static str, FluentValue<'a>); N],
    ) -> String {
        let put_in: FluentArgs<'a> = put_in.into_iter().collect();
        self.texts().say(key, &put_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_words::check::{code_below, keys, put_in, torn};
    use std::collections::BTreeSet;

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
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/assistant");
        let code = code_below(&folder).unwrap();
        let said = regex::Regex::new(r#"\bsay(?:_with)?\(\s*"([a-z_-]+)""#).unwrap();
        let said: BTreeSet<&str> =
            said.captures_iter(&code).filter_map(|it| it.get(1)).map(|it| it.as_str()).collect();
        let known = keys(EN);
        assert!(said.len() > 50);
        let unknown: Vec<_> = said.difference(&known).collect();
        assert!(unknown.is_empty(), "no words for {unknown:?}");
        // Words of the house's own vocabulary are said by their wire names.
        let families = [
            "stage-",
            "sale-",
            "source-",
            "tier-",
            "tiers-",
            "reason-",
            "recommendation-",
            "channel-",
            "since-",
        ];
        let mentioned = |key: &&&str| {
            families.iter().any(|family| key.starts_with(family))
                || EN.contains(&format!("{{ {key} }}"))
                || code.contains(&format!("\"{key}\""))
        };
        let left: Vec<_> = known.difference(&said).filter(|key| !mentioned(key)).collect();
        assert!(left.is_empty(), "nobody says {left:?}");
    }

    #[test]
    fn the_words_of_the_house_have_words_in_either_language() {
        use ael_events::values::{
            Channel, LostReason, Recommendation, SaleStage, Source, Stage, Tier,
        };
        let of = |family: &str, names: Vec<&str>| -> Vec<String> {
            names.iter().map(|name| format!("{family}-{name}")).collect()
        };
        let all = [
            of("stage", Stage::ALL.iter().map(|it| it.as_str()).collect()),
            of("sale", SaleStage::ALL.iter().map(|it| it.as_str()).collect()),
            of("source", Source::ALL.iter().map(|it| it.as_str()).collect()),
            of("tier", Tier::ALL.iter().map(|it| it.as_str()).collect()),
            of("reason", LostReason::ALL.iter().map(|it| it.as_str()).collect()),
            of("recommendation", Recommendation::ALL.iter().map(|it| it.as_str()).collect()),
            of("channel", Channel::ALL.iter().map(|it| it.as_str()).collect()),
        ];
        for key in all.concat() {
            assert!(keys(EN).contains(key.as_str()), "{key}");
        }
    }

    #[test]
    fn either_language_counts_as_its_people_do() {
        let days =
            |language, count: i64| Voice(language).say_with("days", [("count", count.into())]);
        let said: Vec<String> = [1, 2, 5, 11, 21].map(|it| days(Language::Uk, it)).to_vec();
        assert_eq!(said, ["1 день", "2 дні", "5 днів", "11 днів", "21 день"]);
        assert_eq!(days(Language::En, 1), "1 day");
        assert_eq!(days(Language::En, 21), "21 days");
    }
}
