//! Hexadecimal digits (RFC 4648 section 8), in either case: of percent-encodings, of escapes in names, of digests.

/// The byte that two digits stand for. `None` where one of them is no digit.
pub(crate) const fn byte([high, low]: [u8; 2]) -> Option<u8> {
    match (digit(high), digit(low)) {
        (Some(high), Some(low)) => Some(high << 4 | low),
        _ => None,
    }
}

/// Reads `N` bytes from twice as many digits.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks() else {
        return None;
    };
    let bytes: Vec<u8> = pairs.iter().copied().map(byte).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// Writes a digest, in lower case.
pub(crate) fn encode(digest: &[u8; 32]) -> [u8; 64] {
    let digit = |nibble: u8| if nibble < 10 { b'0' | nibble } else { (b'a' - 10).wrapping_add(nibble) };
    let mut text = [0; 64];
    let (pairs, _) = text.as_chunks_mut();
    for (pair, byte) in pairs.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{byte, decode};

    #[test]
    fn two_digits_are_a_byte_and_nothing_else_is() {
        for value in 0..=u8::MAX {
            for text in [format!("{value:02x}"), format!("{value:02X}")] {
                assert_eq!(byte(text.as_bytes().try_into().unwrap()), Some(value));
            }
        }
        for text in [b"+f", b"-1", b"0x", b" 1", b"1 ", b"g0", b"0g", b"/0", b":0", b"@0", b"`0"] {
            assert_eq!(byte(*text), None);
        }
    }

    #[test]
    fn a_text_is_read_only_if_it_has_the_right_length() {
        assert_eq!(decode("00fFA5"), Some([0, 255, 165]));
        for text in ["00ffa", "00ffa5a", "00ffa5a5", "00ff", "", "00ff+5", "00\u{e9}a5"] {
            assert_eq!(decode::<3>(text), None, "{text}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn what_is_written_is_read() {
        let digest = std::array::from_fn(|at| u8::try_from(at * 8 + 1).unwrap());
        let text = super::encode(&digest);
        let text = std::str::from_utf8(&text).unwrap();
        assert_eq!(decode(text), Some(digest));
        assert!(text.starts_with("010911"), "{text}");
        assert_eq!(text, text.to_ascii_lowercase());
    }
}
