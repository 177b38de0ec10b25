//! The way from an HTTP request to the bus and back.

use crate::operations::Question;
use crate::wire::{Caller, Maker, Problem, Reader, Writer};
use ael_bus::LinkState;
use ael_client::Client;
use ael_events::answer::Accepted;
use ael_events::command::{Command, CommandRequest};
use ael_events::query::{
    AssistantAnswer, AssistantRequest, Cursor, Query, QueryRequest, VerifyPage, VerifyRequest,
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// How long a page of an audit may take: less than the bus is waited for.
const VERIFY_BUDGET_MS: u32 = 5_000;

/// Asks and tells on behalf of callers.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    client: Client,
}

impl Desk {
    pub(crate) const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Looks something up; the answer is passed on as it was written.
    pub(crate) async fn ask(
        &self,
        reader: &Reader,
        query: Query,
    ) -> Result<Box<RawValue>, Problem> {
        self.is_linked()?;
        let request = question(reader, query);
        Ok(self.client.query_raw(reader.caller.workspace, &request).await?)
    }

    /// Looks something up that is needed here.
    pub(crate) async fn look_up<T: DeserializeOwned>(
        &self,
        reader: &Reader,
        query: Query,
    ) -> Result<T, Problem> {
        let json = self.ask(reader, query).await?;
        serde_json::from_str(json.get()).map_err(|error| {
            let (kind, column) = (error.classify(), error.column());
            tracing::error!(?kind, column, "an answer has another form than expected");
            Problem::unavailable("unavailable", "The answer could not be read.", 1)
        })
    }

    /// Has something changed.
    pub(crate) async fn tell(
        &self,
        writer: &Writer,
        command: impl Into<Command>,
    ) -> Result<Accepted, Problem> {
        self.is_linked()?;
        let caller = &writer.maker.caller;
        let request = CommandRequest {
            command_id: writer.maker.command_id(),
            credential: caller.credential.clone(),
            expected_version: writer.version,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command: command.into(),
        };
        Ok(self.client.command(caller.workspace, &request).await?)
    }

    /// Has something made.
    pub(crate) async fn make(
        &self,
        maker: &Maker,
        command: impl Into<Command>,
    ) -> Result<Accepted, Problem> {
        self.tell(&Writer::unversioned(maker.clone()), command).await
    }

    /// Goes on with the audit of the caller's workspace.
    pub(crate) async fn verify(
        &self,
        reader: &Reader,
        cursor: Option<Cursor>,
        head: Option<String>,
    ) -> Result<VerifyPage, Problem> {
        self.is_linked()?;
        let credential = reader.caller.credential.clone();
        let budget_ms = Some(VERIFY_BUDGET_MS);
        let request = VerifyRequest { credential, cursor, budget_ms, head };
        Ok(self.client.verify(reader.caller.workspace, &request).await?)
    }

    /// Asks the assistant.
    pub(crate) async fn assist(
        &self,
        caller: &Caller,
        question: Question,
    ) -> Result<AssistantAnswer, Problem> {
        self.is_linked()?;
        let Question { text, conversation, language } = question;
        let credential = caller.credential.clone();
        let request = AssistantRequest { credential, conversation, text, language };
        Ok(self.client.assist(caller.workspace, &request).await?)
    }

    /// Refuses at once while the bus is away: nobody has to wait for what cannot come.
    fn is_linked(&self) -> Result<(), Problem> {
        match self.client.bus().link().state {
            LinkState::Up => Ok(()),
            LinkState::Down | LinkState::Closed => {
                let sentence = "The system's bus is away. Nothing was done: try again in a moment.";
                Err(Problem::unavailable("bus_away", sentence, 1))
            }
        }
    }
}

fn question(reader: &Reader, query: Query) -> QueryRequest {
    QueryRequest { credential: reader.caller.credential.clone(), after: reader.after, query }
}
