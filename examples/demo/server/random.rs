//! Handles that cannot be guessed: 256 bits of the system's generator in base64url.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parjar::{RandomError, RandomSource as _, SystemRandom};

/// 43 characters.
pub(crate) fn token() -> Result<String, RandomError> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A UUID of version 4 (RFC 9562 section 5.4).
pub(crate) fn uuid() -> Result<String, RandomError> {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes)?;
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0F | 0x40;
    *variant = *variant & 0x3F | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| digits.get(group).unwrap_or_default().to_owned());
    Ok(groups.join("-"))
}
