//! The loads that are under way, one for a client.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::outcome::Outcome;

/// The loads under way. While they are locked, nothing is put among the answers, and nothing is taken out.
#[derive(Default)]
pub(super) struct Flights(Mutex<Loads>);

#[derive(Default)]
pub(super) struct Loads {
    by_client: HashMap<Box<str>, Flight>,
    begun: u64,
}

struct Flight {
    number: u64,
    passenger: Passenger,
}

/// Waits for the outcome of a load.
#[derive(Clone)]
pub(super) struct Passenger(watch::Receiver<Option<Outcome>>);

/// The other end.
pub(super) type Pilot = watch::Sender<Option<Outcome>>;

impl Flights {
    pub(super) fn lock(&self) -> MutexGuard<'_, Loads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loads {
    /// The load of a client that is under way.
    pub(super) fn of(&self, client_id: &str) -> Option<Passenger> {
        self.by_client.get(client_id).map(|flight| flight.passenger.clone())
    }

    /// Notes a load that begins, and numbers it.
    pub(super) fn begin(&mut self, client_id: &str) -> (u64, Pilot, Passenger) {
        self.begun = self.begun.wrapping_add(1);
        let (pilot, outcome) = watch::channel(None);
        let passenger = Passenger(outcome);
        let flight = Flight { number: self.begun, passenger: passenger.clone() };
        self.by_client.insert(client_id.into(), flight);
        (self.begun, pilot, passenger)
    }

    /// Ends a load. Returns `true` if it was still the one of its client, so that what it has found can be kept.
    pub(super) fn end(&mut self, client_id: &str, number: u64) -> bool {
        let is_current = self.by_client.get(client_id).is_some_and(|flight| flight.number == number);
        if is_current {
            self.by_client.remove(client_id);
        }
        is_current
    }

    /// Has nothing kept that the present load of a client finds.
    pub(super) fn disown(&mut self, client_id: &str) {
        self.by_client.remove(client_id);
    }

    /// Has nothing kept that any present load finds.
    pub(super) fn disown_all(&mut self) {
        self.by_client.clear();
    }
}

impl Passenger {
    /// `None` if there is none: the loader has panicked, or its runtime has shut down.
    pub(super) async fn outcome(mut self) -> Option<Outcome> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}
