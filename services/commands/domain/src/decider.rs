//! The form that every aggregate has: `decide` may refuse and does no I/O, `evolve` cannot fail.

use ael_events::actor::Actor;
use ael_events::answer::Rejected;

/// An aggregate as a pure function of its events.
pub trait Decider: Default {
    /// What the handler has to find out before a decision.
    type Context;
    /// What can be asked.
    type Command;
    /// What can happen.
    type Event;
    /// Why something is not to happen.
    type Rejection: Into<Rejected>;

    /// What happens when this is asked; no event at all when it is so already.
    ///
    /// # Errors
    /// The fact that stands against it. Asking again cannot help.
    fn decide(
        &self,
        by: &Actor,
        context: &Self::Context,
        command: Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after an event. Takes every event in every state.
    fn evolve(&mut self, event: Self::Event);

    /// Whether it has begun to be.
    fn exists(&self) -> bool;

    /// The state after these events.
    fn fold(events: impl IntoIterator<Item = Self::Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.evolve(event);
        }
        state
    }
}

/// A command, who gives it, and what the handler found out: the command of `cqrs_es::Aggregate`.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<X, C> {
    /// Who decides.
    pub by: Actor,
    /// What the handler found out.
    pub context: X,
    /// What is asked.
    pub command: C,
}

/// Gives an aggregate with inherent `decide`, `evolve` and `exists` its [`Decider`] and its
/// `cqrs_es::Aggregate`.
macro_rules! aggregate {
    ($state:ty, $name:literal, $context:ty, $command:ty, $event:ty, $rejection:ty) => {
        impl crate::Decider for $state {
            type Context = $context;
            type Command = $command;
            type Event = $event;
            type Rejection = $rejection;

            fn decide(
                &self,
                by: &ael_events::actor::Actor,
                context: &$context,
                command: $command,
            ) -> Result<Vec<$event>, $rejection> {
                <$state>::decide(self, by, context, command)
            }

            fn evolve(&mut self, event: $event) {
                <$state>::evolve(self, event);
            }

            fn exists(&self) -> bool {
                <$state>::exists(self)
            }
        }

        impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $name;
            type Command = crate::Request<$context, $command>;
            type Event = $event;
            type Error = $rejection;
            type Services = ();

            async fn handle(
                &mut self,
                request: Self::Command,
                _: &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $rejection> {
                let crate::Request { by, context, command } = request;
                for event in self.decide(&by, &context, command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                self.evolve(event);
            }
        }
    };
}
pub(crate) use aggregate;
