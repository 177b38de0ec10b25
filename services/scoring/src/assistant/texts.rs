//! What the assistant says, in either language: one file each, in Fluent's form, which knows how a
//! language counts.

use ael_events::values::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

const EN: &str = include_str!("texts/en.ftl");
const UK: &str = include_str!("texts/uk.ftl");

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", EN));
static UKRAINIAN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("uk", UK));

/// A text that a test found whole is taken as far as it can be read.
fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Marks around what is put in would be seen by programs that compare plain text.
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(text.to_owned()) {
        Ok(whole) => whole,
        Err((partly, errors)) => {
            tracing::error!(?errors, "some of the assistant's texts cannot be read");
            partly
        }
    };
    bundle.add_resource_overriding(resource);
    bundle
}

/// The assistant's voice, in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Voice(pub(crate) Language);

impl Voice {
    fn bundle(self) -> &'static FluentBundle<FluentResource> {
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
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, "the assistant has no words for this");
            return key.to_owned();
        };
        let args: FluentArgs<'a> = put_in.into_iter().collect();
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "some of the assistant's words are missing");
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(text: &str) -> BTreeSet<&str> {
        let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        text.lines()
            .filter(is_key)
            .filter_map(|line| line.split_once(" ="))
            .map(|it| it.0)
            .collect()
    }

    /// What stands between braces as `$name`, by key.
    fn put_in(text: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut key = "";
        for line in text.lines() {
            if let Some((name, _)) = line.split_once(" =")
                && line.starts_with(|c: char| c.is_ascii_lowercase())
            {
                key = name;
            }
            for part in line.split('$').skip(1) {
                let name: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert((key.to_owned(), name));
            }
        }
        found
    }

    #[test]
    fn both_languages_say_the_same_things_about_the_same() {
        assert_eq!(keys(EN), keys(UK));
        assert_eq!(put_in(EN), put_in(UK));
        for text in [EN, UK] {
            let whole = FluentResource::try_new(text.to_owned());
            assert!(whole.is_ok(), "{:?}", whole.map_err(|(_, errors)| errors));
        }
    }

    #[test]
    fn what_the_code_says_has_words_and_no_words_are_left_over() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/assistant");
        let mut code = String::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|it| it == "rs") {
                    code += &std::fs::read_to_string(path).unwrap();
                }
            }
        }
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
