//! Count messages exchanged with the person, and keep what was said where somebody wrote it down.

use super::{Lead, LeadRejection};
use ael_events::command::LogMessage;
use ael_events::event::{LeadEvent, MessageLogged, TextPrivate};
use ael_events::private::Private;

pub(super) fn decide(lead: &Lead, command: LogMessage) -> Result<Vec<LeadEvent>, LeadRejection> {
    lead.live()?;
    let LogMessage { count, direction, channel, text } = command;
    if !(1..=1000).contains(&count) {
        return Err(LeadRejection::BadMessageCount { count });
    }
    // Nothing said is nothing to seal.
    let private = text.map_or(Private::Erased, |text| Private::Open(TextPrivate { text }));
    Ok(vec![LeadEvent::MessageLogged(MessageLogged { count, direction, channel, private })])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decider as _;
    use crate::lead::testing::{captured, captured_unowned, given, lost};
    use crate::testing::{AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::{Channel, MessageDirection};

    fn messages(count: u32) -> LogMessage {
        LogMessage {
            count,
            direction: MessageDirection::Incoming,
            channel: Channel::Telegram,
            text: None,
        }
    }

    #[test]
    fn messages_add_up() {
        let mut past = vec![captured()];
        for count in [1, 1000, 7] {
            past.extend(given(past.clone()).when(AGENT, messages(count)).then_events());
        }
        assert_eq!(Lead::fold(past).message_count(), 1008);
    }

    #[test]
    fn one_to_a_thousand_messages_are_logged_at_once() {
        for count in [0, 1001, u32::MAX] {
            given([captured()])
                .when(AGENT, messages(count))
                .then_refused(LeadRejection::BadMessageCount { count });
        }
    }

    #[test]
    fn what_was_said_is_kept_in_the_sealed_part() {
        let said = LogMessage { text: Some("call me on Monday".parse().unwrap()), ..messages(1) };
        let events = given([captured()]).when(AGENT, said).then_events();
        let LeadEvent::MessageLogged(event) = &events[0] else { panic!("{events:?}") };
        assert_eq!(event.private.open().unwrap().text.as_str(), "call me on Monday");
    }

    #[test]
    fn an_agent_logs_messages_of_their_own_leads_and_of_nobodys() {
        given([captured_unowned(), lost()]).when(OTHER_AGENT, messages(1)).then_events();
        given([captured()]).when(OTHER_AGENT, messages(1)).then_refused(Forbidden::NotYours);
        given([]).when(MANAGER, messages(1)).then_refused(LeadRejection::NotFound);
    }
}
