//! How leads of the workspace ended, by what a model outside may be told of them.
//!
//! A model asks about a lead that is still being worked, so nothing may tell the end: a lead that
//! is new today is compared with all that were ever new, not with those that never came further.
//! Whatever grows while a lead is worked (stage, messages, age) counts for every step up to where
//! it came. Leads that were imported with their end never were on the way: of those, only where
//! they came from says something.

use crate::refusal::Answered;
use crate::view::View;
use ael_events::query::{Pattern, WinRate};
use ael_events::values::{AgeBand, MessageBand, Source, Stage};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};

/// Of how many leads, those that ended last, it is told how they did.
const NEWEST: i32 = 20_000;

/// Leads that are alike and ended alike.
#[derive(Debug, Clone, FromRow)]
struct Ended {
    source: String,
    reached: String,
    has_domain: bool,
    messages: i32,
    age: i32,
    came_ended: bool,
    won: bool,
    leads: i64,
}

/// How the leads that ended last did, by each trait.
///
/// # Errors
/// When the read models cannot be asked.
pub(super) async fn win_rates(view: &mut View) -> Answered<Vec<WinRate>> {
    Ok(summed(&ended(view, NEWEST).await?))
}

async fn ended(view: &mut View, newest: i32) -> Answered<Vec<Ended>> {
    let rows = sqlx::query_as(
        "SELECT l.source, l.reached, l.business_domain IS NOT NULL AS has_domain, \
            least(l.message_count, 10)::int AS messages, \
            floor(least(greatest(extract(epoch FROM l.stage_since - l.created_at) / 86400, 0), \
                90))::int AS age, \
            EXISTS (SELECT FROM read.timeline t WHERE t.workspace = $1 AND t.subject = e.id \
                AND t.event_name = 'lead.imported' AND t.data ? 'outcome') AS came_ended, \
            e.won, count(*) AS leads \
         FROM (SELECT id, won FROM ( \
                (SELECT id, false AS won, stage_since AS ended_at FROM read.lead_board \
                 WHERE workspace = $1 AND stage = 'lost' AND NOT erased \
                 ORDER BY stage_since DESC LIMIT $2) \
                UNION ALL \
                (SELECT lead_id, stage = 'paid', coalesce(paid_at, updated_at) AS ended_at \
                 FROM read.sales \
                 WHERE workspace = $1 AND stage IN ('paid', 'lost') AND NOT erased \
                 ORDER BY ended_at DESC LIMIT $2) \
            ) AS either ORDER BY ended_at DESC LIMIT $2) AS e \
         JOIN read.lead_board l ON l.workspace = $1 AND l.id = e.id AND NOT l.erased \
         GROUP BY 1, 2, 3, 4, 5, 6, 7",
    )
    .bind(view.workspace.uuid())
    .bind(newest)
    .fetch_all(&mut *view.tx)
    .await?;
    Ok(rows)
}

/// Sums for each trait, in a fixed order.
fn summed(ended: &[Ended]) -> Vec<WinRate> {
    let mut sums: BTreeMap<Pattern, (u64, u64)> = BTreeMap::new();
    for group in ended {
        let leads = group.leads.max(0).unsigned_abs();
        for pattern in patterns(group) {
            let (ended, won) = sums.entry(pattern).or_default();
            *ended += leads;
            *won += if group.won { leads } else { 0 };
        }
    }
    sums.into_iter().map(|(of, (ended, won))| WinRate { of, ended, won }).collect()
}

/// Every trait of such a lead, each once.
fn patterns(group: &Ended) -> BTreeSet<Pattern> {
    let source = group.source.parse::<Source>().ok().map(Pattern::Source);
    let mut patterns: BTreeSet<Pattern> = [Pattern::Any].into_iter().chain(source).collect();
    if group.came_ended {
        return patterns;
    }
    patterns.insert(Pattern::HasDomain(group.has_domain));
    patterns.extend(up_to(&group.reached).iter().copied().map(Pattern::Stage));
    let up_to = |most: i32| 0..=most.max(0).unsigned_abs();
    patterns.extend(up_to(group.messages).map(MessageBand::of).map(Pattern::Messages));
    patterns.extend(up_to(group.age).map(AgeBand::of).map(Pattern::Age));
    patterns
}

/// The stages that a lead went through that came so far.
fn up_to(reached: &str) -> &'static [Stage] {
    match reached.parse::<Stage>() {
        Ok(Stage::Qualified | Stage::Transferred) => {
            &[Stage::New, Stage::Contacted, Stage::Qualified]
        }
        Ok(Stage::Contacted) => &[Stage::New, Stage::Contacted],
        Ok(Stage::New | Stage::Lost) => &[Stage::New],
        Err(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(source: &str, reached: Stage, won: bool, leads: i64) -> Ended {
        let (source, reached) = (source.to_owned(), reached.as_str().to_owned());
        let (has_domain, came_ended) = (true, false);
        Ended { source, reached, has_domain, messages: 3, age: 5, came_ended, won, leads }
    }

    fn rate(groups: &[Ended], of: Pattern) -> Option<(u64, u64)> {
        let rates = summed(groups);
        rates.iter().find(|rate| rate.of == of).map(|rate| (rate.ended, rate.won))
    }

    #[test]
    fn every_trait_is_counted_by_itself() {
        let both = [
            group("partner", Stage::Qualified, true, 3),
            group("scanner", Stage::Qualified, false, 1),
        ];
        assert_eq!(rate(&both, Pattern::Any), Some((4, 3)));
        assert_eq!(rate(&both, Pattern::Source(Source::Partner)), Some((3, 3)));
        assert_eq!(rate(&both, Pattern::Source(Source::Scanner)), Some((1, 0)));
        assert_eq!(rate(&both, Pattern::HasDomain(true)), Some((4, 3)));
        assert_eq!(rate(&both, Pattern::HasDomain(false)), None);
    }

    #[test]
    fn a_stage_is_compared_with_all_leads_that_came_to_it_not_with_those_that_stayed_there() {
        let ended = [
            group("partner", Stage::New, false, 10),
            group("partner", Stage::Contacted, false, 5),
            group("partner", Stage::Qualified, true, 10),
        ];
        assert_eq!(rate(&ended[..1], Pattern::Stage(Stage::Contacted)), None);
        let without = [ended[0].clone(), ended[2].clone()];
        assert_eq!(rate(&without, Pattern::Stage(Stage::New)), Some((20, 10)), "50 %");
        assert_eq!(rate(&ended, Pattern::Stage(Stage::New)), Some((25, 10)));
        assert_eq!(rate(&ended, Pattern::Stage(Stage::Contacted)), Some((15, 10)));
        assert_eq!(rate(&ended, Pattern::Stage(Stage::Qualified)), Some((10, 10)));
    }

    #[test]
    fn messages_and_age_count_for_every_step_up_to_where_a_lead_came() {
        let silent = Ended { messages: 0, age: 0, ..group("partner", Stage::New, false, 10) };
        let lively = Ended { messages: 10, age: 90, ..group("partner", Stage::New, true, 10) };
        let ended = [silent, lively];
        let messages = |band| rate(&ended, Pattern::Messages(band));
        assert_eq!(messages(MessageBand::None), Some((20, 10)));
        assert_eq!(messages(MessageBand::Few), Some((10, 10)), "each lead once");
        assert_eq!(messages(MessageBand::Many), Some((10, 10)));
        assert_eq!(rate(&ended, Pattern::Age(AgeBand::Today)), Some((20, 10)));
        assert_eq!(rate(&ended, Pattern::Age(AgeBand::Fortnight)), Some((10, 10)));
        assert_eq!(rate(&ended, Pattern::Age(AgeBand::Older)), Some((10, 10)));
    }

    #[test]
    fn a_lead_that_was_imported_with_its_end_tells_only_of_its_source() {
        let imported = Ended { came_ended: true, ..group("partner", Stage::Qualified, true, 7) };
        let told: Vec<Pattern> = summed(&[imported]).iter().map(|rate| rate.of).collect();
        assert_eq!(told, [Pattern::Any, Pattern::Source(Source::Partner)]);
    }
}
