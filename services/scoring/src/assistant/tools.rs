//! What a language model may look at: the read queries, with the asker's eyes, and answers without
//! names, contacts, texts or ids.

use super::answers::{propose, waiting};
use super::chat::{Tool, ToolCall};
use super::pseudonyms::Pseudonyms;
use super::turn::{Draft, Turn};
use super::understanding::{Assignee, Deed, Wanted, Whom, Whose};
use ael_client::ClientError;
use ael_events::query::{
    LeadFilter, LeadListItem, LeadSort, ListLeads, OwnerFilter, SortDirection, SortKey,
};
use ael_events::values::{DomainSlug, LostReason, SaleStage, Source, Stage, Tier};
use chrono::TimeDelta;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// How many leads a tool tells at most.
const TOLD: u16 = 20;
/// How long an answer of a tool may be, in bytes.
const LONGEST: usize = 6_000;

/// What a model calls amiss.
enum Amiss {
    Arguments,
    UnknownLead,
    UnknownTool,
    Away(ClientError),
}

impl From<ClientError> for Amiss {
    fn from(error: ClientError) -> Self {
        Self::Away(error)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Which {
    stage: Option<Stage>,
    source: Option<Source>,
    tier: Option<Tier>,
    owner: Option<String>,
    domain: Option<DomainSlug>,
    created_within_days: Option<u16>,
    sort: Option<Order>,
    limit: Option<u16>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    BestScore,
    Newest,
    LongestIdle,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    lead: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct InStage {
    stage: Option<SaleStage>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    lead: String,
    action: Action,
    #[serde(default)]
    reason: Option<LostReason>,
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    MarkContacted,
    Qualify,
    MarkLost,
    Assign,
    RequestAnalysis,
    TransferToSales,
}

/// What can be called.
pub(super) fn tools() -> Vec<Tool> {
    let which = json!({ "type": "object", "additionalProperties": false, "properties": {
        "stage": { "enum": Stage::ALL },
        "source": { "enum": Source::ALL },
        "tier": { "enum": Tier::ALL, "description": "hot is a score of 0.8 and more" },
        "owner": { "type": "string", "description": "me, nobody, or a pseudonym: Colleague 1" },
        "domain": { "type": "string", "description": "line of business" },
        "created_within_days": { "type": "integer", "minimum": 1, "maximum": 3650 },
        "sort": { "enum": ["best_score", "newest", "longest_idle"] },
        "limit": { "type": "integer", "minimum": 1, "maximum": TOLD }
    } });
    let lead = json!({ "type": "string", "description": "a pseudonym: Lead A" });
    let object = |properties: Value, required: Value| {
        json!({ "type": "object", "additionalProperties": false, "properties": properties,
            "required": required })
    };
    let tool = |name, about, parameters| Tool { name, about, parameters };
    vec![
        tool("list_leads", "Leads that the asker may see.", which.clone()),
        tool("count_leads", "How many leads there are.", which),
        tool(
            "get_lead",
            "What is known of a lead.",
            object(json!({ "lead": lead }), json!(["lead"])),
        ),
        tool("needs_attention", "Leads that wait for too long.", object(json!({}), json!([]))),
        tool("statistics", "The numbers of the workspace.", object(json!({}), json!([]))),
        tool(
            "list_sales",
            "Sales, the newest first.",
            object(json!({ "stage": { "enum": SaleStage::ALL } }), json!([])),
        ),
        tool(
            "propose",
            "Draft a change, which the person has to confirm. Only when they asked for it.",
            object(
                json!({ "lead": lead, "action": { "enum": ["mark_contacted", "qualify",
                    "mark_lost", "assign", "request_analysis", "transfer_to_sales"] },
                    "reason": { "enum": LostReason::ALL, "description": "for mark_lost" },
                    "to": { "type": "string",
                        "description": "for assign: me, nobody, or Colleague 1" } }),
                json!(["lead", "action"]),
            ),
        ),
    ]
}

/// A conversation's tools at work.
pub(super) struct Bench<'a> {
    pub(super) turn: &'a Turn<'a>,
    pub(super) pseudonyms: &'a mut Pseudonyms,
    /// What was drafted, or why it was not.
    pub(super) drafted: &'a mut Option<Draft>,
}

impl Bench<'_> {
    /// Answers a call, whatever it is.
    pub(super) async fn call(&mut self, call: &ToolCall) -> Result<String, ClientError> {
        let answer = match self.answer(call).await {
            Ok(answer) => answer,
            Err(Amiss::Arguments) => json!({ "error": "these are not the tool's arguments" }),
            Err(Amiss::UnknownLead) => json!({ "error": "nobody is called that" }),
            Err(Amiss::UnknownTool) => json!({ "error": "there is no such tool" }),
            Err(Amiss::Away(ClientError::Rejected(refusal))) => json!({ "error": refusal.code }),
            Err(Amiss::Away(error)) => return Err(error),
        };
        let written = answer.to_string();
        Ok(match written.len() <= LONGEST {
            true => written,
            false => json!({ "error": "too much: ask for less" }).to_string(),
        })
    }

    async fn answer(&mut self, call: &ToolCall) -> Result<Value, Amiss> {
        match call.name.as_str() {
            "list_leads" => self.list(read(call)?).await,
            "count_leads" => self.count(&read(call)?).await,
            "get_lead" => self.lead(&read::<Labelled>(call)?.lead).await,
            "needs_attention" => self.waiting().await,
            "statistics" => self.statistics().await,
            "list_sales" => self.sales(&read(call)?).await,
            "propose" => self.propose(&read(call)?).await,
            _ => Err(Amiss::UnknownTool),
        }
    }

    fn filter(&self, which: &Which) -> Result<LeadFilter, Amiss> {
        let owner = match which.owner.as_deref() {
            None => None,
            Some("me" | "the asker") => Some(OwnerFilter::Me),
            Some("nobody") => Some(OwnerFilter::Nobody),
            Some(label) => {
                let member = self.pseudonyms.colleague_called(label).ok_or(Amiss::Arguments)?;
                Some(OwnerFilter::Member(member.id))
            }
        };
        let within = which.created_within_days.map(|days| TimeDelta::days(days.into()));
        Ok(LeadFilter {
            stages: which.stage.into_iter().collect(),
            sources: which.source.into_iter().collect(),
            tiers: which.tier.into_iter().collect(),
            business_domains: which.domain.clone().into_iter().collect(),
            owner,
            created_from: within.map(|within| self.turn.now - within),
            ..LeadFilter::default()
        })
    }

    async fn list(&mut self, which: Which) -> Result<Value, Amiss> {
        let filter = self.filter(&which)?;
        let (by, direction) = match which.sort.unwrap_or(Order::BestScore) {
            Order::BestScore => (SortKey::AiScore, SortDirection::Descending),
            Order::Newest => (SortKey::CreatedAt, SortDirection::Descending),
            Order::LongestIdle => (SortKey::UpdatedAt, SortDirection::Ascending),
        };
        let (sort, limit) = (LeadSort { by, direction }, which.limit.unwrap_or(10).clamp(1, TOLD));
        let list = ListLeads { filter, sort, limit: Some(limit), ..ListLeads::default() };
        let page = self.turn.eyes.leads(list).await?;
        let leads: Vec<Value> = page.items.iter().map(|lead| self.told(lead)).collect();
        Ok(json!({ "leads": leads, "there_are_more": page.next_cursor.is_some() }))
    }

    async fn count(&mut self, which: &Which) -> Result<Value, Amiss> {
        let whose = match which.owner.as_deref() {
            None => None,
            Some("me" | "the asker") => Some(Whose::Mine),
            Some("nobody") => Some(Whose::Nobodys),
            Some(_) => return Err(Amiss::Arguments),
        };
        let Which { stage, source, tier, created_within_days: None, .. } = *which else {
            return Err(Amiss::Arguments);
        };
        let about = which.domain.iter().map(|domain| domain.as_str().to_owned()).collect();
        let wanted = Wanted { stage, source, tier, whose, since: None, about };
        let (count, is_all) = self.turn.count(&wanted).await?;
        Ok(json!({ "count": count, "or_more": !is_all }))
    }

    async fn lead(&mut self, label: &str) -> Result<Value, Amiss> {
        let id = self.pseudonyms.lead_called(label).ok_or(Amiss::UnknownLead)?;
        let details = self.turn.eyes.lead(id).await?.ok_or(Amiss::UnknownLead)?;
        let lead = &details.lead;
        let label = self.pseudonyms.lead(self.turn.mentioned(lead));
        let owner = lead.owner.map(|owner| self.pseudonyms.colleague(owner, self.turn.id()));
        let analysis = lead.analysis.as_ref();
        let has = |it: bool| it;
        Ok(json!({
            "lead": label, "stage": lead.stage, "source": lead.source,
            "domain": lead.business_domain, "owner": owner.unwrap_or_else(|| "nobody".to_owned()),
            "score": analysis.map(|it| it.ai_score),
            "tier": analysis.map(|it| it.ai_score.tier()),
            "advice": analysis.map(|it| it.ai_recommendation),
            "messages": lead.message_count, "notes": lead.notes.len(),
            "has_email": has(lead.contact.email.is_some()),
            "has_phone": has(lead.contact.phone.is_some()),
            "created_days_ago": self.days_since(lead.created_at),
            "idle_days": self.days_since(lead.updated_at),
            "in_stage_days": self.days_since(lead.stage_since),
            "lost_reason": lead.lost_reason,
            "sale": details.sale.as_ref().and_then(Option::as_ref).map(|sale| {
                json!({ "stage": sale.stage, "amount": sale.amount.map(|it| it.to_string()) })
            }),
        }))
    }

    async fn waiting(&mut self) -> Result<Value, Amiss> {
        let waiting = waiting(self.turn).await?;
        let count = waiting.len();
        let told = waiting.iter().take(10);
        let leads: Vec<Value> = told.map(|one| self.told(&one.lead)).collect();
        Ok(json!({ "count": count, "leads": leads }))
    }

    async fn statistics(&mut self) -> Result<Value, Amiss> {
        let all = self.turn.eyes.statistics().await?;
        let me = self.turn.id();
        let agents: Vec<Value> = all
            .agents
            .iter()
            .map(|one| {
                json!({ "who": self.pseudonyms.colleague(one.member_id, me),
                    "open_leads": one.open_leads, "paid_sales": one.converted })
            })
            .collect();
        Ok(json!({
            "overview": all.overview, "stages": all.funnel, "sources": all.sources,
            "domains": all.domains, "agents": agents, "months": all.months, "late": all.aging,
        }))
    }

    async fn sales(&mut self, which: &InStage) -> Result<Value, Amiss> {
        let mut told = Vec::new();
        for (lead, sale) in self.turn.sales_of(which.stage).await? {
            let Some(details) = self.turn.eyes.lead(lead).await? else { continue };
            let label = self.pseudonyms.lead(self.turn.mentioned(&details.lead));
            let amount = sale.amount.map(|amount| amount.to_string());
            told.push(json!({ "lead": label, "stage": sale.stage, "amount": amount,
                "idle_days": self.days_since(sale.updated_at) }));
        }
        Ok(json!({ "sales": told }))
    }

    async fn propose(&mut self, wish: &Wish) -> Result<Value, Amiss> {
        let id = self.pseudonyms.lead_called(&wish.lead).ok_or(Amiss::UnknownLead)?;
        let deed = match wish.action {
            Action::MarkContacted => Deed::MarkContacted,
            Action::Qualify => Deed::Qualify,
            Action::MarkLost => Deed::MarkLost(wish.reason, None),
            Action::RequestAnalysis => Deed::Analyse,
            Action::TransferToSales => Deed::Transfer,
            Action::Assign => Deed::Assign(match wish.to.as_deref() {
                Some("me" | "the asker") => Assignee::Me,
                Some("nobody") => Assignee::Nobody,
                Some(label) => {
                    let member = self.pseudonyms.colleague_called(label);
                    let name = member.and_then(|member| member.name.as_ref());
                    Assignee::Named(name.ok_or(Amiss::Arguments)?.as_str().to_owned())
                }
                None => return Err(Amiss::Arguments),
            }),
        };
        let draft = propose(self.turn, &deed, &Whom::Known(id)).await?;
        // Why it cannot be is said to the person: it may have names in it.
        let is_drafted = draft.proposal.is_some();
        // What can be done is not forgotten for what cannot.
        let has_one = self.drafted.as_ref().is_some_and(|known| known.proposal.is_some());
        if is_drafted || !has_one {
            *self.drafted = Some(draft);
        }
        Ok(match is_drafted {
            true => json!({ "drafted": true, "then": "the person is asked to confirm it" }),
            false => json!({ "drafted": false, "then": "the person is told why" }),
        })
    }

    fn told(&mut self, lead: &LeadListItem) -> Value {
        let owner = lead.owner.map(|owner| self.pseudonyms.colleague(owner, self.turn.id()));
        json!({
            "lead": self.pseudonyms.lead(self.turn.listed(lead)), "stage": lead.stage,
            "source": lead.source, "domain": lead.business_domain,
            "owner": owner.unwrap_or_else(|| "nobody".to_owned()),
            "score": lead.ai_score, "tier": lead.tier, "advice": lead.ai_recommendation,
            "messages": lead.message_count, "created_days_ago": self.days_since(lead.created_at),
            "idle_days": self.days_since(lead.updated_at),
        })
    }

    fn days_since(&self, at: chrono::DateTime<chrono::Utc>) -> i64 {
        (self.turn.now - at).num_days()
    }
}

fn read<T: DeserializeOwned>(call: &ToolCall) -> Result<T, Amiss> {
    let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    serde_json::from_str(arguments).map_err(|_| Amiss::Arguments)
}
