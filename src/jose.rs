//! The wall around the library that does the arithmetic: compact JWTs of untrusted senders, from bytes to verified claims.
//!
//! That library is josekit, over OpenSSL (feature `josekit`, which is on by default), or AWS-LC (feature `aws-lc-rs`, which comes
//! before josekit where both are on). It verifies raw signatures, unwraps keys and decrypts, and there is no difference in
//! what it takes. Without either, there are secrets, names in certificates and MACs, and no keys: a registration that needs
//! one is refused.
//!
//! Everything before and after that is done here, and a token that can be refused without arithmetic on secrets is refused first:
//!
//! 1. size, number of segments and base64url, to the last bit;
//! 2. a header of strict JSON, without anything that asks for another way of processing (`crit`, `b64`, `zip`) or offers a
//!    key (`jwk`, `jku`, `x5c`, `x5u`; but for `jwk` these are ignored in assertions and request objects where the policy says
//!    so, and never read). Two kinds of tokens may bring a key: a [DPoP proof](crate::dpop) its `jwk`, which proves
//!    that the sender has the private half and nothing else, and a client attestation its `x5c`, which is handed to the host;
//! 3. an algorithm that the server offers and the sender is registered for, before any key is looked at;
//! 4. a key that was registered for it, found by `kid`, by `x5t#S256` or among a few;
//! 5. for encryption: the lengths of encrypted key, initialization vector and tag; the tag before the padding; and the same error
//!    for a wrong key, a wrong tag and a wrong padding;
//! 6. the payload, once the signature was verified.
//!
//! These types are public for hosts that receive JWTs elsewhere.

mod agreement;
mod algorithm;
mod backend;
mod base64url;
mod certificate_key;
mod claim_set;
mod compact;
mod content;
mod dates;
mod decoy;
mod decryption_keys;
mod embedded_key;
mod header;
mod jwk;
mod key_error;
mod key_management;
mod mac;
mod number;
mod permitted;
mod prepared_key;
mod private_key;
mod public_key;
mod roca;
mod shared_key;
mod shared_secret;
mod token_fault;
mod verification_keys;
mod verified;

pub use self::{
    algorithm::{ContentEncryption, KeyManagement, SigningAlgorithm},
    decryption_keys::DecryptionKeys,
    key_error::{KeyError, KeyProblem, KeySetError},
    shared_key::SharedKey,
    shared_secret::SharedSecret,
    token_fault::TokenFault,
    verification_keys::VerificationKeys,
};
pub(crate) use self::{
    certificate_key::thumbprint as thumbprint_of_certificate,
    claim_set::{Audience, ClaimSet, text_of},
    compact::{Jwe, Jws, Token},
    dates::Dates,
    decoy::{EvenKeys, check_macs_in_vain, verify_with_decoy_keys},
    embedded_key::EmbeddedKey,
    permitted::Permitted,
    verified::{VerifiedJws, Verifier},
};

/// Whether keys can be used: only where there is a library for the arithmetic.
pub(crate) const HAS_BACKEND: bool = backend::IS_THERE;

/// Why something that needs keys is refused by a build without a backend.
pub(crate) const NEEDS_BACKEND: &str = "needs keys, which parjar can use with the feature josekit or aws-lc-rs";

/// The longest `kid`, in bytes.
const MAX_KID: usize = 256;

/// Bytes of a token that a host hands to one of the public types.
const MAX_TOKEN: usize = 64 * 1024;

/// Keys that are tried for a token without `kid`.
const MAX_TRIALS: usize = 3;

/// Secrets of one sender that a MAC is held against, and as many for one that does not exist.
pub(crate) const MAX_SHARED_SECRETS: usize = 8;
