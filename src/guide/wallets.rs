//! Wallets: attestations of their makers, and the profile of OpenID4VC (HAIP).
//!
//! A wallet is a client whose instances run on phones and can keep no common secret. Its maker, the *attester*, vouches for each instance by a
//! JWT with the public key of that instance. The wallet sends it with a proof by that key, and the server trusts the attester.
//! [`attesters`](crate::attesters) says what both must be.
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
//!             Some("https://wallet-maker.example.com") => Ok(self.0.clone()),
//!             _ => Err(AttesterError::Untrusted),
//!         }
//!     }
//! }
//!
//! let mut policy = Policy::haip();
//! policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::AttestJwtClientAuth);
//!
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "wallet",
//!       "token_endpoint_auth_method": "attest_jwt_client_auth",
//!       "redirect_uris": ["https://wallet.example.com/cb"]
//!     }"#,
//! )?;
//! # let keys = VerificationKeys::parse(r#"{ "keys": [ { "kty": "EC", "crv": "P-256", "kid": "11",
//! #   "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" } ] }"#)?;
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .policy(policy)
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .attester_keys(Trusted(keys))
//!     .token_endpoint("https://as.example.com/token")
//!     .build()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Choices
//!
//! | choice | setting |
//! | --- | --- |
//! | one proof that serves as DPoP proof too | register and offer `attest_jwt_client_auth_dpop` |
//! | either, as the wallet likes | `token_endpoint_auth_methods` with both, in the registration |
//! | a challenge in each proof, so that none is made in advance | [`require_challenge`](crate::ClientAttestationPolicy::require_challenge), and [`challenge_endpoint`](crate::ParEndpointBuilder::challenge_endpoint) where [`challenge_reply`](ParEndpoint::challenge_reply) answers |
//! | attestations no older than a day | [`max_age`](crate::ClientAttestationPolicy::max_age) of `86400` |
//! | attesters known by certificates, as HAIP has it | [`Attester::certificates`](crate::attesters::Attester::certificates), whose chain the host verifies |
//! | signed requests from verifiers, credentials, presentations | not here: they are no part of the authorization request |
//!
//! # The instance
//!
//! [`Confirmation::client_instance`](crate::Confirmation::client_instance) is the key of the instance. A host keeps it with code and refresh
//! token, with the rest of the [confirmation](super::sender_constrained), and
//! [`AuthenticatedClient::fulfils`](crate::AuthenticatedClient::fulfils) compares it: a code of one phone is no good on another.
//!
//! # Codes that are authorized in advance
//!
//! A wallet may trade such a code without a `client_id`. Then there is no client to authenticate: [`ParEndpoint::authenticate_client`] shows
//! how a host takes these requests out before.

#[cfg(doc)]
use crate::ParEndpoint;
