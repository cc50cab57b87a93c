//! The observers of an endpoint.

use std::{error::Error as _, sync::Arc};

use crate::{
    client::RegistryFaults,
    error::{Reason, Refusal},
    observer::{Event, Observer, Stage},
};

/// The observers, in the order in which they were added.
#[derive(Default)]
pub(super) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(super) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    pub(super) fn observe(&self, event: &Event<'_>) {
        for observer in &self.0 {
            observer.observe(event);
        }
    }

    /// The place where a registry reports its faults.
    pub(super) fn of_registry(self: &Arc<Self>) -> RegistryFaults {
        let observers = Arc::clone(self);
        RegistryFaults::new(move |client_id, error| observers.observe(&Event::ClientNotReloaded { client_id, error }))
    }

    /// Reports a refusal on its way out.
    pub(super) fn refused(&self, stage: Stage, client_id: Option<&str>, refusal: Refusal) -> Refusal {
        let reason = refusal.reason();
        let client_id = client_id.filter(|_| reason.comes_after_look_up());
        if let (Reason::SpentRequestUri, Some(client_id)) = (reason, client_id) {
            self.observe(&Event::Replayed { client_id });
        }
        let (cause, clock_offset) = (refusal.source(), refusal.clock_offset());
        self.observe(&Event::Refused { stage, reason, client_id, cause, clock_offset });
        refusal
    }
}
