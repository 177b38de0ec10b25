//! From a question to its answer: who asks, what is meant, who answers.

use super::chat::Chat;
use super::eyes::Eyes;
use super::memory::{Remembered, Said};
use super::talk;
use super::texts::Voice;
use super::turn::{Draft, Turn};
use super::understanding::{Meaning, understand};
use ael_client::ClientError;
use ael_events::answer::Rejected;
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{AssistantAnswer, AssistantRequest, Me, WorkspaceView};
use ael_events::values::{Consent, Language, Scope};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::sync::Arc;

/// Who answers when no language model does.
const RULES: &str = "rules";

/// What answers questions.
#[derive(Clone)]
pub(crate) struct Brain {
    /// A language model, where there is one.
    pub(crate) chat: Option<Arc<dyn Chat>>,
}

/// A member who asks, and where.
pub(crate) struct Asker {
    pub(crate) me: Me,
    pub(crate) workspace: WorkspaceView,
}

impl Asker {
    /// Finds out who asks: by `queries`, which knows.
    pub(crate) async fn of(eyes: &Eyes) -> Result<Self, ClientError> {
        let (me, workspace) = tokio::try_join!(eyes.me(), eyes.workspace())?;
        let needed = AssistantRequest::SCOPE;
        let may = |has: Scope| has == needed || has == Scope::Admin;
        match &me.scopes {
            Some(scopes) if !scopes.iter().copied().any(may) => {
                let sentence = format!("this token is not good for that: it needs {needed}");
                let refusal = Rejected::new("scope_missing", sentence);
                Err(ClientError::Rejected(refusal.with(json!({ "needs": needed }))))
            }
            Some(_) | None => Ok(Self { me, workspace }),
        }
    }

    pub(crate) const fn id(&self) -> MemberId {
        self.me.member.id
    }
}

impl Brain {
    /// Answers, and says what is to be remembered.
    pub(crate) async fn answer(
        &self,
        eyes: &Eyes,
        asker: &Asker,
        request: &AssistantRequest,
        remembered: Remembered,
        now: DateTime<Utc>,
    ) -> Result<(AssistantAnswer, Remembered), ClientError> {
        let understood = understand(request.text.as_str());
        let language = request.language.or(understood.language);
        let language = language.unwrap_or(asker.me.member.language);
        let turn = Turn {
            eyes,
            voice: Voice(language),
            me: &asker.me,
            workspace: &asker.workspace,
            spoken_of: &remembered.spoken_of,
            now,
        };
        let mut fell_back = false;
        if let Some(chat) = self.outside(&understood.meaning, asker) {
            match talk::answer(&turn, chat.as_ref(), request.text.as_str(), &remembered).await {
                Ok(told) => {
                    let after = after(remembered, &told.draft, now, Some(told.said), told.leads);
                    return Ok((finished(told.draft, language, &told.model, false), after));
                }
                Err(why) => {
                    tracing::warn!(%why, "the language model gave no answer: the rules answer");
                    fell_back = true;
                }
            }
        }
        let draft = self.by_rules(&turn, &understood.meaning).await?;
        let text = match fell_back {
            true => format!("{}\n{}", draft.text, turn.voice.say("cloud-away")),
            false => draft.text,
        };
        let draft = Draft { text, ..draft };
        let pseudonyms = remembered.pseudonyms.clone();
        let after = after(remembered, &draft, now, None, pseudonyms);
        Ok((finished(draft, language, RULES, fell_back), after))
    }

    /// The language model that is to answer: one that there is, where an Admin agreed that text
    /// leaves the house. What the rules do as well is never sent anywhere: politeness, and what is
    /// to be done, which may have notes in it.
    fn outside(&self, meaning: &Meaning, asker: &Asker) -> Option<&Arc<dyn Chat>> {
        let stays = match meaning {
            Meaning::Do(_, _) | Meaning::Help | Meaning::Hello | Meaning::Thanks => true,
            Meaning::Leads(_)
            | Meaning::HowMany(_)
            | Meaning::Attention
            | Meaning::Numbers(_)
            | Meaning::Find(_)
            | Meaning::Card(_)
            | Meaning::Sales(_)
            | Meaning::HowManySales(_)
            | Meaning::Unclear => false,
        };
        let agreed = asker.workspace.settings.consents.contains(&Consent::CloudText);
        self.chat.as_ref().filter(|_| agreed && !stays)
    }

    /// What a token is not good for is said in the answer: the question itself was in order.
    async fn by_rules(&self, turn: &Turn<'_>, meaning: &Meaning) -> Result<Draft, ClientError> {
        match turn.answer(meaning).await {
            Err(ClientError::Rejected(refusal)) if refusal.code == "scope_missing" => {
                let needs = refusal.details.get("needs").and_then(|needs| needs.as_str());
                let scope = needs.unwrap_or("admin").to_owned();
                Ok(Draft::saying(turn.voice.say_with("not-permitted", [("scope", scope.into())])))
            }
            answered => answered,
        }
    }
}

fn after(
    before: Remembered,
    draft: &Draft,
    now: DateTime<Utc>,
    said: Option<Said>,
    pseudonyms: Vec<LeadId>,
) -> Remembered {
    let mut all = before.said;
    all.extend(said);
    let spoken_of = match draft.leads.as_slice() {
        [] => before.spoken_of,
        leads => leads.iter().map(|lead| lead.id).collect(),
    };
    Remembered { said: all, spoken_of, at: Some(now), pseudonyms }
}

fn finished(draft: Draft, language: Language, by: &str, fell_back: bool) -> AssistantAnswer {
    AssistantAnswer {
        text: draft.text,
        language,
        leads: draft.leads,
        proposal: draft.proposal,
        answered_by: by.chars().take(100).collect(),
        fell_back,
        suggestions: draft.suggestions,
    }
}
