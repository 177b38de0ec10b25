//! `ael run`: one service as one process, told by its environment where everything is.

use ael_events::subjects::Edge;
use ael_service::{Env, shutdown, telemetry};
use ael_store::DbRole;

/// A service of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Service {
    /// The only writer: decides commands and appends events
    Commands,
    /// Brings committed events into the stream
    Relay,
    /// Builds the read models
    Projections,
    /// Answers questions from the read models
    Queries,
    /// Process managers: opens the sale of a transferred lead
    Jobs,
    /// The advisor: scores leads when it is asked to, and answers questions (the assistant)
    Scoring,
    /// The HTTP interface
    Api,
    /// The Telegram bot; off without TELEGRAM_BOT_TOKEN
    Bot,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 8] = [
        Self::Commands,
        Self::Relay,
        Self::Projections,
        Self::Queries,
        Self::Jobs,
        Self::Scoring,
        Self::Api,
        Self::Bot,
    ];

    /// Its name on the command line, in logs and on the bus.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Relay => "relay",
            Self::Projections => "projections",
            Self::Queries => "queries",
            Self::Jobs => "jobs",
            Self::Scoring => "scoring",
            Self::Api => "api",
            Self::Bot => "bot",
        }
    }

    /// As whom it enters the bus.
    pub const fn bus_user(self) -> &'static str {
        self.name()
    }

    /// As whom it enters the bus a second time, to answer, and the variable of that password: who
    /// consumes may not answer as well.
    pub const fn answering_user(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Projections => Some((ael_events::subjects::AUDITOR, "NATS_AUDIT_PASSWORD")),
            Self::Scoring => Some((Edge::Assistant.token(), "NATS_ASSISTANT_PASSWORD")),
            Self::Commands | Self::Relay | Self::Queries | Self::Jobs | Self::Api | Self::Bot => {
                None
            }
        }
    }

    /// As whom it enters the database, if it may at all.
    pub const fn role(self) -> Option<DbRole> {
        match self {
            Self::Commands => Some(DbRole::Commands),
            Self::Relay => Some(DbRole::Relay),
            Self::Projections => Some(DbRole::Projections),
            Self::Queries => Some(DbRole::Queries),
            Self::Jobs | Self::Scoring | Self::Api | Self::Bot => None,
        }
    }

    /// Whether it needs the master key.
    pub const fn opens_sealed_data(self) -> bool {
        match self {
            Self::Commands | Self::Projections => true,
            Self::Relay | Self::Queries | Self::Jobs | Self::Scoring | Self::Api | Self::Bot => {
                false
            }
        }
    }

    /// Whether it asks models outside, and so needs their keys.
    pub const fn asks_outside(self) -> bool {
        match self {
            Self::Scoring => true,
            Self::Commands
            | Self::Relay
            | Self::Projections
            | Self::Queries
            | Self::Jobs
            | Self::Api
            | Self::Bot => false,
        }
    }

    /// Whether it speaks to Telegram, and so needs the bot's token and the key of the bus.
    pub const fn speaks_to_telegram(self) -> bool {
        match self {
            Self::Bot => true,
            Self::Commands
            | Self::Relay
            | Self::Projections
            | Self::Queries
            | Self::Jobs
            | Self::Scoring
            | Self::Api => false,
        }
    }

    /// Runs it until it is told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        let env = Env::of_process();
        telemetry::init(self.name(), &env)?;
        let stop = shutdown::signal()?;
        match self {
            Self::Commands => ael_commands::run(ael_commands::Config::read(&env)?, stop).await?,
            Self::Relay => ael_relay::run(ael_relay::Config::read(&env)?, stop).await?,
            Self::Projections => {
                let config = ael_projections::Config::read(&env)?;
                ael_projections::run(config, super::audit::domains_opinion(), stop).await?;
            }
            Self::Queries => {
                ael_queries::run(ael_queries::QueriesConfig::read(&env)?, stop).await?
            }
            Self::Jobs => ael_jobs::run(ael_jobs::Config::read(&env)?, stop).await?,
            Self::Scoring => {
                Box::pin(ael_scoring::run(ael_scoring::Config::read(&env)?, stop)).await?;
            }
            Self::Api => ael_api::run(ael_api::Config::read(&env)?, stop).await?,
            Self::Bot => Box::pin(ael_bot::run(ael_bot::Config::read(&env)?, stop)).await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_four_services_of_the_design_enter_the_database() {
        let roles: Vec<_> = Service::ALL.iter().filter_map(|service| service.role()).collect();
        assert_eq!(roles, [DbRole::Commands, DbRole::Relay, DbRole::Projections, DbRole::Queries]);
        assert!(!Service::Jobs.opens_sealed_data() && !Service::Queries.opens_sealed_data());
    }
}
