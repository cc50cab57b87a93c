//! How many fetches strangers can cause.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::MetadataDocumentLimits;
use crate::{bounded_cache::BoundedCache, clock::Clock};

/// Counts fetches, of each host and of all.
pub(super) struct Budget {
    clock: Arc<dyn Clock>,
    total: Arc<Account>,
    hosts: BoundedCache<Box<str>, Arc<Account>>,
    /// Of what is known. Only who publishes at a host can draw on its account here, so that strangers keep no client's document from being
    /// fetched again.
    hosts_of_known: BoundedCache<Box<str>, Arc<Account>>,
    at_once_per_host: usize,
    interval_per_host: Duration,
}

/// One fetch that runs.
pub(super) struct Permit {
    accounts: [Option<Arc<Account>>; 2],
}

struct Account {
    at_once: usize,
    /// The time that one fetch takes out of a minute.
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: usize,
    /// When the fetches so far would have ended if they had come evenly.
    paid_until: Duration,
}

/// How far fetches may come before their time, so that a burst passes.
const MINUTE: Duration = Duration::from_secs(60);

/// Hosts whose fetches are counted at once. Of one that is forgotten, a minute is lost.
const HOSTS: usize = 10_000;

impl Budget {
    pub(super) fn new(limits: &MetadataDocumentLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            total: Arc::new(Account::new(limits.fetches_at_once, interval(limits.fetches_per_minute))),
            hosts: BoundedCache::of(HOSTS),
            hosts_of_known: BoundedCache::of(HOSTS),
            at_once_per_host: limits.fetches_at_once_per_host,
            interval_per_host: interval(limits.fetches_per_minute_per_host),
        }
    }

    /// A permit to fetch from a host, unless that is too much. What is known already counts for its host only, and by itself.
    pub(super) fn permit(&self, host: &str, is_known: bool) -> Option<Permit> {
        let now = self.clock.elapsed();
        let new_account = || Arc::new(Account::new(self.at_once_per_host, self.interval_per_host));
        let mut permit = Permit { accounts: [None, None] };
        let [of_host, of_all] = &mut permit.accounts;
        // What has been taken from the host is given back with the permit if there is nothing left of the total.
        let hosts = if is_known { &self.hosts_of_known } else { &self.hosts };
        *of_host = Some(Account::take(&hosts.get_or_put(host, new_account), now)?);
        if !is_known {
            *of_all = Some(Account::take(&self.total, now)?);
        }
        Some(permit)
    }
}

fn interval(per_minute: u32) -> Duration {
    MINUTE.checked_div(per_minute).unwrap_or(MINUTE)
}

impl Account {
    fn new(at_once: usize, interval: Duration) -> Self {
        Self { at_once, interval, state: Mutex::default() }
    }

    fn take(account: &Arc<Self>, now: Duration) -> Option<Arc<Self>> {
        let mut state = account.state();
        let paid_until = state.paid_until.max(now).saturating_add(account.interval);
        if state.running >= account.at_once || paid_until > now.saturating_add(MINUTE) {
            return None;
        }
        *state = State { running: state.running.saturating_add(1), paid_until };
        Some(Arc::clone(account))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        for account in self.accounts.iter().flatten() {
            let mut state = account.state();
            state.running = state.running.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn fetches_are_bounded_at_once_and_by_the_minute_for_a_host_and_for_all() {
        let clock = ManualClock::default();
        let mut limits = MetadataDocumentLimits::default();
        (limits.fetches_at_once, limits.fetches_at_once_per_host) = (3, 2);
        (limits.fetches_per_minute, limits.fetches_per_minute_per_host) = (20, 6);
        let budget = Budget::new(&limits, Arc::new(clock.clone()));
        let running = [budget.permit("a", false), budget.permit("a", false), budget.permit("b", false)];
        assert!(running.iter().all(Option::is_some));
        assert!(budget.permit("a", false).is_none(), "two of the host run");
        let known = [budget.permit("a", true), budget.permit("a", true)];
        assert!(known.iter().all(Option::is_some), "strangers are not in the way");
        assert!(budget.permit("a", true).is_none(), "two that are known run");
        assert!(budget.permit("c", false).is_none(), "three run in all");
        assert!(budget.permit("c", true).is_some(), "a known one");
        drop(running);
        let of_host = |host: &str| (0..100).filter(|_| budget.permit(host, false).is_some()).count();
        assert_eq!(of_host("a"), 4, "six in a minute");
        clock.advance(Duration::from_secs(10));
        assert_eq!(of_host("a"), 1, "one in ten seconds");
        clock.advance(Duration::from_secs(600));
        assert_eq!(of_host("a"), 6);
        let of_all: usize = (0..100).map(|number| of_host(&number.to_string())).sum();
        assert_eq!(of_all, 14, "twenty in a minute of all hosts");
    }
}
