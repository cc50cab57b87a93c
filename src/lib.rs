//! Pushed Authorization Requests (PAR, [RFC 9126]) and JWT-secured ones (JAR, [RFC 9101]) for OAuth 2 and OpenID Connect
//! authorization servers that own their HTTP layer.
//!
//! With PAR a client posts its authorization request to the server first, authenticated, and the browser carries no more than a
//! `request_uri`. With JAR the request is a JWT, signed and perhaps encrypted. This crate is the server's side of both: it takes
//! the push, keeps the request, opens it when the browser comes, and ends it exactly once. It knows no HTTP framework. A
//! request goes in as method, headers and body; a [`Reply`] comes out as status, headers and body.
//!
//! # Quick start
//!
//! ```
//! use parjar::{Client, ClientRegistration, InMemoryRegistry, ParEndpoint, PushRequest, Reply};
//!
//! # pollster::block_on(async {
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
//! )?;
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .build()?;
//!
//! // POST /authorize/par, from any framework
//! let headers = [
//!     ("content-type", &b"application/x-www-form-urlencoded"[..]),
//!     ("authorization", b"Basic d2ViOnMzY3JldA=="),
//! ];
//! let body = b"response_type=code&state=af0&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";
//! let pushed = par.push(&PushRequest::new("POST", headers, body)).await?;
//! let query = format!("client_id=web&request_uri={}", pushed.request_uri());
//! let reply = Reply::from(pushed);
//! assert_eq!(reply.status(), 201);
//!
//! // GET /authorize?client_id=web&request_uri=urn:ietf:params:oauth:request_uri:...
//! let pending = par.authorize(&query, Some("the browser's cookie")).await?;
//! assert_eq!(pending.request().state(), Some("af0"));
//!
//! // ... login and consent; then, of a pushed request, for exactly one caller on any node:
//! let granted = par.complete(&pending).await?;
//! let redirect = granted.respond([("code", "SplxlOBeZQQYbYS6WxSbIA")]);
//! assert_eq!(
//!     redirect.location(),
//!     Some("https://app.example.com/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=af0&iss=https%3A%2F%2Fas.example.com")
//! );
//! assert!(par.complete(&pending).await.is_err());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # What a host does
//!
//! | the host | with |
//! | --- | --- |
//! | answers `POST <authorization endpoint>/par` | [`ParEndpoint::push`] |
//! | renders its login page | [`ParEndpoint::authorize`]; again when the form comes back |
//! | issues a code, or denies | [`ParEndpoint::complete`], [`ParEndpoint::deny`] |
//! | authenticates clients at its token endpoint | [`ParEndpoint::authenticate_client`] |
//! | binds tokens to keys of clients (DPoP), and takes them at its API | [`dpop`], [`ParEndpoint::verify_dpop_proof`] |
//! | knows who may vouch for instances of apps (feature `attestation`) | [`attestation`] |
//! | publishes metadata (RFC 8414) | [`ParEndpoint::metadata`] |
//! | publishes the keys that clients encrypt to | [`DecryptionKeys::public_jwks`](jose::DecryptionKeys::public_jwks) |
//! | looks up clients | [`ClientRegistry`] |
//! | fetches the keys of clients that publish theirs | [`JwksSource`] |
//! | keeps requests for several processes | [`RequestStore`], tested by [`store::contract`] |
//! | has rules of its own | [`ParEndpointBuilder::rule`], [`ParEndpointBuilder::authorization_details_type`] |
//! | counts and logs | [`Observer`] |
//!
//! # What is left to the host
//!
//! * The decision of the user comes by a form, and that form needs a token of the host's against other sites that would post it
//!   (CSRF): the browser binding does not replace one, since a victim's browser sends its cookie along.
//! * Login pages must not be framed (`frame-ancestors 'none'`) and not be stored (`no-store`).
//! * A HEAD request should be answered without [`ParEndpoint::authorize`].
//! * A limit for how often one sender may ask: whoever makes up signatures makes the server verify them, at a tenth of a
//!   millisecond and up to some milliseconds each.
//! * TLS, time limits for slow clients, and a bound for bodies: one byte above [`Limits::body`] is enough.
//!
//! The examples do all of it but the limit, which belongs in front of a server.
//!
//! # Keys and JWTs
//!
//! Clients authenticate with a JWT (`private_key_jwt`, `client_secret_jwt`) when they are registered so, with keys in `jwks`
//! or at a `jwks_uri`. Their requests may be request objects, pushed or in the query of the authorization endpoint: signed, or
//! signed and then encrypted to a key of the server's.
//!
//! ```
//! use parjar::{Client, ClientRegistration, InMemoryRegistry, ParEndpoint, jose::DecryptionKeys};
//!
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "bank",
//!       "token_endpoint_auth_method": "private_key_jwt",
//!       "jwks": { "keys": [ {
//!         "kty": "EC", "crv": "P-256", "kid": "2026",
//!         "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
//!       } ] },
//!       "require_signed_request_object": true,
//!       "redirect_uris": ["https://bank.example.com/cb"]
//!     }"#,
//! )?;
//! # let private_jwks = r#"{ "keys": [ { "kty": "OKP", "crv": "X25519", "use": "enc", "kid": "e1",
//! #   "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo", "d": "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo" } ] }"#;
//! let keys = DecryptionKeys::parse(private_jwks)?;
//! let publish_at_jwks_uri = keys.public_jwks();
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .decryption_keys(keys)
//!     .build()?;
//! let offered = &par.metadata()["request_object_encryption_alg_values_supported"];
//! assert!(offered.as_array().unwrap().contains(&"ECDH-ES".into()));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! What a token must be is written down in [`jose`], in [`Policy`] and in [`ClientRegistration`]. In short:
//!
//! * A `jti` of an assertion is good once, for pushes and the token endpoint together. It is taken down in one step with the
//!   request that it authenticates, so that a push that is refused can be repeated with the same assertion.
//! * The `aud` of an assertion is the issuer, and nothing else, unless its client is registered as one that cannot do better
//!   ([`allow_legacy_assertion_audience`](ClientRegistration::allow_legacy_assertion_audience)).
//! * A request object is the only source of parameters. Their values keep their JSON types
//!   ([`Parameters::iter_values`]).
//! * Nothing is decrypted for a client that has not authenticated. (An assertion is used up by a push that succeeds, so until it
//!   expires its owner may be refused with it more than once.)
//!
//! # What is guarded
//!
//! * A `request_uri` is 256 random bits. The store knows only its digest, and the digest is tied to the issuer.
//! * It belongs to the client that pushed it and, if the host says who that is, to the browser that first opened it. Nobody else
//!   can spend, read or destroy it.
//! * It can be opened again until the login ends, so that reloading a page does no harm, and it ends once, on any number of
//!   nodes that share a store.
//! * When it is opened, its request is validated again: a registration that has changed in between counts.
//! * Credentials are never stored. Refusals are fixed texts with a [`Reason`] to count; of a request, nothing but the name of a
//!   registered client gets into logs, `Debug` or error texts.
//! * What weakens security is spelled `danger_`. See [`Policy`].
//!
//! # Not here
//!
//! No HTTP server, no login pages, no codes, no tokens, no fetching: those are the host's. Client authentication with
//! certificates is not part of this version.
//!
//! # Features
//!
//! None is on by default.
//!
//! * `attestation`: clients that authenticate by an attestation (draft-ietf-oauth-attestation-based-client-auth), such as wallets.
//! * `http`: conversions between [`PushRequest`], [`Reply`] and the types of the `http` crate.
//! * `tracing`: `TracingObserver`, which writes outcomes as `tracing` events.
//! * `vendored`: builds OpenSSL, which verifies and decrypts, from source, with a C compiler, perl and make. Without it the
//!   system's is linked (on Debian: `libssl-dev` and `pkg-config`), version 3 or later.
//!
//! [RFC 9101]: https://www.rfc-editor.org/rfc/rfc9101
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "attestation")]
pub mod attestation;
mod authentication_method;
mod authorization;
mod client;
mod client_auth;
mod clock;
mod code_challenge;
mod confirmation;
mod digest;
pub mod dpop;
mod endpoint;
mod error;
mod form;
mod generations;
mod http;
mod jar;
pub mod jose;
mod json;
mod jwks;
mod observer;
mod parameters;
mod policy;
mod protection;
mod random;
pub mod redirect_uri;
pub mod request_uri;
mod response;
mod response_type;
mod scope;
pub mod store;
mod validation;

#[cfg(feature = "tracing")]
pub use self::observer::TracingObserver;
#[cfg(feature = "attestation")]
pub use self::policy::ClientAttestationPolicy;
pub use self::{
    authentication_method::AuthenticationMethod,
    authorization::AuthorizationRequest,
    client::{
        BoxedRegistry, Client, ClientRegistration, ClientRegistry, DuplicateClient, InMemoryRegistry,
        RegistrationError, RegistryError, SecretRegistration, SecretText, SecretVerifier,
    },
    client_auth::AuthenticatedClient,
    clock::{Clock, ManualClock, SystemClock},
    code_challenge::{CodeChallenge, CodeChallengeMethod},
    confirmation::{Confirmation, Thumbprint},
    endpoint::{
        AuthorizeRefusal, BoxedParEndpoint, BuildError, Granted, ParEndpoint, ParEndpointBuilder, Pending, Pushed,
        RefusedRedirect,
    },
    error::{AuthorizationError, ErrorCode, Reason, Refusal, Rejection},
    http::{ClientCertificate, PushRequest, Reply},
    jwks::{FetchedJwks, JwksCacheLimits, JwksError, JwksSource},
    observer::{Event, Observer, Stage},
    parameters::{ParameterValue, Parameters},
    policy::{Limits, Policy, PolicyError, RequireCodeChallenge},
    protection::Protection,
    random::{RandomError, RandomSource, SystemRandom},
    redirect_uri::RedirectUri,
    request_uri::RequestUri,
    response::Redirect,
    response_type::{ResponseMode, ResponseType},
    store::{BoxedStore, MemoryLimits, MemoryStore, RequestStore},
    validation::Rule,
};
