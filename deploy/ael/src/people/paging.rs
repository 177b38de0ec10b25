//! Pages of a list: how many things, where they begin, and how somebody gets at the rest.

use crate::output::Output;
use crate::session::Desk;
use ael_events::query::{Cursor, Page, Query};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// As many things as one answer may hold.
const MOST: usize = 200;

/// What part of a list is shown.
#[derive(Debug, Clone, Args)]
pub struct Paging {
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    limit: usize,
    /// Go on where another page ended: what it named for this
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a whole number from 1".to_owned())
}

impl Paging {
    /// Asks for as many pages as are needed; the question names where one begins and its length.
    pub async fn collect<T: DeserializeOwned>(
        &self,
        desk: &Desk,
        question: impl Fn(Option<Cursor>, Option<u16>) -> Query,
    ) -> anyhow::Result<Page<T>> {
        let mut all = Page { items: Vec::new(), next_cursor: self.after.clone() };
        loop {
            let missing = self.limit.saturating_sub(all.items.len()).clamp(1, MOST);
            let missing = u16::try_from(missing).ok();
            let page: Page<T> = desk.ask(question(all.next_cursor, missing)).await?;
            all.items.extend(page.items);
            all.next_cursor = page.next_cursor;
            if all.next_cursor.is_none() || all.items.len() >= self.limit {
                return Ok(all);
            }
        }
    }

    /// The page: as it is for a program; a table, how many they are and how to get at more for
    /// people, or what to do next when there is nothing.
    pub fn answer<T: Serialize>(
        &self,
        out: Output,
        page: &Page<T>,
        header: &[&str],
        row: impl Fn(&T) -> Vec<String>,
        nothing: &str,
    ) -> anyhow::Result<()> {
        out.answer(page, |out| {
            if page.items.is_empty() {
                return out.say(if self.after.is_some() { "That was all." } else { nothing });
            }
            out.table(header, page.items.iter().map(row))?;
            footer(page, self.limit).iter().try_for_each(|line| out.say(out.dim(line)))
        })
    }
}

/// What stands below a list.
fn footer<T>(page: &Page<T>, limit: usize) -> Vec<String> {
    let shown = page.items.len();
    let Some(cursor) = &page.next_cursor else {
        return vec![format!("{shown} shown, that is all; times are UTC")];
    };
    vec![
        format!("{shown} shown, there are more; times are UTC"),
        format!("more at once: --limit {}", limit.saturating_mul(5)),
        format!("the next ones: --after {cursor}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_whether_there_is_more_and_how_to_get_it() {
        let page =
            |next: Option<&str>| Page { items: vec![1, 2], next_cursor: next.map(str::to_owned) };
        assert_eq!(footer(&page(None), 20), ["2 shown, that is all; times are UTC"]);
        let more = footer(&page(Some("abc")), 2).join("\n");
        assert!(more.contains("there are more"), "{more}");
        assert!(more.contains("--limit 10") && more.contains("--after abc"), "{more}");
    }

    #[test]
    fn a_page_has_one_thing_at_least() {
        assert_eq!(at_least_one("1"), Ok(1));
        for text in ["0", "-1", "many"] {
            assert!(at_least_one(text).is_err(), "{text}");
        }
    }
}
