//! Pushed Authorization Requests (PAR, [RFC 9126]) and JWT-secured ones (JAR, [RFC 9101]) for OAuth 2 and OpenID Connect
//! authorization servers that own their HTTP layer.
//!
//! With PAR a client posts its authorization request to the server first, authenticated, and the browser carries no more than a
//! `request_uri`. With JAR the request is a JWT, signed and perhaps encrypted. This crate is the server's side of both: it takes
//! the push, keeps the request, opens it when the browser comes, and ends it exactly once. It knows no HTTP framework. A
//! request goes in as method, headers and body; a [`Reply`] comes out as status, headers and body.
//!
//! The manual is [`guide`]. It begins with a whole server of 120 lines in axum, with the same in actix-web, and with PAR in hyper
//! ([`guide::getting_started`]), leads from the link to the code ([`guide::logins`]), says of every default why it is so ([`guide::policies`]) and
//! of every refusal how it is mended ([`guide::refusals`]), and answers [the questions](guide#twenty-questions) of those who know OAuth.
//!
//! # Quick start
//!
//! ```
//! use parjar::{Browser, Client, ClientRegistration, FormRequest, InMemoryRegistry, ParEndpoint, Reply};
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
//! let pushed = par.push(&FormRequest::new("POST", headers, body)).await?;
//! let query = format!("client_id=web&request_uri={}", pushed.request_uri());
//! let reply = Reply::from(pushed);
//! assert_eq!(reply.status(), 201);
//!
//! // GET /authorize?client_id=web&request_uri=urn:ietf:params:oauth:request_uri:...
//! let pending = par.authorize(&query, Browser::bound("the browser's cookie")?).await?;
//! assert_eq!(pending.request().state(), Some("af0"));
//!
//! // ... login and consent; then, of a pushed request, for exactly one caller on any node:
//! let granted = par.complete(&pending).await?;
//! let response = granted.respond([("code", "SplxlOBeZQQYbYS6WxSbIA")]).await?;
//! assert_eq!(
//!     response.location(),
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
//! | answers browsers at its authorization endpoint, and renders its login page | [`ParEndpoint::visit`]; or by the piece [`ParEndpoint::authorize`], or [`ParEndpoint::open`] with the values |
//! | takes the form of that page ([`guide::logins`]) | [`Pending::to_query`] in the form, [`ParEndpoint::decide`] when it comes back; or [`ParEndpoint::authorize_decision`] |
//! | binds a request to the browser that opens it | [`BindingCookies`], or [`Browser::bound`] with a cookie of its own |
//! | issues a code, or denies | [`ParEndpoint::complete`], [`ParEndpoint::deny`]; [`Granted::refuse`] where the code cannot be issued |
//! | answers later, or in another process | [`Granted::target`], [`ParEndpoint::respond`] |
//! | authenticates clients at its token endpoint | [`ParEndpoint::authenticate_client`], and answers with [`TokenError`] what comes after |
//! | redeems a code there | [`CodeBinding`], [`ParEndpoint::check_code`] |
//! | authenticates clients at others, for revocation or introspection | [`ParEndpoint::authenticate_client_at`] |
//! | binds tokens to keys of clients (DPoP), and takes them at its API | [`dpop`], [`ParEndpoint::verify_dpop_proof`] |
//! | knows who may vouch for instances of apps | [`attesters`] |
//! | publishes metadata (RFC 8414) | [`ParEndpoint::metadata`] |
//! | publishes the keys that clients encrypt to | [`DecryptionKeys::public_jwks`](jose::DecryptionKeys::public_jwks) |
//! | hands in the certificate of a connection | [`FormRequest::with_client_certificate`], behind a proxy with [`ForwardedCertificate`] |
//! | looks up clients | [`ClientRegistry`]; over its database `CachedRegistry` (feature `cached`) |
//! | takes clients that are URLs of metadata documents (AT Protocol, MCP) | `MetadataDocumentRegistry` |
//! | fetches the keys of clients that publish theirs | `GuardedFetcher`, or a [`JwksSource`] of its own |
//! | keeps requests for several processes | `RedisStore` or `PostgresStore`, or a [`RequestStore`](store::RequestStore) of its own, tested by [`store::contract`] |
//! | runs several nodes | [`guide::several_nodes`], [`ServerSecret`], [`ParEndpoint::compare_settings`] |
//! | answers probes of a load balancer | [`ParEndpoint::ready`] |
//! | spends requests and issues codes in one transaction of its database | [`ParEndpoint::with_store`] |
//! | signs authorization responses (JARM) | [`ResponseSigner`] |
//! | answers scripts of other origins (CORS) | [`Cors`] |
//! | learns what is weak in its settings and registrations | [`ParEndpoint::lint`], [`Policy::lint`] without an endpoint |
//! | has rules of its own | [`ParEndpointBuilder::rule`], [`ParEndpointBuilder::authorization_details_type`], [`RedirectUriMatcher`] |
//! | counts and logs, and sees what is slow | [`Observer`], [`Steps`], [`Reason::all`]; `MetricsObserver` and `TracingObserver` |
//!
//! # What is left to the host
//!
//! * The decision of the user comes by a form, and that form needs a token against other sites that would post it (CSRF):
//!   [`Login::form_token`], which [`ParEndpoint::decide`] checks, or one of the host's. The browser binding does not replace one, since a
//!   victim's browser sends its cookie along.
//! * Login pages must not be framed (`frame-ancestors 'none'`) and not be stored (`no-store`).
//! * Without [`ParEndpoint::visit`], a HEAD request should be answered without [`ParEndpoint::authorize`].
//! * A limit for how often one sender may ask: an attacker who makes up signatures makes the server verify them, at a tenth of a
//!   millisecond and up to some milliseconds each.
//! * TLS, time limits for slow clients, and a bound for bodies: one byte above [`Limits::body`] is enough.
//!
//! `examples/demo` does all of it but the limit, which belongs in front of a server. The short examples leave out TLS and time limits, too.
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
//! The requirements for tokens are in [`jose`], in [`Policy`] and in [`ClientRegistration`]. In short:
//!
//! * A `jti` of an assertion is good once, for pushes and the token endpoint together. It is taken down in one step with the
//!   request that it authenticates, so that a push that is refused can be repeated with the same assertion.
//! * The `aud` of an assertion is the issuer, and nothing else, unless its client is registered as one that cannot do better
//!   ([`danger_allow_legacy_assertion_audience`](ClientRegistration::danger_allow_legacy_assertion_audience)).
//! * A request object is the only source of parameters. Their values keep their JSON types
//!   ([`Parameters::iter_values`]).
//! * Nothing is decrypted for a client that has not authenticated. (An assertion is used up by a push that succeeds, so until it
//!   expires its owner may be refused with it more than once.)
//!
//! # Certificates
//!
//! Clients can be known by the certificate of their connection (RFC 8705): `tls_client_auth` by the subject that an authority of the
//! host's choice vouches for, `self_signed_tls_client_auth` by a key in `jwks` or at a `jwks_uri`. The host runs the handshake
//! and says whether it has verified the chain; names and keys are compared here.
//!
//! ```
//! use parjar::{Client, ClientCertificate, ClientRegistration, InMemoryRegistry, ParEndpoint, FormRequest, Reason};
//!
//! # pollster::block_on(async {
//! let registration: ClientRegistration = serde_json::from_str(
//!     r#"{
//!       "client_id": "bank",
//!       "token_endpoint_auth_method": "tls_client_auth",
//!       "tls_client_auth_subject_dn": "CN=bank,O=Example Bank,C=BR",
//!       "tls_client_certificate_bound_access_tokens": true,
//!       "redirect_uris": ["https://bank.example.com/cb"]
//!     }"#,
//! )?;
//! let par = ParEndpoint::builder("https://as.example.com")
//!     .clients(InMemoryRegistry::new([Client::try_from(registration)?])?)
//!     .mtls_pushed_authorization_request_endpoint("https://mtls.as.example.com/authorize/par")
//!     .build()?;
//! let headers = [("content-type", &b"application/x-www-form-urlencoded"[..])];
//! let request = FormRequest::new("POST", headers, b"client_id=bank&response_type=code");
//! # let der_of_the_leaf = b"not one";
//! let certificate = ClientCertificate::with_verified_chain(der_of_the_leaf);
//! let refused = par.push(&request.with_client_certificate(certificate)).await.unwrap_err();
//! assert_eq!(refused.reason(), Reason::MalformedCertificate);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Many issuers
//!
//! A process can have an endpoint for each of its tenants: ten thousand take 3 KB each. They share what they are given clones of:
//!
//! | shared | by |
//! | --- | --- |
//! | the store | a clone for each. Keys in it are digests of issuer and name, so that no issuer finds the requests and marks of another; bounds of a store count for all of them together |
//! | prepared keys of clients, and their registrations | clones of one registry, or registries that hand out the same [`Client`] |
//! | keys at a `jwks_uri` | [`JwksCache`], [`ParEndpointBuilder::shared_jwks_cache`] |
//! | keys to decrypt with | clones of one [`DecryptionKeys`](jose::DecryptionKeys) |
//! | the policy, a signer, keys of attesters | an `Arc` of it |
//!
//! Which of them a request is for is mostly in its path. Where it depends on the client,
//! [`FormRequest::claimed_client_id`] and [`ParEndpoint::claimed_client_id`] read the client that the request claims to come from, before
//! anything is verified. Two endpoints of one issuer with different policies are one server to clients:
//! [`ParEndpoint::lint_beside`] says what that means.
//!
//! # Profiles
//!
//! [`Policy`] has a preset for each of FAPI 1.0 Advanced, FAPI 2.0 (Security Profile and Message Signing), HAIP, the AT Protocol,
//! Open Finance Brasil and the Australian Consumer Data Right, beside plain OAuth and OpenID Connect. [`Policy::lint`] tells what a
//! policy and its clients lack for a profile, and what is dangerous in any of them.
//!
//! ```
//! use parjar::{Policy, Profile};
//!
//! let mut policy = Policy::fapi2_security_profile();
//! policy.clock_leeway = 5;
//! let findings = policy.lint(Profile::Fapi2SecurityProfile, []);
//! assert_eq!(findings.len(), 1);
//! assert!(findings[0].to_string().starts_with("does not conform: policy.clock_leeway: "));
//! ```
//!
//! # What is guarded
//!
//! * A `request_uri` is 256 random bits. The store knows only its digest, and the digest is tied to the issuer.
//! * It belongs to the client that pushed it and to the [`Browser`] that first opened it. No other client and no other browser can
//!   spend, read or destroy it.
//! * It can be opened again until the login ends, so that reloading a page does no harm, and it ends once, on any number of
//!   nodes that share a store.
//! * When it is opened, its request is validated again: a registration that has changed in between counts.
//! * Credentials are never stored. Refusals are fixed texts with a [`Reason`] to count; of a request, nothing but the name of a
//!   registered client gets into logs, `Debug` or error texts.
//! * What weakens security is spelled `danger_`, and is below.
//!
//! # What weakens security
//!
//! All of it is off unless it is set. Each name leads to the risk.
//!
//! | setting | lets |
//! | --- | --- |
//! | [`Policy::danger_allow_unauthenticated_clients`] | clients push and get tokens that prove nothing |
//! | [`Policy::danger_allow_plain_code_challenge`] | a verifier be known by whoever sees the request |
//! | [`Policy::danger_allow_request_objects_without_exp`] | a request object be good for ever |
//! | [`Policy::danger_decrypt_request_objects_by_value`] | any sender have the server work with its private keys |
//! | [`Policy::danger_allow_legacy_assertion_audience`], [and of one client](ClientRegistration::danger_allow_legacy_assertion_audience) | an assertion be used at another server |
//! | [`Policy::danger_allow_redirect_uri_schemes_without_dot`] | any app on a device claim the scheme of another |
//! | [`ParEndpointBuilder::danger_redirect_uri_matcher`], [`ClientRegistration::danger_redirect_uri_patterns`] | responses go to pages that are not registered |
//! | [`Browser::danger_unbound`] | a login be begun in one browser and ended in another |
//! | `GuardedFetcherBuilder::danger_allow_private_addresses` | a client that names a URL make the server speak to its own network |
//! | `MetadataDocumentRegistryBuilder::danger_allow_jwks_uris_of_other_hosts` | a stranger who publishes documents make the server fetch from any host, without a budget |
//! | `RedisStoreBuilder::danger_allow_eviction_of_marks` | an assertion be good a second time |
//!
//! [`Policy::lint`] and [`ParEndpoint::lint`] report what is on.
//!
//! # Not here
//!
//! No HTTP server, no login pages, no codes, no tokens: those are the host's. Nothing is fetched but by a source that the host gives.
//!
//! # Versions
//!
//! Enums and structs that may grow are `#[non_exhaustive]`. An enum that is not is complete, and a host should handle each of its
//! variants. The crates whose types are part of this API are in [`reexports`], with their versions.
//!
//! # Features
//!
//! Signatures and encryption are left to a library of the host's choice. There is no difference in what is accepted:
//!
//! * `josekit`, the only feature that is on by default: josekit, over the system's OpenSSL (on Debian: `libssl-dev` and
//!   `pkg-config`), version 3 or later.
//! * `vendored`: the same, with OpenSSL built from source, which takes a C compiler, perl and make.
//! * `aws-lc-rs`: AWS-LC, built from source with a C compiler. Where `josekit` is on as well, as it may be for another crate's
//!   sake, this one does the work; with `default-features = false` neither OpenSSL nor josekit nor regex is in the tree, and
//!   `x86_64-unknown-linux-musl` takes no more than the target and `musl-gcc`.
//! * Neither: secrets, MACs by secrets (`client_secret_jwt`, HS256 to HS512) and certificates of an authority work. What needs a
//!   key does not: a registration or a policy that demands it is refused, and what would only be offered is not.
//!
//! The others are off by default:
//!
//! * `cached`: `CachedRegistry`, which keeps the clients of a database. Its loads run on tokio.
//! * `axum`: replies and refusals as responses of axum's handlers.
//! * `http`: conversions between [`FormRequest`], [`Reply`] and the types of the `http` crate.
//! * `metadata-documents`: `MetadataDocumentRegistry`, for clients whose `client_id` is the URL of a document about them, as those of the
//!   AT Protocol and of MCP have. Its futures run on tokio.
//! * `metrics`: `MetricsObserver`, which counts outcomes and measures their steps by the `metrics` facade, for Prometheus and others.
//! * `tracing`: `TracingObserver`, which writes outcomes as `tracing` events; and spans of operations and of their steps.
//! * `postgres`: `PostgresStore`, which keeps requests in PostgreSQL for any number of nodes, over `deadpool-postgres` or other sources of
//!   `tokio-postgres` clients.
//! * `sqlx`: the same over a pool of `sqlx`, and in its transactions.
//! * `redis`: `RedisStore`, for several processes over Redis 7 or Valkey. It takes a client of the `redis` crate, whose features
//!   choose its TLS; its futures run on tokio. `redis-cluster` and `redis-sentinel` add the clients of clusters and sentinels.
//! * `reqwest`: `GuardedFetcher`, which fetches the keys and the metadata documents of clients, and lets no URL lead into the host's
//!   network. The host chooses its TLS, by the features of the `reqwest` crate.
//! * `tower`: `PushService` and `MetadataService`, with which the endpoints are a line in a server over hyper: of axum, tonic or poem.
//! * `sealed`: `SealedStore`, which encrypts what any store keeps.
//!
//! [RFC 9101]: https://www.rfc-editor.org/rfc/rfc9101
//! [RFC 9126]: https://www.rfc-editor.org/rfc/rfc9126

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bounded_cache;
mod cause;
mod certificate;
mod client;
mod client_auth;
mod clock;
pub mod dpop;
mod endpoint;
mod error;
mod error_text;
mod expected;
#[cfg(any(feature = "metadata-documents", feature = "reqwest"))]
mod fetch;
pub mod guide;
mod hex;
mod http;
mod jar;
pub mod jose;
mod json;
mod lint;
mod nearest;
mod observer;
mod policy;
mod protocol;
mod random;
pub mod reexports;
mod response;
mod server_secret;
mod settings_group;
mod shared_value;
pub mod store;
mod sync;
mod validation;
#[cfg(test)]
mod work;

#[cfg(feature = "cached")]
pub use self::client::cached_registry::{
    CachedRegistry, CachedRegistryBuilder, CachedRegistryLimits, CachedRegistryLimitsError, ClientLoader, LoadedClient,
};
#[cfg(feature = "metadata-documents")]
pub use self::client::metadata_documents::{
    ClientUrl, MetadataDocumentError, MetadataDocumentLimits, MetadataDocumentLimitsError, MetadataDocumentRegistry,
    MetadataDocumentRegistryBuilder,
};
#[cfg(any(feature = "metadata-documents", feature = "reqwest"))]
pub use self::fetch::{DocumentSource, FetchError, FetchedDocument};
#[cfg(feature = "reqwest")]
pub use self::fetch::{GuardedFetcher, GuardedFetcherBuilder};
#[cfg(feature = "metrics")]
pub use self::observer::MetricsObserver;
#[cfg(feature = "tracing")]
pub use self::observer::TracingObserver;
#[cfg(feature = "tower")]
pub use self::{
    certificate::peer_certificate::PeerCertificate,
    endpoint::{MetadataService, PushService},
    http::ReplyFuture,
};
pub use self::{
    certificate::{
        client_certificate::ClientCertificate,
        forwarded_certificate::{ClientCertHeaderError, ForwardedCertificate},
    },
    client::{
        BoxedRegistry, Client, ClientRegistration, ClientRegistry, DuplicateClient, IgnoredMember, InMemoryRegistry,
        RegisteredClients, RegistrationError, RegistryError, RegistryFaults, SecretRegistration, SecretText,
        SecretVerifier, VerifierError,
        jwks::{FetchedJwks, JwksCache, JwksCacheLimits, JwksError, JwksSource},
    },
    client_auth::{AuthenticatedClient, AuthenticatedRequest, attesters},
    clock::{Clock, ManualClock, SystemClock},
    endpoint::{
        AnnotateRefusal, AuthorizeRefusal, BindingCookie, BindingCookies, BoxedParEndpoint, Browser, BuildError,
        CodeBinding, Decision, EarlierAnswer, EmptyBinding, Granted, Login, ParEndpoint, ParEndpointBuilder, Pending,
        Pushed, RefusedRedirect, SettingsComparison, Visit,
    },
    error::{DenialCode, ErrorCode, Reason, Refusal, Rejection, TokenError, TokenErrorCode},
    http::{
        BrowserRequest, FormRequest, Reply,
        cors::{Cors, CorsError},
    },
    lint::{Finding, Severity},
    observer::{CauseText, Event, Level, Observer, Stage, Step, Steps},
    policy::{ClientAttestationPolicy, Limits, Policy, PolicyError, Profile, RequireCodeChallenge},
    protocol::{
        authentication_key::AuthenticationKey,
        authentication_method::AuthenticationMethod,
        code_challenge::{CodeChallenge, CodeChallengeMethod},
        confirmation::{Confirmation, Thumbprint},
        form_error::FormError,
        host_endpoint::HostEndpoint,
        parameters::{ParameterValue, Parameters},
        protection::Protection,
        redirect_uri::{
            RedirectUri, RedirectUriError, RedirectUriPattern, RedirectUriRule, RegisteredRedirectUri,
            RequestedRedirectUri,
        },
        request_uri::RequestUri,
        response_type::{ResponseMode, ResponseType},
    },
    random::{RandomError, RandomSource, SystemRandom},
    response::{
        AuthorizationResponse,
        signer::{ResponseSigner, SignerError},
        target::ResponseTarget,
    },
    server_secret::{DerivedKey, ServerSecret, ServerSecretError},
    settings_group::SettingsGroup,
    validation::{
        RequestRule,
        redirect_matcher::{RedirectUriMatch, RedirectUriMatcher},
        request::AuthorizationRequest,
    },
};
