//! Outcomes with their reasons, for counters and logs: never a handle, a code or a credential.

mod cause_text;
mod event;
mod level;
#[cfg(feature = "metrics")]
mod metrics;
mod steps;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
pub(crate) use self::steps::STEPS;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
pub use self::{
    cause_text::CauseText,
    event::Event,
    level::Level,
    steps::{Step, Steps},
};

use crate::protocol::host_endpoint::HostEndpoint;

/// Receives every outcome. The library calls it on the request path, so it should be quick.
///
/// [`Event::label`] and [`Event::level`] are what counters and logs need of an event that they do not know.
///
/// Closures are observers:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use parjar::{Event, ParEndpoint};
///
/// static REFUSED: AtomicU64 = AtomicU64::new(0);
///
/// let builder = ParEndpoint::builder("https://as.example.com").observer(|event: &Event<'_>| {
///     if let Event::Refused { .. } = event {
///         REFUSED.fetch_add(1, Ordering::Relaxed);
///     }
/// });
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an outcome.
    fn observe(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, event: &Event<'_>) {
        self(event);
    }
}

/// The operation that refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// [`ParEndpoint::push`](crate::ParEndpoint::push)
    Push,
    /// [`ParEndpoint::authorize`](crate::ParEndpoint::authorize)
    Authorize,
    /// [`ParEndpoint::complete`](crate::ParEndpoint::complete) and [`ParEndpoint::deny`](crate::ParEndpoint::deny)
    Complete,
    /// [`Granted::respond`](crate::Granted::respond), and the error responses of the other steps: they could not be signed.
    Respond,
    /// [`ParEndpoint::authenticate_client`](crate::ParEndpoint::authenticate_client)
    Token,
    /// [`ParEndpoint::authenticate_client_at`](crate::ParEndpoint::authenticate_client_at), with the endpoint.
    HostEndpoint(HostEndpoint),
    /// [`ParEndpoint::verify_dpop_proof`](crate::ParEndpoint::verify_dpop_proof)
    Resource,
}

impl Stage {
    /// Returns a label for a metric.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Authorize => "authorize",
            Self::Complete => "complete",
            Self::Respond => "respond",
            Self::Token => "token",
            Self::HostEndpoint(endpoint) => endpoint.as_str(),
            Self::Resource => "resource",
        }
    }
}
