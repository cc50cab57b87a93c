//! Where clients are looked up.

use std::{collections::HashMap, fmt, future::Future, pin::Pin, sync::Arc};

use super::{Client, RegistryError, RegistryFaults};
use crate::{error_text::debug_by_display, shared_value::SharedValue};

/// Finds clients by `client_id`. Implemented by [`InMemoryRegistry`], and by hosts over their databases.
///
/// Write the method as a plain `async fn`. A client is looked up for every push, every opening of a `request_uri` and every call to
/// the token endpoint, so a registry in front of a database should cache, as `CachedRegistry` does (feature `cached`).
///
/// ```
/// use std::sync::Arc;
/// use parjar::{Client, ClientRegistry, RegistryError};
///
/// struct OnlyOne(Arc<Client>);
///
/// impl ClientRegistry for OnlyOne {
///     async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
///         Ok((self.0.client_id() == client_id).then(|| self.0.clone()))
///     }
/// }
/// ```
pub trait ClientRegistry: Send + Sync {
    /// The client with this `client_id`, or `None`.
    ///
    /// A look-up may disregard the case of ASCII letters. From there on the name counts under which the client is registered, that of
    /// the [`Client`]: in parameters, records, marks, events and answers. Request objects must have that name. A client
    /// whose name differs in more counts as `None`.
    ///
    /// # Errors
    ///
    /// When the registry [cannot tell](RegistryError::new), and when it knows the client and
    /// [it cannot be used](RegistryError::unusable_client).
    fn client(&self, client_id: &str) -> impl Future<Output = Result<Option<Arc<Client>>, RegistryError>> + Send;

    /// A client whose secrets are verified in place of those of a client that does not exist, or that sends none in this way, so
    /// that all refusals take the same time. Needed only when secrets are verified by a
    /// [`SecretVerifier`](crate::SecretVerifier) that is slower than a digest. The outcome is a refusal in any case.
    fn stand_in(&self) -> Option<Arc<Client>> {
        None
    }

    /// Takes the place where the registry reports what its answers do not show: that it goes on with what it knew, because what it asks
    /// is down. An endpoint calls it when it is built, and [`with_clients`](crate::ParEndpoint::with_clients) does. A registry in
    /// front of another passes it on.
    fn report_faults_to(&self, faults: RegistryFaults) {
        let _ = faults;
    }

    /// Returns `true` if clients can be URLs of metadata documents, for the metadata
    /// (`client_id_metadata_document_supported`). A registry around another one passes on what that says.
    fn has_metadata_documents(&self) -> bool {
        false
    }
}

/// The second registry is asked for clients that the first one does not know. If the first one fails, so does the look-up.
impl<A: ClientRegistry, B: ClientRegistry> ClientRegistry for (A, B) {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        match self.0.client(client_id).await? {
            Some(client) => Ok(Some(client)),
            None => self.1.client(client_id).await,
        }
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        self.0.stand_in().or_else(|| self.1.stand_in())
    }

    fn report_faults_to(&self, faults: RegistryFaults) {
        self.0.report_faults_to(faults.clone());
        self.1.report_faults_to(faults);
    }

    fn has_metadata_documents(&self) -> bool {
        self.0.has_metadata_documents() || self.1.has_metadata_documents()
    }
}

impl<T: ClientRegistry + ?Sized> ClientRegistry for Arc<T> {
    fn client(&self, client_id: &str) -> impl Future<Output = Result<Option<Arc<Client>>, RegistryError>> + Send {
        (**self).client(client_id)
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        (**self).stand_in()
    }

    fn report_faults_to(&self, faults: RegistryFaults) {
        (**self).report_faults_to(faults);
    }

    fn has_metadata_documents(&self) -> bool {
        (**self).has_metadata_documents()
    }
}

/// Clients in memory. Clones share them, so that a clone kept by the host can replace them at run time.
///
/// ```
/// use parjar::{Client, ClientRegistration, InMemoryRegistry};
///
/// let registration: ClientRegistration = serde_json::from_str(
///     r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
/// )?;
/// let registry = InMemoryRegistry::new([Client::try_from(registration)?])?;
/// let handle = registry.clone();
/// // ... ParEndpoint::builder(..).clients(registry) ...
/// handle.replace([])?; // from now on no client is known
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct InMemoryRegistry {
    clients: SharedValue<Clients>,
}

type Clients = HashMap<Box<str>, Arc<Client>>;

/// Two clients of the same name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("client_id {0:?} is registered twice")]
pub struct DuplicateClient(Box<str>);

debug_by_display!(DuplicateClient);

impl DuplicateClient {
    /// The name.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.0
    }
}

impl InMemoryRegistry {
    /// A registry of these clients.
    ///
    /// # Errors
    ///
    /// When two of them have the same `client_id`.
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Result<Self, DuplicateClient> {
        Ok(Self { clients: SharedValue::new(index(clients)?) })
    }

    /// Puts other clients in the place of all present ones, at once. A request that is being answered goes on with what it
    /// has found.
    ///
    /// # Errors
    ///
    /// When two of them have the same `client_id`; then nothing changes.
    pub fn replace(&self, clients: impl IntoIterator<Item = Client>) -> Result<(), DuplicateClient> {
        self.clients.replace(index(clients)?);
        Ok(())
    }

    /// Returns the present clients, which stay as they are for the caller when others take their place. It takes no copies:
    ///
    /// ```
    /// use parjar::{Client, ClientRegistration, InMemoryRegistry, Policy, Profile};
    ///
    /// let registration: ClientRegistration = serde_json::from_str(
    ///     r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
    /// )?;
    /// let registry = InMemoryRegistry::new([Client::try_from(registration)?])?;
    /// let findings = Policy::oauth().lint(Profile::Oauth, &registry.clients());
    /// assert_eq!((findings[0].label(), findings[0].client_id()), ("short_secret", Some("web")));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clients(&self) -> RegisteredClients {
        RegisteredClients(self.clients.get())
    }
}

/// The clients of an [`InMemoryRegistry`] at one moment.
#[derive(Clone)]
pub struct RegisteredClients(Arc<Clients>);

impl RegisteredClients {
    /// Returns the clients in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Client>> {
        let mut clients: Vec<&Arc<Client>> = self.0.values().collect();
        clients.sort_unstable_by_key(|client| client.client_id());
        clients.into_iter()
    }
}

impl<'a> IntoIterator for &'a RegisteredClients {
    type Item = &'a Client;
    type IntoIter = std::vec::IntoIter<&'a Client>;

    /// For [`Policy::lint`](crate::Policy::lint) and [`ParEndpoint::lint`](crate::ParEndpoint::lint).
    fn into_iter(self) -> Self::IntoIter {
        self.iter().map(|client| &**client).collect::<Vec<_>>().into_iter()
    }
}

impl fmt::Debug for RegisteredClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredClients").field("clients", &self.0.len()).finish()
    }
}

fn index(clients: impl IntoIterator<Item = Client>) -> Result<Clients, DuplicateClient> {
    let mut index = HashMap::new();
    for client in clients {
        let client_id: Box<str> = client.client_id().into();
        if index.insert(client_id.clone(), Arc::new(client)).is_some() {
            return Err(DuplicateClient(client_id));
        }
    }
    Ok(index)
}

impl ClientRegistry for InMemoryRegistry {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        Ok(self.clients.look(|clients| clients.get(client_id).cloned()))
    }
}

impl fmt::Debug for InMemoryRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryRegistry").field("clients", &self.clients.look(HashMap::len)).finish()
    }
}

/// A registry of any type. See [`ParEndpoint::boxed`](crate::ParEndpoint::boxed).
#[derive(Clone)]
pub struct BoxedRegistry(Arc<dyn DynRegistry>);

impl BoxedRegistry {
    /// Forgets the type of a registry.
    pub fn new(registry: impl ClientRegistry + 'static) -> Self {
        Self(Arc::new(registry))
    }
}

impl ClientRegistry for BoxedRegistry {
    async fn client(&self, client_id: &str) -> Found {
        self.0.client_boxed(client_id).await
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        self.0.stand_in_boxed()
    }

    fn report_faults_to(&self, faults: RegistryFaults) {
        self.0.report_faults_to_boxed(faults);
    }

    fn has_metadata_documents(&self) -> bool {
        self.0.has_metadata_documents_boxed()
    }
}

impl fmt::Debug for BoxedRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxedRegistry(..)")
    }
}

type Found = Result<Option<Arc<Client>>, RegistryError>;

trait DynRegistry: Send + Sync {
    fn client_boxed<'a>(&'a self, client_id: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;

    fn stand_in_boxed(&self) -> Option<Arc<Client>>;

    fn report_faults_to_boxed(&self, faults: RegistryFaults);

    fn has_metadata_documents_boxed(&self) -> bool;
}

impl<T: ClientRegistry> DynRegistry for T {
    fn client_boxed<'a>(&'a self, client_id: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(self.client(client_id))
    }

    fn stand_in_boxed(&self) -> Option<Arc<Client>> {
        self.stand_in()
    }

    fn report_faults_to_boxed(&self, faults: RegistryFaults) {
        self.report_faults_to(faults);
    }

    fn has_metadata_documents_boxed(&self) -> bool {
        self.has_metadata_documents()
    }
}
