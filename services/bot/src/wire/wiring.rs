//! All of it together: one copy of the bot at work.

use super::dialogues::Dialogues;
use super::in_order::in_order;
use super::intake::Intake;
use super::lanes::{Lane, Lanes};
use super::lease::{Duty, Leases};
use super::outbox::Outbox;
use super::sender::Sender;
use super::telegram::{Refusal, Telegram};
use super::{Blocked, Talk, backoff, webhook};
use crate::config::{IntakeConfig, TelegramConfig};
use ael_bus::Bus;
use ael_events::ids::Lane as Number;
use ael_events::subjects;
use futures::future::join_all;
use poem::listener::TcpAcceptor;
use std::sync::Arc;
use std::time::Duration;
use teloxide::payloads::GetMe;
use teloxide::types::Me;
use tokio_util::sync::CancellationToken;

/// How many updates of a lane, and how much that is to be sent, is held at once: as much as the
/// topology lets the server give out.
const UPDATES: usize = 1_024;
const OUTS: usize = 2_048;
/// Between attempts to hear who we are.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// What a copy of the bot needs.
pub(crate) struct Wiring<T: Talk, B: Blocked> {
    pub(crate) bus: Bus,
    pub(crate) telegram: Telegram,
    pub(crate) config: TelegramConfig,
    pub(crate) talk: Arc<T>,
    pub(crate) blocked: Arc<B>,
}

/// Asks Telegram who we are, until it says so; none, when told to stop before.
///
/// # Errors
/// When it does not know the token.
pub(crate) async fn introduced(
    telegram: &Telegram,
    stop: &CancellationToken,
) -> Result<Option<Me>, Refusal> {
    let question = GetMe::new();
    for attempt in 0.. {
        let asked = telegram.ask::<_, Me>(&question, Duration::from_secs(15));
        let answer = tokio::select! {
            () = stop.cancelled() => break,
            answer = asked => answer,
        };
        match answer {
            Ok(me) => return Ok(Some(me)),
            Err(refusal) if refusal.is_of_the_token() => return Err(refusal),
            Err(refusal) => {
                tracing::warn!(%refusal, "Telegram does not say who we are; asking again");
                let wait = match refusal {
                    Refusal::TooMuch(wait) => wait,
                    Refusal::Away(_) | Refusal::Moved(_) | Refusal::Refused { .. } => {
                        backoff(attempt, SHORTEST, LONGEST)
                    }
                };
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }
    Ok(None)
}

impl<T: Talk, B: Blocked> Wiring<T, B> {
    /// Works until told to stop, and finishes what is under way. In webhook mode it is heard at
    /// `hook`.
    pub(crate) async fn run(self, hook: Option<TcpAcceptor>, shutdown: CancellationToken) {
        let (leases, sign) = Leases::new(&self.bus);
        let lanes = Arc::new(Lanes {
            talk: Arc::clone(&self.talk),
            bus: self.bus.clone(),
            seal: self.config.seal.clone(),
            dialogues: Dialogues::new(&self.bus, self.config.seal.clone(), self.config.bot_id),
            outbox: Outbox::new(self.bus.clone(), self.config.seal.clone()),
            bot: self.config.bot_id,
        });
        let answering =
            Number::all().map(|lane| self.answer(lane, Arc::clone(&lanes), &leases, &shutdown));
        tokio::join!(
            sign.give(shutdown.clone()),
            self.take_in(hook, &leases, &shutdown),
            self.send(&leases, &shutdown),
            join_all(answering),
        );
    }

    /// Answers the updates of a lane whenever it is ours.
    async fn answer(
        &self,
        lane: Number,
        lanes: Arc<Lanes<T>>,
        leases: &Leases,
        shutdown: &CancellationToken,
    ) {
        let name = subjects::bot_updates(lane);
        let work = |stop: CancellationToken| {
            let (name, lanes) = (name.clone(), Arc::clone(&lanes));
            async move {
                match self.bus.consumer(subjects::TELEGRAM, &name).await {
                    Ok(consumer) => {
                        let lane = Arc::new(Lane { lanes, name: name.clone() });
                        Box::pin(in_order(consumer, &name, UPDATES, lane, stop)).await;
                    }
                    Err(error) => tracing::error!(%error, name, "a lane cannot be read"),
                }
            }
        };
        leases.whenever_held(Duty::Lane(lane), shutdown, work).await;
    }

    /// Sends whenever it is ours to do.
    async fn send(&self, leases: &Leases, shutdown: &CancellationToken) {
        let work = |stop: CancellationToken| async move {
            match self.bus.consumer(subjects::TELEGRAM, subjects::BOT_SENDER).await {
                Ok(consumer) => {
                    let way = (self.bus.clone(), self.config.seal.clone());
                    let blocked = Arc::clone(&self.blocked);
                    let limits = self.config.limits;
                    let sender = Sender::new(self.telegram.clone(), way, blocked, limits);
                    let name = subjects::BOT_SENDER;
                    Box::pin(in_order(consumer, name, OUTS, Arc::new(sender), stop)).await;
                }
                Err(error) => tracing::error!(%error, "the outbox cannot be read"),
            }
        };
        leases.whenever_held(Duty::Sending, shutdown, work).await;
    }

    /// Has updates come in: one copy asks for them, or tells Telegram where all of them listen.
    async fn take_in(
        &self,
        hook: Option<TcpAcceptor>,
        leases: &Leases,
        shutdown: &CancellationToken,
    ) {
        let TelegramConfig { seal, bot_id, intake, .. } = &self.config;
        let door = Intake::new(self.bus.clone(), seal.clone(), *bot_id);
        let (IntakeConfig::Webhook { url, secret, .. }, Some(acceptor)) = (intake, hook) else {
            let poll = |stop| door.poll(&self.telegram, stop);
            return leases.whenever_held(Duty::Intake, shutdown, poll).await;
        };
        let announce = |stop: CancellationToken| async move {
            webhook::announce(&self.telegram, url, secret, &stop).await;
            stop.cancelled().await;
        };
        tokio::join!(
            webhook::serve(acceptor, door.clone(), secret.clone(), shutdown.clone()),
            leases.whenever_held(Duty::Intake, shutdown, announce),
        );
    }
}
