//! The failures of registries.

use std::{error::Error, fmt};

use crate::{cause::Cause, error_text::debug_by_display};

/// A registry has no client to return: it could not be asked, or the client cannot be used.
#[derive(Clone)]
pub struct RegistryError {
    cause: Cause,
    is_unusable_client: bool,
}

impl RegistryError {
    /// The registry cannot tell. The request is refused with `temporarily_unavailable`, and can be repeated. The cause, be it an error
    /// or a text, is for the log of the host, by way of `source()`: neither `Display` nor `Debug` shows it, and a client never
    /// learns of it.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Cause::new(cause), is_unusable_client: false }
    }

    /// The registry knows the client, and it cannot be used: its metadata document is invalid, or its row does not parse. The request
    /// is refused as that of an unknown client is, after the same work and with the same answer. The reason reaches
    /// observers as [`Event::ClientUnusable`](crate::Event::ClientUnusable), and `TracingObserver` writes it: **keep secrets and values
    /// of the registration out of it**. The texts of [`RegistrationError`](crate::RegistrationError) are fit for that.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use parjar::{Client, ClientRegistration, ClientRegistry, RegistryError};
    ///
    /// struct Rows;
    /// # impl Rows { async fn row(&self, _: &str) -> Result<Option<String>, std::io::Error> { Ok(None) } }
    ///
    /// impl ClientRegistry for Rows {
    ///     async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
    ///         let Some(row) = self.row(client_id).await.map_err(RegistryError::new)? else { return Ok(None) };
    ///         // Reading a registration never shows a value in an error.
    ///         let registration: ClientRegistration = serde_json::from_str(&row).map_err(RegistryError::unusable_client)?;
    ///         Client::try_from(registration).map(|client| Some(Arc::new(client))).map_err(RegistryError::unusable_client)
    ///     }
    /// }
    /// ```
    pub fn unusable_client(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Cause::new(reason), is_unusable_client: true }
    }

    /// Returns `true` if the client cannot be used, and `false` if the registry could not be asked.
    #[must_use]
    pub fn is_unusable_client(&self) -> bool {
        self.is_unusable_client
    }
}

impl From<RegistryError> for Cause {
    fn from(error: RegistryError) -> Self {
        error.cause
    }
}

impl Error for RegistryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_error())
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_unusable_client {
            true => "the client cannot be used",
            false => "the client registry is unavailable",
        })
    }
}

debug_by_display!(RegistryError);
