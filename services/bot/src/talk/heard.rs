//! An update as the bot understands it: who said or pressed what, where.

use ael_events::values::TelegramUserId;
use teloxide::types::{
    CallbackQuery, ChatMemberKind, ChatMemberUpdated, InlineQuery, MaybeInaccessibleMessage,
    Message, MessageOrigin, Update, UpdateKind, User,
};

/// Who said something, and where.
pub(crate) struct Heard {
    /// In which chat; the person's own, where there is none.
    pub(crate) chat: i64,
    /// Whether nobody else reads along.
    pub(crate) private: bool,
    pub(crate) account: TelegramUserId,
    /// The language that is set in their Telegram.
    pub(crate) language: Option<String>,
    pub(crate) said: Said,
}

/// What was said.
pub(crate) enum Said {
    Text(String),
    /// A text that somebody else had written.
    Forwarded {
        text: String,
        name: Option<String>,
        username: Option<String>,
    },
    /// A contact of the address book.
    Contact {
        name: String,
        phone: String,
    },
    Press {
        callback: String,
        message: Option<i32>,
        code: String,
    },
    Inline {
        query: String,
        text: String,
    },
    /// Something that the bot cannot read (a picture, a sticker …).
    Unreadable,
    /// The person blocked the bot.
    Blocked,
}

impl Heard {
    /// What an update says; nothing, where it says nothing to the bot.
    pub(crate) fn of(update: &Update) -> Option<Self> {
        match &update.kind {
            UpdateKind::Message(message) => Self::message(message),
            UpdateKind::CallbackQuery(query) => Self::press(query),
            UpdateKind::InlineQuery(query) => Self::inline(query),
            UpdateKind::MyChatMember(change) => Self::membership(change),
            // An edited message was answered when it came; all else is not for the bot.
            UpdateKind::EditedMessage(_)
            | UpdateKind::ChannelPost(_)
            | UpdateKind::EditedChannelPost(_)
            | UpdateKind::BusinessConnection(_)
            | UpdateKind::BusinessMessage(_)
            | UpdateKind::EditedBusinessMessage(_)
            | UpdateKind::DeletedBusinessMessages(_)
            | UpdateKind::MessageReaction(_)
            | UpdateKind::MessageReactionCount(_)
            | UpdateKind::ChosenInlineResult(_)
            | UpdateKind::ShippingQuery(_)
            | UpdateKind::PreCheckoutQuery(_)
            | UpdateKind::PurchasedPaidMedia(_)
            | UpdateKind::Poll(_)
            | UpdateKind::PollAnswer(_)
            | UpdateKind::ChatMember(_)
            | UpdateKind::ChatJoinRequest(_)
            | UpdateKind::ChatBoost(_)
            | UpdateKind::RemovedChatBoost(_)
            | UpdateKind::Error(_) => None,
        }
    }

    fn by(user: &User, chat: i64, private: bool, said: Said) -> Option<Self> {
        let account =
            i64::try_from(user.id.0).ok().and_then(|id| TelegramUserId::try_from(id).ok());
        let language = user.language_code.clone();
        Some(Self { chat, private, account: account?, language, said })
    }

    fn message(message: &Message) -> Option<Self> {
        let user = message.from.as_ref().filter(|user| !user.is_bot)?;
        let said = match (message.contact(), message.text().or_else(|| message.caption())) {
            (Some(contact), _) => {
                let names = [Some(&contact.first_name), contact.last_name.as_ref()];
                let name: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
                Said::Contact { name: name.join(" "), phone: contact.phone_number.clone() }
            }
            (None, Some(text)) => match message.forward_origin() {
                Some(origin) => forwarded(text, origin),
                None => Said::Text(text.to_owned()),
            },
            // Somebody joined, a picture of the chat changed: nobody said anything.
            (None, None) if !message.chat.is_private() => return None,
            (None, None) => Said::Unreadable,
        };
        Self::by(user, message.chat.id.0, message.chat.is_private(), said)
    }

    fn press(query: &CallbackQuery) -> Option<Self> {
        let own = i64::try_from(query.from.id.0).ok()?;
        let (chat, private, message) = match &query.message {
            Some(MaybeInaccessibleMessage::Regular(message)) => {
                (message.chat.id.0, message.chat.is_private(), Some(message.id.0))
            }
            Some(MaybeInaccessibleMessage::Inaccessible(message)) => {
                (message.chat.id.0, message.chat.is_private(), None)
            }
            None => (own, true, None),
        };
        let code = query.data.clone().unwrap_or_default();
        let said = Said::Press { callback: query.id.0.clone(), message, code };
        Self::by(&query.from, chat, private, said)
    }

    fn inline(query: &InlineQuery) -> Option<Self> {
        let own = i64::try_from(query.from.id.0).ok()?;
        let said = Said::Inline { query: query.id.0.clone(), text: query.query.clone() };
        Self::by(&query.from, own, true, said)
    }

    fn membership(change: &ChatMemberUpdated) -> Option<Self> {
        let gone =
            matches!(change.new_chat_member.kind, ChatMemberKind::Banned(_) | ChatMemberKind::Left);
        if !gone || !change.chat.is_private() {
            return None;
        }
        Self::by(&change.from, change.chat.id.0, true, Said::Blocked)
    }
}

fn forwarded(text: &str, origin: &MessageOrigin) -> Said {
    let (name, username) = match origin {
        MessageOrigin::User { sender_user, .. } => {
            (Some(sender_user.full_name()), sender_user.username.clone())
        }
        MessageOrigin::HiddenUser { sender_user_name, .. } => {
            (Some(sender_user_name.clone()), None)
        }
        MessageOrigin::Chat { .. } | MessageOrigin::Channel { .. } => (None, None),
    };
    Said::Forwarded { text: text.to_owned(), name, username }
}
