//! One update of a member's: who they are, what they are told, and what they may be shown.

use super::dialogue::Dialogue;
use super::hands::{Done, Hands, Hitch};
use super::html;
use super::tap::Tap;
use super::words::{Put, Voice};
use crate::out::{Button, Keyboard, Out, Press};
use ael_events::answer::Accepted;
use ael_events::command::{Command, LeadCommand, SaleCommand, To};
use ael_events::ids::{LeadId, MemberId, SaleId, WorkspaceId};
use ael_events::query::{
    GetLead, GetSale, LeadDetails, LeadInclude, ListMembers, Me, MemberPage, MemberView, Query,
    SaleView, WorkspaceView,
};
use ael_events::values::{Contact, Role};
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// How much of a lead's name a button shows.
const LABEL: usize = 28;
/// How long a press waits for what follows from it, so that the card shows it at once.
const FOLLOWS: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);
/// How many pages of members are looked at.
const MEMBER_PAGES: usize = 5;

/// One update, and what it leads to.
pub(crate) struct Scene<'a> {
    pub(crate) hands: Hands<'a>,
    pub(crate) dialogue: &'a mut Dialogue,
    pub(crate) workspace: WorkspaceId,
    pub(crate) me: Me,
    pub(crate) voice: Voice,
    pub(crate) now: DateTime<Utc>,
    /// The bot's name, for links to it.
    pub(crate) bot: &'a str,
    pub(crate) chat: i64,
    /// The message that is changed in place; a new one is sent, where there is none.
    pub(crate) edit: Option<i32>,
    /// A word about a press.
    pub(crate) word: Option<String>,
    outs: Vec<Out>,
    settings: Option<WorkspaceView>,
    colleagues: Option<Vec<MemberView>>,
}

/// Where a scene is set.
pub(crate) struct Stage<'a> {
    pub(crate) hands: Hands<'a>,
    pub(crate) dialogue: &'a mut Dialogue,
    pub(crate) bot: &'a str,
    pub(crate) chat: i64,
    pub(crate) edit: Option<i32>,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(stage: Stage<'a>, workspace: WorkspaceId, me: Me) -> Self {
        let voice = Voice(me.member.language);
        let Stage { hands, dialogue, bot, chat, edit } = stage;
        Self {
            hands,
            dialogue,
            workspace,
            me,
            voice,
            now: Utc::now(),
            bot,
            chat,
            edit,
            word: None,
            outs: Vec::new(),
            settings: None,
            colleagues: None,
        }
    }

    /// What it all led to.
    pub(crate) fn outs(self) -> Vec<Out> {
        self.outs
    }

    // ── What is said ─────────────────────────────────────────────────────────────────────────────

    /// Shows a screen: in place of the one whose button was pressed, else as a new message.
    pub(crate) fn show(&mut self, text: String, rows: Vec<Vec<Button>>) {
        let keyboard = match rows.is_empty() {
            true => Keyboard::None,
            false => Keyboard::Inline(rows),
        };
        let (chat, text) = (self.chat, html::fitting(text));
        self.outs.push(match self.edit.take() {
            Some(message_id) => Out::Edit { chat, message_id, text, keyboard },
            None => Out::Send { chat, text, keyboard, silent: false },
        });
    }

    /// Says something in a message of its own.
    pub(crate) fn say(&mut self, text: String, keyboard: Keyboard) {
        let text = html::fitting(text);
        self.outs.push(Out::Send { chat: self.chat, text, keyboard, silent: false });
    }

    pub(crate) fn push(&mut self, out: Out) {
        self.outs.push(out);
    }

    /// A button of ours, with words of the bot.
    pub(crate) fn button(&self, key: &str, tap: Tap) -> Button {
        button(self.voice.say(key), tap)
    }

    /// The menu in place of the letters.
    pub(crate) fn menu(&self) -> Keyboard {
        let rows: [&[&str]; 4] = [
            &["menu-leads", "menu-sales", "menu-stats"],
            &["menu-new", "menu-assist"],
            &["menu-quick", "menu-settings"],
            &[],
        ];
        let row = |keys: &&[&str]| keys.iter().map(|key| self.voice.say(key)).collect::<Vec<_>>();
        Keyboard::Menu(rows.iter().map(row).filter(|row| !row.is_empty()).collect())
    }

    // ── What is looked up and done ───────────────────────────────────────────────────────────────

    pub(crate) async fn ask<T: DeserializeOwned>(&self, query: Query) -> Done<T> {
        self.hands.ask(self.workspace, self.dialogue.after.as_ref(), query).await
    }

    /// A lead with its owner's name and its sale; nothing, when there is none that may be seen.
    pub(crate) async fn lead(&self, id: LeadId) -> Done<Option<LeadDetails>> {
        let include = [LeadInclude::Owner, LeadInclude::Sale].into_iter().collect();
        let query = Query::GetLead(GetLead { include, ..GetLead::now(id) });
        match self.ask(query).await {
            Ok(lead) => Ok(Some(lead)),
            Err(Hitch::Refused(refusal)) if refusal.code == "not_found" => Ok(None),
            Err(hitch) => Err(hitch),
        }
    }

    /// Waits a moment until what follows from a change has come to a lead; says whether it has.
    pub(crate) async fn until(
        &self,
        id: LeadId,
        has_come: impl Fn(&LeadDetails) -> bool + Send,
    ) -> Done<bool> {
        let deadline = Instant::now() + FOLLOWS;
        loop {
            match self.lead(id).await? {
                Some(lead) if !has_come(&lead) => {}
                Some(_) | None => return Ok(true),
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(crate) async fn sale(&self, sale_id: SaleId) -> Done<Option<SaleView>> {
        match self.ask(Query::GetSale(GetSale { sale_id })).await {
            Ok(sale) => Ok(Some(sale)),
            Err(Hitch::Refused(refusal)) if refusal.code == "not_found" => Ok(None),
            Err(hitch) => Err(hitch),
        }
    }

    pub(crate) async fn settings(&mut self) -> Done<&WorkspaceView> {
        let known = match self.settings.take() {
            Some(known) => known,
            None => self.ask(Query::GetWorkspace {}).await?,
        };
        Ok(self.settings.insert(known))
    }

    /// The members, a thousand at most.
    pub(crate) async fn colleagues(&mut self) -> Done<&[MemberView]> {
        if let Some(known) = self.colleagues.take() {
            return Ok(self.colleagues.insert(known));
        }
        let (mut all, mut cursor) = (Vec::new(), None);
        for _ in 0..MEMBER_PAGES {
            let asked = ListMembers { cursor, limit: Some(200) };
            let page: MemberPage = self.ask(Query::ListMembers(asked)).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(self.colleagues.insert(all))
    }

    /// Has a lead changed, and remembers to wait for it before anything is shown.
    pub(crate) async fn change(
        &mut self,
        id: LeadId,
        version: Option<u64>,
        command: impl Into<LeadCommand>,
    ) -> Done<Accepted> {
        let command = Command::Lead(To { id, command: command.into() });
        self.dialogue.lead = Some(id);
        self.tell(version, command).await
    }

    pub(crate) async fn change_sale(
        &mut self,
        id: SaleId,
        version: u64,
        command: impl Into<SaleCommand>,
    ) -> Done<Accepted> {
        let command = Command::Sale(To { id, command: command.into() });
        self.tell(Some(version), command).await
    }

    pub(crate) async fn tell(&mut self, version: Option<u64>, command: Command) -> Done<Accepted> {
        let accepted = self.hands.tell(self.workspace, version, command).await?;
        if accepted.position.is_some() {
            self.dialogue.after.clone_from(&accepted.position);
        }
        Ok(accepted)
    }

    // ── Who may, as far as buttons show it ───────────────────────────────────────────────────────

    pub(crate) const fn manages(&self) -> bool {
        matches!(self.me.member.role, Role::Manager | Role::Admin)
    }

    pub(crate) const fn administers(&self) -> bool {
        matches!(self.me.member.role, Role::Admin)
    }

    pub(crate) fn owns(&self, owner: Option<MemberId>) -> bool {
        owner == Some(self.me.member.id)
    }

    // ── How things are called ────────────────────────────────────────────────────────────────────

    /// How a lead is called: by its name, else by a way to reach it.
    pub(crate) fn called(&self, contact: &Contact, erased: bool) -> String {
        if erased {
            return self.voice.say("erased-name");
        }
        let ways = [
            contact.full_name.as_ref().map(|it| it.as_str().to_owned()),
            contact.company.as_ref().map(|it| it.as_str().to_owned()),
            contact.telegram.as_ref().map(|it| format!("@{}", it.as_str())),
            contact.phone.as_ref().map(|it| it.as_str().to_owned()),
            contact.email.as_ref().map(|it| it.as_str().to_owned()),
        ];
        let mut named = ways.into_iter().flatten().map(|name| html::name(&name));
        named.find(|name| !name.is_empty()).unwrap_or_else(|| self.voice.say("no-name"))
    }

    /// A name that fits a button.
    pub(crate) fn short(&self, contact: &Contact, erased: bool) -> String {
        html::label(&self.called(contact, erased), LABEL)
    }

    /// What whoever did something is called: a colleague by name, else the house.
    pub(crate) async fn actor(&mut self, actor: &str) -> Done<String> {
        Ok(match actor.split_once(':') {
            Some(("member", id)) => self.colleague(id).await?,
            Some(("service", _)) => self.voice.say("actor-service"),
            Some(_) | None => self.voice.say("actor-operator"),
        })
    }

    /// A colleague's name, by their id as it is written.
    pub(crate) async fn colleague(&mut self, id: &str) -> Done<String> {
        let known = self.colleagues().await?.iter().find(|member| member.id.to_string() == id);
        let name = known.and_then(|member| member.name.as_ref()).map(|it| html::name(it.as_str()));
        Ok(name.unwrap_or_else(|| self.voice.say("somebody")))
    }

    /// A word of the house's own vocabulary: `stage-new`, `source-partner` …
    pub(crate) fn term(&self, family: &str, word: &str) -> String {
        self.voice.say(&format!("{family}-{}", word.replace('_', "-")))
    }

    /// How long ago something was.
    pub(crate) fn ago(&self, at: DateTime<Utc>) -> String {
        let span = self.now - at;
        let (key, count) = if span < TimeDelta::minutes(1) {
            return self.voice.say("just-now");
        } else if span < TimeDelta::hours(1) {
            ("ago-minutes", span.num_minutes())
        } else if span < TimeDelta::days(1) {
            ("ago-hours", span.num_hours())
        } else {
            ("ago-days", span.num_days())
        };
        self.voice.plain(key, [("count", Put::from(count))])
    }
}

/// A button that says something of its own.
pub(crate) fn button(text: String, tap: Tap) -> Button {
    Button { text, press: Press::Data(tap.code()) }
}
