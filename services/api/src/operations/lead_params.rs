//! What can be asked of a list of leads.

use crate::wire::{List, Problem};
use ael_events::ids::{LeadId, MemberId};
use ael_events::query::{
    Cursor, GetLead, LeadFilter, LeadHistory, LeadInclude, LeadListItem, LeadSort, ListLeads,
    OwnerFilter, SortDirection, SortKey,
};
use ael_events::values::{DomainSlug, Score, Source, Stage, Tag, Tier};
use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Which leads, in which order, and what of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LeadListParams {
    /// In one of these stages.
    pub(crate) stage: Option<List<Stage>>,
    /// From one of these sources.
    pub(crate) source: Option<List<Source>>,
    /// For one of these lines of business.
    pub(crate) domain: Option<List<DomainSlug>>,
    /// Whose: `me`, `nobody`, or a member's id.
    pub(crate) owner: Option<OwnerWord>,
    /// In one of these tiers.
    pub(crate) tier: Option<List<Tier>>,
    /// With this tag.
    pub(crate) tag: Option<Tag>,
    /// With at least this score.
    pub(crate) min_score: Option<Score>,
    /// With at most this score.
    pub(crate) max_score: Option<Score>,
    /// `true`: whose analysis says nothing any more (`ai_stale`); `false`: the others.
    pub(crate) stale: Option<bool>,
    /// Created at this time or later.
    pub(crate) created_from: Option<DateTime<Utc>>,
    /// Created before this time.
    pub(crate) created_to: Option<DateTime<Utc>>,
    /// Part of a name, company, e-mail, phone (however it is written) or Telegram name, in
    /// Ukrainian or Latin letters; small typos are forgiven. Looks through the first 500 leads that
    /// match: a search that finds very many has to say more.
    #[schemars(length(min = 2, max = 100))]
    pub(crate) q: Option<String>,
    /// `created_at`, `updated_at` or `ai_score`, with a minus for the largest first; a second one
    /// after a comma orders what the first finds equal. `-created_at` when not said.
    pub(crate) sort: Option<SortWords>,
    /// With what besides: `owner` (the name), `sale` (in short).
    pub(crate) include: Option<List<LeadInclude>>,
    /// Only these fields of each lead, and its id.
    pub(crate) fields: Option<List<FieldName>>,
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 4096))]
    pub(crate) cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<u16>,
}

/// Whose leads, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct OwnerWord(pub(crate) OwnerFilter);

impl TryFrom<String> for OwnerWord {
    type Error = &'static str;
    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "me" => Ok(Self(OwnerFilter::Me)),
            "nobody" => Ok(Self(OwnerFilter::Nobody)),
            id => {
                let member = id.parse::<MemberId>();
                let member = member.map_err(|_| "expected me, nobody or a member's id")?;
                Ok(Self(OwnerFilter::Member(member)))
            }
        }
    }
}

impl JsonSchema for OwnerWord {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "OwnerWord".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// `-ai_score,created_at`: one or two keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SortWords(pub(crate) Vec<LeadSort>);

impl TryFrom<String> for SortWords {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let words = text.split(',').map(str::trim);
        let sorts: Option<Vec<LeadSort>> = words.map(sort_of).collect();
        match sorts {
            Some(sorts) if (1..=2).contains(&sorts.len()) => Ok(Self(sorts)),
            Some(_) | None => {
                Err("expected one or two of created_at, updated_at and ai_score, each with or \
                     without a minus")
            }
        }
    }
}

fn sort_of(word: &str) -> Option<LeadSort> {
    let (name, direction) = match word.strip_prefix('-') {
        Some(name) => (name, SortDirection::Descending),
        None => (word, SortDirection::Ascending),
    };
    let by = match name {
        "created_at" => SortKey::CreatedAt,
        "updated_at" => SortKey::UpdatedAt,
        "ai_score" => SortKey::AiScore,
        _ => return None,
    };
    Some(LeadSort { by, direction })
}

impl JsonSchema for SortWords {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SortWords".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let key = "-?(created_at|updated_at|ai_score)";
        schemars::json_schema!({ "type": "string", "pattern": format!("^{key}(,{key})?$") })
    }
}

macro_rules! fields {
    ($($word:ident)+) => {
        /// A field of a lead in a list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[expect(non_camel_case_types, reason = "the words are those of the wire")]
        pub(crate) enum FieldName { $(#[doc = "That one."] $word),+ }

        impl FieldName {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$word => stringify!($word)),+ }
            }
        }
    };
}

fields! {
    id version stage source business_domain owner owner_name contact tags message_count ai_score
    tier ai_recommendation ai_stale created_at updated_at erased sale
}

impl LeadListParams {
    /// The question that this is, and the fields that are wanted.
    pub(crate) fn question(self) -> Result<(ListLeads, Option<Vec<FieldName>>), Problem> {
        let filter = LeadFilter {
            stages: set(self.stage),
            sources: set(self.source),
            business_domains: set(self.domain),
            tiers: set(self.tier),
            owner: self.owner.map(|word| word.0),
            tag: self.tag,
            min_score: self.min_score,
            max_score: self.max_score,
            created_from: self.created_from,
            created_to: self.created_to,
            stale: self.stale,
            q: self.q,
        };
        let sorts = self.sort.map(|words| words.0).unwrap_or_default();
        let sort = sorts.first().copied().unwrap_or_default();
        let then = sorts.get(1).copied();
        let include = set(self.include);
        let (cursor, limit) = (self.cursor, self.limit);
        let asked = ListLeads { filter, sort, then, include, cursor, limit };
        Ok((asked, self.fields.map(|list| list.0)))
    }
}

fn set<T: Ord>(list: Option<List<T>>) -> std::collections::BTreeSet<T> {
    list.map(|list| list.0.into_iter().collect()).unwrap_or_default()
}

/// A lead in a list, whole or with the fields that were asked for.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ListedLead(LeadListItem);

impl JsonSchema for ListedLead {
    fn schema_name() -> Cow<'static, str> {
        "ListedLead".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = LeadListItem::json_schema(generator);
        // `fields` may leave out everything else.
        schema.insert("required".to_owned(), serde_json::json!(["id"]));
        schema
    }
}

/// At which moment a lead is looked at.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LeadParams {
    /// As we knew it at this time.
    pub(crate) as_of: Option<DateTime<Utc>>,
    /// As it was at this version.
    pub(crate) version: Option<u64>,
    /// Let `as_of` mean when things happened rather than when we learned of them.
    pub(crate) effective: bool,
    /// With what besides: `owner` (the name), `sale` (in short, as it is now).
    pub(crate) include: Option<List<LeadInclude>>,
}

impl LeadParams {
    pub(crate) fn question_about(self, lead_id: LeadId) -> GetLead {
        let Self { as_of, version, effective, include } = self;
        GetLead { lead_id, as_of, version, effective, include: set(include) }
    }
}

/// A page of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PageParams {
    /// The `next_cursor` of the page before.
    #[schemars(length(max = 4096))]
    pub(crate) cursor: Option<Cursor>,
    /// How many, 1 to 200; 50 when not said.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<u16>,
}

impl PageParams {
    pub(crate) fn history_of(self, lead_id: LeadId) -> LeadHistory {
        LeadHistory { lead_id, cursor: self.cursor, limit: self.limit }
    }
}
