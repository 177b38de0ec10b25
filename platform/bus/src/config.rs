//! Where the bus is, who we are there, and whether the way to it is safe.

use crate::BusError;
use async_nats::{ConnectOptions, ServerAddr};
use secrecy::{ExposeSecret, SecretString};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// How to reach the bus and as whom.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// `nats://host:port` or `tls://host:port`, several separated by commas.
    pub url: String,
    /// The NATS user: the service's own name in the topology.
    pub user: String,
    /// The password of that user.
    pub password: SecretString,
    /// What the server's monitoring shows as the name of this connection.
    pub name: String,
    /// PEM file of the authority that signed the server's certificate; without it, those of the
    /// system count.
    pub ca_file: Option<PathBuf>,
    /// Permits an unencrypted connection to another machine (for a private network that is safe).
    pub allow_plaintext: bool,
    /// How long [`Bus::connect`](crate::Bus::connect) waits for a server that is not there yet.
    pub patience: Duration,
}

impl BusConfig {
    /// A configuration with the usual choices: named as the user, encrypted unless the server is
    /// on this machine, ten seconds of patience.
    pub fn new(url: impl Into<String>, user: impl Into<String>, password: SecretString) -> Self {
        let user = user.into();
        Self {
            url: url.into(),
            name: user.clone(),
            user,
            password,
            ca_file: None,
            allow_plaintext: false,
            patience: Duration::from_secs(10),
        }
    }

    /// The servers, each of them either on this machine, or encrypted, or plainly permitted.
    pub(crate) fn servers(&self) -> Result<Vec<ServerAddr>, BusError> {
        let addresses = self.url.split(',').map(str::trim);
        let servers: Vec<ServerAddr> = addresses
            .map(|one| match one.rsplit_once('@') {
                // What stands before it may be a password: it is neither used nor shown.
                Some((_, place)) => Err(BusError::Address { url: place.to_owned() }),
                None => one.parse().map_err(|_| BusError::Address { url: one.to_owned() }),
            })
            .collect::<Result<_, _>>()?;
        let exposed = |server: &&ServerAddr| !server.tls_required() && !is_loopback(server.host());
        match servers.iter().find(exposed) {
            Some(server) if !self.allow_plaintext => {
                Err(BusError::Plaintext { host: server.host().to_owned() })
            }
            Some(_) | None => Ok(servers),
        }
    }

    /// The inbox prefix that the topology gives to this user alone.
    pub(crate) fn inbox_prefix(&self) -> String {
        inbox_prefix(&self.user)
    }

    pub(crate) fn options(&self) -> ConnectOptions {
        let password = self.password.expose_secret().to_owned();
        let options = ConnectOptions::with_user_and_password(self.user.clone(), password)
            .name(&self.name)
            .custom_inbox_prefix(self.inbox_prefix())
            .connection_timeout(Duration::from_secs(5))
            .ping_interval(Duration::from_secs(10))
            .request_timeout(Some(Duration::from_secs(10)))
            .reconnect_delay_callback(reconnect_delay);
        match &self.ca_file {
            Some(ca_file) => options.add_root_certificates(ca_file.clone()),
            None => options,
        }
    }
}

/// The inbox prefix of a user: nobody else may subscribe below it.
pub(crate) fn inbox_prefix(user: &str) -> String {
    format!("_INBOX_{user}")
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// At once the first time, then 20 ms doubling to 2 s, each time somewhere between half of it and
/// all of it: services that lost the same server do not come back in the same instant.
fn reconnect_delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(2)).unwrap_or(u32::MAX).min(7);
    let ceiling_ms = if attempt <= 1 { 0 } else { (20_u64 << doublings).min(2_000) };
    Duration::from_millis(ceiling_ms).mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> BusConfig {
        BusConfig::new(url, "api", SecretString::from("secret"))
    }

    #[test]
    fn passwords_travel_unencrypted_only_within_this_machine() {
        for near in ["nats://127.0.0.1:4222", "nats://localhost", "nats://[::1]:4222"] {
            assert!(config(near).servers().is_ok(), "{near}");
        }
        let far = "nats://127.0.0.1:4222,nats://bus.example.org:4222";
        assert!(matches!(
            config(far).servers(),
            Err(BusError::Plaintext { host }) if host == "bus.example.org"
        ));
        assert!(config("tls://bus.example.org:4222").servers().is_ok());
        let permitted = BusConfig { allow_plaintext: true, ..config(far) };
        assert_eq!(permitted.servers().unwrap().len(), 2);
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let error = config("nats://127.0.0.1:4222, nats://:what").servers().unwrap_err();
        assert!(error.to_string().contains("nats://:what"));
    }

    #[test]
    fn an_address_that_brings_a_password_is_refused_and_the_password_not_shown() {
        let error = config("nats://boss:hunter2@127.0.0.1:4222").servers().unwrap_err();
        assert!(matches!(&error, BusError::Address { url } if url == "127.0.0.1:4222"));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn reconnecting_waits_longer_and_longer_up_to_two_seconds() {
        assert_eq!(reconnect_delay(1), Duration::ZERO);
        for attempt in 2..100 {
            let delay = reconnect_delay(attempt);
            assert!(delay >= Duration::from_millis(10) && delay <= Duration::from_secs(2));
        }
        assert!(reconnect_delay(50) >= Duration::from_secs(1));
    }
}
