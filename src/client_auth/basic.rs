//! `client_secret_basic`: user and password of HTTP Basic, each form-encoded before they were joined (RFC 6749 section 2.3.1).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{client::MAX_SECRET, error::Reason, http::form, policy::MAX_CLIENT_ID, protocol::form_error::FormError};

/// Bytes of the whole header value.
const MAX_HEADER: usize = 16 * 1024;

/// A password, decoded if it can be.
pub(crate) struct BasicSecret {
    decoded: Option<Zeroizing<String>>,
    /// The password as it stands in the header, where that is another one.
    unencoded: Option<Zeroizing<Vec<u8>>>,
}

impl BasicSecret {
    /// The secret that was encoded as it should be.
    pub(super) fn decoded(&self) -> Option<&[u8]> {
        self.decoded.as_ref().map(|secret| secret.as_bytes())
    }

    /// The secret of a client that does not encode it, if that is another one.
    pub(super) fn unencoded(&self) -> Option<&[u8]> {
        self.unencoded.as_ref().map(|secret| &***secret)
    }
}

/// Reads the value of an `Authorization` header, strictly: one space, padded base64, a user, a colon and a password.
pub(super) fn read(authorization: &[u8]) -> Result<(Box<str>, BasicSecret), Reason> {
    const MALFORMED: Reason = Reason::MalformedAuthorization;
    if authorization.len() > MAX_HEADER {
        return Err(MALFORMED);
    }
    let (scheme, credentials) = authorization.split_at_checked(6).ok_or(MALFORMED)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return Err(MALFORMED);
    }
    let joined = Zeroizing::new(STANDARD.decode(credentials).map_err(|_| MALFORMED)?);
    let joined = std::str::from_utf8(&joined).map_err(|_| MALFORMED)?;
    let (user, password) = joined.split_once(':').ok_or(MALFORMED)?;
    let mut buffer = Zeroizing::new(Vec::new());
    let user: Box<str> =
        form::decode(user, MAX_CLIENT_ID, FormError::ValueTooLong, &mut buffer).map_err(|_| MALFORMED)?.into();
    if user.is_empty() {
        return Err(MALFORMED);
    }
    let decoded = form::decode(password, MAX_SECRET, FormError::ValueTooLong, &mut buffer).ok();
    let decoded = decoded.map(|secret| Zeroizing::new(secret.to_owned()));
    // Only a percent sign that encodes nothing can be a secret as it is.
    let may_be_unencoded = decoded.as_ref().is_none_or(|decoded| **decoded != password)
        && password.len() <= MAX_SECRET
        && password.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
    let unencoded = may_be_unencoded.then(|| Zeroizing::new(password.as_bytes().to_vec()));
    if decoded.is_none() && unencoded.is_none() {
        return Err(MALFORMED);
    }
    Ok((user, BasicSecret { decoded, unencoded }))
}
