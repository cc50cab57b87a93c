//! Clients that must send request objects (RFC 9101 section 10.5).

use crate::{
    client::Client,
    error::{Reason, Refusal},
    policy::Policy,
};

pub(super) fn check_plain_is_enough(client: &Client, policy: &Policy) -> Result<(), Refusal> {
    if client.must_sign(policy) {
        return Err(Reason::SignatureRequired.into());
    }
    if client.must_encrypt(policy) {
        return Err(Reason::EncryptionRequired.into());
    }
    Ok(())
}
