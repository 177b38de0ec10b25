//! Whole journeys through the bot, as a person on a phone makes them: invited, a lead entered,
//! worked to a paid sale and found again, in either language, by buttons alone. What they see on
//! the way is docs/bot-screens.md.

use crate::house::House;
use crate::telegram::{Person, Shown, Telegram};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Set to write the screens anew.
const WRITE: &str = "AEL_TEST_WRITE_SCREENS";

/// A chat with the bot, in one language.
pub struct Chat<'a> {
    telegram: &'a Telegram,
    pub who: Person,
    /// Everything that was shown, as a page of screens.
    album: String,
}

impl<'a> Chat<'a> {
    pub fn new(telegram: &'a Telegram, id: i64, name: &str, language: &'static str) -> Self {
        let who = Person { language, ..Person::new(id, name) };
        Self { telegram, who, album: String::new() }
    }

    /// What is shown next.
    pub fn sees(&mut self, title: &str) -> Shown {
        let shown = self.telegram.next(self.who.chat);
        if !title.is_empty() {
            self.keep(title, &shown);
        }
        shown
    }

    fn keep(&mut self, title: &str, shown: &Shown) {
        let text = plain(&shown.text);
        writeln!(self.album, "### {title}\n\n```\n{text}").unwrap();
        for row in shown.labels() {
            let row: Vec<String> = row.iter().map(|label| format!("[{label}]")).collect();
            writeln!(self.album, "{}", row.join(" ")).unwrap();
        }
        writeln!(self.album, "```\n").unwrap();
    }

    /// Writes, and sees what comes.
    pub fn writes(&mut self, text: &str, title: &str) -> Shown {
        self.telegram.write(&self.who, text);
        self.sees(title)
    }

    /// Presses, sees what comes, and the press is answered.
    pub fn presses(&mut self, label: &str, title: &str) -> Shown {
        let press = self.telegram.press(&self.who, label);
        let shown = self.sees(title);
        self.telegram.until_answered(&press);
        shown
    }
}

/// A text without its tags, and without what differs each time.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => plain.push(c),
            _ => {}
        }
    }
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let mut lines: Vec<String> = Vec::new();
    for line in plain.replace("&amp;", "&").lines() {
        lines.push(match line.split_once("?start=") {
            Some((link, _)) => format!("{link}?start=…"),
            None => masked(line),
        });
    }
    lines.join("\n")
}

/// A line whose moment in time is left out.
fn masked(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let bare = word.trim_end_matches([':', ',']);
        let is_day = bare.len() == 10 && bare.as_bytes()[2] == b'.' && bare.as_bytes()[5] == b'.';
        let is_time = bare.len() == 5
            && bare.as_bytes()[2] == b':'
            && bare.bytes().all(|b| b.is_ascii_digit() || b == b':');
        match (is_day, is_time) {
            (true, _) => word.replace(bare, "DD.MM.YYYY"),
            (_, true) => word.replace(bare, "HH:MM"),
            (false, false) => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

pub fn house(telegram: &Telegram, copies: &str) -> House {
    let [token, url] = telegram.environment();
    House::start_with(&["--copies", copies], &[token, url, ("BOT_LIMITS", "off")])
}

/// The code of a new invitation.
pub fn invitation(house: &House, name: &str, role: &str) -> String {
    let made = house.json(&["invitation", "create", name, "--role", role]);
    made["code"].as_str().unwrap().to_owned()
}

/// The words of one language.
pub struct Words {
    pub language: &'static str,
    pub new: &'static str,
    pub partner: &'static str,
    pub create: &'static str,
    pub contacted: &'static str,
    pub qualify: &'static str,
    pub analyse: &'static str,
    pub transfer: &'static str,
    pub transfer_now: &'static str,
    pub skip: &'static str,
    pub back: &'static str,
    pub sale: &'static str,
    pub sales: &'static str,
    pub steps: [&'static str; 3],
    pub stats: &'static str,
    pub settings: &'static str,
    pub quick: &'static str,
    pub leads: &'static str,
    pub mine: &'static str,
    pub notes: &'static str,
    pub add_note: &'static str,
    pub history: &'static str,
    pub card: &'static str,
    pub edit: &'static str,
    pub company: &'static str,
    pub assist: &'static str,
    pub leave: &'static str,
    pub lost: &'static str,
    pub no_budget: &'static str,
    pub reopen: &'static str,
    pub assign: &'static str,
}

const UKRAINIAN: Words = Words {
    language: "uk",
    new: "➕ Новий лід",
    partner: "Партнер",
    create: "✅ Створити",
    contacted: "📞 Контакт є",
    qualify: "✅ Кваліфікувати",
    analyse: "🤖 Аналіз",
    transfer: "🚀 У продажі",
    transfer_now: "🚀 Передати",
    skip: "Пропустити",
    back: "‹ Назад",
    sale: "💰 Продаж",
    sales: "💰 Продажі",
    steps: ["🪪 Далі: KYC", "✍️ Далі: Договір", "💰 Далі: Оплачено"],
    stats: "📊 Статистика",
    settings: "⚙️ Налаштування",
    quick: "⚡ Швидко",
    leads: "📋 Ліди",
    mine: "Мої",
    notes: "📝 Нотатки (1)",
    add_note: "📝 Нотатка",
    history: "🕓 Історія",
    card: "‹ Картка",
    edit: "✏️ Змінити",
    company: "Компанія",
    assist: "🤖 AI-помічник",
    leave: "Вийти",
    lost: "❌ Втрачено",
    no_budget: "Немає бюджету",
    reopen: "♻️ Відновити",
    assign: "👤 Призначити",
};

pub const ENGLISH: Words = Words {
    language: "en",
    new: "➕ New Lead",
    partner: "Partner",
    create: "✅ Create",
    contacted: "📞 Contacted",
    qualify: "✅ Qualified",
    analyse: "🤖 Analyse",
    transfer: "🚀 Transfer",
    transfer_now: "🚀 Transfer",
    skip: "Skip",
    back: "‹ Back",
    sale: "💰 Sale",
    sales: "💰 Sales",
    steps: ["🪪 Next: KYC", "✍️ Next: Agreement", "💰 Next: Paid"],
    stats: "📊 Stats",
    settings: "⚙️ Settings",
    quick: "⚡ Quick",
    leads: "📋 Leads",
    mine: "Mine",
    notes: "📝 Notes (1)",
    add_note: "📝 Add note",
    history: "🕓 History",
    card: "‹ Card",
    edit: "✏️ Edit",
    company: "Company",
    assist: "🤖 AI Assist",
    leave: "Leave",
    lost: "❌ Lost",
    no_budget: "No budget",
    reopen: "♻️ Reopen",
    assign: "👤 Assign",
};

/// From a stranger to a paid sale, as a Manager.
fn journey(house: &House, telegram: &Telegram, id: i64, words: &Words) -> String {
    let mut chat = Chat::new(telegram, id, "Newcomer", words.language);
    chat.writes("/start", "A stranger");
    let code = invitation(house, "Софія Коваль", "manager");
    let welcome = chat.writes(&format!("/start {code}"), "Welcome");
    assert!(welcome.text.contains("Софія Коваль"), "{}", welcome.text);
    let menu = telegram.menu(chat.who.chat).unwrap().concat();
    for button in [words.leads, words.new, words.stats, words.settings, words.quick] {
        assert!(menu.iter().any(|it| it == button), "no {button} in {menu:?}");
    }
    chat.writes(words.leads, "Leads");
    chat.presses(words.mine, "An empty list");
    enter(&mut chat, words);
    work(&mut chat, words);
    sell(&mut chat, words);
    look_around(&mut chat, words);
    std::mem::take(&mut chat.album)
}

/// The six steps of a new lead, with a way back and a mistake.
fn enter(chat: &mut Chat<'_>, words: &Words) {
    chat.writes(words.new, "New lead: source");
    chat.presses(words.partner, "New lead: name");
    let before = chat.presses(words.back, "");
    assert!(before.labels().concat().contains(&words.partner));
    chat.presses(words.partner, "");
    chat.writes("Олександра Бондаренко-Іваненко", "New lead: contact");
    let refused = chat.writes("не знаю", "New lead: no contact in this");
    assert!(refused.text.contains("⚠️"), "{}", refused.text);
    chat.writes("067 765 43 21, sasha@example.com", "New lead: domain");
    chat.presses("🏢 first", "New lead: intent");
    let confirm = chat.presses(words.skip, "New lead: confirm");
    for value in ["Олександра Бондаренко-Іваненко", "+380677654321", "sasha@example.com", "first"]
    {
        assert!(confirm.text.contains(value), "no {value} in {}", confirm.text);
    }
    let card = chat.presses(words.create, "The lead's card");
    assert!(card.text.contains("+380677654321"), "{}", card.text);
}

/// Contacted, noted, edited, qualified, analysed.
fn work(chat: &mut Chat<'_>, words: &Words) {
    chat.presses(words.contacted, "Contacted, with a way back");
    chat.presses(words.add_note, "A note: what?");
    chat.writes("Передзвонити у вівторок & <b>не раніше</b>", "A note was added");
    chat.presses(words.notes, "Notes");
    chat.presses(words.card, "");
    chat.presses(words.edit, "Edit: which field?");
    chat.presses(words.company, "Edit: a field");
    let edited = chat.writes("ТОВ «Світанок»", "");
    assert!(edited.text.contains("ТОВ «Світанок»"), "{}", edited.text);
    chat.presses(words.qualify, "Qualified");
    let scored = chat.presses(words.analyse, "Analysed");
    assert!(scored.text.contains("▰"), "{}", scored.text);
    chat.presses(words.assign, "Assign: whom?");
    chat.presses(words.card, "");
}

/// To sales, and step by step to the money.
fn sell(chat: &mut Chat<'_>, words: &Words) {
    chat.presses(words.transfer, "Transfer: amount");
    let next = chat.writes("12 500", "Transfer: reason or confirmation");
    if !next.labels().concat().contains(&words.transfer_now) {
        chat.writes("давній знайомий, дуже зацікавлений", "Transfer: confirm");
    }
    let transferred = chat.presses(words.transfer_now, "Transferred");
    assert!(transferred.text.contains("🚀"), "{}", transferred.text);
    chat.writes(words.sales, "Sales");
    let shown = chat.telegram.shown(chat.who.chat);
    let labels = shown.last().unwrap().labels().concat();
    let row = labels.iter().find(|label| label.contains("Олександра")).unwrap().to_string();
    chat.presses(&row, "A sale's card");
    chat.presses(words.steps[0], "");
    chat.presses(words.steps[1], "A sale in agreement");
    let paid = chat.presses(words.steps[2], "A paid sale");
    assert!(paid.text.contains("12\u{a0}500"), "{}", paid.text);
}

/// A misspelt search, history, statistics, settings, the assistant, and a lead that is lost.
fn look_around(chat: &mut Chat<'_>, words: &Words) {
    let found = chat.writes("Александра Бондаренко", "Found by a misspelt name");
    let row = found.labels().concat().first().map(|it| (*it).to_owned()).unwrap();
    assert!(row.contains("Олександра"), "{row}");
    let card = chat.presses(&row, "The card of a transferred lead");
    assert!(card.labels().concat().contains(&words.sale));
    chat.presses(words.history, "History");
    chat.writes(words.stats, "Stats");
    chat.writes(words.quick, "Quick");
    chat.writes(words.settings, "Settings");
    chat.writes(words.assist, "AI Assist");
    let question =
        if words.language == "uk" { "скільки лідів?" } else { "how many leads?" };
    chat.writes(question, "AI Assist: an answer");
    chat.presses(words.leave, "AI Assist: left");
    let card = "Тарас Бондар\nдиректор\nФОП Бондар\n+380 50 123 45 67";
    chat.writes(card, "A pasted business card");
    chat.presses(words.create, "");
    chat.presses(words.lost, "Lost: why?");
    let lost = chat.presses(words.no_budget, "Lost");
    assert!(lost.labels().concat().contains(&words.reopen));
    let twice = chat.writes("Бондар Тарас, 0501234567", "");
    assert!(twice.labels().concat().contains(&words.create));
    let duplicate = chat.presses(words.create, "A duplicate");
    assert!(duplicate.text.contains("👯"), "{}", duplicate.text);
}

fn screens() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bot-screens.md")
}

#[test]
fn a_newcomer_works_a_lead_to_a_paid_sale_in_either_language_and_the_screens_are_documented() {
    let telegram = Telegram::start();
    let english = {
        let house = house(&telegram, "2");
        let english = journey(&house, &telegram, 41, &ENGLISH);
        house.assert_sound();
        english
    };
    let ukrainian = {
        let telegram = Telegram::start();
        let house = house(&telegram, "1");
        journey(&house, &telegram, 42, &UKRAINIAN)
    };
    let page = format!(
        "# The bot's screens\n\nWhat a newcomer sees on the way from an invitation to a paid sale: \
         each screen with its buttons in brackets. A test makes this journey and holds this \
         page.\n\n## English\n\n{english}## Українською\n\n{}\n",
        ukrainian.trim_end()
    );
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(screens(), &page).unwrap();
    }
    let kept = std::fs::read_to_string(screens()).unwrap_or_default();
    let differs = kept.lines().zip(page.lines()).find(|(kept, page)| kept != page);
    assert!(
        kept == page,
        "docs/bot-screens.md is not what the bot shows, first at {differs:?}: set {WRITE}=1 to \
         write it anew"
    );
}

#[test]
fn a_button_of_last_week_and_one_pressed_twice_do_nothing_wrong() {
    let telegram = Telegram::start();
    let house = house(&telegram, "2");
    let mut chat = Chat::new(&telegram, 51, "Ada", "en");
    let code = invitation(&house, "Ada", "manager");
    chat.writes(&format!("/start {code}"), "");
    chat.writes("Grace Hopper, grace@example.com", "");
    let card = chat.presses(ENGLISH.create, "");
    // Twice before anything is seen: one of them is too late.
    telegram.press(&chat.who, ENGLISH.contacted);
    telegram.press(&chat.who, ENGLISH.contacted);
    let (first, second) = (chat.sees(""), chat.sees(""));
    assert!(first.text.contains("Contacted"), "{}", first.text);
    assert!(second.text.contains("Contacted"), "{}", second.text);
    let lead = house.json(&["lead", "list"])["items"][0].clone();
    assert_eq!((lead["stage"].as_str(), lead["version"].as_u64()), (Some("contacted"), Some(2)));
    // The card of before, with its buttons of before.
    let old = card.buttons.iter().flatten().find(|(label, _)| label == ENGLISH.lost).unwrap();
    let data = old.1["callback_data"].as_str().unwrap().to_owned();
    telegram.press_data(&chat.who, &card, &data);
    let reasons = chat.sees("");
    assert!(reasons.labels().concat().contains(&ENGLISH.no_budget), "{reasons:?}");
    telegram.press(&chat.who, ENGLISH.no_budget);
    let now = chat.sees("");
    assert!(now.text.contains("Contacted"), "an old button changed it: {}", now.text);
    let lead = house.json(&["lead", "list"])["items"][0].clone();
    assert_eq!(lead["stage"], Value::from("contacted"));
    // Forged and broken presses are answered and harm nobody.
    for data in ["", "drop table", "c.AAAA", &"x".repeat(64), "d.t.AAAAAAAAAAAAAAAAAAAAAA.1"] {
        let press = telegram.press_data(&chat.who, &card, data);
        telegram.until_answered(&press);
    }
    house.assert_sound();
}

#[test]
fn nobody_is_in_without_an_invitation_and_a_deactivated_member_is_out_at_once() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut stranger = Chat::new(&telegram, 61, "Mallory", "en");
    for text in ["hello", "/menu", "📋 Leads", "/start nonsense", "/find Ada"] {
        let shown = stranger.writes(text, "");
        assert!(shown.buttons.is_empty(), "{text}: {shown:?}");
    }
    let code = invitation(&house, "Ada", "agent");
    let mut ada = Chat::new(&telegram, 62, "Ada", "en");
    ada.writes(&format!("/start {code}"), "");
    let again = stranger.writes(&format!("/start {code}"), "");
    assert!(again.text.contains("used already"), "{}", again.text);
    ada.writes(ENGLISH.new, "");
    let members = house.json(&["member", "list"]);
    let members = members["items"].as_array().or_else(|| members.as_array()).unwrap();
    let id = members.iter().find(|it| it["name"] == "Ada").unwrap()["id"].as_str().unwrap();
    house.said_by(&["member", "deactivate", id]);
    house.until("she is out", || {
        let shown = ada.writes("/menu", "");
        shown.text.contains("I don't know you yet").then_some(())
    });
}

#[test]
fn an_agent_is_offered_what_agents_may_and_a_forged_button_is_refused() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut ada = Chat::new(&telegram, 71, "Ada", "en");
    let code = invitation(&house, "Ada", "agent");
    ada.writes(&format!("/start {code}"), "");
    ada.writes("Grace Hopper, grace@example.com", "");
    ada.presses(ENGLISH.create, "");
    ada.presses(ENGLISH.edit, "");
    ada.presses("Business domain", "");
    ada.presses("first", "");
    ada.presses(ENGLISH.contacted, "");
    let card = ada.presses(ENGLISH.qualify, "");
    let labels = card.labels().concat();
    for hidden in ["🚀 Transfer", "↩️ Rollback", ENGLISH.assign, "↩️ Undo"] {
        assert!(!labels.contains(&hidden), "{hidden} in {labels:?}");
    }
    let lost = card.buttons.iter().flatten().find(|(label, _)| label == ENGLISH.lost).unwrap();
    let data = lost.1["callback_data"].as_str().unwrap().to_owned();
    let forged = data.replacen("d.l.", "d.t.", 1);
    telegram.press_data(&ada.who, &card, &forged);
    ada.sees("");
    ada.presses(ENGLISH.skip, "");
    ada.writes("because I say so", "");
    let refused = ada.presses(ENGLISH.transfer_now, "");
    assert!(refused.text.contains("Your role may not do this"), "{}", refused.text);
    let invite = ada.writes("/invite", "");
    assert!(invite.text.contains("Your role may not do this"), "{}", invite.text);
    let lead = house.json(&["lead", "list"])["items"][0].clone();
    assert_eq!(lead["stage"], Value::from("qualified"));
}

#[test]
fn in_a_group_no_lead_is_worked_on_and_a_member_shares_a_card_without_its_contact() {
    let telegram = Telegram::start();
    let house = house(&telegram, "1");
    let mut ada = Chat::new(&telegram, 81, "Ada", "en");
    let code = invitation(&house, "Ada", "manager");
    ada.writes(&format!("/start {code}"), "");
    ada.writes("Grace Hopper, grace@example.com, +380671112233", "");
    let card = ada.presses(ENGLISH.create, "");
    let group = Person { language: "en", ..ada.who.in_group(-500) };
    telegram.write(&group, "Grace Hopper");
    telegram.write(&group, "/find Grace");
    let shown = telegram.next(group.chat);
    assert!(shown.text.contains("a chat of our own"), "{}", shown.text);
    let open = card.buttons.iter().flatten().next().unwrap();
    let data = open.1["callback_data"].as_str().unwrap().to_owned();
    let press = telegram.press_data(&group, &shown, &data);
    telegram.until_answered(&press);
    assert_eq!(telegram.shown(group.chat).len(), 1, "nothing else was shown to the group");
    let offered = |who: &Person| {
        let query = telegram.ask_inline(who, "Grace");
        telegram.until_answered(&query);
        let calls = telegram.calls("answerInlineQuery");
        calls.last().unwrap().body["results"].to_string()
    };
    let results = offered(&ada.who);
    assert!(results.contains("Grace Hopper"), "{results}");
    for contact in ["grace@example.com", "+380671112233"] {
        assert!(!results.contains(contact), "{results}");
    }
    assert_eq!(offered(&Person::new(82, "Mallory")), "[]");
}
