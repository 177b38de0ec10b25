//! What the bot needs to know: its bus, its token, and where Telegram is.

use ael_bus::BusSeal;
use ael_service::{BusConfig, ConfigError, Env};
use secrecy::{ExposeSecret as _, SecretString};
use std::net::SocketAddr;

const TOKEN: &str = "TELEGRAM_BOT_TOKEN";
const TOKEN_EXPECTS: &str = "the token that @BotFather gave, like 123456789:AAF…";
const API: &str = "TELEGRAM_API_URL";
const API_EXPECTS: &str = "the address of a Bot API server, like https://api.telegram.org";
const WEBHOOK: &str = "TELEGRAM_WEBHOOK_URL";
const WEBHOOK_EXPECTS: &str = "the public https:// address that Telegram sends updates to";
const SECRET: &str = "TELEGRAM_WEBHOOK_SECRET";
const SECRET_EXPECTS: &str = "1 to 256 characters of A-Z, a-z, 0-9, _ and -, which Telegram \
                              brings along with every update (required with TELEGRAM_WEBHOOK_URL)";

/// How the bot is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The bus, as `bot`.
    pub bus: BusConfig,
    /// Telegram; without a token the bot is off.
    pub telegram: Option<TelegramConfig>,
    /// The environment, for readiness and metrics.
    pub env: Env,
}

/// Who the bot is there and how updates come.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// From `TELEGRAM_BOT_TOKEN`.
    pub token: SecretString,
    /// The number of the bot, which its token begins with.
    pub bot_id: u64,
    /// From `TELEGRAM_API_URL`.
    pub api_url: String,
    /// How updates come.
    pub intake: IntakeConfig,
    /// Whether Telegram's limits are kept (`BOT_LIMITS`); off only to measure.
    pub limits: bool,
    /// What seals on the bus, from `AEL_BUS_KEY`.
    pub seal: BusSeal,
}

/// How updates come.
#[derive(Debug, Clone)]
pub enum IntakeConfig {
    /// We ask for them.
    Polling,
    /// Telegram sends them.
    Webhook {
        /// Where Telegram sends them to.
        url: String,
        /// What it brings along.
        secret: SecretString,
        /// Where we listen.
        address: SocketAddr,
    },
}

impl Config {
    /// Reads the bus's variables, `TELEGRAM_…`, `BOT_HTTP_ADDR`, `BOT_LIMITS` and `AEL_BUS_KEY`.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let telegram = TelegramConfig::read(env)?;
        Ok(Self { bus: BusConfig::read(env)?, telegram, env: env.clone() })
    }
}

impl TelegramConfig {
    /// The same without the bus; none, without a token.
    ///
    /// # Errors
    /// Names the variable that is missing or makes no sense.
    pub fn read(env: &Env) -> Result<Option<Self>, ConfigError> {
        const KEY: &str = "AEL_BUS_KEY";
        const KEY_EXPECTS: &str = "base64 of 32 bytes, several separated by commas";
        let Some(Outside { token, bot_id, api_url, intake, limits }) = Outside::read(env)? else {
            return Ok(None);
        };
        let key = env.secret(KEY, KEY_EXPECTS)?;
        let seal = BusSeal::parse(key.expose_secret())
            .map_err(|_| ConfigError::malformed(KEY, KEY_EXPECTS))?;
        Ok(Some(Self { token, bot_id, api_url, intake, limits, seal }))
    }

    /// Whether there is a bot, as far as it can be said without the key of the bus.
    ///
    /// # Errors
    /// Names the variable that makes no sense.
    pub fn is_there(env: &Env) -> Result<bool, ConfigError> {
        Ok(Outside::read(env)?.is_some())
    }
}

/// What is to be known of Telegram.
struct Outside {
    token: SecretString,
    bot_id: u64,
    api_url: String,
    intake: IntakeConfig,
    limits: bool,
}

impl Outside {
    fn read(env: &Env) -> Result<Option<Self>, ConfigError> {
        const LIMITS: &str = "BOT_LIMITS";
        let Some(token) = env.optional_secret(TOKEN) else { return Ok(None) };
        let bot_id = bot_id(token.expose_secret())
            .ok_or_else(|| ConfigError::malformed(TOKEN, TOKEN_EXPECTS))?;
        let api_url: String = env.or(API, API_EXPECTS, "https://api.telegram.org".to_owned())?;
        let is_address = |url: &str, schemes: &[&str]| {
            let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme));
            rest.is_some_and(|rest| {
                !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', ' ', '@'])
            })
        };
        if !is_address(&api_url, &["https://", "http://"]) {
            return Err(ConfigError::malformed(API, API_EXPECTS));
        }
        let intake = match env.get(WEBHOOK) {
            None => IntakeConfig::Polling,
            Some(url) if is_address(url, &["https://"]) => webhook(env, url)?,
            Some(_) => return Err(ConfigError::malformed(WEBHOOK, WEBHOOK_EXPECTS)),
        };
        let limits = match env.get(LIMITS) {
            None | Some("on") => true,
            Some("off") => false,
            Some(_) => return Err(ConfigError::malformed(LIMITS, "on or off")),
        };
        Ok(Some(Self { token, bot_id, api_url, intake, limits }))
    }
}

fn webhook(env: &Env, url: &str) -> Result<IntakeConfig, ConfigError> {
    const ADDRESS: &str = "BOT_HTTP_ADDR";
    const ADDRESS_EXPECTS: &str = "an address like 127.0.0.1:8081";
    let secret = env.secret(SECRET, SECRET_EXPECTS)?;
    let text = secret.expose_secret();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if text.len() > 256 || !text.bytes().all(plain) {
        return Err(ConfigError::malformed(SECRET, SECRET_EXPECTS));
    }
    let usual = SocketAddr::from(([127, 0, 0, 1], 8_081));
    let address = env.or(ADDRESS, ADDRESS_EXPECTS, usual)?;
    Ok(IntakeConfig::Webhook { url: url.to_owned(), secret, address })
}

/// A token is the bot's number, a colon, and the secret.
fn bot_id(token: &str) -> Option<u64> {
    let (number, secret) = token.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!secret.is_empty() && secret.bytes().all(plain)).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN_LINE: (&str, &str) = ("TELEGRAM_BOT_TOKEN", "123:AAF-x_9");
    const WEBHOOK_LINE: (&str, &str) = ("TELEGRAM_WEBHOOK_URL", "https://crm.example.com/tg");

    fn read(lines: &[(&str, &str)]) -> Result<Option<Outside>, ConfigError> {
        Outside::read(&Env::of(lines.iter().copied()))
    }

    #[test]
    fn without_a_token_there_is_no_bot() {
        assert!(read(&[WEBHOOK_LINE]).unwrap().is_none());
        let bot = read(&[TOKEN_LINE]).unwrap().unwrap();
        assert_eq!((bot.bot_id, bot.api_url.as_str()), (123, "https://api.telegram.org"));
        assert!(bot.limits && matches!(bot.intake, IntakeConfig::Polling));
    }

    #[test]
    fn a_malformed_setting_is_named_and_not_shown() {
        let long = "x".repeat(257);
        for (name, value) in [
            ("TELEGRAM_BOT_TOKEN", "hunter2"),
            ("TELEGRAM_BOT_TOKEN", "12:hunter2/../x"),
            ("TELEGRAM_API_URL", "ftp://hunter2"),
            ("TELEGRAM_API_URL", "https://user:hunter2@example.com"),
            ("TELEGRAM_WEBHOOK_URL", "http://hunter2.example.com"),
            ("TELEGRAM_WEBHOOK_SECRET", "hunter2 with a space"),
            ("TELEGRAM_WEBHOOK_SECRET", long.as_str()),
            ("BOT_HTTP_ADDR", "hunter2"),
            ("BOT_LIMITS", "hunter2"),
        ] {
            let good = [TOKEN_LINE, WEBHOOK_LINE, ("TELEGRAM_WEBHOOK_SECRET", "abc_DEF-1")];
            let mut lines: Vec<_> = good.into_iter().filter(|line| line.0 != name).collect();
            assert!(read(&good).is_ok());
            lines.push((name, value));
            let Err(refusal) = read(&lines) else { panic!("{name}={value} is taken") };
            let said = refusal.to_string();
            assert!(said.starts_with(name) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn a_webhook_needs_a_secret_and_the_bus_a_key() {
        let refusal = read(&[TOKEN_LINE, WEBHOOK_LINE]).err().unwrap();
        assert!(refusal.to_string().starts_with("TELEGRAM_WEBHOOK_SECRET is not set"));
        let refusal = TelegramConfig::read(&Env::of([TOKEN_LINE])).unwrap_err();
        assert!(refusal.to_string().starts_with("AEL_BUS_KEY is not set"));
    }
}
