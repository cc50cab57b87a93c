//! What the fuzz targets do with their input. Each takes bytes, hands them to the library, and panics when something is true of
//! the answer that must never be.
//!
//! The same files are compiled by `tests/fuzz_corpora.rs`, which replays `corpus/`.

pub mod assertion;
pub mod basic;
pub mod certificate;
pub mod dpop;
pub mod form;
pub mod header;
pub mod json;
pub mod jwe;
pub mod jwks;
pub mod jws;
pub mod record;
pub mod redirect_uri;
pub mod request_object;
pub mod server;
pub mod single_request_store;
pub mod tokens;
