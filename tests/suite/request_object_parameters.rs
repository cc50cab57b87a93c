//! Parameters in a request object: each of its JSON type, within limits, and none lost on the way to the login.

use parjar::{ErrorCode, FormError, ParameterValue, Pending, Policy, Reason, jose::TokenFault};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, Server, code_request, form},
    tokens::{ES256_KEY, object, object_claims, object_fault, object_header, object_server, opened, signer},
};

/// An object of `basic` with further members that are a text, so that they need not be as serde_json writes them.
fn object_with(members: &str) -> String {
    let claims = object_claims("basic", json!({})).to_string();
    let payload = format!("{},{members}}}", &claims[..claims.len() - 1]);
    ES256_KEY.sign_text(&object_header("ES256").to_string(), &payload, "ES256")
}

/// The type and the value of a parameter.
fn value_of(pending: &Pending, name: &str) -> Option<(bool, String)> {
    pending.request().parameters().iter_values().find(|(found, _)| *found == name).map(|(_, value)| match value {
        ParameterValue::Text(text) => (false, text.to_owned()),
        ParameterValue::Json(json) => (true, json.to_owned()),
    })
}

pub(crate) fn details_server() -> Server {
    Server::built(Policy::oauth(), [signer("basic")], Default::default(), |builder| {
        builder.authorization_details_type("payment", |_: &_, _: &_| Ok(()))
    })
}

#[test]
fn texts_must_be_texts() {
    // JAR-002, A-16, T12
    let server = object_server();
    let texts = [
        "response_type",
        "response_mode",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "login_hint",
        "acr_values",
        "ui_locales",
    ];
    for name in texts {
        for value in [json!(["x"]), json!({ "x": 1 }), json!(true), json!(1), json!(1.5), json!([])] {
            let others = json!({ name: value });
            assert_eq!(object_fault(&server, &object("basic", others.clone())), TokenFault::Parameter, "{others}");
        }
        let mut claims = object_claims("basic", json!({}));
        claims[name] = Value::Null;
        let null = ES256_KEY.sign(&object_header("ES256"), &claims);
        assert_eq!(object_fault(&server, &null), TokenFault::Parameter, "{name}");
        assert_eq!(object_fault(&server, &object("basic", json!({ name: "a\nb" }))), TokenFault::Parameter, "{name}");
    }
    for member in [r#""scope":"\ud800""#, r#""nonce":"\udc00\ud800""#] {
        assert_eq!(object_fault(&server, &object_with(member)), TokenFault::Parameter, "{member}");
    }
}

#[test]
fn structured_parameters_must_have_their_structure() {
    // RES-003, JAR-002, OIDC-016, OIDC-034, A-16
    let server = details_server();
    for (name, values) in [
        ("claims", [json!("{}"), json!([]), json!(1), json!(true), json!("")]),
        ("authorization_details", [json!("[]"), json!({}), json!(1), json!(false), json!("x")]),
        (
            "resource",
            [json!(1), json!({}), json!([1]), json!(["https://a.example", null]), json!([["https://a.example"]])],
        ),
        ("max_age", [json!(-1), json!(1.5), json!([1]), json!({}), json!(true)]),
    ] {
        for value in values {
            let others = json!({ name: value });
            assert_eq!(object_fault(&server, &object("basic", others.clone())), TokenFault::Parameter, "{others}");
        }
        let null = object_with(&format!("\"{name}\":null"));
        assert_eq!(object_fault(&server, &null), TokenFault::Parameter, "{name}");
    }
    for member in [r#""max_age":1e3"#, r#""max_age":-0"#, r#""max_age":0.0"#, r#""max_age":10e-1"#] {
        assert_eq!(object_fault(&server, &object_with(member)), TokenFault::Parameter, "{member}");
    }
    // What is of the right type is then held to the rules for every request, with their codes.
    for (others, code) in [
        (json!({ "max_age": "1e3" }), ErrorCode::InvalidRequest),
        (json!({ "claims": { "userinfo": 1 } }), ErrorCode::InvalidRequest),
        (json!({ "resource": ["relative"] }), ErrorCode::InvalidTarget),
        (json!({ "resource": "https://a.example/#fragment" }), ErrorCode::InvalidTarget),
        (json!({ "authorization_details": [] }), ErrorCode::InvalidAuthorizationDetails),
        (json!({ "authorization_details": [1] }), ErrorCode::InvalidAuthorizationDetails),
        (json!({ "authorization_details": [{ "type": "unknown" }] }), ErrorCode::InvalidAuthorizationDetails),
        (json!({ "registration": {} }), ErrorCode::RegistrationNotSupported),
        (json!({ "registration": "{}" }), ErrorCode::RegistrationNotSupported),
        (json!({ "scope": "a\"b" }), ErrorCode::InvalidScope),
        (json!({ "state": "\u{e9}" }), ErrorCode::InvalidRequest),
    ] {
        let refusal = server.try_push(form([("request", &*object("basic", others.clone()))]).as_bytes()).unwrap_err();
        assert_eq!(refusal.code(), code, "{others}");
    }
    opened(&server, &object_with(r#""max_age":18446744073709551615"#));
    let too_large = object_with(r#""max_age":18446744073709551616"#);
    let refusal = server.try_push(form([("request", &*too_large)]).as_bytes()).unwrap_err();
    assert_eq!(refusal.reason(), Reason::MalformedMaxAge);
}

#[test]
fn a_request_in_an_object_is_validated_like_a_plain_one() {
    // PK-012, JAR-038, P-29, RU-002
    let server = object_server();
    for (others, reason) in [
        (json!({ "response_type": null }), Reason::MissingResponseType),
        (json!({ "response_type": "token" }), Reason::ResponseTypeNotOffered),
        (json!({ "code_challenge_method": "plain" }), Reason::ChallengeMethod),
        (json!({ "code_challenge_method": null }), Reason::ChallengeMethod),
        (json!({ "code_challenge": "short" }), Reason::MalformedCodeChallenge),
        (json!({ "prompt": "none login" }), Reason::PromptNone),
        (json!({ "response_mode": "jwt" }), Reason::ResponseMode),
    ] {
        let refusal = server.try_push(form([("request", &*object("basic", others))]).as_bytes()).unwrap_err();
        assert_eq!(refusal.reason(), reason);
    }
    for uri in ["https://evil.example/cb", "https://app.example.com/cb/", "http://app.example.com/cb"] {
        let refusal =
            server.try_push(form([("request", &*object("basic", json!({ "redirect_uri": uri })))]).as_bytes());
        assert!(matches!(refusal.unwrap_err().reason(), Reason::RedirectUri(_)), "{uri}");
    }
}

#[test]
fn json_survives_storage_token_by_token() {
    // JAR-004, A-50: types, order, spelling of numbers and texts
    let server = details_server();
    let members = [
        ("max_age", "0300", None),
        ("amount", "9007199254740993", Some((true, "9007199254740993"))),
        (
            "precise",
            "0.10000000000000000000000000000000000001",
            Some((true, "0.10000000000000000000000000000000000001")),
        ),
        ("large", "1e400", None),
        ("exponent", "1E+2", Some((true, "1E+2"))),
        ("flag", "true", Some((true, "true"))),
        ("nothing", "null", Some((true, "null"))),
        ("list", r#"[1, "a",{"b" : null}]"#, Some((true, r#"[1,"a",{"b":null}]"#))),
        ("object", r#"{"z":1,"a":[],"é":"\u00e9"}"#, Some((true, r#"{"z":1,"a":[],"é":"\u00e9"}"#))),
        ("text", r#""[1,2]""#, Some((false, "[1,2]"))),
        ("escaped", r#""\u0041\u00e9\ud83d\ude00\/""#, Some((false, "A\u{e9}\u{1F600}/"))),
        ("ünknown", "\"x\"", Some((false, "x"))),
        ("empty", "\"\"", None),
    ];
    for (name, raw, expected) in members {
        let object = object_with(&format!("\"{name}\":{raw}"));
        if matches!(raw, "0300" | "1e400") {
            assert_eq!(object_fault(&server, &object), TokenFault::Malformed, "{raw}");
            continue;
        }
        let pending = opened(&server, &object);
        let expected = expected.map(|(is_json, value): (bool, &str)| (is_json, value.to_owned()));
        assert_eq!(value_of(&pending, name), expected, "{name}");
        // The host sees the same whichever way it reads them.
        assert_eq!(pending.request().parameters().get(name).map(str::to_owned), expected.map(|(_, value)| value));
    }
}

#[test]
fn all_parameters_arrive_in_their_order() {
    // JAR-004, JAR-036
    let server = details_server();
    let details = r#"[{"type":"payment","amount":9007199254740993,"to":{"iban":"x"}}]"#;
    let claims = r#"{"userinfo":{"name":null},"id_token":{"auth_time":{"essential":true}},"x":1.50}"#;
    let members = format!(
        r#""z":1,"max_age":300,"claims":{claims},"a":"b","authorization_details":{details},
        "resource":["https://b.example","https://a.example"],"login_hint":"x@y","acr_values":"b a""#
    );
    let pending = opened(&server, &object_with(&members));
    let request = pending.request();
    let found: Vec<(&str, &str)> = request.parameters().iter().skip(6).collect();
    let expected = [
        ("z", "1"),
        ("max_age", "300"),
        ("claims", claims),
        ("a", "b"),
        ("authorization_details", details),
        ("resource", "https://b.example"),
        ("resource", "https://a.example"),
        ("login_hint", "x@y"),
        ("acr_values", "b a"),
    ];
    assert_eq!(found, expected);
    assert_eq!(request.max_age(), Some(300));
    assert_eq!(request.claims().unwrap()["id_token"]["auth_time"]["essential"], json!(true));
    assert_eq!(request.authorization_details()[0]["amount"], json!(9_007_199_254_740_993u64));
    assert_eq!(request.resources().collect::<Vec<_>>(), ["https://b.example", "https://a.example"]);
    let types: Vec<bool> =
        request.parameters().iter_values().skip(6).map(|(_, value)| matches!(value, ParameterValue::Json(_))).collect();
    assert_eq!(types, [true, true, true, false, true, false, false, false, false]);
    // In a form everything is a text, and means the same.
    let plain =
        server.pushed(&code_request(&[("claims", claims), ("max_age", "300"), ("authorization_details", details)]));
    let plain = server.open(&plain).unwrap();
    assert_eq!(plain.request().claims(), request.claims());
    assert_eq!(plain.request().authorization_details(), request.authorization_details());
    assert!(plain.request().parameters().iter_values().all(|(_, value)| matches!(value, ParameterValue::Text(_))));
}

#[test]
fn max_age_may_be_a_number_or_digits() {
    // JAR-002
    let server = object_server();
    for (value, json) in [(json!(0), true), (json!(86_400), true), (json!("0"), false), (json!("86400"), false)] {
        let pending = opened(&server, &object("basic", json!({ "max_age": value })));
        let expected = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        assert_eq!(pending.request().max_age(), expected);
        assert_eq!(value_of(&pending, "max_age").unwrap().0, json);
    }
}

#[test]
fn a_request_within_the_request_is_refused() {
    // JAR-009, OIDC-027, A-12, P-08, T10
    let server = object_server();
    for value in [json!("x"), json!(""), json!("urn:ietf:params:oauth:request_uri:x"), json!(1), json!([]), json!(true)]
    {
        for name in ["request", "request_uri"] {
            let others = json!({ name: value });
            assert_eq!(object_fault(&server, &object("basic", others.clone())), TokenFault::Nested, "{others}");
        }
    }
    for name in ["request", "request_uri"] {
        assert_eq!(object_fault(&server, &object_with(&format!("\"{name}\":null"))), TokenFault::Nested);
    }
}

#[test]
fn credentials_in_the_request_are_refused() {
    // A-48, P-36
    let server = object_server();
    for name in ["client_secret", "client_assertion", "client_assertion_type"] {
        for value in [json!("canary"), json!(""), json!(1), json!({})] {
            let others = json!({ name: value });
            assert_eq!(object_fault(&server, &object("basic", others.clone())), TokenFault::Credential, "{others}");
        }
    }
    // What means something to the token endpoint only is left out, as in a form.
    let stray = json!({ "grant_type": "x", "code": "canary", "code_verifier": "canary", "password": "canary", "refresh_token": 1 });
    let pending = opened(&server, &object("basic", stray));
    assert_eq!(pending.request().parameters().len(), 6);
}

#[test]
fn nothing_may_stand_beside_a_pushed_object() {
    // PAR-051, A-13, A-43, N-05
    let server = object_server();
    let good = object("basic", json!({}));
    let push =
        |others: &[(&str, &str)]| server.try_push(form([&[("request", &*good)][..], others].concat()).as_bytes());
    for beside in [
        ("scope", "openid admin"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("state", "af0"),
        ("x", "y"),
        ("grant_type", "authorization_code"),
        ("resource", "https://a.example"),
    ] {
        let refusal = push(&[beside]).unwrap_err();
        assert_eq!(
            (refusal.reason(), refusal.code()),
            (Reason::BesideRequest, ErrorCode::InvalidRequest),
            "{beside:?}"
        );
    }
    assert!(push(&[("client_id", "basic")]).is_ok());
    assert!(push(&[("scope", ""), ("x", "")]).is_ok(), "an empty one counts as left out");
    assert_eq!(push(&[("client_id", "other")]).unwrap_err().reason(), Reason::ClientMismatch);
    assert_eq!(push(&[("request", &*good)]).unwrap_err().reason(), Reason::Form(FormError::DuplicateParameter));
    assert_eq!(push(&[("request_uri", "")]).unwrap_err().reason(), Reason::RequestUriPushed);
}

#[test]
fn the_limits_of_a_form_hold_in_an_object() {
    // JAR-088, P-26, A-50, O2-027
    let server = details_server();
    let fault = |members: &str| object_fault(&server, &object_with(members));
    let text = |length: usize| "x".repeat(length);
    let list = |length: usize| format!("[\"{}\"]", text(length - 4));
    opened(&server, &object_with(&format!("\"x\":\"{}\"", text(8192))));
    assert_eq!(fault(&format!("\"x\":\"{}\"", text(8193))), TokenFault::ValueTooLong);
    assert_eq!(fault(&format!("\"nonce\":\"{}\"", text(8193))), TokenFault::ValueTooLong);
    opened(&server, &object_with(&format!("\"{}\":1", text(64))));
    assert_eq!(fault(&format!("\"{}\":1", text(65))), TokenFault::NameTooLong);
    opened(&server, &object_with(&format!("\"x\":{}", list(16_384))));
    assert_eq!(fault(&format!("\"x\":{}", list(16_385))), TokenFault::ValueTooLong);
    assert_eq!(fault(&format!("\"claims\":{{\"x\":{}}}", list(16_384))), TokenFault::ValueTooLong);
    for name in ["", "\\u0000", "a\\nb", "\\ufeffscope", "\\u0085"] {
        assert_eq!(fault(&format!("\"{name}\":1")), TokenFault::Parameter, "{name}");
    }
    let many = |count: usize| (0..count).map(|number| format!("\"x{number}\":1")).collect::<Vec<_>>().join(",");
    // There are six parameters already.
    opened(&server, &object_with(&many(58)));
    assert_eq!(fault(&many(59)), TokenFault::TooManyParameters);
    assert_eq!(fault(&many(250)), TokenFault::Malformed);
    let resources = |count: usize| json!({ "resource": vec!["https://a.example"; count] });
    opened(&server, &object("basic", resources(16)));
    let refusal =
        |others: Value| server.try_push(form([("request", &*object("basic", others))]).as_bytes()).unwrap_err();
    assert_eq!(refusal(resources(17)).reason(), Reason::TooManyResources);
    assert_eq!(object_fault(&server, &object("basic", resources(1000))), TokenFault::TooManyParameters);
    let details = |count: usize| json!({ "authorization_details": vec![json!({ "type": "payment" }); count] });
    opened(&server, &object("basic", details(64)));
    assert_eq!(refusal(details(65)).reason(), Reason::TooManyAuthorizationDetails);
    let scopes = |count: usize| json!({ "scope": vec!["a"; count].join(" ") });
    opened(&server, &object("basic", scopes(64)));
    assert_eq!(refusal(scopes(65)).reason(), Reason::TooManyScopeTokens);
    assert_eq!(refusal(scopes(4000)).reason(), Reason::TooManyScopeTokens);
}

#[test]
fn depth_is_bounded_in_every_value() {
    // A-22
    let server = details_server();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    opened(&server, &object_with(&format!("\"x\":{}", nested(16))));
    opened(&server, &object_with(&format!("\"claims\":{}", objects(16))));
    for depth in [17, 127, 128, 1000, 5000] {
        for member in [
            format!("\"x\":{}", nested(depth)),
            format!("\"claims\":{}", objects(depth.min(1500))),
            format!("\"authorization_details\":{}", nested(depth)),
        ] {
            assert_eq!(object_fault(&server, &object_with(&member)), TokenFault::TooDeep, "{depth}");
        }
    }
}

#[test]
fn what_was_pushed_is_kept_without_the_object_it_came_in() {
    // P-36, JAR-089
    let server = object_server();
    let pending = opened(&server, &object("basic", json!({ "jti": "canary", "x": "y" })));
    let names: Vec<&str> = pending.request().parameters().iter().map(|(name, _)| name).collect();
    assert!(
        ["request", "jti", "iss", "aud", "exp", "nbf", "iat", "sub"].iter().all(|name| !names.contains(name)),
        "{names:?}"
    );
    assert!(!format!("{pending:?}").contains("canary"));
}
