//! Moments as files write them.

use crate::import::mapping::Moment;
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
}
