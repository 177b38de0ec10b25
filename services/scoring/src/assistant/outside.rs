//! The language model outside as the assistant talks with it: the one that scores leads as well,
//! with its time limits, its breaker and its budget.

use super::chat::{Chat, ChatRequest, Message, Reply, Tool, ToolCall, Unavailable};
use crate::advisor::Advisor;
use ael_events::ids::WorkspaceId;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long one answer may take: the conversation as a whole has its own bound.
const PATIENCE: Duration = Duration::from_millis(4_500);

/// See the module.
pub(crate) struct Outside {
    advisor: Arc<Advisor>,
    model: String,
}

impl Outside {
    /// The advisor's model, if it has one.
    pub(crate) fn of(advisor: &Arc<Advisor>) -> Option<Arc<dyn Chat>> {
        let model = advisor.cloud()?.model().to_owned();
        Some(Arc::new(Self { advisor: Arc::clone(advisor), model }))
    }
}

#[async_trait]
impl Chat for Outside {
    async fn complete(
        &self,
        workspace: WorkspaceId,
        request: ChatRequest,
    ) -> Result<Reply, Unavailable> {
        let deadline = Instant::now() + PATIENCE;
        let said = self.advisor.converse(workspace, written(&request), deadline).await;
        let message = said.map_err(|why| Unavailable(why.to_string()))?.message;
        let calls = message.tool_calls.unwrap_or_default();
        let calls = calls.iter().filter_map(read).collect();
        Ok(Reply { text: message.content, calls, model: self.model.clone() })
    }
}

/// In OpenAI's form, without the model.
fn written(request: &ChatRequest) -> Value {
    let tools: Vec<Value> = request
        .tools
        .iter()
        .map(|Tool { name, about, parameters }| {
            json!({ "type": "function", "function": {
                "name": name, "description": about, "parameters": parameters } })
        })
        .collect();
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    json!({ "messages": messages, "tools": tools, "temperature": 0,
        "max_completion_tokens": request.max_tokens })
}

fn message(message: &Message) -> Value {
    match message {
        Message::System(text) => json!({ "role": "system", "content": text }),
        Message::User(text) => json!({ "role": "user", "content": text }),
        Message::Assistant(text, calls) if calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant(text, calls) => {
            let calls: Vec<Value> = calls
                .iter()
                .map(|call| {
                    json!({ "id": call.id, "type": "function", "function": {
                        "name": call.name, "arguments": call.arguments } })
                })
                .collect();
            json!({ "role": "assistant", "content": text, "tool_calls": calls })
        }
        Message::Tool { call, content } => {
            json!({ "role": "tool", "tool_call_id": call, "content": content })
        }
    }
}

/// A call that has neither id nor name is none.
fn read(call: &Value) -> Option<ToolCall> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let function = call.get("function")?;
    let arguments = function.get("arguments").and_then(text).unwrap_or_default();
    Some(ToolCall { id: text(call.get("id")?)?, name: text(function.get("name")?)?, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_travels_in_openais_form_and_back() {
        let call = ToolCall { id: "c1".into(), name: "statistics".into(), arguments: "{}".into() };
        let request = ChatRequest {
            messages: vec![
                Message::User("how is it going?".into()),
                Message::Assistant(None, vec![call.clone()]),
                Message::Tool { call: "c1".into(), content: "{\"leads\":3}".into() },
            ],
            tools: super::super::tools::tools(),
            max_tokens: 600,
        };
        let body = written(&request);
        assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["name"], "statistics");
        assert_eq!(body["messages"][2]["tool_call_id"], "c1");
        assert_eq!(body["tools"][0]["type"], "function");
        assert_eq!(read(&body["messages"][1]["tool_calls"][0]), Some(call));
        assert_eq!(read(&json!({ "id": 7, "function": { "name": "x" } })), None);
    }
}
