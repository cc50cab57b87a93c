//! Certificates in PEM (RFC 7468), percent-encoded so that they fit into a header.

use super::base64;
use crate::hex;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// Returns the DER of one certificate that stands alone.
pub(super) fn only(escaped: &[u8]) -> Option<Vec<u8>> {
    let text = unescape(escaped)?;
    let (der, rest) = next(&text)?;
    rest.trim_ascii().is_empty().then_some(der)
}

/// Returns the DER of the first certificate of a chain.
pub(super) fn first(escaped: &[u8]) -> Option<Vec<u8>> {
    let text = unescape(escaped)?;
    let (leaf, mut rest) = next(&text)?;
    while !rest.trim_ascii().is_empty() {
        (_, rest) = body(rest)?;
    }
    Some(leaf)
}

/// Undoes percent-encoding. A `+` is one of base64, not a space.
pub(super) fn unescape(escaped: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex::byte([*rest.next()?, *rest.next()?])?,
            byte if byte.is_ascii_graphic() => *byte,
            _ => return None,
        });
    }
    Some(bytes)
}

fn next(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (encoded, rest) = body(text)?;
    let encoded: Vec<u8> = encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some((base64(&encoded)?, rest))
}

/// Returns the text between the lines of the next certificate, and the text after it.
fn body(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start().strip_prefix(BEGIN)?;
    let end = text.windows(END.len()).position(|window| window == END)?;
    let (encoded, rest) = text.split_at_checked(end)?;
    Some((encoded, rest.strip_prefix(END)?))
}
