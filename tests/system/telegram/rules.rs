//! What Telegram takes and what it refuses.

use super::Refused;
use serde_json::Value;

/// The text as Telegram takes it: not empty, not too long, of tags that it knows.
pub fn checked(body: &Value, field: &str, may_be_empty: bool) -> Result<String, Refused> {
    let refused = |words: &str| (400, format!("Bad Request: {words}"));
    let text = body[field].as_str().unwrap_or_default();
    let most = if field == "caption" { 1_024 } else { 4_096 };
    if text.trim().is_empty() && !may_be_empty {
        return Err(refused("message text is empty"));
    }
    let mut open: Vec<&str> = Vec::new();
    let mut plain = 0;
    for (place, part) in text.split('<').enumerate() {
        let (tag, rest) = if place == 0 {
            ("", part)
        } else {
            part.split_once('>').ok_or(refused("can't parse entities: unclosed start tag"))?
        };
        plain += rest.encode_utf16().count();
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        match (place, tag.starts_with('/')) {
            (0, _) => {}
            _ if !["b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"]
                .contains(&name) =>
            {
                return Err(refused(&format!(
                    "can't parse entities: unsupported start tag {tag:?}"
                )));
            }
            (_, false) => open.push(name),
            (_, true) if open.pop() == Some(name) => {}
            (_, true) => return Err(refused("can't parse entities: unmatched end tag")),
        }
    }
    match (open.is_empty(), plain > most) {
        (false, _) => Err(refused("can't parse entities: can't find end tag")),
        (true, true) => Err(refused("message is too long")),
        (true, false) => Ok(text.to_owned()),
    }
}

pub fn markup(body: &Value) -> Result<Value, Refused> {
    let Some(text) = body["reply_markup"].as_str() else {
        return Ok(body["reply_markup"].clone());
    };
    serde_json::from_str(text)
        .map_err(|_| (400, "Bad Request: can't parse reply keyboard markup JSON object".into()))
}

pub fn buttons(markup: &Value) -> Result<Vec<Vec<(String, Value)>>, Refused> {
    let rows = markup["inline_keyboard"].as_array().cloned().unwrap_or_default();
    let button = |one: &Value| {
        let data = one["callback_data"].as_str().unwrap_or_default();
        if data.len() > 64 {
            return Err((400, "Bad Request: BUTTON_DATA_INVALID".to_owned()));
        }
        Ok((one["text"].as_str().unwrap_or_default().to_owned(), one.clone()))
    };
    rows.iter().map(|row| row.as_array().unwrap().iter().map(button).collect()).collect()
}
