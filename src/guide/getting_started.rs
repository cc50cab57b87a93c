//! Getting started: a whole authorization server in axum or actix-web, the endpoint alone in hyper, and PAR in front of a server that you have.
//!
//! This crate takes requests as method, headers and body, and gives replies as status, headers and body; so it stands in any framework.
//! One [`ParEndpoint`] serves all requests of an issuer, and is cheap to clone.
//!
//! # axum
//!
//! ```toml
//! [dependencies]
//! parjar = { version = "0.1", features = ["axum", "tower", "tracing"] }
//! axum = "0.8"
//! serde_json = "1"
//! tokio = { version = "1", features = ["full"] }
//! tracing-subscriber = "0.3"
//! ```
//!
//! This is `examples/minimal.rs`, as it compiles. `cargo run --example minimal` in the repository starts it.
//!
//! ```ignore
#![doc = include_str!("../../examples/minimal.rs")]
//! ```
//!
//! | what | is explained in |
//! | --- | --- |
//! | the client, and clients in a database | [`clients`](super::clients), [`recipes`](super::recipes#clients-in-postgresql) |
//! | the policy | [`policies`](super::policies) |
//! | `visit`, `page`, `decide`, `complete`, and when to spawn a task | [`logins`](super::logins) |
//! | `check_code`, and tokens that are bound to keys | [`sender_constrained`](super::sender_constrained) |
//! | the observer | [`observability`](super::observability) |
//! | more than one process | [`stores`](super::stores), [`several_nodes`](super::several_nodes) |
//!
//! Time limits, and a limit to how often one sender may ask, belong to the server around it: see [what is left to the
//! host](crate#what-is-left-to-the-host). Scripts of other origins may push with `push_service().with_cors(...)`.
//!
//! # A first push
//!
//! ```sh
//! curl -u web:s3cret http://127.0.0.1:3000/authorize/par \
//!   -d response_type=code -d redirect_uri=http://127.0.0.1:8080/cb \
//!   -d code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM -d code_challenge_method=S256
//! ```
//!
//! answers 201 with a `request_uri`, which is good for 60 seconds. Open `http://127.0.0.1:3000/authorize?client_id=web&request_uri=...` in a
//! browser, and sign in. It goes to the client with a code, for which the client gets a token within 60 seconds:
//!
//! ```sh
//! curl -u web:s3cret http://127.0.0.1:3000/token -d grant_type=authorization_code -d redirect_uri=http://127.0.0.1:8080/cb \
//!   -d code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk -d code=...
//! ```
//!
//! A wrong secret is 401, whatever is wrong with it. The reason is in the log; [`refusals`](super::refusals) says what to do about it.
//!
//! # actix-web
//!
//! The same, by `parjar` with the feature `tracing`, and `actix-web` 4. What actix-web's types need is at the end.
//!
//! ```ignore
#![doc = include_str!("../../examples/minimal_actix.rs")]
//! ```
//!
//! # hyper
//!
//! The endpoint and its metadata, by `parjar` with the feature `tower`. The rest of a login is as for axum; `examples/servers/hyper.rs` has it.
//!
//! ```ignore
#![doc = include_str!("../../examples/hyper.rs")]
//! ```
//!
//! The services are those of `tower`, for whatever stands on hyper: [tonic](super::recipes#tonic), [poem](super::recipes#poem).
//!
//! # By hand
//!
//! [`FormRequest::new`](crate::FormRequest::new) takes the parts of any framework's request, as for actix-web above. Hand over **all** headers,
//! so that a repeated one is refused; the query, so that parameters in the URL are; and the body as it came. Answer every method: the library
//! refuses the wrong ones. A URL that ends in `?` has the empty query, which is fine: `with_query(Some(""))` is as good as `None`. Stop
//! reading one byte above [`Limits::body`](crate::Limits::body). The services do all of this. **A time limit for slow senders is left to
//! you in any case.**
//!
//! # In front of a server that you have
//!
//! An authorization server that issues codes and tokens already keeps doing so. This crate takes over what comes before the code:
//!
//! 1. `POST <authorization endpoint>/par` goes to [`ParEndpoint::push`]. Clients stay where they are: implement
//!    [`ClientRegistry`](crate::ClientRegistry) over your database, or let [`Client::with_secret_verifier`](crate::Client::with_secret_verifier)
//!    ask the server about secrets that it has as hashes.
//! 2. The authorization endpoint goes to [`ParEndpoint::visit`], and your page shows what comes back. With
//!    [`Policy::require_pushed_authorization_requests`](crate::Policy::require_pushed_authorization_requests) nothing goes past it.
//! 3. When the user has agreed, [`ParEndpoint::complete`] makes that final. Your server is handed the parameters that were pushed, and issues
//!    the code. [`Granted::respond`](crate::Granted::respond) sends it to the client, with `state` and `iss`, in the response mode that was
//!    asked for.
//! 4. Token endpoint and API stay as they are. The metadata is [`ParEndpoint::metadata`], and what your server adds.
//!
//! `examples/oxide-auth` in the repository does this for [oxide-auth](https://docs.rs/oxide-auth) 0.6. What is in its `oxide.rs` was there
//! before. [`migrating`](super::migrating) has the steps with clients in service.
//!
//! # To copy from, and to look at
//!
//! `examples/servers` has servers of about 400 lines with what is left out above: axum over PostgreSQL with clients in a table, actix-web over Redis
//! under FAPI 2.0, and hyper; with readiness, metrics, and logs that name the cause of faults. `cargo run --example axum` and `--example actix`
//! serve every feature of this crate, with a playground on `http://127.0.0.1:3000`; `--help` lists their settings.

#[cfg(doc)]
use crate::ParEndpoint;
