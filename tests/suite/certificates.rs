//! Clients that are known by the certificate of their connection (RFC 8705).

use std::sync::LazyLock;

use openssl::{asn1::Asn1Time, bn::BigNum, ec, hash::MessageDigest, nid::Nid, pkey::PKey, x509};
use parjar::{
    AuthenticatedClient, AuthenticationMethod, ClientCertificate, Confirmation, FormRequest, Policy, Profile, Pushed,
    Reason, Refusal, Reply, Thumbprint,
    jose::{KeyProblem, TokenFault, VerificationKeys},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    certificate_maker::{BIT_STRING, DNS, Maker, oid, tlv},
    support::{CALLBACK, FORM, Server, authenticate, authorization, basic, body, code_request, public, with},
    tokens::{
        ED25519_KEY, ES256_KEY, ES384_KEY, ES512_KEY, Key, OTHER_ES256_KEY, RSA_KEY, asserter, assertion,
        with_assertion,
    },
};

/// A registration for `tls_client_auth`, with the subject that [`Maker`] gives.
pub(crate) fn tls(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=client,O=Example,C=BR", "redirect_uris": [CALLBACK],
    })
}

pub(crate) fn self_signed(client_id: &str, keys: &[Value]) -> Value {
    json!({
        "client_id": client_id, "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": { "keys": keys }, "redirect_uris": [CALLBACK],
    })
}

fn bound(registration: Value) -> Value {
    with(registration, json!({ "tls_client_certificate_bound_access_tokens": true }))
}

/// Pushes over a connection with this certificate.
pub(crate) fn push(server: &Server, certificate: ClientCertificate<'_>, body: &str) -> Result<Pushed, Refusal> {
    let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], body);
    pollster::block_on(server.par.push(&request.with_client_certificate(certificate)))
}

fn token(server: &Server, certificate: ClientCertificate<'_>, body: &str) -> Result<AuthenticatedClient, Refusal> {
    let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], body);
    authenticate(&server.par, &request.with_client_certificate(certificate))
}

/// Pushes as the client `c1`, with nothing but a certificate.
fn push_c1(server: &Server, der: &[u8], chain_verified: bool) -> Result<Pushed, Refusal> {
    let shown = match chain_verified {
        true => ClientCertificate::with_verified_chain(der),
        false => ClientCertificate::with_unverified_chain(der),
    };
    push(server, shown, &code_request(&[("client_id", "c1")]))
}

/// What is wrong, after a look at what the sender is told: always the same.
#[track_caller]
pub(crate) fn failure<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> Reason {
    let refusal = outcome.expect_err("a refusal");
    let reply = Reply::from(&refusal);
    assert_eq!(reply.status(), 401, "{refusal}");
    assert_eq!(body(&reply), json!({ "error": "invalid_client", "error_description": "client authentication failed" }));
    refusal.reason()
}

fn with_x5c(key: &Key, certificates: &[&[u8]]) -> Value {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let chain: Vec<_> = certificates.iter().map(|der| STANDARD.encode(der)).collect();
    with(key.public(), json!({ "x5c": chain }))
}

#[test]
fn a_trusted_certificate_with_the_registered_subject_is_the_client() {
    // CA-061, CA-062, CA-007, F1-003, F2-002
    let server = Server::with(Policy::oauth(), [tls("c1"), tls("c2")]);
    let der = Maker::new().der();
    push_c1(&server, &der, true).unwrap();
    let client = token(&server, ClientCertificate::with_verified_chain(&der), "client_id=c1&grant_type=x").unwrap();
    assert_eq!(client.client().client_id(), "c1");
    assert_eq!(client.method(), AuthenticationMethod::TlsClientAuth);
    assert_eq!(client.method().as_str(), "tls_client_auth");
    assert!(client.client().is_confidential());
    assert_eq!(failure(push_c1(&server, &der, false)), Reason::UnverifiedCertificate);
    assert_eq!(failure(server.try_form(&code_request(&[("client_id", "c1")]))), Reason::MissingCertificate);
    assert_eq!(failure(server.try_token("client_id=c1")), Reason::MissingCertificate);
    let nobody = push(&server, ClientCertificate::with_verified_chain(&der), &code_request(&[("client_id", "nobody")]));
    assert_eq!(failure(nobody), Reason::UnknownClient);
}

#[test]
fn a_certificate_as_openssl_makes_it_is_read() {
    // CA-068
    let group = ec::EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(ec::EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = x509::X509Name::builder().unwrap();
    for (field, value) in [("C", "BR"), ("O", "Example Bank S.A."), ("OU", "a+b"), ("CN", "Jos\u{e9}, \"the\" client")]
    {
        subject.append_entry_by_text(field, value).unwrap();
    }
    let subject = subject.build();
    let mut builder = x509::X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(77).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(&subject).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    let names = x509::extension::SubjectAlternativeName::new()
        .dns("client.example.com")
        .ip("2001:db8::1")
        .email("it@example.com")
        .uri("urn:example:client")
        .build(&builder.x509v3_context(None, None))
        .unwrap();
    builder.append_extension(names).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let der = builder.build().to_der().unwrap();
    for expected in [
        json!({ "tls_client_auth_subject_dn": r#"CN=Jos\c3\a9\, \"the\" client,OU=a\+b,O=example bank S.A.,C=br"# }),
        json!({ "tls_client_auth_san_dns": "Client.example.com" }),
        json!({ "tls_client_auth_san_ip": "2001:DB8:0::1" }),
        json!({ "tls_client_auth_san_email": "it@EXAMPLE.com" }),
        json!({ "tls_client_auth_san_uri": "urn:example:client" }),
    ] {
        let nameless = json!({
            "client_id": "c1", "token_endpoint_auth_method": "tls_client_auth", "redirect_uris": [CALLBACK],
        });
        let server = Server::with(Policy::oauth(), [with(nameless, expected.clone())]);
        assert!(push_c1(&server, &der, true).is_ok(), "{expected}");
    }
}

#[test]
fn client_id_is_never_left_out() {
    // CA-060, N-02: nothing else in such a request names the client, a request object in it included.
    let server = Server::with(Policy::oauth(), [with(tls("c1"), json!({ "jwks": { "keys": [ES256_KEY.public()] } }))]);
    let der = Maker::new().der();
    let object = crate::tokens::object("c1", json!({}));
    let object_alone = crate::support::form([("request", &*object)]);
    for body in [code_request(&[]), object_alone] {
        let refusal = push(&server, ClientCertificate::with_verified_chain(&der), &body).unwrap_err();
        assert_eq!((refusal.reason(), refusal.status()), (Reason::MissingClientId, 400));
    }
    let refusal = token(&server, ClientCertificate::with_verified_chain(&der), "grant_type=x").unwrap_err();
    assert_eq!(refusal.reason(), Reason::MissingClientId);
    let both = crate::support::form([("client_id", "c1"), ("request", &object)]);
    push(&server, ClientCertificate::with_verified_chain(&der), &both).unwrap();
}

#[test]
fn a_client_with_a_certificate_authenticates_in_no_other_way_and_others_not_with_one() {
    // CA-007, CA-001, C-13, CA-073
    let keys = json!({ "jwks": { "keys": [ES256_KEY.public()] }, "client_secret": "s3cret" });
    let clients = [with(tls("c1"), keys), basic("basic"), asserter("jwt"), public("public")];
    let server = Server::with(Policy::oauth(), clients);
    let der = Maker::new().der();
    let certificate = ClientCertificate::with_verified_chain(&der);
    let post = code_request(&[("client_id", "c1"), ("client_secret", "s3cret")]);
    assert_eq!(failure(push(&server, certificate, &post)), Reason::WrongMethod);
    let jwt = assertion("c1", json!({}));
    let jwt = code_request(&with_assertion(&jwt));
    assert_eq!(failure(push(&server, certificate, &jwt)), Reason::WrongMethod);
    let header = authorization("c1", "s3cret");
    let body = code_request(&[("client_id", "c1")]);
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    let request = FormRequest::new("POST", headers, &body).with_client_certificate(certificate);
    assert_eq!(failure(pollster::block_on(server.par.push(&request))), Reason::WrongMethod);
    for client_id in ["basic", "jwt"] {
        let refused = push(&server, certificate, &code_request(&[("client_id", client_id)]));
        assert_eq!(failure(refused), Reason::MissingCredentials, "{client_id}");
    }
    assert_eq!(
        failure(push(&server, certificate, &code_request(&[("client_id", "public")]))),
        Reason::MethodNotOffered
    );

    let mut policy = Policy::oauth();
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::PrivateKeyJwt];
    let server = Server::with(policy, [tls("c1")]);
    assert_eq!(failure(push_c1(&server, &der, true)), Reason::MethodNotOffered);
}

#[test]
fn a_certificate_of_the_connection_is_no_second_method() {
    // CA-072, CA-071, AU-006, F2-024: whatever it says.
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let server = Server::with(policy, [bound(basic("basic")), bound(asserter("jwt")), bound(public("public"))]);
    let jwt = assertion("jwt", json!({}));
    let header = authorization("basic", "s3cret");
    let plain = code_request(&[("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")]);
    for der in [Maker::new().der(), b"whatever the TLS stack has let through".to_vec()] {
        let certificate = ClientCertificate::with_unverified_chain(&der);
        let expected = Thumbprint::from_bytes(Sha256::digest(&der).into());
        assert_eq!(certificate.thumbprint(), expected);
        let assert_binds = |client: &AuthenticatedClient| {
            assert_eq!(client.confirmation().x5t_s256, Some(expected));
            assert_eq!(client.confirmation().jkt, None);
        };
        let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
        let request = FormRequest::new("POST", headers, &plain).with_client_certificate(certificate);
        let client = authenticate(&server.par, &request).unwrap();
        assert_eq!(client.method(), AuthenticationMethod::ClientSecretBasic);
        assert_binds(&client);
        let client = token(&server, certificate, "client_id=public").unwrap();
        assert_eq!(client.method(), AuthenticationMethod::None);
        assert_binds(&client);
        pollster::block_on(server.par.push(&request)).unwrap();
    }
    let der = Maker::new().der();
    let client =
        token(&server, ClientCertificate::with_unverified_chain(&der), &crate::support::form(with_assertion(&jwt)));
    assert_eq!(client.unwrap().method(), AuthenticationMethod::PrivateKeyJwt);
}

#[test]
fn the_thumbprint_of_the_push_is_there_when_the_request_is_opened() {
    // CA-071, CM-023, F1-003
    let server = Server::with(Policy::oauth(), [bound(tls("c1")), tls("c2")]);
    let der = Maker::new().der();
    for (client_id, expected) in [("c1", Some(Thumbprint::from_bytes(Sha256::digest(&der).into()))), ("c2", None)] {
        let certificate = ClientCertificate::with_verified_chain(&der);
        let pushed = push(&server, certificate, &code_request(&[("client_id", client_id)])).unwrap();
        let query = format!("client_id={client_id}&request_uri={}", pushed.request_uri());
        let pending = server.authorize(&query, None).unwrap();
        assert_eq!(pending.request().confirmation().x5t_s256, expected, "{client_id}");
        let client = token(&server, certificate, &format!("client_id={client_id}")).unwrap();
        assert_eq!(client.confirmation(), pending.request().confirmation());
        assert_eq!(client.client().binds_tokens_to_certificate(), expected.is_some());
    }
    let server = Server::with(Policy::oauth(), [bound(basic("basic"))]);
    let handle = server.pushed(&code_request(&[]));
    assert_eq!(server.open(&handle).unwrap().request().confirmation(), Confirmation::default());
}

#[test]
fn a_request_is_bound_to_certificate_and_proof_where_there_are_both() {
    // DP-009, CA-070, CA-071: over the alias, which the proof names.
    const PUSH: &str = "https://mtls.example.com/authorize/par";
    let server = Server::built(Policy::oauth(), [bound(tls("c1"))], Default::default(), |builder| {
        builder.mtls_pushed_authorization_request_endpoint(PUSH).token_endpoint("https://as.example.com/token")
    });
    let [der, other] = [1, 2].map(|serial| Maker::new().serial(serial).der());
    let proof = crate::proofs::proof(&ES256_KEY, json!({ "htu": PUSH }));
    let body = code_request(&[("client_id", "c1")]);
    let headers = [("content-type", FORM.as_bytes()), ("dpop", proof.as_bytes())];
    let request = FormRequest::new("POST", headers, &body);
    let pushed = pollster::block_on(
        server.par.push(&request.with_client_certificate(ClientCertificate::with_verified_chain(&der))),
    );
    let query = format!("client_id=c1&request_uri={}", pushed.unwrap().request_uri());
    let demanded = server.authorize(&query, None).unwrap().request().confirmation();
    assert_eq!(demanded.jkt, Some(crate::proofs::thumbprint(&ES256_KEY)));
    assert_eq!(demanded.x5t_s256, Some(ClientCertificate::with_verified_chain(&der).thumbprint()));
    let [same, another] =
        [&der, &other].map(|der| token(&server, ClientCertificate::with_verified_chain(der), "client_id=c1").unwrap());
    assert!(!same.fulfils(demanded), "there is no proof");
    let by_certificate = |mut confirmation: Confirmation| {
        confirmation.jkt = None;
        confirmation
    };
    assert!(same.fulfils(by_certificate(demanded)));
    assert!(!another.fulfils(by_certificate(demanded)));
}

#[test]
fn a_profile_without_certificates_refuses_them() {
    // CA-073, AU-006
    let server = crate::presets::server(Profile::Cdr);
    server.registry.replace([crate::support::client(tls("c1"))]).unwrap();
    assert_eq!(failure(push_c1(&server, &Maker::new().der(), true)), Reason::MethodNotOffered);
}

/// One key of each kind.
static KEYS: LazyLock<[&Key; 5]> = LazyLock::new(|| [&*ES256_KEY, &ES384_KEY, &ES512_KEY, &ED25519_KEY, &RSA_KEY]);

#[test]
fn a_self_signed_certificate_counts_by_its_registered_key() {
    // CA-066: whoever signed it, and whatever its dates and its subject are.
    for key in *KEYS {
        let server = Server::with(Policy::oauth(), [self_signed("c1", &[key.public()])]);
        for serial in [1, 2] {
            let der = Maker::new().key(key).serial(serial).der();
            push_c1(&server, &der, false).unwrap();
        }
        let client =
            token(&server, ClientCertificate::with_verified_chain(&Maker::new().key(key).der()), "client_id=c1")
                .unwrap();
        assert_eq!(client.method().as_str(), "self_signed_tls_client_auth");
        for other in KEYS.iter().filter(|other| other.kid() != key.kid()) {
            let der = Maker::new().key(other).der();
            assert_eq!(failure(push_c1(&server, &der, true)), Reason::UnregisteredCertificate);
        }
    }
    let server = Server::with(Policy::oauth(), [self_signed("c1", &[ES256_KEY.public()])]);
    let other = Maker::new().key(&OTHER_ES256_KEY).der();
    assert_eq!(failure(push_c1(&server, &other, true)), Reason::UnregisteredCertificate);
}

#[test]
fn a_registered_certificate_is_good_to_the_last_byte() {
    // CA-066, C-27, C-24
    let [first, renewed] = [1, 2].map(|serial| Maker::new().serial(serial).der());
    let above = Maker::new().key(&OTHER_ES256_KEY).der();
    let keys = [with_x5c(&ES256_KEY, &[&first, &above])];
    let server = Server::with(Policy::oauth(), [self_signed("c1", &keys)]);
    push_c1(&server, &first, false).unwrap();
    assert_eq!(failure(push_c1(&server, &renewed, false)), Reason::UnregisteredCertificate);
    assert_eq!(failure(push_c1(&server, &above, false)), Reason::UnregisteredCertificate);

    // While certificates are replaced there are two.
    let second = with(with_x5c(&ES256_KEY, &[&renewed]), json!({ "kid": "renewed" }));
    let server = Server::with(Policy::oauth(), [self_signed("c1", &[keys[0].clone(), second])]);
    push_c1(&server, &first, false).unwrap();
    push_c1(&server, &renewed, false).unwrap();
}

#[test]
fn an_x5c_that_is_not_of_its_key_makes_the_key_none() {
    // CA-066, RFC 7517 section 4.7
    let [own, foreign] = [&*ES256_KEY, &OTHER_ES256_KEY].map(|key| Maker::new().key(key).der());
    let key = with_x5c(&ES256_KEY, &[&foreign, &own]);
    let error = crate::client_keys::parse(std::slice::from_ref(&key)).unwrap_err();
    assert_eq!(crate::client_keys::blamed(error), Some((0, KeyProblem::ForeignCertificate)));
    let set = json!({ "keys": [key, OTHER_ES256_KEY.public()] }).to_string();
    for keys in [VerificationKeys::parse(&set).unwrap(), VerificationKeys::parse_fetched(&set).unwrap()] {
        assert_eq!((keys.len(), keys.skipped()[0].problem()), (1, KeyProblem::ForeignCertificate));
    }
}

#[test]
fn a_key_with_an_unreadable_x5c_counts_by_its_numbers() {
    // CA-066, A-36
    let own = Maker::new().der();
    let urlsafe = crate::tokens::encode(&own);
    let mut long = own.clone();
    long.push(0);
    for key in [
        with_x5c(&ES256_KEY, &[&long]),
        with_x5c(&ES256_KEY, &[b"no certificate"]),
        with(ES256_KEY.public(), json!({ "x5c": "MIIB" })),
        with(ES256_KEY.public(), json!({ "x5c": [1] })),
        with(ES256_KEY.public(), json!({ "x5c": [urlsafe + "-_"] })),
    ] {
        let set = json!({ "keys": [key] }).to_string();
        for keys in [VerificationKeys::parse(&set).unwrap(), VerificationKeys::parse_fetched(&set).unwrap()] {
            assert_eq!((keys.len(), keys.skipped().len()), (1, 0), "{key}");
            assert_eq!(keys.remarks()[0].problem(), KeyProblem::UnreadableCertificate);
        }
        let registration = self_signed("c1", std::slice::from_ref(&key));
        let client = crate::support::client(registration.clone());
        let ignored: Vec<_> = client.ignored().iter().map(ToString::to_string).collect();
        assert_eq!(ignored, ["jwks: keys[0] has an x5c that cannot be read, and counts without it"]);
        let server = Server::with(Policy::oauth(), [registration]);
        push_c1(&server, &own, false).unwrap();
        let foreign = Maker::new().key(&OTHER_ES256_KEY).der();
        assert_eq!(failure(push_c1(&server, &foreign, false)), Reason::UnregisteredCertificate);
    }
}

#[test]
fn a_certificate_that_is_unknown_brings_new_keys_once_the_cooldown_is_over() {
    // CA-066, C-27, A-42
    let source = crate::jwks_cache::Source::default();
    let registration = json!({
        "client_id": "c1", "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks_uri": "https://c1.example/jwks", "redirect_uris": [CALLBACK],
    });
    let server = Server::built(Policy::oauth(), [registration], Default::default(), |builder| {
        builder.jwks_source(source.clone())
    });
    let [old, new] = [&*ES256_KEY, &OTHER_ES256_KEY].map(|key| Maker::new().key(key).der());
    assert_eq!(failure(push_c1(&server, &old, false)), Reason::CertificateKeysUnavailable);
    server.pass(31);
    source.publish(&[with_x5c(&ES256_KEY, &[&old])]);
    push_c1(&server, &old, false).unwrap();
    assert_eq!(source.fetches(), 2);
    source.publish(&[with_x5c(&OTHER_ES256_KEY, &[&new])]);
    assert_eq!(failure(push_c1(&server, &new, false)), Reason::UnregisteredCertificate);
    assert_eq!(source.fetches(), 2);
    server.pass(31);
    push_c1(&server, &new, false).unwrap();
    assert_eq!(failure(push_c1(&server, &old, false)), Reason::UnregisteredCertificate);
    assert_eq!(source.fetches(), 3);
    // What is no certificate causes no fetch.
    server.pass(31);
    assert_eq!(failure(push_c1(&server, b"none", false)), Reason::MalformedCertificate);
    assert_eq!(source.fetches(), 3);
}

#[test]
fn certificates_that_cannot_be_read_are_refused() {
    // CA-068, C-26
    let registered = [tls("c1"), self_signed("c2", &[ES256_KEY.public()])];
    let server = Server::with(Policy::oauth(), registered);
    let good = Maker::new().der();
    let mut trailing = good.clone();
    trailing.push(0);
    let malformed = [
        Vec::new(),
        vec![0x30, 0x80, 0, 0],
        vec![0xFF; 300],
        good[..good.len() - 1].to_vec(),
        trailing,
        [&good[..], &good].concat(),
        // Larger than any that is used.
        Maker::new().extension("1.2.3.4", &[0; 16 * 1024]).der(),
    ];
    for (index, der) in malformed.iter().enumerate() {
        for client_id in ["c1", "c2"] {
            let refused =
                push(&server, ClientCertificate::with_verified_chain(der), &code_request(&[("client_id", client_id)]));
            assert_eq!(failure(refused), Reason::MalformedCertificate, "{client_id} {index}");
        }
    }
    push_c1(&server, &good, true).unwrap();
}

#[test]
fn a_certificate_for_rsassa_pss_alone_is_that_of_its_rsa_key() {
    // CA-066: RFC 4055 section 1.2, with parameters and without
    let key = openssl::rsa::Rsa::public_key_from_der(&crate::certificate_maker::public_key(&RSA_KEY)).unwrap();
    let numbers = tlv(BIT_STRING, &[&[0], &key.public_key_to_der_pkcs1().unwrap()]);
    let sha256 = tlv(0x30, &[&oid("2.16.840.1.101.3.4.2.1")]);
    let mask = tlv(0x30, &[&oid("1.2.840.113549.1.1.8"), &sha256]);
    let parameters = tlv(0x30, &[&tlv(0xA0, &[&sha256]), &tlv(0xA1, &[&mask]), &tlv(0xA2, &[&[0x02, 1, 32]])]);
    let pss = oid("1.2.840.113549.1.1.10");
    for algorithm in [tlv(0x30, &[&pss]), tlv(0x30, &[&pss, &parameters])] {
        let certificate = Maker::new().public_key(tlv(0x30, &[&algorithm, &numbers])).der();
        let server = Server::with(Policy::oauth(), [self_signed("c1", &[RSA_KEY.public()])]);
        push_c1(&server, &certificate, false).unwrap();
        let server = Server::with(Policy::oauth(), [self_signed("c1", &[with_x5c(&RSA_KEY, &[&certificate])])]);
        push_c1(&server, &certificate, false).unwrap();
        let server = Server::with(Policy::oauth(), [self_signed("c1", &[ES256_KEY.public()])]);
        assert_eq!(failure(push_c1(&server, &certificate, false)), Reason::UnregisteredCertificate);
    }
}

#[test]
fn keys_of_certificates_that_are_written_otherwise_are_none() {
    // CA-066
    let server = Server::with(Policy::oauth(), [self_signed("c1", &[ES256_KEY.public(), RSA_KEY.public()])]);
    for key in [&*ES256_KEY, &RSA_KEY] {
        let good = crate::certificate_maker::public_key(key);
        push_c1(&server, &Maker::new().public_key(good.clone()).der(), false).unwrap();
        for at in (0..good.len()).step_by(5) {
            let mut bad = good.clone();
            bad[at] ^= 0x11;
            let reason = failure(push_c1(&server, &Maker::new().public_key(bad).der(), false));
            assert!(matches!(reason, Reason::UnregisteredCertificate | Reason::MalformedCertificate), "{reason}");
        }
    }
}

#[test]
fn a_second_name_for_the_endpoints_is_published_and_known_to_old_clients() {
    // CA-070, SM-016, PAR-010
    const PUSH: &str = "https://mtls.example.com/authorize/par";
    const TOKEN: &str = "https://mtls.example.com/token";
    let mut policy = Policy::oauth();
    policy.tls_client_certificate_bound_access_tokens = true;
    let legacy = with(asserter("jwt"), json!({ "danger_allow_legacy_assertion_audience": true }));
    let strict = asserter("strict");
    let server = Server::built(policy.clone(), [legacy, strict], Default::default(), |builder| {
        builder.mtls_pushed_authorization_request_endpoint(PUSH).mtls_token_endpoint(TOKEN)
    });
    let document = server.par.metadata();
    let aliases = json!({ "pushed_authorization_request_endpoint": PUSH, "token_endpoint": TOKEN });
    assert_eq!(document["mtls_endpoint_aliases"], aliases);
    assert_eq!(document["tls_client_certificate_bound_access_tokens"], true);
    for audience in [PUSH, TOKEN] {
        let jwt = assertion("jwt", json!({ "aud": audience, "jti": audience }));
        server.try_form(&code_request(&with_assertion(&jwt))).unwrap();
        let jwt = assertion("strict", json!({ "aud": audience }));
        let reason = failure(server.try_form(&code_request(&with_assertion(&jwt))));
        assert_eq!(reason, Reason::ClientAssertion(TokenFault::Audience));
    }

    policy.pushed_authorization_requests = false;
    let server = Server::built(policy, [], Default::default(), |builder| {
        builder.mtls_pushed_authorization_request_endpoint(PUSH)
    });
    assert!(!server.par.metadata().contains_key("mtls_endpoint_aliases"));
    let document = Server::new().par.metadata();
    assert!(!document.contains_key("mtls_endpoint_aliases"));
    assert!(!document.contains_key("tls_client_certificate_bound_access_tokens"));

    for url in ["http://mtls.example.com/par", "https://mtls.example.com/par#x", "par", ""] {
        let builder =
            || parjar::ParEndpoint::builder("https://as.example.com").clients(parjar::InMemoryRegistry::default());
        let refused = [
            builder().mtls_pushed_authorization_request_endpoint(url).build().unwrap_err(),
            builder().mtls_token_endpoint(url).build().unwrap_err(),
        ];
        let names = ["mtls_pushed_authorization_request_endpoint", "mtls_token_endpoint"];
        assert_eq!(refused, names.map(parjar::BuildError::Endpoint), "{url}");
    }
}

fn text(bytes: &[u8]) -> String {
    // Of a BMP string too.
    String::from_utf8(bytes.iter().copied().filter(|byte| *byte != 0).collect()).unwrap().to_lowercase()
}

/// What may come over a connection: a good certificate with a few bytes changed, or anything.
fn any_certificate() -> impl Strategy<Value = Vec<u8>> {
    let names: &[(u8, &[u8])] = &[(DNS, b"a.example")];
    let good = Maker::new().alternative_names(names).der();
    let changed = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4).prop_map(move |changes| {
        let mut der = good.clone();
        for (index, byte) in changes {
            let at = index.index(der.len());
            der[at] = byte;
        }
        der
    });
    prop_oneof![4 => changed, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn a_damaged_certificate_is_refused_or_says_the_same(der in any_certificate()) {
        let server = Server::with(Policy::oauth(), [tls("c1"), self_signed("c2", &[ES256_KEY.public()])]);
        for client_id in ["c1", "c2"] {
            let certificate = ClientCertificate::with_verified_chain(&der);
            if let Err(refusal) = push(&server, certificate, &code_request(&[("client_id", client_id)])) {
                prop_assert_eq!(refusal.status(), 401);
            } else if client_id == "c1" {
                // By another reader.
                let Ok(read) = x509::X509::from_der(&der) else { continue };
                let texts: Vec<_> = read.subject_name().entries().map(|entry| text(entry.data().as_slice())).collect();
                prop_assert_eq!(texts, ["br", "example", "client"]);
            }
        }
    }
}
