//! The observers of an endpoint.

use std::{sync::Arc, time::Duration};

use super::outage::Outage;
use crate::{
    client::RegistryFaults,
    clock::Clock,
    observer::{Event, Observer, Stage},
};

/// The observers, in the order in which they were added, and what is to be known to tell them.
pub(super) struct Observers {
    list: Vec<Arc<dyn Observer>>,
    clock: Arc<dyn Clock>,
    /// Of each kind of operation, since a store may fail for some of them only.
    outages: [Outage; 7],
}

impl Observers {
    pub(super) fn new(list: Vec<Arc<dyn Observer>>, clock: &Arc<dyn Clock>) -> Self {
        Self { list, clock: Arc::clone(clock), outages: Default::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn observe(&self, event: &Event<'_>) {
        for observer in &self.list {
            observer.observe(event);
        }
    }

    /// The place where a registry reports its faults.
    pub(super) fn of_registry(self: &Arc<Self>) -> RegistryFaults {
        let observers = Arc::clone(self);
        RegistryFaults::new(move |client_id, error| observers.observe(&Event::ClientNotReloaded { client_id, error }))
    }

    /// The time by the clock's [`elapsed`](Clock::elapsed), if there is an observer.
    pub(super) fn time(&self) -> Option<Duration> {
        (!self.list.is_empty()).then(|| self.clock.elapsed())
    }

    /// The outage of the store that operations of this kind are in, if they are.
    pub(super) fn outage(&self, stage: Stage) -> &Outage {
        let [push, authorize, complete, respond, token, host_endpoint, resource] = &self.outages;
        match stage {
            Stage::Push => push,
            Stage::Authorize => authorize,
            Stage::Complete => complete,
            Stage::Respond => respond,
            Stage::Token => token,
            Stage::HostEndpoint(_) => host_endpoint,
            Stage::Resource => resource,
        }
    }
}
