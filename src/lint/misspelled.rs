//! Members of registrations whose names are almost those of members that this library knows.

use crate::nearest::nearest;

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

/// The member that a name of another one is nearly the same as.
pub(super) fn meant_by(name: &str) -> Option<&'static str> {
    if KNOWN.contains(&name) || OTHERS.contains(&name) || name.contains('#') {
        return None;
    }
    nearest(name, KNOWN)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{KNOWN, OTHERS, meant_by};
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
}
