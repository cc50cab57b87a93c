//! Keys of clients that publish them at a `jwks_uri`: how they are fetched, which is the host's, and how often, which is ours.

mod cache;
#[cfg(feature = "reqwest")]
mod guarded;
mod source;

pub(crate) use self::{
    cache::Lookup,
    source::{DynJwksSource, NoSource},
};
pub use self::{
    cache::{JwksCache, JwksCacheLimits},
    source::{FetchedJwks, JwksError, JwksSource},
};
