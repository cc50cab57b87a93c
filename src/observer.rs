//! Outcomes with their reasons, for counters and logs: never a handle, a code or a credential.

use crate::{
    client::{RegistryError, jwks::JwksError},
    error::{DenialCode, Reason},
    jose::KeyError,
    response::signer::SignerError,
};

/// Receives every outcome. The library calls it on the request path, so it should be quick.
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
            Self::Resource => "resource",
        }
    }
}

/// An outcome.
///
/// Every `client_id` in here is registered. A name that a request merely claims stays out: it may be a secret that a
/// client put in the wrong place. Keep client identifiers out of metric labels all the same.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was pushed.
    #[non_exhaustive]
    Pushed {
        /// The client, authenticated.
        client_id: &'a str,
    },
    /// A request was refused.
    #[non_exhaustive]
    Refused {
        /// The operation.
        stage: Stage,
        /// The reason.
        reason: Reason,
        /// The client that the request named, if there is one.
        client_id: Option<&'a str>,
        /// [`Refusal::clock_offset`](crate::Refusal::clock_offset): seconds by which the clock of the client seems to be behind.
        clock_offset: Option<i64>,
    },
    /// An authorization began, or its page was loaded again.
    #[non_exhaustive]
    Opened {
        /// The client.
        client_id: &'a str,
    },
    /// An authorization was granted.
    #[non_exhaustive]
    Completed {
        /// The client.
        client_id: &'a str,
    },
    /// An authorization was denied.
    #[non_exhaustive]
    Denied {
        /// The client.
        client_id: &'a str,
        /// The error that the client gets.
        error: DenialCode,
    },
    /// The keys of a client were fetched from its `jwks_uri`.
    #[non_exhaustive]
    KeysFetched {
        /// The client for which the keys were fetched. Others may use the same URL.
        client_id: &'a str,
        /// The number of keys that can be used.
        usable: usize,
        /// The keys that cannot be used.
        skipped: &'a [KeyError],
    },
    /// The keys of a client could not be fetched, or what was fetched were none.
    #[non_exhaustive]
    KeysNotFetched {
        /// The client for which the keys were asked.
        client_id: &'a str,
        /// The cause, for the log of the host.
        error: &'a JwksError,
        /// `true` if the keys of an earlier fetch are used instead.
        stale: bool,
    },
    /// A registry knows a client, and says that it cannot be used. The refusal of its request follows as an event of its own.
    #[non_exhaustive]
    ClientUnusable {
        /// The client.
        client_id: &'a str,
        /// The reason is its [`source`](std::error::Error::source).
        error: &'a RegistryError,
    },
    /// The store had no room to remember what is remembered for hygiene, such as the code challenge of a push, which was taken all
    /// the same: its repetition would not be noticed. See [`MarkPurpose::Hygiene`](crate::store::MarkPurpose::Hygiene).
    #[non_exhaustive]
    HygieneSkipped {
        /// The client.
        client_id: &'a str,
        /// How many marks were left out.
        marks: usize,
    },
    /// An authorization response could not be signed. The refusal follows as an event of its own.
    #[non_exhaustive]
    ResponseNotSigned {
        /// The client that it was for.
        client_id: &'a str,
        /// The cause, for the log of the host.
        error: &'a SignerError,
    },
    /// A browser has decided a second time, and was given its answer again.
    #[non_exhaustive]
    AnsweredAgain {
        /// The client.
        client_id: &'a str,
    },
    /// The endpoint was built with a store that several processes share, and without a
    /// [`dpop_nonce_key`](crate::ParEndpointBuilder::dpop_nonce_key) that they share. Each refuses the nonces of the others.
    #[non_exhaustive]
    NonceKeyNotShared,
    /// A spent `request_uri` was used again: by a reload after the end of the login, or by an attacker who got hold of
    /// it. The refusal follows as an event of its own.
    #[non_exhaustive]
    Replayed {
        /// The client.
        client_id: &'a str,
    },
}

/// Writes every outcome as a `tracing` event: target `parjar`, level `INFO`, `WARN` for replays, for clients that cannot be used, for keys that cannot be fetched, for
/// marks that a store has no room for and for a nonce key that is not shared, or `ERROR` for responses that cannot be signed.
///
/// Fields are `client_id`, shortened to 64 characters and escaped, for refusals `stage` and `reason`, and for clients that cannot be used
/// `cause`, escaped.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

#[cfg(feature = "tracing")]
impl Observer for TracingObserver {
    fn observe(&self, event: &Event<'_>) {
        // `Debug` of a text escapes line breaks and control characters.
        let shortened = |client_id: &str| client_id.chars().take(64).collect::<String>();
        match *event {
            Event::Pushed { client_id } => {
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), "pushed");
            }
            Event::Refused { stage, reason, client_id, clock_offset } => {
                let client_id = client_id.map(shortened);
                let client_id = client_id.as_ref().map(tracing::field::debug);
                tracing::info!(target: "parjar", stage = stage.as_str(), reason = reason.label(), client_id, clock_offset, "refused");
            }
            Event::Opened { client_id } => {
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), "opened");
            }
            Event::Completed { client_id } => {
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), "completed");
            }
            Event::Denied { client_id, error } => {
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), error = error.as_str(), "denied");
            }
            Event::KeysFetched { client_id, usable, skipped } => {
                let skipped = skipped.len();
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), usable, skipped, "keys fetched");
            }
            Event::KeysNotFetched { client_id, error: _, stale } => {
                tracing::warn!(target: "parjar", client_id = ?shortened(client_id), stale, "keys not fetched");
            }
            Event::ClientUnusable { client_id, error } => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                let cause = cause.as_ref().map(tracing::field::debug);
                tracing::warn!(target: "parjar", client_id = ?shortened(client_id), cause, "client unusable");
            }
            Event::HygieneSkipped { client_id, marks } => {
                tracing::warn!(target: "parjar", client_id = ?shortened(client_id), marks, "hygiene skipped");
            }
            Event::ResponseNotSigned { client_id, error: _ } => {
                tracing::error!(target: "parjar", client_id = ?shortened(client_id), "response not signed");
            }
            Event::AnsweredAgain { client_id } => {
                tracing::info!(target: "parjar", client_id = ?shortened(client_id), "answered again");
            }
            Event::NonceKeyNotShared => {
                tracing::warn!(target: "parjar", "nonce key not shared");
            }
            Event::Replayed { client_id } => {
                tracing::warn!(target: "parjar", client_id = ?shortened(client_id), "replayed");
            }
        }
    }
}
