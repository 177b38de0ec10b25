//! Pages: how many things, and never more of them than the bus carries in one answer.

use crate::refusal::{Answered, Unanswered, invalid};
use ael_events::answer::Rejected;
use ael_events::query::{Cursor, Page};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// A page holds no more bytes of things than this; with what stands around them an answer stays
/// under 512 KiB, half of what a server carries in its usual setting.
pub const PAGE_BYTES: usize = 480 * 1024;

const USUAL: u16 = 50;
const MOST: u16 = 200;

/// The number of things that were asked for.
///
/// # Errors
/// When it is not 1 to 200.
pub fn limit(asked: Option<u16>) -> Result<usize, Rejected> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(usize::from(limit))
    } else {
        Err(invalid("limit", "a page has 1 to 200 entries"))
    }
}

/// A page whose things are written already, as they travel.
pub type Written = Page<Box<RawValue>>;

/// Makes a page of what was found: at most `limit` things and [`PAGE_BYTES`], one at least. When
/// more was found, the cursor of the last one leads on.
///
/// # Errors
/// When a thing cannot be written.
pub fn page<T: Serialize>(
    found: &[T],
    limit: usize,
    cursor_of: impl FnOnce(&T) -> Option<Cursor>,
) -> Answered<Written> {
    let (mut items, mut bytes) = (Vec::with_capacity(found.len().min(limit)), 0);
    for thing in found.iter().take(limit) {
        let written = to_raw_value(thing)
            .map_err(Unanswered::unreadable::<serde_json::Error>("a thing of a page"))?;
        bytes += written.get().len() + 1;
        if bytes > PAGE_BYTES && !items.is_empty() {
            break;
        }
        items.push(written);
    }
    let more = found.len() > items.len();
    let last = items.len().checked_sub(1).and_then(|last| found.get(last));
    let next_cursor = last.filter(|_| more).and_then(cursor_of);
    Ok(Page { items, next_cursor })
}

/// How many of the first things fit into a page.
pub fn fitting<T: Serialize>(things: &[T]) -> usize {
    let mut bytes = 0;
    let fit = things.iter().take_while(|thing| {
        bytes += serde_json::to_vec(thing).map_or(0, |json| json.len() + 1);
        bytes <= PAGE_BYTES
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_has_1_to_200_entries() {
        assert_eq!((limit(None), limit(Some(200))), (Ok(50), Ok(200)));
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }

    #[test]
    fn only_a_page_that_is_not_the_last_leads_on() {
        let cursor = |item: &u32| Some(item.to_string());
        let page_of = |found: u32| {
            let found: Vec<u32> = (1..=found).collect();
            serde_json::to_value(page(&found, 3, cursor).unwrap()).unwrap()
        };
        assert_eq!(page_of(3), json!({ "items": [1, 2, 3] }));
        assert_eq!(page_of(4), json!({ "items": [1, 2, 3], "next_cursor": "3" }));
        assert_eq!(page_of(0), json!({ "items": [] }));
    }

    #[test]
    fn a_page_never_holds_more_than_the_bus_carries_but_one_thing_at_least() {
        let large = vec!["x".repeat(200 * 1024); 4];
        let cut = page(&large, 200, |_| Some("on".to_owned())).unwrap();
        assert_eq!((cut.items.len(), cut.next_cursor.as_deref()), (2, Some("on")));
        let huge = page(&["x".repeat(600 * 1024)], 200, |_| None).unwrap();
        assert_eq!(huge.items.len(), 1);
    }
}
