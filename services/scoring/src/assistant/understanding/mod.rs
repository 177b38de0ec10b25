//! From plain words, Ukrainian or English, to what is meant: by rules, without anybody's help.

mod deeds;
mod meaning;
mod words;

pub(crate) use meaning::{Assignee, Deed, Meaning, Numbers, Since, Wanted, Whom, Whose};
pub(super) use words::{Word, words_of};

use ael_events::values::{Language, SaleStage, Source, Stage, Tier};
use words::Sense;

/// A question that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Understood {
    /// What is meant.
    pub(crate) meaning: Meaning,
    /// In which language it was asked, where its words tell.
    pub(crate) language: Option<Language>,
}

/// Reads a question.
pub(crate) fn understand(text: &str) -> Understood {
    let words = words::words_of(text);
    let language = words::language_of(&words);
    let meaning = match deeds::read(text, &words) {
        Some((deed, whom)) => Meaning::Do(deed, whom),
        None => asked(&words),
    };
    Understood { meaning, language }
}

/// What is asked for, when nothing is to be done.
fn asked(words: &[Word]) -> Meaning {
    let has = |sense| words.iter().any(|word| word.is(sense));
    let unknown = unknown_words(words);
    if let Some(polite) = politeness(words, &unknown) {
        return polite;
    }
    let whom = whom(words, &unknown);
    if let (Some(whom), true) = (&whom, has(Sense::About) || is_short(words)) {
        let about_a_group = plain_leads(words) && matches!(whom, Whom::Named(_));
        if !has(Sense::HowMany) && !about_a_group {
            return about(words, whom.clone());
        }
    }
    if has(Sense::Find) && !unknown.is_empty() {
        return Meaning::Find(unknown.join(" "));
    }
    if has(Sense::Attention) {
        return Meaning::Attention;
    }
    if let Some(numbers) = numbers(words, &unknown) {
        return numbers;
    }
    let wanted = wanted(words, &unknown);
    if has(Sense::HowMany) && (has(Sense::Lead) || wanted != Wanted::default()) {
        return Meaning::HowMany(wanted);
    }
    if is_about_leads(words, &wanted) {
        return Meaning::Leads(wanted);
    }
    match whom {
        Some(Whom::Named(name)) if looks_like_a_name(words) => Meaning::Find(name),
        Some(Whom::Named(_)) | None => Meaning::Unclear,
        Some(whom @ (Whom::Last | Whom::Nth(_) | Whom::Known(_))) => Meaning::Card(whom),
    }
}

fn politeness(words: &[Word], unknown: &[String]) -> Option<Meaning> {
    let has = |sense| words.iter().any(|word| word.is(sense));
    let says_more = [Sense::Lead, Sense::Sale, Sense::Overview, Sense::Attention, Sense::Money]
        .into_iter()
        .any(has);
    match () {
        () if words.is_empty() => Some(Meaning::Help),
        () if has(Sense::Help) && !says_more && unknown.is_empty() => Some(Meaning::Help),
        () if has(Sense::Thanks) && words.len() <= 4 => Some(Meaning::Thanks),
        () if has(Sense::Hello) && !says_more && unknown.len() <= 1 && words.len() <= 4 => {
            Some(Meaning::Hello)
        }
        () => None,
    }
}

/// A phone number or a name is looked for; whoever else is spoken of has a card.
fn about(words: &[Word], whom: Whom) -> Meaning {
    let is_contact = |word: &Word| {
        word.written.contains('@') || word.plain.chars().filter(char::is_ascii_digit).count() >= 5
    };
    match whom {
        Whom::Named(name) if words.iter().any(is_contact) => Meaning::Find(name),
        whom @ (Whom::Named(_) | Whom::Last | Whom::Nth(_) | Whom::Known(_)) => Meaning::Card(whom),
    }
}

fn numbers(words: &[Word], unknown: &[String]) -> Option<Meaning> {
    let has = |sense| words.iter().any(|word| word.is(sense));
    let sale_stage = sale_stage(words);
    if has(Sense::Money) && !has(Sense::Lead) {
        return Some(Meaning::Numbers(Numbers::Revenue));
    }
    if has(Sense::Sale) || (sale_stage.is_some() && !has(Sense::Lead)) {
        return Some(match (has(Sense::HowMany), has(Sense::Overview)) {
            (true, _) => Meaning::HowManySales(sale_stage),
            (false, true) => Meaning::Numbers(Numbers::Overview),
            (false, false) => Meaning::Sales(sale_stage),
        });
    }
    let by = has(Sense::Overview) || has(Sense::HowMany) || has(Sense::Best) || has(Sense::Show);
    let named_source = words.iter().any(|word| source_of(word).is_some());
    if has(Sense::Domain) && by && unknown.is_empty() {
        return Some(Meaning::Numbers(Numbers::Domains));
    }
    if has(Sense::FromWhere) && !named_source {
        return Some(Meaning::Numbers(Numbers::Sources));
    }
    let people = has(Sense::Colleague) && (has(Sense::Overview) || has(Sense::Best));
    if people && unknown.is_empty() {
        return Some(Meaning::Numbers(Numbers::Agents));
    }
    let one_stage = words.iter().any(|word| stage_of(word).is_some());
    if has(Sense::Funnel) && !one_stage {
        return Some(Meaning::Numbers(Numbers::Funnel));
    }
    (has(Sense::Overview) && unknown.is_empty()).then_some(Meaning::Numbers(Numbers::Overview))
}

fn wanted(words: &[Word], unknown: &[String]) -> Wanted {
    let has = |sense| words.iter().any(|word| word.is(sense));
    let since = [
        (Sense::Today, Since::Today),
        (Sense::Yesterday, Since::Yesterday),
        (Sense::Week, Since::Week),
        (Sense::Month, Since::Month),
    ]
    .into_iter()
    .find_map(|(sense, since)| has(sense).then_some(since));
    let stage = words.iter().find_map(stage_of);
    // "New this week" says when, not in which stage.
    let stage = stage.filter(|stage| !(since.is_some() && *stage == Stage::New));
    let says = |plain: &[&str]| words.iter().any(|word| plain.contains(&word.plain.as_str()));
    let ownerless = says(&["without", "без", "no"]) && says(&["owner", "власника"]);
    let whose = match (has(Sense::Mine), has(Sense::Nobody) || ownerless) {
        (true, _) => Some(Whose::Mine),
        (false, true) => Some(Whose::Nobodys),
        (false, false) => None,
    };
    Wanted {
        stage,
        source: words.iter().find_map(source_of),
        tier: words.iter().find_map(tier_of),
        whose,
        since,
        about: unknown.to_vec(),
    }
}

fn stage_of(word: &Word) -> Option<Stage> {
    Stage::ALL.iter().copied().find(|stage| word.is(Sense::Stage(*stage)))
}

fn source_of(word: &Word) -> Option<Source> {
    Source::ALL.iter().copied().find(|source| word.is(Sense::Source(*source)))
}

fn tier_of(word: &Word) -> Option<Tier> {
    Tier::ALL.iter().copied().find(|tier| word.is(Sense::Tier(*tier)))
}

fn sale_stage(words: &[Word]) -> Option<SaleStage> {
    let of = |word: &Word| {
        SaleStage::ALL.iter().copied().find(|stage| word.is(Sense::SaleStage(*stage)))
    };
    let is_lost = |word: &Word| word.is(Sense::Stage(Stage::Lost));
    let lost = words.iter().any(is_lost).then_some(SaleStage::Lost);
    words.iter().find_map(of).or(lost)
}

/// Whether leads are spoken of, or what only leads have.
fn is_about_leads(words: &[Word], wanted: &Wanted) -> bool {
    let only_words = Wanted { about: wanted.about.clone(), ..Wanted::default() };
    words.iter().any(|word| word.is(Sense::Lead)) || *wanted != only_words
}

/// Whether several leads are spoken of rather than one.
fn plain_leads(words: &[Word]) -> bool {
    let many = ["leads", "ліди", "лідів", "лідами", "лідам", "лідах", "клієнти", "клієнтів"];
    words.iter().any(|word| many.contains(&word.plain.as_str()))
}

/// Which lead is meant, if one is.
fn whom(words: &[Word], unknown: &[String]) -> Option<Whom> {
    if !unknown.is_empty() {
        return Some(Whom::Named(unknown.join(" ")));
    }
    let nth = words
        .iter()
        .filter(|word| !is_domain(words, word))
        .find_map(|word| word.senses.iter().find_map(|sense| sense.nth()));
    let him = words.iter().any(|word| word.is(Sense::Him));
    nth.map(Whom::Nth).or_else(|| him.then_some(Whom::Last))
}

/// "And her?", "what about the second one?": there is nothing in it but whom.
fn is_short(words: &[Word]) -> bool {
    let says = |word: &&Word| {
        word.senses
            .iter()
            .any(|sense| !matches!(sense, Sense::Him | Sense::Nth(_) | Sense::Filler | Sense::Lead))
    };
    let him = |word: &Word| word.is(Sense::Him) || word.senses.iter().any(is_nth);
    words.iter().any(him) && !words.iter().any(|word| says(&word))
}

const fn is_nth(sense: &Sense) -> bool {
    matches!(sense, Sense::Nth(_))
}

/// A few words that nobody knows, the first letters large, or something with digits.
fn looks_like_a_name(words: &[Word]) -> bool {
    let unknown: Vec<&Word> = words.iter().filter(|word| word.is_unknown()).collect();
    let telling = |word: &&&Word| {
        word.is_capitalised()
            || word.written.contains('@')
            || word.plain.chars().any(|c| c.is_ascii_digit())
    };
    match unknown.len() {
        0 => false,
        1 => words.len() <= 3,
        many => many <= 4 && unknown.iter().filter(telling).count() * 2 >= many,
    }
}

/// Where several leads or lines of business are spoken of, "second" is one of those lines.
fn is_domain(words: &[Word], word: &Word) -> bool {
    let is_slug = matches!(word.plain.as_str(), "first" | "second" | "third");
    is_slug && (plain_leads(words) || words.iter().any(|word| word.is(Sense::Domain)))
}

/// The words that mean nothing that we know, as they were written.
fn unknown_words(words: &[Word]) -> Vec<String> {
    let unknown = words.iter().filter(|word| word.is_unknown() || is_domain(words, word));
    unknown.map(|word| word.written.clone()).collect()
}

#[cfg(test)]
mod tests;
