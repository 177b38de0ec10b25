//! Telegram's limits, kept exactly: 30 requests a second overall, one message a second to a chat,
//! 20 a minute to a group.
//!
//! Only one copy sends, and so its own memory is enough. Who begins does not know what another one
//! sent just before, and begins as if everything had been used up.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as Turnstile;
use tokio::time::Instant;

/// So many in a period.
#[derive(Debug, Clone, Copy)]
struct Rate {
    most: u32,
    period: Duration,
}

const OVERALL: Rate = Rate { most: 30, period: Duration::from_secs(1) };
const CHAT: Rate = Rate { most: 1, period: Duration::from_secs(1) };
const GROUP: Rate = Rate { most: 20, period: Duration::from_secs(60) };
/// From how many chats on those that were silent lately are forgotten.
const CHATS: usize = 4_096;

/// When something was sent, as far back as it matters.
#[derive(Debug)]
struct Window {
    rate: Rate,
    sent: VecDeque<Instant>,
}

impl Window {
    /// As if everything had been used up at `now`, evenly.
    fn used_up(rate: Rate, now: Instant) -> Self {
        let step = rate.period / rate.most;
        let sent = (0..rate.most).rev().map(|ago| now.checked_sub(step * ago).unwrap_or(now));
        Self { rate, sent: sent.collect() }
    }

    /// From when on another one may be sent.
    fn free_at(&self) -> Option<Instant> {
        let is_full = self.sent.len() >= usize::try_from(self.rate.most).unwrap_or(usize::MAX);
        let oldest = self.sent.front().filter(|_| is_full);
        oldest.map(|oldest| *oldest + self.rate.period)
    }

    fn note(&mut self, now: Instant) {
        self.sent.push_back(now);
        while self.sent.len() > usize::try_from(self.rate.most).unwrap_or(usize::MAX) {
            self.sent.pop_front();
        }
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.sent.back().is_none_or(|last| now - *last > self.rate.period)
    }
}

/// What was sent to a chat lately, and how long it is to be left alone.
#[derive(Debug)]
struct Chat {
    second: Window,
    minute: Option<Window>,
    paused: Option<Instant>,
}

impl Chat {
    fn new(chat: i64, begun: Instant) -> Self {
        let minute = (chat < 0).then(|| Window::used_up(GROUP, begun));
        Self { second: Window::used_up(CHAT, begun), minute, paused: None }
    }

    fn free_at(&self, are_kept: bool) -> Option<Instant> {
        let minute = self.minute.as_ref().and_then(Window::free_at);
        let limits = self.second.free_at().max(minute).filter(|_| are_kept);
        limits.max(self.paused)
    }

    fn is_silent(&self, now: Instant) -> bool {
        let silent = |window: &Window| window.is_silent(now);
        let paused = self.paused.is_some_and(|until| until > now);
        silent(&self.second) && self.minute.as_ref().is_none_or(silent) && !paused
    }
}

#[derive(Debug)]
struct State {
    overall: Window,
    paused: Option<Instant>,
    chats: HashMap<i64, Chat>,
}

/// The limits of the copy that sends.
#[derive(Debug)]
pub(crate) struct Limits {
    are_kept: bool,
    begun: Instant,
    state: Mutex<State>,
    /// One message at a time waits for the overall limit, so that what does not stand in a chat's
    /// queue finds at most one before it.
    next: Turnstile<()>,
}

impl Limits {
    /// As if everything had been used up now.
    pub(crate) fn used_up(are_kept: bool) -> Self {
        let begun = Instant::now();
        let overall = Window::used_up(OVERALL, begun);
        let state = State { overall, paused: None, chats: HashMap::new() };
        Self { are_kept, begun, state: Mutex::new(state), next: Turnstile::new(()) }
    }

    /// Waits until a message may go to a chat. (One at a time of each chat asks.)
    pub(crate) async fn message(&self, chat: i64) {
        loop {
            while let Some(until) = self.chat_free_at(chat, Instant::now()) {
                tokio::time::sleep_until(until).await;
            }
            let turn = self.next.lock().await;
            self.overall(OVERALL.period / OVERALL.most).await;
            drop(turn);
            let now = Instant::now();
            // Somebody may have been told meanwhile to leave this chat alone.
            if self.chat_free_at(chat, now).is_none() {
                self.note_message(chat, now);
                return;
            }
        }
    }

    /// Waits until a request may go that is no message to a chat.
    pub(crate) async fn request(&self) {
        self.overall(Duration::ZERO).await;
    }

    /// Takes one of the overall limit, so long after the last one at least: messages go evenly, so
    /// that a press does not find a whole second's worth used up at once.
    async fn overall(&self, apart: Duration) {
        while let Some(until) = self.take(apart, Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Leaves a chat alone, or everybody, as Telegram asks for.
    pub(crate) fn pause(&self, chat: Option<i64>, wait: Duration) {
        let until = Instant::now() + wait;
        let begun = self.begun;
        let mut state = self.state();
        match chat {
            None => state.paused = state.paused.max(Some(until)),
            Some(chat) => {
                let chat = state.chats.entry(chat).or_insert_with(|| Chat::new(chat, begun));
                chat.paused = chat.paused.max(Some(until));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the overall limit; else says when to ask again.
    fn take(&self, apart: Duration, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        let even = state.overall.sent.back().map(|last| *last + apart);
        let limit = state.overall.free_at().max(even).filter(|_| self.are_kept);
        let until = limit.max(state.paused).filter(|until| *until > now);
        if until.is_none() {
            state.overall.note(now);
        }
        until
    }

    fn chat_free_at(&self, chat: i64, now: Instant) -> Option<Instant> {
        let begun = self.begun;
        let mut state = self.state();
        let chat = state.chats.entry(chat).or_insert_with(|| Chat::new(chat, begun));
        chat.free_at(self.are_kept).filter(|until| *until > now)
    }

    fn note_message(&self, chat: i64, now: Instant) {
        let mut state = self.state();
        if state.chats.len() > CHATS {
            // Who begins anew afterwards may send at once: the beginning is long ago by then.
            state.chats.retain(|_, chat| !chat.is_silent(now));
        }
        if let Some(chat) = state.chats.get_mut(&chat) {
            chat.second.note(now);
            if let Some(minute) = &mut chat.minute {
                minute.note(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for as many as can be had until the time is over, and says when each went.
    async fn sent(limits: &Limits, chat: Option<i64>, time: Duration) -> Vec<Instant> {
        let (mut sent, begun) = (Vec::new(), Instant::now());
        loop {
            match chat {
                Some(chat) => limits.message(chat).await,
                None => limits.request().await,
            }
            if begun.elapsed() > time {
                return sent;
            }
            sent.push(Instant::now());
        }
    }

    fn most_within(sent: &[Instant], period: Duration) -> usize {
        let within = |first: &Instant, one: &Instant| *one >= *first && *one - *first < period;
        let count = |first| sent.iter().filter(|one| within(first, one)).count();
        sent.iter().map(count).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn one_message_a_second_goes_to_a_chat_and_twenty_a_minute_to_a_group() {
        let limits = Limits::used_up(true);
        let minutes = Duration::from_secs(180);
        let person = sent(&limits, Some(7), minutes).await;
        assert!((175..=181).contains(&person.len()), "{}", person.len());
        assert_eq!(most_within(&person, Duration::from_secs(1)), 1);
        let group = sent(&limits, Some(-7), minutes).await;
        assert!((55..=80).contains(&group.len()), "{}", group.len());
        assert_eq!(most_within(&group, Duration::from_secs(60)), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_a_second_go_overall_and_none_at_once_in_the_beginning() {
        let limits = Limits::used_up(true);
        let all = sent(&limits, None, Duration::from_secs(5)).await;
        assert!((140..=151).contains(&all.len()), "{}", all.len());
        assert_eq!(most_within(&all, Duration::from_secs(1)), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_message_does_not_wait_behind_a_thousand_messages() {
        let limits = std::sync::Arc::new(Limits::used_up(true));
        for chat in 1..=1_000 {
            let limits = std::sync::Arc::clone(&limits);
            tokio::spawn(async move { limits.message(chat).await });
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let begun = Instant::now();
        limits.request().await;
        assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_chat_that_is_to_be_left_alone_holds_up_no_other_even_without_limits() {
        let limits = Limits::used_up(false);
        limits.pause(Some(7), Duration::from_secs(60));
        let begun = Instant::now();
        limits.message(8).await;
        assert!(begun.elapsed() < Duration::from_millis(10));
        limits.message(7).await;
        assert!(begun.elapsed() >= Duration::from_secs(60));
        limits.pause(None, Duration::from_secs(5));
        limits.request().await;
        assert!(begun.elapsed() >= Duration::from_secs(65));
    }
}
