//! Certificates from a proxy that ends TLS: by RFC 9440, and in the formats of proxies.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{ClientCertHeaderError, FormRequest, ForwardedCertificate, Policy, Reason};
use sha2::{Digest as _, Sha256};

use crate::{
    certificate_maker::{DNS, Maker},
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

/// PEM with lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// Percent-encodes all but these and what is unreserved.
fn escaped(text: &str, safe: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || safe.as_bytes().contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn sha256_hex(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

type Read = Result<Option<ForwardedCertificate>, ClientCertHeaderError>;

fn has(outcome: Read, der: &[u8]) -> bool {
    outcome.unwrap().unwrap().with_verified_chain().der() == der
}

/// A certificate whose base64 has `+`, `/` and `=`, and another one.
fn leaf_and_authority() -> (Vec<u8>, Vec<u8>) {
    let authority = Maker::new().serial(9).der();
    // In base64, wherever they begin, runs of these have `Pj4+` and `Pz8/`.
    let leaf = Maker::new().serial(1).alternative_names(&[(DNS, b"c1.example"), (DNS, b">>>>>?????")]).der();
    let text = STANDARD.encode(&leaf);
    assert!(text.contains('+') && text.contains('/'));
    (leaf, authority)
}

#[test]
fn a_certificate_from_nginx_is_read_as_nginx_escapes_it() {
    let (leaf, authority) = leaf_and_authority();
    let header = escaped(&pem(&leaf), "");
    assert!(header.starts_with("-----BEGIN%20CERTIFICATE-----%0AMII") && header.contains("%2B"));
    assert!(has(ForwardedCertificate::from_nginx([&header]), &leaf));
    let server = Server::with(Policy::oauth(), [tls("c1")]);
    let forwarded = ForwardedCertificate::from_nginx([&header]).unwrap().unwrap();
    push(&server, forwarded.with_verified_chain(), &code_request(&[("client_id", "c1")])).unwrap();
    // nginx leaves out a header without a value.
    assert_eq!(ForwardedCertificate::from_nginx::<&str>([]), Ok(None));
    assert_eq!(ForwardedCertificate::from_nginx([""]), Ok(None));
    let chain = escaped(&format!("{}{}", pem(&leaf), pem(&authority)), "");
    let base64 = STANDARD.encode(&leaf);
    for value in [
        &*chain,
        &base64,
        &format!(":{base64}:"),
        "-",
        "(null)",
        "%20",
        "%",
        "%2",
        "%zz",
        &pem(&leaf).replace('\n', "\t"),
        &header.replace("BEGIN%20CERTIFICATE", "BEGIN%20PUBLIC%20KEY"),
        &header.replacen("%2B", "%20", 1),
        &header.replace("-----END%20CERTIFICATE-----", ""),
        &header[..header.len() - 20],
        &format!("x{header}"),
        &format!("{header}x"),
    ] {
        assert_eq!(ForwardedCertificate::from_nginx([value]), Err(ClientCertHeaderError::Malformed), "{value:.60}");
    }
    assert_eq!(ForwardedCertificate::from_nginx([&header, &header]), Err(ClientCertHeaderError::Repeated));
}

#[test]
fn a_certificate_from_an_application_load_balancer_is_read_in_both_of_its_modes() {
    let (leaf, authority) = leaf_and_authority();
    let verified = escaped(&pem(&leaf), "+=/");
    assert!(verified.contains('+') && verified.contains('/') && !verified.contains("%2B"));
    assert!(has(ForwardedCertificate::from_aws_alb([&verified]), &leaf));
    let passed_through = escaped(&format!("{}{}{}", pem(&leaf), pem(&authority), pem(&authority)), "+=/");
    assert!(has(ForwardedCertificate::from_aws_alb([&passed_through]), &leaf));
    assert_eq!(ForwardedCertificate::from_aws_alb::<&str>([]), Ok(None));
    for value in ["", "-", "%20", &format!("{verified}x"), &format!("{passed_through}-----BEGIN"), &"A".repeat(70_000)]
    {
        assert_eq!(ForwardedCertificate::from_aws_alb([value]), Err(ClientCertHeaderError::Malformed), "{value:.60}");
    }
    assert_eq!(ForwardedCertificate::from_aws_alb([&verified, &verified]), Err(ClientCertHeaderError::Repeated));
}

#[test]
fn a_certificate_from_envoy_is_the_one_of_its_only_element() {
    let (leaf, authority) = leaf_and_authority();
    let (cert, hash) = (escaped(&pem(&leaf), ""), sha256_hex(&leaf));
    let chain = escaped(&format!("{}{}", pem(&leaf), pem(&authority)), "");
    let by = "By=spiffe://mesh.example/ns/as/sa/as";
    for value in [
        format!("{by};Hash={hash};Cert=\"{cert}\""),
        format!("Cert=\"{cert}\""),
        format!("cert={cert};hash={hash}"),
        format!("{by};Hash={hash};Cert=\"{cert}\";Chain=\"{chain}\""),
        format!("{by};Hash={hash};Chain=\"{chain}\""),
        format!(
            "{by};Hash={hash};Cert=\"{cert}\";Subject=\"CN=a\\\"b,O=c;d=e\\\\\";URI=spiffe://c1.example/x;DNS=c1.example;DNS=c2.example"
        ),
        format!("{by};Hash={hash};Cert=\"{cert}\";Subject=\"\";URI=;DNS="),
        format!("{by};Hash={hash};URI=spiffe://c1.example/x;Cert=\"{cert}\""),
        format!("{by};Subject=\"CN=a\";Cert=\"{cert}\""),
    ] {
        assert!(has(ForwardedCertificate::from_envoy([&value]), &leaf), "{value}");
    }
    assert_eq!(ForwardedCertificate::from_envoy::<&str>([]), Ok(None));

    let other = escaped(&pem(&authority), "");
    let hops = format!("Hash={hash};Cert=\"{other}\",{by};Hash={hash};Cert=\"{cert}\"");
    assert_eq!(ForwardedCertificate::from_envoy([&hops]), Err(ClientCertHeaderError::SeveralHops));
    let two = [format!("Cert=\"{other}\""), format!("Cert=\"{cert}\"")];
    assert_eq!(ForwardedCertificate::from_envoy(&two), Err(ClientCertHeaderError::Repeated));
    for value in [
        String::new(),
        ";".to_owned(),
        "Cert".to_owned(),
        "Cert=".to_owned(),
        "Cert=\"".to_owned(),
        format!("{by};Hash={hash}"),
        format!("Cert=\"{cert}"),
        format!("Cert=\"{cert}\"x"),
        format!("Cert=\"{cert}\";"),
        format!("=\"{cert}\""),
        format!("Cert=\"{chain}\""),
        format!("Cert=\"{cert}\";Cert=\"{other}\""),
        format!("Cert=\"{cert}\";Chain=\"{other}\""),
        format!("Cert=\"x\";Chain=\"{chain}\""),
    ] {
        assert_eq!(ForwardedCertificate::from_envoy([&value]), Err(ClientCertHeaderError::Malformed), "{value:.60}");
    }
}

#[test]
fn an_alternative_name_in_a_certificate_cannot_put_another_certificate_into_what_envoy_says() {
    // C-23: Envoy writes URI and DNS names without quotes, and self-signed certificates have any
    let (victim, mine) = leaf_and_authority();
    let injected = escaped(&pem(&victim), "");
    let (cert, hash) = (escaped(&pem(&mine), ""), sha256_hex(&mine));
    for honest in
        [format!("Hash={hash}"), format!("Hash={hash};Cert=\"{cert}\""), format!("Hash={hash};Chain=\"{cert}\"")]
    {
        for name in ["URI", "DNS"] {
            for member in ["Cert", "Chain"] {
                let hash = sha256_hex(&victim);
                for extra in [String::new(), format!(";Hash={hash}")] {
                    let value = format!("{honest};Subject=\"CN=a\";{name}=x{extra};{member}=\"{injected}\"");
                    let outcome = ForwardedCertificate::from_envoy([&value]);
                    assert_eq!(outcome, Err(ClientCertHeaderError::Malformed), "{value:.80}");
                }
            }
        }
    }
}

#[test]
fn a_certificate_from_traefik_is_the_first_of_its_list() {
    let (leaf, authority) = leaf_and_authority();
    let (leaf_text, authority_text) = (STANDARD.encode(&leaf), STANDARD.encode(&authority));
    let list = format!("{leaf_text},{authority_text}");
    // Version 3, and version 2, which escapes as in a query.
    let escaped_list = format!("{},{}", escaped(&leaf_text, ""), escaped(&authority_text, ""));
    for value in [&leaf_text, &list, &escaped(&leaf_text, ""), &escaped_list] {
        assert!(has(ForwardedCertificate::from_traefik([value]), &leaf), "{value}");
    }
    assert_eq!(ForwardedCertificate::from_traefik::<&str>([]), Ok(None));
    for value in ["", ",", &format!(",{leaf_text}"), &format!(":{leaf_text}:"), &pem(&leaf), "%", "Subject%3D"] {
        assert_eq!(ForwardedCertificate::from_traefik([value]), Err(ClientCertHeaderError::Malformed), "{value:.60}");
    }
    assert_eq!(ForwardedCertificate::from_traefik([&leaf_text, &leaf_text]), Err(ClientCertHeaderError::Repeated));
}

#[test]
fn haproxy_says_with_two_colons_that_there_is_no_certificate() {
    let (leaf, _) = leaf_and_authority();
    let text = STANDARD.encode(&leaf);
    for value in [format!(":{text}:"), text.clone()] {
        assert!(has(ForwardedCertificate::from_haproxy([&value]), &leaf), "{value}");
    }
    for absent in [&[][..], &["::"], &[""]] {
        assert_eq!(ForwardedCertificate::from_haproxy(absent), Ok(None), "{absent:?}");
    }
    for value in [":", ":::", ": :", &format!(":{text}"), &format!("{text}:"), "-", &pem(&leaf)] {
        assert_eq!(ForwardedCertificate::from_haproxy([value]), Err(ClientCertHeaderError::Malformed), "{value:.60}");
    }
    for values in [["::", "::"], ["::", &*text]] {
        assert_eq!(ForwardedCertificate::from_haproxy(values), Err(ClientCertHeaderError::Repeated));
    }
}
