//! Rows of one file that name the same lead or reach the same person: the first line wins. Its
//! followers wait for it, and everything else goes side by side.

use super::plan::Arrival;
use ael_events::ids::LeadId;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use tokio_util::sync::{CancellationToken, DropGuard};

/// So many keys are kept before those of finished rows are thrown away.
const MANY: usize = 4_096;

/// What only one row of a file may have.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The row itself, in the other system.
    Lead(LeadId),
    /// Ways to reach the person, in the form in which two spellings are equal. Personal.
    Email(String),
    /// See [`Key::Email`].
    Phone(String),
    /// See [`Key::Email`].
    Telegram(String),
}

impl Key {
    /// All that a row has.
    pub fn of(arrival: &Arrival) -> Vec<Self> {
        let contact = &arrival.command.profile.contact;
        let email = contact.email.as_ref().map(|email| Self::Email(email.as_str().to_owned()));
        let phone = contact.phone.as_ref().map(|phone| Self::Phone(phone.as_str().to_owned()));
        let telegram = contact.telegram.as_ref().map(|name| Self::Telegram(name.normalised()));
        [Some(Self::Lead(arrival.lead)), email, phone, telegram].into_iter().flatten().collect()
    }

    /// What it is called; never what it says.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lead(_) => "external id",
            Self::Email(_) => "e-mail",
            Self::Phone(_) => "phone",
            Self::Telegram(_) => "telegram",
        }
    }
}

/// The rows under way, by what only one may have: as many as are under way, however long the file.
#[derive(Default)]
pub struct Turns {
    under_way: HashMap<Key, CancellationToken>,
}

/// A row's turn; it is over when this is dropped.
pub struct Turn {
    before: Vec<CancellationToken>,
    _over: DropGuard,
}

impl Turns {
    /// The turn of the next row of the file: after every earlier one that shares a key with it.
    pub fn next(&mut self, keys: Vec<Key>) -> Turn {
        if self.under_way.len() >= MANY {
            self.under_way.retain(|_, over| !over.is_cancelled());
        }
        let over = CancellationToken::new();
        let earlier = |key| self.under_way.insert(key, over.clone());
        let before = keys.into_iter().filter_map(earlier).collect();
        Turn { before, _over: over.drop_guard() }
    }
}

impl Turn {
    /// Comes when no earlier row is under way that shares a key with this one.
    pub async fn comes(&self) {
        for earlier in &self.before {
            earlier.cancelled().await;
        }
    }
}

/// The lines on which a key was first, for a whole file: some 16 bytes for each, and no contact.
#[derive(Default)]
pub struct FirstLines {
    lines: HashMap<u64, u32>,
    hasher: RandomState,
}

impl FirstLines {
    /// The line that has this key already.
    pub fn of(&self, key: &Key) -> Option<u32> {
        self.lines.get(&self.hasher.hash_one(key)).copied()
    }

    /// Notes the keys of a line that is imported.
    pub fn note(&mut self, keys: &[Key], line: u64) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        for key in keys {
            self.lines.entry(self.hasher.hash_one(key)).or_insert(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt as _;
    use std::cell::RefCell;
    use tokio::sync::oneshot;

    fn phone(number: &str) -> Key {
        Key::Phone(number.to_owned())
    }

    #[tokio::test]
    async fn a_row_waits_for_the_earlier_one_with_the_same_contact_and_no_other_does() {
        let mut turns = Turns::default();
        let begun = RefCell::new(Vec::new());
        let (finish, finished) = oneshot::channel::<()>();
        let mut finished = Some(finished);
        let mut finish = Some(finish);
        let rows = [
            ("first", vec![phone("1")]),
            ("twin", vec![phone("1"), phone("2")]),
            ("twin of the twin", vec![phone("2")]),
            ("other", vec![phone("3")]),
        ];
        let done = futures::stream::iter(rows)
            .map(|(name, keys)| {
                let turn = turns.next(keys);
                let wait = finished.take().filter(|_| name == "first");
                let release = finish.take_if(|_| name == "other");
                let begun = &begun;
                async move {
                    turn.comes().await;
                    begun.borrow_mut().push(name);
                    if let Some(wait) = wait {
                        wait.await.unwrap();
                    }
                    if let Some(release) = release {
                        release.send(()).unwrap();
                    }
                    name
                }
            })
            .buffered(4);
        let done: Vec<&str> = done.collect().await;
        assert_eq!(done, ["first", "twin", "twin of the twin", "other"]);
        // The first row ends only after another has begun: whoever waited did not hold that up.
        assert_eq!(*begun.borrow(), ["first", "other", "twin", "twin of the twin"]);
    }

    #[test]
    fn a_long_file_leaves_nothing_behind_of_rows_that_are_over() {
        let mut turns = Turns::default();
        for number in 0..100_000 {
            drop(turns.next(vec![phone(&number.to_string())]));
        }
        assert!(turns.under_way.len() <= MANY, "{}", turns.under_way.len());
    }

    #[test]
    fn of_a_key_the_first_line_is_remembered() {
        let mut lines = FirstLines::default();
        lines.note(&[phone("1")], 2);
        lines.note(&[phone("1"), phone("2")], 3);
        assert_eq!((lines.of(&phone("1")), lines.of(&phone("2"))), (Some(2), Some(3)));
        assert_eq!(lines.of(&Key::Email("1".to_owned())), None, "a phone is no e-mail");
    }
}
