//! Handles nobody can guess: 256 bits of the system's generator in base64url.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parjar::{RandomError, RandomSource as _, SystemRandom};

/// 43 characters.
pub(crate) fn token() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
