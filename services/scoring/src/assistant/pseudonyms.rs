//! Names that stay in the house: what a language model hears instead, and who is meant by it.

use super::lookup::all_begin;
use super::memory::Remembered;
use super::turn::Turn;
use super::understanding::words_of;
use ael_client::ClientError;
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{LeadFilter, ListLeads, MemberView, MentionedLead};
use ael_events::values::is_unseen;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How many words of a question are looked for among the leads.
const LOOKED_FOR: usize = 24;
/// How many contacts of a question are looked for among the leads; others are hidden unseen.
const CONTACTS_LOOKED_FOR: usize = 8;
/// How many leads one word may mean.
const MEANT: usize = 3;

/// What is a contact wherever it stands.
const CONTACTS: &str = r"(?xi)
    (?P<link> (?: https?:// | www\. | t\.me/ ) \S+ )
  | (?P<email> [\p{L}\p{N}._%+-]+ \s? @ \s? [\p{L}\p{N}-]+ (?: \. [\p{L}\p{N}-]+ )+ )
  | (?P<account> @ [\p{L}\p{N}_]{2,} )
  | (?P<id> [0-9a-f]{8} - (?: [0-9a-f]{4} - ){3} [0-9a-f]{12} )
  | (?P<link2> \b (?: [\p{L}\p{N}-]+ \. )+ 
      (?: com|ua|net|org|io|eu|app|dev|info|biz|co|me|укр ) \b \S* )
  | (?P<id2> \b [0-9a-f]{32} \b )
  | (?P<spelt> \b [\p{L}\p{N}._-]+ \s+ (?: at|собака|равлик|эт ) \s+ [\p{L}\p{N}-]+
      \s+ (?: dot|крапка|точка ) \s+ [\p{L}\p{N}]+ )
  | (?P<phone> \+? \p{Nd} (?: [\s().,_*\u{2010}-\u{2015}/-]{0,3} \p{Nd} ){4,} )";

/// What a model may call somebody by. Marks that it should not have made are no names of anybody.
const LABELS: &str =
    r"\b(?:Lead ([A-Z]{1,2})|(?:Person|Colleague) \d{1,3})\b|\[(?:contact) \d{1,3}\]";

static CONTACT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(CONTACTS).ok());
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(LABELS).ok());

/// Who is called what in a conversation.
#[derive(Default)]
pub(super) struct Pseudonyms {
    leads: Vec<LeadId>,
    known: BTreeMap<LeadId, MentionedLead>,
    colleagues: Vec<MemberView>,
    /// What stands for something of the question, and what that was.
    others: Vec<(String, String)>,
    /// The labels of earlier turns: in this one they are nobody else.
    taken: String,
}

impl Pseudonyms {
    /// Goes on with those of the turns before. Who may not be seen any more has no name.
    pub(super) async fn of(turn: &Turn<'_>, remembered: &Remembered) -> Result<Self, ClientError> {
        let leads = &remembered.pseudonyms;
        let taken = remembered.said.iter().map(|said| said.question.as_str()).collect();
        let mut all = Self { leads: leads.clone(), taken, ..Self::default() };
        all.colleagues = turn.eyes.members().await?;
        for lead in leads {
            if let Some(lead) = turn.eyes.lead(*lead).await? {
                all.known.insert(lead.lead.id, turn.mentioned(&lead.lead));
            }
        }
        Ok(all)
    }

    /// The leads, in the order of their pseudonyms.
    pub(super) fn leads(&self) -> Vec<LeadId> {
        self.leads.clone()
    }

    /// What a lead is called outside.
    pub(super) fn lead(&mut self, lead: MentionedLead) -> String {
        let at = self.leads.iter().position(|known| *known == lead.id).unwrap_or_else(|| {
            self.leads.push(lead.id);
            self.leads.len() - 1
        });
        self.known.insert(lead.id, lead);
        format!("Lead {}", letters(at))
    }

    /// Whom a pseudonym means: only who was called so and may be seen.
    pub(super) fn lead_called(&self, label: &str) -> Option<LeadId> {
        let at =
            (0..self.leads.len()).find(|at| format!("Lead {}", letters(*at)) == label.trim())?;
        let id = self.leads.get(at).copied()?;
        self.known.contains_key(&id).then_some(id)
    }

    /// What a colleague is called outside.
    pub(super) fn colleague(&self, member: MemberId, me: MemberId) -> String {
        if member == me {
            return "the asker".to_owned();
        }
        let at = self.colleagues.iter().position(|known| known.id == member);
        at.map_or_else(|| "somebody".to_owned(), |at| format!("Colleague {}", at + 1))
    }

    /// Which colleague is meant.
    pub(super) fn colleague_called(&self, label: &str) -> Option<&MemberView> {
        let number: usize = label.trim().strip_prefix("Colleague ")?.parse().ok()?;
        self.colleagues.get(number.checked_sub(1)?)
    }

    /// A question as it may leave the house: no contact, and no name that could be somebody's.
    pub(super) async fn hide(
        &mut self,
        turn: &Turn<'_>,
        question: &str,
    ) -> Result<String, ClientError> {
        // Square brackets are ours.
        let question = question.replace('[', "(").replace(']', ")");
        let question: String = question.chars().filter(|c| !is_unseen(*c)).collect();
        let question = self.hide_contacts(turn, &question).await?;
        let question = apart(&question);
        let words = words_of(&question);
        let domains = turn.workspace.settings.business_domains.as_slice();
        let is_domain = |word: &str| domains.iter().any(|it| it.as_str() == word.to_lowercase());
        let mut hidden = String::new();
        let mut taken_to = 0;
        let mut at = 0;
        let mut looked_for = 0;
        while let Some(word) = words.get(at) {
            let marked = word.at.checked_sub(1).and_then(|before| question.as_bytes().get(before));
            let is_ours = marked == Some(&b'[') || question[..word.at].ends_with("[contact ");
            if !word.is_unknown() && !could_be_a_name(word) || is_ours || is_domain(&word.written) {
                at += 1;
                continue;
            }
            // A name may be several words: as many as stand together.
            let run = words[at..].iter().take_while(|next| {
                next.at == word.at || (next.is_unknown() && next.is_capitalised())
            });
            let run = run.take(4).count();
            let (mut length, mut label) = (1, None);
            for many in (1..=run).rev() {
                let texts: Vec<&str> =
                    words[at..at + many].iter().map(|word| word.written.as_str()).collect();
                looked_for += 1;
                if looked_for <= LOOKED_FOR
                    && let Some(found) = self.named(turn, &texts.join(" ")).await?
                {
                    (length, label) = (many, Some(found));
                    break;
                }
            }
            let unseen = looked_for > LOOKED_FOR || word.is_capitalised() && word.is_unknown();
            let label = label.or_else(|| unseen.then(|| self.other("Person", &word.written)));
            if let Some(label) = label {
                let last = &words[at + length - 1];
                hidden += &question[taken_to..word.at];
                hidden += &label;
                taken_to = last.at + last.written.len();
            }
            at += length;
        }
        hidden += &question[taken_to..];
        Ok(hidden)
    }

    /// What a name is called outside, when it is that of a lead or a colleague.
    async fn named(&mut self, turn: &Turn<'_>, words: &str) -> Result<Option<String>, ClientError> {
        if words.chars().count() < 2 {
            return Ok(None);
        }
        let fits = |member: &MemberView| {
            let name = member.name.as_ref().map(|name| name.as_str()).unwrap_or_default();
            all_begin(words, name)
        };
        let found = turn.search_exactly(words).await?;
        if found.is_empty() {
            let at = self.colleagues.iter().position(fits);
            return Ok(at.map(|at| format!("Colleague {}", at + 1)));
        }
        let meant = found.into_iter().take(MEANT).map(|lead| self.lead(turn.listed(&lead)));
        Ok(Some(meant.collect::<Vec<_>>().join(" / ")))
    }

    async fn hide_contacts(
        &mut self,
        turn: &Turn<'_>,
        question: &str,
    ) -> Result<String, ClientError> {
        let Some(contact) = CONTACT.as_ref() else { return Ok(String::new()) };
        let mut hidden = String::new();
        let mut taken_to = 0;
        for (nth, found) in contact.find_iter(question).enumerate() {
            hidden += &question[taken_to..found.start()];
            taken_to = found.end();
            if nth >= CONTACTS_LOOKED_FOR {
                hidden += &format!("[{}]", self.other("contact", found.as_str()));
                continue;
            }
            let filter = LeadFilter { q: Some(found.as_str().to_owned()), ..LeadFilter::default() };
            let list = ListLeads { filter, limit: Some(2), ..ListLeads::default() };
            let leads = match turn.eyes.leads(list).await {
                Ok(page) => page.items,
                Err(ClientError::Rejected(_)) => Vec::new(),
                Err(error) => return Err(error),
            };
            let label = match leads.as_slice() {
                [one] => self.lead(turn.listed(one)),
                [] | [..] => format!("[{}]", self.other("contact", found.as_str())),
            };
            hidden += &label;
        }
        hidden += &question[taken_to..];
        Ok(hidden)
    }

    fn other(&mut self, kind: &str, was: &str) -> String {
        if let Some((label, _)) = self.others.iter().find(|(_, known)| known == was) {
            return label.clone();
        }
        let is_free = |label: &String| {
            let is_now = self.others.iter().any(|(known, _)| known == label);
            !is_now && !all_labels(&self.taken).any(|known| known == label)
        };
        let mut labels = (1..).map(|number: u32| format!("{kind} {number}"));
        let label = labels.find(is_free).unwrap_or_else(|| kind.to_owned());
        self.others.push((label.clone(), was.to_owned()));
        label
    }

    /// What a model said, with names, and the leads that it speaks of.
    pub(super) fn shown(&self, said: &str) -> (String, Vec<MentionedLead>) {
        let Some(label) = LABEL.as_ref() else { return (String::new(), Vec::new()) };
        let mut spoken_of: Vec<MentionedLead> = Vec::new();
        let text = label.replace_all(said, |found: &Captures<'_>| {
            let label = found.get(0).map_or("", |whole| whole.as_str());
            if let Some(lead) = self.lead_called(label).and_then(|id| self.known.get(&id)) {
                if !spoken_of.contains(lead) {
                    spoken_of.push(lead.clone());
                }
                return lead.name.clone();
            }
            self.meant_by(label).into_owned()
        });
        (text.into_owned(), spoken_of)
    }

    fn meant_by<'a>(&'a self, label: &'a str) -> Cow<'a, str> {
        let bare = label.trim_matches(['[', ']']);
        if let Some((_, was)) = self.others.iter().find(|(known, _)| known == bare) {
            return Cow::Borrowed(was);
        }
        let colleague = self.colleague_called(bare).and_then(|member| member.name.as_ref());
        Cow::Borrowed(colleague.map_or(label, |name| name.as_str()))
    }
}

/// Words that only a mark holds together stand apart: each may be a name.
fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let joins = matches!(c, '.' | '_' | '-' | '+' | '\'' | '’' | 'ʼ' | '`');
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let possessive = matches!(c, '\'' | '’') && rest.peek() == Some(&'s');
        let splits = !matches!(c, '\'' | '’' | 'ʼ' | '`') || possessive;
        if joins && splits && is_word(before) && is_word(rest.peek().copied()) {
            apart.extend([' ', c, ' ']);
        } else {
            apart.push(c);
        }
        before = Some(c);
    }
    apart
}

/// The labels in a text, without their brackets.
fn all_labels(text: &str) -> impl Iterator<Item = &str> {
    let found = LABEL.as_ref().map(|label| label.find_iter(text));
    found.into_iter().flatten().map(|label| label.as_str().trim_matches(['[', ']']))
}

/// A word that we know and that may be a name all the same: somebody is called Hope or Ясна.
fn could_be_a_name(word: &super::understanding::Word) -> bool {
    word.is_capitalised() && word.at > 0
}

/// A, B, … Z, AA, AB, …
fn letters(at: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or_default());
    match at / 26 {
        0 => letter(at).to_string(),
        rounds => format!("{}{}", letter(rounds - 1), letter(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_go_on_after_the_alphabet() {
        assert_eq!([0, 25, 26, 27, 52].map(letters), ["A", "Z", "AA", "AB", "BA"]);
    }

    #[test]
    fn contacts_are_seen_wherever_they_stand() {
        let contact = CONTACT.as_ref().unwrap();
        for text in [
            "call +380 67 123-45-67 now",
            "who is olena@example.com?",
            "написати @olena_p",
            "see https://example.com/olena",
            "look at olena.example.com.ua",
            "номер 0671234567",
            "(067) 123 45 67",
            "067,123,45,67",
            "067_123_45_67",
            "067*123*45*67",
            "olena.koval at gmail dot com",
            "олена собака ukr крапка net",
            "0198f6a2111172228333444455556666",
            "lead 0198f6a2-1111-7222-8333-444455556666",
        ] {
            assert!(contact.is_match(text), "{text}");
        }
        for text in ["hot leads", "7 days and 30 leads", "score over 0.8", "за 2026 рік"] {
            assert!(!contact.is_match(text), "{text}");
        }
    }
}
