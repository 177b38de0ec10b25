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

/// Why a text is no amount.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    /// It is something else.
    #[error("not an amount, such as 1250.50")]
    NotOne,
    /// Its one mark may stand before a fraction or between thousands.
    #[error("ambiguous: write {0}")]
    Ambiguous(String),
}

/// Reads an amount in major units as people write it: `1 250,50`, `1,250.50`, `1250`. Three digits
/// behind the only mark are thousands or a fraction, nobody knows which: that is refused.
pub fn amount(text: &str, currency: Currency) -> Result<Money, BadAmount> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    let digits = usize::from(currency.exponent());
    let marks: Vec<(usize, char)> =
        text.char_indices().filter(|(_, c)| matches!(c, '.' | ',')).collect();
    let (whole, fraction) = match marks.last() {
        None => (text.as_str(), ""),
        Some((at, mark)) => {
            let (whole, rest) = (&text[..*at], &text[at + 1..]);
            let times = marks.iter().filter(|(_, other)| other == mark).count();
            if times == 1 && (1..=digits).contains(&rest.len()) {
                (whole, rest)
            } else if marks.len() == 1 && rest.len() == 3 {
                return Err(ambiguous(whole, rest, digits));
            } else if marks.len() > 1 && times == marks.len() {
                (text.as_str(), "")
            } else {
                return Err(BadAmount::NotOne);
            }
        }
    };
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped = groups.len() == 1
        || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let number = groups.concat();
    if groups[0].is_empty() || !grouped || !is_number(&number) || !is_number(fraction) {
        return Err(BadAmount::NotOne);
    }
    let minor = format!("{number}{fraction:0<digits$}").parse().map_err(|_| BadAmount::NotOne)?;
    Money::new(minor, currency).map_err(|_| BadAmount::NotOne)
}

fn ambiguous(whole: &str, rest: &str, digits: usize) -> BadAmount {
    let Ok(thousandths) = format!("{whole}{rest}").parse::<u32>() else {
        return BadAmount::NotOne;
    };
    let cents = thousandths.saturating_add(5) / 10;
    BadAmount::Ambiguous(if digits == 2 {
        format!("{thousandths} or {}.{:02}", cents / 100, cents % 100)
    } else {
        thousandths.to_string()
    })
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
        let minor = |text| amount(text, uah).ok().map(Money::amount_minor);
        assert_eq!(minor("1250"), Some(125_000));
        assert_eq!(minor("1 250,50"), Some(125_050));
        assert_eq!(minor("1,250.5"), Some(125_050));
        assert_eq!(minor("1,234.56"), Some(123_456));
        assert_eq!(minor("1 234,56"), Some(123_456));
        assert_eq!(minor("1.234.567"), Some(123_456_700));
        for unclear in ["123.456", "1,250", "1 234,567"] {
            let refused = amount(unclear, uah);
            assert!(matches!(refused, Err(BadAmount::Ambiguous(_))), "{unclear}");
        }
        assert_eq!((minor("12.3456"), minor("1,234.567"), minor("1.2.3")), (None, None, None));
        assert_eq!(minor("12,5"), Some(1_250));
        assert_eq!(minor("-5"), None);
        assert_eq!(minor("much"), None);
        let yen = amount("500", "JPY".parse().unwrap());
        assert_eq!(yen.map(Money::amount_minor), Ok(500));
    }
}
