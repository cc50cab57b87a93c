//! The settings of a registry over a database.

use std::{fmt, sync::Arc};

use super::{
    CachedRegistry,
    cached::Cached,
    limits::{CachedRegistryLimits, CachedRegistryLimitsError},
    loader::{ClientLoader, DynClientLoader},
    prepared::Prepare,
};
use crate::{
    client::{Client, ClientRegistration, RegistrationError},
    clock::{Clock, SystemClock},
};

/// Describes a [`CachedRegistry`].
pub struct CachedRegistryBuilder {
    loader: Box<dyn DynClientLoader>,
    prepare: Box<Prepare>,
    stand_in: Option<Arc<Client>>,
    clock: Arc<dyn Clock>,
    limits: CachedRegistryLimits,
}

impl CachedRegistryBuilder {
    pub(super) fn new(loader: impl ClientLoader) -> Self {
        Self {
            loader: Box::new(loader),
            prepare: Box::new(Client::try_from),
            stand_in: None,
            clock: Arc::new(SystemClock),
            limits: CachedRegistryLimits::default(),
        }
    }

    /// How long answers are believed, and how many are kept.
    #[must_use]
    pub fn limits(self, limits: CachedRegistryLimits) -> Self {
        Self { limits, ..self }
    }

    /// Makes clients of registrations in another way than [`Client::try_from`]: with a
    /// [`SecretVerifier`](crate::SecretVerifier) for instance. It is called when a client is loaded first, and when its registration has
    /// changed.
    ///
    /// ```
    /// use parjar::{CachedRegistry, Client, ClientRegistration, SecretVerifier, VerifierError};
    ///
    /// struct PasswordHash(String);
    ///
    /// impl SecretVerifier for PasswordHash {
    ///     async fn verify(&self, client_id: &str, secret: &[u8]) -> Result<bool, VerifierError> {
    ///         # let argon2_verifies = |_: &str, _: &[u8]| false;
    ///         Ok(argon2_verifies(&self.0, secret))
    ///     }
    /// }
    ///
    /// # let rows = |_: String| async { Ok::<_, std::io::Error>(None::<ClientRegistration>) };
    /// let registry = CachedRegistry::builder(rows).prepare(|mut registration: ClientRegistration| {
    ///     let hash = registration.other.remove("secret_hash");
    ///     let hash = hash.as_ref().and_then(|hash| hash.as_str()).unwrap_or_default().to_owned();
    ///     Client::with_secret_verifier(registration, PasswordHash(hash))
    /// });
    /// ```
    #[must_use]
    pub fn prepare(
        self,
        prepare: impl Fn(ClientRegistration) -> Result<Client, RegistrationError> + Send + Sync + 'static,
    ) -> Self {
        Self { prepare: Box::new(prepare), ..self }
    }

    /// See [`ClientRegistry::stand_in`](crate::ClientRegistry::stand_in).
    #[must_use]
    pub fn stand_in(self, client: impl Into<Arc<Client>>) -> Self {
        Self { stand_in: Some(client.into()), ..self }
    }

    /// Another clock than the system's. The [time limit of a load](CachedRegistryLimits::load_timeout) is by tokio's all the same.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Makes the registry.
    ///
    /// # Errors
    ///
    /// When a limit is outside its bounds.
    pub fn build(self) -> Result<CachedRegistry, CachedRegistryLimitsError> {
        self.limits.check()?;
        Ok(self.checked())
    }

    /// The registry, of limits that were checked or are those by default.
    pub(super) fn checked(self) -> CachedRegistry {
        let Self { loader, prepare, stand_in, clock, limits } = self;
        CachedRegistry(Arc::new(Cached::new(loader, prepare, stand_in, clock, limits)))
    }
}

impl fmt::Debug for CachedRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedRegistryBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}
