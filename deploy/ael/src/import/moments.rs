//! Moments and amounts as files write them.

use crate::import::mapping::Moment;
use ael_events::values::{Currency, Money};
use anyhow::Context as _;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};

/// How a file writes moments.
#[derive(Debug)]
pub struct Clock {
    formats: Vec<String>,
    offset: FixedOffset,
}

impl Clock {
    /// The clock of a mapping.
    pub fn new(moment: &Moment) -> anyhow::Result<Self> {
        let offset = moment.utc_offset.as_deref().unwrap_or("+00:00");
        let offset = offset
            .parse()
            .with_context(|| format!("utc_offset {offset:?} is none: write it like +02:00"))?;
        Ok(Self { formats: moment.formats.clone(), offset })
    }

    /// Reads a moment.
    pub fn read(&self, text: &str) -> Option<DateTime<Utc>> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Some(moment.with_timezone(&Utc));
        }
        let local = self.formats.iter().find_map(|format| {
            let day = || NaiveDate::parse_from_str(text, format).ok()?.and_hms_opt(0, 0, 0);
            NaiveDateTime::parse_from_str(text, format).ok().or_else(day)
        })?;
        Some(self.offset.from_local_datetime(&local).single()?.with_timezone(&Utc))
    }
}

/// Reads an amount in major units as people write it: `1 250,50`, `1,250.50`, `1250`.
pub fn amount(text: &str, currency: Currency) -> Option<Money> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{a0}').collect();
    let digits = usize::from(currency.exponent());
    let point = text.rfind(['.', ',']).filter(|at| {
        // A last group of three digits after a comma or point is thousands, unless it stands
        // beside the other mark or the currency writes three digits.
        let rest = text.len() - at - 1;
        rest <= digits && rest > 0 && (rest != 3 || digits == 3)
    });
    let (whole, fraction) = match point {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text.as_str(), ""),
    };
    let whole: String = whole.chars().filter(|c| !matches!(c, '.' | ',' | '\'')).collect();
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(&whole) || !is_number(fraction) {
        return None;
    }
    let minor = format!("{whole}{fraction:0<digits$}").parse().ok()?;
    Money::new(minor, currency).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(formats: &[&str], offset: &str) -> Clock {
        let formats = formats.iter().map(|format| (*format).to_owned()).collect();
        Clock::new(&Moment { column: "x".into(), formats, utc_offset: Some(offset.into()) })
            .unwrap()
    }

    #[test]
    fn a_moment_is_read_in_the_formats_of_the_mapping_and_on_its_clock() {
        let clock = clock(&["%d.%m.%Y %H:%M", "%d.%m.%Y"], "+02:00");
        let read = |text| clock.read(text).map(|moment| moment.to_rfc3339());
        assert_eq!(read("05.03.2026 10:30").unwrap(), "2026-03-05T08:30:00+00:00");
        assert_eq!(read("05.03.2026").unwrap(), "2026-03-04T22:00:00+00:00");
        assert_eq!(read("2026-03-05T10:30:00Z").unwrap(), "2026-03-05T10:30:00+00:00");
        assert_eq!(read("5 March"), None);
    }

    #[test]
    fn an_amount_is_read_however_people_group_it() {
        let uah: Currency = "UAH".parse().unwrap();
        let minor = |text| amount(text, uah).map(Money::amount_minor);
        assert_eq!(minor("1250"), Some(125_000));
        assert_eq!(minor("1 250,50"), Some(125_050));
        assert_eq!(minor("1,250.5"), Some(125_050));
        assert_eq!(minor("1,250"), Some(125_000));
        assert_eq!(minor("12,5"), Some(1_250));
        assert_eq!(minor("-5"), None);
        assert_eq!(minor("much"), None);
        assert_eq!(amount("500", "JPY".parse().unwrap()).map(Money::amount_minor), Some(500));
    }
}
