//! A bar for the person at the terminal; nothing at all where there is none.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal as _, stderr};

/// Progress towards `length`, told on standard error.
pub fn bar(length: u64, what: &'static str, json: bool) -> ProgressBar {
    if json || !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length).with_message(what);
    let template = "{msg} [{bar:30}] {percent}% {prefix} ({eta} left)";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
