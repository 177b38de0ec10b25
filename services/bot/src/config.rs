//! What the bot needs to know: its bus, its token, and where Telegram is.
