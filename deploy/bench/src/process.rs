//! What a process uses, as the kernel counts it.

use anyhow::Context as _;
use std::fs;
use std::time::Duration;

/// Ticks of the kernel's clock in a second, as Linux shows them to programs.
const TICKS: f64 = 100.0;

/// What a process uses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Memory that is resident, in MB.
    pub(crate) resident_mb: f64,
    /// The same with what is shared counted by its share, in MB.
    pub(crate) share_mb: f64,
    /// The most that was ever resident, in MB.
    pub(crate) peak_mb: f64,
    /// The processor time that it used so far.
    pub(crate) processor: Duration,
}

impl Usage {
    /// Looks at a process.
    pub(crate) fn of(pid: i32) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))
        };
        let status = read("status")?;
        let share = read("smaps_rollup").unwrap_or_default();
        Ok(Self {
            resident_mb: megabytes(&status, "VmRSS:"),
            share_mb: megabytes(&share, "Pss:"),
            peak_mb: megabytes(&status, "VmHWM:"),
            processor: processor(&read("stat")?),
        })
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            resident_mb: self.resident_mb + other.resident_mb,
            share_mb: self.share_mb + other.share_mb,
            peak_mb: self.peak_mb + other.peak_mb,
            processor: self.processor + other.processor,
        }
    }
}

/// The value of a line such as `VmRSS:   1234 kB`.
fn megabytes(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1_024.0 / 1_000_000.0
}

/// The 14th and 15th words; the second is a name in brackets that may hold spaces.
fn processor(stat: &str) -> Duration {
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    Duration::from_secs_f64(ticks / TICKS)
}

/// A process and everything that it started.
pub(crate) fn family(pid: i32) -> Vec<i32> {
    let mut family = vec![pid];
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let child: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
            let after = stat.rsplit_once(')')?.1;
            Some((child, after.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    family
}

/// What a process and everything that it started use together; who is gone uses nothing.
pub(crate) fn usage_of_family(pid: i32) -> Usage {
    let usage = |pid: i32| Usage::of(pid).unwrap_or_default();
    family(pid).into_iter().map(usage).fold(Usage::default(), Usage::and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_use_memory_and_time_ourselves() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let usage = Usage::of(pid).unwrap();
        assert!(usage.resident_mb > 1.0 && usage.peak_mb >= usage.resident_mb, "{usage:?}");
        assert!(family(pid).contains(&pid));
    }

    #[test]
    fn a_name_with_a_space_and_a_bracket_does_not_confuse() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 5 1 1";
        assert_eq!(processor(stat), Duration::from_secs(3));
    }
}
