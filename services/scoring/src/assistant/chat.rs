//! What the assistant needs of a language model: to go on with a conversation, perhaps by calling
//! tools.

use ael_events::ids::WorkspaceId;
use async_trait::async_trait;
use serde_json::Value;

/// What is said to a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Message {
    /// Who it is and what it is to do.
    System(String),
    /// What a person asks.
    User(String),
    /// What it said, and which tools it called.
    Assistant(Option<String>, Vec<ToolCall>),
    /// What a tool answered.
    Tool {
        /// Which call.
        call: String,
        /// The answer.
        content: String,
    },
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// A JSON Schema of its arguments.
    pub(crate) parameters: Value,
}

/// A tool that a model calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    /// JSON, if the model keeps to it.
    pub(crate) arguments: String,
}

/// A request to go on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChatRequest {
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<Tool>,
    /// How many tokens the answer may have.
    pub(crate) max_tokens: u32,
}

/// How it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// What is said.
    pub(crate) text: Option<String>,
    /// Which tools are called.
    pub(crate) calls: Vec<ToolCall>,
    /// Which model it is.
    pub(crate) model: String,
}

/// No model answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unavailable(pub(crate) String);

/// A language model.
#[async_trait]
pub(crate) trait Chat: Send + Sync {
    /// Goes on with a conversation, for a workspace whose budget it is.
    async fn complete(
        &self,
        workspace: WorkspaceId,
        request: ChatRequest,
    ) -> Result<Reply, Unavailable>;
}
