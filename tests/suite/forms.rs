//! Strict decoding of forms: what decodes, what is refused, and that nothing gets lost on the way.

use parjar::{FormError, Limits, Parameters, Policy, Reason, Refusal};
use proptest::prelude::*;

use crate::support::{FORM, Server, basic, code_request, error, form, post, request_uri};

fn parse(form: &[u8]) -> Result<Parameters, Reason> {
    Parameters::parse(form, &Limits::default()).map_err(|error| {
        let refusal = Refusal::from(error);
        assert_eq!(refusal.description(), error.to_string());
        let status = if refusal.reason() == Reason::Form(FormError::TooLarge) { 413 } else { 400 };
        assert_eq!((refusal.status(), refusal.code().as_str()), (status, "invalid_request"));
        refusal.reason()
    })
}

fn pairs(parameters: &Parameters) -> Vec<(&str, &str)> {
    parameters.iter().collect()
}

#[test]
fn well_formed_forms_decode_to_exactly_what_was_meant() {
    // O2-002, O2-004, P-34
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let cases: [(&[u8], Pairs<'_>); 16] = [
        (b"", &[]),
        (b"&&&", &[]),
        (b"a=1&b=2", &[("a", "1"), ("b", "2")]),
        (b"&a=1&&b=2&", &[("a", "1"), ("b", "2")]),
        (b"b=1&a=2", &[("b", "1"), ("a", "2")]),
        (b"a=", &[]),
        (b"a", &[]),
        (b"a==", &[("a", "=")]),
        (b"a=b=c%3Dd", &[("a", "b=c=d")]),
        (b"a=x+y%2Bz%20", &[("a", "x y+z ")]),
        (b"a+b=1", &[("a b", "1")]),
        (b"%61=%41", &[("a", "A")]),
        (b"a=%c3%a9%C3%A9", &[("a", "\u{e9}\u{e9}")]),
        (b"a=\xC3\xA9", &[("a", "\u{e9}")]),
        (b"a=%F0%9F%98%80", &[("a", "\u{1F600}")]),
        (b"a=1;b=2", &[("a", "1;b=2")]),
    ];
    for (form, expected) in cases {
        assert_eq!(pairs(&parse(form).unwrap()), expected, "{}", form.escape_ascii());
    }
}

#[test]
fn malformed_forms_are_refused_and_not_repaired() {
    // O2-004, P-34, P-35
    let cases: [(&[u8], Reason); 27] = [
        (b"a=%", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%4", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%zz", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%4g", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%%41", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%+1", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%u0041", Reason::Form(FormError::MalformedEncoding)),
        (b"%=1", Reason::Form(FormError::MalformedEncoding)),
        (b"a=%4&1=b", Reason::Form(FormError::MalformedEncoding)),
        (b"client_id=%FF", Reason::Form(FormError::NotUtf8)),
        (b"a=\xFF", Reason::Form(FormError::NotUtf8)),
        (b"%FE=1", Reason::Form(FormError::NotUtf8)),
        (b"a=%C0%AF", Reason::Form(FormError::NotUtf8)),
        (b"a=%ED%A0%80", Reason::Form(FormError::NotUtf8)),
        (b"a=%C3", Reason::Form(FormError::NotUtf8)),
        (b"a=%C3&b=%A9", Reason::Form(FormError::NotUtf8)),
        (b"a=%00", Reason::Form(FormError::ControlCharacter)),
        (b"a=x%0d%0aSet-Cookie:y", Reason::Form(FormError::ControlCharacter)),
        (b"a=\n", Reason::Form(FormError::ControlCharacter)),
        (b"a=%09", Reason::Form(FormError::ControlCharacter)),
        (b"a=%7F", Reason::Form(FormError::ControlCharacter)),
        (b"a=%C2%85", Reason::Form(FormError::ControlCharacter)),
        (b"a%00=1", Reason::Form(FormError::ControlCharacter)),
        (b"=v", Reason::Form(FormError::MalformedName)),
        (b"=", Reason::Form(FormError::MalformedName)),
        (b"%EF%BB%BFclient_id=c1", Reason::Form(FormError::MalformedName)),
        (b"\xEF\xBB\xBFclient_id=c1", Reason::Form(FormError::MalformedName)),
    ];
    for (form, reason) in cases {
        assert_eq!(parse(form).err(), Some(reason), "{}", form.escape_ascii());
    }
}

#[test]
fn nothing_but_resource_may_be_repeated() {
    // O2-001, RES-002, P-10
    for form in [
        "redirect_uri=a&redirect_uri=b",
        "scope=a&scope=a",
        "scope=a&scope=",
        "scope=&scope=",
        "client%5Fid=c2&client_id=c1",
        "client_secret=a&client_secret=a",
        "client_assertion=&client_assertion=",
        "request_uri=&request_uri=",
        "grant_type=x&grant_type=x",
        "unknown=1&unknown=2",
        "unknown=&unknown=1",
        "unknown=1&unknown=",
        "unknown&unknown",
        "unkn%6Fwn=1&unknown=1",
        "a+b=1&a%20b=1",
        "%C3%A9=1&\u{e9}=2",
    ] {
        assert_eq!(parse(form.as_bytes()).err(), Some(Reason::Form(FormError::DuplicateParameter)), "{form}");
    }
    let parameters = parse(b"resource=https://a.example&resource=&resource=https://b.example").unwrap();
    assert_eq!(parameters.get_all("resource").collect::<Vec<_>>(), ["https://a.example", "https://b.example"]);
    assert_eq!(parse(b"Scope=a&scope=b&SCOPE=c").unwrap().len(), 3, "names count by their bytes");
    assert_eq!(parse("e\u{301}=1&\u{e9}=2".as_bytes()).unwrap().len(), 2, "nothing is normalized");
}

#[test]
fn sizes_are_bounded_inclusively() {
    // O2-026, P-26
    let a = |length: usize| "a".repeat(length);
    let encoded = |length: usize| "%61".repeat(length);
    let many = |count: usize| (0..count).map(|index| format!("p{index}=1&")).collect::<String>();
    let cases = [
        (format!("{}=1", a(64)), format!("{}=1", a(65)), Reason::Form(FormError::NameTooLong)),
        (format!("{}=1", encoded(64)), format!("{}=1", encoded(65)), Reason::Form(FormError::NameTooLong)),
        (format!("x={}", a(8192)), format!("x={}", a(8193)), Reason::Form(FormError::ValueTooLong)),
        (format!("x={}", encoded(8192)), format!("x={}", encoded(8193)), Reason::Form(FormError::ValueTooLong)),
        (format!("state={}", a(8192)), format!("state={}", a(8193)), Reason::Form(FormError::ValueTooLong)),
        (format!("claims={}", a(16_384)), format!("claims={}", a(16_385)), Reason::Form(FormError::ValueTooLong)),
        (
            format!("authorization_details={}", a(16_384)),
            format!("authorization_details={}", a(16_385)),
            Reason::Form(FormError::ValueTooLong),
        ),
        (format!("request={}", a(32_768)), format!("request={}", a(32_769)), Reason::Form(FormError::ValueTooLong)),
        (
            format!("client_secret={}", a(8192)),
            format!("client_secret={}", a(8193)),
            Reason::Form(FormError::ValueTooLong),
        ),
        (many(64), many(65), Reason::Form(FormError::TooManyParameters)),
        (many(63) + "empty=", many(64) + "empty=", Reason::Form(FormError::TooManyParameters)),
    ];
    for (within, beyond, reason) in cases {
        assert!(parse(within.as_bytes()).is_ok(), "{reason}");
        assert_eq!(parse(beyond.as_bytes()).err(), Some(reason));
    }
    assert_eq!(parse(many(6000).as_bytes()).err(), Some(Reason::Form(FormError::TooManyParameters)));
    assert!(parse(&[b'&'; 65_536]).is_ok());
    assert_eq!(parse(&[b'&'; 65_537]).err(), Some(Reason::Form(FormError::TooLarge)));
}

#[test]
fn bounds_follow_the_policy() {
    let mut policy = Policy::oauth();
    policy.limits.parameters = 3;
    policy.limits.value = 64;
    let server = Server::with(policy, [basic("basic")]);
    assert_eq!(server.push(&code_request(&[("x", &"y".repeat(64))])).status(), 201);
    let reason = |body: String| server.try_push(body.as_bytes()).unwrap_err().reason();
    assert_eq!(reason(code_request(&[("x", &"y".repeat(65))])), Reason::Form(FormError::ValueTooLong));
    assert_eq!(reason(code_request(&[("x", "1"), ("y", "1")])), Reason::Form(FormError::TooManyParameters));
}

#[test]
fn every_parameter_comes_back_in_order_known_or_not() {
    // PAR-004, O2-003, O2-011, OIDC-009, RAR-006
    let state = "~ x".repeat(1000);
    let more = [
        ("client_id", "basic"),
        ("zz_unknown", "\u{1F600} & = + %41"),
        ("resource", "https://b.example/"),
        ("state", &*state),
        ("nonce", "n-\u{e9}"),
        ("display", "touch"),
        ("claims_locales", "de en"),
        ("resource", "https://a.example/"),
        ("claims", "{ \"id_token\" : {\"acr\":null} }"),
        ("aa unknown", " "),
        ("login_hint", "mary@example.com"),
    ];
    let server = Server::new();
    let pending = server.open(&server.pushed(&code_request(&more))).unwrap();
    let kept = pairs(pending.request().parameters());
    assert_eq!(kept[2..], more);
}

#[test]
fn the_client_that_only_its_credentials_named_is_in_the_request() {
    // N-02
    for client_id in [&[][..], &[("client_id", "")]] {
        let server = Server::new();
        let pending = server.open(&server.pushed(&code_request(client_id))).unwrap();
        assert_eq!(pending.request().parameters().get("client_id"), Some("basic"));
    }
}

#[test]
fn credentials_and_parameters_of_the_token_endpoint_are_dropped() {
    // PAR-012, PAR-013, N-16, P-36
    let server = Server::new();
    let body = code_request(&[
        ("client_id", "post"),
        ("client_secret", "s3cret"),
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("code_verifier", "v"),
        ("refresh_token", "r"),
        ("password", "p"),
        ("x", "kept"),
    ]);
    let handle = request_uri(&server.push_form(&body));
    let pending = server.authorize(&format!("client_id=post&request_uri={handle}"), None).unwrap();
    let names: Vec<&str> = pending.request().parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["response_type", "redirect_uri", "client_id", "x"]);
}

#[test]
fn a_parsed_form_has_no_credentials() {
    let parameters = parse(b"a=1&client_secret=s&client_assertion=x&client_assertion_type=y&code=c").unwrap();
    assert_eq!(pairs(&parameters), [("a", "1"), ("code", "c")]);
    assert_eq!(format!("{parameters:?}"), r#"Parameters["code"]"#);
}

#[test]
fn a_form_is_read_before_anybody_is_authenticated() {
    let reply = Server::with(Policy::oauth(), [post("post")]).send(&[("content-type", FORM)], "x=%zz");
    assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"));
}

/// A form in which every byte may be written as it is, as a plus sign or as an escape of either case.
fn written(text: &str, choices: &[u8]) -> String {
    let mut written = String::new();
    for (byte, choice) in text.bytes().zip(choices.iter().cycle()) {
        match (byte, choice % 3) {
            (b' ', 0) => written.push('+'),
            (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_', 0) => written.push(char::from(byte)),
            (_, 1) => written.push_str(&format!("%{byte:02x}")),
            _ => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = parse(&body);
    }

    #[test]
    fn bytes_that_look_like_forms_never_panic(body in "([a-c%=&+;0-9F\u{0}\u{e9}]|client_id|resource|%C3%A9|%00){0,60}") {
        if let Ok(parameters) = parse(body.as_bytes()) {
            for (name, value) in parameters.iter() {
                prop_assert!(!name.is_empty() && !value.is_empty());
                prop_assert!(!value.contains(char::is_control));
            }
        }
    }

    #[test]
    fn arbitrary_bodies_are_answered(body in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = Server::new().try_push(&body);
    }

    #[test]
    fn a_well_formed_form_comes_back_from_the_store_as_it_was(
        values in proptest::collection::vec("[^\\p{Cc}]{0,40}", 0..20),
        choices in proptest::collection::vec(any::<u8>(), 1..30),
    ) {
        let names: Vec<String> = (0..values.len()).map(|index| format!("x{index} \u{e9}")).collect();
        let sent: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
        let body: Vec<String> =
            sent.iter().map(|(name, value)| format!("{}={}", written(name, &choices), written(value, &choices))).collect();
        let body = format!("{}&{}", body.join("&"), code_request(&[]));
        let server = Server::new();
        let pending = server.open(&server.pushed(&body)).unwrap();
        let expected: Vec<(&str, &str)> = sent.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        prop_assert_eq!(&pairs(pending.request().parameters())[..expected.len()], expected);
    }

    #[test]
    fn forms_of_the_usual_encoder_round_trip(
        sent in proptest::collection::btree_map("[a-z ]{1,20}x", "[^\\p{Cc}]{1,40}", 0..20),
    ) {
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
        let parameters = parse(form(sent.iter().copied()).as_bytes()).unwrap();
        prop_assert_eq!(pairs(&parameters), sent);
    }
}
