//! Inline mode: `@bot name` in any chat, to share a lead's card with the team. Nobody's contact is
//! in what is shared.

use super::card::{bar, sign};
use crate::out::{Article, Out};
use crate::talk::hands::Done;
use crate::talk::html::{self, escaped};
use crate::talk::scene::Scene;
use ael_events::query::{LeadFilter, LeadListItem, LeadPage, ListLeads, Query};

/// How many are offered.
const OFFERED: u16 = 20;

/// Offers the leads that a text finds; the newest, where nothing is typed.
pub(crate) async fn answer(scene: &mut Scene<'_>, query: String, text: &str) -> Done<()> {
    let words: String = text.trim().chars().take(100).collect();
    let q = Some(words).filter(|words| words.chars().count() >= 2);
    let filter = LeadFilter { q, ..LeadFilter::default() };
    let asked = ListLeads { filter, limit: Some(OFFERED), ..ListLeads::default() };
    let found: LeadPage = scene.ask(Query::ListLeads(asked)).await?;
    let articles = found.items.iter().map(|lead| article(scene, lead)).collect();
    scene.push(Out::Found { query, articles });
    Ok(())
}

fn article(scene: &Scene<'_>, lead: &LeadListItem) -> Article {
    let name = scene.called(&lead.contact, lead.erased);
    let stage = scene.term("stage", lead.stage.as_str());
    let mut description = format!("{} {stage}", sign(lead.stage));
    let mut text = format!("{} <b>{}</b>\n{}", sign(lead.stage), escaped(&name), escaped(&stage));
    if let Some(domain) = &lead.business_domain {
        description += &format!(" · {}", domain.as_str());
        text += &format!(" · 🏢 {}", escaped(domain.as_str()));
    }
    if let Some(score) = lead.ai_score {
        description += &format!(" · 🤖 {:.2}", score.value());
        text += &format!("\n🤖 {} {:.2}", bar(score), score.value());
    }
    if let Some(owner) = &lead.owner_name {
        text += &format!("\n👤 {}", escaped(&html::name(owner)));
    }
    Article { id: lead.id.to_string(), title: name, description, text }
}
