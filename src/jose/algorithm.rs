//! The algorithms that exist here. No other, `none` above all, can be named or used.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! algorithms {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The value on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The algorithm of this name, which is compared exactly.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

algorithms! {
    /// `alg` of a JWS (RFC 7518 section 3, RFC 8037, RFC 9864).
    SigningAlgorithm {
        /// ECDSA on P-256
        Es256 "ES256",
        /// ECDSA on P-384
        Es384 "ES384",
        /// ECDSA on P-521
        Es512 "ES512",
        /// RSASSA-PSS with SHA-256
        Ps256 "PS256",
        /// RSASSA-PSS with SHA-384
        Ps384 "PS384",
        /// RSASSA-PSS with SHA-512
        Ps512 "PS512",
        /// EdDSA. Only with Ed25519, so this is an older name of [`Ed25519`](Self::Ed25519).
        EdDsa "EdDSA",
        /// EdDSA with Ed25519, by its full name
        Ed25519 "Ed25519",
        /// RSASSA-PKCS1-v1_5 with SHA-256. It and its kin are older choices, which no client gets without a registration that
        /// names them.
        Rs256 "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384
        Rs384 "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512
        Rs512 "RS512",
        /// HMAC with SHA-256
        Hs256 "HS256",
        /// HMAC with SHA-384
        Hs384 "HS384",
        /// HMAC with SHA-512
        Hs512 "HS512",
    }
}

impl SigningAlgorithm {
    /// Returns `true` if both sides hold the same key.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Returns `true` for RSASSA-PKCS1-v1_5.
    pub(crate) const fn is_pkcs1(self) -> bool {
        matches!(self, Self::Rs256 | Self::Rs384 | Self::Rs512)
    }

    /// Returns `true` for algorithms with RSA keys.
    pub(super) const fn is_rsa(self) -> bool {
        self.is_pkcs1() || matches!(self, Self::Ps256 | Self::Ps384 | Self::Ps512)
    }

    /// Returns `true` if both names stand for the same algorithm.
    #[must_use]
    pub fn is_same(self, other: Self) -> bool {
        let full = |algorithm| if algorithm == Self::EdDsa { Self::Ed25519 } else { algorithm };
        full(self) == full(other)
    }
}

algorithms! {
    /// `alg` of a JWE (RFC 7518 section 4).
    KeyManagement {
        /// RSAES-OAEP with SHA-256
        RsaOaep256 "RSA-OAEP-256",
        /// RSAES-OAEP with SHA-1
        RsaOaep "RSA-OAEP",
        /// Elliptic curve Diffie-Hellman
        EcdhEs "ECDH-ES",
        /// Elliptic curve Diffie-Hellman, which wraps a key
        EcdhEsA128Kw "ECDH-ES+A128KW",
        /// Elliptic curve Diffie-Hellman, which wraps a key
        EcdhEsA256Kw "ECDH-ES+A256KW",
        /// The shared key itself
        Dir "dir",
        /// AES key wrap
        A128Kw "A128KW",
        /// AES key wrap
        A192Kw "A192KW",
        /// AES key wrap
        A256Kw "A256KW",
        /// Key encryption with AES GCM
        A128GcmKw "A128GCMKW",
        /// Key encryption with AES GCM
        A192GcmKw "A192GCMKW",
        /// Key encryption with AES GCM
        A256GcmKw "A256GCMKW",
    }
}

impl KeyManagement {
    /// Returns `true` if both sides hold the same key.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        !matches!(self, Self::RsaOaep | Self::RsaOaep256 | Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw)
    }

    /// Bytes of the key of a symmetric one, or of one that agrees on a key to unwrap with. For `dir` it is that of the content
    /// encryption.
    pub(super) const fn key_length(self, encryption: ContentEncryption) -> usize {
        match self {
            Self::Dir => encryption.key_length(),
            Self::A128Kw | Self::A128GcmKw | Self::EcdhEsA128Kw => 16,
            Self::A192Kw | Self::A192GcmKw => 24,
            _ => 32,
        }
    }
}

algorithms! {
    /// `enc` of a JWE (RFC 7518 section 5).
    ContentEncryption {
        /// AES-CBC with HMAC-SHA-256
        A128CbcHs256 "A128CBC-HS256",
        /// AES-CBC with HMAC-SHA-512
        A256CbcHs512 "A256CBC-HS512",
        /// AES GCM
        A128Gcm "A128GCM",
        /// AES GCM
        A256Gcm "A256GCM",
    }
}

impl ContentEncryption {
    /// Bytes of the key.
    pub(super) const fn key_length(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }
}
