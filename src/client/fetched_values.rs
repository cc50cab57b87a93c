//! When what clients publish is fetched, and when it is not: one fetch of a URL at a time, for all who need it.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::{
    bounded_cache::BoundedCache,
    clock::Clock,
    sync::{LongMutex, Mutex, MutexGuard},
};

/// Where values come from.
pub(super) trait Origin: Send + Sync + 'static {
    type Value: Send + Sync + 'static;
    type Error: Clone + Send + Sync + 'static;

    /// Begins a fetch. `is_known` if this URL has given a value before.
    fn fetch(self: &Arc<Self>, url: &str, is_known: bool) -> Fetch<Self::Value, Self::Error>;

    /// The error of a fetch that could not be seen through.
    fn interrupted() -> Self::Error;

    /// Returns `true` if the error says that there is no value any more, so that an older one must not be used.
    fn ends_use(_: &Self::Error) -> bool {
        false
    }
}

/// A value, and for how long its response says that it is fresh.
pub(super) type Timed<V> = (V, Option<Duration>);

/// A fetch that can be handed on from one request to another.
pub(super) type Fetch<V, E> = Pin<Box<dyn Future<Output = Result<Timed<V>, E>> + Send>>;

/// How long values are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lifetimes {
    /// The lifetime of a value whose response says nothing about it.
    pub(super) unsaid: Duration,
    /// The shortest and the longest, whatever responses say.
    pub(super) least: Duration,
    pub(super) most: Duration,
    /// How long nothing is fetched after a fetch.
    pub(super) cooldown: Duration,
    /// How long a value goes on to be used while it cannot be fetched again.
    pub(super) stale_if_error: Duration,
}

/// Values by the URLs that they were fetched from.
pub(super) struct FetchedValues<O: Origin> {
    origin: Arc<O>,
    clock: Arc<dyn Clock>,
    lifetimes: Lifetimes,
    /// URLs that have given a value. Only such others can drive one of them out.
    proven: BoundedCache<Box<str>, Arc<Entry<O>>>,
    /// URLs that have not, which a sender may have made up.
    unproven: BoundedCache<Box<str>, Arc<Entry<O>>>,
}

/// One URL.
struct Entry<O: Origin> {
    state: Mutex<State<O>>,
    /// Held while fetching. A request that waited for it looks at the state again: mostly, the work has been done. A fetch that
    /// an earlier request began and gave up goes on from there, so that giving up neither keeps others from the value nor makes
    /// the server fetch without end.
    fetching: LongMutex<Fetching<O>>,
}

/// The fetches of one URL.
struct Fetching<O: Origin> {
    /// One that its caller has given up.
    abandoned: Option<Begun<O>>,
    /// Abandoned fetches that have failed since one was last seen through from its beginning.
    failed_unseen: u32,
    last_begun: Duration,
}

/// A fetch that has begun.
struct Begun<O: Origin> {
    at: Duration,
    outcome: Fetch<O::Value, O::Error>,
}

/// Puts a fetch that its caller gives up back into its place, for the next one; but not one that has panicked.
struct FetchInProgress<'a, O: Origin> {
    begun: Option<Begun<O>>,
    place: &'a mut Option<Begun<O>>,
}

/// Abandoned fetches that may fail before new ones are held to [`RESTART_INTERVAL`].
const FREE_RESTARTS: u32 = 8;

/// The least time between the beginnings of two fetches, for senders that give up one after the other. It is shorter than the
/// time limit of any source, so that a request that finds such a fetch can still see it through.
const RESTART_INTERVAL: Duration = Duration::from_secs(1);

impl<O: Origin> Drop for FetchInProgress<'_, O> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            *self.place = self.begun.take();
        }
    }
}

/// Times are by the clock's [`elapsed`](Clock::elapsed).
struct State<O: Origin> {
    value: Option<Arc<O::Value>>,
    fresh_until: Duration,
    usable_until: Duration,
    /// Before this nothing is fetched.
    next_fetch: Duration,
    /// Why the last fetch has failed, if it has.
    error: Option<O::Error>,
}

/// The answer about a URL.
pub(super) enum Found<O: Origin> {
    /// A value that was there.
    Known(Arc<O::Value>),
    /// A value that was fetched just now.
    Fetched(Arc<O::Value>),
    /// None to be had, and the last attempt was a while ago.
    Unavailable(Option<O::Error>),
    /// None was to be had just now; perhaps there is an older one to go on with.
    Failed { error: O::Error, stale: Option<Arc<O::Value>> },
}

impl<O: Origin> FetchedValues<O> {
    /// Values of at most so many URLs, and as many URLs again that have given none.
    pub(super) fn new(origin: O, clock: Arc<dyn Clock>, lifetimes: Lifetimes, values: usize) -> Self {
        let generation = || values.div_ceil(2).max(1);
        let (proven, unproven) = (BoundedCache::of(generation()), BoundedCache::of(generation()));
        Self { origin: Arc::new(origin), clock, lifetimes, proven, unproven }
    }

    pub(super) async fn get(&self, url: &str) -> Found<O> {
        let entry = self.entry(url);
        let state = entry.state();
        let now = self.clock.elapsed();
        match &state.value {
            Some(value) if now < state.fresh_until => return Found::Known(Arc::clone(value)),
            _ if now < state.next_fetch => return state.usable(now),
            _ => {}
        }
        // While one request fetches, others go on for a little with the value that there is.
        let recent = state.value.filter(|_| now < state.fresh_until.saturating_add(self.lifetimes.cooldown));
        let mut fetching = match (entry.fetching.try_lock(), recent) {
            (Ok(fetching), _) => fetching,
            (Err(_), Some(value)) => return Found::Known(value),
            (Err(_), None) => entry.fetching.lock().await,
        };
        let since = entry.state();
        let now = self.clock.elapsed();
        if now < since.next_fetch { since.usable(now) } else { self.fetch(&entry, &mut fetching, url).await }
    }

    /// Another value than the one that was `seen`: a newer one that is here already, or if it is not too soon the one that is there
    /// now.
    pub(super) async fn newer(&self, url: &str, seen: &Arc<O::Value>) -> Found<O> {
        let entry = self.entry(url);
        let changed = |state: &State<O>| state.value.clone().filter(|value| !Arc::ptr_eq(value, seen));
        let state = entry.state();
        if let Some(value) = changed(&state) {
            return Found::Known(value);
        }
        if self.clock.elapsed() < state.next_fetch {
            return Found::Unavailable(state.error);
        }
        let mut fetching = entry.fetching.lock().await;
        let since = entry.state();
        match changed(&since) {
            Some(value) => Found::Known(value),
            None if self.clock.elapsed() < since.next_fetch => Found::Unavailable(since.error),
            None => self.fetch(&entry, &mut fetching, url).await,
        }
    }

    async fn fetch(&self, entry: &Arc<Entry<O>>, fetching: &mut Fetching<O>, url: &str) -> Found<O> {
        let oldest = self.clock.elapsed().saturating_sub(self.lifetimes.cooldown);
        if let Some(abandoned) = fetching.abandoned.take().filter(|begun| begun.at >= oldest) {
            // Its time limit ran while no request waited for it, so a failure would tell nothing about the source.
            match see_through(abandoned, &mut fetching.abandoned).await {
                Ok(fetched) => return self.keep(entry, fetching, url, fetched),
                Err(_) => fetching.failed_unseen = fetching.failed_unseen.saturating_add(1),
            }
        }
        let now = self.clock.elapsed();
        if fetching.failed_unseen > FREE_RESTARTS && now < fetching.last_begun.saturating_add(RESTART_INTERVAL) {
            return entry.state().usable(now);
        }
        fetching.last_begun = now;
        let begun = Begun { at: now, outcome: self.origin.fetch(url, entry.state().value.is_some()) };
        match see_through(begun, &mut fetching.abandoned).await {
            Ok(fetched) => self.keep(entry, fetching, url, fetched),
            Err(error) => {
                fetching.failed_unseen = 0;
                let now = self.clock.elapsed();
                entry.change(|state| {
                    state.next_fetch = now.saturating_add(self.lifetimes.cooldown);
                    state.error = Some(error.clone());
                    if O::ends_use(&error) {
                        state.value = None;
                    }
                });
                Found::Failed { error, stale: entry.state().value_usable_at(now) }
            }
        }
    }

    fn keep(
        &self,
        entry: &Arc<Entry<O>>,
        fetching: &mut Fetching<O>,
        url: &str,
        (value, max_age): Timed<O::Value>,
    ) -> Found<O> {
        fetching.failed_unseen = 0;
        let now = self.clock.elapsed();
        let value = Arc::new(value);
        let Lifetimes { unsaid, least, most, cooldown, stale_if_error } = self.lifetimes;
        let fresh_until = now.saturating_add(max_age.unwrap_or(unsaid).min(most).max(least));
        entry.change(|state| {
            *state = State {
                value: Some(Arc::clone(&value)),
                fresh_until,
                usable_until: fresh_until.saturating_add(stale_if_error),
                next_fetch: now.saturating_add(cooldown),
                error: None,
            };
        });
        if self.proven.get(url).is_none() {
            self.proven.put(url.into(), Arc::clone(entry));
            self.unproven.remove(url);
        }
        Found::Fetched(value)
    }

    fn entry(&self, url: &str) -> Arc<Entry<O>> {
        let proven = || self.proven.get(url);
        proven().unwrap_or_else(|| {
            let unproven = self.unproven.get_or_put(url, Arc::default);
            let Some(proven) = proven() else { return unproven };
            // A fetch has moved it in the meantime. Another entry would fetch once more.
            self.unproven.remove(url);
            proven
        })
    }
}

/// Waits for the end of a fetch, and puts it into `place` if the caller gives up before.
async fn see_through<O: Origin>(begun: Begun<O>, place: &mut Option<Begun<O>>) -> Result<Timed<O::Value>, O::Error> {
    let mut in_progress = FetchInProgress { begun: Some(begun), place };
    let fetched = match &mut in_progress.begun {
        Some(begun) => begun.outcome.as_mut().await,
        None => Err(O::interrupted()),
    };
    in_progress.begun = None;
    fetched
}

impl<O: Origin> Entry<O> {
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> State<O> {
        self.lock().clone()
    }

    fn change(&self, change: impl FnOnce(&mut State<O>)) {
        change(&mut self.lock());
    }
}

impl<O: Origin> State<O> {
    fn usable(self, now: Duration) -> Found<O> {
        match self.value_usable_at(now) {
            Some(value) => Found::Known(value),
            None => Found::Unavailable(self.error),
        }
    }

    fn value_usable_at(&self, now: Duration) -> Option<Arc<O::Value>> {
        self.value.clone().filter(|_| now < self.usable_until)
    }
}

// Derived ones would ask the same of the origin itself.
impl<O: Origin> Clone for State<O> {
    fn clone(&self) -> Self {
        let Self { value, fresh_until, usable_until, next_fetch, error } = self;
        let (fresh_until, usable_until, next_fetch) = (*fresh_until, *usable_until, *next_fetch);
        Self { value: value.clone(), fresh_until, usable_until, next_fetch, error: error.clone() }
    }
}

impl<O: Origin> Default for State<O> {
    fn default() -> Self {
        let none = Duration::ZERO;
        Self { value: None, fresh_until: none, usable_until: none, next_fetch: none, error: None }
    }
}

impl<O: Origin> Default for Fetching<O> {
    fn default() -> Self {
        Self { abandoned: None, failed_unseen: 0, last_begun: Duration::ZERO }
    }
}

impl<O: Origin> Default for Entry<O> {
    fn default() -> Self {
        Self { state: Mutex::default(), fetching: LongMutex::default() }
    }
}
