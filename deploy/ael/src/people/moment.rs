//! Moments as people type and read them.

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Reads a moment: `2026-03-05T10:30:00Z`, `2026-03-05 10:30`, `2026-03-05`, or `2h ago`. UTC, when
/// no clock is named.
pub fn parse(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.with_timezone(&Utc));
    }
    for format in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(moment) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(moment.and_utc());
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc()).context("no such day");
    }
    let ago = text.strip_suffix("ago").unwrap_or(text);
    let ago = humantime::parse_duration(ago.trim()).ok();
    let ago = ago.and_then(|ago| chrono::Duration::from_std(ago).ok());
    ago.and_then(|ago| Utc::now().checked_sub_signed(ago)).with_context(|| {
        format!("{text:?} is no moment: try 2026-03-05, \"2026-03-05 10:30\" or \"2h ago\" (UTC)")
    })
}

/// A moment to the minute, UTC.
pub fn shown(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_typed_as_people_do() {
        let rfc = |text| parse(text).unwrap().to_rfc3339();
        assert_eq!(rfc("2026-03-05"), "2026-03-05T00:00:00+00:00");
        assert_eq!(rfc("2026-03-05 10:30"), "2026-03-05T10:30:00+00:00");
        assert_eq!(rfc("2026-03-05T10:30:00+02:00"), "2026-03-05T08:30:00+00:00");
        let ago = Utc::now() - parse("2h ago").unwrap();
        assert!((ago.num_minutes() - 120).abs() <= 1);
        assert!(parse("yesterday-ish").unwrap_err().to_string().contains("2h ago"));
    }
}
