//! The authorization server. A client pushes its request ([`push`]), the browser opens it and its user decides ([`authorize`]), the
//! client trades the code for a token ([`token_endpoint`]) and shows that to an API ([`resource`]). [`discovery`] tells clients where
//! all of this is.
//!
//! Pushed requests are the business of [`parjar`] and live in its store. What an authorization server has beside them is here: users
//! and their sessions, codes, tokens, and the key that signs.

pub(crate) mod accounts;
pub(crate) mod authorize;
pub(crate) mod codes;
pub(crate) mod discovery;
pub(crate) mod error_page;
pub(crate) mod expiring_map;
pub(crate) mod issuer;
pub(crate) mod probes;
pub(crate) mod push;
pub(crate) mod random;
pub(crate) mod resource;
pub(crate) mod session;
pub(crate) mod signer;
pub(crate) mod token_endpoint;
pub(crate) mod tokens;

mod consent_page;
mod grant;
mod id_token;
mod request_view;

use std::sync::Arc;

use parjar::{BindingCookies, BoxedParEndpoint};

use self::{codes::Codes, issuer::Issuer, session::Sessions, signer::Signer, tokens::Tokens};

/// What the endpoints share. Codes and tokens are in memory; pushed requests are in the library's store.
pub(crate) struct Server {
    pub(crate) par: BoxedParEndpoint,
    pub(crate) issuer: Issuer,
    /// What pushed requests are bound to browsers with.
    pub(crate) cookies: BindingCookies,
    pub(crate) sessions: Sessions,
    pub(crate) signer: Arc<Signer>,
    /// The public JWK set as text.
    pub(crate) jwks: String,
    pub(crate) codes: Codes,
    pub(crate) tokens: Tokens,
}
