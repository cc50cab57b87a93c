//! Certificates from a proxy that ends TLS (RFC 9440).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{ClientCertHeaderError, FormRequest, ForwardedCertificate, Policy, Reason};

use crate::{
    certificate_maker::Maker,
    certificates::{failure, push, tls},
    support::{FORM, Server, code_request},
};

fn read(values: &[&str]) -> Result<Option<ForwardedCertificate>, ClientCertHeaderError> {
    ForwardedCertificate::from_client_cert_header(values)
}

#[test]
fn one_byte_sequence_is_a_certificate() {
    // CA-069, C-23
    let der = Maker::new().der();
    let forwarded = read(&[&format!(":{}:", STANDARD.encode(&der))]).unwrap().unwrap();
    assert_eq!(forwarded.with_verified_chain().der(), der);
    assert!(forwarded.with_verified_chain().chain_verified());
    assert!(!forwarded.with_unverified_chain().chain_verified());
    assert_eq!(format!("{forwarded:?}"), "ForwardedCertificate(..)");
    let server = Server::with(Policy::oauth(), [tls("c1")]);
    push(&server, forwarded.with_verified_chain(), &code_request(&[("client_id", "c1")])).unwrap();
    assert_eq!(read(&[]), Ok(None));
    for (value, bytes) in [(":AA==:", &[0][..]), (":AAE=:", &[0, 1]), (":AAEC:", &[0, 1, 2])] {
        assert_eq!(read(&[value]).unwrap().unwrap().with_unverified_chain().der(), bytes);
    }
}

#[test]
fn anything_else_is_refused() {
    // CA-069, C-23
    let large = format!(":{}:", STANDARD.encode(vec![0; 64 * 1024]));
    for value in [
        "",
        ":",
        "::",
        "AAEC",
        ":AAEC",
        "AAEC:",
        " :AAEC:",
        ":AAEC: ",
        ": AAEC:",
        ":AA EC:",
        ":AA\nEC:",
        ":AA:",
        ":AA=:",
        ":AB==:",
        ":AAE:",
        ":AAEC=:",
        ":-_-_:",
        ":AAEC:;a=1",
        ":AAEC:;a",
        ":AAEC:, :AAEC:",
        ":AAEC:,:AAEC:",
        ":AAEC::AAEC:",
        "\":AAEC:\"",
        "?1",
        "-----BEGIN CERTIFICATE-----",
        "%3AAAEC%3A",
        ":\u{e9}:",
        &large,
    ] {
        assert_eq!(read(&[value]), Err(ClientCertHeaderError::Malformed), "{value:.40}");
    }
    for values in [[":AAEC:", ":AAEC:"], [":AAEC:", ""], ["", ":AAEC:"]] {
        assert_eq!(read(&values), Err(ClientCertHeaderError::Repeated));
    }
}

#[test]
fn a_header_alone_is_nothing() {
    // CA-069, C-23, H-08, BCP-006
    let server = Server::with(Policy::oauth(), [tls("c1")]);
    let value = format!(":{}:", STANDARD.encode(Maker::new().der()));
    let body = code_request(&[("client_id", "c1")]);
    for name in ["client-cert", "x-ssl-client-cert", "x-forwarded-client-cert", "ssl-client-cert"] {
        let headers = [("content-type", FORM.as_bytes()), (name, value.as_bytes())];
        let outcome = pollster::block_on(server.par.push(&FormRequest::new("POST", headers, &body)));
        assert_eq!(failure(outcome), Reason::MissingCertificate, "{name}");
    }
}
