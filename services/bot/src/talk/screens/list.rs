//! Lists of leads, a page at a time, each row a button to its card.

use super::card::sign;
use crate::out::Button;
use crate::talk::dialogue::Listed;
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::scene::{Scene, button};
use crate::talk::tap::{Filter, Tap};
use crate::talk::words::Put;
use ael_events::query::{
    LeadFilter, LeadListItem, LeadPage, LeadSort, ListLeads, OwnerFilter, Query, SortDirection,
    SortKey,
};
use ael_events::values::{DomainSlug, Source, Stage, Tier};

/// How many leads are counted; of more it is only said that there are.
const COUNTED: u16 = 200;
/// How many pages can be turned: whoever is further away is found by a search or a filter.
const PAGES: usize = 100;
/// How many business domains have buttons.
const DOMAINS: usize = 12;

/// The filters.
pub(crate) async fn filters(scene: &mut Scene<'_>) -> Done<()> {
    let domains = scene.settings().await?.settings.business_domains.as_slice().to_vec();
    let list = |filter| Tap::List { filter, page: 0 };
    let mut rows = vec![
        vec![
            scene.button("filter-mine", list(Filter::Mine)),
            scene.button("filter-all", list(Filter::All)),
        ],
        vec![
            scene.button("filter-unowned", list(Filter::Unowned)),
            scene.button("filter-stale", list(Filter::Stale)),
        ],
    ];
    let stage = |stage: &Stage| {
        let text = format!("{} {}", sign(*stage), scene.term("stage", stage.as_str()));
        button(text, list(Filter::Stage(*stage)))
    };
    rows.extend(Stage::ALL.chunks(3).map(|row| row.iter().map(stage).collect()));
    let tier = |tier: &Tier| button(scene.term("tier", tier.as_str()), list(Filter::Tier(*tier)));
    rows.push(Tier::ALL.iter().map(tier).collect());
    let source = |source: &Source| {
        button(scene.term("source", source.as_str()), list(Filter::Source(*source)))
    };
    rows.push(Source::ALL.iter().map(source).collect());
    let domains: Vec<Button> = domains
        .iter()
        .take(DOMAINS)
        .zip(0..)
        .map(|(domain, index)| {
            button(format!("🏢 {}", html::label(domain.as_str(), 20)), list(Filter::Domain(index)))
        })
        .collect();
    rows.extend(domains.chunks(3).map(<[Button]>::to_vec));
    let text = scene.voice.say("filters");
    scene.show(text, rows);
    Ok(())
}

/// A page of leads.
pub(crate) async fn show(scene: &mut Scene<'_>, filter: Filter, page: u16) -> Done<()> {
    let rows = scene.dialogue.rows;
    let known = scene.dialogue.list.take();
    let mut listed = match known {
        Some(known) if known.filter == filter && known.rows == rows && page > 0 => known,
        // A page of a list that is forgotten is its first.
        Some(_) | None => Listed { filter, rows, starts: Vec::new(), count: 0, more: false },
    };
    let page = usize::from(page).min(listed.starts.len());
    let cursor = page.checked_sub(1).and_then(|before| listed.starts.get(before).cloned());
    let asked = query(scene, filter).await?;
    let limit = Some(u16::from(rows));
    let found: LeadPage =
        scene.ask(Query::ListLeads(ListLeads { cursor, limit, ..asked.clone() })).await?;
    if let Some(next) = &found.next_cursor
        && listed.starts.len() == page
        && page < PAGES
    {
        listed.starts.push(next.clone());
    }
    if page == 0 {
        (listed.count, listed.more) = count(scene, asked, &found).await?;
    }
    let title = title(scene, filter).await?;
    let (text, buttons) = screen(scene, &title, &listed, &found, page);
    scene.dialogue.list = Some(listed);
    scene.show(text, buttons);
    Ok(())
}

/// How many there are, as far as it is worth to know.
async fn count(scene: &Scene<'_>, asked: ListLeads, first: &LeadPage) -> Done<(usize, bool)> {
    if first.next_cursor.is_none() {
        return Ok((first.items.len(), false));
    }
    let all = ListLeads { limit: Some(COUNTED), ..asked };
    let all: LeadPage = scene.ask(Query::ListLeads(all)).await?;
    Ok((all.items.len(), all.next_cursor.is_some()))
}

fn screen(
    scene: &Scene<'_>,
    title: &str,
    listed: &Listed,
    found: &LeadPage,
    page: usize,
) -> (String, Vec<Vec<Button>>) {
    let filters = scene.button("filters-button", Tap::Filters);
    if found.items.is_empty() && page == 0 {
        let text = scene.voice.html("list-empty", [("title", Put::from(title))]);
        let new = scene.button("menu-new", Tap::Quick(super::menu::NEW_LEAD));
        return (text, vec![vec![filters, new]]);
    }
    let more = if listed.more { "+" } else { "" };
    let count = format!("{}{more}", listed.count);
    let text = scene.voice.html("list", [("title", Put::from(title)), ("count", count.into())]);
    let mut rows: Vec<Vec<Button>> =
        found.items.iter().map(|lead| vec![row(scene, lead)]).collect();
    let pages = listed.count.div_ceil(usize::from(listed.rows).max(1)).max(page + 1);
    let turn = |text: &str, to: Option<usize>| {
        let to = to.and_then(|to| u16::try_from(to).ok());
        let tap = to.map_or(Tap::Nothing, |page| Tap::List { filter: listed.filter, page });
        button(text.to_owned(), tap)
    };
    if pages > 1 {
        let next = (found.next_cursor.is_some() && page < PAGES).then_some(page + 1);
        rows.push(vec![
            turn(if page > 0 { "‹" } else { "·" }, page.checked_sub(1)),
            turn(&format!("{}/{pages}{more}", page + 1), None),
            turn(if next.is_some() { "›" } else { "·" }, next),
        ]);
    }
    rows.push(vec![filters]);
    (text, rows)
}

/// A lead as a row: its stage's sign, name, domain and score.
pub(crate) fn row(scene: &Scene<'_>, lead: &LeadListItem) -> Button {
    let mut text = format!("{} {}", sign(lead.stage), scene.short(&lead.contact, lead.erased));
    if let Some(domain) = &lead.business_domain {
        text += &format!(" · {}", html::label(domain.as_str(), 12));
    }
    if let Some(score) = lead.ai_score {
        let sign = if lead.ai_stale.is_some() { "⚠️" } else { "🤖" };
        text += &format!(" · {sign} {:.2}", score.value());
    }
    button(text, Tap::Lead(lead.id))
}

async fn domain(scene: &mut Scene<'_>, index: u8) -> Done<Option<DomainSlug>> {
    let domains = scene.settings().await?.settings.business_domains.as_slice();
    Ok(domains.get(usize::from(index)).cloned())
}

/// What a list is called.
async fn title(scene: &mut Scene<'_>, filter: Filter) -> Done<String> {
    Ok(match filter {
        Filter::All => scene.voice.say("filter-all"),
        Filter::Mine => scene.voice.say("filter-mine"),
        Filter::Unowned => scene.voice.say("filter-unowned"),
        Filter::Stale => scene.voice.say("filter-stale"),
        Filter::MyHot => scene.voice.say("filter-my-hot"),
        Filter::MyStale => scene.voice.say("filter-my-stale"),
        Filter::Search => {
            let words = scene.dialogue.search.clone().unwrap_or_default();
            scene.voice.plain("filter-search", [("words", html::label(&words, 40).into())])
        }
        Filter::Stage(stage) => format!("{} {}", sign(stage), scene.term("stage", stage.as_str())),
        Filter::Source(source) => scene.term("source", source.as_str()),
        Filter::Tier(tier) => scene.term("tier", tier.as_str()),
        Filter::Domain(index) => match domain(scene, index).await? {
            Some(domain) => format!("🏢 {}", domain.as_str()),
            None => scene.voice.say("filter-all"),
        },
    })
}

/// What a filter asks for.
async fn query(scene: &mut Scene<'_>, filter: Filter) -> Done<ListLeads> {
    let mut asked = ListLeads::default();
    let by_score = LeadSort { by: SortKey::AiScore, direction: SortDirection::Descending };
    let mut wanted = LeadFilter::default();
    match filter {
        Filter::All => {}
        Filter::Mine => wanted.owner = Some(OwnerFilter::Me),
        Filter::Unowned => wanted.owner = Some(OwnerFilter::Nobody),
        Filter::Stale => wanted.stale = Some(true),
        Filter::Stage(stage) => {
            wanted.stages.insert(stage);
        }
        Filter::Source(source) => {
            wanted.sources.insert(source);
        }
        Filter::Tier(tier) => {
            wanted.tiers.insert(tier);
            asked.sort = by_score;
        }
        Filter::Domain(index) => {
            wanted.business_domains.extend(domain(scene, index).await?);
        }
        Filter::Search => wanted.q.clone_from(&scene.dialogue.search),
        Filter::MyHot => {
            wanted.owner = Some(OwnerFilter::Me);
            wanted.tiers.insert(Tier::Hot);
            wanted.stages.extend([Stage::New, Stage::Contacted, Stage::Qualified]);
            asked.sort = by_score;
        }
        Filter::MyStale => {
            wanted.owner = Some(OwnerFilter::Me);
            wanted.stale = Some(true);
            wanted.stages.extend([Stage::New, Stage::Contacted, Stage::Qualified]);
        }
    }
    asked.filter = wanted;
    Ok(asked)
}
