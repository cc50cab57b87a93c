//! Clients that must send request objects (RFC 9101 section 10.5).

use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
    protocol::protection::Protection,
};

pub(super) fn check(protection: Protection, client: &Client, policy: &Policy) -> Result<(), Refusal> {
    if client.must_sign(policy) && !protection.is_signed() {
        return Err(Reason::SignatureRequired.into());
    }
    if client.must_encrypt(policy) && !protection.is_encrypted() {
        return Err(Reason::EncryptionRequired.into());
    }
    Ok(())
}
