//! Tokens that are not good.

use super::{Mending, by_both, by_client};
use crate::jose::TokenFault;

pub(super) fn of_fault(fault: TokenFault) -> Mending {
    match fault {
        TokenFault::TooLarge => by_both(
            "Send less in the token: no certificates, fewer claims.",
            "Raise [`value`](crate::Limits::value) or [`request_object`](crate::Limits::request_object) of the limits.",
        ),
        TokenFault::Malformed => {
            by_client("Send one compact JWS or JWE: base64url without padding, JSON without repeated members.")
        }
        TokenFault::Critical => by_client("Leave `crit` out."),
        TokenFault::Unencoded => by_client("Leave `b64` out."),
        TokenFault::Compressed => by_client("Leave `zip` out."),
        TokenFault::KeyInHeader => by_both(
            "Name the registered key by `kid`, and leave `jwk`, `jku`, `x5c`, `x5t` and `x5u` out.",
            "See [`refuse_key_hints_in_token_headers`](crate::Policy::refuse_key_hints_in_token_headers).",
        ),
        TokenFault::Key => by_client(
            "Bring the public key as `jwk`, without private members: P-256, Ed25519, or RSA of 2048 bits or more.",
        ),
        TokenFault::OtherKey => {
            by_client("Use one key for the push, the token endpoint and the API, and send the `dpop_jkt` of that key.")
        }
        TokenFault::Missing => by_client("Send it."),
        TokenFault::Repeated => by_client("Send it once."),
        TokenFault::Type => by_client(
            "Set `typ` as the kind of token has it: `client-authentication+jwt`, `oauth-authz-req+jwt`, `dpop+jwt`, \
             `oauth-client-attestation+jwt` or `oauth-client-attestation-pop+jwt`.",
        ),
        TokenFault::Algorithm => by_both(
            "Sign with the registered algorithm, or with one that the metadata offers.",
            "RS256 and its kin, and MACs, are for clients that have registered them.",
        ),
        TokenFault::NoKey => by_both(
            "Publish the key before it is used, with the `kid` of the token.",
            "Look whether the keys of the client are up to date. An unknown `kid` is looked for at the `jwks_uri` once per \
             [cooldown](crate::JwksCacheLimits::cooldown).",
        ),
        TokenFault::KeysUnavailable => by_both(
            "Look whether the `jwks_uri` answers, with 200 and JSON.",
            "Read the cause in [`Event::KeysNotFetched`](crate::Event::KeysNotFetched). For attestations: the host's \
             [`AttesterKeys`](crate::attesters::AttesterKeys) has failed.",
        ),
        TokenFault::Signature => {
            by_client("Sign with the private key of the registered public one. ECDSA: 64 or 96 bytes, not DER.")
        }
        TokenFault::Decryption => by_both(
            "Encrypt to the present key at the `jwks_uri` of the server, with an algorithm of its metadata.",
            "Keep a replaced key in [`DecryptionKeys`](crate::jose::DecryptionKeys) until clients have the new one.",
        ),
        TokenFault::Nesting => by_client("Sign first, and then encrypt the signed token."),
        TokenFault::NotEncrypted => by_client("Encrypt what was signed."),
        TokenFault::Unauthenticated => by_both(
            "Push encrypted request objects.",
            "See [`danger_decrypt_request_objects_by_value`](crate::Policy::danger_decrypt_request_objects_by_value).",
        ),
        TokenFault::ClaimType => by_client("Send dates as numbers, and names as text."),
        TokenFault::Issuer => by_client("Set `iss` to the `client_id`."),
        TokenFault::Subject => {
            by_client("Set `sub` to the `client_id` in an assertion, and leave it out of a request object.")
        }
        TokenFault::Audience => by_both(
            "Set `aud` to the issuer, to the letter.",
            "For clients that send the URL of the endpoint, see \
             [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience).",
        ),
        TokenFault::ClientId => by_client("Set `client_id` in the request object to that of the request."),
        TokenFault::MissingExpiry => by_client("Set `exp`."),
        TokenFault::Expired => by_both(
            "Make a new token for each request, and set the clock by NTP.",
            "Look at [`clock_offset`](crate::Refusal::clock_offset) in the log: many clients with the same offset are a wrong \
             clock here.",
        ),
        TokenFault::NotYetValid => by_both(
            "Set the clock by NTP, or `iat` and `nbf` some seconds back.",
            "Look at [`clock_offset`](crate::Refusal::clock_offset) in the log. See \
             [`clock_leeway`](crate::Policy::clock_leeway).",
        ),
        TokenFault::MissingIssuedAt => by_client("Set `iat`."),
        TokenFault::MissingNotBefore => by_client("Set `nbf`."),
        TokenFault::Lifetime => by_both(
            "Let the token live shorter: a minute is enough.",
            "See the lifetimes in [`policies`](crate::guide::policies).",
        ),
        TokenFault::Id => by_client("Set `jti`: random, 1 to 256 bytes."),
        TokenFault::Replayed => by_client("Make a new token, with a new `jti`, for each request."),
        TokenFault::Method => by_client("Set `htm` to the method of the request, in capital letters."),
        TokenFault::TargetUri => by_both(
            "Set `htu` to the URL of the request, without query and fragment.",
            "Tell the URLs that clients see: [`token_endpoint`](crate::ParEndpointBuilder::token_endpoint) and its kin, not those \
             behind the proxy.",
        ),
        TokenFault::AccessToken => by_client("Set `ath` to the SHA-256 of the access token, in base64url."),
        TokenFault::ForeignClaim => by_client("Do not use one kind of token as another."),
        TokenFault::Nested => by_client("Leave `request` and `request_uri` out of a request object."),
        TokenFault::Credential => by_client("Send credentials beside the request object."),
        TokenFault::Parameter => {
            by_client("Send text as JSON text, numbers as numbers, `claims` and `authorization_details` as JSON.")
        }
        TokenFault::TooManyParameters => {
            by_both("Send fewer parameters.", "Raise [`Limits::parameters`](crate::Limits::parameters).")
        }
        TokenFault::NameTooLong => by_both("Use shorter names.", "Raise [`Limits::name`](crate::Limits::name)."),
        TokenFault::ValueTooLong => by_both(
            "Send shorter values.",
            "Raise [`value`](crate::Limits::value) or [`json_value`](crate::Limits::json_value) of the limits.",
        ),
        TokenFault::TooDeep => {
            by_both("Send flatter JSON.", "Raise [`Limits::json_depth`](crate::Limits::json_depth).")
        }
    }
}
