//! How much is under way at once. Reads and writes have places of their own, so that one stuck side
//! leaves the other alone, and no address takes them all.

use crate::config::Limits;
use crate::wire::Problem;
use poem::http::{Method, StatusCode};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    reads: Semaphore,
    writes: Semaphore,
    each: usize,
    callers: Mutex<HashMap<IpAddr, usize>>,
}

/// What an address has under way, given back when dropped.
#[derive(Debug)]
pub(super) struct Share<'a> {
    places: &'a Places,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            reads: Semaphore::new(limits.at_once),
            writes: Semaphore::new(limits.at_once),
            each: limits.at_once_each,
            callers: Mutex::default(),
        }
    }

    /// Another request of this address, from before its body is read.
    pub(super) fn share(&self, address: IpAddr) -> Result<Share<'_>, Problem> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = callers.entry(address).or_default();
        if self.each > 0 && *under_way >= self.each {
            let sentence = "This address has too many requests under way: wait for some of them.";
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Err(Problem::new(status, "too_many_at_once", sentence).retry_after(1));
        }
        *under_way += 1;
        Ok(Share { places: self, address })
    }

    /// A place for a request that has arrived whole.
    pub(super) fn take(&self, method: &Method) -> Result<SemaphorePermit<'_>, Problem> {
        let places = if method.is_safe() { &self.reads } else { &self.writes };
        places.try_acquire().map_err(|_| {
            let sentence =
                "More is asked than can be answered now. Nothing was done: try again later.";
            Problem::unavailable("overloaded", sentence, 1)
        })
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let mut callers = self.places.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut under_way) = callers.entry(self.address) {
            *under_way.get_mut() -= 1;
            if *under_way.get() == 0 {
                under_way.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn places(at_once: usize, at_once_each: usize) -> Places {
        let limits = Limits { at_once, at_once_each, ..Limits::none() };
        Places::new(limits)
    }

    #[test]
    fn writes_that_are_stuck_leave_reads_alone() {
        let places = places(1, 0);
        let _stuck = places.take(&Method::POST).unwrap();
        let refused = places.take(&Method::PATCH).unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (503, "overloaded"));
        assert!(places.take(&Method::GET).is_ok());
    }

    #[test]
    fn an_address_has_so_many_under_way_and_what_is_done_counts_no_more() {
        let places = places(1, 2);
        let (here, there) = (IpAddr::from([1, 2, 3, 4]), IpAddr::V4(Ipv4Addr::LOCALHOST));
        let (one, _two) = (places.share(here).unwrap(), places.share(here).unwrap());
        let refused = places.share(here).unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (429, "too_many_at_once"));
        assert!(places.share(there).is_ok());
        drop(one);
        assert!(places.share(here).is_ok());
        assert_eq!(places.callers.lock().unwrap().len(), 1, "who is gone is forgotten");
    }
}
