//! Key agreement (RFC 7518 section 4.6): the point that a sender has made up, and the key that follows from the secret.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{base64url, header::Header, public_key::uncompressed};

/// Curves for key agreement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    X25519,
}

impl Curve {
    pub(super) fn parse(kty: &str, crv: &str) -> Option<Self> {
        match (kty, crv) {
            ("EC", "P-256") => Some(Self::P256),
            ("EC", "P-384") => Some(Self::P384),
            ("OKP", "X25519") => Some(Self::X25519),
            _ => None,
        }
    }

    /// Bytes of a coordinate.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::P384 => 48,
            Self::P256 | Self::X25519 => 32,
        }
    }

    /// The curve of the point in a header, if that names one.
    pub(super) fn of_header(header: &Header) -> Option<Self> {
        let point = header.others.get("epk")?;
        let named = |member: &str| point.get(member).and_then(Value::as_str);
        Self::parse(named("kty")?, named("crv")?)
    }
}

/// The part of a header that key agreement reads.
pub(super) struct Offer {
    /// `epk`: a point by its coordinates, as the backends read it. It need not be one of the curve.
    pub(super) public: Vec<u8>,
    /// `apu` and `apv`
    parties: [Vec<u8>; 2],
}

impl Offer {
    /// Reads a point of the right curve and size, and the parties' names.
    pub(super) fn read(header: &Header, curve: Curve) -> Option<Self> {
        let point = header.others.get("epk")?.as_object()?;
        let coordinate = |member: &str| {
            let bytes = base64url::decode(point.get(member)?.as_str()?)?;
            (bytes.len() == curve.length()).then_some(bytes)
        };
        if Curve::of_header(header)? != curve || point.contains_key("d") {
            return None;
        }
        let public = match curve {
            Curve::X25519 => coordinate("x")?,
            Curve::P256 | Curve::P384 => uncompressed(&coordinate("x")?, &coordinate("y")?),
        };
        let party = |name: &str| match header.others.get(name) {
            None => Some(Vec::new()),
            Some(party) => base64url::decode(party.as_str()?),
        };
        Some(Self { public, parties: [party("apu")?, party("apv")?] })
    }

    /// The key of `length` bytes for an algorithm (RFC 7518 section 4.6.2, NIST SP 800-56A section 5.8.1).
    pub(super) fn derive(&self, secret: &[u8], algorithm: &str, length: usize) -> Zeroizing<Vec<u8>> {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let [apu, apv] = &self.parties;
        let mut key =
            Zeroizing::new(Vec::with_capacity(length.next_multiple_of(<Sha256 as sha2::Digest>::output_size())));
        for round in 1u32.. {
            if key.len() >= length {
                break;
            }
            let mut hasher = Sha256::new();
            hasher.update(round.to_be_bytes());
            hasher.update(secret);
            for party in [algorithm.as_bytes(), apu, apv] {
                hasher.update(count(party.len()));
                hasher.update(party);
            }
            hasher.update(count(length.saturating_mul(8)));
            key.extend_from_slice(&hasher.finalize());
        }
        key.truncate(length);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::Offer;
    use crate::jose::base64url;

    #[test]
    fn the_key_of_the_example_in_the_specification_is_derived() {
        // RFC 7518 appendix C
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
            106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let offer = Offer { public: Vec::new(), parties: [b"Alice".to_vec(), b"Bob".to_vec()] };
        assert_eq!(base64url::encode(&offer.derive(&secret, "A128GCM", 16)), "VqqN6vgjbSBcIijNcacQGg");
        // A longer key is not the shorter one and more.
        assert_eq!(offer.derive(&secret, "A256CBC-HS512", 64).len(), 64);
    }
}
