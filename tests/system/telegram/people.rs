//! Who writes to the bot, and what they see of it.

use serde_json::{Value, json};

/// A message of the bot's as it stands in a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub id: i64,
    pub text: String,
    /// What can be pressed: labels with what they do, row by row.
    pub buttons: Vec<Vec<(String, Value)>>,
    /// The bytes of its picture.
    pub picture: Option<Vec<u8>>,
    /// How often it was changed.
    pub edits: usize,
}

impl Shown {
    /// The labels of its buttons, row by row.
    pub fn labels(&self) -> Vec<Vec<&str>> {
        self.buttons
            .iter()
            .map(|row| row.iter().map(|(label, _)| label.as_str()).collect())
            .collect()
    }
}

/// Somebody who writes to the bot, in a chat with it alone or in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub language: &'static str,
    pub chat: i64,
}

impl Person {
    /// Somebody in a chat with the bot alone.
    pub fn new(id: i64, name: &str) -> Self {
        Self { id, name: name.to_owned(), language: "uk", chat: id }
    }

    /// The same person in a group.
    pub fn in_group(&self, chat: i64) -> Self {
        Self { chat, ..self.clone() }
    }

    pub fn user(&self) -> Value {
        json!({ "id": self.id, "is_bot": false, "first_name": self.name,
            "language_code": self.language })
    }

    pub fn chat_json(&self) -> Value {
        match self.chat {
            group if group < 0 => json!({ "id": group, "type": "group", "title": "Sales" }),
            own => json!({ "id": own, "type": "private", "first_name": self.name }),
        }
    }
}
