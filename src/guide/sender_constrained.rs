//! Sender-constrained tokens from end to end: DPoP and mutual TLS, from the push through the code to the token endpoint and the API.
//!
//! A token that is bound to a key is of no use to a thief. The binding has to hold at each step, and a host that forgets one has none:
//!
//! | step | this crate | the host |
//! | --- | --- | --- |
//! | push | verifies the `DPoP` proof, reads `dpop_jkt` and the certificate, keeps their thumbprints with the request | hands in the certificate ([`FormRequest::with_client_certificate`]) |
//! | code | tells the keys: [`CodeBinding::of`] | keeps it with the code |
//! | token endpoint | verifies proof and certificate ([`ParEndpoint::authenticate_client`]), compares ([`ParEndpoint::check_code`]) | ends the code, writes `cnf` into the token |
//! | refresh | the same | keeps the keys with the refresh token of a public client |
//! | API | verifies the proof: [`ParEndpoint::verify_dpop_proof`] | reads `cnf` of the token; with mutual TLS compares the thumbprint itself |
//!
//! # From the push to the token
//!
//! [`CodeBinding`] is what a host keeps with a code. [`ParEndpoint::check_code`] compares it with the request that redeems the code: client,
//! `redirect_uri`, verifier, and keys.
//!
//! ```
//! use parjar::{CodeBinding, Confirmation, FormRequest, Granted, ParEndpoint, Refusal};
//!
//! fn binding(granted: &Granted) -> CodeBinding {
//!     CodeBinding::of(granted.request()) // `serde` writes it into the row of the code
//! }
//!
//! enum Token {
//!     /// No such code: `TokenError::from(TokenErrorCode::InvalidGrant)`.
//!     Unknown,
//!     /// With `token_type` `DPoP` where `cnf` has `jkt`, and `Bearer` otherwise.
//!     Issued { cnf: Confirmation },
//! }
//!
//! /// `take` deletes the code and returns its row.
//! async fn token(
//!     par: &ParEndpoint,
//!     request: &FormRequest<'_>,
//!     take: impl Fn(&str) -> Option<CodeBinding>,
//! ) -> Result<Token, Refusal> {
//!     let request = par.authenticate_client(request).await?;
//!     let Some(binding) = request.parameters().get("code").and_then(take) else { return Ok(Token::Unknown) };
//!     par.check_code(&request, &binding)?;
//!     Ok(Token::Issued { cnf: request.client().confirmation() })
//! }
//! ```
//!
//! [`Confirmation`] has `jkt` and `x5t_s256`, which are the members of `cnf` in the access token or in the answer of introspection, and
//! `client_instance` for [wallets](super::wallets), which is none. A refresh token of a public client is bound to the same keys
//! ([`fulfils`](AuthenticatedClient::fulfils)).
//!
//! # At the API
//!
//! A resource with DPoP tokens takes the scheme `DPoP`, never `Bearer`, for a token with `cnf.jkt`: [`dpop`](crate::dpop) has the code, with
//! the 401 of a request without a token. With mutual TLS, the API compares [`ClientCertificate::thumbprint`] of the connection with
//! `cnf.x5t#S256` of the token.
//!
//! # DPoP or mutual TLS
//!
//! | | DPoP | mutual TLS |
//! | --- | --- | --- |
//! | the client needs | a key pair | a certificate, and a TLS library that sends it |
//! | the server needs | the URLs that clients see ([`token_endpoint`](crate::ParEndpointBuilder::token_endpoint)) | TLS that asks for certificates, or a proxy that passes them on ([`ForwardedCertificate`]) |
//! | browsers and phones | yes | hardly |
//! | a stolen request | is good for seconds, and once | is no good |
//! | it is demanded by | [`Policy::require_dpop`], `dpop_bound_access_tokens` | the host |
//!
//! # Nonces
//!
//! [`Policy::require_dpop_nonce`] has clients put a value of the server into each proof, so that none can be made in advance. The first request
//! of a client is answered with `use_dpop_nonce` and a `DPoP-Nonce` header, and uses up nothing. Nonces are not stored. All nodes must have the
//! key of them: [`ServerSecret`], in [`several_nodes`](super::several_nodes#one-secret).
//!
//! # When a proof is refused
//!
//! `dpop_proof_htu` is nearly always a proxy: the library compares with the URL that clients see, which the builder was told.
//! `dpop_proof_lifetime` and `dpop_proof_not_yet_valid` are clocks. The others are at [refusals](super::refusals#tokens-that-are-not-good).

#[cfg(doc)]
use crate::{
    AuthenticatedClient, ClientCertificate, CodeBinding, Confirmation, FormRequest, ForwardedCertificate, ParEndpoint,
    Policy, ServerSecret,
};
