//! What the read models say about each aggregate, in the terms in which it is compared with the
//! domain's own fold of its events.

use ael_events::query::{AggregateDigest, LeadView, MemberView, SaleView, WorkspaceView};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Fields as texts; what is missing is not there.
#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Fields {
    fn put(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.to_string());
        }
    }

    fn put_json(&mut self, name: &str, value: Option<&(impl Serialize + ?Sized)>) {
        self.put(name, value.and_then(|value| serde_json::to_string(value).ok()));
    }
}

/// A lead's digest.
#[must_use]
pub fn of_lead(lead: &LeadView) -> AggregateDigest {
    let mut fields = Fields::default();
    let notes: Vec<_> = lead.notes.iter().map(|note| (note.id, &note.text, note.pinned)).collect();
    let files: Vec<_> = lead.files.iter().map(|file| (file.id, &file.name)).collect();
    let analysis = lead.analysis.as_ref();
    fields.put("stage", Some(lead.stage));
    fields.put("source", Some(lead.source));
    fields.put("business_domain", lead.business_domain.as_ref().map(|domain| domain.as_str()));
    fields.put("owner", lead.owner);
    fields
        .put_json("contact", Some(&lead.contact).filter(|contact| **contact != Default::default()));
    fields.put("intent", lead.intent.as_ref().map(|intent| intent.as_str()));
    fields.put("budget", lead.budget.as_ref().map(|budget| budget.as_str()));
    fields.put_json("pain_points", Some(&lead.pain_points).filter(|points| !points.is_empty()));
    fields.put_json("tags", Some(&lead.tags).filter(|tags| !tags.is_empty()));
    fields.put("message_count", Some(lead.message_count));
    fields.put_json("notes", Some(&notes).filter(|notes| !notes.is_empty()));
    fields.put_json("files", Some(&files).filter(|files| !files.is_empty()));
    fields.put_json("ai_score", analysis.map(|analysis| &analysis.ai_score));
    fields.put("ai_recommendation", analysis.map(|analysis| analysis.ai_recommendation));
    fields.put("lost_reason", lead.lost_reason);
    fields.put("sale_id", lead.sale_id);
    fields.put("merged_into", lead.merged_into);
    fields.put("erased", lead.erased.then_some(true));
    digest("lead", lead.id.uuid(), lead.version, fields)
}

/// A sale's digest.
#[must_use]
pub fn of_sale(sale: &SaleView) -> AggregateDigest {
    let mut fields = Fields::default();
    let amount = sale.amount.map(|money| format!("{} {}", money.amount_minor(), money.currency()));
    fields.put("lead_id", Some(sale.lead_id));
    fields.put("stage", Some(sale.stage));
    fields.put("amount", amount);
    fields.put("lost_reason", sale.lost_reason);
    digest("sale", sale.id.uuid(), sale.version, fields)
}

/// A member's digest.
#[must_use]
pub fn of_member(member: &MemberView) -> AggregateDigest {
    let mut fields = Fields::default();
    fields.put("role", Some(member.role));
    fields.put("active", Some(member.active));
    fields.put("language", Some(member.language));
    fields.put("name", member.name.as_ref().map(|name| name.as_str()));
    digest("member", member.id.uuid(), member.version, fields)
}

/// A workspace's digest.
#[must_use]
pub fn of_workspace(workspace: &WorkspaceView) -> AggregateDigest {
    let mut fields = Fields::default();
    fields.put("name", Some(workspace.name.as_str()));
    fields.put_json("settings", Some(&workspace.settings));
    digest("workspace", workspace.id.uuid(), workspace.version, fields)
}

fn digest(kind: &str, id: Uuid, version: u64, fields: Fields) -> AggregateDigest {
    AggregateDigest { aggregate: format!("{kind}/{id}"), version, fields: fields.0 }
}
