//! Members of registrations whose names are almost those of members that this library knows.

/// The members that this library reads.
const KNOWN: [&str; 39] = [
    "accept_unencoded_basic_secrets",
    "allow_per_request_redirect_uris",
    "application_type",
    "authorization_details_types",
    "authorization_signed_response_alg",
    "client_id",
    "client_name",
    "client_secret",
    "client_secret_expires_at",
    "client_secrets",
    "danger_allow_legacy_assertion_audience",
    "danger_redirect_uri_patterns",
    "default_max_age",
    "dpop_bound_access_tokens",
    "grant_types",
    "jwks",
    "jwks_uri",
    "redirect_uris",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "request_object_signing_alg",
    "request_uri_lifetime",
    "require_encrypted_request_object",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "response_modes",
    "response_types",
    "scope",
    "sector_identifier_uri",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_email",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_uri",
    "tls_client_auth_subject_dn",
    "tls_client_auth_subject_dn_order",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods",
    "token_endpoint_auth_signing_alg",
];

/// Members of other specifications that are as near to one of these as a misspelling would be, or might be.
const OTHERS: [&str; 12] = [
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "client_id_issued_at",
    "client_uri",
    "contacts",
    "default_acr_values",
    "id_token_signed_response_alg",
    "jwks_uri",
    "request_uris",
    "require_auth_time",
    "subject_type",
    "use_mtls_endpoint_aliases",
];

/// The most letters that a misspelling changes, adds, leaves out or swaps.
const MAX_DISTANCE: usize = 2;

/// The member that a name of another one is nearly the same as.
pub(super) fn meant_by(name: &str) -> Option<&'static str> {
    if KNOWN.contains(&name) || OTHERS.contains(&name) || name.len() > 64 || name.contains('#') {
        return None;
    }
    let name = plain(name);
    KNOWN.into_iter().find(|known| {
        let known = plain(known);
        // Of a short name there is little left when two letters are wrong.
        let most = if known.len() < 8 { 1 } else { MAX_DISTANCE };
        distance(&name, &known) <= most
    })
}

/// A name in one case, with one kind of separator, and without the prefix that some forget.
fn plain(name: &str) -> Vec<u8> {
    let name = name.strip_prefix("danger_").unwrap_or(name);
    name.bytes()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b' ' | b'.'))
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

/// The number of letters to change, add, leave out, or swap with the next one (optimal string alignment).
fn distance(one: &[u8], other: &[u8]) -> usize {
    if one.len().abs_diff(other.len()) > MAX_DISTANCE {
        return usize::MAX;
    }
    let first: Vec<usize> = (0..=other.len()).collect();
    let (mut before, mut last) = (first.clone(), first);
    let mut previous = None;
    for (row, letter) in one.iter().enumerate() {
        let mut next = vec![row.saturating_add(1)];
        let mut left = None;
        for (column, candidate) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let after = column.saturating_add(1);
            let changed = at(&last, column).saturating_add(usize::from(letter != candidate));
            let shorter = at(&last, after).saturating_add(1);
            let longer = at(&next, column).saturating_add(1);
            let mut least = changed.min(shorter).min(longer);
            if left == Some(letter) && previous == Some(candidate) {
                least = least.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            next.push(least);
            left = Some(candidate);
        }
        before = std::mem::replace(&mut last, next);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{KNOWN, OTHERS, distance, meant_by};
    use crate::client::ClientRegistration;

    #[test]
    fn the_known_members_are_those_that_a_registration_reads() {
        for member in KNOWN {
            let document = Map::from_iter([("client_id".to_owned(), json!("c")), (member.to_owned(), Value::Null)]);
            let document =
                if member == "client_id" { Map::from_iter([("client_id".to_owned(), json!("c"))]) } else { document };
            assert!(ClientRegistration::try_from(document).unwrap().other.is_empty(), "{member}");
            assert_eq!(meant_by(member), None);
        }
    }

    #[test]
    fn a_name_that_is_nearly_a_known_one_is_taken_for_it() {
        for (name, meant) in [
            ("require_pushed_authorization_request", "require_pushed_authorization_requests"),
            ("require_pushed_authorisation_requests", "require_pushed_authorization_requests"),
            ("requirePushedAuthorizationRequests", "require_pushed_authorization_requests"),
            ("require-signed-request-object", "require_signed_request_object"),
            ("require_signed_request_objects", "require_signed_request_object"),
            ("redirect_uri", "redirect_uris"),
            ("rediret_uris", "redirect_uris"),
            ("scopes", "scope"),
            ("jkws_uri", "jwks_uri"),
            ("token_endpoint_auth_methode", "token_endpoint_auth_method"),
            ("dpop_bound_access_token", "dpop_bound_access_tokens"),
            ("allow_legacy_assertion_audience", "danger_allow_legacy_assertion_audience"),
            ("tls_client_auth_san_urí", "tls_client_auth_san_uri"),
        ] {
            assert_eq!(meant_by(name), Some(meant), "{name}");
        }
    }

    #[test]
    fn members_of_other_specifications_are_not_taken_for_misspelled_ones() {
        for name in [
            "client_uri",
            "logo_uri",
            "tos_uri",
            "policy_uri",
            "contacts",
            "software_id",
            "software_version",
            "software_statement",
            "subject_type",
            "id_token_signed_response_alg",
            "id_token_encrypted_response_alg",
            "id_token_encrypted_response_enc",
            "userinfo_signed_response_alg",
            "userinfo_encrypted_response_alg",
            "userinfo_encrypted_response_enc",
            "require_auth_time",
            "default_acr_values",
            "initiate_login_uri",
            "request_uris",
            "post_logout_redirect_uris",
            "frontchannel_logout_uri",
            "frontchannel_logout_session_required",
            "backchannel_logout_uri",
            "backchannel_logout_session_required",
            "backchannel_token_delivery_mode",
            "backchannel_client_notification_endpoint",
            "backchannel_authentication_request_signing_alg",
            "backchannel_user_code_parameter",
            "introspection_signed_response_alg",
            "authorization_encrypted_response_alg",
            "authorization_encrypted_response_enc",
            "tls_client_certificate_bound_access_tokens",
            "claims_redirect_uris",
            "nfv_token_signed_response_alg",
            "client_registration_types",
            "signed_jwks_uri",
            "organization_name",
            "client_id_issued_at",
            "registration_client_uri",
            "registration_access_token",
            "credential_offer_endpoint",
            "use_mtls_endpoint_aliases",
            "client_name#de",
            "x",
            "",
        ] {
            assert_eq!(meant_by(name), None, "{name}");
        }
        assert!(OTHERS.iter().all(|other| meant_by(other).is_none()));
    }

    #[test]
    fn the_distance_counts_letters() {
        for (one, other, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "acb", 1),
            ("abcd", "badc", 2),
            ("abcd", "bc", 2),
        ] {
            assert_eq!(distance(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
            assert_eq!(distance(other.as_bytes(), one.as_bytes()), expected, "{other} {one}");
        }
    }
}
