//! What the linter finds that only an endpoint can tell: each finding once where it is due, and once where it is not.

use std::collections::BTreeSet;

use parjar::{
    AuthenticationMethod, Client, FetchedJwks, HostEndpoint, InMemoryRegistry, JwksCache, JwksCacheLimits, JwksError,
    JwksSource, ManualClock, ParEndpoint, ParEndpointBuilder, Policy, Profile, RedirectUriMatch, Rejection,
    RequestedRedirectUri, ResponseMode, Severity, SystemRandom,
    jose::{DecryptionKeys, KeyManagement, SigningAlgorithm},
};
use serde_json::{Map, Value, json};

use crate::{
    attestations::Trusted,
    signed_responses::Signer,
    support::{CALLBACK, client, with},
    tokens::LONG_SECRET,
};

const URL: &str = "https://mtls.as.example.com/x";

type Building = ParEndpointBuilder;

/// A server of the profile `oauth`, in which nothing is found.
struct Case {
    policy: Policy,
    building: Box<dyn FnOnce(Building) -> Building>,
    clients: Vec<Value>,
    profile: Profile,
}

fn good() -> Case {
    let mut policy = Policy::oauth();
    policy.request_object_encryption_alg_values_supported.retain(|algorithm| !algorithm.is_symmetric());
    Case {
        policy,
        building: Box::new(|building| {
            building
                .token_endpoint("https://as.example.com/token")
                .asks_for_client_certificates()
                .observer(|_: &parjar::Event<'_>| {})
        }),
        clients: vec![json!({ "client_id": "web", "client_secret": LONG_SECRET, "redirect_uris": [CALLBACK] })],
        profile: Profile::Oauth,
    }
}

impl Case {
    fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    fn built(self, change: impl FnOnce(Building) -> Building + 'static) -> Self {
        let before = self.building;
        Self { building: Box::new(move |building| change(before(building))), ..self }
    }

    /// A builder that nothing was done to.
    fn bare(self, building: impl FnOnce(Building) -> Building + 'static) -> Self {
        Self { building: Box::new(building), ..self }
    }

    /// Its client is registered with this as well.
    fn client(mut self, members: Value) -> Self {
        self.clients = self.clients.into_iter().map(|client| with(client, members.clone())).collect();
        self
    }

    fn labels(self) -> BTreeSet<&'static str> {
        let clients: Vec<Client> = self.clients.into_iter().map(client).collect();
        let builder = ParEndpoint::builder("https://as.example.com").policy(self.policy);
        let par = (self.building)(builder).clients(InMemoryRegistry::default()).build().unwrap();
        par.lint(self.profile, &clients).into_iter().map(|finding| finding.label()).collect()
    }
}

struct Keys;

impl JwksSource for Keys {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        Err(JwksError::new("this test fetches nothing"))
    }
}

/// Of type X25519.
fn decryption_keys() -> DecryptionKeys {
    DecryptionKeys::parse(
        r#"{ "keys": [ { "kty": "OKP", "crv": "X25519", "use": "enc", "kid": "e1",
             "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo", "d": "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo" } ] }"#,
    )
    .unwrap()
}

fn without_certificates(policy: &mut Policy) {
    policy.token_endpoint_auth_methods_supported.retain(|method| !method.uses_certificate());
}

fn attested(policy: &mut Policy) {
    policy.token_endpoint_auth_methods_supported.push(AuthenticationMethod::AttestJwtClientAuth);
}

fn challenging(policy: &mut Policy) {
    attested(policy);
    policy.client_attestation.require_challenge = true;
}

fn take_all(_: &Client, _: &Map<String, Value>) -> Result<(), Rejection> {
    Ok(())
}

fn keys_elsewhere() -> Value {
    json!({ "jwks_uri": "https://app.example.com/jwks" })
}

fn certificate_client() -> Value {
    json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "app.example.com", "client_secret": null })
}

fn only_asymmetric(policy: &mut Policy) {
    policy.require_encrypted_request_object = true;
}

/// For each label a case in which it is found, and one that is nearly the same and in which it is not.
fn cases() -> Vec<(&'static str, Case, Case)> {
    let observed = |building: Building| building.observer(|_: &parjar::Event<'_>| {});
    let with_token = |building: Building| building.token_endpoint("https://as.example.com/token");
    vec![
        (
            "store_not_shared",
            good().built(|it| it.dpop_nonce_key([7; 32])),
            good().built(|it| it.server_secret(parjar::ServerSecret::draw().unwrap())),
        ),
        ("no_observer", good().bare(with_token), good().bare(observed)),
        ("no_token_endpoint", good().bare(observed), good().bare(with_token)),
        (
            "url_over_http",
            good().built(|it| it.host_endpoint(HostEndpoint::Revocation, "http://localhost/revoke")),
            good().built(|it| it.host_endpoint(HostEndpoint::Revocation, "https://localhost/revoke")),
        ),
        (
            "host_endpoint_without_url",
            good().built(|it| it.mtls_host_endpoint(HostEndpoint::Revocation, URL)),
            good().built(|it| {
                it.mtls_host_endpoint(HostEndpoint::Revocation, URL).host_endpoint(HostEndpoint::Revocation, URL)
            }),
        ),
        ("clock_of_the_host", good().built(|it| it.clock(ManualClock::default())), good()),
        ("random_of_the_host", good().built(|it| it.random(SystemRandom)), good()),
        ("certificates_not_asked_for", good().bare(with_token), good()),
        ("certificates_not_asked_for", good().bare(with_token), good().bare(with_token).policy(without_certificates)),
        (
            "certificates_not_asked_for",
            good().bare(with_token).policy(|policy| {
                without_certificates(policy);
                policy.tls_client_certificate_bound_access_tokens = true;
            }),
            good().bare(|it| it.mtls_pushed_authorization_request_endpoint(URL)),
        ),
        (
            "mtls_endpoint_without_effect",
            good().built(|it| it.mtls_token_endpoint(URL)).policy(without_certificates),
            good().built(|it| it.mtls_token_endpoint(URL)),
        ),
        (
            "mtls_endpoint_missing",
            good().bare(move |it| with_token(it).mtls_pushed_authorization_request_endpoint(URL)),
            good().bare(move |it| {
                with_token(it).mtls_pushed_authorization_request_endpoint(URL).mtls_token_endpoint(URL)
            }),
        ),
        (
            "mtls_endpoint_missing",
            good().bare(move |it| with_token(it).mtls_token_endpoint(URL)),
            good().built(|it| it.mtls_token_endpoint(URL)),
        ),
        (
            "client_certificate_not_asked_for",
            good().client(certificate_client()).bare(with_token),
            good().client(certificate_client()),
        ),
        (
            "encryption_without_keys",
            good().policy(only_asymmetric),
            good().policy(only_asymmetric).built(|it| it.decryption_keys(decryption_keys())),
        ),
        (
            "decryption_keys_without_effect",
            good()
                .policy(|policy| policy.request_object_encryption_alg_values_supported = vec![KeyManagement::RsaOaep])
                .built(|it| it.decryption_keys(decryption_keys())),
            good().built(|it| it.decryption_keys(decryption_keys())),
        ),
        (
            "symmetric_encryption_unused",
            good().policy(|policy| policy.request_object_encryption_alg_values_supported.push(KeyManagement::Dir)),
            good()
                .policy(|policy| policy.request_object_encryption_alg_values_supported.push(KeyManagement::Dir))
                .client(json!({ "request_object_encryption_alg": "dir" })),
        ),
        (
            "attester_keys_without_effect",
            good().built(|it| it.attester_keys(Trusted)),
            good().policy(attested).built(|it| it.attester_keys(Trusted)),
        ),
        (
            "no_challenge_endpoint",
            good().policy(challenging).built(|it| it.attester_keys(Trusted)),
            good().policy(challenging).built(|it| it.attester_keys(Trusted).challenge_endpoint(URL)),
        ),
        (
            "jwks_uri_without_source",
            good().client(keys_elsewhere()),
            good().client(keys_elsewhere()).built(|it| it.jwks_source(Keys)),
        ),
        (
            "jwks_uri_without_source",
            good().client(keys_elsewhere()),
            good()
                .client(keys_elsewhere())
                .built(|it| it.shared_jwks_cache(&JwksCache::new(Keys, JwksCacheLimits::default()))),
        ),
        (
            "client_encryption_without_key",
            good()
                .client(json!({ "request_object_encryption_alg": "RSA-OAEP" }))
                .built(|it| it.decryption_keys(decryption_keys())),
            good()
                .client(json!({ "request_object_encryption_alg": "ECDH-ES" }))
                .built(|it| it.decryption_keys(decryption_keys())),
        ),
        (
            "client_encryption_without_key",
            good().client(json!({ "require_encrypted_request_object": true })),
            good().client(json!({ "require_encrypted_request_object": false })),
        ),
        (
            "redirect_uri_matcher",
            good().built(|it| {
                it.danger_redirect_uri_matcher(|_: &Client, _: &RequestedRedirectUri<'_>| RedirectUriMatch::No)
            }),
            good(),
        ),
        (
            "authorization_details_type_unknown",
            good().client(json!({ "authorization_details_types": ["payment"] })),
            good()
                .client(json!({ "authorization_details_types": ["payment"] }))
                .built(|it| it.authorization_details_type("payment", take_all)),
        ),
        (
            "dpop_without_token_endpoint",
            good().client(json!({ "dpop_bound_access_tokens": true })).bare(observed),
            good().client(json!({ "dpop_bound_access_tokens": true })),
        ),
        (
            "response_signer_without_effect",
            good()
                .policy(|policy| policy.response_modes_supported = vec![ResponseMode::Query])
                .built(|it| it.response_signer(Signer(&[SigningAlgorithm::Es256]))),
            good().built(|it| it.response_signer(Signer(&[SigningAlgorithm::Es256]))),
        ),
        (
            "response_algorithm_without_effect",
            good().client(json!({ "authorization_signed_response_alg": "ES256" })),
            good()
                .client(json!({ "authorization_signed_response_alg": "ES256" }))
                .built(|it| it.response_signer(Signer(&[SigningAlgorithm::Es256]))),
        ),
    ]
}

#[test]
fn nothing_is_found_in_a_good_endpoint() {
    assert_eq!(good().labels(), BTreeSet::new());
}

#[test]
fn each_finding_is_there_where_it_is_due_and_nowhere_else() {
    for (label, bad, clean) in cases() {
        let (found, clean) = (bad.labels(), clean.labels());
        assert!(found.contains(label), "{label} in {found:?}");
        assert!(!clean.contains(label), "{label} in {clean:?}");
    }
}

#[test]
fn a_signer_has_the_algorithms_of_the_profile() {
    let found = |profile: Profile, algorithm: &'static [SigningAlgorithm]| {
        let policy = Policy::from(profile);
        let mut case = Case { policy, profile, ..good() }.built(move |it| it.response_signer(Signer(algorithm)));
        case.clients.clear();
        case.labels().contains("response_signer_algorithm")
    };
    use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};
    for (profile, algorithm, expected) in [
        (Profile::Oauth, &[Rs256][..], false),
        (Profile::Fapi1Advanced, &[Es256], false),
        (Profile::Fapi1Advanced, &[EdDsa], true),
        (Profile::Fapi2MessageSigning, &[EdDsa], false),
        (Profile::Fapi2MessageSigning, &[Ps256, Rs256], true),
        (Profile::Brazil, &[Ps256], false),
        (Profile::Brazil, &[Es256], true),
        (Profile::Cdr, &[Rs256], true),
    ] {
        assert_eq!(found(profile, algorithm), expected, "{profile} {algorithm:?}");
    }
}

#[test]
fn clients_are_taken_from_a_registry_as_they_are() {
    let registration = json!({ "client_id": "b", "client_secret": LONG_SECRET, "redirect_uris": [CALLBACK],
        "jwks_uri": "https://app.example.com/jwks" });
    let other = with(registration.clone(), json!({ "client_id": "a" }));
    let registry = InMemoryRegistry::new([registration, other].map(client)).unwrap();
    let par = ParEndpoint::builder("https://as.example.com").clients(registry.clone()).build().unwrap();
    let clients = registry.clients();
    registry.replace([]).unwrap();
    let findings = par.lint(Profile::Oauth, &clients);
    let mut names = findings.iter().filter(|finding| finding.label() == "jwks_uri_without_source");
    assert_eq!([(); 3].map(|()| names.next().and_then(|it| it.client_id())), [Some("a"), Some("b"), None]);
    assert!(findings.iter().all(|finding| finding.severity() == Severity::Note), "{findings:?}");
    assert_eq!(clients.iter().map(|client| client.client_id()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(registry.clients().iter().count(), 0);
}
