//! One file per kind of question; here each question finds its answer.

mod access;
mod advisor;
mod changes;
mod events;
mod feed;
mod history;
mod house;
mod lanes;
mod lead;
mod lead_list;
mod lead_order;
mod lead_sql;
mod learning;
mod life;
mod people;
mod rows;
mod sales;
mod statistics;
mod win_rates;

pub use events::explain as explain_events;
pub use lead_list::explain as explain_leads;

use crate::asker::{Asker, Colleague, Sight};
use crate::refusal::{Answered, Unanswered, not_allowed};
use crate::view::{Plan, View};
use ael_events::answer::QueryAnswer;
use ael_events::query::{LeadFilter, LeadInclude, ListSales, Query};
use bytes::Bytes;
use serde::Serialize;

const LEAD_BOARD: &str = "lead_board";
const LEAD_CARD: &str = "lead_card";
const TIMELINE: &str = "timeline";
const SALE_BOARD: &str = "sale_board";
const MEMBERS: &str = "members";
const ACCESS: &str = "access";
const STATS: &str = "stats";
const ADVISOR: &str = "advisor";

/// The read models that a question looks at: all of them have to have taken a write that is to be
/// seen in its answer.
#[must_use]
pub fn read_by(query: &Query) -> &'static [&'static str] {
    match query {
        Query::ListLeads(asked) if asked.include.contains(&LeadInclude::Sale) => {
            &[LEAD_BOARD, MEMBERS, SALE_BOARD]
        }
        Query::ListLeads(_) => &[LEAD_BOARD, MEMBERS],
        Query::GetLead(asked) if !asked.include.is_empty() => {
            &[LEAD_CARD, TIMELINE, MEMBERS, SALE_BOARD]
        }
        Query::GetLead(asked) if asked.as_of.is_none() && asked.version.is_none() => {
            &[LEAD_CARD, MEMBERS]
        }
        Query::GetLead(_) => &[LEAD_CARD, TIMELINE, MEMBERS],
        Query::LeadHistory(_) => &[LEAD_CARD, TIMELINE, MEMBERS],
        Query::ListSales(_) | Query::GetSale(_) => &[SALE_BOARD],
        Query::Statistics {} => &[STATS, LEAD_BOARD, ADVISOR, MEMBERS],
        Query::LeadFeatures { .. } => &[LEAD_CARD, TIMELINE, MEMBERS, ADVISOR],
        Query::TrainingExamples(_) => &[TIMELINE],
        Query::ListModels {} | Query::GetModel(_) => &[ADVISOR],
        Query::TrainingStates {} => &[TIMELINE, MEMBERS, ADVISOR],
        Query::AdvisorContext {} => &[LEAD_BOARD, SALE_BOARD, STATS, TIMELINE, MEMBERS, ADVISOR],
        Query::StaleAnalyses {} => &[LEAD_BOARD, MEMBERS],
        Query::ListTokens(_) | Query::ListInvitations(_) => &[ACCESS],
        Query::ListEvents(_) => &[TIMELINE, MEMBERS],
        Query::ListChanges(_) => &[TIMELINE, LEAD_CARD, SALE_BOARD],
        Query::ListMembers {}
        | Query::Me {}
        | Query::GetWorkspace {}
        | Query::ListWorkspaces {}
        | Query::FindMember { .. }
        | Query::FindAccount { .. } => &[MEMBERS],
        Query::ListDead {} | Query::ListProjections {} => &[],
    }
}

/// Whether the question asks for leads with their sales.
#[must_use]
pub fn shows_sales(query: &Query) -> bool {
    if let Query::ListLeads(asked) = query {
        asked.include.contains(&LeadInclude::Sale)
    } else if let Query::GetLead(asked) = query {
        asked.include.contains(&LeadInclude::Sale)
    } else {
        false
    }
}

/// How the question's statements are planned: a list by the values of its filter or by whose leads
/// it shows, so that what is rare is found by its own index; whatever else looks alike each time.
#[must_use]
pub fn planned(query: &Query, asker: Asker) -> Plan {
    let sees_all = match asker {
        Asker::Colleague(colleague) => colleague.sight() == Sight::All,
        Asker::House => true,
    };
    match query {
        Query::ListLeads(_) | Query::ListSales(_) | Query::Statistics {} if !sees_all => Plan::Anew,
        Query::ListLeads(asked) if asked.then.is_some() => Plan::Anew,
        Query::ListLeads(asked) if asked.filter != LeadFilter::default() => Plan::Anew,
        Query::ListSales(ListSales { stages, owner, leads, .. })
            if !stages.is_empty() || owner.is_some() || !leads.is_empty() =>
        {
            Plan::Anew
        }
        Query::Statistics {}
        | Query::ListEvents(_)
        | Query::ListChanges(_)
        | Query::TrainingExamples(_) => Plan::Anew,
        Query::ListLeads(_)
        | Query::GetLead(_)
        | Query::LeadHistory(_)
        | Query::ListSales(_)
        | Query::GetSale(_)
        | Query::ListMembers {}
        | Query::ListTokens(_)
        | Query::ListInvitations(_)
        | Query::Me {}
        | Query::GetWorkspace {}
        | Query::LeadFeatures { .. }
        | Query::ListModels {}
        | Query::GetModel(_)
        | Query::TrainingStates {}
        | Query::AdvisorContext {}
        | Query::StaleAnalyses {}
        | Query::ListDead {}
        | Query::ListProjections {}
        | Query::ListWorkspaces {}
        | Query::FindMember { .. }
        | Query::FindAccount { .. } => Plan::Kept,
    }
}

/// Looks up the answer and writes it as it travels.
///
/// # Errors
/// When the question is refused or cannot be answered now.
pub async fn answer(view: &mut View, asker: Asker, query: &Query) -> Answered<Bytes> {
    match asker {
        Asker::Colleague(colleague) => to_colleague(view, colleague, query).await,
        Asker::House => to_house(view, query).await,
    }
}

async fn to_colleague(view: &mut View, asker: Colleague, query: &Query) -> Answered<Bytes> {
    match query {
        Query::ListLeads(asked) => found(lead_list::answer(view, asker, asked).await?),
        Query::GetLead(asked) => found(lead::answer(view, asker, asked).await?),
        Query::LeadHistory(asked) => found(history::answer(view, asker, asked).await?),
        Query::ListSales(asked) => found(sales::list(view, asker, asked).await?),
        Query::GetSale(asked) => found(sales::one(view, asker, asked).await?),
        Query::Statistics {} => found(statistics::answer(view, asker).await?),
        Query::ListMembers {} => found(people::list(view, |member| asker.may_reach(member)).await?),
        Query::ListTokens(asked) => found(access::tokens(view, asker, asked).await?),
        Query::ListInvitations(asked) => found(access::invitations(view, asker, asked).await?),
        Query::ListEvents(asked) => found(events::answer(view, asker, asked).await?),
        Query::ListChanges(asked) => found(feed::answer(view, asker, asked).await?),
        Query::Me {} => found(people::me(view, asker).await?),
        Query::GetWorkspace {} => found(people::workspace(view).await?),
        Query::TrainingExamples(asked) => found(learning::examples(view, asked).await?),
        Query::ListModels {} => found(learning::models(view).await?),
        Query::GetModel(asked) => found(learning::model(view, asked).await?),
        Query::ListDead {} => found(house::dead(view).await?),
        Query::LeadFeatures { .. }
        | Query::TrainingStates {}
        | Query::AdvisorContext {}
        | Query::StaleAnalyses {}
        | Query::ListProjections {}
        | Query::ListWorkspaces {}
        | Query::FindMember { .. }
        | Query::FindAccount { .. } => Err(not_allowed(query, "the house itself").into()),
    }
}

async fn to_house(view: &mut View, query: &Query) -> Answered<Bytes> {
    match query {
        Query::TrainingExamples(asked) => found(learning::examples(view, asked).await?),
        Query::ListModels {} => found(learning::models(view).await?),
        Query::GetModel(asked) => found(learning::model(view, asked).await?),
        Query::TrainingStates {} => found(learning::states(view).await?),
        Query::LeadFeatures { lead_id } => found(advisor::features(view, *lead_id).await?),
        Query::AdvisorContext {} => found(advisor::context(view).await?),
        Query::StaleAnalyses {} => found(advisor::stale(view).await?),
        Query::ListDead {} => found(house::dead(view).await?),
        Query::ListProjections {} => found(house::projections(view).await?),
        Query::ListWorkspaces {} => found(house::workspaces(view).await?),
        Query::FindMember { text } => found(people::find(view, text).await?),
        Query::FindAccount { user_id } => found(house::memberships(view, *user_id).await?),
        Query::ListMembers {} => found(people::list(view, |_| true).await?),
        Query::ListLeads(_)
        | Query::GetLead(_)
        | Query::LeadHistory(_)
        | Query::ListSales(_)
        | Query::GetSale(_)
        | Query::Statistics {}
        | Query::ListTokens(_)
        | Query::ListInvitations(_)
        | Query::ListEvents(_)
        | Query::ListChanges(_)
        | Query::Me {}
        | Query::GetWorkspace {} => Err(not_allowed(query, "members of the workspace").into()),
    }
}

fn found<T: Serialize>(value: T) -> Answered<Bytes> {
    let json = serde_json::to_vec(&QueryAnswer::Found { value });
    let json = json.map_err(Unanswered::unreadable::<serde_json::Error>("an answer"))?;
    Ok(Bytes::from(json))
}
