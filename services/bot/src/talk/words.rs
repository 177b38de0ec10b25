//! What the bot says, in either language: one file each, in Fluent's form, which knows how a
//! language counts.

use super::html::escaped;
use ael_events::values::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

const EN: &str = include_str!("../../i18n/en.ftl");
const UK: &str = include_str!("../../i18n/uk.ftl");

static ENGLISH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", EN));
static UKRAINIAN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("uk", UK));

/// A text that a test found whole is taken as far as it can be read.
fn bundle(language: &str, text: &str) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // What is put in isolates itself where it has to.
    bundle.set_use_isolating(false);
    let resource = match FluentResource::try_new(text.to_owned()) {
        Ok(whole) => whole,
        Err((partly, errors)) => {
            tracing::error!(?errors, "some of the bot's texts cannot be read");
            partly
        }
    };
    bundle.add_resource_overriding(resource);
    bundle
}

/// The language of a Telegram account: Ukrainian where it or a neighbour that reads it is set.
pub(crate) fn language_of(code: Option<&str>) -> Language {
    match code.map(|code| code.get(..2).unwrap_or(code)) {
        Some("uk" | "ru" | "be") => Language::Uk,
        Some(_) | None => Language::En,
    }
}

/// What is put into a text.
pub(crate) enum Put<'a> {
    Text(Cow<'a, str>),
    Number(i64),
}

impl<'a> From<&'a str> for Put<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Put<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Put<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

macro_rules! put_numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Put<'_> {
            fn from(number: $number) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        })+
    };
}
put_numbers!(i64, u64, u32, u16, usize);

/// The bot's voice, in one language.
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
        self.format(key, FluentArgs::new())
    }

    /// Says something as HTML: what is put in is escaped.
    pub(crate) fn html<const N: usize>(
        self,
        key: &str,
        put: [(&'static str, Put<'_>); N],
    ) -> String {
        self.format(key, args(put, |text| Cow::Owned(escaped(&text))))
    }

    /// Says something as plain text: for buttons and the words of a press.
    pub(crate) fn plain<const N: usize>(
        self,
        key: &str,
        put: [(&'static str, Put<'_>); N],
    ) -> String {
        self.format(key, args(put, |text| text))
    }

    /// Whether there are words for this.
    pub(crate) fn knows(self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    fn format(self, key: &str, args: FluentArgs<'_>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, "the bot has no words for this");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "some of the bot's words are missing");
        }
        said
    }
}

fn args<'a, const N: usize>(
    put: [(&'static str, Put<'a>); N],
    shown: impl Fn(Cow<'a, str>) -> Cow<'a, str>,
) -> FluentArgs<'a> {
    put.into_iter()
        .map(|(name, put)| {
            let value = match put {
                Put::Text(text) => FluentValue::String(shown(text)),
                Put::Number(number) => FluentValue::from(number),
            };
            (name, value)
        })
        .collect()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
