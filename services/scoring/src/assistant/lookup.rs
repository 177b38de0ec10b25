//! Whom words mean, among the leads that the asker may see.

use super::turn::{Draft, Turn, one_line};
use super::understanding::Whom;
use ael_client::ClientError;
use ael_events::query::{LeadFilter, LeadListItem, ListLeads, MemberView};

/// How many are looked at.
const LOOKED_AT: u16 = 12;
/// How many are told when several may be meant.
const TOLD: usize = 6;

/// The lead that is meant, or what is said instead.
pub(super) enum Met {
    One(Box<ael_events::query::LeadDetails>),
    Instead(Box<Draft>),
}

impl Turn<'_> {
    /// The lead that is meant.
    pub(super) async fn meet(&self, whom: &Whom) -> Result<Met, ClientError> {
        let voice = self.voice;
        let id = match whom {
            Whom::Named(words) => match self.search(words).await?.as_slice() {
                [] => return Ok(Met::Instead(Box::new(self.nobody(words)))),
                [one] => one.id,
                several => return Ok(Met::Instead(Box::new(self.whom_of(words, several)))),
            },
            Whom::Known(id) => *id,
            Whom::Last => match self.spoken_of.first() {
                Some(last) => *last,
                None => {
                    return Ok(Met::Instead(Box::new(Draft::saying(voice.say("nobody-before")))));
                }
            },
            Whom::Nth(nth) => match nth.checked_sub(1).and_then(|at| self.spoken_of.get(at)) {
                Some(nth) => *nth,
                None => return Ok(Met::Instead(Box::new(Draft::saying(voice.say("no-such-nth"))))),
            },
        };
        Ok(match self.eyes.lead(id).await? {
            Some(lead) => Met::One(Box::new(lead)),
            None => Met::Instead(Box::new(Draft::saying(voice.say("nobody-before")))),
        })
    }

    /// Who fits words: those whose words begin as these do, if any does; else whoever the search
    /// forgives.
    pub(super) async fn search(&self, words: &str) -> Result<Vec<LeadListItem>, ClientError> {
        for attempt in attempts(words) {
            let filter = LeadFilter { q: Some(attempt), ..LeadFilter::default() };
            let list = ListLeads { filter, limit: Some(LOOKED_AT), ..ListLeads::default() };
            let found = match self.eyes.leads(list).await {
                Ok(page) => page.items,
                // Words that say too little are looked for in vain.
                Err(ClientError::Rejected(refusal)) if is_about_words(&refusal.code) => continue,
                Err(error) => return Err(error),
            };
            let fits = |lead: &&LeadListItem| fits(lead, words);
            let fitting: Vec<LeadListItem> = found.iter().filter(fits).cloned().collect();
            if !fitting.is_empty() {
                return Ok(exactly(fitting, words));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// Who has words that begin so: nobody whom the search only forgives.
    pub(super) async fn search_exactly(
        &self,
        words: &str,
    ) -> Result<Vec<LeadListItem>, ClientError> {
        let mut found = self.search(words).await?;
        found.retain(|lead| fits(lead, words));
        Ok(found)
    }

    pub(super) fn nobody(&self, words: &str) -> Draft {
        let words = one_line(words, 60);
        Draft::saying(self.voice.say_with("found-none", [("words", words.into())]))
    }

    pub(super) fn whom_of(&self, words: &str, several: &[LeadListItem]) -> Draft {
        let words = one_line(words, 60);
        let put_in = [("count", several.len().into()), ("words", words.into())];
        let mut text = self.voice.say_with("found-several", put_in);
        let told = &several[..several.len().min(TOLD)];
        for (number, lead) in (1..).zip(told) {
            text += &format!("\n{number}. {}", self.line(lead));
        }
        let about = |lead: &LeadListItem| {
            let name = self.called(&lead.contact, lead.erased);
            self.voice.say_with("suggest-about", [("name", name.into())])
        };
        let suggestions: Vec<String> = told.iter().take(3).map(about).collect();
        let leads: Vec<_> = told.iter().map(|lead| self.listed(lead)).collect();
        Draft::saying(text).about(leads).suggesting(suggestions)
    }

    /// The active colleagues whose names fit words.
    pub(super) async fn colleagues(&self, words: &str) -> Result<Vec<MemberView>, ClientError> {
        let members = self.eyes.members().await?;
        let fits = |member: &MemberView| {
            let name = member.name.as_ref().map(|name| name.as_str()).unwrap_or_default();
            member.active && all_begin(words, name)
        };
        Ok(members.into_iter().filter(fits).collect())
    }
}

/// Asks for words as they are, then for how they begin: Ukrainian bends names.
fn attempts(words: &str) -> Vec<String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
    let mut all = vec![words.join(" "), stems.join(" ")];
    if words.len() > 1 {
        all.extend(stems);
    }
    let fit = |text: &String| (2..=100).contains(&text.chars().count());
    all.retain(fit);
    all.dedup();
    all
}

fn is_about_words(code: &str) -> bool {
    matches!(code, "malformed" | "invalid" | "too_short" | "malformed_filter")
}

/// How a word begins: without the ending that it may have been bent by.
fn stem(word: &str) -> String {
    let letters = word.chars().count();
    let bent = word.chars().all(char::is_alphabetic) && letters >= 4;
    let kept = if bent { (letters - 2).max(3) } else { letters };
    word.chars().take(kept).collect()
}

fn fits(lead: &LeadListItem, words: &str) -> bool {
    let contact = &lead.contact;
    let texts = [
        contact.full_name.as_ref().map(|it| it.as_str()),
        contact.company.as_ref().map(|it| it.as_str()),
        contact.email.as_ref().map(|it| it.as_str()),
        contact.phone.as_ref().map(|it| it.as_str()),
        contact.telegram.as_ref().map(|it| it.as_str()),
    ];
    all_begin(words, &texts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// Whether each of these words begins as a word of that text does.
pub(super) fn all_begin(words: &str, text: &str) -> bool {
    let known = parts(text);
    let asked = parts(words);
    let is_known = |word: &String| {
        let stem = latin(&stem(word));
        known.iter().any(|known| latin(known).starts_with(&stem))
    };
    !asked.is_empty() && asked.iter().all(is_known)
}

/// Whoever is called exactly so, if somebody is; else all.
fn exactly(leads: Vec<LeadListItem>, words: &str) -> Vec<LeadListItem> {
    let asked: Vec<String> = parts(words).iter().map(|word| latin(word)).collect();
    let is_exact = |lead: &&LeadListItem| {
        let name = lead.contact.full_name.as_ref().map(|it| it.as_str()).unwrap_or_default();
        let name: Vec<String> = parts(name).iter().map(|word| latin(word)).collect();
        asked.iter().all(|word| name.contains(word))
    };
    let exact: Vec<LeadListItem> = leads.iter().filter(is_exact).cloned().collect();
    if exact.is_empty() { leads } else { exact }
}

fn parts(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || "'’ʼ@._+".contains(c);
    let words = text.split(|c: char| !inside(c)).map(str::to_lowercase);
    words.filter(|word| !word.is_empty()).collect()
}

/// Letters as they sound, so that both alphabets can be compared.
fn latin(word: &str) -> String {
    let mut sound = String::new();
    for c in word.chars() {
        match c {
            'а' => sound.push('a'),
            'б' => sound.push('b'),
            'в' => sound.push('v'),
            'г' | 'ґ' | 'х' => sound.push('h'),
            'д' => sound.push('d'),
            'е' | 'э' => sound.push('e'),
            'є' => sound.push_str("ie"),
            'ж' => sound.push_str("zh"),
            'з' => sound.push('z'),
            'и' | 'і' | 'ї' | 'й' | 'ы' | 'y' => sound.push('i'),
            'к' => sound.push('k'),
            'л' => sound.push('l'),
            'м' => sound.push('m'),
            'н' => sound.push('n'),
            'о' => sound.push('o'),
            'п' => sound.push('p'),
            'р' => sound.push('r'),
            'с' => sound.push('s'),
            'т' => sound.push('t'),
            'у' => sound.push('u'),
            'ф' => sound.push('f'),
            'ц' => sound.push_str("ts"),
            'ч' => sound.push_str("ch"),
            'ш' => sound.push_str("sh"),
            'щ' => sound.push_str("shch"),
            'ю' => sound.push_str("iu"),
            'я' => sound.push_str("ia"),
            'ь' | 'ъ' | '\'' | '’' | 'ʼ' => {}
            'g' => sound.push('h'),
            other => sound.push(other),
        }
    }
    sound.replace("kh", "h").replace("ii", "i")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_name_means_whoever_has_it_in_either_alphabet() {
        for (asked, known) in [
            ("Петренка", "Олена Петренко"),
            ("Олену Петренко", "Олена Петренко"),
            ("Petrenko", "Олена Петренко"),
            ("Ковальчуку", "Ковальчук Іван"),
            ("Koval", "Ковальчук Іван"),
            ("Михайла", "Mykhailo Bondar"),
            ("+38067123", "+380671234567"),
        ] {
            assert!(all_begin(asked, known), "{asked} is {known}");
        }
        for (asked, other) in [("Петренка", "Олена Пилипенко"), ("Олена", "Ірина"), ("", "Ada")]
        {
            assert!(!all_begin(asked, other), "{asked} is not {other}");
        }
    }
}
