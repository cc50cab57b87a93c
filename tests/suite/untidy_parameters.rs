//! What untidy clients send: JSON with line breaks, claims in sets, long names, and more than a limit allows.

use parjar::{ErrorCode, FormError, FormRequest, Policy, Profile, Reason, Refusal};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    presets,
    request_object_parameters::details_server,
    support::{FORM, Server, authorization, basic, code_request, form, with},
};

/// As an editor writes it, with the line ends of either kind.
fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap().replace("  ", "\t").replacen('\n', "\r\n", 1)
}

#[test]
fn json_with_line_breaks_is_json_in_every_parameter_that_is_json() {
    // RFC 8259 section 2: line feeds, carriage returns and tabs are white space.
    let claims = json!({ "id_token": { "acr": { "essential": true, "values": ["a b"] } } });
    let details = json!([{ "type": "payment", "note": "one two" }]);
    let server = details_server();
    let (pretty_claims, pretty_details) = (pretty(&claims), pretty(&details));
    let request = code_request(&[("claims", &pretty_claims), ("authorization_details", &pretty_details)]);
    let query = format!("client_id=basic&{request}");
    let pushed = server.open(&server.pushed(&request)).unwrap();
    for pending in [pushed, server.authorize(&query, None).unwrap()] {
        let request = pending.request();
        assert_eq!(request.claims(), Some(&claims));
        assert_eq!(Value::from(request.authorization_details()[0].clone()), details[0]);
        for name in ["claims", "authorization_details"] {
            let text = request.parameters().get(name).unwrap();
            assert!(!text.contains(char::is_control), "{name}: {text:?}");
        }
        assert!(request.parameters().get("authorization_details").unwrap().contains("one two"));
    }
}

#[test]
fn control_characters_stay_refused_where_they_are_no_white_space_of_json() {
    for (name, value) in [
        ("claims", "{\"id_token\":{\"a\n\":null}}"),
        ("claims", "{}\0"),
        ("claims", "\r\n"),
        ("claims", "{\u{b}}"),
        ("claims", "{}\u{85}"),
        ("state", "a\nb"),
        ("scope", "a\tb"),
        ("nonce", "a\rb"),
        ("x", "{\n}"),
    ] {
        let reason = Server::new().try_push(code_request(&[(name, value)]).as_bytes()).unwrap_err().reason();
        assert_eq!(reason, Reason::Form(FormError::ControlCharacter), "{name} {value:?}");
    }
    // What white space keeps apart does not become one word.
    let refused = |claims| Server::new().try_push(code_request(&[("claims", claims)]).as_bytes()).unwrap_err();
    assert_eq!(refused("{\"id_token\":{\"a\":nu\nll}}").reason(), Reason::MalformedClaims);
    assert_eq!(refused("{}\n{}").reason(), Reason::MalformedClaims);
}

#[test]
fn verified_claims_may_come_in_several_sets() {
    // OpenID Connect for Identity Assurance 1.0 section 5.6
    let set = |framework: &str| json!({ "verification": { "trust_framework": { "value": framework } }, "claims": { "given_name": null } });
    let push = |requested: Value| {
        let claims = json!({ "userinfo": { "verified_claims": requested }, "id_token": { "acr": null } }).to_string();
        Server::new()
            .try_push(code_request(&[("claims", &claims)]).as_bytes())
            .map(drop)
            .map_err(|refused| refused.reason())
    };
    assert_eq!(push(json!([set("eidas"), set("de_aml")])), Ok(()));
    assert_eq!(push(set("eidas")), Ok(()));
    for wrong in [json!([]), json!([null]), json!(["x"]), json!([[set("eidas")]]), json!(1)] {
        assert_eq!(push(wrong.clone()), Err(Reason::MalformedClaims), "{wrong}");
    }
}

#[test]
fn what_is_beyond_a_limit_is_told_from_what_is_malformed() {
    let server = details_server();
    let refused = |more: &[(&str, &str)]| -> Refusal { server.try_push(code_request(more).as_bytes()).unwrap_err() };
    let scopes = vec!["a"; 65].join(" ");
    let resources = [("resource", "https://a.example"); 17];
    let details = json!(vec![json!({ "type": "payment" }); 65]).to_string();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep_claims = format!(r#"{{"id_token":{{"a":{{"values":{}}}}}}}"#, nested(14));
    let deep_details = format!(r#"[{{"type":"payment","x":{}}}]"#, nested(15));
    for (more, reason, code) in [
        (&[("scope", &*scopes)][..], Reason::TooManyScopeTokens, ErrorCode::InvalidScope),
        (&resources[..], Reason::TooManyResources, ErrorCode::InvalidTarget),
        (
            &[("authorization_details", &*details)][..],
            Reason::TooManyAuthorizationDetails,
            ErrorCode::InvalidAuthorizationDetails,
        ),
        (&[("claims", &*deep_claims)][..], Reason::ClaimsTooDeep, ErrorCode::InvalidRequest),
        (
            &[("authorization_details", &*deep_details)][..],
            Reason::AuthorizationDetailsTooDeep,
            ErrorCode::InvalidAuthorizationDetails,
        ),
    ] {
        let refusal = refused(more);
        assert_eq!((refusal.reason(), refusal.code(), refusal.status()), (reason, code, 400));
        assert!(!refusal.description().contains("malformed"), "{}", refusal.description());
    }
    let mut policy = Policy::oauth();
    policy.limits.json_depth = 17;
    policy.limits.scope_tokens = 65;
    let generous = Server::with(policy, [basic("basic")]);
    generous.pushed(&code_request(&[("scope", &scopes), ("claims", &deep_claims)]));
}

#[test]
fn a_client_id_may_be_a_long_url() {
    // Metadata documents, federation entities, and the loopback clients of the AT Protocol, whose ids carry scopes.
    let push = |length: usize, limit: usize| {
        let client_id = format!("https://app.example/{}", "a".repeat(length - 20));
        let mut policy = Policy::oauth();
        policy.limits.client_id = limit;
        let server = Server::with(policy, [with(basic(&client_id), json!({}))]);
        // RFC 6749 section 2.3.1: encoded as in a form.
        let user: String = form_urlencoded::byte_serialize(client_id.as_bytes()).collect();
        let authorization = authorization(&user, "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        pollster::block_on(server.par.push(&FormRequest::new("POST", headers, code_request(&[]).as_bytes())))
    };
    assert!(push(2048, 2048).is_ok());
    assert!(push(8192, 8192).is_ok());
    let too_long = push(2049, 2048).unwrap_err();
    assert_eq!((too_long.reason(), too_long.code()), (Reason::ClientIdTooLong, ErrorCode::InvalidClient));
}

#[test]
fn fapi_1_wants_a_scope_and_a_nonce_or_a_state_and_pkce_for_what_is_pushed() {
    // FAPI 1.0 Baseline sections 5.2.2.2 and 5.2.2.3, Advanced section 5.2.2 item 18
    for profile in [Profile::Fapi1Advanced, Profile::Brazil, Profile::Cdr] {
        let push = |others: Value| {
            presets::push(profile, others).map(drop).map_err(|refusal| (refusal.reason(), refusal.code()))
        };
        let missing = |reason| Err((reason, ErrorCode::InvalidRequest));
        assert_eq!(push(json!({ "scope": null })), missing(Reason::MissingScope), "{profile}");
        assert_eq!(
            push(json!({ "scope": "openid", "nonce": null, "state": "s" })),
            missing(Reason::MissingNonce),
            "{profile}"
        );
        assert_eq!(
            push(json!({ "scope": "accounts", "nonce": "n", "state": null })),
            missing(Reason::MissingState),
            "{profile}"
        );
        assert_eq!(
            push(json!({ "code_challenge": null, "code_challenge_method": null })),
            missing(Reason::MissingCodeChallenge),
            "{profile}"
        );
        assert_eq!(push(json!({ "scope": "openid", "nonce": "n", "state": null })), Ok(()), "{profile}");
    }
    let server = presets::server(Profile::Fapi1Advanced);
    let claims =
        presets::claims(Profile::Fapi1Advanced, json!({ "code_challenge": null, "code_challenge_method": null }));
    let object = presets::sign(Profile::Fapi1Advanced, &claims);
    let query = form([("client_id", claims["client_id"].as_str().unwrap()), ("request", &object)]);
    assert!(server.authorize(&query, None).is_ok(), "PKCE is for what is pushed");
}
