//! A stand-in for Telegram: it speaks the Bot API over real HTTP, keeps chats with their messages
//! and buttons as people see them, fails as it is told to, and remembers every call with its time.

mod http;
mod people;
mod rules;

use self::http::{parsed, request, respond};
pub use self::people::{Person, Shown};
use self::rules::{buttons, checked, markup};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long anything may take that has to come about.
const PATIENCE: Duration = Duration::from_secs(60);
/// The number that the token begins with.
pub const BOT: u64 = 7_000_001;
/// A token that it knows.
pub const TOKEN: &str = "7000001:stand-in";

/// What it does instead of what it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// It asks to wait so many seconds.
    TooMuch(u64),
    /// It answers with this status, and a page that is none of the Bot API.
    Away(u16),
    /// It refuses with this code and these words.
    Refuse(u16, &'static str),
    /// It does it, and says nothing.
    Hang,
    /// It does it, and breaks off in the middle of its answer.
    CutOff,
    /// It does it, and takes so long for it.
    Slow(Duration),
}

/// For whom a fault is meant, and how often.
struct Wrong {
    method: &'static str,
    chat: Option<i64>,
    fault: Fault,
    left: usize,
}

/// A call of the bot's.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method, in small letters.
    pub method: String,
    /// What was sent.
    pub body: Value,
    /// When it came.
    pub at: Instant,
    /// Whether it was done and said so; not known, while it is under way.
    pub fine: Option<bool>,
}

impl Call {
    /// The chat that it is for.
    pub fn chat(&self) -> Option<i64> {
        let chat = &self.body["chat_id"];
        chat.as_i64().or_else(|| chat.as_str()?.parse().ok())
    }
}

#[derive(Default)]
struct State {
    updates: Vec<Value>,
    numbers: u32,
    messages: i64,
    polls: u64,
    webhook: Option<Value>,
    chats: BTreeMap<i64, Vec<Shown>>,
    menus: BTreeMap<i64, Vec<Vec<String>>>,
    /// What was shown in a chat, in its order, and how much of it a test has looked at.
    log: BTreeMap<i64, (Vec<Shown>, usize)>,
    pressed: BTreeMap<String, bool>,
    calls: Vec<Call>,
    wrong: Vec<Wrong>,
}

/// The stand-in.
#[derive(Clone)]
pub struct Telegram {
    pub url: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

/// A code and words.
type Refused = (u16, String);
/// What is answered.
type Answer = Result<Value, Refused>;

impl Telegram {
    /// Starts one.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let telegram = Self { url, shared: Arc::default() };
        let serving = telegram.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let telegram = serving.clone();
                // Whoever asked may have gone: that is theirs to know.
                std::thread::spawn(move || telegram.serve(stream).ok());
            }
        });
        telegram
    }

    /// What a house that speaks to it is told.
    pub fn environment(&self) -> [(&str, &str); 2] {
        [("TELEGRAM_BOT_TOKEN", TOKEN), ("TELEGRAM_API_URL", &self.url)]
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }

    /// From now on it fails so, the next `times` times, at this method (or `*`), for this chat (or
    /// all).
    pub fn fail(&self, method: &'static str, chat: Option<i64>, fault: Fault, times: usize) {
        self.state().wrong.push(Wrong { method, chat, fault, left: times });
    }

    /// It fails no more.
    pub fn recover(&self) {
        self.state().wrong.clear();
        self.shared.1.notify_all();
    }

    /// Something happened that the bot should hear of. Gives the number of the update.
    pub fn push(&self, mut update: Value) -> u32 {
        let mut state = self.state();
        state.numbers += 1;
        let number = 1_000 + state.numbers;
        update["update_id"] = json!(number);
        state.updates.push(update);
        self.shared.1.notify_all();
        number
    }

    /// The same update once more, as it stands.
    pub fn push_raw(&self, update: Value) {
        self.state().updates.push(update);
        self.shared.1.notify_all();
    }

    /// A message as Telegram writes it.
    pub fn message(&self, from: &Person, more: Value) -> Value {
        let mut state = self.state();
        state.messages += 1;
        let mut message = json!({ "message_id": state.messages, "date": 1_700_000_000,
            "from": from.user(), "chat": from.chat_json() });
        for (key, value) in more.as_object().unwrap() {
            message[key] = value.clone();
        }
        message
    }

    /// Somebody writes.
    pub fn write(&self, from: &Person, text: &str) -> u32 {
        let message = self.message(from, json!({ "text": text }));
        self.push(json!({ "message": message }))
    }

    /// Somebody shares a contact.
    pub fn share_contact(&self, from: &Person, name: &str, phone: &str) -> u32 {
        let contact = json!({ "phone_number": phone, "first_name": name });
        let message = self.message(from, json!({ "contact": contact }));
        self.push(json!({ "message": message }))
    }

    /// Somebody types `@bot …`. Gives the query's id.
    pub fn ask_inline(&self, from: &Person, query: &str) -> String {
        let id = self.new_press();
        self.push(json!({ "inline_query": { "id": id, "from": from.user(), "query": query,
            "offset": "" } }));
        id
    }

    /// Somebody presses a button of the newest message that has one of this label. Gives the id of
    /// the press.
    pub fn press(&self, who: &Person, label: &str) -> String {
        let state = self.state();
        let shown = state.chats.get(&who.chat).into_iter().flatten().rev();
        let found = shown.clone().find_map(|message| {
            let button = message.buttons.iter().flatten().find(|(one, _)| one == label)?;
            Some((message.clone(), button.1["callback_data"].as_str()?.to_owned()))
        });
        let all: Vec<_> = shown.map(Shown::labels).collect();
        let Some((message, data)) = found else { panic!("no button {label:?} in {all:?}") };
        drop(state);
        self.press_data(who, &message, &data)
    }

    /// Somebody presses a button of this message, or forges such a press.
    pub fn press_data(&self, who: &Person, message: &Shown, data: &str) -> String {
        let id = self.new_press();
        let message = json!({ "message_id": message.id, "date": 1_700_000_000,
            "chat": who.chat_json(), "text": message.text,
            "from": { "id": BOT, "is_bot": true, "first_name": "AEL" } });
        self.push(json!({ "callback_query": { "id": id, "from": who.user(), "message": message,
            "chat_instance": "1", "data": data } }));
        id
    }

    fn new_press(&self) -> String {
        let mut state = self.state();
        let id = format!("press-{}", state.pressed.len());
        state.pressed.insert(id.clone(), false);
        id
    }

    /// Whether the press or query was answered.
    pub fn is_answered(&self, press: &str) -> bool {
        self.state().pressed.get(press).copied().unwrap_or(false)
    }

    /// Waits until the press or query is answered.
    pub fn until_answered(&self, press: &str) {
        self.wait(&format!("an answer to {press}"), |state| {
            state.pressed.get(press).copied().unwrap_or(false).then_some(())
        });
    }

    /// What is shown next in a chat, new or changed.
    pub fn next(&self, chat: i64) -> Shown {
        self.wait(&format!("something in chat {chat}"), |state| {
            let (shown, seen) = state.log.get_mut(&chat)?;
            let next = shown.get(*seen)?.clone();
            *seen += 1;
            Some(next)
        })
    }

    /// Everything of the bot's that stands in a chat.
    pub fn shown(&self, chat: i64) -> Vec<Shown> {
        self.state().chats.get(&chat).cloned().unwrap_or_default()
    }

    /// The menu in place of the letters.
    pub fn menu(&self, chat: i64) -> Option<Vec<Vec<String>>> {
        self.state().menus.get(&chat).cloned()
    }

    /// The webhook that was set, with its secret.
    pub fn webhook(&self) -> Option<Value> {
        self.state().webhook.clone()
    }

    /// All calls of a method, or of every one (`*`).
    pub fn calls(&self, method: &str) -> Vec<Call> {
        let wanted = method.to_ascii_lowercase();
        let state = self.state();
        let calls = state.calls.iter();
        calls.filter(|call| wanted == "*" || call.method == wanted).cloned().collect()
    }

    /// How many updates wait to be confirmed.
    pub fn unconfirmed(&self) -> usize {
        self.state().updates.len()
    }

    fn wait<T>(&self, what: &str, mut holds: impl FnMut(&mut State) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(value) = holds(&mut state) {
                return value;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}");
            state = self.shared.1.wait_timeout(state, left).unwrap().0;
        }
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        while let Some((path, kind, body)) = request(&mut reader)? {
            let mut parts = path.trim_start_matches('/').splitn(2, '/');
            let known = parts.next() == Some(&format!("bot{TOKEN}"));
            let method = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (body, picture) = parsed(&kind, &body);
            if !known {
                respond(&mut writer, &Err((401, "Unauthorized".to_owned())), None)?;
                continue;
            }
            let call = Call { method, body, at: Instant::now(), fine: None };
            let fault = self.fault_of(&call);
            let place = self.called(call.clone());
            let answer = match &fault {
                Some(Fault::TooMuch(seconds)) => Err((429, seconds.to_string())),
                Some(Fault::Refuse(code, words)) => Err((*code, (*words).to_owned())),
                Some(Fault::Away(_)) => Ok(Value::Null),
                Some(Fault::Slow(time)) => {
                    std::thread::park_timeout(*time);
                    self.act(&call, picture)
                }
                Some(Fault::Hang | Fault::CutOff) | None => self.act(&call, picture),
            };
            let fine = answer.is_ok() && matches!(fault, None | Some(Fault::Slow(_)));
            self.state().calls[place].fine = Some(fine);
            self.shared.1.notify_all();
            if fault == Some(Fault::Hang) {
                // Until the other side gives up.
                return reader.read(&mut [0]).map(drop);
            }
            respond(&mut writer, &answer, fault.as_ref())?;
            if fault == Some(Fault::CutOff) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Remembers a call; gives its place.
    fn called(&self, call: Call) -> usize {
        let mut state = self.state();
        state.calls.push(call);
        self.shared.1.notify_all();
        state.calls.len() - 1
    }

    fn fault_of(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state();
        let found = state.wrong.iter_mut().find(|wrong| {
            let method = wrong.method == "*" || wrong.method.to_ascii_lowercase() == call.method;
            wrong.left > 0 && method && (wrong.chat.is_none() || wrong.chat == call.chat())
        })?;
        found.left -= 1;
        Some(found.fault.clone())
    }

    fn act(&self, call: &Call, picture: Option<Vec<u8>>) -> Answer {
        let body = &call.body;
        match call.method.as_str() {
            "getme" => Ok(json!({ "id": BOT, "is_bot": true, "first_name": "AEL",
                "username": "ael_bot", "can_join_groups": true,
                "can_read_all_group_messages": false, "supports_inline_queries": true,
                "can_connect_to_business": false, "has_main_web_app": false })),
            "getupdates" => self.updates(body),
            "setwebhook" => {
                self.state().webhook = Some(body.clone());
                Ok(json!(true))
            }
            "deletewebhook" => {
                self.state().webhook = None;
                Ok(json!(true))
            }
            "sendmessage" => self.send(body, call.chat(), "text", None),
            "sendphoto" => self.send(body, call.chat(), "caption", picture),
            "senddocument" => self.send(body, call.chat(), "caption", picture),
            "editmessagetext" => self.edit(body, call.chat()),
            "answercallbackquery" => self.answered(&body["callback_query_id"]),
            "answerinlinequery" => self.answered(&body["inline_query_id"]),
            "sendchataction" | "setmycommands" | "deletemycommands" => Ok(json!(true)),
            other => Err((404, format!("Not Found: method {other} not found"))),
        }
    }

    fn updates(&self, body: &Value) -> Answer {
        let offset = body["offset"].as_i64().unwrap_or(0);
        let limit = usize::try_from(body["limit"].as_u64().unwrap_or(100)).unwrap();
        let wait = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
        let deadline = Instant::now() + wait;
        let mut state = self.state();
        state.polls += 1;
        let mine = state.polls;
        self.shared.1.notify_all();
        state.updates.retain(|update| update["update_id"].as_i64().is_none_or(|id| id >= offset));
        loop {
            if state.webhook.is_some() {
                return Err((409, "Conflict: can't use getUpdates while webhook is active".into()));
            }
            if state.polls != mine {
                return Err((409, "Conflict: terminated by other getUpdates request".into()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if !state.updates.is_empty() || left.is_zero() {
                let some = state.updates.iter().take(limit).cloned().collect();
                return Ok(Value::Array(some));
            }
            state = self.shared.1.wait_timeout(state, left).unwrap().0;
        }
    }

    fn send(
        &self,
        body: &Value,
        chat: Option<i64>,
        field: &str,
        picture: Option<Vec<u8>>,
    ) -> Answer {
        let chat = chat.ok_or((400, "Bad Request: chat_id is empty".to_owned()))?;
        let text = checked(body, field, picture.is_some())?;
        let below = markup(body)?;
        let mut state = self.state();
        if let Some(rows) = below["keyboard"].as_array() {
            let label = |key: &Value| key["text"].as_str().or(key.as_str()).unwrap().to_owned();
            let row = |row: &Value| row.as_array().unwrap().iter().map(label).collect();
            state.menus.insert(chat, rows.iter().map(row).collect());
        }
        if below["remove_keyboard"] == json!(true) {
            state.menus.remove(&chat);
        }
        state.messages += 1;
        let id = state.messages;
        let shown = Shown { id, text, buttons: buttons(&below)?, picture, edits: 0 };
        state.chats.entry(chat).or_default().push(shown.clone());
        state.log.entry(chat).or_default().0.push(shown);
        Ok(json!({ "message_id": id, "date": 1_700_000_000,
            "chat": { "id": chat, "type": "private", "first_name": "x" } }))
    }

    fn edit(&self, body: &Value, chat: Option<i64>) -> Answer {
        let refused = |words: &str| (400, format!("Bad Request: {words}"));
        let text = checked(body, "text", false)?;
        let buttons = buttons(&markup(body)?)?;
        let mut state = self.state();
        let chat = chat.ok_or(refused("chat_id is empty"))?;
        let messages = state.chats.entry(chat).or_default();
        let shown = messages.iter_mut().find(|one| Some(one.id) == body["message_id"].as_i64());
        let shown = shown.ok_or(refused("message to edit not found"))?;
        if shown.text == text && shown.buttons == buttons {
            return Err(refused(
                "message is not modified: specified new message content and reply \
                markup are exactly the same as a current content and reply markup of the message",
            ));
        }
        *shown = Shown { text, buttons, edits: shown.edits + 1, ..shown.clone() };
        let shown = shown.clone();
        let id = shown.id;
        state.log.entry(chat).or_default().0.push(shown);
        Ok(json!({ "message_id": id }))
    }

    fn answered(&self, id: &Value) -> Answer {
        let mut state = self.state();
        match state.pressed.get_mut(id.as_str().unwrap_or_default()) {
            Some(answered) => {
                *answered = true;
                Ok(json!(true))
            }
            None => Err((
                400,
                "Bad Request: query is too old and response timeout expired or \
                query ID is invalid"
                    .to_owned(),
            )),
        }
    }
}
