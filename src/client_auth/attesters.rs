//! Client attestations ([draft-ietf-oauth-attestation-based-client-auth]): authentication of the single instances of a client,
//! such as wallets on phones, which can keep no secret that all of them know.
//!
//! An instance makes a key pair. An *attester*, usually the maker of the app, looks at the instance and signs a JWT with the public
//! key in its `cnf`: the *attestation*. The instance sends it in a header `OAuth-Client-Attestation`, together with a *proof of
//! possession* that it signs itself: a JWT in a header `OAuth-Client-Attestation-PoP` (`attest_jwt_client_auth`), or a
//! [DPoP proof](crate::dpop) with the same key (`attest_jwt_client_auth_dpop`).
//!
//! ```
//! use parjar::{AuthenticationMethod, Client, ClientRegistration, InMemoryRegistry, ParEndpoint, Policy};
//! use parjar::{attesters::{Attester, AttesterError, AttesterKeys}, jose::VerificationKeys};
//!
//! struct Trusted(VerificationKeys);
//!
//! impl AttesterKeys for Trusted {
//!     async fn keys(&self, attester: &Attester<'_>) -> Result<VerificationKeys, AttesterError> {
//!         match attester.issuer() {
//!             Some("https://attester.example.com") => Ok(self.0.clone()),
//!             _ => Err(AttesterError::Untrusted),
//!         }
//!     }
//! }
//!
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "wallet", "token_endpoint_auth_method": "attest_jwt_client_auth",
//!       "redirect_uris": ["https://wallet.example.com/cb"]
//!     }"#,
//! )?;
//! let mut policy = Policy::oauth();
//! policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::AttestJwtClientAuth];
//! policy.client_attestation.require_challenge = true;
//! let keys = VerificationKeys::parse(
//!     r#"{ "keys": [ {
//!       "kty": "EC", "crv": "P-256", "kid": "11",
//!       "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
//!     } ] }"#,
//! )?;
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .policy(policy)
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .attester_keys(Trusted(keys))
//!     .challenge_endpoint("https://as.example.com/challenge")
//!     .build()?;
//!
//! // POST /challenge
//! let reply = par.challenge_reply().unwrap();
//! assert_eq!(reply.status(), 200);
//! assert!(reply.body().starts_with(r#"{"attestation_challenge":""#));
//! assert_eq!(par.metadata()["challenge_endpoint"], "https://as.example.com/challenge");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! From there on [`ParEndpoint::push`](crate::ParEndpoint::push) and
//! [`ParEndpoint::authenticate_client`](crate::ParEndpoint::authenticate_client) take attestations like any other credentials.
//! The key of the instance goes along with the request, as
//! [`Confirmation::client_instance`](crate::Confirmation::client_instance): refuse a code, and a refresh token, that was given to
//! another instance ([`AuthenticatedClient::fulfils`](crate::AuthenticatedClient::fulfils)).
//!
//! # What an attestation must be
//!
//! * One header with one compact JWS, of the `typ` `oauth-client-attestation+jwt`, signed with a key that [`AttesterKeys`] gives for
//!   it, by one of [`signing_alg_values_supported`](crate::ClientAttestationPolicy::signing_alg_values_supported). MACs are not
//!   offered: a party that can verify one can make one.
//! * `sub` is the `client_id` of a client that is registered for this method. A `client_id` in the form must be the same.
//! * `cnf` has a `jwk`: a public key as strong as any that could be registered.
//! * `exp` is not over, and `iat` not older than [`max_age`](crate::ClientAttestationPolicy::max_age). If nothing but this is
//!   wrong, the answer is `use_fresh_attestation`.
//!
//! # What a proof of possession must be
//!
//! * One header with one compact JWS, of the `typ` `oauth-client-attestation-pop+jwt`, signed with the key of the attestation, by
//!   one of [`pop_signing_alg_values_supported`](crate::ClientAttestationPolicy::pop_signing_alg_values_supported).
//! * `aud` is the issuer, and nothing else.
//! * `iat` is at most [`pop_lifetime`](crate::ClientAttestationPolicy::pop_lifetime) seconds ago, and at most
//!   [`clock_leeway`](crate::Policy::clock_leeway) seconds ahead.
//! * `challenge` was handed out within the last minutes, where
//!   [`require_challenge`](crate::ClientAttestationPolicy::require_challenge) demands it. If nothing but this is wrong, the answer is
//!   `use_attestation_challenge`, with one to try again with. It uses up nothing.
//! * `jti` is new for this key. The store remembers it in the same step that the request succeeds in, so that a push that is refused
//!   can be repeated with the same proof.
//!
//! A DPoP proof that takes its place is verified as any other. In addition its key must be the one of the attestation, and the challenge
//! comes as its `nonce`.
//!
//! # Beside other credentials
//!
//! An attestation beside a secret or an assertion is not looked at, and does not count as a second method: the draft allows it as a
//! further signal, which this library has no use for.
//!
//! [draft-ietf-oauth-attestation-based-client-auth]: https://datatracker.ietf.org/doc/draft-ietf-oauth-attestation-based-client-auth/

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{client::Client, error_text::debug_by_display, jose::VerificationKeys};

/// Knows which attesters are trusted, and their keys. The host implements it.
///
/// It is asked before the signature is verified: an attacker who knows a `client_id` can make up all of an [`Attester`]. So an
/// implementation should look keys up among trusted ones, not fetch them from an address in there, and be quick.
pub trait AttesterKeys: Send + Sync + 'static {
    /// The public keys of this attester, as far as it may vouch for this client.
    ///
    /// With [certificates](Attester::certificates), as OpenID4VC HAIP has it, this is where their chain is verified up to a root that
    /// the host trusts for attestations. The key is then that of the first certificate, without a `kid`.
    ///
    /// # Errors
    ///
    /// When the attester is not trusted, or its keys cannot be looked up.
    fn keys(&self, attester: &Attester<'_>) -> impl Future<Output = Result<VerificationKeys, AttesterError>> + Send;
}

impl<T: AttesterKeys> AttesterKeys for Arc<T> {
    fn keys(&self, attester: &Attester<'_>) -> impl Future<Output = Result<VerificationKeys, AttesterError>> + Send {
        (**self).keys(attester)
    }
}

/// The attester that an attestation claims to come from. The client exists; nothing else of it has been verified.
#[derive(Clone, Copy)]
pub struct Attester<'a> {
    pub(crate) client: &'a Client,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) kid: Option<&'a str>,
    pub(crate) certificates: &'a [Vec<u8>],
}

impl<'a> Attester<'a> {
    /// The client that it vouches for.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// `iss`
    #[must_use]
    pub fn issuer(&self) -> Option<&'a str> {
        self.issuer
    }

    /// `kid` of the header, at most 256 bytes
    #[must_use]
    pub fn kid(&self) -> Option<&'a str> {
        self.kid
    }

    /// `x5c` of the header: at most 8 certificates, DER, the one of the key first. They have not been parsed.
    #[must_use]
    pub fn certificates(&self) -> &'a [Vec<u8>] {
        self.certificates
    }
}

impl fmt::Debug for Attester<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attester").field("client_id", &self.client.client_id()).finish_non_exhaustive()
    }
}

/// A failure to find the keys of an attester. The sender of the attestation gets the same answer for each.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttesterError {
    /// It is unknown, or not trusted for this client.
    #[error("the attester is not trusted")]
    Untrusted,
    /// Its keys could not be looked up.
    #[error("the keys of the attester could not be looked up")]
    Unavailable,
}

debug_by_display!(AttesterError);

/// The twin of [`AttesterKeys`] that can be a trait object.
pub(crate) trait DynAttesterKeys: Send + Sync {
    fn keys_boxed<'a>(
        &'a self,
        attester: &'a Attester<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<VerificationKeys, AttesterError>> + Send + 'a>>;
}

impl<T: AttesterKeys> DynAttesterKeys for T {
    fn keys_boxed<'a>(
        &'a self,
        attester: &'a Attester<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<VerificationKeys, AttesterError>> + Send + 'a>> {
        Box::pin(self.keys(attester))
    }
}
