//! Money: whole minor units of one currency; sums never mix currencies.

use iso_currency::Currency as Iso;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An amount or its currency was not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a code of ISO 4217.
    #[error("not a currency: expected three letters of ISO 4217, such as UAH")]
    Currency,
    /// Below zero or absurdly large.
    #[error("not an amount: expected 0 to 10^15 minor units")]
    Amount,
    /// Two currencies in one sum.
    #[error("amounts of different currencies are never added")]
    Mixed,
}

/// A currency of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(Iso);

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many minor digits the currency writes: 2 for UAH, 0 for JPY.
    #[must_use]
    pub fn exponent(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        Iso::from_code(&text.trim().to_uppercase()).map(Self).ok_or(InvalidMoney::Currency)
    }
}

impl TryFrom<String> for Currency {
    type Error = InvalidMoney;
    fn try_from(text: String) -> Result<Self, InvalidMoney> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"
        })
    }
}

/// An amount of money: `amount_minor` whole minor units (kopiyky, cents) of `currency`, 0 to 10^15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "Unchecked")]
pub struct Money {
    amount_minor: i64,
    currency: Currency,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    amount_minor: i64,
    currency: Currency,
}

impl TryFrom<Unchecked> for Money {
    type Error = InvalidMoney;
    fn try_from(money: Unchecked) -> Result<Self, InvalidMoney> {
        Self::new(money.amount_minor, money.currency)
    }
}

impl Money {
    /// An amount in minor units.
    ///
    /// # Errors
    /// [`InvalidMoney::Amount`] below zero or above 10^15.
    pub const fn new(amount_minor: i64, currency: Currency) -> Result<Self, InvalidMoney> {
        if amount_minor < 0 || amount_minor > 1_000_000_000_000_000 {
            return Err(InvalidMoney::Amount);
        }
        Ok(Self { amount_minor, currency })
    }

    /// As people read it: digits in threes, and no minor digits where there are none.
    #[must_use]
    pub fn readable(&self) -> String {
        let written = self.to_string();
        let (amount, currency) = written.split_once(' ').unwrap_or((&written, ""));
        let (whole, minor) = amount.split_once('.').unwrap_or((amount, ""));
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            let left = whole.len() - at;
            if at > 0 && left.is_multiple_of(3) {
                grouped.push('\u{a0}');
            }
            grouped.push(digit);
        }
        let minor = match minor.trim_end_matches('0') {
            "" => String::new(),
            _ => format!(".{minor}"),
        };
        format!("{grouped}{minor}\u{a0}{currency}")
    }

    /// Whole minor units.
    #[must_use]
    pub const fn amount_minor(self) -> i64 {
        self.amount_minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`InvalidMoney::Mixed`] when the currencies differ, [`InvalidMoney::Amount`] when the sum is
    /// too large.
    pub fn plus(self, other: Self) -> Result<Self, InvalidMoney> {
        if self.currency != other.currency {
            return Err(InvalidMoney::Mixed);
        }
        Self::new(self.amount_minor.saturating_add(other.amount_minor), self.currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.currency.exponent());
        let unit = 10_i64.pow(u32::from(self.currency.exponent()));
        let (whole, rest) = (self.amount_minor / unit, self.amount_minor % unit);
        if digits == 0 {
            write!(f, "{whole} {}", self.currency)
        } else {
            write!(f, "{whole}.{rest:0digits$} {}", self.currency)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_never_mix_currencies() {
        let uah = Money::new(12_345, "UAH".parse().unwrap()).unwrap();
        let usd = Money::new(1, "usd".parse().unwrap()).unwrap();
        assert_eq!(uah.plus(usd), Err(InvalidMoney::Mixed));
        assert_eq!(uah.plus(uah).unwrap().to_string(), "246.90 UAH");
        assert_eq!(Money::new(500, "JPY".parse().unwrap()).unwrap().to_string(), "500 JPY");
    }

    #[test]
    fn a_wrong_amount_is_refused_wherever_it_comes_from() {
        assert!(serde_json::from_str::<Money>(r#"{"amount_minor":-1,"currency":"UAH"}"#).is_err());
        assert!(serde_json::from_str::<Money>(r#"{"amount_minor":1,"currency":"AEL"}"#).is_err());
    }
}
