//! The signer of authorization responses (JWT Secured Authorization Response Mode, JARM). The key is the host's.

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{
    cause::opaque_error,
    client::{Client, ResponseAlgorithm},
    jose::SigningAlgorithm,
};

/// Signs authorization responses with a key of the host's, for the response modes `jwt`, `query.jwt`, `fragment.jwt` and
/// `form_post.jwt`. Publish the public half at the host's `jwks_uri`.
///
/// Write the method as a plain `async fn`. A signature with a key in memory takes less than a millisecond and can be made in place;
/// a key management service is awaited.
///
/// ```
/// use josekit::{jwk::Jwk, jws::{self, ES256, JwsHeader}};
/// use parjar::{Client, ParEndpoint, ResponseSigner, SignerError, jose::SigningAlgorithm};
///
/// struct Signer(Jwk);
///
/// impl ResponseSigner for Signer {
///     fn algorithms(&self) -> &[SigningAlgorithm] {
///         &[SigningAlgorithm::Es256]
///     }
///
///     async fn sign(&self, _client: &Client, _: SigningAlgorithm, claims: &str) -> Result<String, SignerError> {
///         let signer = ES256.signer_from_jwk(&self.0).map_err(SignerError::new)?;
///         jws::serialize_compact(claims.as_bytes(), &JwsHeader::new(), &signer).map_err(SignerError::new)
///     }
/// }
///
/// # let key = Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).unwrap();
/// let builder = ParEndpoint::builder("https://as.example.com").response_signer(Signer(key));
/// ```
pub trait ResponseSigner: Send + Sync + 'static {
    /// The algorithms that it can sign with, the preferred one first. They are published as
    /// `authorization_signing_alg_values_supported`.
    fn algorithms(&self) -> &[SigningAlgorithm];

    /// Signs these claims, which are the text of a JSON object (`iss`, `aud`, `exp` and the parameters of the response), and
    /// returns a compact JWT with exactly these.
    ///
    /// The algorithm is one of [`algorithms`](Self::algorithms): what the client has registered as
    /// `authorization_signed_response_alg`, or RS256 if it has registered nothing, or the preferred one where RS256 is not among
    /// them. A client that has registered another one is refused these response modes. A host that encrypts responses does it
    /// here, for clients whose [`metadata`](Client::metadata) says `authorization_encrypted_response_alg`.
    ///
    /// # Errors
    ///
    /// When it cannot sign. Nothing is sent to the client then, since the client could not believe it. The error reaches the host
    /// as [`Event::ResponseNotSigned`](crate::Event::ResponseNotSigned), and as the source of the refusal.
    fn sign(
        &self,
        client: &Client,
        algorithm: SigningAlgorithm,
        claims: &str,
    ) -> impl Future<Output = Result<String, SignerError>> + Send;
}

impl<T: ResponseSigner> ResponseSigner for Arc<T> {
    fn algorithms(&self) -> &[SigningAlgorithm] {
        (**self).algorithms()
    }

    fn sign(
        &self,
        client: &Client,
        algorithm: SigningAlgorithm,
        claims: &str,
    ) -> impl Future<Output = Result<String, SignerError>> + Send {
        (**self).sign(client, algorithm, claims)
    }
}

opaque_error! {
    /// An authorization response could not be signed.
    SignerError, "the authorization response could not be signed"
}

/// The twin of [`ResponseSigner`] that can be a trait object.
pub(crate) trait DynResponseSigner: Send + Sync {
    fn offered(&self) -> &[SigningAlgorithm];

    fn sign_boxed<'a>(
        &'a self,
        client: &'a Client,
        algorithm: SigningAlgorithm,
        claims: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<String, SignerError>> + Send + 'a>>;
}

impl<T: ResponseSigner> DynResponseSigner for T {
    fn offered(&self) -> &[SigningAlgorithm] {
        self.algorithms()
    }

    fn sign_boxed<'a>(
        &'a self,
        client: &'a Client,
        algorithm: SigningAlgorithm,
        claims: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<String, SignerError>> + Send + 'a>> {
        Box::pin(self.sign(client, algorithm, claims))
    }
}

/// The algorithm for a client, if there is one (JARM section 3).
pub(crate) fn algorithm_for(signer: &dyn DynResponseSigner, client: &Client) -> Option<SigningAlgorithm> {
    let offered = signer.offered();
    let find = |wanted: SigningAlgorithm| offered.iter().copied().find(|algorithm| algorithm.is_same(wanted));
    match client.response_algorithm() {
        ResponseAlgorithm::Only(registered) => find(registered),
        ResponseAlgorithm::None => None,
        ResponseAlgorithm::Any => find(SigningAlgorithm::Rs256).or(offered.first().copied()),
    }
}
