//! Whose certificate it is: names in certificates, against those that clients have registered.

use parjar::{Client, ClientCertificate, ClientRegistration, Policy, Reason};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{
    certificate_maker::{
        ALTERNATIVE_NAMES, Attribute, BIT_STRING, BMP, C, CN, DNS, EMAIL, IA5, IP, Maker, NUMERIC, O, OU, PRINTABLE,
        TELETEX, URI, UTF8,
    },
    certificates::{failure, push, tls},
    support::{CALLBACK, Server, code_request, with},
};

const DN: &str = "tls_client_auth_subject_dn";
const ORGANIZATION_IDENTIFIER: &str = "2.5.4.97";
const STATE: &str = "2.5.4.8";
const UID: &str = "0.9.2342.19200300.100.1.1";

fn expecting(member: &str, value: &str) -> Value {
    json!({
        "client_id": "c1", "token_endpoint_auth_method": "tls_client_auth", member: value, "redirect_uris": [CALLBACK],
    })
}

/// Whether a client that has registered this is the one of the certificate.
fn is_known(member: &str, registered: &str, certificate: &Maker) -> bool {
    let server = Server::with(Policy::oauth(), [expecting(member, registered)]);
    let der = certificate.der();
    let outcome = push(&server, ClientCertificate::with_verified_chain(&der), &code_request(&[("client_id", "c1")]));
    let known = outcome.is_ok();
    if !known {
        assert_eq!(failure(outcome), Reason::CertificateSubject, "{registered}");
    }
    known
}

fn has_subject(registered: &str, subject: &[&[Attribute<'_>]]) -> bool {
    is_known(DN, registered, &Maker::new().subject(subject))
}

#[test]
fn a_subject_is_the_same_however_it_is_written() {
    // CA-063, C-25, CM-022
    let client: &[&[Attribute<'_>]] = &[&[(C, PRINTABLE, b"BR")], &[(O, UTF8, b"Example")], &[(CN, UTF8, b"client")]];
    for text in [
        "CN=client,O=Example,C=BR",
        "cn=CLIENT,o=example,c=br",
        "commonName=client,organizationName=Example,countryName=BR",
        "2.5.4.3=client,2.5.4.10=Example,2.5.4.6=BR",
        "CN=client, O=Example, C=BR",
        " CN = client , O = Example , C = BR ",
        r"CN=\63lient,O=\45xample,C=BR",
        r"CN=\ client\ ,O=Example,C=BR",
        "CN=#0c06636c69656e74,O=Example,C=BR",
        "CN=#1306636C69656E74,O=#0c074578616d706c65 , C=BR",
    ] {
        assert!(has_subject(text, client), "{text}");
    }
    for (text, subject) in [
        ("CN=client", &[&[(CN, PRINTABLE, &b"Client"[..])][..]][..]),
        ("CN=client", &[&[(CN, IA5, b"client")]]),
        ("CN=client", &[&[(CN, TELETEX, b"client")]]),
        ("CN=client", &[&[(CN, BMP, b"\0c\0l\0i\0e\0n\0t")]]),
        ("CN=4711", &[&[(CN, NUMERIC, b"4711")]]),
        ("CN=a b  c", &[&[(CN, UTF8, b" A  B c ")]]),
        // Letters beyond ASCII.
        ("CN=JOS\u{c9}", &[&[(CN, UTF8, "jos\u{e9}".as_bytes())]]),
        (r"CN=JOS\C3\89", &[&[(CN, BMP, b"\0j\0o\0s\0\xE9")]]),
        // Several attributes in one part, in any order.
        ("CN=client+UID=7,O=Example", &[&[(O, UTF8, b"Example")], &[(CN, UTF8, b"client"), (UID, UTF8, b"7")]]),
        ("uid=7 + cn=client,O=Example", &[&[(O, UTF8, b"Example")], &[(CN, UTF8, b"client"), (UID, UTF8, b"7")]]),
        // Separators as characters.
        (r"CN=a\,b\+c\=d\;e\<f\>g\#h\\i", &[&[(CN, UTF8, br"a,b+c=d;e<f>g#h\i")]]),
        (r#"CN=\"a\" = b#"#, &[&[(CN, UTF8, b"\"a\" = b#")]]),
        (r"CN=\#a", &[&[(CN, UTF8, b"#a")]]),
        (r"CN=a\2Cb", &[&[(CN, UTF8, b"a,b")]]),
        // Of a type that is not text.
        ("2.5.4.45=#0302005a", &[&[("2.5.4.45", BIT_STRING, b"\0\x5a")]]),
        // Of a type without a name, and of text.
        ("1.3.6.1.4.1.4711.1=Value", &[&[("1.3.6.1.4.1.4711.1", UTF8, b"value")]]),
    ] {
        assert!(has_subject(text, subject), "{text}");
    }
}

#[test]
fn a_subject_is_registered_as_java_dotnet_and_openssl_print_it() {
    // CA-063, C-25
    let subject: &[&[Attribute<'_>]] = &[
        &[(C, PRINTABLE, b"BR")],
        &[(STATE, UTF8, b"SP")],
        &[(O, UTF8, b"Banco \"Um\", S.A.")],
        &[(ORGANIZATION_IDENTIFIER, UTF8, b"OFBBR-1")],
        &[(UID, UTF8, b"7;8"), (CN, UTF8, b"client")],
    ];
    for text in [
        // java.security: X500Principal.toString(), and its RFC 1779 and RFC 2253 forms
        r#"CN=client + UID="7;8", OID.2.5.4.97=OFBBR-1, O="Banco \"Um\", S.A.", ST=SP, C=BR"#,
        r"CN=client+UID=7\;8,2.5.4.97=#0c074f464242522d31,O=Banco \22Um\22\, S.A.,ST=SP,C=BR",
        r#"oid.2.5.4.3=client + OID.0.9.2342.19200300.100.1.1="7;8", OID.2.5.4.97=OFBBR-1, O="Banco \"Um\", S.A.", S=SP, C=BR"#,
        // System.Security.Cryptography: X500DistinguishedName.Name, with semicolons too
        r#"CN=client + OID.0.9.2342.19200300.100.1.1="7;8", OID.2.5.4.97=OFBBR-1, O="Banco ""Um"", S.A.", S=SP, C=BR"#,
        r#"CN=client + OID.0.9.2342.19200300.100.1.1="7;8"; OID.2.5.4.97=OFBBR-1; O="Banco ""Um"", S.A."; S=SP; C=BR"#,
        r#"CN = "client" + UID = "7\3b8" ; 2.5.4.97 = "OFBBR-1" ; O = "Banco \22Um\22, S.A." ; ST = SP ; C = "BR""#,
    ] {
        assert!(has_subject(text, subject), "{text}");
    }
    // What stands in quotes separates nothing.
    assert!(!has_subject(r#"CN="a,O=x""#, &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a")]]));
    assert!(has_subject(r#"CN="a,O=x""#, &[&[(CN, UTF8, b"a,O=x")]]));
    for (text, kind) in [
        ("T=x", "2.5.4.12"),
        ("G=x", "2.5.4.42"),
        ("I=x", "2.5.4.43"),
        ("GENERATION=x", "2.5.4.44"),
        ("DNQ=x", "2.5.4.46"),
        ("Phone=x", "2.5.4.20"),
        ("POBox=x", "2.5.4.18"),
        ("EMAILADDRESS=x", "1.2.840.113549.1.9.1"),
        ("SERIALNUMBER=x", "2.5.4.5"),
    ] {
        assert!(has_subject(text, &[&[(kind, UTF8, b"x")]]), "{text}");
    }
}

#[test]
fn a_subject_is_read_from_the_end_that_the_registration_names() {
    // CA-063, C-25
    const FORWARD: &str = "CN=client,O=Example,C=BR";
    const BACKWARD: &str = "C = BR, O = Example, CN = client";
    let order = |order: Value| {
        move |text: &str| with(expecting(DN, text), json!({ "tls_client_auth_subject_dn_order": order }))
    };
    let fits = |registration: Value, certificate: &Maker| {
        let server = Server::with(Policy::oauth(), [registration]);
        let der = certificate.der();
        push(&server, ClientCertificate::with_verified_chain(&der), &code_request(&[("client_id", "c1")])).is_ok()
    };
    let usual = Maker::new();
    let reversed =
        Maker::new().subject(&[&[(CN, UTF8, b"client")], &[(O, UTF8, b"Example")], &[(C, PRINTABLE, b"BR")]]);
    for (named, text, of_usual, of_reversed) in [
        (json!(null), FORWARD, true, false),
        (json!(null), BACKWARD, false, true),
        (json!("last_first"), FORWARD, true, false),
        (json!("last_first"), BACKWARD, false, true),
        (json!("first_first"), FORWARD, false, true),
        (json!("first_first"), BACKWARD, true, false),
        (json!("either"), FORWARD, true, true),
        (json!("either"), BACKWARD, true, true),
    ] {
        let registration = order(named.clone())(text);
        assert_eq!(fits(registration.clone(), &usual), of_usual, "{named} {text}");
        assert_eq!(fits(registration, &reversed), of_reversed, "{named} {text}");
    }
    // Either order is not any order.
    let shuffled =
        Maker::new().subject(&[&[(O, UTF8, b"Example")], &[(C, PRINTABLE, b"BR")], &[(CN, UTF8, b"client")]]);
    assert!(!fits(order(json!("either"))(FORWARD), &shuffled));
    let problem = |registration: Value| {
        let registration: ClientRegistration = serde_json::from_value(registration).unwrap();
        Client::try_from(registration).unwrap_err().member()
    };
    assert_eq!(problem(order(json!("reversed"))(FORWARD)), "tls_client_auth_subject_dn_order");
    let without = with(
        expecting("tls_client_auth_san_dns", "a.example"),
        json!({ "tls_client_auth_subject_dn_order": "either" }),
    );
    assert_eq!(problem(without), "tls_client_auth_subject_dn_order");
}

#[test]
fn an_odd_alternative_name_spoils_neither_the_subject_nor_the_other_names() {
    // CA-062, CA-068: x400Address, a name beyond ASCII, and an unknown kind of name
    let odd: [(u8, &[u8]); 4] =
        [(0xA3, &[0x30, 0]), (DNS, "\u{e9}.example".as_bytes()), (0xA4, b"none"), (0x89, b"unknown")];
    for odd in odd {
        let certificate = Maker::new().alternative_names(&[odd, (DNS, b"a.example")]);
        assert!(is_known(DN, "CN=client,O=Example,C=BR", &certificate), "{odd:?}");
        assert!(is_known("tls_client_auth_san_dns", "a.example", &certificate), "{odd:?}");
        assert!(!is_known("tls_client_auth_san_dns", "b.example", &certificate), "{odd:?}");
    }
    // Where the extension as a whole is unreadable or there twice, none of its names count.
    let names: &[(u8, &[u8])] = &[(DNS, b"a.example")];
    for certificate in [
        Maker::new().extension(ALTERNATIVE_NAMES, b"none"),
        Maker::new().alternative_names(names).alternative_names(names),
    ] {
        assert!(is_known(DN, "CN=client,O=Example,C=BR", &certificate));
        assert!(!is_known("tls_client_auth_san_dns", "a.example", &certificate));
    }
}

#[test]
fn a_subject_of_open_finance_brasil_is_known_in_all_its_spellings() {
    // CA-063, BR-005
    let subject: &[&[Attribute<'_>]] = &[
        &[(C, PRINTABLE, b"BR")],
        &[(O, UTF8, b"Banco Exemplo S.A.")],
        &[(ORGANIZATION_IDENTIFIER, UTF8, b"OFBBR-d7384bd0-842f")],
        &[("1.3.6.1.4.1.311.60.2.1.3", PRINTABLE, b"UK")],
        &[("2.5.4.15", UTF8, b"Private Organization")],
        &[(STATE, UTF8, b"SP")],
        &[(UID, UTF8, b"67c57882-043b")],
        &[(CN, UTF8, b"web.conftpp.example")],
    ];
    let rest = "O=Banco Exemplo S.A.,C=BR";
    for text in [
        format!(
            "CN=web.conftpp.example,UID=67c57882-043b,ST=SP,businessCategory=Private Organization,\
             jurisdictionCountryName=UK,organizationIdentifier=OFBBR-d7384bd0-842f,{rest}"
        ),
        format!(
            "cn=web.conftpp.example,0.9.2342.19200300.100.1.1=67c57882-043b,s=SP,\
             2.5.4.15=#0c1450726976617465204f7267616e697a6174696f6e,1.3.6.1.4.1.311.60.2.1.3=#1302554b,\
             2.5.4.97=#0c134f464242522d64373338346264302d38343266,{rest}"
        ),
    ] {
        assert!(has_subject(&text, subject), "{text}");
    }
    let another = "CN=web.conftpp.example,UID=67c57882-043b,ST=SP,businessCategory=Private Organization,\
                   jurisdictionCountryName=UK,2.5.4.97=#0c134f464242522d64373338346264302d38343267,\
                   O=Banco Exemplo S.A.,C=BR";
    assert!(!has_subject(another, subject));
}

#[test]
fn a_subject_that_only_looks_the_same_is_another() {
    // CA-063, C-25
    for (text, subject) in [
        ("CN=a,O=x", &[&[(CN, UTF8, &br"a,O=x"[..])][..]][..]),
        (r"CN=a\,O\=x", &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a")]]),
        // Order
        ("CN=a,O=x", &[&[(CN, UTF8, b"a")], &[(O, UTF8, b"x")]]),
        // More, less, and parts
        ("CN=a,O=x", &[&[(OU, UTF8, b"y")], &[(O, UTF8, b"x")], &[(CN, UTF8, b"a")]]),
        ("CN=a,O=x", &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a")], &[(OU, UTF8, b"y")]]),
        ("CN=a,O=x", &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a"), (OU, UTF8, b"y")]]),
        ("CN=a,O=x", &[&[(O, UTF8, b"x"), (CN, UTF8, b"a")]]),
        ("CN=a+O=x", &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a")]]),
        ("CN=a", &[&[(O, UTF8, b"x")], &[(CN, UTF8, b"a")]]),
        ("CN=a,O=x", &[&[(CN, UTF8, b"a")]]),
        ("CN=a,CN=a", &[&[(CN, UTF8, b"a")]]),
        ("CN=a", &[]),
        ("CN=client", &[&[(CN, UTF8, b"client2")]]),
        ("CN=client", &[&[(CN, UTF8, b"clien")]]),
        ("CN=client", &[&[(CN, UTF8, b"my client")]]),
        ("CN=ab", &[&[(CN, UTF8, b"a b")]]),
        ("CN=.*", &[&[(CN, UTF8, b"anything")]]),
        ("CN=*.x.example", &[&[(CN, UTF8, b"a.x.example")]]),
        // Another attribute
        ("CN=a", &[&[(OU, UTF8, b"a")]]),
        // What cannot be seen
        ("CN=a", &[&[(CN, UTF8, b"a\0")]]),
        ("CN=a", &[&[(CN, UTF8, b"a\0b")]]),
        ("CN=a", &[&[(CN, UTF8, b"a\n")]]),
        ("CN=a", &[&[(CN, BMP, b"\0a\0\0")]]),
        ("CN=a", &[&[(CN, UTF8, "a\u{ad}".as_bytes())]]),
        ("CN=a b", &[&[(CN, UTF8, "a\u{a0}b".as_bytes())]]),
        // Unicode: not normalised, and no letters that only look alike.
        ("CN=\u{e9}", &[&[(CN, UTF8, "e\u{301}".as_bytes())]]),
        ("CN=i", &[&[(CN, UTF8, "\u{131}".as_bytes())]]),
        ("CN=a", &[&[(CN, UTF8, "\u{430}".as_bytes())]]),
        ("CN=ss", &[&[(CN, UTF8, "\u{df}".as_bytes())]]),
        // Strings that are none
        ("CN=a", &[&[(CN, UTF8, b"\xE9")]]),
        ("CN=a", &[&[(CN, PRINTABLE, b"a\xE9")]]),
        ("CN=a", &[&[(CN, BMP, b"\0a\0")]]),
        ("CN=\u{e9}", &[&[(CN, TELETEX, b"\xE9")]]),
        // Bytes that would be the text
        ("CN=a", &[&[(CN, BIT_STRING, b"\0a")]]),
        ("CN=a", &[&[(CN, 0x04, b"a")]]),
        ("2.5.4.45=#0302005a", &[&[("2.5.4.45", BIT_STRING, b"\0\x5b")]]),
    ] {
        assert!(!has_subject(text, subject), "{text}");
    }
}

#[test]
fn one_alternative_name_of_several_has_to_be_the_registered_one() {
    // CA-062, CA-065, C-26
    let v6 = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1];
    let other_name = crate::certificate_maker::tlv(0xA0, &[&crate::certificate_maker::tlv(UTF8, &[b"a.example"])]);
    let other_name = [crate::certificate_maker::oid("1.3.6.1.4.1.311.20.2.3"), other_name].concat();
    let (dns, uri, ip, email) =
        ("tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip", "tls_client_auth_san_email");
    for (member, registered, names, known) in [
        (dns, "a.example", &[(DNS, &b"a.example"[..])][..], true),
        (dns, "A.Example", &[(DNS, b"a.eXAMPLE")], true),
        (dns, "a.example", &[(DNS, b"b.example"), (URI, b"urn:x"), (DNS, b"a.example")], true),
        (dns, "a.example", &[(0xA0, &other_name), (DNS, b"a.example")], true),
        (dns, "a.example", &[(0xA0, &other_name)], false),
        (dns, "a.example", &[(DNS, b"*.example")], false),
        (dns, "a.example", &[(DNS, b"a.example.")], false),
        (dns, "a.example", &[(DNS, b".a.example")], false),
        (dns, "a.example", &[(DNS, b"a.example.evil.example")], false),
        (dns, "a.example", &[(DNS, b"evil-a.example")], false),
        (dns, "a.example", &[(DNS, b"a.example\0.evil.example")], false),
        (dns, "a.example", &[(DNS, b"")], false),
        (dns, "a.example", &[(URI, b"a.example"), (EMAIL, b"a.example"), (IP, b"a.example")], false),
        (dns, "a.example", &[], false),
        (uri, "https://c.example/a", &[(URI, b"https://c.example/a")], true),
        (uri, "urn:example:A", &[(DNS, b"x"), (URI, b"urn:example:A")], true),
        (uri, "urn:example:A", &[(URI, b"urn:example:a")], false),
        (uri, "https://c.example/a", &[(URI, b"https://c.example/a/")], false),
        (uri, "https://c.example/a", &[(URI, b"https://C.example/a")], false),
        (uri, "https://c.example/", &[(URI, b"https://c.example:443/")], false),
        (uri, "https://c.example/", &[(URI, b"https://c.example/\0")], false),
        (ip, "192.0.2.1", &[(IP, &[192, 0, 2, 1])], true),
        (ip, "2001:DB8::1", &[(IP, &v6)], true),
        (ip, "2001:0db8:0000:0000:0000:0000:0000:0001", &[(IP, &v6)], true),
        (ip, "::ffff:192.0.2.1", &[(IP, &mapped)], true),
        (ip, "192.0.2.1", &[(IP, &mapped)], false),
        (ip, "::ffff:192.0.2.1", &[(IP, &[192, 0, 2, 1])], false),
        (ip, "192.0.2.1", &[(IP, &[192, 0, 2, 1, 255, 255, 255, 255])], false),
        (ip, "192.0.2.1", &[(IP, b"192.0.2.1")], false),
        (ip, "192.0.2.1", &[(DNS, b"192.0.2.1"), (IP, &[])], false),
        (email, "Ana@mail.example", &[(EMAIL, b"Ana@MAIL.example")], true),
        (email, "ana@mail.example", &[(EMAIL, b"Ana@mail.example")], false),
        (email, "ana@mail.example", &[(EMAIL, b"ana@mail.example.evil")], false),
        (email, "ana@mail.example", &[(EMAIL, b"mail.example")], false),
        (email, "ana@mail.example", &[(EMAIL, b"x@ana@mail.example")], false),
    ] {
        let certificate = Maker::new();
        let certificate = if names.is_empty() { certificate } else { certificate.alternative_names(names) };
        assert_eq!(is_known(member, registered, &certificate), known, "{member} {registered} {names:?}");
    }
    // The common name does not stand in for an alternative one, nor the other way round.
    let common = Maker::new().subject(&[&[(CN, UTF8, b"a.example")]]);
    assert!(!is_known(dns, "a.example", &common));
    assert!(!is_known(DN, "CN=a.example", &Maker::new().alternative_names(&[(DNS, b"a.example")])));
}

#[test]
fn what_can_be_no_subject_is_not_registered() {
    // CA-064, CM-022
    let problem = |registration: Value| {
        let registration: ClientRegistration = serde_json::from_value(registration).unwrap();
        let error = Client::try_from(registration).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        error.member()
    };
    for text in [
        "",
        " ",
        ",",
        "canary",
        "CN",
        "CN=",
        "CN= ",
        "=canary",
        "CN=canary,",
        ",CN=canary",
        "CN=canary,,O=x",
        "CN=canary+",
        "CN=canary,O=",
        "CN=#",
        "CN=#0c",
        "CN=#0c06canary",
        "CN=#0c0161zz",
        "CN=#0c0161 x",
        "CN=#0c0100",
        "CN=#0c02c328",
        r"CN=canary\",
        r"CN=canary\x",
        r"CN=canary\0",
        r"CN=canary\00",
        r"CN=canary\0a",
        r"CN=canary\ff",
        "CN=canary\0",
        "CN=canary\n",
        "CN=\"canary",
        "CN=\"canary\"x",
        "CN=\"canary\\\"",
        "CN=\"\"",
        "CN=can\"ary\"",
        "CN=canary;",
        "CN=<canary>",
        "OID.CN=canary",
        "OID.=canary",
        "canaryName=x",
        "2.5.4=canary=x,O",
        "2.5.4.=canary",
        "9.9.9=canary",
        "2..5=canary",
        "/C=BR/CN=canary",
        &format!("CN={}", "canary".repeat(1000)),
    ] {
        assert_eq!(problem(expecting(DN, text)), DN, "{text}");
    }
    for (member, texts) in [
        (
            "tls_client_auth_san_dns",
            &[
                "",
                "*.canary.example",
                "canary.example.",
                ".canary",
                "a..canary",
                "can\u{e4}ry.example",
                "canary example",
            ][..],
        ),
        ("tls_client_auth_san_uri", &["", "canary", "/canary", "https://canary.example/ x", "urn:can\u{e4}ry"]),
        (
            "tls_client_auth_san_ip",
            &["", "canary", "192.0.2", "192.0.2.01", "192.0.2.1/32", "[2001:db8::1]", "fe80::1%1"],
        ),
        ("tls_client_auth_san_email", &["", "canary", "@canary", "canary@", "can\u{e4}ry@x", "canary @x"]),
    ] {
        for text in texts {
            assert_eq!(problem(expecting(member, text)), member, "{text}");
        }
    }
    let two = with(tls("c1"), json!({ "tls_client_auth_san_dns": "canary.example" }));
    assert_eq!(problem(two), "tls_client_auth_san_dns");
    let mut none = tls("c1");
    none.as_object_mut().unwrap().remove(DN);
    assert_eq!(problem(none), "token_endpoint_auth_method");
    let unused = with(tls("c1"), json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [] } }));
    assert!(["jwks", DN].contains(&problem(unused)));
    let unused = with(crate::support::basic("c1"), json!({ "tls_client_auth_san_ip": "192.0.2.1" }));
    assert_eq!(problem(unused), "tls_client_auth_san_ip");
    let keyless = json!({
        "client_id": "c1", "token_endpoint_auth_method": "self_signed_tls_client_auth", "redirect_uris": [CALLBACK],
    });
    assert_eq!(problem(keyless.clone()), "token_endpoint_auth_method");
    assert_eq!(problem(with(keyless, json!({ "jwks": { "keys": [] } }))), "jwks");
    for member in [DN, "tls_client_auth_san_dns", "tls_client_certificate_bound_access_tokens"] {
        let registration = Map::from_iter([("client_id".to_owned(), json!("c1")), (member.to_owned(), json!(7))]);
        assert_eq!(ClientRegistration::try_from(registration).unwrap_err().member(), member);
    }
}

/// As RFC 4514 section 2.4 has a value written.
fn escaped(value: &str) -> String {
    let mut text = String::new();
    for (index, character) in value.char_indices() {
        let at_end = index == 0 || index + character.len_utf8() == value.len();
        if "\"+,;<>\\=".contains(character) || (at_end && " #".contains(character)) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

proptest! {
    #[test]
    fn any_text_does_no_harm(text in any::<String>(), name in "(CN=|O=|2.5.4.97=#|[a-z0-9=+,#\\\\ ]){0,9}") {
        for text in [text, name] {
            let registration = serde_json::from_value::<ClientRegistration>(expecting(DN, &text)).unwrap();
            if let Err(error) = Client::try_from(registration) {
                prop_assert_eq!(error.member(), DN);
            }
        }
    }

    #[test]
    fn an_escaped_value_is_the_value_and_no_other(value in "[ -~\u{e9}\u{4e2d}]{0,6}[!-~]", other in "[!-~][ -~]{0,6}") {
        let registered = format!("CN={},O=x", escaped(&value));
        prop_assert!(has_subject(&registered, &[&[(O, UTF8, b"x")], &[(CN, UTF8, value.as_bytes())]]), "{}", registered);
        let folded = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let same = has_subject(&registered, &[&[(O, UTF8, b"x")], &[(CN, UTF8, other.as_bytes())]]);
        prop_assert_eq!(same, folded(&value) == folded(&other));
    }
}
