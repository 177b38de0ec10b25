//! Lists of leads, and how many there are.

use crate::assistant::turn::{Draft, Turn, one_line};
use crate::assistant::understanding::{Wanted, Whose};
use ael_client::ClientError;
use ael_events::query::{
    LeadFilter, LeadListItem, LeadSort, ListLeads, OwnerFilter, SortDirection, SortKey,
};
use ael_events::values::{DomainSlug, Tag, Tier};
use chrono::TimeDelta;

/// How many leads are told one by one.
const TOLD: usize = 8;
/// How many leads are counted one by one, page by page.
const PAGE: u16 = 200;
const PAGES: usize = 5;

impl Turn<'_> {
    pub(super) async fn leads(&self, wanted: &Wanted) -> Result<Draft, ClientError> {
        let voice = self.voice;
        let filter = self.filter(wanted);
        let by = if wanted.since.is_some() { SortKey::CreatedAt } else { SortKey::AiScore };
        let sort = LeadSort { by, direction: SortDirection::Descending };
        let limit = u16::try_from(TOLD + 1).ok();
        let page =
            self.eyes.leads(ListLeads { filter, sort, limit, ..ListLeads::default() }).await?;
        let which = self.which(wanted);
        let found = &page.items[..page.items.len().min(TOLD)];
        let count = found.len();
        let mut text =
            match (count, page.items.len() > TOLD) {
                (0, _) => voice.say_with("leads-none", [("which", which.into())]),
                (_, true) => voice
                    .say_with("leads-first", [("shown", count.into()), ("which", which.into())]),
                (_, false) => voice
                    .say_with("leads-found", [("count", count.into()), ("which", which.into())]),
            };
        for (number, lead) in (1..).zip(found) {
            text += &format!("\n{number}. {}", self.line(lead));
        }
        let leads: Vec<_> = found.iter().map(|lead| self.listed(lead)).collect();
        let about = leads
            .first()
            .map(|lead| voice.say_with("suggest-about", [("name", lead.name.clone().into())]));
        let next = about.into_iter().chain([voice.say("suggest-attention")]);
        Ok(Draft::saying(text).about(leads).suggesting(next))
    }

    pub(super) async fn how_many(&self, wanted: &Wanted) -> Result<Draft, ClientError> {
        let which = self.which(wanted);
        let (count, is_all) = self.count(wanted).await?;
        let key = [("count", count.into()), ("which", which.into())];
        let text = match is_all {
            true => self.voice.say_with("count", key),
            false => self.voice.say_with("count-more", key),
        };
        let next = ["suggest-hot", "suggest-statistics"].map(|key| self.voice.say(key));
        Ok(Draft::saying(text).suggesting(next))
    }

    /// How many leads there are that the asker may see, and whether that is all of them.
    pub(in crate::assistant) async fn count(
        &self,
        wanted: &Wanted,
    ) -> Result<(u64, bool), ClientError> {
        if !self.is_agent()
            && let Some(count) = self.counted(wanted).await?
        {
            return Ok((count, true));
        }
        let (mut count, mut cursor) = (0, None);
        for _ in 0..PAGES {
            let filter = self.filter(wanted);
            let list = ListLeads { filter, cursor, limit: Some(PAGE), ..ListLeads::default() };
            let page = self.eyes.leads(list).await?;
            count += page.items.len() as u64;
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok((count, true));
            }
        }
        Ok((count, false))
    }

    /// What is counted already, for who sees all leads: those of one stage, source or tier.
    async fn counted(&self, wanted: &Wanted) -> Result<Option<u64>, ClientError> {
        let only = |wanted_so: Wanted| *wanted == wanted_so;
        let Wanted { stage, source, tier, .. } = *wanted;
        let numbers = match self.eyes.statistics().await {
            Ok(numbers) => numbers,
            Err(ClientError::Rejected(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let plain = Wanted::default;
        Ok(match (stage, source, tier) {
            (None, None, None) if only(plain()) => Some(numbers.overview.leads),
            (Some(in_it), None, None) if only(Wanted { stage, ..plain() }) => {
                Some(numbers.funnel.leads.get(&in_it).copied().unwrap_or_default())
            }
            (None, None, Some(in_it)) if only(Wanted { tier, ..plain() }) => {
                Some(numbers.funnel.tiers.get(&in_it).copied().unwrap_or_default())
            }
            (None, Some(from), None) if only(Wanted { source, ..plain() }) => {
                let of = numbers.sources.iter().find(|one| one.source == from);
                Some(of.map_or(0, |one| one.leads))
            }
            (_, _, _) => None,
        })
    }

    pub(in crate::assistant) fn filter(&self, wanted: &Wanted) -> LeadFilter {
        let mut filter = LeadFilter {
            stages: wanted.stage.into_iter().collect(),
            sources: wanted.source.into_iter().collect(),
            tiers: wanted.tier.into_iter().collect(),
            owner: wanted.whose.map(|whose| match whose {
                Whose::Mine => OwnerFilter::Me,
                Whose::Nobodys => OwnerFilter::Nobody,
            }),
            created_from: wanted.since.map(|since| self.now - TimeDelta::days(since.days())),
            ..LeadFilter::default()
        };
        let mut rest = Vec::new();
        for word in &wanted.about {
            match (self.domain(word), self.tag(word)) {
                (Some(domain), _) => {
                    filter.business_domains.insert(domain);
                }
                (None, Some(tag)) => filter.tag = Some(tag),
                (None, None) => rest.push(word.as_str()),
            }
        }
        let rest = rest.join(" ");
        if (2..=100).contains(&rest.chars().count()) {
            filter.q = Some(rest);
        }
        filter
    }

    fn domain(&self, word: &str) -> Option<DomainSlug> {
        let known = self.workspace.settings.business_domains.as_slice();
        known.iter().find(|domain| domain.as_str() == word.to_lowercase()).cloned()
    }

    fn tag(&self, word: &str) -> Option<Tag> {
        let same = |tag: &&Tag| tag.as_str().to_lowercase() == word.to_lowercase();
        self.workspace.settings.tags.iter().find(same).cloned()
    }

    /// Which leads were asked for, in words.
    fn which(&self, wanted: &Wanted) -> String {
        let voice = self.voice;
        let tier = wanted.tier.map(|tier| {
            let tier = voice.say(&format!("tiers-{tier}"));
            voice.say_with("which-tier", [("tier", tier.into())])
        });
        let stage = wanted
            .stage
            .map(|stage| voice.say_with("which-stage", [("stage", self.stage(stage).into())]));
        let source = wanted.source.map(|source| {
            let source = voice.say(&format!("source-{source}"));
            voice.say_with("which-source", [("source", source.into())])
        });
        let whose = wanted.whose.map(|whose| match whose {
            Whose::Mine => voice.say("which-mine"),
            Whose::Nobodys => voice.say("which-nobodys"),
        });
        let words = one_line(&wanted.about.join(" "), 60);
        let about =
            (!words.is_empty()).then(|| voice.say_with("which-about", [("words", words.into())]));
        let since = wanted.since.map(|since| {
            let since = voice.say(&format!("since-{}", since.name()));
            voice.say_with("which-since", [("since", since.into())])
        });
        [tier, stage, source, whose, about, since].into_iter().flatten().collect()
    }

    /// A lead in a list.
    pub(in crate::assistant) fn line(&self, lead: &LeadListItem) -> String {
        let voice = self.voice;
        let mut parts = vec![self.stage(lead.stage), self.scored(lead)];
        if lead.contact.full_name.is_some()
            && let Some(company) = &lead.contact.company
        {
            parts.insert(0, one_line(company.as_str(), 40));
        }
        parts.push(match (&lead.owner_name, lead.owner) {
            (_, Some(owner)) if owner == self.id() => {
                voice.say_with("owner", [("name", voice.say("you").into())])
            }
            (Some(name), _) => voice.say_with("owner", [("name", one_line(name, 40).into())]),
            (None, _) => voice.say("unowned"),
        });
        format!("{} — {}", self.called(&lead.contact, lead.erased), parts.join(", "))
    }

    pub(super) fn scored(&self, lead: &LeadListItem) -> String {
        match (lead.ai_score, lead.tier) {
            (Some(score), Some(tier)) => self.voice.say_with(
                "score",
                [
                    ("score", format!("{:.2}", score.value()).into()),
                    ("tier", self.tier(tier).into()),
                ],
            ),
            (_, _) => self.voice.say("no-score"),
        }
    }

    pub(super) fn tier(&self, tier: Tier) -> String {
        self.voice.say(&format!("tier-{tier}"))
    }
}
