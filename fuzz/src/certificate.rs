//! The certificate of a connection, and the header that a proxy sends it in.

use std::sync::LazyLock;

use openssl::x509::X509;
use parjar::{ClientCertificate, FormRequest, ForwardedCertificate, Policy};
use serde_json::json;

use super::server::{CALLBACK, FORM, Server, check_refusal};

/// RFC 7515 appendix A.3.1
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let subject = json!({
        "client_id": "subject", "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=client+UID=7,O=Example,C=BR", "redirect_uris": [CALLBACK],
    });
    let name = json!({
        "client_id": "name", "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_san_dns": "client.example", "redirect_uris": [CALLBACK],
    });
    let key = json!({
        "client_id": "key", "token_endpoint_auth_method": "self_signed_tls_client_auth", "redirect_uris": [CALLBACK],
        "jwks": { "keys": [ { "kty": "EC", "crv": "P-256", "x": X, "y": Y } ] },
    });
    Server::new(Policy::oauth(), [subject, name, key])
});

/// Takes the input for a certificate, and for a header.
pub fn run(bytes: &[u8]) {
    for client_id in ["subject", "name", "key"] {
        check(bytes, client_id);
    }
    if let Ok(Some(forwarded)) = ForwardedCertificate::from_client_cert_header([bytes]) {
        assert!(bytes.len() > 2 && bytes.starts_with(b":") && bytes.ends_with(b":"));
        check(forwarded.with_verified_chain().der(), "key");
    }
    let others = [
        ForwardedCertificate::from_nginx([bytes]),
        ForwardedCertificate::from_aws_alb([bytes]),
        ForwardedCertificate::from_envoy([bytes]),
        ForwardedCertificate::from_traefik([bytes]),
        ForwardedCertificate::from_haproxy([bytes]),
    ];
    for forwarded in others.into_iter().flatten().flatten() {
        assert!((1..=8192).contains(&forwarded.with_verified_chain().der().len()));
    }
}

fn check(der: &[u8], client_id: &str) {
    let body = format!("client_id={client_id}");
    let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
    let request = request.with_client_certificate(ClientCertificate::with_verified_chain(der));
    if let Err(refusal) = pollster::block_on(SERVER.par.authenticate_client(&request)) {
        check_refusal(&refusal);
        assert_eq!((refusal.status(), refusal.code().as_str()), (401, "invalid_client"));
        return;
    }
    // By another reader, where that one can read it.
    let Ok(read) = X509::from_der(der) else { return };
    match client_id {
        "subject" => assert_eq!(read.subject_name().entries().count(), 4),
        "name" => {
            // It reads either all of them or none.
            let Some(names) = read.subject_alt_names() else { return };
            assert!(
                names.iter().any(|name| name.dnsname().is_some_and(|name| name.eq_ignore_ascii_case("client.example")))
            );
        }
        _ => {
            let key = read.public_key().expect("a key").public_key_to_der().expect("a key again");
            let point =
                [X, Y].map(|half| base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, half));
            assert!(key.ends_with(&point.map(Result::unwrap).concat()));
        }
    }
}
