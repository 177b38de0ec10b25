//! The pace and the limits of sockets.

use ael_service::{ConfigError, Env};
use std::time::Duration;

/// The largest message of a client, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4_096;

/// Pace and limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many sockets this process holds, from `AEL_HTTP_SOCKETS` (20,000).
    pub most: usize,
    /// How many of them with one credential, from `AEL_HTTP_SOCKETS_PER_TOKEN` (50).
    pub most_per_caller: usize,
    /// How many notices of a workspace a slow reader may be behind.
    pub queue: usize,
    /// How often we send a ping.
    pub heartbeat: Duration,
    /// How long a client may say nothing, not even a pong.
    pub silence: Duration,
    /// How long a client may take nothing.
    pub stuck_after: Duration,
    /// After how long a client that was told something is told a new cursor.
    pub cursor_every: Duration,
    /// After how long any client is; and how long a notice that got lost is missed at most.
    pub idle_cursor_every: Duration,
    /// Over how long sockets ask what they missed while the bus was away.
    pub gap_spread: Duration,
    /// How long it is asked what was missed before a client is sent away.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            most: 20_000,
            most_per_caller: 50,
            queue: 256,
            heartbeat: Duration::from_secs(25),
            silence: Duration::from_secs(60),
            stuck_after: Duration::from_secs(10),
            cursor_every: Duration::from_secs(30),
            idle_cursor_every: Duration::from_secs(300),
            gap_spread: Duration::from_secs(3),
            patience: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// Reads `AEL_HTTP_SOCKETS` and `AEL_HTTP_SOCKETS_PER_TOKEN`.
    ///
    /// # Errors
    /// Names the variable that is malformed.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        const EXPECTS: &str = "a number from 1 to 1000000";
        let mut options = Self::default();
        for (name, value) in [
            ("AEL_HTTP_SOCKETS", &mut options.most),
            ("AEL_HTTP_SOCKETS_PER_TOKEN", &mut options.most_per_caller),
        ] {
            *value = env.or(name, EXPECTS, *value)?;
            if !(1..=1_000_000).contains(value) {
                return Err(ConfigError::malformed(name, EXPECTS));
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_read_and_nonsense_is_refused_by_name() {
        let read = |value| Options::read(&Env::of([("AEL_HTTP_SOCKETS", value)]));
        assert_eq!(read("7").unwrap().most, 7);
        assert_eq!(Options::read(&Env::default()).unwrap().most, 20_000);
        for nonsense in ["0", "many", "-1", "1000001"] {
            assert!(read(nonsense).unwrap_err().to_string().contains("AEL_HTTP_SOCKETS"));
        }
    }
}
