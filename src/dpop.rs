//! DPoP (RFC 9449): tokens that are bound to a key, and good only together with a proof by it.
//!
//! A client makes a key pair and signs a small JWT with it for each request, the *proof*, which it sends in a `DPoP` header: for
//! this method (`htm`), this URI (`htu`), now (`iat`), once (`jti`), and at a resource for this access token (`ath`). The
//! [`Thumbprint`](crate::Thumbprint) of the key goes along with the authorization request, the code and the tokens: a thief of
//! one of those cannot use it without the key.
//!
//! # In three places
//!
//! **The push.** [`ParEndpoint::push`](crate::ParEndpoint::push) verifies the proof in the `DPoP` header, if there is one. Its key,
//! or the one that the parameter `dpop_jkt` names, is stored with the request (section 10); where there are both they must be the
//! same. The host keeps
//! [`AuthorizationRequest::confirmation`](crate::AuthorizationRequest::confirmation) with the code.
//!
//! **The token endpoint.** [`ParEndpoint::authenticate_client`](crate::ParEndpoint::authenticate_client) verifies the proof too.
//! It has to know the URL of that endpoint ([`token_endpoint`](crate::ParEndpointBuilder::token_endpoint)).
//!
//! ```
//! use parjar::{Confirmation, ParEndpoint, FormRequest, Refusal, Reply};
//!
//! async fn token(par: &ParEndpoint, request: &FormRequest<'_>, code_is_bound_to: Confirmation) -> Result<(), Reply> {
//!     let authenticated = par.authenticate_client(request).await?;
//!     let client = authenticated.client();
//!     if !client.fulfils(code_is_bound_to) {
//!         // ... `invalid_grant`
//!     }
//!     if let Some(jkt) = client.confirmation().jkt {
//!         // ... `"token_type": "DPoP"`, and `"cnf": { "jkt": jkt }` in the access token, or in what introspection tells of it.
//!         // The same for the refresh token of a client without credentials.
//!         println!("{jkt}");
//!     }
//!     if let Some(nonce) = par.dpop_nonce() {
//!         // ... `DPoP-Nonce: {nonce}`
//!         println!("{nonce}");
//!     }
//!     Ok(())
//! }
//! ```
//!
//! **A resource.** [`ParEndpoint::verify_dpop_proof`](crate::ParEndpoint::verify_dpop_proof), once the token was found good:
//!
//! ```
//! use parjar::{ParEndpoint, Reply, Thumbprint, dpop::{ResourceRequest, challenge}};
//!
//! async fn accounts(par: &ParEndpoint, headers: Vec<(&str, &[u8])>) -> Result<(), Reply> {
//!     let request = ResourceRequest::new("GET", "https://api.example.com/accounts", headers);
//!     let Some(token) = request.access_token() else {
//!         // ... a 401 with this as its `WWW-Authenticate`
//!         println!("{}", challenge(&par.policy().dpop_signing_alg_values_supported, None));
//!         return Ok(());
//!     };
//!     let jkt = jkt_of(token);
//!     par.verify_dpop_proof(&request, jkt).await?;
//!     Ok(())
//! }
//!
//! /// The key that the token is bound to. Refuse one that is bound to none.
//! fn jkt_of(token: &str) -> Thumbprint {
//!     # let _ = token;
//!     // ... `cnf.jkt`
//!     Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I").unwrap()
//! }
//! ```
//!
//! # What a proof must be
//!
//! * One `DPoP` header with one compact JWS, of the `typ` `dpop+jwt`, with a public key in its header that is as strong as
//!   any that could be registered, and signed with that by one of
//!   [`dpop_signing_alg_values_supported`](crate::Policy::dpop_signing_alg_values_supported).
//! * `htm` is the method, letter by letter. `htu` is the URI without query and fragment, as a [`TargetUri`].
//! * `iat` is at most [`dpop_proof_lifetime`](crate::Policy::dpop_proof_lifetime) seconds ago, and at most
//!   [`clock_leeway`](crate::Policy::clock_leeway) seconds ahead.
//! * `jti` is 1 to 256 bytes long, and new for this key and URI. The store remembers it in the same step that
//!   the request succeeds in, so that a request that is refused can be repeated with the same proof.
//! * `nonce` was handed out within the last minutes, where
//!   [`require_dpop_nonce`](crate::Policy::require_dpop_nonce) demands it. This is looked at first: a refusal for its sake uses up
//!   nothing, neither the proof nor a client assertion, and brings the nonce to try again with.
//! * `ath` is the digest of the access token, at a resource.
//!
//! # Elsewhere
//!
//! [`Proof`], [`Nonces`] and [`TargetUri`] are for hosts that meet proofs in other places. They keep nothing: the host itself checks that
//! a proof is new.
//!
//! ```
//! use parjar::{Clock, Policy, SystemClock, jose::TokenFault, dpop::{Proof, Purpose, TargetUri}};
//!
//! // RFC 9449 section 4.1
//! let header = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo\
//!               RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqd\
//!               GkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYy\
//!               MjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
//! let proof = Proof::parse(header)?;
//! let token_endpoint = [TargetUri::parse("https://server.example.com/token").unwrap()];
//! let purpose = Purpose::new("POST", &token_endpoint);
//!
//! let then = SystemClock.now().replace_year(2019)?.replace_ordinal(1)?;
//! assert_eq!(proof.verify(&purpose, &Policy::oauth(), then).err(), Some(TokenFault::NotYetValid));
//! assert_eq!(proof.verify(&purpose, &Policy::oauth(), SystemClock.now()).err(), Some(TokenFault::Lifetime));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod nonces;
mod proof;
mod resource;
mod target_uri;

pub use self::{
    nonces::{NonceKeyError, Nonces, RecentNonce},
    proof::{Proof, Proven, Purpose},
    resource::{ResourceRefusal, ResourceRequest, challenge},
    target_uri::TargetUri,
};
