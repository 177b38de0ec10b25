//! Pages: how many things, and never more of them than the bus carries in one answer.

use crate::refusal::invalid;
use ael_events::answer::Rejected;
use ael_events::query::{Cursor, Page};
use serde::Serialize;

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

/// Makes a page of what was found: at most `limit` things and [`PAGE_BYTES`], one at least. When
/// more was found, the cursor of the last one leads on.
pub fn page<T: Serialize>(
    mut found: Vec<T>,
    limit: usize,
    cursor_of: impl FnOnce(&T) -> Option<Cursor>,
) -> Page<T> {
    let keep = fitting(&found).min(limit);
    let more = found.len() > keep;
    found.truncate(keep);
    let next_cursor = if more { found.last().and_then(cursor_of) } else { None };
    Page { items: found, next_cursor }
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

    #[test]
    fn a_page_has_1_to_200_entries() {
        assert_eq!((limit(None), limit(Some(200))), (Ok(50), Ok(200)));
        assert!(limit(Some(0)).is_err() && limit(Some(201)).is_err());
    }

    #[test]
    fn only_a_page_that_is_not_the_last_leads_on() {
        let cursor = |item: &u32| Some(item.to_string());
        let page_of = |found: u32| page((1..=found).collect(), 3, cursor);
        assert_eq!(page_of(3), Page { items: vec![1, 2, 3], next_cursor: None });
        let next_cursor = Some("3".to_owned());
        assert_eq!(page_of(4), Page { items: vec![1, 2, 3], next_cursor });
        assert_eq!(page_of(0), Page { items: vec![], next_cursor: None });
    }

    #[test]
    fn a_page_never_holds_more_than_the_bus_carries_but_one_thing_at_least() {
        let large = vec!["x".repeat(200 * 1024); 4];
        let cut = page(large, 200, |_| Some("on".to_owned()));
        assert_eq!((cut.items.len(), cut.next_cursor.as_deref()), (2, Some("on")));
        let huge = page(vec!["x".repeat(600 * 1024)], 200, |_| None);
        assert_eq!(huge.items.len(), 1);
    }
}
