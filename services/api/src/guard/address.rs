//! From where a request came.

use ipnet::IpNet;
use poem::http::HeaderMap;
use poem::{Addr, Request};
use std::net::{IpAddr, Ipv4Addr};

/// Whose word about a caller's address counts.
#[derive(Debug)]
pub(super) struct Proxies(Vec<IpNet>);

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// The caller's address.
    pub(crate) ip: IpAddr,
    /// Whether it came by way of somebody else, whether or not their word counts.
    pub(crate) forwarded: bool,
}

impl Address {
    /// Whether it is on this machine or in a private network.
    pub(crate) const fn is_near(&self) -> bool {
        match self.ip {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
        }
    }
}

impl Proxies {
    pub(super) const fn new(nets: Vec<IpNet>) -> Self {
        Self(nets)
    }

    /// The caller's address: the peer's, unless the peer is a proxy that we trust; then the last
    /// address that it names and that is no such proxy itself.
    pub(super) fn address_of(&self, request: &Request) -> Address {
        let peer = match &request.remote_addr().0 {
            Addr::SocketAddr(address) => address.ip().to_canonical(),
            Addr::Unix(_) | Addr::Custom(..) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        self.named_by(peer, request.headers())
    }

    fn named_by(&self, peer: IpAddr, headers: &HeaderMap) -> Address {
        let named = headers.get_all("x-forwarded-for").iter();
        let named: Vec<&str> = named.filter_map(|value| value.to_str().ok()).collect();
        let forwarded = !named.is_empty() || headers.contains_key("forwarded");
        let ip = if self.trusts(peer) { self.first_stranger(&named).unwrap_or(peer) } else { peer };
        Address { ip, forwarded }
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&ip))
    }

    fn first_stranger(&self, named: &[&str]) -> Option<IpAddr> {
        let mut hops = named.iter().flat_map(|value| value.split(',')).map(str::trim).rev();
        hops.find_map(|hop| match hop.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(ip) if self.trusts(ip) => None,
            Ok(ip) => Some(Some(ip)),
            // What cannot be read ends what can be believed.
            Err(_) => Some(None),
        })
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn seen(trusted: &[&str], peer: &str, named: &[&str]) -> String {
        let nets = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in named {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        Proxies::new(nets).named_by(peer.parse().unwrap(), &headers).ip.to_string()
    }

    #[test]
    fn nobodys_word_counts_unless_they_are_trusted() {
        assert_eq!(seen(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(seen(&["10.0.0.0/8"], "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
    }

    #[test]
    fn an_old_address_in_the_new_form_is_the_same_address() {
        let named = ["::ffff:1.2.3.4, ::ffff:10.0.0.2"];
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &named), "1.2.3.4");
    }

    #[test]
    fn what_a_caller_writes_into_the_header_does_not_hide_them() {
        let named = ["6.6.6.6, 1.2.3.4", "10.0.0.2"];
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &named), "1.2.3.4");
        assert_eq!(seen(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4, nonsense"]), "10.0.0.1");
    }
}
