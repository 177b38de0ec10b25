//! Texts that people write: trimmed, in Unicode normal form C, without control characters, of a
//! stated length.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// A text did not fit the value that it was meant for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("{what} is empty")]
    Empty {
        /// The value's name.
        what: &'static str,
    },
    /// Fewer characters than the value needs.
    #[error("{what} is too short: {min} characters at least")]
    TooShort {
        /// The value's name.
        what: &'static str,
        /// Characters needed.
        min: usize,
    },
    /// More characters than the value takes.
    #[error("{what} is too long: {max} characters at most")]
    TooLong {
        /// The value's name.
        what: &'static str,
        /// Characters taken.
        max: usize,
    },
    /// A character that has no place there.
    #[error("{what} has a character that is not allowed ({allowed})")]
    Character {
        /// The value's name.
        what: &'static str,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// Not one of the names that there are.
    #[error("{what} is not known: expected {expected}")]
    Unknown {
        /// The value's name.
        what: &'static str,
        /// What is known, in words.
        expected: &'static str,
    },
}

fn hides(c: char) -> bool {
    // Bidirectional overrides and other invisible characters can make a name read as another.
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{200b}')
}

fn clean(
    text: &str,
    what: &'static str,
    (min, max): (usize, usize),
    lines: bool,
) -> Result<String, InvalidText> {
    let text = text.trim();
    // Nearly every text is normal already, and each is read again with every event that holds it.
    let text: String = match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    };
    if text.is_empty() {
        return Err(InvalidText::Empty { what });
    }
    let count = text.chars().count();
    if count < min {
        return Err(InvalidText::TooShort { what, min });
    }
    if count > max {
        return Err(InvalidText::TooLong { what, max });
    }
    let refused =
        |c: char| (c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) || hides(c);
    if text.chars().any(refused) {
        let allowed =
            if lines { "printable characters and line breaks" } else { "printable characters" };
        return Err(InvalidText::Character { what, allowed });
    }
    Ok(text)
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal..=$max:literal,
     lines: $lines:literal, shown: $shown:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the value.
            ///
            /// # Errors
            /// [`InvalidText`] says what is wrong with it.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                clean(text, $what, ($min, $max), $lines).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;
            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidText;
            fn from_str(text: &str) -> Result<Self, InvalidText> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                f.write_str(if $shown { &self.0 } else { "***" })?;
                f.write_str(")")
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": $min, "maxLength": $max })
            }
        }
    };
}

text!(/// A person's full name. Personal: hides itself.
    FullName, "the full name", 1..=200, lines: false, shown: false);
text!(/// Where a person works. Personal: hides itself.
    Company, "the company", 1..=200, lines: false, shown: false);
text!(/// A person's position in their company. Personal: hides itself.
    JobTitle, "the position", 1..=200, lines: false, shown: false);
text!(/// What the person wants. Personal: hides itself.
    Intent, "the intent", 1..=4000, lines: true, shown: false);
text!(/// What the person is ready to spend, in their own words. Personal: hides itself.
    Budget, "the budget", 1..=200, lines: false, shown: false);
text!(/// What hurts the person. Personal: hides itself.
    PainPoint, "the pain point", 1..=1000, lines: true, shown: false);
text!(/// A note on a lead. Personal: hides itself.
    NoteText, "the note", 1..=4000, lines: true, shown: false);
text!(/// A question to the assistant. Personal: hides itself.
    QuestionText, "the question", 1..=2000, lines: true, shown: false);
text!(/// A conversation with the assistant, named by whoever holds it. Hides itself.
    ConversationName, "the conversation's name", 1..=64, lines: false, shown: false);
text!(/// A free-text reason. Personal: hides itself.
    ReasonText, "the reason", 1..=1000, lines: true, shown: false);
text!(/// A reason that has to say something: at least ten characters. Personal: hides itself.
    Justification, "the reason", 10..=1000, lines: true, shown: false);
text!(/// The name of a file. Personal: hides itself.
    FileName, "the file name", 1..=255, lines: false, shown: false);
text!(/// A member's name. Personal: hides itself.
    MemberName, "the member's name", 1..=200, lines: false, shown: false);
text!(/// What a token is for, in its owner's words. Hides itself.
    TokenLabel, "the token's label", 1..=100, lines: false, shown: false);
text!(/// A workspace's name.
    WorkspaceName, "the workspace's name", 1..=100, lines: false, shown: true);
text!(/// A word of the workspace's own vocabulary.
    Tag, "the tag", 1..=60, lines: false, shown: true);
text!(/// A lead's name in another system. May be personal there: hides itself.
    ExternalId, "the external id", 1..=200, lines: false, shown: false);
text!(/// Another system, as a mapping names it.
    Origin, "the origin", 1..=100, lines: false, shown: true);
text!(/// Who made an analysis: a model's name and version.
    ModelName, "the model's name", 1..=100, lines: false, shown: true);
text!(/// Which prompt an analysis was made with, or `local`.
    PromptVersion, "the prompt's version", 1..=64, lines: false, shown: true);

text!(/// A person's name at an OpenID Connect provider (`sub`), written as it writes it. Personal:
    /// hides itself.
    IdentitySubject, "the subject", 1..=255, lines: false, shown: false);

/// What justifies a decision is its reason.
impl From<Justification> for ReasonText {
    fn from(justification: Justification) -> Self {
        Self(justification.0)
    }
}

/// A business domain: lower-case letters, digits and hyphens, 1 to 40, such as `first`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainSlug(String);

impl DomainSlug {
    /// Parses a slug.
    ///
    /// # Errors
    /// [`InvalidText`] when it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        const WHAT: &str = "the business domain";
        let text = clean(text, WHAT, (1, 40), false)?.to_lowercase();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.chars().all(fits) {
            Ok(Self(text))
        } else {
            Err(InvalidText::Character { what: WHAT, allowed: "a–z, 0–9 and hyphens" })
        }
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A country: two letters of ISO 3166-1, upper case, such as `UA`. Its dialling code completes
/// local phone numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

impl Country {
    /// Parses a country code.
    ///
    /// # Errors
    /// [`InvalidText`] when it isn't a country that phone numbers know.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim().to_uppercase();
        match text.parse::<phonenumber::country::Id>() {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err(InvalidText::Unknown {
                what: "the country",
                expected: "two letters of ISO 3166-1, such as UA",
            }),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn id(&self) -> Option<phonenumber::country::Id> {
        self.0.parse().ok()
    }
}

/// An IANA time zone, such as `Europe/Kyiv`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

impl TimeZone {
    /// Parses the name of a time zone, written as the IANA writes it.
    ///
    /// # Errors
    /// [`InvalidText`] when the IANA knows no such time zone.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        match text.trim().parse::<chrono_tz::Tz>() {
            Ok(zone) => Ok(Self(zone.name().to_owned())),
            Err(_) => Err(InvalidText::Unknown {
                what: "the time zone",
                expected: "a name of the IANA, such as Europe/Kyiv",
            }),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What was looked at, as a fingerprint: 1 to 64 hexadecimal digits (a SHA-256, as a rule).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FeatureHash(String);

impl FeatureHash {
    /// Parses a fingerprint.
    ///
    /// # Errors
    /// [`InvalidText`] when it is empty, too long or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        const WHAT: &str = "the fingerprint of the features";
        let text = clean(text, WHAT, (1, 64), false)?;
        if text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            Ok(Self(text))
        } else {
            Err(InvalidText::Character { what: WHAT, allowed: "0–9 and a–f" })
        }
    }

    /// The hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An OpenID Connect provider: its address as its tokens have it in `iss`, such as
/// `https://login.example.com/realms/sales`. A slash at the end counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityIssuer(String);

impl IdentityIssuer {
    /// Parses an issuer.
    ///
    /// # Errors
    /// [`InvalidText`] when it is empty, too long or no address.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        const WHAT: &str = "the issuer";
        let text = clean(text, WHAT, (1, 255), false)?;
        let place = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match place {
            Some(place) if place.chars().any(|c| c.is_whitespace() || matches!(c, '?' | '#')) => {
                let allowed = "an address without spaces, query and fragment";
                Err(InvalidText::Character { what: WHAT, allowed })
            }
            Some(place) if !place.is_empty() => Ok(Self(text)),
            Some(_) | None => {
                let expected = "an address such as https://login.example.com";
                Err(InvalidText::Unknown { what: WHAT, expected })
            }
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! strings {
    ($($name:ident: $schema:tt),* $(,)?) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidText;
            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidText;
            fn from_str(text: &str) -> Result<Self, InvalidText> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    )*};
}

strings!(
    DomainSlug: { "type": "string", "pattern": "^[a-z0-9-]{1,40}$" },
    Country: { "type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2" },
    TimeZone: { "type": "string", "description": "IANA time zone", "examples": ["Europe/Kyiv"] },
    FeatureHash: { "type": "string", "pattern": "^[0-9a-f]{1,64}$" },
    IdentityIssuer: { "type": "string", "format": "uri", "maxLength": 255 },
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_hides_itself() {
        let name = FullName::parse("  Олена Петренко ").unwrap();
        assert_eq!(name.as_str(), "Олена Петренко");
        assert_eq!(format!("{name:?}"), "FullName(***)");
    }

    #[test]
    fn a_text_that_says_nothing_or_hides_something_is_refused() {
        assert!(matches!(FullName::parse(" \n "), Err(InvalidText::Empty { .. })));
        assert!(matches!(FullName::parse("a\u{0}b"), Err(InvalidText::Character { .. })));
        assert!(matches!(FullName::parse("abc\u{202e}cba"), Err(InvalidText::Character { .. })));
        assert!(matches!(FullName::parse(&"x".repeat(201)), Err(InvalidText::TooLong { .. })));
        assert!(matches!(Justification::parse("because"), Err(InvalidText::TooShort { .. })));
        assert!(NoteText::parse("two\nlines").is_ok());
    }

    #[test]
    fn a_domain_is_a_slug_and_a_country_exists() {
        assert_eq!(DomainSlug::parse("First").unwrap().as_str(), "first");
        assert!(DomainSlug::parse("перший").is_err());
        assert_eq!(Country::parse("ua").unwrap().as_str(), "UA");
        for none in ["XX", "UKR", "380", "001", ""] {
            assert!(Country::parse(none).is_err(), "{none:?} is no country");
        }
    }

    #[test]
    fn a_time_zone_is_one_that_the_iana_knows() {
        for known in ["Europe/Kyiv", "Europe/Kiev", "America/New_York", "UTC"] {
            assert_eq!(TimeZone::parse(known).unwrap().as_str(), known);
        }
        for unknown in ["Kyiv", "Europe/Atlantis", "+02:00", "", "europe kyiv"] {
            assert!(TimeZone::parse(unknown).is_err(), "{unknown:?} is no time zone");
        }
    }

    #[test]
    fn an_issuer_is_an_address_and_keeps_its_last_slash() {
        for issuer in ["https://login.example.com/", "https://login.example.com", "http://[::1]:1"]
        {
            assert_eq!(IdentityIssuer::parse(issuer).unwrap().as_str(), issuer);
        }
        for none in ["", "login.example.com", "https://", "https://a b", "https://a?b", "ftp://a"] {
            assert!(IdentityIssuer::parse(none).is_err(), "{none:?} is no issuer");
        }
    }

    #[test]
    fn what_an_analysis_and_an_import_say_about_themselves_is_bounded() {
        assert!(Origin::parse("hubspot").is_ok() && Origin::parse(&"x".repeat(101)).is_err());
        assert!(ModelName::parse("gpt-4o-mini").is_ok() && ModelName::parse(" ").is_err());
        assert!(PromptVersion::parse("local").is_ok() && PromptVersion::parse("a\nb").is_err());
        assert!(FeatureHash::parse(&"0f".repeat(32)).is_ok());
        for no_hash in ["", "0g", &"0f".repeat(33)] {
            assert!(FeatureHash::parse(no_hash).is_err(), "{no_hash:?} is no fingerprint");
        }
    }
}
