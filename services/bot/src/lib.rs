//! Telegram, the sales team's front end: a pure client of the bus that holds the bot's token alone.

mod config;
mod out;
mod talk;
mod wire;
