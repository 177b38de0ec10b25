//! What the bot says, in either language: one file each, in Fluent's form, which knows how a
//! language counts.

use super::html::escaped;
use ael_events::values::Language;
use ael_words::Texts;
use fluent_bundle::{FluentArgs, FluentValue};
use std::borrow::Cow;
use std::sync::LazyLock;

const EN: &str = include_str!("../../i18n/en.ftl");
const UK: &str = include_str!("../../i18n/uk.ftl");

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::read("en", EN));
static UKRAINIAN: LazyLock<Texts> = LazyLock::new(|| Texts::read("uk", UK));

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
    fn texts(self) -> &'static Texts {
        match self.0 {
            Language::Uk => &UKRAINIAN,
            Language::En => &ENGLISH,
        }
    }

    /// Says something that needs nothing put in.
    pub(crate) fn say(self, key: &str) -> String {
        self.texts().say(key, &FluentArgs::new())
    }

    /// Says something as HTML: what is put in is escaped.
    pub(crate) fn html<const N: usize>(
        self,
        key: &str,
        put: [(&'static str, Put<'_>); N],
    ) -> String {
        self.texts().say(key, &args(put, |text| Cow::Owned(escaped(&text))))
    }

    /// Says something as plain text: for buttons and the words of a press.
    pub(crate) fn plain<const N: usize>(
        self,
        key: &str,
        put: [(&'static str, Put<'_>); N],
    ) -> String {
        self.texts().say(key, &args(put, |text| text))
    }

    /// Whether there are words for this.
    pub(crate) fn knows(self, key: &str) -> bool {
        self.texts().knows(key)
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
