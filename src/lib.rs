//! Pushed Authorization Requests (PAR, [RFC 9126]) for OAuth 2 and OpenID Connect authorization servers that own their HTTP
//! layer.
//!
//! With PAR a client posts its authorization request to the server first, authenticated, and the browser carries no more than a
//! `request_uri`. This crate is the server's side of that: it takes the push, keeps the request, opens it when the browser
//! comes, and ends it exactly once. It knows no HTTP framework. A request goes in as method, headers and body; a [`Reply`] comes
//! out as status, headers and body.
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
//! | publishes metadata (RFC 8414) | [`ParEndpoint::metadata`] |
//! | looks up clients | [`ClientRegistry`] |
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
//! * TLS, time limits for slow clients, and a bound for bodies: one byte above [`Limits::body`] is enough.
//!
//! The examples do all of it.
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
//! No HTTP server, no login pages, no codes, no tokens: those are the host's. Request objects (RFC 9101) and client authentication
//! with JWTs or certificates are not part of this version; a `request` parameter is refused with `request_not_supported`.
//!
//! # Features
//!
//! None is on by default.
//!
//! * `http`: conversions between [`PushRequest`], [`Reply`] and the types of the `http` crate.
//! * `tracing`: `TracingObserver`, which writes outcomes as `tracing` events.
//!
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod authentication_method;
mod authorization;
mod client;
mod client_auth;
mod clock;
mod code_challenge;
mod digest;
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
