//! Every name on the bus, once: subjects, streams, buckets, consumers and headers.
//!
//! No other place of the house writes such a name as a literal; `nats/topology.toml` is checked
//! against this module by a test.

use crate::ids::{Lane, WorkspaceId};
use crate::values::AggregateKind;
use std::fmt;

/// The stream of all events, kept for ever.
pub const EVENTS: &str = "EVENTS";
/// The work-queue stream of jobs.
pub const JOBS: &str = "JOBS";
/// The stream between Telegram intake, workers and the sender.
pub const TELEGRAM: &str = "TELEGRAM";
/// The stream of what could not be processed, with the reason.
pub const DEAD: &str = "DEAD";
/// The bucket of remembered AI answers.
pub const AI_CACHE: &str = "ai_cache";
/// The bucket of half-finished conversations of the bot.
pub const DIALOGUES: &str = "bot_dialogues";
/// The bucket in which copies of the bot agree on who does what. Nobody's data.
pub const BOT_LEASES: &str = "bot_leases";
/// The bucket of what was last said in conversations with the assistant.
pub const ASSISTANT_MEMORY: &str = "assistant_memory";
/// The bucket of tickets by which browsers open a WebSocket.
pub const WS_TICKETS: &str = "ws_tickets";

/// The durable consumer of the process manager that opens the sale of a transferred lead.
pub const SALE_OPENING: &str = "sale-opening";
/// The same for leads that were imported with a paid sale. (Two consumers, since an old server
/// drops a second filter.)
pub const SALE_OPENING_IMPORTED: &str = "sale-opening-imported";
/// The core subject by which `commands` tells the relay, after a commit, that there is something to
/// publish.
pub const RELAY_WAKE: &str = "ael.wake.relay";

/// Header: the order (`incarnation.xid.position`) of the previous event of the same lane; `0.0.0`
/// for the first.
pub const HEADER_LANE_PREVIOUS: &str = "Ael-Lane-Previous";
/// Header on the last message of a relay batch: the head of the workspace's hash chain, for
/// anchoring elsewhere.
pub const HEADER_CHAIN_HEAD: &str = "Ael-Chain-Head";
/// Header on a message in `DEAD`: why it could not be processed.
pub const HEADER_DEAD_REASON: &str = "Ael-Dead-Reason";
/// Header: W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";

/// The largest request that is taken, in bytes; larger ones are answered `rejected`.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// Who speaks: the NATS server lets each user publish only under its own edge, so the subject says
/// it truly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edge {
    /// The HTTP API.
    Api,
    /// The Telegram bot.
    Bot,
    /// AI analysis.
    Scoring,
    /// The assistant: asks the read models what its askers may see, and commands nothing.
    Assistant,
    /// Voice and understanding.
    Transcription,
    /// Jobs, schedules and process managers.
    Jobs,
    /// The command line on the server.
    Cli,
}

impl Edge {
    /// Every edge.
    pub const ALL: [Self; 7] = [
        Self::Api,
        Self::Bot,
        Self::Scoring,
        Self::Assistant,
        Self::Transcription,
        Self::Jobs,
        Self::Cli,
    ];

    /// The edge's token in a subject, which is also the name of its NATS user.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Bot => "bot",
            Self::Scoring => "scoring",
            Self::Assistant => "assistant",
            Self::Transcription => "transcription",
            Self::Jobs => "jobs",
            Self::Cli => "cli",
        }
    }

    /// The edge that a subject's token names.
    #[must_use]
    pub fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edge| edge.token() == token)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.token())
    }
}

/// `ael.cmd.<edge>.<workspace>.<aggregate>`
#[must_use]
pub fn command(edge: Edge, workspace: WorkspaceId, aggregate: AggregateKind) -> String {
    format!("ael.cmd.{edge}.{workspace}.{aggregate}")
}

/// What `commands` answers, and its queue group.
pub const COMMANDS: (&str, &str) = ("ael.cmd.>", "commands");

/// `ael.qry.<edge>.<workspace>.<query>`
#[must_use]
pub fn query(edge: Edge, workspace: WorkspaceId, query: &str) -> String {
    format!("ael.qry.{edge}.{workspace}.{query}")
}

/// What `queries` answers, and its queue group.
pub const QUERIES: (&str, &str) = ("ael.qry.>", "queries");

/// `ael.ask.<edge>.<workspace>.<what>`
#[must_use]
pub fn ask(edge: Edge, workspace: WorkspaceId, what: &str) -> String {
    format!("ael.ask.{edge}.{workspace}.{what}")
}

/// Where the projector answers whether the history and the read models are sound, and its queue
/// group.
pub const VERIFY: (&str, &str) = ("ael.ask.*.*.verify", "projections");

/// Where the assistant answers, and its queue group.
pub const ASSISTANT: (&str, &str) = ("ael.ask.*.*.assistant", "scoring");

/// Requests for an analysis, which the advisor answers: the consumer of the `scoring` service.
pub const ANALYSIS: &str = "analysis";

/// Events of leads, after which an analysis may say nothing any more: another consumer of the
/// `scoring` service.
pub const STALENESS: &str = "staleness";

/// The bucket in which copies of the advisor agree on who asks outside, and say how that goes.
pub const ADVISOR: &str = "advisor";

/// Where in that bucket stands how it stands with the model outside.
pub const PROVIDER_STANDING: &str = "provider.openai";

/// The bus user as which the projector answers: who consumes may not answer as well.
pub const AUDITOR: &str = "auditor";

/// `ael.evt.<lane>.<workspace>.<aggregate>.<event>`, where `<event>` is the event's name without
/// aggregate and version: `lead.qualified.v1` travels as `….lead.qualified`.
#[must_use]
pub fn event(lane: Lane, workspace: WorkspaceId, event_type: &str) -> String {
    let mut parts = event_type.split('.');
    let aggregate = parts.next().unwrap_or_default();
    let name = parts.next().unwrap_or_default();
    format!("ael.evt.{lane}.{workspace}.{aggregate}.{name}")
}

/// All events of one lane: `ael.evt.<lane>.>`
#[must_use]
pub fn events_of_lane(lane: Lane) -> String {
    format!("ael.evt.{lane}.>")
}

/// The durable consumer of a lane's projector: `projector-<lane>`.
#[must_use]
pub fn projector(lane: Lane) -> String {
    format!("projector-{lane}")
}

/// `ael.tg.update.<lane>`: an update from Telegram, sealed; the lane is that of its chat.
#[must_use]
pub fn telegram_update(lane: Lane) -> String {
    format!("ael.tg.update.{lane}")
}

/// `ael.tg.send.<lane>`: something for Telegram, sealed; the lane is that of its chat.
#[must_use]
pub fn telegram_send(lane: Lane) -> String {
    format!("ael.tg.send.{lane}")
}

/// The durable consumer of a lane's updates: `bot-updates-<lane>`.
#[must_use]
pub fn bot_updates(lane: Lane) -> String {
    format!("bot-updates-{lane}")
}

/// The durable consumer of what is sent to Telegram.
pub const BOT_SENDER: &str = "bot-sender";

/// `ael.dead.<consumer>`
#[must_use]
pub fn dead(consumer: &str) -> String {
    format!("ael.dead.{consumer}")
}

/// `ael.live.<workspace>`: what changed in the read models, said after their commit.
#[must_use]
pub fn live(workspace: WorkspaceId) -> String {
    format!("ael.live.{workspace}")
}

/// What a request's subject says: who asks, in which workspace, about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSubject {
    /// Who asks, as the server vouches for.
    pub edge: Edge,
    /// The workspace that the request is about.
    pub workspace: WorkspaceId,
    /// The last token: an aggregate's name or a query's.
    pub topic: String,
}

impl RequestSubject {
    /// Reads `ael.cmd.…`, `ael.qry.…` and `ael.ask.…` subjects.
    #[must_use]
    pub fn parse(subject: &str) -> Option<Self> {
        let mut tokens = subject.split('.');
        let (Some("ael"), Some("cmd" | "qry" | "ask")) = (tokens.next(), tokens.next()) else {
            return None;
        };
        let edge = Edge::from_token(tokens.next()?)?;
        let workspace = tokens.next()?.parse().ok()?;
        let topic = tokens.next()?.to_owned();
        if topic.is_empty() || tokens.next().is_some() {
            return None;
        }
        Some(Self { edge, workspace, topic })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_subject_says_who_asks_about_what() {
        let workspace = WorkspaceId::from_uuid(Uuid::from_u128(1));
        let subject = command(Edge::Bot, workspace, AggregateKind::Lead);
        let parsed = RequestSubject::parse(&subject).unwrap();
        assert_eq!(parsed, RequestSubject { edge: Edge::Bot, workspace, topic: "lead".into() });
        assert_eq!(RequestSubject::parse("ael.cmd.root.x.lead"), None);
        assert_eq!(RequestSubject::parse(&format!("{subject}.more")), None);
    }

    #[test]
    fn an_events_version_is_not_part_of_its_subject() {
        let workspace = WorkspaceId::from_uuid(Uuid::from_u128(1));
        let lane = Lane::try_from(3).unwrap();
        assert_eq!(
            event(lane, workspace, "lead.qualified.v1"),
            format!("ael.evt.03.{workspace}.lead.qualified")
        );
    }
}
