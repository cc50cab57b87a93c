//! `client_secret_basic`: user and password of HTTP Basic, each form-encoded before they were joined (RFC 6749 section 2.3.1).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{client::MAX_SECRET, error::Reason, http::form, policy::MAX_CLIENT_ID, protocol::form_error::FormError};

/// Bytes of the whole header value.
const MAX_HEADER: usize = 16 * 1024;

/// Reads the value of an `Authorization` header, strictly: one space, padded base64, a user, a colon and a password.
pub(super) fn read(authorization: &[u8]) -> Result<(Box<str>, Zeroizing<String>), Reason> {
    const MALFORMED: Reason = Reason::MalformedAuthorization;
    if authorization.len() > MAX_HEADER {
        return Err(MALFORMED);
    }
    let (scheme, credentials) = authorization.split_at_checked(6).ok_or(MALFORMED)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return Err(MALFORMED);
    }
    let decoded = Zeroizing::new(STANDARD.decode(credentials).map_err(|_| MALFORMED)?);
    let mut halves = decoded.splitn(2, |byte| *byte == b':');
    let (Some(user), Some(password)) = (halves.next(), halves.next()) else {
        return Err(MALFORMED);
    };
    let mut buffer = Zeroizing::new(Vec::new());
    let user: Box<str> =
        form::decode(user, MAX_CLIENT_ID, FormError::ValueTooLong, &mut buffer).map_err(|_| MALFORMED)?.into();
    if user.is_empty() {
        return Err(MALFORMED);
    }
    let password = form::decode(password, MAX_SECRET, FormError::ValueTooLong, &mut buffer).map_err(|_| MALFORMED)?;
    Ok((user, Zeroizing::new(password.to_owned())))
}
