//! The faults of tokens.

use crate::error_text::debug_by_display;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $variant:ident $label:literal;)*) => {
        /// The reason to refuse a JWT, for the host to count. The sender gets the same text for all of them.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum TokenFault {
            $($(#[doc = $doc])* #[error($label)] $variant,)*
        }

        debug_by_display!(TokenFault);

        impl TokenFault {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What the documentation says that it means, for the page about refusals.
            #[cfg(test)]
            pub(crate) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*),)*
                }
            }

            /// A stable `snake_case` label, as `Display` shows it.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }

            /// The label of a client assertion's fault.
            pub(crate) const fn assertion_label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("assertion_", $label),)*
                }
            }

            /// The label of an attestation's fault.
            pub(crate) const fn attestation_label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("attestation_", $label),)*
                }
            }

            /// The label of the fault of a proof that comes with an attestation.
            pub(crate) const fn attestation_proof_label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("attestation_proof_", $label),)*
                }
            }

            /// The label of a DPoP proof's fault.
            pub(crate) const fn dpop_proof_label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("dpop_proof_", $label),)*
                }
            }

            /// The label of a request object's fault.
            pub(crate) const fn request_object_label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("request_object_", $label),)*
                }
            }
        }
    };
}

faults! {
    /// Longer than its limit.
    TooLarge "too_large";
    /// Not a compact JWS or JWE of strict base64url, UTF-8 and JSON with unique members.
    Malformed "malformed";
    /// `crit`: extensions are not supported.
    Critical "critical_header";
    /// `b64`: an unencoded payload is not supported.
    Unencoded "unencoded_payload";
    /// `zip`: compression is not supported.
    Compressed "compressed";
    /// A key, or the address of one, in the header.
    KeyInHeader "key_in_header";
    /// The key that a DPoP proof has to bring in its header, or an attestation in its `cnf`, is missing, private, weak or none.
    Key "jwk";
    /// Not the key that the request, or the access token, is bound to.
    OtherKey "other_key";
    /// There is none where one is demanded.
    Missing "missing";
    /// More than one where there may be one.
    Repeated "repeated";
    /// A `typ` or `cty` of another kind of token, or none where one is demanded.
    Type "type";
    /// An algorithm that is unknown, not offered, or not the registered one.
    Algorithm "algorithm";
    /// No key of the sender fits `kid` and algorithm; or all its secrets have expired.
    NoKey "no_key";
    /// The keys of the sender could not be fetched.
    KeysUnavailable "keys_unavailable";
    /// The signature fits no key.
    Signature "signature";
    /// It could not be decrypted: a wrong key, tag and padding are not told apart.
    Decryption "decryption";
    /// The content of an encrypted token is not a signed token.
    Nesting "nesting";
    /// Signed only, where the client has to encrypt.
    NotEncrypted "not_encrypted";
    /// Encrypted, from a sender that has not authenticated.
    Unauthenticated "sender_not_authenticated";
    /// A claim is of the wrong JSON type.
    ClaimType "claim_type";
    /// `iss` is not the client.
    Issuer "issuer";
    /// `sub` is not the client in an assertion, or is the client in a request object.
    Subject "subject";
    /// `aud` is not this server.
    Audience "audience";
    /// `client_id` in a request object is not the client.
    ClientId "client_id";
    /// `exp` is missing where it is demanded.
    MissingExpiry "missing_exp";
    /// `exp` is over.
    Expired "expired";
    /// `nbf` or `iat` is in the future.
    NotYetValid "not_yet_valid";
    /// `iat` is missing where it is demanded.
    MissingIssuedAt "missing_iat";
    /// `nbf` is missing where it is demanded.
    MissingNotBefore "missing_nbf";
    /// It lives longer, or is older, than is allowed.
    Lifetime "lifetime";
    /// `jti` is missing where it is demanded, empty or too long.
    Id "jti";
    /// Its `jti` has been used.
    Replayed "replayed";
    /// `htm` is not the method of the request.
    Method "htm";
    /// `htu` is not the URI of the request.
    TargetUri "htu";
    /// `ath` is not the digest of the access token, or there is none.
    AccessToken "ath";
    /// A claim that belongs into another kind of token.
    ForeignClaim "foreign_claim";
    /// `request` or `request_uri` in a request object.
    Nested "nested_request";
    /// A credential in a request object.
    Credential "credential";
    /// A parameter in a request object is not of its type.
    Parameter "parameter";
    /// More parameters in a request object than [`Limits::parameters`](crate::Limits::parameters).
    TooManyParameters "too_many_parameters";
    /// A longer name of a parameter in a request object than [`Limits::name`](crate::Limits::name).
    NameTooLong "name_too_long";
    /// A longer value in a request object than [`Limits::value`](crate::Limits::value), or
    /// [`Limits::json_value`](crate::Limits::json_value) for one that is JSON.
    ValueTooLong "value_too_long";
    /// A value in a request object that nests deeper than [`Limits::json_depth`](crate::Limits::json_depth).
    TooDeep "too_deep";
}

impl TokenFault {
    /// Seconds by which the clock of a sender seems to be behind, if a token is refused for its dates.
    pub(crate) fn clock_offset(self, issued_at: Option<i64>, now: i64) -> Option<i64> {
        let of_dates = matches!(self, Self::NotYetValid | Self::Expired | Self::Lifetime);
        issued_at.filter(|_| of_dates).map(|issued_at| now.saturating_sub(issued_at))
    }
}
