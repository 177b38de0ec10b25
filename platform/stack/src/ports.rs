//! Loopback ports of our own, remembered from one start to the next.

use std::net::{Ipv4Addr, TcpListener};

use crate::StackError;

/// The remembered port when nobody else took it meanwhile, else a free one.
pub(crate) fn choose(remembered: Option<u16>) -> Result<u16, StackError> {
    if let Some(port) = remembered
        && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    {
        return Ok(port);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| StackError::System { what: "free port", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_kept_unless_somebody_took_it() {
        let first = choose(None).unwrap();
        assert_eq!(choose(Some(first)).unwrap(), first);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert_ne!(choose(Some(first)).unwrap(), first);
    }
}
