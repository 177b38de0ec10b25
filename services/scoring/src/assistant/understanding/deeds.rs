//! What somebody wants to have done: imperatives, and what they say that they did.

use super::meaning::{Assignee, Deed, Whom};
use super::words::{Sense, Word};
use ael_events::values::{Channel, LostReason, MessageDirection, Stage};

/// What is to be done with whom; nothing, when it is a question.
pub(super) fn read(text: &str, words: &[Word]) -> Option<(Deed, Whom)> {
    let order = Order { words };
    if order.is_a_question() {
        return None;
    }
    if let Some(text) = order.note(text) {
        let before = text.as_ref().map_or(words, |(_, before)| &words[..*before]);
        let whom = Order { words: before }.whom();
        return Some((Deed::AddNote(text.map(|(text, _)| text)), whom));
    }
    order.deed(text).map(|deed| (deed, order.whom()))
}

struct Order<'a> {
    words: &'a [Word],
}

impl Order<'_> {
    fn has(&self, sense: Sense) -> bool {
        self.words.iter().any(|word| word.is(sense))
    }

    fn says(&self, plain: &[&str]) -> bool {
        self.words.iter().any(|word| plain.contains(&word.plain.as_str()))
    }

    /// How something is done, and how many there are, is asked and not ordered.
    fn is_a_question(&self) -> bool {
        let asking = ["how", "як", "who", "хто", "what", "what's", "which", "які", "скільки"];
        let first = self.words.first().map(|word| word.plain.as_str());
        self.says(&["many", "much", "скільки"])
            || first.is_some_and(|first| asking.contains(&first))
    }

    /// The first thing that is said besides fillers.
    fn begins_with(&self, sense: Sense) -> bool {
        let telling = |word: &&Word| {
            word.senses.iter().any(|sense| *sense != Sense::Filler) || word.is_unknown()
        };
        self.words.iter().find(telling).is_some_and(|word| word.is(sense))
    }

    /// A note to keep: what it says, and before which word that begins.
    #[expect(clippy::option_option, reason = "no note, a note without a text, a note with one")]
    fn note(&self, text: &str) -> Option<Option<(String, usize)>> {
        if !(self.has(Sense::Note) && self.has(Sense::Add)) {
            return None;
        }
        let said = quoted(text).or_else(|| after_colon(text)).map(|said| {
            let spoken = super::words::words_of(&said).len();
            (said, self.words.len().saturating_sub(spoken))
        });
        Some(said.or_else(|| self.after_that(text)))
    }

    /// "… that she wants a discount".
    fn after_that(&self, text: &str) -> Option<(String, usize)> {
        let at =
            self.words.iter().position(|word| ["that", "що"].contains(&word.plain.as_str()))?;
        let that = &self.words[at].written;
        let (_, said) = text.split_once(&format!(" {that} "))?;
        (!said.trim().is_empty()).then(|| (said.trim().to_owned(), at))
    }

    fn deed(&self, text: &str) -> Option<Deed> {
        if let Some(assignee) = self.assignee() {
            return Some(Deed::Assign(assignee));
        }
        let talked = self.has(Sense::Message) || self.channel().is_some();
        if self.has(Sense::Add) && talked && !self.has(Sense::Mark) {
            return Some(self.messages());
        }
        if self.is_transfer() {
            return Some(Deed::Transfer);
        }
        if self.has(Sense::Mark) && self.has(Sense::Stage(Stage::Lost)) || self.says(&["lose"]) {
            return Some(self.loss(text));
        }
        let marked = |stage| self.has(Sense::Mark) && self.has(Sense::Stage(stage));
        if self.has(Sense::Qualify) || marked(Stage::Qualified) {
            return Some(Deed::Qualify);
        }
        let i_did = self.has(Sense::Reached) && self.says(&["i", "я", "we", "ми", "i've", "we've"]);
        let i_did = i_did || (self.begins_with(Sense::Reached) && !self.has(Sense::Lead));
        if marked(Stage::Contacted) || (i_did && !text.contains('?')) {
            return Some(Deed::MarkContacted);
        }
        let wants_advice = self.begins_with(Sense::Analyse)
            || (self.has(Sense::Analyse) && self.says(&["request", "run", "запусти", "зроби"]));
        let whom = self.name().is_some() || self.has(Sense::Him) || self.nth().is_some();
        (wants_advice && whom).then_some(Deed::Analyse)
    }

    fn is_transfer(&self) -> bool {
        let to_sales = self.says(&["sales", "продаж", "продажі", "продажу", "продажів"]);
        self.has(Sense::Give) && to_sales
    }

    fn assignee(&self) -> Option<Assignee> {
        let somebody = self.name().is_some() || self.has(Sense::Him) || self.nth().is_some();
        if self.has(Sense::Release) && somebody {
            return Some(Assignee::Nobody);
        }
        if self.has(Sense::Take) && somebody {
            return Some(Assignee::Me);
        }
        if !self.has(Sense::Give) || self.is_transfer() {
            return None;
        }
        let to = self.words.iter().rposition(|word| {
            ["to", "на", "для", "за"].contains(&word.plain.as_str()) && !word.is_capitalised()
        });
        let me = ["me", "myself", "мені", "мене", "собі", "мною"];
        let rest = to.map_or(&[][..], |to| &self.words[to + 1..]);
        let to_me = rest.iter().any(|word| me.contains(&word.plain.as_str()));
        if to_me || (somebody && self.says(&["мені", "собі"])) {
            return Some(Assignee::Me);
        }
        if rest.iter().any(|word| word.is(Sense::Nobody)) {
            return Some(Assignee::Nobody);
        }
        if let Some(name) = (Order { words: rest }).name() {
            return Some(Assignee::Named(name));
        }
        // "Передай Петренка Софії": whom first, then to whom.
        let names: Vec<&Word> = self.words.iter().filter(|word| word.is_unknown()).collect();
        let him = self.has(Sense::Him) || self.nth().is_some();
        match names.as_slice() {
            [one] if him => Some(Assignee::Named(one.written.clone())),
            [_, other] => Some(Assignee::Named(other.written.clone())),
            _ => None,
        }
    }

    fn channel(&self) -> Option<Channel> {
        let is = |channel: &Channel| self.has(Sense::Channel(*channel));
        Channel::ALL.iter().copied().find(is)
    }

    fn messages(&self) -> Deed {
        let count = self.words.iter().find_map(|word| word.plain.parse::<u32>().ok());
        let incoming = ["from", "від", "incoming", "received", "inbound"];
        let incoming =
            self.says(&incoming) || self.words.iter().any(|word| word.plain.starts_with("вхідн"));
        let direction =
            if incoming { MessageDirection::Incoming } else { MessageDirection::Outgoing };
        let channel = self.channel().unwrap_or(Channel::Other);
        Deed::LogMessage(
            count.filter(|count| (1..=1000).contains(count)).unwrap_or(1),
            direction,
            channel,
        )
    }

    fn loss(&self, text: &str) -> Deed {
        let is = |reason: &LostReason| self.has(Sense::Reason(*reason));
        let reason = LostReason::ALL.iter().copied().find(is);
        let said = quoted(text).or_else(|| after_colon(text));
        Deed::MarkLost(reason.or(said.as_ref().map(|_| LostReason::Other)), said)
    }

    fn nth(&self) -> Option<usize> {
        self.words.iter().flat_map(|word| &word.senses).find_map(|sense| sense.nth())
    }

    /// With whom: who is named, else the nth of the last list, else whoever was spoken of.
    fn whom(&self) -> Whom {
        let him = self.has(Sense::Him);
        match (self.name(), self.nth()) {
            (Some(name), _) if !him || !self.has(Sense::Give) => Whom::Named(name),
            (_, Some(nth)) => Whom::Nth(nth),
            (_, None) => Whom::Last,
        }
    }

    /// The first run of words that may be a name; a run of large letters before one of small ones.
    /// In "Передай Петренка Софії" both stand together, and only the first is whom.
    fn name(&self) -> Option<String> {
        let mut runs: Vec<Vec<&Word>> = vec![Vec::new()];
        for word in self.words {
            let goes_on = runs
                .last()
                .and_then(|run| run.last())
                .is_none_or(|last| last.is_capitalised() == word.is_capitalised());
            match (word.is_unknown(), goes_on) {
                (true, true) => runs.last_mut().into_iter().for_each(|run| run.push(word)),
                (true, false) => runs.push(vec![word]),
                (false, _) => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        let large = runs.iter().find(|run| run.iter().all(|word| word.is_capitalised()));
        let run = large.or_else(|| runs.first())?;
        let given = self.has(Sense::Give) && run.len() == 2 && runs.len() == 1;
        let to_somebody = given && !self.says(&["to", "на", "для"]);
        let taken = if to_somebody { &run[..1] } else { &run[..] };
        let taken: Vec<&str> = taken.iter().map(|word| word.written.as_str()).collect();
        Some(taken.join(" "))
    }
}

/// What stands between quotation marks.
fn quoted(text: &str) -> Option<String> {
    let open = text.find(['"', '«', '“', '„'])?;
    let (_, rest) = text.split_at(open);
    let mut rest = rest.chars();
    rest.next()?;
    let rest = rest.as_str();
    let end = rest.find(['"', '»', '”', '“']).unwrap_or(rest.len());
    let said = rest[..end].trim();
    (!said.is_empty()).then(|| said.to_owned())
}

/// What stands after a colon (or a dash).
fn after_colon(text: &str) -> Option<String> {
    let (_, said) = text.split_once(": ").or_else(|| text.split_once(" — "))?;
    let said = said.trim();
    (!said.is_empty()).then(|| said.to_owned())
}
