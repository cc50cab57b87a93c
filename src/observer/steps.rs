//! How long the steps of an operation took.

use std::time::Duration;

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident $label:literal;)*) => {
        /// A step of an operation.
        ///
        /// Some steps are parts of others: [`Keys`](Self::Keys) of [`Authentication`](Self::Authentication) and of
        /// [`RequestObject`](Self::RequestObject), [`Decryption`](Self::Decryption) of the latter. So they do not add up to the
        /// [total](Steps::total).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Step {
            $($(#[$doc])* $variant,)*
        }

        impl Step {
            /// Every step.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns a label for a metric: stable, in `snake_case`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }
        }
    };
}

steps! {
    /// Looking the client up in the [`ClientRegistry`](crate::ClientRegistry).
    LookUp "look_up";
    /// Verifying what a client authenticates with, and the work that hides why it was refused.
    Authentication "authentication";
    /// Finding the keys at the `jwks_uri` of a client: fetching them, waiting for another request that does, or finding them in the cache.
    Keys "keys";
    /// Verifying a DPoP proof.
    Proof "proof";
    /// Opening a request object, with all that belongs to it.
    RequestObject "request_object";
    /// Decrypting a request object.
    Decryption "decryption";
    /// Validating the parameters, by the rules of the host too.
    Validation "validation";
    /// Waiting for the store.
    Store "store";
    /// Making the authorization response, which the [`ResponseSigner`](crate::ResponseSigner) may have to sign.
    Response "response";
}

/// The number of steps.
pub(crate) const STEPS: usize = Step::ALL.len();

/// How long an operation took until its outcome was reported, and each of its steps.
///
/// The times are by [`Clock::elapsed`](crate::Clock::elapsed) of the endpoint's clock, which is not asked where there is no observer.
///
/// ```
/// use parjar::{Event, ParEndpoint, Step};
///
/// let builder = ParEndpoint::builder("https://as.example.com").observer(|event: &Event<'_>| {
///     if let Event::Pushed { steps, .. } = event
///         && let Some(store) = steps.of(Step::Store)
///     {
///         println!("{store:?} of {:?} in the store", steps.total());
///     }
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    total: Duration,
    steps: [Option<Duration>; STEPS],
}

impl Steps {
    pub(crate) fn new(total: Duration, steps: [Option<Duration>; STEPS]) -> Self {
        Self { total, steps }
    }

    /// Returns the time from the beginning of the operation to its outcome.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Returns the time that a step took, or `None` if the operation did not come to it. A step that was made several times counts with
    /// the sum.
    #[must_use]
    pub fn of(&self, step: Step) -> Option<Duration> {
        self.steps.get(step as usize).copied().flatten()
    }

    /// Returns the steps that were made, with their times.
    pub fn iter(&self) -> impl Iterator<Item = (Step, Duration)> {
        Step::ALL.iter().zip(self.steps).filter_map(|(step, time)| Some((*step, time?)))
    }
}
