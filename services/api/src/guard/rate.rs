//! How often somebody may call.
//!
//! A token and an address have a budget each. Refused sign-ins cost the address besides, and one
//! that has had too many waits, except for tokens that opened something a moment ago: neighbours
//! behind one address do not suffer for each other.

use super::address::Address;
use crate::config::Limits;
use crate::wire::{Problem, presented};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use moka::sync::Cache;
use poem::Request;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// How many seconds' worth of requests may come at once.
const BURST: u32 = 5;
/// How long a token counts as good after it was.
const GOOD_FOR: Duration = Duration::from_secs(600);
/// How many tokens and addresses are remembered.
const REMEMBERED: u64 = 100_000;

type Limiter<K> =
    RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;
type TokenHash = [u8; 32];

/// Who calls, as far as their budget is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) address: IpAddr,
    token: Option<TokenHash>,
}

/// All budgets.
#[derive(Debug)]
pub(super) struct Rates {
    tokens: Option<Budgets<TokenHash>>,
    addresses: Option<Budgets<IpAddr>>,
    refused: Option<Budgets<IpAddr>>,
    waiting: Cache<IpAddr, Instant>,
    good: Cache<TokenHash, ()>,
    clock: DefaultClock,
}

#[derive(Debug)]
struct Budgets<K: Clone + Eq + Hash> {
    limiter: Limiter<K>,
    each_second: f64,
    burst: u32,
}

/// What is left of a caller's budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Budget(Option<Left>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    limit: u32,
    remaining: u32,
    reset_s: u64,
}

impl<K: Clone + Eq + Hash> Budgets<K> {
    fn new(amount: u32, period_s: u32, burst: u32) -> Option<Self> {
        let (amount, burst) = (NonZeroU32::new(amount)?, NonZeroU32::new(burst)?);
        let every = Duration::from_secs(u64::from(period_s)) / amount.get();
        let quota = Quota::with_period(every)?.allow_burst(burst);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        let each_second = f64::from(amount.get()) / f64::from(period_s);
        Some(Self { limiter, each_second, burst: burst.get() })
    }

    /// Takes so many, or says for how long to wait; nothing, when it never has so many.
    fn take(
        &self,
        key: &K,
        many: NonZeroU32,
        clock: &DefaultClock,
    ) -> Result<Left, Option<Duration>> {
        match self.limiter.check_key_n(key, many).map_err(|_| None)? {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = f64::from(self.burst.saturating_sub(remaining));
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a few seconds, never negative"
                )]
                let reset_s = (used / self.each_second).ceil() as u64;
                Ok(Left { limit: self.burst, remaining, reset_s })
            }
            Err(not_until) => Err(Some(not_until.wait_time_from(clock.now()))),
        }
    }

    /// The budget that a caller has who was refused.
    fn nothing_left(&self, wait: Duration) -> Budget {
        Budget(Some(Left { limit: self.burst, remaining: 0, reset_s: wait.as_secs() + 1 }))
    }

    /// Takes so many, or says what is the matter and what is left.
    fn spend(
        &self,
        key: &K,
        many: NonZeroU32,
        clock: &DefaultClock,
    ) -> Result<Left, (Problem, Budget)> {
        self.take(key, many, clock).map_err(|left| match left {
            Some(left) => {
                let sentence = "More requests came than are taken from one caller.";
                (wait("too_many_requests", sentence, left), self.nothing_left(left))
            }
            None => {
                let most = self.burst;
                let sentence = format!("{many} things are more than are taken at once: {most}.");
                let status = StatusCode::TOO_MANY_REQUESTS;
                (Problem::new(status, "too_many_requests", sentence), Budget::default())
            }
        })
    }
}

impl Rates {
    pub(super) fn new(limits: Limits) -> Self {
        let each_second = |rate: u32| (rate, 1, rate.saturating_mul(BURST));
        let (rate, period, burst) = each_second(limits.per_token);
        let tokens = Budgets::new(rate, period, burst);
        let (rate, period, burst) = each_second(limits.per_address);
        let addresses = Budgets::new(rate, period, burst);
        Self {
            tokens,
            addresses,
            refused: Budgets::new(limits.failed_sign_ins, 60, limits.failed_sign_ins),
            waiting: Cache::builder().max_capacity(REMEMBERED).time_to_live(GOOD_FOR).build(),
            good: Cache::builder().max_capacity(REMEMBERED).time_to_live(GOOD_FOR).build(),
            clock: DefaultClock::default(),
        }
    }

    /// Who calls.
    pub(super) fn caller(&self, request: &Request) -> Caller {
        let address = request.extensions().get::<Address>();
        let address =
            address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| network(address.ip));
        let token = presented(request).map(|token| Sha256::digest(token.as_bytes()).into());
        Caller { address, token }
    }

    /// Lets the caller in, or says when to come again.
    pub(super) fn admit(&self, caller: &Caller) -> Result<Budget, (Problem, Budget)> {
        let is_good = caller.token.is_some_and(|token| self.good.contains_key(&token));
        if !is_good && let Some(until) = self.waiting.get(&caller.address) {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                let sentence = "Too many sign-ins were refused from this address.";
                let problem = wait("too_many_refused_sign_ins", sentence, left);
                return Err((problem, Budget::default()));
            }
        }
        self.spend(caller, NonZeroU32::MIN)
    }

    /// Takes so many from the caller's budgets.
    pub(super) fn spend(
        &self,
        caller: &Caller,
        many: NonZeroU32,
    ) -> Result<Budget, (Problem, Budget)> {
        let mut tightest = None;
        if let Some(budgets) = &self.addresses {
            tightest = Some(budgets.spend(&caller.address, many, &self.clock)?);
        }
        if let (Some(budgets), Some(token)) = (&self.tokens, &caller.token) {
            tightest = Some(budgets.spend(token, many, &self.clock)?);
        }
        Ok(Budget(tightest))
    }

    /// The caller's token opened something: only who checked it can tell.
    pub(super) fn trust(&self, caller: &Caller) {
        if let Some(token) = caller.token
            && !self.good.contains_key(&token)
        {
            self.good.insert(token, ());
        }
    }

    /// The caller's sign-in was refused.
    pub(super) fn refuse(&self, caller: &Caller) {
        let Some(token) = caller.token else { return };
        self.good.invalidate(&token);
        if let Some(refused) = &self.refused
            && let Err(left) = refused.take(&caller.address, NonZeroU32::MIN, &self.clock)
        {
            self.waiting.insert(caller.address, Instant::now() + left.unwrap_or_default());
        }
    }

    /// Forgets whose budgets are full again.
    pub(super) fn tidy(&self) {
        if let Some(budgets) = &self.tokens {
            budgets.limiter.retain_recent();
        }
        for budgets in [&self.addresses, &self.refused].into_iter().flatten() {
            budgets.limiter.retain_recent();
        }
    }
}

/// One household has one network: of an IPv6 address the first half.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => {
                let half = u128::from(six) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(half))
            }
        },
    }
}

fn wait(code: &'static str, sentence: &str, left: Duration) -> Problem {
    let seconds = left.as_secs() + 1;
    let sentence = format!("{sentence} Try again in {seconds} s.");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, sentence).retry_after(seconds)
}

impl Budget {
    /// Says what is left.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let Some(Left { limit, remaining, reset_s }) = self.0 else { return };
        for (name, value) in [
            (HeaderName::from_static("ratelimit-limit"), u64::from(limit)),
            (HeaderName::from_static("ratelimit-remaining"), u64::from(remaining)),
            (HeaderName::from_static("ratelimit-reset"), reset_s),
        ] {
            headers.insert(name, HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(per_token: u32, per_address: u32, failed_sign_ins: u32) -> Rates {
        Rates::new(Limits { per_token, per_address, failed_sign_ins, ..Limits::none() })
    }

    fn caller(token: u8) -> Caller {
        Caller { address: IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4)), token: Some([token; 32]) }
    }

    #[test]
    fn a_token_that_has_used_up_its_budget_is_told_when_to_come_again() {
        let rates = rates(1, 0, 0);
        let left: Vec<_> =
            (0..BURST).map(|_| rates.admit(&caller(1)).unwrap().0.unwrap()).collect();
        assert_eq!((left[0].limit, left[0].remaining), (BURST, BURST - 1));
        let (refused, budget) = rates.admit(&caller(1)).unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (429, "too_many_requests"));
        assert_eq!(budget.0.unwrap().remaining, 0);
        assert!((1..=2).contains(&refused.retry_after_s.unwrap()));
        assert!(rates.admit(&caller(2)).is_ok(), "another token has a budget of its own");
    }

    #[test]
    fn an_address_has_a_budget_whatever_tokens_it_brings() {
        let rates = rates(0, 1, 0);
        let admitted = (0..20).filter(|token| rates.admit(&caller(*token)).is_ok()).count();
        assert_eq!(admitted, 5);
    }

    #[test]
    fn refused_sign_ins_make_an_address_wait_but_not_who_signed_in_before() {
        let rates = rates(0, 0, 3);
        rates.trust(&caller(0));
        for token in 1..=4 {
            assert!(rates.admit(&caller(token)).is_ok());
            rates.refuse(&caller(token));
        }
        let (refused, _) = rates.admit(&caller(9)).unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (429, "too_many_refused_sign_ins"));
        assert!(rates.admit(&caller(0)).is_ok());
        let elsewhere = Caller { address: IpAddr::V4(Ipv4Addr::LOCALHOST), ..caller(9) };
        assert!(rates.admit(&elsewhere).is_ok());
    }

    #[test]
    fn many_things_in_one_request_cost_as_much_as_one_by_one() {
        let rates = rates(2, 0, 0);
        let many = |many| NonZeroU32::new(many).unwrap();
        assert_eq!(rates.spend(&caller(1), many(8)).unwrap().0.unwrap().remaining, 2);
        assert!(rates.spend(&caller(1), many(3)).is_err());
        let (never, _) = rates.spend(&caller(2), many(11)).unwrap_err();
        assert!(never.detail.contains("10") && never.retry_after_s.is_none(), "{}", never.detail);
    }

    #[test]
    fn without_limits_nobody_waits() {
        let rates = rates(0, 0, 0);
        for _ in 0..10_000 {
            assert_eq!(rates.admit(&caller(1)).unwrap(), Budget(None));
            rates.refuse(&caller(1));
        }
    }

    #[test]
    fn an_ipv6_household_is_one_caller() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
    }
}
