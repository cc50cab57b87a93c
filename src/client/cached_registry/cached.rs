//! When a client is loaded, and what becomes of the outcome.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{runtime::Handle, time::timeout};

use super::{
    answers::{Answer, Answers, NoClient},
    flights::{Flights, Passenger, Pilot},
    limits::CachedRegistryLimits,
    loader::{DynClientLoader, LoadedClient},
    outcome::Outcome,
    prepared::{Prepare, Prepared},
};
use crate::{
    client::{Client, RegistryError, RegistryFaults},
    clock::Clock,
};

/// What all clones of a registry share.
pub(super) struct Cached {
    loader: Box<dyn DynClientLoader>,
    prepare: Box<Prepare>,
    stand_in: Option<Arc<Client>>,
    clock: Arc<dyn Clock>,
    limits: CachedRegistryLimits,
    answers: Answers,
    flights: Flights,
    faults: OnceLock<RegistryFaults>,
}

/// A load, by its number among all. However it ends, it is no longer under way.
struct Load<'a> {
    cached: &'a Cached,
    client_id: &'a str,
    number: u64,
}

impl Drop for Load<'_> {
    /// A load that ends here has come to no outcome: its loader has panicked. What is known stands in, as after an error.
    fn drop(&mut self) {
        let Cached { answers, limits, clock, flights, .. } = self.cached;
        let mut loads = flights.lock();
        if loads.end(self.client_id, self.number) {
            let now = clock.elapsed();
            answers.put_failure(self.client_id, now, now.saturating_add(limits.retry));
        }
    }
}

impl Cached {
    pub(super) fn new(
        loader: Box<dyn DynClientLoader>,
        prepare: Box<Prepare>,
        stand_in: Option<Arc<Client>>,
        clock: Arc<dyn Clock>,
        limits: CachedRegistryLimits,
    ) -> Self {
        let answers = Answers::with(&limits);
        let (flights, faults) = (Flights::default(), OnceLock::new());
        Self { loader, prepare, stand_in, clock, limits, answers, flights, faults }
    }

    pub(super) fn limits(&self) -> &CachedRegistryLimits {
        &self.limits
    }

    pub(super) fn stand_in(&self) -> Option<Arc<Client>> {
        self.stand_in.clone()
    }

    pub(super) fn report_faults_to(&self, faults: RegistryFaults) {
        // The first one stays.
        let _ = self.faults.set(faults);
    }

    pub(super) async fn client(self: &Arc<Self>, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        let found = match self.find(client_id).await {
            Outcome::None(NoClient::Alias(name)) => self.find(&name).await,
            found => found,
        };
        match found {
            Outcome::Client(client) => Ok(Some(client)),
            Outcome::None(NoClient::Absent | NoClient::Alias(_)) => Ok(None),
            Outcome::None(NoClient::Unusable(error) | NoClient::Failed(error)) => Err(error),
        }
    }

    async fn find(self: &Arc<Self>, client_id: &str) -> Outcome {
        match self.answers.get(client_id, self.clock.elapsed()) {
            Answer::Client(client) => Outcome::Client(client),
            Answer::Stale(client) => {
                // The request does not wait for it: while the database hangs, that would be for the time limit.
                drop(self.join(client_id));
                Outcome::Client(client)
            }
            Answer::None(what) => Outcome::None(what),
            Answer::Unknown => match self.join(client_id) {
                Ok(passenger) => passenger.outcome().await.unwrap_or_else(|| self.without_outcome(client_id)),
                Err(outcome) => outcome,
            },
        }
    }

    /// The answer when the loader has panicked, or its runtime has shut down.
    fn without_outcome(&self, client_id: &str) -> Outcome {
        let error = RegistryError::new("the load has ended without an outcome");
        match self.answers.get(client_id, self.clock.elapsed()) {
            Answer::Client(client) | Answer::Stale(client) => {
                self.report_not_reloaded(&client, &error);
                Outcome::Client(client)
            }
            Answer::None(_) | Answer::Unknown => Outcome::None(NoClient::Failed(error)),
        }
    }

    fn report_not_reloaded(&self, client: &Client, error: &RegistryError) {
        if let Some(faults) = self.faults.get() {
            faults.not_reloaded(client.client_id(), error);
        }
    }

    /// Joins the load of a client that is under way, or begins one. The outcome instead, if one has just ended.
    fn join(self: &Arc<Self>, client_id: &str) -> Result<Passenger, Outcome> {
        let mut loads = self.flights.lock();
        if let Some(passenger) = loads.of(client_id) {
            return Ok(passenger);
        }
        match self.answers.get(client_id, self.clock.elapsed()) {
            Answer::Client(client) => return Err(Outcome::Client(client)),
            Answer::None(what) => return Err(Outcome::None(what)),
            Answer::Stale(_) | Answer::Unknown => {}
        }
        let Ok(runtime) = Handle::try_current() else {
            let error = RegistryError::new("a CachedRegistry loads on tokio, and there is no runtime of it here");
            return Err(Outcome::None(NoClient::Failed(error)));
        };
        let (number, pilot, passenger) = loads.begin(client_id);
        drop(loads);
        runtime.spawn(Arc::clone(self).load(client_id.into(), number, pilot));
        Ok(passenger)
    }

    async fn load(self: Arc<Self>, client_id: Box<str>, number: u64, pilot: Pilot) {
        let load = Load { cached: &self, client_id: &client_id, number };
        let loaded = timeout(self.limits.load_timeout, self.loader.load_boxed(&client_id)).await;
        let loaded = loaded.unwrap_or_else(|_| Err(RegistryError::new("the client was not loaded in time")));
        let outcome = match self.read(&client_id, loaded) {
            Ok(read) => load.keep(read),
            Err(error) => load.fail(error),
        };
        pilot.send_replace(Some(outcome));
    }

    /// Makes the client, or tells why there is none.
    fn read(
        &self,
        client_id: &str,
        loaded: Result<Option<LoadedClient>, RegistryError>,
    ) -> Result<Read, RegistryError> {
        let Some(LoadedClient { registration, max_age }) = (match loaded {
            Ok(loaded) => loaded,
            Err(error) if error.is_unusable_client() => return Ok(Read::None(NoClient::Unusable(error))),
            Err(error) => return Err(error),
        }) else {
            return Ok(Read::None(NoClient::Absent));
        };
        let registration = match registration {
            Ok(registration) => *registration,
            Err(error) => return Ok(Read::None(NoClient::Unusable(error))),
        };
        // A name in another case is not kept as a client, or a stranger could fill the room of clients with one of them. Nor is its row:
        // what invalidates it is the registered name.
        if registration.client_id != client_id {
            let is_alias = registration.client_id.eq_ignore_ascii_case(client_id);
            let what = if is_alias { NoClient::Alias(registration.client_id.into()) } else { NoClient::Absent };
            return Ok(Read::None(what));
        }
        let earlier = self.answers.prepared(client_id);
        Ok(match Prepared::of(registration, earlier.as_ref(), &*self.prepare) {
            Ok(prepared) => Read::Client(prepared, max_age),
            Err(error) => Read::None(NoClient::Unusable(error)),
        })
    }

    pub(super) fn invalidate(&self, client_id: &str) {
        let mut loads = self.flights.lock();
        loads.disown(client_id);
        self.answers.forget(client_id);
    }

    pub(super) fn invalidate_all(&self) {
        let mut loads = self.flights.lock();
        loads.disown_all();
        self.answers.forget_all();
    }
}

/// What a row says.
enum Read {
    Client(Prepared, Option<Duration>),
    None(NoClient),
}

impl Load<'_> {
    /// Keeps what was found, unless it was invalidated meanwhile.
    fn keep(&self, read: Read) -> Outcome {
        let Cached { answers, limits, clock, .. } = self.cached;
        let mut loads = self.cached.flights.lock();
        let is_current = loads.end(self.client_id, self.number);
        let now = clock.elapsed();
        match read {
            Read::Client(prepared, max_age) => {
                let client = Arc::clone(&prepared.client);
                if is_current {
                    let lifetime = max_age.map_or(limits.lifetime, |age| age.min(limits.lifetime));
                    let fresh_until = now.saturating_add(lifetime);
                    let usable_until = fresh_until.saturating_add(limits.stale_if_error);
                    answers.put_client(self.client_id, prepared, fresh_until, usable_until);
                }
                Outcome::Client(client)
            }
            Read::None(what) => {
                if is_current {
                    let lifetime = match what {
                        NoClient::Alias(_) => limits.lifetime,
                        _ => limits.absent_lifetime,
                    };
                    answers.put_none(self.client_id, what.clone(), now.saturating_add(lifetime));
                }
                Outcome::None(what)
            }
        }
    }

    /// Goes on with the last answer, if there is one.
    fn fail(&self, error: RegistryError) -> Outcome {
        let Cached { answers, limits, clock, .. } = self.cached;
        let mut loads = self.cached.flights.lock();
        if !loads.end(self.client_id, self.number) {
            return Outcome::None(NoClient::Failed(error));
        }
        let now = clock.elapsed();
        let retry_at = now.saturating_add(limits.retry);
        let Some(client) = answers.put_failure(self.client_id, now, retry_at) else {
            let failed = NoClient::Failed(error);
            answers.put_none(self.client_id, failed.clone(), retry_at);
            return Outcome::None(failed);
        };
        drop(loads);
        self.cached.report_not_reloaded(&client, &error);
        Outcome::Client(client)
    }
}
