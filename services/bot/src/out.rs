//! What the bot says: what lies in the outbox until the sender has handed it to Telegram.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One request to Telegram. Everything in it may be about people: it hides itself.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Out {
    /// A message of its own, in HTML.
    Send {
        /// To which chat.
        chat: i64,
        /// Telegram's HTML, every value escaped.
        text: String,
        /// What can be pressed.
        keyboard: Keyboard,
        /// Whether it comes without a sound.
        silent: bool,
    },
    /// Another text and other buttons for a message that stands. When Telegram has it no more (or
    /// lets it not be changed), it is sent as a message of its own.
    Edit {
        /// In which chat.
        chat: i64,
        /// Which message.
        message_id: i32,
        /// Telegram's HTML, every value escaped.
        text: String,
        /// What can be pressed; only `Inline` and `None` fit a message that stands.
        keyboard: Keyboard,
    },
    /// A picture of numbers, drawn by the sender.
    Chart {
        /// To which chat.
        chat: i64,
        /// What is drawn.
        chart: Chart,
        /// Below the picture, Telegram's HTML.
        caption: String,
        /// What can be pressed.
        keyboard: Keyboard,
    },
    /// That a press was heard, with a word about it where there is one.
    Heard {
        /// Of which press.
        callback: String,
        /// A word, up to 200 characters; plain text.
        text: Option<String>,
        /// Whether the word has to be closed by hand.
        alert: bool,
    },
    /// What can be shared by typing `@bot …` in any chat.
    Found {
        /// Of which inline query.
        query: String,
        /// What is offered, 50 at most.
        articles: Vec<Article>,
    },
    /// That the bot is at work ("typing").
    Busy {
        /// In which chat.
        chat: i64,
    },
}

/// Something that can be shared by inline mode.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Article {
    /// Its name, 64 bytes at most.
    pub(crate) id: String,
    /// The first line in the list.
    pub(crate) title: String,
    /// The second.
    pub(crate) description: String,
    /// What is shared, Telegram's HTML.
    pub(crate) text: String,
}

/// What can be pressed below a message, or in place of the letters.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Keyboard {
    /// Nothing (what stands in place of the letters stays).
    #[default]
    None,
    /// Buttons below the message, row by row.
    Inline(Vec<Vec<Button>>),
    /// The menu in place of the letters, row by row; it stays.
    Menu(Vec<Vec<String>>),
    /// A button that shares the person's own or another contact is not offered: the letters again.
    Remove,
}

/// A button below a message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Button {
    /// What it says.
    pub(crate) text: String,
    /// What it does.
    pub(crate) press: Press,
}

/// What a button does.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Press {
    /// It tells the bot this, 64 bytes at most.
    Data(String),
    /// It opens an address (`https:`, `tg:` …).
    Url(String),
    /// It lets the person share by inline mode, beginning with this query.
    Share(String),
}

/// A picture of numbers: bars with their values, one block below the other. All words are in the
/// reader's language already.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chart {
    /// Above all.
    pub(crate) title: String,
    /// The blocks.
    pub(crate) blocks: Vec<Block>,
}

/// A block of bars.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Its heading.
    pub(crate) heading: String,
    /// Its bars, from above: what each is, how long, and the value as it is written.
    pub(crate) bars: Vec<Bar>,
}

/// A bar.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bar {
    /// What it is.
    pub(crate) name: String,
    /// How long, in the block's own measure; never negative.
    pub(crate) value: f64,
    /// The value as it is written beside it.
    pub(crate) shown: String,
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send { .. } => "Send(***)",
            Self::Edit { .. } => "Edit(***)",
            Self::Chart { .. } => "Chart(***)",
            Self::Heard { .. } => "Heard(***)",
            Self::Found { .. } => "Found(***)",
            Self::Busy { .. } => "Busy(***)",
        })
    }
}
