//! How to reach a person, each way parsed once and normalised so that the same person is found
//! again.

use super::text::{Company, Country, FullName, InvalidText, JobTitle};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A way to reach somebody was not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContact {
    /// Not an e-mail address.
    #[error("not an e-mail address: expected something like name@example.com")]
    Email,
    /// Not a phone number of any country, or a local one without a country.
    #[error("not a phone number: expected the international form, such as +380671234567")]
    Phone,
    /// Not a Telegram user name.
    #[error(
        "not a Telegram user name: 5 to 32 letters, digits and underscores, beginning with a letter"
    )]
    Telegram,
    /// Not a Telegram account number.
    #[error("not a Telegram account: expected a positive whole number")]
    TelegramUser,
    /// A part that is a text does not fit.
    #[error(transparent)]
    Text(#[from] InvalidText),
}

macro_rules! personal_text {
    ($name:ident, $schema:expr) => {
        impl TryFrom<String> for $name {
            type Error = InvalidContact;
            fn try_from(text: String) -> Result<Self, InvalidContact> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }

        impl $name {
            /// The value as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}

/// An e-mail address, lower-cased as a whole: nobody's two mailboxes differ by case alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl FromStr for Email {
    type Err = InvalidContact;
    fn from_str(text: &str) -> Result<Self, InvalidContact> {
        let text = text.trim();
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        email_address::EmailAddress::parse_with_options(text, options)
            .map(|email| Self(email.as_str().to_lowercase()))
            .map_err(|_| InvalidContact::Email)
    }
}

personal_text!(
    Email,
    schemars::json_schema!({ "type": "string", "format": "email", "maxLength": 320 })
);

/// A phone number in E.164, such as `+380671234567`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Parses a number as people write it; a local one is completed with the country's code.
    ///
    /// # Errors
    /// [`InvalidContact::Phone`] when no such number can exist.
    pub fn parse_in(text: &str, country: Option<&Country>) -> Result<Self, InvalidContact> {
        let country = country.and_then(Country::id);
        let number = phonenumber::parse(country, text.trim()).map_err(|_| InvalidContact::Phone)?;
        if !phonenumber::is_valid(&number) {
            return Err(InvalidContact::Phone);
        }
        Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string()))
    }
}

impl FromStr for Phone {
    type Err = InvalidContact;
    fn from_str(text: &str) -> Result<Self, InvalidContact> {
        // What was parsed once is read back cheaply: E.164 is a plus and 7 to 15 digits.
        let text = text.trim();
        let digits = text.strip_prefix('+').ok_or(InvalidContact::Phone)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(text.to_owned())) } else { Self::parse_in(text, None) }
    }
}

personal_text!(
    Phone,
    schemars::json_schema!({ "type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$" })
);

/// A Telegram user name without the `@`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TelegramUsername(String);

impl TelegramUsername {
    /// The form in which two spellings of one name are equal.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for TelegramUsername {
    type Err = InvalidContact;
    fn from_str(text: &str) -> Result<Self, InvalidContact> {
        let text = text.trim();
        let name = ["https://t.me/", "http://t.me/", "t.me/", "@"]
            .into_iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text);
        let fits = (5..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits { Ok(Self(name.to_owned())) } else { Err(InvalidContact::Telegram) }
    }
}

personal_text!(
    TelegramUsername,
    schemars::json_schema!({ "type": "string", "minLength": 5, "maxLength": 32 })
);

/// The number of a Telegram account. Personal: hides itself.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct TelegramUserId(i64);

impl TelegramUserId {
    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for TelegramUserId {
    type Error = InvalidContact;
    fn try_from(number: i64) -> Result<Self, InvalidContact> {
        if number > 0 { Ok(Self(number)) } else { Err(InvalidContact::TelegramUser) }
    }
}

impl From<TelegramUserId> for i64 {
    fn from(id: TelegramUserId) -> Self {
        id.0
    }
}

impl fmt::Debug for TelegramUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TelegramUserId(***)")
    }
}

/// Who a lead is and how to reach them. All of it personal, all of it sealed together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The person's full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<FullName>,
    /// Where they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// As what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<JobTitle>,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Their phone number, E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Their Telegram user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telegram: Option<TelegramUsername>,
}

impl Contact {
    /// Whether there is one way at least to reach the person.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        self.email.is_some() || self.phone.is_some() || self.telegram.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_found_again_however_it_was_written() {
        let ukraine = Country::parse("UA").unwrap();
        for text in ["067 123 45 67", "+380 (67) 123-45-67", "380671234567"] {
            let phone = Phone::parse_in(text, Some(&ukraine)).unwrap();
            assert_eq!(phone.as_str(), "+380671234567", "{text}");
        }
        assert_eq!(Phone::parse_in("067 123 45 67", None), Err(InvalidContact::Phone));
        assert!("12".parse::<Phone>().is_err());
        assert_eq!(format!("{:?}", "+380671234567".parse::<Phone>().unwrap()), "Phone(***)");
    }

    #[test]
    fn an_email_is_found_again_whatever_its_case() {
        assert_eq!("Olena@Example.COM".parse::<Email>().unwrap().as_str(), "olena@example.com");
        for bad in ["olena", "olena@", "@example.com", "a b@example.com", "x@localhost"] {
            assert_eq!(bad.parse::<Email>(), Err(InvalidContact::Email), "{bad}");
        }
    }

    #[test]
    fn a_telegram_name_is_found_again_as_a_link() {
        let name: TelegramUsername = "https://t.me/Olena_P".parse().unwrap();
        assert_eq!(name.normalised(), "olena_p");
        assert!("@abc".parse::<TelegramUsername>().is_err());
        assert!(TelegramUserId::try_from(-5).is_err());
    }
}
