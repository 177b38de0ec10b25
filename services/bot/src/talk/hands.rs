//! The bot's hands in the house: questions and commands as the person whose Telegram account it is,
//! whose rights `queries` and `commands` look up.

use crate::wire::Trouble;
use ael_client::{Client, ClientError};
use ael_events::actor::ServicePrincipal;
use ael_events::answer::{Accepted, Rejected};
use ael_events::command::{Command, CommandRequest, Credential};
use ael_events::ids::{CommandId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::{AssistantAnswer, AssistantRequest, Membership, Query, QueryRequest};
use ael_events::values::{ConversationName, Language, QuestionText, TelegramUserId};
use serde::de::DeserializeOwned;

/// Something was not done.
#[derive(Debug)]
pub(crate) enum Hitch {
    /// It was refused: the person is told why.
    Refused(Rejected),
    /// Something is away: the update is tried again.
    Away(Trouble),
}

/// What became of it.
pub(crate) type Done<T> = Result<T, Hitch>;

impl From<ClientError> for Hitch {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Rejected(refusal) => Self::Refused(refusal),
            ClientError::Failed(failed) => Self::Away(Trouble { reason: failed.sentence }),
            ClientError::Unavailable(error) => Self::Away(Trouble { reason: error.to_string() }),
        }
    }
}

/// The hands for one update. What they ask for has names that follow from the update, so that an
/// update that is worked on twice asks for the same.
pub(crate) struct Hands<'a> {
    client: &'a Client,
    account: TelegramUserId,
    /// `<bot>/<update>`.
    update: String,
    asked: u32,
}

impl<'a> Hands<'a> {
    pub(crate) const fn new(client: &'a Client, account: TelegramUserId, update: String) -> Self {
        Self { client, account, update, asked: 0 }
    }

    fn next_id(&mut self, purpose: &str) -> CommandId {
        self.asked += 1;
        CommandId::derived(purpose, &format!("{}/{}", self.update, self.asked))
    }

    /// An id for something new, the same when the update is worked on again.
    pub(crate) fn new_id(&mut self) -> uuid::Uuid {
        self.next_id("bot-new").uuid()
    }

    const fn person(&self) -> Credential {
        Credential::Telegram { user_id: self.account }
    }

    const fn bot() -> Credential {
        Credential::Service { principal: ServicePrincipal::Bot, on_behalf_of: None }
    }

    pub(crate) const fn account(&self) -> TelegramUserId {
        self.account
    }

    /// In which workspaces the account is a member's.
    pub(crate) async fn memberships(&self) -> Done<Vec<Membership>> {
        let query = Query::FindAccount { user_id: self.account };
        let request = QueryRequest { credential: Self::bot(), after: None, query };
        let nowhere = WorkspaceId::from_uuid(uuid::Uuid::nil());
        Ok(self.client.query(nowhere, &request).await?)
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        workspace: WorkspaceId,
        after: Option<&PositionToken>,
        query: Query,
    ) -> Done<T> {
        let request = QueryRequest { credential: self.person(), after: after.cloned(), query };
        Ok(self.client.query(workspace, &request).await?)
    }

    /// Asks for a change, as the person.
    pub(crate) async fn tell(
        &mut self,
        workspace: WorkspaceId,
        expected_version: Option<u64>,
        command: Command,
    ) -> Done<Accepted> {
        let credential = self.person();
        self.send(workspace, expected_version, command, credential).await
    }

    /// Asks for what the bot itself may: letting somebody in who has a code.
    pub(crate) async fn tell_as_bot(
        &mut self,
        workspace: WorkspaceId,
        command: Command,
    ) -> Done<Accepted> {
        self.send(workspace, None, command, Self::bot()).await
    }

    async fn send(
        &mut self,
        workspace: WorkspaceId,
        expected_version: Option<u64>,
        command: Command,
        credential: Credential,
    ) -> Done<Accepted> {
        let request = CommandRequest {
            command_id: self.next_id("bot"),
            credential,
            expected_version,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            command,
        };
        Ok(self.client.command(workspace, &request).await?)
    }

    /// Asks the assistant.
    pub(crate) async fn assist(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationName,
        text: QuestionText,
        language: Language,
    ) -> Done<AssistantAnswer> {
        let request = AssistantRequest {
            credential: self.person(),
            conversation: Some(conversation),
            text,
            language: Some(language),
        };
        Ok(self.client.assist(workspace, &request).await?)
    }
}
