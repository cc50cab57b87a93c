//! The parameters of a request against policy and client: what passes, and with which error the rest is refused.

use std::sync::Arc;

use parjar::{
    AuthorizationRequest, Client, ErrorCode, FormRequest, InMemoryRegistry, ParEndpoint, Policy, Reason, Rejection,
    RequireCodeChallenge, ResponseMode, ResponseType,
};
use serde_json::{Map, Value, json};

use crate::support::{
    CALLBACK, CHALLENGE, FORM, ISSUER, Server, authorization, basic, body, client, code_request, error, form, public,
    request_uri, with,
};

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Pushes a code request with further parameters to each and compares `error`; an empty one means 201.
fn check(server: &Server, cases: &[(Pairs<'_>, &str)]) {
    for (more, code) in cases {
        let reply = server.push(&code_request(more));
        assert_eq!(reply.status(), if code.is_empty() { 201 } else { 400 }, "{more:?} {}", reply.body());
        if !code.is_empty() {
            assert_eq!(error(&reply), *code, "{more:?}");
            assert!(body(&reply)["error_description"].is_string());
        }
    }
}

fn check_one(server: &Server, name: &str, cases: &[(&str, &str)]) {
    for (value, code) in cases {
        check(server, &[(&[(name, value)], code)]);
    }
}

fn opened(server: &Server, more: Pairs<'_>) -> AuthorizationRequest {
    server.open(&server.pushed(&code_request(more))).unwrap().request().clone()
}

const FLOWS: [&str; 4] = ["code", "token", "id_token", "code id_token"];

fn all_flows() -> Server {
    let mut policy = Policy::oauth();
    policy.response_types_supported = FLOWS.iter().map(|text| ResponseType::parse(text).unwrap()).collect();
    let all = json!({ "response_types": FLOWS, "grant_types": ["authorization_code", "implicit"] });
    Server::with(policy, [with(basic("basic"), all), basic("code only")])
}

fn flow(response_type: &str, more: Pairs<'_>) -> String {
    form([("redirect_uri", CALLBACK), ("response_type", response_type)].into_iter().chain(more.iter().copied()))
}

#[test]
fn response_types_are_those_of_policy_and_client() {
    // O2-009, O2-010, BCP-001, CM-003
    let server = Server::new();
    for (response_type, code) in [
        ("", "invalid_request"),
        ("foo", "unsupported_response_type"),
        ("Code", "unsupported_response_type"),
        ("code code", "unsupported_response_type"),
        ("code ", "unsupported_response_type"),
        (" ", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
        ("token", "unsupported_response_type"),
        ("code token", "unsupported_response_type"),
    ] {
        let reply = server.push(&flow(response_type, &[]));
        assert_eq!((reply.status(), &*error(&reply)), (400, code), "{response_type}");
    }
    assert_eq!(error(&server.push(&form([("redirect_uri", CALLBACK)]))), "invalid_request");

    let server = all_flows();
    for response_type in ["token", "id_token", "code id_token", "id_token code"] {
        let body = flow(response_type, &[("nonce", "n")]);
        assert_eq!(server.push(&body).status(), 201, "{response_type}");
        let reply = server.push_as("code+only", &body);
        assert_eq!((reply.status(), &*error(&reply)), (400, "unauthorized_client"), "{response_type}");
    }
}

#[test]
fn a_client_without_any_flow_is_told_so_before_its_redirect_uri_is_looked_at() {
    // PAR-081, CM-004
    let service = json!({ "client_id": "basic", "client_secret": "s3cret", "grant_types": ["client_credentials"] });
    let server = Server::with(Policy::oauth(), [service]);
    for redirect_uri in [CALLBACK, "https://evil.example/"] {
        let reply = server.push(&form([("response_type", "code"), ("redirect_uri", redirect_uri)]));
        assert_eq!((reply.status(), &*error(&reply)), (400, "unauthorized_client"));
    }
}

#[test]
fn response_modes_fit_their_response_type() {
    // OIDC-013, OIDC-037, OIDC-039
    let server = all_flows();
    for (response_type, mode, expected) in [
        ("code", None, Some(ResponseMode::Query)),
        ("code", Some("query"), Some(ResponseMode::Query)),
        ("code", Some("fragment"), Some(ResponseMode::Fragment)),
        ("code", Some("form_post"), Some(ResponseMode::FormPost)),
        ("code", Some("jwt"), None),
        ("code", Some("Query"), None),
        ("code", Some("query "), None),
        ("token", None, Some(ResponseMode::Fragment)),
        ("token", Some("query"), None),
        ("id_token", Some("query"), None),
        ("code id_token", Some("query"), None),
        ("code id_token", None, Some(ResponseMode::Fragment)),
        ("code id_token", Some("form_post"), Some(ResponseMode::FormPost)),
    ] {
        let more: Vec<_> = [("nonce", "n")].into_iter().chain(mode.map(|mode| ("response_mode", mode))).collect();
        let reply = server.push(&flow(response_type, &more));
        match expected {
            Some(expected) => {
                let pending = server.open(&request_uri(&reply)).unwrap();
                assert_eq!(pending.request().response_mode(), expected, "{response_type} {mode:?}");
            }
            None => assert_eq!(error(&reply), "invalid_request", "{response_type} {mode:?}"),
        }
    }
}

#[test]
fn response_modes_are_those_of_policy_and_client() {
    // CM-024
    let mut policy = Policy::oauth();
    policy.response_modes_supported = vec![ResponseMode::Query, ResponseMode::FormPost];
    let some = with(basic("basic"), json!({ "response_modes": ["form_post", "fragment"] }));
    let server = Server::with(policy, [some]);
    check(
        &server,
        &[
            (&[("response_mode", "form_post")], ""),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("response_mode", "query")], "invalid_request"),
            (&[], "invalid_request"),
        ],
    );
}

#[test]
fn scopes_are_tokens_that_policy_and_client_know() {
    // O2-006, O2-008, N-13, CM-005, P-26
    let server = Server::new();
    let many = |count: usize| (0..count).map(|index| format!("s{index}")).collect::<Vec<_>>().join(" ");
    check_one(
        &server,
        "scope",
        &[
            ("", ""),
            ("openid", ""),
            ("a b a", ""),
            ("https://a.example/x:y!#[]~", ""),
            (&many(64), ""),
            (&many(65), "invalid_scope"),
            (&many(1500), "invalid_scope"),
            (" ", "invalid_scope"),
            (" a", "invalid_scope"),
            ("a ", "invalid_scope"),
            ("a  b", "invalid_scope"),
            ("a\"b", "invalid_scope"),
            ("a\\b", "invalid_scope"),
            ("\u{e9}", "invalid_scope"),
        ],
    );
    let mut policy = Policy::oauth();
    policy.scopes_supported = Some(vec!["a".into(), "b".into()]);
    let server = Server::with(policy, [with(basic("basic"), json!({ "scope": "b c" })), basic("other")]);
    check_one(
        &server,
        "scope",
        &[
            ("b", ""),
            ("a", "invalid_scope"),
            ("c", "invalid_scope"),
            ("B", "invalid_scope"),
            ("b a", "invalid_scope"),
            ("", ""),
        ],
    );
    assert_eq!(server.push_as("other", &code_request(&[("scope", "a b")])).status(), 201);
    assert_eq!(opened(&server, &[("scope", "b b")]).scopes().collect::<Vec<_>>(), ["b", "b"]);
}

#[test]
fn state_is_printable_ascii_of_any_length() {
    // O2-005, O2-011, P-35
    let server = Server::new();
    let long = "s".repeat(8192);
    check_one(
        &server,
        "state",
        &[
            ("", ""),
            (" ~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}", ""),
            (&long, ""),
            ("\u{e9}", "invalid_request"),
            ("\u{2028}", "invalid_request"),
            ("a\r\nSet-Cookie: x", "invalid_request"),
            ("\u{7f}", "invalid_request"),
        ],
    );
    assert_eq!(opened(&server, &[("state", " %41+ ")]).state(), Some(" %41+ "));
}

#[test]
fn pkce_is_read_to_the_letter() {
    // PK-001, PK-002 to PK-005, PK-011, O2-024, O2-025
    let s256 = ("code_challenge_method", "S256");
    let plain = ("code_challenge_method", "plain");
    let verifier = "v".repeat(43);
    // The 43rd character has two bits that say nothing; here they are not zero.
    let loose = format!("{}N", &CHALLENGE[..42]);
    let cases: [(Pairs<'_>, &str, &str); 16] = [
        (&[], "", ""),
        (&[("code_challenge", CHALLENGE), s256], "", ""),
        (&[("code_challenge", CHALLENGE)], "invalid_request", ""),
        (&[("code_challenge", CHALLENGE), plain], "invalid_request", ""),
        (&[("code_challenge", &verifier), plain], "invalid_request", ""),
        (&[("code_challenge", "short"), plain], "invalid_request", "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "s256")], "invalid_request", "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "S256 ")], "invalid_request", "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge_method", "S512")], "invalid_request", "invalid_request"),
        (&[s256], "invalid_request", "invalid_request"),
        (&[("code_challenge", ""), s256], "invalid_request", "invalid_request"),
        (&[("code_challenge", "short"), s256], "invalid_request", "invalid_request"),
        (&[("code_challenge", &CHALLENGE[..42]), s256], "invalid_request", "invalid_request"),
        (
            &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), s256],
            "invalid_request",
            "invalid_request",
        ),
        (
            &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), s256],
            "invalid_request",
            "invalid_request",
        ),
        (&[("code_challenge", &loose), s256], "invalid_request", "invalid_request"),
    ];
    let mut lax = Policy::oauth();
    lax.danger_allow_plain_code_challenge = true;
    let (strict, lax) = (Server::new(), Server::with(lax, [basic("basic")]));
    for (more, by_strict, by_lax) in cases {
        check(&strict, &[(more, by_strict)]);
        check(&lax, &[(more, by_lax)]);
    }
    let challenge = opened(&strict, &[("code_challenge", CHALLENGE), s256]).code_challenge().cloned().unwrap();
    assert!(challenge.verify("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    assert!(!challenge.verify(CHALLENGE));
    let challenge = opened(&lax, &[("code_challenge", &verifier)]).code_challenge().cloned().unwrap();
    assert!(challenge.verify(&verifier));
}

#[test]
fn who_must_use_pkce_is_a_matter_of_policy() {
    // PK-002, O2-025
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let push = |policy: &Policy, challenge: bool| {
        let server = Server::with(policy.clone(), [basic("basic"), public("public")]);
        let challenge: Pairs<'_> =
            if challenge { &[("code_challenge", CHALLENGE), ("code_challenge_method", "S256")] } else { &[] };
        let as_public: Vec<_> = challenge.iter().copied().chain([("client_id", "public")]).collect();
        [server.push(&code_request(challenge)).status(), server.push_form(&code_request(&as_public)).status()]
    };
    assert_eq!(push(&policy, false), [201, 400]);
    assert_eq!(push(&policy, true), [201, 201]);
    policy.require_code_challenge = RequireCodeChallenge::Always;
    assert_eq!(push(&policy, false), [400, 400]);
    assert_eq!(push(&policy, true), [201, 201]);
}

#[test]
fn a_nonce_is_needed_where_an_id_token_comes_through_the_browser() {
    // OIDC-038, O2-027
    let server = all_flows();
    let long = "n".repeat(8192);
    for (response_type, nonce, status) in [
        ("code", None, 201),
        ("token", None, 201),
        ("id_token", None, 400),
        ("code id_token", None, 400),
        ("code id_token", Some(""), 400),
        ("code id_token", Some("n"), 201),
        ("id_token", Some(&*long), 201),
    ] {
        let more: Vec<_> = nonce.map(|nonce| ("nonce", nonce)).into_iter().collect();
        let reply = server.push(&flow(response_type, &more));
        assert_eq!(reply.status(), status, "{response_type} {nonce:?}");
        if status == 400 {
            assert_eq!(error(&reply), "invalid_request");
        }
    }
}

#[test]
fn prompt_none_stands_alone() {
    // OIDC-006, OIDC-007
    let server = Server::new();
    check_one(
        &server,
        "prompt",
        &[
            ("none", ""),
            ("login consent", ""),
            ("create something_new", ""),
            ("NONE login", ""),
            ("none login", "invalid_request"),
            ("login none", "invalid_request"),
            (" none  login", "invalid_request"),
        ],
    );
    let request = opened(&server, &[("prompt", "login create")]);
    assert_eq!(request.prompts().collect::<Vec<_>>(), ["login", "create"]);
    assert!(request.has_prompt("create") && !request.has_prompt("none"));
}

#[test]
fn max_age_is_a_number_of_seconds() {
    // OIDC-008, CM-017, O-06
    let server = Server::with(Policy::oauth(), [with(basic("basic"), json!({ "default_max_age": 77 }))]);
    check_one(
        &server,
        "max_age",
        &[
            ("0", ""),
            ("3600", ""),
            ("18446744073709551615", ""),
            ("18446744073709551616", "invalid_request"),
            ("-1", "invalid_request"),
            ("+1", "invalid_request"),
            ("1.5", "invalid_request"),
            ("1e3", "invalid_request"),
            (" 1", "invalid_request"),
            ("\u{0661}", "invalid_request"),
            ("x", "invalid_request"),
        ],
    );
    assert_eq!(opened(&server, &[("max_age", "0")]).max_age(), Some(0));
    assert_eq!(opened(&server, &[]).max_age(), Some(77));
}

#[test]
fn claims_are_an_object_of_requests_for_claims() {
    // OIDC-016, N-29, O-05
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(4000), "]".repeat(4000));
    let server = Server::new();
    check_one(
        &server,
        "claims",
        &[
            ("{}", ""),
            (r#" {"userinfo":{"email":null,"phone":{"essential":true}},"id_token":{"acr":{"values":["a"]}}} "#, ""),
            (r#"{"id_token":{"sub":{"value":"248289761001","purpose":"x"}},"unknown":7}"#, ""),
            ("[]", "invalid_request"),
            ("null", "invalid_request"),
            ("1", "invalid_request"),
            ("{", "invalid_request"),
            ("{} {}", "invalid_request"),
            ("{'id_token':{}}", "invalid_request"),
            (r#"{"id_token":{},"id_token":{}}"#, "invalid_request"),
            (r#"{"id_token":{"a":null,"\u0061":null}}"#, "invalid_request"),
            (r#"{"id_token":[]}"#, "invalid_request"),
            (r#"{"id_token":"x"}"#, "invalid_request"),
            (r#"{"userinfo":{"email":true}}"#, "invalid_request"),
            (r#"{"userinfo":{"email":{"essential":"true"}}}"#, "invalid_request"),
            (r#"{"userinfo":{"email":{"values":"a"}}}"#, "invalid_request"),
            (r#"{"id_token":{"a":{"value":1e999}}}"#, "invalid_request"),
            (r#"{"id_token":{"\ud800":null}}"#, "invalid_request"),
            (&deep, "invalid_request"),
        ],
    );
    let text = r#"{"id_token": {"acr": {"value": 1.10}}}"#;
    let request = opened(&server, &[("claims", text)]);
    assert_eq!(request.claims().unwrap()["id_token"]["acr"]["value"], 1.1);
    assert_eq!(request.parameters().get("claims"), Some(text));
}

#[test]
fn claims_from_userinfo_need_an_access_token() {
    // OIDC-016
    let server = all_flows();
    let claims = r#"{"userinfo":{"email":null}}"#;
    for (response_type, status) in [("code", 201), ("code id_token", 201), ("token", 201), ("id_token", 400)] {
        let reply = server.push(&flow(response_type, &[("nonce", "n"), ("claims", claims)]));
        assert_eq!(reply.status(), status, "{response_type}");
    }
}

/// serde_json gives this member name a meaning of its own when its feature `raw_value` is on anywhere in the program, as it is
/// in this test.
const RAW: &str = "$serde_json::private::RawValue";

#[test]
fn json_inside_a_string_stays_a_string() {
    // N-29, O-05: duplicates and depth are checked in what is read in the end.
    let smuggled = [
        r#"{"id_token":{"a":null,"a":{"essential":true}}}"#.to_owned(),
        format!("{{\"x\":{}1{}}}", "[".repeat(100), "]".repeat(100)),
    ];
    let server = Server::new();
    for inner in smuggled {
        for outer in [json!({ RAW: inner }), json!({ "id_token": { "a": { "value": { RAW: inner } } } })] {
            let reply = server.push(&code_request(&[("claims", &outer.to_string())]));
            if reply.status() == 201 {
                let pending = server.open(&request_uri(&reply)).unwrap();
                assert_eq!(pending.request().claims(), Some(&outer));
            }
        }
    }
}

#[test]
fn resources_are_absolute_uris_without_fragment() {
    // PAR-035, RAR-005, RES-001, RES-002, RES-004
    let server = Server::new();
    check_one(
        &server,
        "resource",
        &[
            ("https://api.example.com", ""),
            ("https://API.example.com/x?y=1", ""),
            ("urn:example:api", ""),
            ("", ""),
            ("https://api.example.com/#", "invalid_target"),
            ("https://api.example.com/#x", "invalid_target"),
            ("/api", "invalid_target"),
            ("api.example.com", "invalid_target"),
            ("//api.example.com", "invalid_target"),
            ("https://", "invalid_target"),
            ("https://api.example.com/ x", "invalid_target"),
            (" https://api.example.com/", "invalid_target"),
            ("https://\u{e4}pi.example.com/", "invalid_target"),
        ],
    );
    let sixteen: Vec<String> = (0..16).map(|index| format!("https://{index}.example/")).collect();
    let mut many: Vec<_> = sixteen.iter().map(|resource| ("resource", &**resource)).collect();
    assert_eq!(opened(&server, &many).resources().collect::<Vec<_>>(), sixteen);
    many.push(("resource", "https://16.example/"));
    check(&server, &[(&many, "invalid_target")]);
}

#[test]
fn a_resource_is_a_uri_to_the_letter_and_not_what_a_browser_makes_of_it() {
    // RES-001: RFC 8707 section 2 means RFC 3986 section 4.3.
    check_one(
        &Server::new(),
        "resource",
        &[
            ("https:\\\\api.example.com\\x", "invalid_target"),
            ("https://api.example.com/\"<script>", "invalid_target"),
            ("https://api.example.com/%zz", "invalid_target"),
            ("https://api.example.com/{id}", "invalid_target"),
            // RFC 1035 section 2.3.4: a host name has at most 253 bytes.
            (&format!("https://xn--{}", "a".repeat(2000)), "invalid_target"),
            (&format!("https://{}.example", "a.".repeat(126)), "invalid_target"),
            (&format!("https://{}.example/", "a.".repeat(120)), ""),
            // However many slashes a parser skips before it.
            (&format!("https:///{}.example", "a.".repeat(126)), "invalid_target"),
            (&format!("HTTPS:/{}.example", "a.".repeat(126)), "invalid_target"),
            (&format!("wss:{}.example", "a.".repeat(126)), "invalid_target"),
            (&format!("urn:{}", "a.".repeat(200)), ""),
        ],
    );
}

#[test]
fn registration_is_for_self_issued_providers() {
    // OIDC-018
    check_one(&Server::new(), "registration", &[("{}", "registration_not_supported"), ("", "")]);
}

#[test]
fn clients_that_must_sign_or_encrypt_cannot_push_plain_parameters() {
    // PAR-036, P-33, CM-013
    let mut signing = Policy::oauth();
    signing.require_signed_request_object = true;
    let mut encrypting = Policy::oauth();
    encrypting.require_encrypted_request_object = true;
    for (policy, members) in [
        (signing, json!({})),
        (encrypting, json!({})),
        (Policy::oauth(), json!({ "require_signed_request_object": true })),
        (Policy::oauth(), json!({ "require_encrypted_request_object": true })),
    ] {
        check(&Server::with(policy, [with(basic("basic"), members)]), &[(&[], "invalid_request")]);
    }
}

const NO_AMOUNT: Rejection =
    Rejection::new(ErrorCode::InvalidAuthorizationDetails, "payment_without_amount", "the payment has no amount");

fn with_details(registration: Value) -> Server {
    let server = Server::with(Policy::oauth(), [registration]);
    let par = ParEndpoint::builder(ISSUER)
        .clients(server.registry.clone())
        .store(server.store.clone())
        .clock(server.clock.clone())
        .authorization_details_type("payment", |client: &Client, detail: &Map<String, Value>| {
            assert_eq!(client.client_id(), "basic");
            detail.get("amount").map(|_| ()).ok_or(NO_AMOUNT)
        })
        .authorization_details_type("account", |_: &Client, _: &Map<String, Value>| Ok(()))
        .build()
        .unwrap();
    Server { par, ..server }
}

#[test]
fn authorization_details_are_objects_of_known_types() {
    // RAR-007, RAR-001, RAR-002, RAR-003, RAR-009, RAR-010, N-29
    const BAD: &str = "invalid_authorization_details";
    let account = |count: usize| format!("[{}]", vec![r#"{"type":"account"}"#; count].join(","));
    let deep = format!(r#"[{{"type":"account","x":{}{}}}]"#, "[".repeat(15), "]".repeat(15));
    let fitting = format!(r#"[{{"type":"account","x":{}{}}}]"#, "[".repeat(14), "]".repeat(14));
    check_one(
        &with_details(basic("basic")),
        "authorization_details",
        &[
            (r#"[{"type":"account"}]"#, ""),
            (r#"[{"type":"payment","amount":1},{"type":"account"},{"type":"payment","amount":2}]"#, ""),
            (r#"[{"type":"payment"}]"#, BAD),
            (r#"[{"type":"payment","amount":1},{"type":"payment"}]"#, BAD),
            ("[]", BAD),
            ("{}", BAD),
            (r#"{"type":"account"}"#, BAD),
            ("[1]", BAD),
            ("[null]", BAD),
            ("[[]]", BAD),
            ("[{}]", BAD),
            (r#"[{"type":1}]"#, BAD),
            (r#"[{"type":["account"]}]"#, BAD),
            (r#"[{"type":"Account"}]"#, BAD),
            (r#"[{"type":"other"}]"#, BAD),
            (r#"[{"type":"account","type":"account"}]"#, BAD),
            (r#"[{"type":"account","x":{"y":1,"y":1}}]"#, BAD),
            (r#"[{"type":"account"}"#, BAD),
            (r#"[{"type":"account"}]x"#, BAD),
            (&account(64), ""),
            (&account(65), BAD),
            (&fitting, ""),
            (&deep, BAD),
        ],
    );
    check_one(&Server::new(), "authorization_details", &[(r#"[{"type":"account"}]"#, BAD)]);
    let limited = with_details(with(basic("basic"), json!({ "authorization_details_types": ["account"] })));
    check_one(
        &limited,
        "authorization_details",
        &[(r#"[{"type":"account"}]"#, ""), (r#"[{"type":"payment","amount":1}]"#, BAD)],
    );
}

#[test]
fn authorization_details_keep_their_text_and_their_order() {
    // RAR-006, RAR-009: numbers too, which no parser between client and host may round.
    let text = r#"[ {"type":"payment","amount":0.10000000000000000000001,"big":12345678901234567890123} , {"type":"account"}]"#;
    let request = opened(&with_details(basic("basic")), &[("authorization_details", text)]);
    assert_eq!(request.parameters().get("authorization_details"), Some(text));
    let types: Vec<_> = request.authorization_details().iter().map(|detail| detail["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["payment", "account"]);
}

#[test]
fn what_the_check_of_a_type_says_is_what_the_client_gets() {
    let server = with_details(basic("basic"));
    let refusal = server.try_push(code_request(&[("authorization_details", r#"[{"type":"payment"}]"#)]).as_bytes());
    let refusal = refusal.unwrap_err();
    assert_eq!(refusal.reason(), Reason::Host(NO_AMOUNT));
    assert_eq!(refusal.reason().to_string(), "payment_without_amount");
    assert_eq!(refusal.description(), "the payment has no amount");
}

#[test]
fn host_rules_run_last_and_in_order() {
    const FIRST: Rejection = Rejection::new(ErrorCode::InvalidScope, "first", "no openid");
    const SECOND: Rejection = Rejection::new(ErrorCode::AccessDenied, "second", "not today \"\\\u{e9}");
    let seen = Arc::new(std::sync::Mutex::new(0));
    let calls = seen.clone();
    let par = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .rule(move |request: &AuthorizationRequest| {
            *calls.lock().unwrap() += 1;
            if request.has_scope("openid") { Ok(()) } else { Err(FIRST) }
        })
        .rule(|request: &AuthorizationRequest| if request.state().is_some() { Ok(()) } else { Err(SECOND) })
        .build()
        .unwrap();
    let push = |body: &str| {
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        pollster::block_on(par.push(&FormRequest::new("POST", headers, body)))
    };
    assert_eq!(push(&code_request(&[("scope", "\"")])).unwrap_err().reason(), Reason::MalformedScope);
    assert_eq!(*seen.lock().unwrap(), 0);
    assert_eq!(push(&code_request(&[])).unwrap_err().reason(), Reason::Host(FIRST));
    let refusal = push(&code_request(&[("scope", "openid")])).unwrap_err();
    assert_eq!(refusal.reason(), Reason::Host(SECOND));
    assert_eq!(refusal.description(), "access_denied", "a text that is not allowed on the wire is replaced");
    assert!(push(&code_request(&[("scope", "openid"), ("state", "x")])).is_ok());
}

#[test]
fn extensions_that_nobody_here_knows_are_no_error() {
    // PAR-004, OIDC-009, OIDC-011
    check(
        &Server::new(),
        &[(
            &[
                ("display", "holodeck"),
                ("ui_locales", "tlh de"),
                ("claims_locales", "??"),
                ("acr_values", "gold silver"),
                ("id_token_hint", "x.y.z"),
                ("issuer_state", "x"),
                ("vtr", "[\"P1\"]"),
            ],
            "",
        )],
    );
    let request = opened(&Server::new(), &[("acr_values", "gold  silver"), ("ui_locales", "de en")]);
    assert_eq!(request.acr_values().collect::<Vec<_>>(), ["gold", "silver"]);
    assert_eq!(request.ui_locales().collect::<Vec<_>>(), ["de", "en"]);
}
