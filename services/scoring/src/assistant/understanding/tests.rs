//! What people ask, and what is meant.

use super::*;
use ael_events::values::{Channel, LostReason, MessageDirection};

fn meaning(text: &str) -> Meaning {
    understand(text).meaning
}

fn assert_all(table: &[(&str, Meaning)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter(|(text, expected)| meaning(text) != *expected)
        .map(|(text, expected)| format!("{text}\n   is {:?}\n  not {expected:?}", meaning(text)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn leads(change: impl FnOnce(&mut Wanted)) -> Meaning {
    let mut wanted = Wanted::default();
    change(&mut wanted);
    Meaning::Leads(wanted)
}

fn many(change: impl FnOnce(&mut Wanted)) -> Meaning {
    let mut wanted = Wanted::default();
    change(&mut wanted);
    Meaning::HowMany(wanted)
}

fn named(name: &str) -> Whom {
    Whom::Named(name.to_owned())
}

fn card(name: &str) -> Meaning {
    Meaning::Card(named(name))
}

#[test]
fn lists_of_leads_are_asked_for_in_many_ways() {
    let hot = || leads(|it| it.tier = Some(Tier::Hot));
    let mine = || leads(|it| it.whose = Some(Whose::Mine));
    assert_all(&[
        ("hot leads", hot()),
        ("Show me the hottest leads, please", hot()),
        ("which leads are hot?", hot()),
        ("гарячі ліди", hot()),
        ("Покажи найгарячіших лідів", hot()),
        ("хто в нас гарячий?", hot()),
        ("дай список гарячих", hot()),
        ("my leads", mine()),
        ("мої ліди", mine()),
        ("Покажи, будь ласка, моїх лідів", mine()),
        ("leads without an owner", leads(|it| it.whose = Some(Whose::Nobodys))),
        ("нічиї ліди", leads(|it| it.whose = Some(Whose::Nobodys))),
        ("new leads", leads(|it| it.stage = Some(Stage::New))),
        ("qualified leads", leads(|it| it.stage = Some(Stage::Qualified))),
        ("кваліфіковані ліди", leads(|it| it.stage = Some(Stage::Qualified))),
        ("втрачені ліди", leads(|it| it.stage = Some(Stage::Lost))),
        ("leads from partners", leads(|it| it.source = Some(Source::Partner))),
        ("ліди зі сканера", leads(|it| it.source = Some(Source::Scanner))),
        ("new leads this week", leads(|it| it.since = Some(Since::Week))),
        ("нові ліди за тиждень", leads(|it| it.since = Some(Since::Week))),
        ("що прийшло сьогодні?", leads(|it| it.since = Some(Since::Today))),
        (
            "my warm leads from the scanner",
            leads(|it| {
                it.tier = Some(Tier::Warm);
                it.whose = Some(Whose::Mine);
                it.source = Some(Source::Scanner);
            }),
        ),
        ("leads in second", leads(|it| it.about = vec!["second".to_owned()])),
        ("leads about crypto", leads(|it| it.about = vec!["crypto".to_owned()])),
    ]);
}

#[test]
fn how_many_there_are_is_counted() {
    assert_all(&[
        ("how many leads do we have?", many(|_| {})),
        ("скільки в нас лідів?", many(|_| {})),
        ("Скільки всього лідів", many(|_| {})),
        ("how many leads from the scanner", many(|it| it.source = Some(Source::Scanner))),
        ("скільки лідів зі сканера?", many(|it| it.source = Some(Source::Scanner))),
        ("скільки від партнерів", many(|it| it.source = Some(Source::Partner))),
        ("how many are hot?", many(|it| it.tier = Some(Tier::Hot))),
        ("how many new this week?", many(|it| it.since = Some(Since::Week))),
        ("скільки нових за місяць", many(|it| it.since = Some(Since::Month))),
        ("how many qualified leads", many(|it| it.stage = Some(Stage::Qualified))),
        (
            "how many of my leads are contacted",
            many(|it| {
                it.stage = Some(Stage::Contacted);
                it.whose = Some(Whose::Mine);
            }),
        ),
        ("how many sales are paid?", Meaning::HowManySales(Some(SaleStage::Paid))),
        ("скільки угод оплачено", Meaning::HowManySales(Some(SaleStage::Paid))),
    ]);
}

#[test]
fn what_waits_and_what_the_numbers_say_is_asked_for_by_its_usual_words() {
    let numbers = Meaning::Numbers;
    assert_all(&[
        ("what needs attention?", Meaning::Attention),
        ("Which leads need my attention today?", Meaning::Attention),
        ("що потребує уваги?", Meaning::Attention),
        ("які ліди прострочені", Meaning::Attention),
        ("кого ми забули? хто давно чекає", Meaning::Attention),
        ("stale leads", Meaning::Attention),
        ("що горить?", Meaning::Attention),
        ("statistics", numbers(Numbers::Overview)),
        ("how are we doing?", numbers(Numbers::Overview)),
        ("статистика", numbers(Numbers::Overview)),
        ("як справи?", numbers(Numbers::Overview)),
        ("statistics by domain", numbers(Numbers::Domains)),
        ("статистика за напрямами", numbers(Numbers::Domains)),
        ("by source", numbers(Numbers::Sources)),
        ("звідки приходять ліди?", numbers(Numbers::Sources)),
        ("who works what?", numbers(Numbers::Agents)),
        ("хто що веде?", numbers(Numbers::Agents)),
        ("статистика по агентах", numbers(Numbers::Agents)),
        ("хто найкраще працює?", numbers(Numbers::Agents)),
        ("show the funnel", numbers(Numbers::Funnel)),
        ("воронка", numbers(Numbers::Funnel)),
        ("revenue", numbers(Numbers::Revenue)),
        ("скільки грошей ми заробили?", numbers(Numbers::Revenue)),
        ("яка виручка", numbers(Numbers::Revenue)),
        ("sales in agreement", Meaning::Sales(Some(SaleStage::Agreement))),
        ("продажі на етапі договору", Meaning::Sales(Some(SaleStage::Agreement))),
        ("угоди в kyc", Meaning::Sales(Some(SaleStage::Kyc))),
        ("show sales", Meaning::Sales(None)),
    ]);
}

#[test]
fn one_lead_is_asked_about_by_name_or_as_whoever_was_spoken_of() {
    let find = |words: &str| Meaning::Find(words.to_owned());
    assert_all(&[
        ("find Petrenko", find("Petrenko")),
        ("знайди Петренка", find("Петренка")),
        ("find +380671234567", find("+380671234567")),
        ("what about Petrenko?", card("Petrenko")),
        ("Tell me about Olena Petrenko", card("Olena Petrenko")),
        ("розкажи про Олену Петренко", card("Олену Петренко")),
        ("що з Петренком?", find("Петренком")),
        ("Петренко", find("Петренко")),
        ("хто така Олена Петренко?", find("Олена Петренко")),
        ("what about her?", Meaning::Card(Whom::Last)),
        ("а що з ним?", Meaning::Card(Whom::Last)),
        ("tell me about the second one", Meaning::Card(Whom::Nth(2))),
        ("а другий?", Meaning::Card(Whom::Nth(2))),
    ]);
}

#[test]
fn what_is_to_be_done_is_understood_as_a_draft() {
    let deed = |deed, whom: &str| Meaning::Do(deed, named(whom));
    let lost = |reason| Deed::MarkLost(Some(reason), None);
    let note = |text: &str| Deed::AddNote(Some(text.to_owned()));
    let to = |name: &str| Deed::Assign(Assignee::Named(name.to_owned()));
    assert_all(&[
        ("mark Petrenko as contacted", deed(Deed::MarkContacted, "Petrenko")),
        ("Mark Олена Петренко as contacted", deed(Deed::MarkContacted, "Олена Петренко")),
        ("познач Петренка як контактованого", deed(Deed::MarkContacted, "Петренка")),
        ("I spoke with Petrenko", deed(Deed::MarkContacted, "Petrenko")),
        ("я поговорив з Петренком", deed(Deed::MarkContacted, "Петренком")),
        ("додзвонилася до Петренка", deed(Deed::MarkContacted, "Петренка")),
        ("mark him as contacted", Meaning::Do(Deed::MarkContacted, Whom::Last)),
        ("qualify Petrenko", deed(Deed::Qualify, "Petrenko")),
        ("кваліфікуй її", Meaning::Do(Deed::Qualify, Whom::Last)),
        ("mark the first as qualified", Meaning::Do(Deed::Qualify, Whom::Nth(1))),
        ("mark Petrenko as lost, no budget", deed(lost(LostReason::NoBudget), "Petrenko")),
        (
            "познач Петренка втраченим, не відповідає",
            deed(lost(LostReason::NoResponse), "Петренка"),
        ),
        ("mark Petrenko as lost", deed(Deed::MarkLost(None, None), "Petrenko")),
        (
            "mark Petrenko as lost: moved to another country",
            deed(
                Deed::MarkLost(
                    Some(LostReason::Other),
                    Some("moved to another country".to_owned()),
                ),
                "Petrenko",
            ),
        ),
        ("add a note to Petrenko: call on Monday", deed(note("call on Monday"), "Petrenko")),
        (
            "додай нотатку до Петренка: подзвонити Олені в понеділок",
            deed(note("подзвонити Олені в понеділок"), "Петренка"),
        ),
        (
            "log 3 messages with Petrenko in telegram",
            deed(Deed::LogMessage(3, MessageDirection::Outgoing, Channel::Telegram), "Petrenko"),
        ),
        (
            "запиши дзвінок від Петренка",
            deed(Deed::LogMessage(1, MessageDirection::Incoming, Channel::Phone), "Петренка"),
        ),
        ("assign Petrenko to Sofia", deed(to("Sofia"), "Petrenko")),
        ("признач Петренка на Тараса", deed(to("Тараса"), "Петренка")),
        ("передай Петренка Софії", deed(to("Софії"), "Петренка")),
        ("assign it to me", Meaning::Do(Deed::Assign(Assignee::Me), Whom::Last)),
        ("assign him to Taras", Meaning::Do(to("Taras"), Whom::Last)),
        ("візьму Петренка собі", deed(Deed::Assign(Assignee::Me), "Петренка")),
        ("analyse Petrenko", deed(Deed::Analyse, "Petrenko")),
        ("проаналізуй його", Meaning::Do(Deed::Analyse, Whom::Last)),
        ("transfer Petrenko to sales", deed(Deed::Transfer, "Petrenko")),
        ("передай Петренка в продажі", deed(Deed::Transfer, "Петренка")),
    ]);
}

#[test]
fn politeness_is_met_with_politeness_and_nonsense_with_help() {
    assert_all(&[
        ("help", Meaning::Help),
        ("What can you do?", Meaning::Help),
        ("що ти вмієш?", Meaning::Help),
        ("?", Meaning::Help),
        ("hi", Meaning::Hello),
        ("Привіт!", Meaning::Hello),
        ("добрий день", Meaning::Hello),
        ("thank you", Meaning::Thanks),
        ("дякую", Meaning::Thanks),
        ("the weather forecast for a trip across mountains", Meaning::Unclear),
        ("як приготувати смачний борщ на вечерю", Meaning::Unclear),
    ]);
}

#[test]
fn a_question_tells_its_language_whatever_names_it_has() {
    let language = |text: &str| understand(text).language;
    for text in ["гарячі ліди", "знайди Petrenko", "скільки лідів із Telegram", "Що з John Smith?"]
    {
        assert_eq!(language(text), Some(Language::Uk), "{text}");
    }
    for text in ["hot leads", "what about Петренко?", "mark Олена Петренко as contacted"]
    {
        assert_eq!(language(text), Some(Language::En), "{text}");
    }
    for text in ["Petrenko", "12345", "?"] {
        assert_eq!(language(text), None, "{text}");
    }
}
