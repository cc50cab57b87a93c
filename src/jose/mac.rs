//! MACs (RFC 7518 sections 3.2 and 5.2), for which it takes no backend.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

/// A hash function, by the bytes of its digests.
#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha256 = 32,
    Sha384 = 48,
    Sha512 = 64,
}

impl Hash {
    pub(super) const fn length(self) -> usize {
        self as usize
    }

    /// The HMAC of these parts, one after the other.
    pub(super) fn mac(self, key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Self::Sha256 => mac::<Hmac<Sha256>>(key, parts),
            Self::Sha384 => mac::<Hmac<Sha384>>(key, parts),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, parts),
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::Hash;

    #[test]
    fn macs_are_those_of_the_specification() {
        // RFC 4231 sections 4.3 and 4.7
        let in_parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        for (hash, expected) in [
            (Hash::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Hash::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Hash::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd\
                 caeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            let mac = hash.mac(b"Jefe", &in_parts).unwrap();
            assert_eq!(mac.len(), hash.length());
            assert_eq!(mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
        }
    }
}
