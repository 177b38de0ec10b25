//! A house of a test's own: leads that somebody may see and leads that nobody there may, answered
//! by the see-rule of the real one; and models that say what a test has them say.

use super::brain::{Asker, Brain};
use super::chat::{Chat, ChatRequest, Message, Reply, ToolCall, Unavailable};
use super::eyes::{Eyes, Window};
use super::memory::Remembered;
use ael_client::ClientError;
use ael_events::answer::Rejected;
use ael_events::command::Credential;
use ael_events::ids::{LeadId, MemberId, WorkspaceId};
use ael_events::query::{
    AssistantAnswer, AssistantRequest, LeadInclude, ListLeads, OwnerFilter, Query, QueryRequest,
};
use ael_events::values::{Consent, QuestionText, Stage};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A lead of the house.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: LeadId,
    pub(super) name: String,
    pub(super) owner: Option<MemberId>,
    pub(super) stage: Stage,
    pub(super) phone: Option<String>,
    pub(super) note: Option<String>,
    pub(super) score: Option<f64>,
    pub(super) updated_at: DateTime<Utc>,
}

/// The house, as `me` sees it; it keeps every question that was asked.
pub(super) struct House {
    pub(super) workspace: WorkspaceId,
    pub(super) me: MemberId,
    pub(super) role: &'static str,
    pub(super) scopes: Option<Vec<&'static str>>,
    pub(super) consents: Vec<Consent>,
    pub(super) members: Vec<(MemberId, &'static str)>,
    pub(super) leads: Vec<Known>,
    pub(super) asked: Mutex<Vec<(WorkspaceId, Query)>>,
}

impl House {
    /// An Agent's house: Ada's own lead, a free one, and one of Bob's, whom she may not see.
    pub(super) fn of_an_agent() -> Self {
        let (ada, bob) = (MemberId::generate(), MemberId::generate());
        let mut house = Self {
            workspace: WorkspaceId::generate(),
            me: ada,
            role: "agent",
            scopes: None,
            consents: vec![Consent::CloudText],
            members: vec![(ada, "Ada Byron"), (bob, "Bob Kahn")],
            leads: Vec::new(),
            asked: Mutex::default(),
        };
        house.add("Олена Петренко", Some(ada)).phone = Some("+380671234567".to_owned());
        house.add("Grace Hughes", None);
        house.add("Secret Oligarch", Some(bob));
        house
    }

    pub(super) fn of_a_manager() -> Self {
        Self { role: "manager", ..Self::of_an_agent() }
    }

    pub(super) fn add(&mut self, name: &str, owner: Option<MemberId>) -> &mut Known {
        self.leads.push(Known {
            id: LeadId::generate(),
            name: name.to_owned(),
            owner,
            stage: Stage::New,
            phone: Some("+380501112233".to_owned()),
            note: None,
            score: Some(0.9),
            updated_at: Utc::now() - TimeDelta::days(9),
        });
        self.leads.last_mut().unwrap()
    }

    fn sees(&self, lead: &Known) -> bool {
        self.role != "agent" || lead.owner.is_none_or(|owner| owner == self.me)
    }

    fn contact(lead: &Known) -> Value {
        json!({ "full_name": lead.name, "company": null, "position": null, "email": null,
            "phone": lead.phone, "telegram": null })
    }

    fn item(&self, lead: &Known) -> Value {
        let owner = lead.owner.and_then(|id| self.members.iter().find(|one| one.0 == id));
        let tier = lead.score.map(|score| if score >= 0.8 { "hot" } else { "cold" });
        json!({ "id": lead.id, "version": 3, "stage": lead.stage, "source": "scanner",
            "business_domain": null, "owner": lead.owner, "owner_name": owner.map(|one| one.1),
            "contact": Self::contact(lead), "tags": [], "message_count": 2,
            "ai_score": lead.score, "tier": tier, "ai_recommendation": null,
            "created_at": lead.updated_at, "updated_at": lead.updated_at, "erased": false })
    }

    fn card(&self, lead: &Known) -> Value {
        let note = lead.note.as_ref().map(|text| {
            json!({ "id": LeadId::generate(), "text": text, "by": "member:x",
                "at": lead.updated_at, "pinned": false })
        });
        json!({ "id": lead.id, "version": 3, "stage": lead.stage, "source": "scanner",
            "business_domain": "first", "owner": lead.owner, "contact": Self::contact(lead),
            "intent": "a secret wish", "budget": null, "pain_points": [], "tags": [],
            "message_count": 2, "notes": note.into_iter().collect::<Vec<_>>(), "files": [],
            "analysis": null, "analysis_pending": false, "lost_reason": null, "lost_text": null,
            "sale_id": null, "overridden": null, "merged_into": null, "absorbed": [],
            "imported": false, "attributes": {}, "created_at": lead.updated_at,
            "updated_at": lead.updated_at, "stage_since": lead.updated_at, "erased": false,
            "sale": null })
    }

    fn list(&self, list: &ListLeads) -> Value {
        let wanted = list.filter.q.as_ref().map(|q| q.to_lowercase());
        let fits = |lead: &&Known| {
            let filter = &list.filter;
            let owner = filter.owner.is_none_or(|owner| match owner {
                OwnerFilter::Me => lead.owner == Some(self.me),
                OwnerFilter::Nobody => lead.owner.is_none(),
                OwnerFilter::Member(id) => lead.owner == Some(id),
            });
            let text =
                format!("{} {}", lead.name, lead.phone.as_deref().unwrap_or("")).to_lowercase();
            let words = wanted
                .as_ref()
                .is_none_or(|words| words.split_whitespace().all(|word| text.contains(word)));
            let stage = filter.stages.is_empty() || filter.stages.contains(&lead.stage);
            owner && words && stage && self.sees(lead)
        };
        let limit = usize::from(list.limit.unwrap_or(50));
        let found = self.leads.iter().filter(fits).take(limit).map(|lead| self.item(lead));
        json!({ "items": found.collect::<Vec<_>>() })
    }

    fn member(&self, id: MemberId, name: &str) -> Value {
        json!({ "id": id, "version": 1, "name": name, "email": null, "role": self.role,
            "language": "en", "active": true, "telegram_linked": false,
            "joined_at": "2026-01-01T00:00:00Z" })
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else there is may not be asked")]
    fn answer(&self, query: &Query) -> Result<Value, Rejected> {
        Ok(match query {
            Query::Me {} => {
                let mut me = self.member(self.me, "Ada Byron");
                if let Some(scopes) = &self.scopes {
                    me["scopes"] = json!(scopes);
                }
                me
            }
            Query::GetWorkspace {} => json!({ "id": self.workspace, "version": 1, "name": "Test",
                "settings": { "business_domains": ["first", "second"], "tags": [],
                    "min_transfer_score": 0.6, "stale_days": 7, "currency": "UAH",
                    "language": "uk", "country": "UA", "time_zone": "Europe/Kyiv",
                    "stage_deadlines": { "new_hours": 24, "contacted_hours": 48,
                        "qualified_hours": 72 },
                    "consents": self.consents },
                "created_at": "2026-01-01T00:00:00Z" }),
            Query::ListMembers(_) => {
                let items = self.members.iter().map(|(id, name)| self.member(*id, name));
                json!({ "items": items.collect::<Vec<_>>() })
            }
            Query::ListLeads(list) => self.list(list),
            Query::GetLead(get) => {
                let sales = self.scopes.as_ref().is_none_or(|has| has.contains(&"sales:read"));
                if !sales && get.include.contains(&LeadInclude::Sale) {
                    return Err(Rejected::new("scope_missing", "it needs sales:read"));
                }
                let known = self.leads.iter().find(|lead| lead.id == get.lead_id);
                let seen = known.filter(|lead| self.sees(lead));
                let none = || Rejected::new("not_found", "there is no such lead");
                self.card(seen.ok_or_else(none)?)
            }
            Query::ListSales(_) => json!({ "items": [] }),
            Query::Statistics {} => json!({
                "overview": { "leads": 3, "unowned": 1, "sales": 0, "converted": 0,
                    "win_rate": null, "revenue": [] },
                "funnel": { "leads": { "new": 3 }, "sales": {}, "tiers": { "hot": 3 } },
                "sources": [], "domains": [], "agents": [
                    { "member_id": self.members[1].0, "open_leads": 1, "converted": 0 }],
                "months": [], "aging": [] }),
            other => panic!("the assistant may not ask {}", other.name()),
        })
    }

    /// Everything that was asked, as text.
    pub(super) fn all_asked(&self) -> Vec<(WorkspaceId, Query)> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Window for House {
    async fn look(
        &self,
        workspace: WorkspaceId,
        request: QueryRequest,
    ) -> Result<Box<RawValue>, ClientError> {
        assert_eq!(request.credential, credential(), "asked as somebody else");
        self.asked.lock().unwrap().push((workspace, request.query.clone()));
        let answer = self.answer(&request.query).map_err(ClientError::Rejected)?;
        Ok(serde_json::value::to_raw_value(&answer).unwrap())
    }
}

/// With what everybody here asks.
pub(super) fn credential() -> Credential {
    Credential::Token { token: "ael_the_askers_own".to_owned() }
}

/// Asks once.
pub(super) async fn ask(
    house: &Arc<House>,
    chat: Option<Arc<dyn Chat>>,
    text: &str,
) -> AssistantAnswer {
    ask_after(house, chat, text, Remembered::default()).await.0
}

/// Asks in a conversation.
pub(super) async fn ask_after(
    house: &Arc<House>,
    chat: Option<Arc<dyn Chat>>,
    text: &str,
    remembered: Remembered,
) -> (AssistantAnswer, Remembered) {
    let window: Arc<dyn Window> = Arc::<House>::clone(house);
    let eyes = Eyes { window, workspace: house.workspace, credential: credential() };
    let asker = Asker::of(&eyes).await.unwrap();
    let text = QuestionText::parse(text).unwrap();
    let request =
        AssistantRequest { credential: credential(), conversation: None, text, language: None };
    Brain { chat }.answer(&eyes, &asker, &request, remembered, Utc::now()).await.unwrap()
}

/// A model that does as it is told, and keeps all that it was sent.
pub(super) struct Scripted {
    replies: Mutex<Vec<Reply>>,
    last: Reply,
    pub(super) heard: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    /// Says one after the other; the last for ever.
    pub(super) fn saying(mut replies: Vec<Reply>) -> Arc<Self> {
        replies.reverse();
        let last = replies.first().cloned().unwrap();
        Arc::new(Self { replies: Mutex::new(replies), last, heard: Mutex::default() })
    }

    /// Everything that left the house, as text.
    pub(super) fn all_heard(&self) -> String {
        format!("{:?}", self.heard.lock().unwrap())
    }

    /// What tools answered.
    pub(super) fn told(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let told = heard.last().unwrap().messages.iter().filter_map(|message| match message {
            Message::Tool { content, .. } => Some(content.clone()),
            Message::System(_) | Message::User(_) | Message::Assistant(_, _) => None,
        });
        told.collect()
    }

    /// What was heard last.
    pub(super) fn last_heard(&self) -> String {
        format!("{:?}", self.heard.lock().unwrap().last().unwrap().messages)
    }
}

#[async_trait]
impl Chat for Scripted {
    async fn complete(&self, _: WorkspaceId, request: ChatRequest) -> Result<Reply, Unavailable> {
        self.heard.lock().unwrap().push(request);
        Ok(self.replies.lock().unwrap().pop().unwrap_or_else(|| self.last.clone()))
    }
}

/// A model that is away.
pub(super) struct Away;

#[async_trait]
impl Chat for Away {
    async fn complete(&self, _: WorkspaceId, _: ChatRequest) -> Result<Reply, Unavailable> {
        Err(Unavailable("the breaker is open".to_owned()))
    }
}

pub(super) fn says(text: &str) -> Reply {
    Reply { text: Some(text.to_owned()), calls: Vec::new(), model: "gpt-test".to_owned() }
}

pub(super) fn calls(name: &str, arguments: &str) -> Reply {
    let call = ToolCall {
        id: "call-1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    };
    Reply { text: None, calls: vec![call], model: "gpt-test".to_owned() }
}
