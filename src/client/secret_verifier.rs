//! Secrets that the host verifies.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::cause::opaque_error;

/// Checks client secrets in a way of the host's own, such as a slow password hash. See
/// [`Client::with_secret_verifier`](crate::Client::with_secret_verifier).
///
/// Write the method as a plain `async fn`. Hand work that takes more than a millisecond over to other threads, so that the
/// executor can answer other requests in the meantime:
///
/// ```
/// use parjar::{SecretVerifier, VerifierError};
///
/// struct Slow;
/// # fn is_secret_of(_: &str, secret: &[u8]) -> bool { secret == b"s3cret" }
///
/// impl SecretVerifier for Slow {
///     async fn verify(&self, client_id: &str, secret: &[u8]) -> Result<bool, VerifierError> {
///         let (client_id, secret) = (client_id.to_owned(), secret.to_owned());
///         let hashed = tokio::task::spawn_blocking(move || is_secret_of(&client_id, &secret));
///         hashed.await.map_err(VerifierError::new)
///     }
/// }
/// ```
///
/// The secrets of clients that do not exist are verified as well, with
/// [`ClientRegistry::stand_in`](crate::ClientRegistry::stand_in): a verifier that takes equally long for each client does not tell
/// which clients exist.
pub trait SecretVerifier: Send + Sync + 'static {
    /// Returns `true` if `secret` is a secret of the client. It has 1 to 512 bytes.
    ///
    /// # Errors
    ///
    /// When the verifier cannot tell. The request is refused with `temporarily_unavailable`.
    fn verify(&self, client_id: &str, secret: &[u8]) -> impl Future<Output = Result<bool, VerifierError>> + Send;
}

impl<T: SecretVerifier> SecretVerifier for Arc<T> {
    fn verify(&self, client_id: &str, secret: &[u8]) -> impl Future<Output = Result<bool, VerifierError>> + Send {
        (**self).verify(client_id, secret)
    }
}

opaque_error! {
    /// A client secret could not be verified.
    VerifierError, "the client secret could not be verified"
}

/// The twin of [`SecretVerifier`] that can be a trait object.
pub(crate) trait DynSecretVerifier: Send + Sync {
    fn verify_boxed<'a>(
        &'a self,
        client_id: &'a str,
        secret: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<bool, VerifierError>> + Send + 'a>>;
}

impl<T: SecretVerifier> DynSecretVerifier for T {
    fn verify_boxed<'a>(
        &'a self,
        client_id: &'a str,
        secret: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<bool, VerifierError>> + Send + 'a>> {
        Box::pin(self.verify(client_id, secret))
    }
}
