//! Getting started: a PAR endpoint in axum, actix-web or hyper, and the steps to a whole login.
//!
//! You have an authorization server, or write one. This crate takes its requests as method, headers and body, and gives replies as status,
//! headers and body; so it stands in any framework. One endpoint serves all requests of an issuer, and is cheap to clone.
//!
//! ```toml
//! [dependencies]
//! parjar = { version = "0.1", features = ["axum", "tower"] } # hyper: "tower" alone; others: none
//! serde_json = "1"
//! ```
//!
//! ```
//! use parjar::{BoxedParEndpoint, Client, ClientRegistration, InMemoryRegistry, ParEndpoint};
//!
//! fn endpoint() -> Result<BoxedParEndpoint, Box<dyn std::error::Error>> {
//!     let registration: ClientRegistration = serde_json::from_str(
//!         r#"{ "client_id": "web", "client_secret": "s3cret", "redirect_uris": ["https://app.example.com/cb"] }"#,
//!     )?;
//!     let clients = InMemoryRegistry::new([Client::try_from(registration)?])?;
//!     Ok(ParEndpoint::builder("https://as.example.com").clients(clients).build()?.boxed())
//! }
//! # endpoint().unwrap();
//! ```
//!
//! The PAR endpoint is then at `/authorize/par`. Answer every method there: the library refuses the wrong ones. The servers below are compiled
//! and tried in `examples/recipes`; there are those for [tonic](super::recipes#tonic) and [poem](super::recipes#poem), too.
//!
//! # axum
//!
//! ```ignore
#![doc = include_str!("recipes/axum.rs")]
//! ```
//!
//! Replies and refusals are responses of axum's, so that your own handlers return them.
//!
//! # actix-web
//!
//! ```ignore
#![doc = include_str!("recipes/actix.rs")]
//! ```
//!
//! # hyper
//!
//! ```ignore
#![doc = include_str!("recipes/hyper.rs")]
//! ```
//!
//! Scripts of other origins may push with `push_service().with_cors(...)`.
//!
//! # By hand
//!
//! [`FormRequest::new`](crate::FormRequest::new) takes the parts of any framework's request, as for actix-web above. Hand over **all** headers,
//! so that a repeated one is refused; the query, so that parameters in the URL are; and the body as it came. A URL that ends in `?` has the
//! empty query, which is fine: `with_query(Some(""))` is as good as `None`. Stop reading one byte above [`Limits::body`](crate::Limits::body).
//! The services do all of this. **A time limit for slow senders is left to you in any case.**
//!
//! # A first push
//!
//! ```sh
//! curl -i -u web:s3cret http://127.0.0.1:3000/authorize/par \
//!   -d response_type=code -d redirect_uri=https://app.example.com/cb -d state=af0
//! ```
//!
//! answers 201 with a `request_uri`, which is good for 60 seconds. A wrong secret is 401, whatever is wrong with it; the reason is in your log,
//! once there is an [observer](super::observability).
//!
//! # The rest of a login
//!
//! | next | page |
//! | --- | --- |
//! | the page at the authorization endpoint, and the decision of its user | [`logins`](super::logins) |
//! | the token endpoint | below, and [`sender_constrained`](super::sender_constrained) |
//! | the metadata document | [`ParEndpoint::metadata`] |
//! | clients out of your database | [`clients`](super::clients) |
//! | the settings of your profile | [`policies`](super::policies) |
//! | more than one process | [`stores`](super::stores), [`several_nodes`](super::several_nodes) |
//! | what is left to you | [what is left to the host](crate#what-is-left-to-the-host), [`threat_model`](super::threat_model) |
//!
//! At the token endpoint clients authenticate by the same rules. The host finds the code, and issues the token:
//!
//! ```
//! use parjar::{CodeBinding, FormRequest, ParEndpoint, Refusal};
//!
//! /// `take` deletes the code and returns what was kept with it: `CodeBinding::of(granted.request())`.
//! async fn token(
//!     par: &ParEndpoint,
//!     request: &FormRequest<'_>,
//!     take: impl Fn(&str) -> Option<CodeBinding>,
//! ) -> Result<&'static str, Refusal> {
//!     let request = par.authenticate_client(request).await?;
//!     let Some(binding) = request.parameters().get("code").and_then(take) else {
//!         return Ok("..."); // 400: `TokenError::from(TokenErrorCode::InvalidGrant)`
//!     };
//!     par.check_code(&request, &binding)?; // client, redirect URI, verifier, keys
//!     Ok(r#"{ "access_token": "...", "token_type": "Bearer" }"#)
//! }
//! ```
//!
//! Whole servers are in the repository. To copy from: `examples/servers`, axum over PostgreSQL, actix-web over Redis, and hyper, each in one
//! file with login, tokens, readiness, metrics and logs. To look at: `cargo run --example axum` and `--example actix`, with a playground on
//! `http://127.0.0.1:3000`; and one that puts this crate in front of oxide-auth.

#[cfg(doc)]
use crate::ParEndpoint;
