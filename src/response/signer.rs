//! The signer of authorization responses (JWT Secured Authorization Response Mode, JARM). The key is the host's.

use crate::{client::Client, jose::SigningAlgorithm};

/// Signs authorization responses with a key of the host's, for the response modes `jwt`, `query.jwt`, `fragment.jwt` and
/// `form_post.jwt`. Publish the public half at the host's `jwks_uri`.
///
/// It is called on the request path and by an executor's thread, when the redirect is made, so it is not asynchronous: a
/// signature with a key in memory takes less than a millisecond. One that asks another machine should hand its work over, with
/// `tokio::task::block_in_place` for instance.
///
/// ```
/// use josekit::{jwk::Jwk, jws::{self, ES256, JwsHeader}};
/// use parjar::{Client, ParEndpoint, ResponseSigner, jose::SigningAlgorithm};
///
/// struct Signer(Jwk);
///
/// impl ResponseSigner for Signer {
///     fn algorithms(&self) -> &[SigningAlgorithm] {
///         &[SigningAlgorithm::Es256]
///     }
///
///     fn sign(&self, _client: &Client, _algorithm: SigningAlgorithm, claims: &str) -> Option<String> {
///         let signer = ES256.signer_from_jwk(&self.0).ok()?;
///         jws::serialize_compact(claims.as_bytes(), &JwsHeader::new(), &signer).ok()
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

    /// A compact JWT with exactly these claims, which are the text of a JSON object: `iss`, `aud`, `exp` and the parameters of
    /// the response.
    ///
    /// The algorithm is one of [`algorithms`](Self::algorithms): what the client has registered as
    /// `authorization_signed_response_alg`, or RS256 if it has registered nothing, or the preferred one where RS256 is not among
    /// them. A client that has registered another one is refused these response modes. A host that encrypts responses does it
    /// here, for clients whose [`metadata`](Client::metadata) says `authorization_encrypted_response_alg`.
    ///
    /// `None` when it cannot. Nothing is sent to the client then, since it could not believe it: the browser gets a page with
    /// status 500. The reason is for the host's own logs.
    fn sign(&self, client: &Client, algorithm: SigningAlgorithm, claims: &str) -> Option<String>;
}

/// The algorithm for a client, if there is one (JARM section 3).
pub(crate) fn algorithm_for(signer: &dyn ResponseSigner, client: &Client) -> Option<SigningAlgorithm> {
    let offered = signer.algorithms();
    let find = |wanted: SigningAlgorithm| offered.iter().copied().find(|algorithm| algorithm.is_same(wanted));
    match client.authorization_signed_response_alg() {
        Some(registered) => find(registered),
        None => find(SigningAlgorithm::Rs256).or(offered.first().copied()),
    }
}
