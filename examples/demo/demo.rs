//! An authorization server around [`parjar`], without the HTTP framework: what every example in this directory serves.
//!
//! [`Demo`] holds what requests need. Each endpoint is a module with a function from a [`Message`](message::Message) to an
//! [`Answer`](message::Answer); an example only has to route.

pub(crate) mod authorize;
pub(crate) mod body;
pub(crate) mod discovery;
pub(crate) mod html;
pub(crate) mod message;
mod metrics;
pub(crate) mod playground;
pub(crate) mod probes;
pub(crate) mod program;
pub(crate) mod push;
pub(crate) mod resource;
pub(crate) mod token_endpoint;

mod accounts;
mod browser;
mod builtin;
mod codes;
mod command_line;
mod config;
mod consent_page;
mod error_page;
mod fetching;
mod findings;
mod id_token;
mod issuer;
mod json_text;
mod keys;
mod log;
mod members;
mod postgres_store;
mod random;
mod redis_store;
mod request_view;
mod session;
mod settings;
mod shelf;
mod signer;
mod start;
mod start_error;
mod stop;
mod store;
pub(crate) mod tls;
mod tokens;

use std::sync::Arc;

use parjar::{BindingCookies, BoxedParEndpoint};

/// What the endpoints share. Codes and tokens are in memory; pushed requests are in the library's store.
pub(crate) struct Demo {
    pub(crate) par: BoxedParEndpoint,
    issuer: issuer::Issuer,
    /// What pushed requests are bound to browsers with.
    cookies: BindingCookies,
    sessions: session::Sessions,
    signer: Arc<signer::Signer>,
    /// The public JWK set as text.
    jwks: String,
    codes: codes::Codes,
    tokens: tokens::Tokens,
    playground: playground::Playground,
}
