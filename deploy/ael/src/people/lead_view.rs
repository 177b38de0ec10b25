//! How a lead looks on a terminal: a row of a list, a card, a line of its history.

use super::moment::shown;
use crate::output::Output;
use crate::session::Desk;
use ael_events::ids::MemberId;
use ael_events::query::{HistoryEntry, LeadListItem, LeadView, NoteView};
use ael_events::values::{AttributeValue, Contact, Money, StaleReason, Tag};
use serde_json::Value;
use std::collections::BTreeSet;

/// The columns of a list.
pub const LIST_HEADER: &[&str] =
    &["name", "company?", "stage", "source?", "owner?", "score?", "messages#?", "created?", "id"];

/// The columns of a history.
pub const HISTORY_HEADER: &[&str] = &["what", "no#", "happened", "by", "through?", "details"];

/// Who a lead is, as far as it is known.
pub fn name(lead: &LeadListItem) -> String {
    named(&lead.contact, lead.erased)
}

/// Who a lead is, as far as it is known.
pub fn name_of(lead: &LeadView) -> String {
    named(&lead.contact, lead.erased)
}

fn named(contact: &Contact, erased: bool) -> String {
    if erased {
        return "(erased person)".to_owned();
    }
    let name = contact.full_name.as_ref().map(|name| name.as_str());
    let company = || contact.company.as_ref().map(|company| company.as_str());
    name.or_else(company).unwrap_or("(no name)").to_owned()
}

fn tags(tags: &BTreeSet<Tag>) -> String {
    tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(", ")
}

/// A row of a list.
pub fn row(desk: &Desk, lead: &LeadListItem) -> Vec<String> {
    let owner = lead.owner.map(|owner| desk.name_of(owner));
    let company = lead.contact.company.as_ref().map(|company| company.as_str().to_owned());
    let score = lead.ai_score.map(|score| format!("{:.2}", score.value()));
    let tier = lead.tier.map(|tier| format!(" {tier}"));
    vec![
        name(lead),
        company.unwrap_or_default(),
        lead.stage.to_string(),
        lead.source.to_string(),
        owner.unwrap_or_default(),
        format!("{}{}", score.unwrap_or_default(), tier.unwrap_or_default()),
        lead.message_count.to_string(),
        shown(lead.created_at),
        lead.id.to_string(),
    ]
}

/// A lead, whole.
pub fn card(out: Output, desk: &Desk, lead: &LeadView) -> anyhow::Result<()> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let contact = &lead.contact;
    out.say(out.bold(named(contact, lead.erased)))?;
    let owner = lead.owner.map_or_else(|| "nobody".to_owned(), |owner| desk.name_of(owner));
    let lost = lead.lost_reason.map(|reason| {
        let words = lead.lost_text.as_ref().map(|text| format!(": {}", text.as_str()));
        format!("{reason}{}", words.unwrap_or_default())
    });
    let sale = lead.sale_id.map(|sale| sale.to_string());
    let overridden = lead.overridden.map(|advice| {
        let word = serde_json::to_value(advice).ok();
        format!("the {} analysis", word.as_ref().and_then(Value::as_str).unwrap_or("missing"))
    });
    let absorbed = lead.absorbed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let pains: Vec<&str> = lead.pain_points.iter().map(|pain| pain.as_str()).collect();
    out.facts([
        ("id", lead.id.to_string()),
        ("version", lead.version.to_string()),
        ("stage", format!("{} since {}", lead.stage, shown(lead.stage_since))),
        ("lost because", lost.unwrap_or_default()),
        ("sale", sale.unwrap_or_default()),
        ("transferred against", overridden.unwrap_or_default()),
        ("merged into", lead.merged_into.map(|id| id.to_string()).unwrap_or_default()),
        ("took over", absorbed),
        ("source", format!("{}{}", lead.source, if lead.imported { " (imported)" } else { "" })),
        ("domain", text(lead.business_domain.as_ref().map(|domain| domain.as_str()))),
        ("owner", owner),
        ("company", text(contact.company.as_ref().map(|company| company.as_str()))),
        ("position", text(contact.position.as_ref().map(|position| position.as_str()))),
        ("e-mail", text(contact.email.as_ref().map(|email| email.as_str()))),
        ("phone", text(contact.phone.as_ref().map(|phone| phone.as_str()))),
        (
            "telegram",
            contact.telegram.as_ref().map(|t| format!("@{}", t.as_str())).unwrap_or_default(),
        ),
        ("intent", text(lead.intent.as_ref().map(|intent| intent.as_str()))),
        ("budget", text(lead.budget.as_ref().map(|budget| budget.as_str()))),
        ("pain points", pains.join("\n")),
        ("tags", tags(&lead.tags)),
        ("messages", lead.message_count.to_string()),
        ("advice", advice(lead)),
        ("created", format!("{} UTC", shown(lead.created_at))),
        ("updated", format!("{} UTC", shown(lead.updated_at))),
        ("notes", lead.notes.iter().map(|note| noted(desk, note)).collect::<Vec<_>>().join("\n")),
        ("attributes", attributes(lead)),
    ])
}

/// What the advisor said last, in a line.
pub fn advice(lead: &LeadView) -> String {
    let pending = if lead.analysis_pending { " (another analysis was asked for)" } else { "" };
    let Some(analysis) = &lead.analysis else { return pending.trim().to_owned() };
    let reason = analysis.ai_reason.as_ref().map(|reason| format!(": {}", reason.as_str()));
    let (score, at) = (analysis.ai_score, shown(analysis.last_ai_analysis_at));
    let (tier, recommendation) = (score.tier(), analysis.ai_recommendation);
    let reason = reason.unwrap_or_default();
    let stale = lead.ai_stale.map(|why| format!(" – stale: {}", outdated(why))).unwrap_or_default();
    format!("{:.2} {tier}, {recommendation}{reason} ({at}){stale}{pending}", score.value())
}

const fn outdated(why: StaleReason) -> &'static str {
    match why {
        StaleReason::StageChanged => "the stage changed since",
        StaleReason::DomainChanged => "the business domain changed since",
        StaleReason::Messages => "many messages since",
        StaleReason::Age => "it is old",
    }
}

fn noted(desk: &Desk, note: &NoteView) -> String {
    let pin = if note.pinned { "(pinned) " } else { "" };
    let text = note.text.as_ref().map_or("(erased)", |text| text.as_str());
    format!("{} {}: {pin}{text}", shown(note.at), who(desk, &note.by))
}

/// `member:<id>` as a name.
fn who(desk: &Desk, actor: &str) -> String {
    let member = actor.strip_prefix("member:").and_then(|id| id.parse().ok());
    member.map_or_else(|| actor.to_owned(), |member| desk.name_of(member))
}

fn attributes(lead: &LeadView) -> String {
    let lines = lead.attributes.iter().map(|(name, value)| match value {
        AttributeValue::Number(number) => format!("{name} = {number}"),
        AttributeValue::Category(category) => format!("{name} = {category}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A line of the history.
pub fn happening(desk: &Desk, entry: &HistoryEntry) -> Vec<String> {
    told(entry, &|member| desk.known_name_of(member))
}

/// A member's name, where it is known.
type Names<'n> = dyn Fn(MemberId) -> Option<String> + 'n;

fn told(entry: &HistoryEntry, names: &Names<'_>) -> Vec<String> {
    let by = entry.actor_name.clone().unwrap_or_else(|| entry.actor.replace(['_', ':'], " "));
    // `lead.qualified.v1` is `qualified`; the sale's events say that they are.
    let what = entry.event_type.strip_prefix("lead.").unwrap_or(&entry.event_type);
    let what = what.rsplit_once('.').map_or(what, |(name, _version)| name);
    vec![
        what.replace(['_', '.'], " "),
        entry.version.to_string(),
        shown(entry.occurred_at),
        by,
        entry.edge.clone(),
        details(&entry.data, names),
    ]
}

/// What an event says, in one line: `stage=lost, reason=no_budget, text=…`.
fn details(data: &Value, names: &Names<'_>) -> String {
    let mut parts = Vec::new();
    flatten(data, names, &mut parts);
    let line = parts.join(", ");
    if line.chars().count() > 100 {
        format!("{}…", line.chars().take(99).collect::<String>())
    } else {
        line
    }
}

fn flatten(value: &Value, names: &Names<'_>, parts: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        if let Ok(money) = serde_json::from_value::<Money>(value.clone()) {
            parts.push(format!("{name}={money}"));
            continue;
        }
        match value {
            Value::Null => {}
            Value::Object(_) => flatten(value, names, parts),
            Value::String(text) => match text.parse::<MemberId>() {
                // People are known by their names; nobody reads other ids, `--json` has them.
                Ok(id) => parts.extend(names(id).map(|who| format!("{name}={who}"))),
                Err(_) => parts.push(format!("{name}={}", text.replace('\n', " "))),
            },
            Value::Array(items) if items.is_empty() => {}
            Value::Array(items) => {
                let words = items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                let words: Vec<String> = words.collect();
                parts.push(format!("{name}={}", words.join(" ")));
            }
            Value::Bool(_) | Value::Number(_) => parts.push(format!("{name}={value}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OLENA: &str = "018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0e";

    fn names(id: MemberId) -> Option<String> {
        (id.to_string() == OLENA).then(|| "Olena".to_owned())
    }

    #[test]
    fn an_event_is_told_in_one_line() {
        let sale = "018f4e9c-5b7a-7c21-9d3e-2f1a6b8c9d0f";
        let private = json!({ "text": "moved\naway" });
        let data = json!({ "reason": "other", "sale_id": sale, "private": private, "tags": [] });
        assert_eq!(details(&data, &names), "reason=other, text=moved away");
        let long = json!({ "text": "x".repeat(300) });
        assert_eq!(details(&long, &names).chars().count(), 100);
        assert_eq!(details(&json!({}), &names), "");
    }

    #[test]
    fn people_are_told_by_name_and_money_in_its_own_units() {
        let data = json!({
            "owner": OLENA, "previous": null, "tags": ["vip", "cold"],
            "amount": { "amount_minor": 1_250_050, "currency": "UAH" }
        });
        let line = details(&data, &names);
        assert!(line.contains("owner=Olena") && line.contains("tags=vip cold"), "{line}");
        assert!(line.contains("amount=12500.50 UAH") && !line.contains("1250050"), "{line}");
        let yen = json!({ "amount": { "amount_minor": 500, "currency": "JPY" } });
        assert_eq!(details(&yen, &names), "amount=500 JPY");
    }

    #[test]
    fn a_history_line_names_the_person_and_the_deed() {
        let entry = |event_type: &str, actor_name: Option<&str>| -> HistoryEntry {
            serde_json::from_value(json!({
                "event_id": OLENA, "version": 3, "event_type": event_type,
                "occurred_at": "2026-03-05T10:30:00Z", "recorded_at": "2026-03-05T10:30:00Z",
                "actor": "service:process_manager", "actor_name": actor_name, "edge": "cli",
                "data": { "from": "qualified" }
            }))
            .unwrap()
        };
        let line = told(&entry("lead.rolled_back.v1", Some("Olena")), &names);
        let expected = ["rolled back", "3", "2026-03-05 10:30", "Olena", "cli", "from=qualified"];
        assert_eq!(line, expected);
        let line = told(&entry("sale.opened.v1", None), &names);
        assert_eq!(
            (line[0].as_str(), line[3].as_str()),
            ("sale opened", "service process manager")
        );
    }
}
