//! Why the server has refused: what its operator sees in the log, and its clients do not.

use std::{cell::Cell, future::Future};

use parjar::{Event, Observer, Reason};

tokio::task_local! {
    static LATEST: Cell<Option<Reason>>;
}

/// Tells [`watch`] what was refused, and why. The servers of the built-in configuration have it.
pub(crate) struct ReasonObserver;

impl Observer for ReasonObserver {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Refused { reason, .. } = event {
            // There is no such place while a request from outside is answered.
            let _ = LATEST.try_with(|latest| latest.set(Some(*reason)));
        }
    }
}

/// The outcome, and the reason of a refusal on the way to it.
pub(super) async fn watch<T>(work: impl Future<Output = T>) -> (T, Option<Reason>) {
    let watched = async {
        let outcome = work.await;
        (outcome, LATEST.with(Cell::get))
    };
    LATEST.scope(Cell::new(None), watched).await
}

/// Its place in the manual. Reasons of the demo's own have none.
pub(super) fn link(reason: Reason) -> Option<String> {
    let is_in_manual = Reason::all().any(|known| known == reason);
    is_in_manual.then(|| format!("https://docs.rs/parjar/latest/parjar/guide/refusals/index.html#{}", reason.label()))
}
