//! Rules for registrations.

use url::{Host, Url};

use super::{
    Finding, LintRule,
    Severity::{Dangerous, DoesNotConform, Note},
    misspelled,
    profiles::{ALL, FAPI, FAPI_AND_ATPROTO, FAPI1, FAPI2, STRICT_AUDIENCE},
};
use crate::{
    client::{Client, KeySource},
    jose::{ContentEncryption, KeyManagement, SigningAlgorithm},
    policy::{FAPI1_ALGORITHMS, FAPI2_ALGORITHMS, Policy, Profile},
    protocol::authentication_method::AuthenticationMethod,
};

/// A client, and the policy of its server.
struct Registered<'a> {
    client: &'a Client,
    policy: &'a Policy,
}

pub(super) fn findings(client: &Client, policy: &Policy, profile: Profile) -> Vec<Finding> {
    let registered = Registered { client, policy };
    let of_rules = rules().into_iter().filter_map(|rule| rule.of_client(profile, &registered, client));
    let ignored = client.ignored().iter().map(|ignored| {
        let label = if ignored.is_of_key() { "unusable_keys" } else { "ignored_member" };
        Finding::of_client(client, Note, label, ignored.member(), ignored.reason().to_owned())
    });
    let misspelled = client.metadata().keys().filter_map(|name| misspelled::meant_by(name)).map(|member| {
        let requirement = "one of the members that this library does not know looks like this one misspelled";
        Finding::of_client(client, Note, "misspelled_member", member, requirement)
    });
    of_rules.chain(ignored).chain(misspelled).collect()
}

/// A function, because a constant could not name the lifetime of the client and the policy.
fn rules<'a>() -> Vec<LintRule<Registered<'a>>> {
    vec![
        // Registrations that weaken any server.
        LintRule {
            severity: Dangerous,
            label: "client_legacy_assertion_audience",
            member: "danger_allow_legacy_assertion_audience",
            profiles: STRICT_AUDIENCE,
            broken: |it| it.client.allows_legacy_audience(),
            requirement: "the aud of an assertion must be the issuer alone, or another server can use it here (RFC 7523bis, \
                          FAPI 2.0 Security Profile section 5.3.2.1)",
        },
        LintRule {
            severity: Dangerous,
            label: "client_access_token_in_response",
            member: "response_types",
            profiles: ALL,
            broken: |it| it.client.response_types().iter().any(|kind| kind.has_token()),
            requirement: "access tokens should not come through the browser (RFC 9700 section 2.1.2)",
        },
        LintRule {
            severity: Dangerous,
            label: "redirect_uri_patterns",
            member: "danger_redirect_uri_patterns",
            profiles: ALL,
            broken: |it| !it.client.redirect_uri_patterns().is_empty(),
            requirement: "each redirect URI must be registered in full (RFC 9700 section 2.1), or one open redirect below a pattern gives \
                          codes away",
        },
        // Client authentication.
        LintRule {
            severity: DoesNotConform,
            label: "public_client",
            member: "token_endpoint_auth_method",
            profiles: FAPI,
            broken: |it| !it.client.is_confidential(),
            requirement: "clients must be confidential (FAPI 1.0 Advanced section 5.2.2, FAPI 2.0 Security Profile section \
                          5.3.2.1)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_with_secret",
            member: "token_endpoint_auth_method",
            profiles: FAPI_AND_ATPROTO,
            broken: |it| it.client.methods().iter().any(uses_secret),
            requirement: "clients must authenticate with keys, not with secrets (FAPI 1.0 Advanced section 5.2.2, FAPI 2.0 \
                          Security Profile section 5.3.2.1, AT Protocol)",
        },
        LintRule {
            severity: Dangerous,
            label: "short_secret",
            member: "client_secret",
            profiles: ALL,
            broken: |it| it.client.secret_traits().short,
            requirement: "a secret must hold 128 random bits, which takes 22 characters (RFC 6749 section 10.10)",
        },
        LintRule {
            severity: Note,
            label: "secret_sent_unencoded",
            member: "client_secret",
            profiles: ALL,
            broken: |it| {
                it.client.methods().contain(AuthenticationMethod::ClientSecretBasic)
                    && it.client.secret_traits().often_unencoded
                    && !it.client.accepts_unencoded_basic_secrets()
                    && !it.policy.accept_unencoded_basic_secrets
            },
            requirement: "many clients send a secret with + or % by Basic without encoding it (RFC 6749 section 2.3.1), and fail; \
                          accept_unencoded_basic_secrets takes it",
        },
        LintRule {
            severity: Note,
            label: "authentication_method_without_effect",
            member: "token_endpoint_auth_method",
            profiles: ALL,
            broken: |it| !it.client.methods().iter().any(|method| it.policy.offers_authentication_method(method)),
            requirement: "the policy does not offer the method of this client, which cannot authenticate",
        },
        LintRule {
            severity: Note,
            label: "several_authentication_methods",
            member: "token_endpoint_auth_methods",
            profiles: ALL,
            broken: |it| it.client.methods().iter().count() > 1,
            requirement: "the client may choose its method in each request; where it is known which one it uses, \
                          token_endpoint_auth_method should name it alone (RFC 7591 section 2)",
        },
        LintRule {
            severity: Note,
            label: "authentication_method_partly_without_effect",
            member: "token_endpoint_auth_methods",
            profiles: ALL,
            broken: |it| {
                let offered = |method| it.policy.offers_authentication_method(method);
                it.client.methods().iter().any(offered) && !it.client.methods().iter().all(offered)
            },
            requirement: "the policy offers one of the methods of this client, and not the other",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_assertion_algorithm",
            member: "token_endpoint_auth_signing_alg",
            profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
            broken: |it| it.client.keys().assertion_algorithm.is_some_and(|it| !FAPI1_ALGORITHMS.contains(&it)),
            requirement: "must be PS256 or ES256 (FAPI 1.0 Advanced section 8.6)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_assertion_algorithm",
            member: "token_endpoint_auth_signing_alg",
            profiles: FAPI2,
            broken: |it| it.client.keys().assertion_algorithm.is_some_and(|it| !FAPI2_ALGORITHMS.contains(&it)),
            requirement: "must be PS256, ES256 or EdDSA (FAPI 2.0 Security Profile section 5.4.1)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_assertion_algorithm",
            member: "token_endpoint_auth_signing_alg",
            profiles: &[Profile::Brazil],
            broken: |it| it.client.keys().assertion_algorithm.is_some_and(|it| it != SigningAlgorithm::Ps256),
            requirement: "must be PS256 (Open Finance Brasil security profile)",
        },
        LintRule {
            severity: Note,
            label: "assertion_algorithm_without_effect",
            member: "token_endpoint_auth_signing_alg",
            profiles: ALL,
            broken: |it| {
                let offered = &it.policy.token_endpoint_auth_signing_alg_values_supported;
                it.client.token_endpoint_auth_method().uses_assertion()
                    && is_unoffered(it.client.keys().assertion_algorithm, offered)
            },
            requirement: "the policy does not offer this algorithm, and the client cannot authenticate",
        },
        // Request objects.
        LintRule {
            severity: DoesNotConform,
            label: "client_request_object_algorithm",
            member: "request_object_signing_alg",
            profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
            broken: |it| it.client.keys().object_algorithm.is_some_and(|it| !FAPI1_ALGORITHMS.contains(&it)),
            requirement: "must be PS256 or ES256 (FAPI 1.0 Advanced section 8.6)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_request_object_algorithm",
            member: "request_object_signing_alg",
            profiles: FAPI2,
            broken: |it| it.client.keys().object_algorithm.is_some_and(|it| !FAPI2_ALGORITHMS.contains(&it)),
            requirement: "must be PS256, ES256 or EdDSA (FAPI 2.0 Security Profile section 5.4.1)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_request_object_algorithm",
            member: "request_object_signing_alg",
            profiles: &[Profile::Brazil],
            broken: |it| it.client.keys().object_algorithm.is_some_and(|it| it != SigningAlgorithm::Ps256),
            requirement: "must be PS256 (Open Finance Brasil security profile)",
        },
        LintRule {
            severity: Note,
            label: "request_object_algorithm_without_effect",
            member: "request_object_signing_alg",
            profiles: ALL,
            broken: |it| {
                let offered = &it.policy.request_object_signing_alg_values_supported;
                is_unoffered(it.client.keys().object_algorithm, offered)
            },
            requirement: "the policy does not offer this algorithm, and no request object of the client can be accepted",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_encryption",
            member: "request_object_encryption_alg",
            profiles: &[Profile::Brazil],
            broken: |it| {
                let good = (KeyManagement::RsaOaep, ContentEncryption::A256Gcm);
                it.client.keys().object_encryption.is_some_and(|registered| registered != good)
            },
            requirement: "must be RSA-OAEP, with A256GCM (Open Finance Brasil security profile)",
        },
        LintRule {
            severity: Note,
            label: "missing_keys",
            member: "jwks",
            profiles: ALL,
            broken: |it| {
                let by_secret = it.client.keys().object_algorithm.is_some_and(SigningAlgorithm::is_symmetric);
                let has_none = it.client.keys().source.is_none() && !by_secret;
                it.client.must_sign(it.policy) && has_none && !it.client.response_types().is_empty()
            },
            requirement: "the requests of this client must be signed, and it has registered no keys",
        },
        LintRule {
            severity: DoesNotConform,
            label: "keys_by_value",
            member: "jwks",
            profiles: &[Profile::Brazil],
            broken: |it| matches!(it.client.keys().source.as_deref(), Some(KeySource::Registered(_))),
            requirement: "keys must be at the jwks_uri of the directory (Open Finance Brasil, dynamic client registration)",
        },
        // Responses.
        LintRule {
            severity: DoesNotConform,
            label: "client_response_algorithm",
            member: "authorization_signed_response_alg",
            profiles: &[Profile::Fapi1Advanced, Profile::Cdr],
            broken: |it| {
                it.client.authorization_signed_response_alg().is_some_and(|it| !FAPI1_ALGORITHMS.contains(&it))
            },
            requirement: "must be PS256 or ES256 (FAPI 1.0 Advanced section 8.6)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_response_algorithm",
            member: "authorization_signed_response_alg",
            profiles: FAPI2,
            broken: |it| {
                it.client.authorization_signed_response_alg().is_some_and(|it| !FAPI2_ALGORITHMS.contains(&it))
            },
            requirement: "must be PS256, ES256 or EdDSA (FAPI 2.0 Security Profile section 5.4.1)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "client_response_algorithm",
            member: "authorization_signed_response_alg",
            profiles: &[Profile::Brazil],
            broken: |it| it.client.authorization_signed_response_alg().is_some_and(|it| it != SigningAlgorithm::Ps256),
            requirement: "must be PS256 (Open Finance Brasil security profile)",
        },
        // Redirect URIs.
        LintRule {
            severity: DoesNotConform,
            label: "redirect_uri_without_https",
            member: "redirect_uris",
            profiles: FAPI1,
            broken: |it| it.client.redirect_uris().iter().any(|uri| !uri.as_str().starts_with("https:")),
            requirement: "must be https (FAPI 1.0 Baseline section 5.2.2)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "redirect_uri_over_http",
            member: "redirect_uris",
            profiles: FAPI2,
            broken: |it| !it.client.may_choose_loopback_port() && has_http(it.client),
            requirement: "http is for the loopback interface of native clients alone (FAPI 2.0 Security Profile section \
                          5.3.2.2)",
        },
        LintRule {
            severity: Note,
            label: "redirect_uri_of_a_developer",
            member: "redirect_uris",
            profiles: &[Profile::Oauth, Profile::Oidc],
            broken: |it| !it.client.may_choose_loopback_port() && has_http(it.client),
            requirement: "http is for the loopback interface of native clients alone (RFC 8252 section 7.3)",
        },
        LintRule {
            severity: Note,
            label: "redirect_uri_scheme_without_effect",
            member: "redirect_uris",
            profiles: ALL,
            broken: |it| {
                let mut uris = it.client.redirect_uris().iter();
                !it.policy.danger_allow_redirect_uri_schemes_without_dot && uris.any(|uri| uri.has_scheme_without_dot())
            },
            requirement: "a private-use scheme must be the reversed name of a domain (RFC 8252 section 7.1), and the policy \
                          refuses the one without a dot",
        },
        LintRule {
            severity: Note,
            label: "per_request_redirect_uris_without_effect",
            member: "allow_per_request_redirect_uris",
            profiles: ALL,
            broken: |it| {
                it.client.allows_per_request_redirect_uris() && !it.client.may_use_per_request_redirect_uris(it.policy)
            },
            requirement: "has effect only for a confidential client that must push, without sector_identifier_uri, where the \
                          policy allows it too",
        },
        LintRule {
            severity: Note,
            label: "request_uri_lifetime_without_effect",
            member: "request_uri_lifetime",
            profiles: ALL,
            broken: |it| {
                let registered = it.client.registered_request_uri_lifetime();
                registered.is_some_and(|registered| registered != it.client.request_uri_lifetime(it.policy))
            },
            requirement: "is cut to the lifetime that the policy has, or brought up to the least of its profile",
        },
        // The AT Protocol.
        LintRule {
            severity: DoesNotConform,
            label: "client_id",
            member: "client_id",
            profiles: &[Profile::Atproto],
            broken: |it| !is_client_url(it.client.client_id()),
            requirement: "must be the https URL of the client's metadata, without a port; or http://localhost for development \
                          (AT Protocol)",
        },
        LintRule {
            severity: DoesNotConform,
            label: "scope",
            member: "scope",
            profiles: &[Profile::Atproto],
            broken: |it| it.client.scope().is_some_and(|scopes| !scopes.iter().any(|scope| scope == "atproto")),
            requirement: "must contain atproto, which every request asks for (AT Protocol)",
        },
    ]
}

fn uses_secret(method: AuthenticationMethod) -> bool {
    matches!(
        method,
        AuthenticationMethod::ClientSecretBasic
            | AuthenticationMethod::ClientSecretPost
            | AuthenticationMethod::ClientSecretJwt
    )
}

fn is_unoffered(registered: Option<SigningAlgorithm>, offered: &[SigningAlgorithm]) -> bool {
    registered.is_some_and(|registered| !offered.iter().any(|offered| offered.is_same(registered)))
}

fn has_http(client: &Client) -> bool {
    client.redirect_uris().iter().any(|uri| uri.as_str().starts_with("http:"))
}

fn is_client_url(client_id: &str) -> bool {
    Url::parse(client_id).is_ok_and(|url| match url.scheme() {
        "https" => matches!(url.host(), Some(Host::Domain(_))) && url.port().is_none(),
        "http" => url.host_str() == Some("localhost") && url.port().is_none(),
        _ => false,
    })
}
