//! The numbers: of the workspace, or of an Agent's own leads.

use super::Tag;
use crate::desk::Desk;
use crate::wire::{Found, Problem, Reader};
use ael_events::query::{
    AgentStats, CurrencyAmount, DomainStats, FunnelStats, MonthStats, Overview, Query, SourceStats,
    StageAging, Statistics,
};
use ael_events::values::Tier;
use poem_openapi::OpenApi;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Telling numbers.
#[derive(Debug)]
pub(crate) struct StatisticsApi(pub(crate) Desk);

/// The whole at a glance.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OverviewStats {
    /// The sums.
    #[serde(flatten)]
    overview: Overview,
    /// The last twelve months that had anything.
    months: Vec<MonthStats>,
}

/// By where leads came from and by line of business.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SourcesStats {
    /// By source.
    sources: Vec<SourceStats>,
    /// By line of business.
    domains: Vec<DomainStats>,
}

/// By member.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgentsStats {
    /// One for each member who has leads.
    agents: Vec<AgentStats>,
}

/// What was paid and what is expected, a currency each.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RevenueStats {
    /// Sums never mix currencies.
    revenue: Vec<CurrencyAmount>,
}

/// What waits for too long.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AgingStats {
    /// By stage that has a deadline.
    stages: Vec<StageAging>,
}

/// What the advisor thinks of the leads.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AiStats {
    /// Leads in each tier; those without a score are in none.
    tiers: BTreeMap<Tier, u64>,
    /// Leads that have a score.
    scored: u64,
    /// All leads.
    leads: u64,
    /// What the advisor did and what that cost.
    #[serde(flatten)]
    ai: ael_events::query::AiStats,
}

impl StatisticsApi {
    async fn all(&self, reader: &Reader) -> Result<Statistics, Problem> {
        self.0.look_up(reader, Query::Statistics {}).await
    }
}

#[OpenApi(prefix_path = "/stats", tag = "Tag::Statistics")]
impl StatisticsApi {
    /// The whole at a glance
    #[oai(path = "/overview", method = "get", operation_id = "stats_overview")]
    async fn overview(&self, reader: Reader) -> Result<Found<OverviewStats>, Problem> {
        let Statistics { overview, months, .. } = self.all(&reader).await?;
        Found::of(&OverviewStats { overview, months })
    }

    /// Leads and sales by stage
    #[oai(path = "/funnel", method = "get", operation_id = "stats_funnel")]
    async fn funnel(&self, reader: Reader) -> Result<Found<FunnelStats>, Problem> {
        Found::of(&self.all(&reader).await?.funnel)
    }

    /// By source and by line of business
    #[oai(path = "/sources", method = "get", operation_id = "stats_sources")]
    async fn sources(&self, reader: Reader) -> Result<Found<SourcesStats>, Problem> {
        let Statistics { sources, domains, .. } = self.all(&reader).await?;
        Found::of(&SourcesStats { sources, domains })
    }

    /// By member
    #[oai(path = "/agents", method = "get", operation_id = "stats_agents")]
    async fn agents(&self, reader: Reader) -> Result<Found<AgentsStats>, Problem> {
        let agents = self.all(&reader).await?.agents;
        Found::of(&AgentsStats { agents })
    }

    /// What was paid and what is expected
    ///
    /// Expected: three tenths of what is in `kyc` and six tenths of what is in `agreement`.
    #[oai(path = "/revenue", method = "get", operation_id = "stats_revenue")]
    async fn revenue(&self, reader: Reader) -> Result<Found<RevenueStats>, Problem> {
        let revenue = self.all(&reader).await?.overview.revenue;
        Found::of(&RevenueStats { revenue })
    }

    /// What waits for too long
    #[oai(path = "/aging", method = "get", operation_id = "stats_aging")]
    async fn aging(&self, reader: Reader) -> Result<Found<AgingStats>, Problem> {
        let stages = self.all(&reader).await?.aging;
        Found::of(&AgingStats { stages })
    }

    /// What the advisor thinks of the leads, and what it costs
    ///
    /// For an Agent: of their own leads.
    #[oai(path = "/ai", method = "get", operation_id = "stats_ai")]
    async fn ai(&self, reader: Reader) -> Result<Found<AiStats>, Problem> {
        let Statistics { overview, funnel, ai, .. } = self.all(&reader).await?;
        let scored = funnel.tiers.values().sum();
        Found::of(&AiStats { tiers: funnel.tiers, scored, leads: overview.leads, ai })
    }
}
