//! The interface behind which the host asks its database.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use serde::Deserialize as _;
use serde_json::Value;

use crate::client::{ClientRegistration, RegistryError};

/// Loads the registration of a client. The host implements it over its database; [`CachedRegistry`](crate::CachedRegistry) decides when.
///
/// Closures are loaders, of any `Fn(String) -> impl Future<Output = Result<Option<R>, E>>` whose `R` is a [`ClientRegistration`], a
/// [`serde_json::Value`] or a JSON text that is read as one, or a [`LoadedClient`].
///
/// An error says that the database could not be asked. One that is a [`RegistryError`] counts as what it is, so that a loader can say
/// by [`RegistryError::unusable_client`] that there is a row and that it cannot be used.
///
/// ```
/// use parjar::{ClientLoader, ClientRegistration, LoadedClient, RegistryError};
///
/// struct Rows;
/// # impl Rows { async fn secret_of(&self, _: &str) -> Result<Option<String>, std::io::Error> { Ok(None) } }
///
/// impl ClientLoader for Rows {
///     type Error = std::io::Error;
///
///     async fn load(&self, client_id: &str) -> Result<Option<LoadedClient>, std::io::Error> {
///         let Some(secret) = self.secret_of(client_id).await? else { return Ok(None) };
///         let mut registration = ClientRegistration::new(client_id);
///         registration.client_secret = Some(secret.into());
///         registration.redirect_uris = vec!["https://app.example.com/cb".to_owned()];
///         Ok(Some(registration.into()))
///     }
/// }
/// ```
pub trait ClientLoader: Send + Sync + 'static {
    /// The failure of the database.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The registration with this `client_id`, or `None`. A database may disregard the case of ASCII letters, as
    /// [`ClientRegistry::client`](crate::ClientRegistry::client) says.
    ///
    /// # Errors
    ///
    /// When the database could not be asked.
    fn load(&self, client_id: &str) -> impl Future<Output = Result<Option<LoadedClient>, Self::Error>> + Send;
}

impl<F, O, R, E> ClientLoader for F
where
    F: Fn(String) -> O + Send + Sync + 'static,
    O: Future<Output = Result<Option<R>, E>> + Send,
    R: Into<LoadedClient>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Error = E;

    fn load(&self, client_id: &str) -> impl Future<Output = Result<Option<LoadedClient>, E>> + Send {
        let loaded = self(client_id.to_owned());
        async move { Ok(loaded.await?.map(Into::into)) }
    }
}

impl<T: ClientLoader> ClientLoader for Arc<T> {
    type Error = T::Error;

    fn load(&self, client_id: &str) -> impl Future<Output = Result<Option<LoadedClient>, T::Error>> + Send {
        (**self).load(client_id)
    }
}

/// The row of a client as it was loaded: a registration, or the reason for which the row is none.
///
/// ```
/// use std::time::Duration;
/// use parjar::{ClientRegistration, LoadedClient};
///
/// let of_registration = LoadedClient::from(ClientRegistration::new("web"));
/// // A value that is no registration makes its client unusable, and is no failure of the database.
/// let of_json = LoadedClient::from(serde_json::json!({ "client_id": "web", "redirect_uris": 1 }));
/// let shorter = of_registration.with_max_age(Duration::from_secs(5));
/// ```
pub struct LoadedClient {
    pub(super) registration: Result<Box<ClientRegistration>, RegistryError>,
    pub(super) max_age: Option<Duration>,
}

impl LoadedClient {
    /// Shortens the [`lifetime`](crate::CachedRegistryLimits::lifetime) for this client.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age: Some(max_age), ..self }
    }
}

impl From<ClientRegistration> for LoadedClient {
    fn from(registration: ClientRegistration) -> Self {
        Self { registration: Ok(Box::new(registration)), max_age: None }
    }
}

impl From<Value> for LoadedClient {
    fn from(row: Value) -> Self {
        // Reading a registration never shows a value in an error.
        let registration = ClientRegistration::deserialize(row).map(Box::new).map_err(RegistryError::unusable_client);
        Self { registration, max_age: None }
    }
}

impl From<String> for LoadedClient {
    /// Reads a JSON text.
    fn from(row: String) -> Self {
        let registration = serde_json::from_str(&row).map(Box::new).map_err(RegistryError::unusable_client);
        Self { registration, max_age: None }
    }
}

impl fmt::Debug for LoadedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedClient").field("registration", &self.registration).finish_non_exhaustive()
    }
}

pub(super) type Loading<'a> = Pin<Box<dyn Future<Output = Result<Option<LoadedClient>, RegistryError>> + Send + 'a>>;

/// The twin of [`ClientLoader`] that can be a trait object.
pub(super) trait DynClientLoader: Send + Sync {
    fn load_boxed<'a>(&'a self, client_id: &'a str) -> Loading<'a>;
}

impl<T: ClientLoader> DynClientLoader for T {
    fn load_boxed<'a>(&'a self, client_id: &'a str) -> Loading<'a> {
        Box::pin(async move { self.load(client_id).await.map_err(|error| of_registry(error.into())) })
    }
}

fn of_registry(error: Box<dyn Error + Send + Sync>) -> RegistryError {
    match error.downcast::<RegistryError>() {
        Ok(error) => *error,
        Err(error) => RegistryError::new(error),
    }
}
