//! What is to be said, as the Bot API takes it: HTML, no previews of links.

use super::chart;
use super::telegram::{Form, Refusal, Telegram};
use crate::out::{Article, Button, Keyboard, Out, Press};
use teloxide::payloads::{
    AnswerCallbackQuery, AnswerCallbackQuerySetters as _, AnswerInlineQuery,
    AnswerInlineQuerySetters as _, EditMessageText, EditMessageTextSetters as _, SendChatAction,
    SendMessage, SendMessageSetters as _,
};
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InlineQueryId,
    InlineQueryResult, InlineQueryResultArticle, InputMessageContent, InputMessageContentText,
    KeyboardButton, KeyboardMarkup, KeyboardRemove, LinkPreviewOptions, MessageId, ParseMode,
    ReplyMarkup,
};

/// For how many seconds Telegram may give the same answer to the same inline query again.
const INLINE_CACHE_S: u32 = 5;

impl Out {
    /// The chat that it goes to, if it goes to one.
    pub(crate) const fn chat(&self) -> Option<i64> {
        match self {
            Self::Send { chat, .. }
            | Self::Edit { chat, .. }
            | Self::Chart { chat, .. }
            | Self::Busy { chat } => Some(*chat),
            Self::Heard { .. } | Self::Found { .. } => None,
        }
    }

    /// The chat whose other messages it waits behind, and whose limit it counts in.
    pub(crate) const fn queue(&self) -> Option<i64> {
        match self {
            Self::Send { chat, .. } | Self::Edit { chat, .. } | Self::Chart { chat, .. } => {
                Some(*chat)
            }
            Self::Heard { .. } | Self::Found { .. } | Self::Busy { .. } => None,
        }
    }

    /// The same for another chat: the group has moved.
    pub(crate) fn moved(mut self, to: i64) -> Self {
        match &mut self {
            Self::Send { chat, .. }
            | Self::Edit { chat, .. }
            | Self::Chart { chat, .. }
            | Self::Busy { chat } => *chat = to,
            Self::Heard { .. } | Self::Found { .. } => {}
        }
        self
    }

    /// The same as a message of its own, where another one was to be changed.
    pub(crate) fn into_new(self) -> Self {
        match self {
            Self::Edit { chat, text, keyboard, .. } => {
                Self::Send { chat, text, keyboard, silent: true }
            }
            Self::Send { .. }
            | Self::Chart { .. }
            | Self::Heard { .. }
            | Self::Found { .. }
            | Self::Busy { .. } => self,
        }
    }
}

/// Has Telegram do it.
pub(crate) async fn request(telegram: &Telegram, out: &Out) -> Result<(), Refusal> {
    match out {
        Out::Send { chat, text, keyboard, silent } => {
            let mut message = SendMessage::new(ChatId(*chat), text)
                .parse_mode(ParseMode::Html)
                .link_preview_options(no_preview());
            message.disable_notification = silent.then_some(true);
            message.reply_markup = markup(keyboard);
            telegram.call(&message).await
        }
        Out::Edit { chat, message_id, text, keyboard } => {
            let mut edit = EditMessageText::new(ChatId(*chat), MessageId(*message_id), text)
                .parse_mode(ParseMode::Html)
                .link_preview_options(no_preview());
            edit.reply_markup = inline(keyboard);
            telegram.call(&edit).await
        }
        Out::Chart { chat, chart, caption, keyboard } => {
            let refused = |words: String| Refusal::Refused { code: 400, words };
            let drawn = chart.clone();
            let drawing = tokio::task::spawn_blocking(move || chart::draw(&drawn)).await;
            let picture = drawing
                .map_err(|_| refused("drawing broke off".to_owned()))?
                .map_err(|error| refused(error.to_string()))?;
            let mut form = Form::new()
                .text("chat_id", &chat.to_string())
                .text("caption", caption)
                .text("parse_mode", "HTML")
                .png("photo", "chart.png", &picture);
            if let Some(Ok(markup)) = markup(keyboard).map(|one| serde_json::to_string(&one)) {
                form = form.text("reply_markup", &markup);
            }
            telegram.submit("SendPhoto", form).await
        }
        Out::Heard { callback, text, alert } => {
            let mut heard =
                AnswerCallbackQuery::new(CallbackQueryId(callback.clone())).show_alert(*alert);
            heard.text.clone_from(text);
            telegram.call(&heard).await
        }
        Out::Found { query, articles } => {
            let found =
                AnswerInlineQuery::new(InlineQueryId(query.clone()), articles.iter().map(article));
            telegram.call(&found.cache_time(INLINE_CACHE_S).is_personal(true)).await
        }
        Out::Busy { chat } => {
            telegram.call(&SendChatAction::new(ChatId(*chat), ChatAction::Typing)).await
        }
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn article(article: &Article) -> InlineQueryResult {
    let text = InputMessageContentText::new(&article.text)
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    let shared = InputMessageContent::Text(text);
    InlineQueryResultArticle::new(&article.id, &article.title, shared)
        .description(&article.description)
        .into()
}

fn markup(keyboard: &Keyboard) -> Option<ReplyMarkup> {
    match keyboard {
        Keyboard::None => None,
        Keyboard::Inline(_) => inline(keyboard).map(ReplyMarkup::InlineKeyboard),
        Keyboard::Menu(rows) => {
            let row = |row: &Vec<String>| row.iter().map(KeyboardButton::new).collect::<Vec<_>>();
            let menu = KeyboardMarkup::new(rows.iter().map(row)).persistent().resize_keyboard();
            Some(ReplyMarkup::Keyboard(menu))
        }
        Keyboard::Remove => Some(ReplyMarkup::KeyboardRemove(KeyboardRemove::new())),
    }
}

fn inline(keyboard: &Keyboard) -> Option<InlineKeyboardMarkup> {
    match keyboard {
        Keyboard::Inline(rows) => {
            let row = |row: &Vec<Button>| row.iter().filter_map(button).collect::<Vec<_>>();
            Some(InlineKeyboardMarkup::new(rows.iter().map(row)))
        }
        Keyboard::None | Keyboard::Menu(_) | Keyboard::Remove => None,
    }
}

/// A button; none where its address is no address, which Telegram would refuse with the message.
fn button(Button { text, press }: &Button) -> Option<InlineKeyboardButton> {
    match press {
        Press::Data(data) => Some(InlineKeyboardButton::callback(text, data)),
        Press::Share(query) => Some(InlineKeyboardButton::switch_inline_query(text, query)),
        Press::Url(url) => match url.parse() {
            Ok(url) => Some(InlineKeyboardButton::url(text, url)),
            Err(_) => {
                tracing::warn!("a button without a usable address is left out");
                None
            }
        },
    }
}
