//! A service's place on the bus: entered by its settings, and told of in its readiness.

use crate::{Bus, BusConfig, LinkState};
use ael_service::Health;
use tokio::task::JoinHandle;

impl From<ael_service::BusConfig> for BusConfig {
    /// As the environment says, with ten seconds of patience.
    fn from(settings: ael_service::BusConfig) -> Self {
        let ael_service::BusConfig { url, user, password, ca_file, allow_plaintext } = settings;
        Self { ca_file, allow_plaintext, ..Self::new(url, user, password) }
    }
}

impl Bus {
    /// Keeps the condition `bus` of the process's readiness true to the connection, until it is
    /// closed by [`Bus::drain`].
    pub fn tell(&self, health: Health) -> JoinHandle<()> {
        let mut link = self.watch_link();
        tokio::spawn(async move {
            loop {
                let state = link.borrow_and_update().state;
                health.set("bus", state == LinkState::Up);
                if state == LinkState::Closed || link.changed().await.is_err() {
                    return;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_environment_reaches_the_connection() {
        let settings = ael_service::BusConfig {
            url: "tls://bus.example.org:4222".into(),
            user: "queries".into(),
            password: "secret".into(),
            ca_file: Some("/etc/ca.pem".into()),
            allow_plaintext: true,
        };
        let config = BusConfig::from(settings);
        assert_eq!((config.user.as_str(), config.name.as_str()), ("queries", "queries"));
        assert_eq!(config.ca_file, Some("/etc/ca.pem".into()));
        assert!(config.allow_plaintext);
    }
}
