//! Keys of clients that publish them at a `jwks_uri`: how they are fetched, which is the host's, and how often, which is ours.

mod cache;
mod source;

pub use self::{
    cache::JwksCacheLimits,
    source::{FetchedJwks, JwksError, JwksSource},
};
pub(crate) use self::{
    cache::{JwksCache, Lookup},
    source::{DynJwksSource, NoSource},
};
