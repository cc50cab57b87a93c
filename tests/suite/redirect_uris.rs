//! Redirect URIs: the three rules against their vectors, who may use the widest one, and that what was accepted is what is
//! emitted.

use parjar::{AuthorizeRefusal, Policy, Profile, Reason, RedirectUriError, RedirectUriRule, RegisteredRedirectUri};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use crate::support::{CALLBACK, CHALLENGE, Server, basic, browser_with, error, form, public, with};

const SAME_ORIGIN: RedirectUriRule = RedirectUriRule::SameOrigin { below_registered_path: false };

fn code(fault: RedirectUriError) -> &'static str {
    match fault {
        RedirectUriError::Empty => "EMPTY",
        RedirectUriError::TooLong => "LEN",
        RedirectUriError::Lexical => "LEX",
        RedirectUriError::Fragment => "FRAG",
        RedirectUriError::Unparsable => "PARSE",
        RedirectUriError::UserInfo => "USERINFO",
        RedirectUriError::Scheme => "SCHEME",
        RedirectUriError::NotCanonical => "NONCANON",
        RedirectUriError::Different => "DIFF",
        RedirectUriError::NotLoopback => "NOTLOOP",
        RedirectUriError::OtherHost => "HOST",
        RedirectUriError::PortZero => "PORT0",
        RedirectUriError::OtherPath => "PATH",
        RedirectUriError::OtherQuery => "QUERY",
        RedirectUriError::OtherOrigin => "ORIGIN",
        RedirectUriError::AmbiguousPath => "PATHENC",
        RedirectUriError::ResponseParameter => "RESPPARAM",
        _ => "?",
    }
}

#[test]
fn every_vector_is_answered_as_it_says() {
    // RU-002, RU-008, RU-010, RU-032 to RU-036
    let vectors = include_str!("../vectors/redirect-uris.jsonl");
    let mut rows = 0;
    for line in vectors.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| row[member].as_str().unwrap();
        for (member, rule) in
            [("exact", RedirectUriRule::Exact), ("loopback", RedirectUriRule::Loopback), ("same_origin", SAME_ORIGIN)]
        {
            let outcome = RegisteredRedirectUri::parse(text("registered"))
                .and_then(|registered| registered.matches(rule, text("requested")));
            let expected = row[member].as_str();
            assert_eq!(outcome.as_ref().err().copied().map(code), expected, "{} {member}", text("id"));
            if let Ok(matched) = outcome {
                assert_eq!(matched.as_str(), text("requested"), "{} {member}", text("id"));
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 110);
}

#[test]
fn what_cannot_be_registered() {
    // RU-011, RU-019, R-04, R-08, R-11, R-14, R-15, R-16
    let long = format!("https://app.example.com/{}", "a".repeat(RegisteredRedirectUri::MAX_LENGTH));
    for (text, fault) in [
        ("", RedirectUriError::Empty),
        (&*long, RedirectUriError::TooLong),
        ("https://app.example.com/cb ", RedirectUriError::Lexical),
        ("https://app.example.com\\cb", RedirectUriError::Lexical),
        ("https://app.example.com/%zz", RedirectUriError::Lexical),
        ("https://app.example.com/%4", RedirectUriError::Lexical),
        ("https://\u{e4}pp.example.com/cb", RedirectUriError::Lexical),
        ("https://app.example.com/{cb}", RedirectUriError::Lexical),
        ("https://app.example.com/cb#", RedirectUriError::Fragment),
        ("https://app.example.com/cb#x", RedirectUriError::Fragment),
        ("/cb", RedirectUriError::Unparsable),
        ("https://", RedirectUriError::Unparsable),
        (&*format!("https://xn--{}/cb", "a".repeat(1900)), RedirectUriError::Unparsable),
        (&*format!("https://{}.example/cb", "a.".repeat(130)), RedirectUriError::Unparsable),
        (&*format!("https:///{}.example/cb", "a.".repeat(130)), RedirectUriError::Unparsable),
        (&*format!("https:{}.example/cb", "a.".repeat(130)), RedirectUriError::Unparsable),
        ("https://user@app.example.com/cb", RedirectUriError::UserInfo),
        ("https://@app.example.com/cb", RedirectUriError::UserInfo),
        ("com.example.app://user@host/cb", RedirectUriError::UserInfo),
        ("http://app.example.com/cb", RedirectUriError::Scheme),
        ("http://127.0.0.2/cb", RedirectUriError::Scheme),
        ("http://localhost.evil.com/cb", RedirectUriError::Scheme),
        ("javascript:alert(1)", RedirectUriError::Scheme),
        ("JAVASCRIPT:alert(1)", RedirectUriError::Scheme),
        ("data:text/html,x", RedirectUriError::Scheme),
        ("vbscript:x", RedirectUriError::Scheme),
        ("file:///etc/passwd", RedirectUriError::Scheme),
        ("blob:https://app.example.com/x", RedirectUriError::Scheme),
        ("about:blank", RedirectUriError::Scheme),
        ("myapp:/cb", RedirectUriError::Scheme),
        ("wss://app.example.com/cb", RedirectUriError::Scheme),
        ("ftp://app.example.com/cb", RedirectUriError::Scheme),
        ("https:/app.example.com/cb", RedirectUriError::NotCanonical),
        ("https:app.example.com/cb", RedirectUriError::NotCanonical),
        ("https://*.example.com/cb", RedirectUriError::UnregistrableHost),
        ("https://app.example.com./cb", RedirectUriError::UnregistrableHost),
        ("https://app.example.com/cb?code=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?c%6Fde=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?a=1&state", RedirectUriError::ResponseParameter),
        // ASP.NET reads names in any letter case, PHP reads dots, spaces and open brackets as underscores.
        ("https://app.example.com/cb?CODE=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?a=1&Error.Description=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?id+token=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?access%20token=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?error%5Buri=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?+code=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?code%00x=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?State%5B%5D=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?iss=x", RedirectUriError::ResponseParameter),
        ("https://app.example.com/cb?error=x", RedirectUriError::ResponseParameter),
    ] {
        let shown: String = text.chars().take(60).collect();
        assert_eq!(RegisteredRedirectUri::parse(text).err(), Some(fault), "{shown}");
    }
    for text in [
        "https://app.example.com",
        "https://app.example.com/cb?a=b&codex=1",
        "http://localhost/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
        "com.example.app:/cb",
        "com.example.app:cb",
        "https://xn--pp-via.example.com/cb",
    ] {
        assert!(RegisteredRedirectUri::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn a_scheme_like_text_in_the_query_is_no_authority() {
    let uri = "com.example.app:/cb?next=https://user@host/";
    assert!(RegisteredRedirectUri::parse(uri).is_ok());
}

#[test]
fn the_path_rule_keeps_to_the_registered_path_and_below_it() {
    // PAR-046, R-22
    let rule = RedirectUriRule::SameOrigin { below_registered_path: true };
    for (registered, requested, fault) in [
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb", None),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb/t/7", None),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb?x=1", None),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb/", None),
        ("https://a.example/~c1/", "https://a.example/~c1/x", None),
        ("https://a.example", "https://a.example/x", None),
        ("https://a.example/~c1/cb", "https://a.example/~c2/cb", Some(RedirectUriError::OtherPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cbx", Some(RedirectUriError::OtherPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/CB/x", Some(RedirectUriError::OtherPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/", Some(RedirectUriError::OtherPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb/..%2f..%2f~c2", Some(RedirectUriError::AmbiguousPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb/..;/x", Some(RedirectUriError::AmbiguousPath)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb/../../~c2", Some(RedirectUriError::NotCanonical)),
        ("https://a.example/~c1/cb", "https://a.example/~c1/cb//x", Some(RedirectUriError::AmbiguousPath)),
    ] {
        let outcome = RegisteredRedirectUri::parse(registered).unwrap().matches(rule, requested);
        assert_eq!(outcome.err(), fault, "{requested}");
    }
}

const ELSEWHERE: &str = "https://app.example.com/tenant/7?x=1";

fn per_request(more: Value) -> Value {
    let members = json!({ "allow_per_request_redirect_uris": true, "require_pushed_authorization_requests": true });
    with(with(basic("basic"), members), more)
}

fn allowing() -> Policy {
    let mut policy = Policy::oauth();
    policy.allow_per_request_redirect_uris = true;
    policy
}

fn request<'a>(redirect_uri: &'a str, more: &[(&'a str, &'a str)]) -> String {
    let base = [("redirect_uri", redirect_uri), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let kind =
        [("response_type", "code")].into_iter().filter(|_| !more.iter().any(|(name, _)| *name == "response_type"));
    form(base.into_iter().chain(kind).chain(more.iter().copied()))
}

#[test]
fn a_per_request_uri_needs_all_switches_and_all_guards() {
    // PAR-024, PAR-045, RU-030, RU-031, RU-037, P-27, P-28
    for bits in 0..64u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        let (in_policy, in_client, policy_requires, client_requires) = (on(0), on(1), on(2), on(3));
        let (confidential, sector) = (on(4), on(5));
        let mut policy = Policy::oauth();
        policy.danger_allow_unauthenticated_clients = true;
        policy.allow_per_request_redirect_uris = in_policy;
        policy.require_pushed_authorization_requests = policy_requires;
        let mut registration = with(
            if confidential { basic("basic") } else { public("basic") },
            json!({
                "allow_per_request_redirect_uris": in_client,
                "require_pushed_authorization_requests": client_requires,
            }),
        );
        if sector {
            registration["sector_identifier_uri"] = json!("https://app.example.com/sector.json");
        }
        let server = Server::with(policy, [registration]);
        let body = request(ELSEWHERE, &[("client_id", "basic")]);
        let reply = if confidential { server.push(&body) } else { server.push_form(&body) };
        let expected = in_policy && in_client && (policy_requires || client_requires) && confidential && !sector;
        assert_eq!(reply.status(), if expected { 201 } else { 400 }, "{bits:06b}");
        if !expected {
            assert_eq!(error(&reply), "invalid_request", "{bits:06b}");
        }
    }
}

#[test]
fn a_per_request_uri_needs_pkce_and_a_code_outside_the_fragment() {
    // R-20, design of per-request URIs
    let mut policy = allowing();
    policy.danger_allow_plain_code_challenge = true;
    policy.response_types_supported = vec![
        parjar::ResponseType::CODE,
        parjar::ResponseType::TOKEN,
        parjar::ResponseType::ID_TOKEN,
        parjar::ResponseType::CODE_ID_TOKEN,
    ];
    let all = json!({
        "response_types": ["code", "token", "id_token", "code id_token"],
        "grant_types": ["authorization_code", "implicit"],
    });
    let server = Server::with(policy, [per_request(all)]);
    let reason = |body: String| server.try_push(body.as_bytes()).map(|_| ()).map_err(|refusal| refusal.reason());
    let plain = "p".repeat(43);
    for (redirect_uri, registered) in [(CALLBACK, true), (ELSEWHERE, false)] {
        let or = |reason: Reason| if registered { Ok(()) } else { Err(reason) };
        let base = [("redirect_uri", redirect_uri), ("response_type", "code")];
        assert_eq!(reason(form(base)), or(Reason::MissingCodeChallenge));
        let with_plain = base.into_iter().chain([("code_challenge", &*plain)]);
        assert_eq!(reason(form(with_plain)), or(Reason::ChallengeMethod));
        for (response_type, mode, safe) in [
            ("code", None, true),
            ("code", Some("query"), true),
            ("code", Some("form_post"), true),
            ("code", Some("fragment"), false),
            ("token", None, false),
            ("id_token", Some("form_post"), false),
            ("code id_token", None, false),
            ("code id_token", Some("form_post"), false),
        ] {
            let more: Vec<_> = [("response_type", response_type), ("nonce", "n")]
                .into_iter()
                .chain(mode.map(|mode| ("response_mode", mode)))
                .collect();
            let expected = match (safe, response_type) {
                (true, _) => Ok(()),
                (false, "code") => or(Reason::PerRequestRedirectUriMode),
                (false, _) => or(Reason::PerRequestRedirectUriFlow),
            };
            assert_eq!(reason(request(redirect_uri, &more)), expected, "{redirect_uri} {response_type} {mode:?}");
        }
    }
}

#[test]
fn a_per_request_uri_is_marked_as_such() {
    // RU-016, RU-038
    let server = Server::with(allowing(), [per_request(json!({}))]);
    for (redirect_uri, registered) in [(CALLBACK, true), (ELSEWHERE, false)] {
        let pending = server.open(&server.pushed(&request(redirect_uri, &[]))).unwrap();
        assert_eq!(pending.request().redirect_uri().as_str(), redirect_uri);
        assert_eq!(pending.request().redirect_uri().is_registered(), registered);
        assert!(!pending.request().redirect_uri().is_loopback());
    }
}

#[test]
fn a_per_request_uri_may_share_the_origin_of_any_registered_one() {
    // RU-032
    let registration =
        per_request(json!({ "redirect_uris": [CALLBACK, "https://b.example:8443/", "com.example.app:/cb"] }));
    let server = Server::with(allowing(), [registration]);
    for (redirect_uri, status) in [
        ("https://b.example:8443/x", 201),
        ("https://app.example.com/x", 201),
        ("https://b.example/x", 400),
        ("https://app.example.com:8443/x", 400),
        ("com.example.app:/other", 400),
        ("http://app.example.com/cb", 400),
        ("https://app.example.com:443/x", 400),
        ("https://APP.example.com/x", 400),
        ("https://app.example.com/x#", 400),
        ("https://app.example.com/x?state=1", 400),
        ("https%3A%2F%2Fapp.example.com%2Fcb", 400),
    ] {
        assert_eq!(server.push(&request(redirect_uri, &[])).status(), status, "{redirect_uri}");
    }
}

#[test]
fn the_path_option_of_the_policy_holds_at_the_push() {
    //
    let mut policy = allowing();
    policy.restrict_per_request_redirect_uris_to_registered_path = true;
    let server = Server::with(policy, [per_request(json!({}))]);
    assert_eq!(server.push(&request("https://app.example.com/cb/7", &[])).status(), 201);
    assert_eq!(server.push(&request("https://app.example.com/other", &[])).status(), 400);
}

#[test]
fn a_per_request_uri_counts_no_more_once_a_switch_is_off() {
    // PAR-072, P-15, RU-031
    for members in [
        json!({ "allow_per_request_redirect_uris": false }),
        json!({ "require_pushed_authorization_requests": false }),
        json!({ "sector_identifier_uri": "https://app.example.com/sector.json" }),
        json!({ "redirect_uris": ["https://elsewhere.example/cb"] }),
    ] {
        let server = Server::with(allowing(), [per_request(json!({}))]);
        let handle = server.pushed(&request(ELSEWHERE, &[]));
        server.registry.replace([crate::support::client(per_request(members))]).unwrap();
        let refused = server.open(&handle).unwrap_err();
        assert!(matches!(refused, AuthorizeRefusal::Page(_)));
        assert_eq!(refused.refusal().reason(), Reason::RedirectUriWithdrawn);
    }
}

#[test]
fn a_per_request_uri_is_for_pushed_requests_only() {
    // PAR-047
    let mut policy = allowing();
    policy.require_pushed_authorization_requests = true;
    let server = Server::with(policy, [per_request(json!({}))]);
    let query = request(ELSEWHERE, &[("client_id", "basic")]);
    assert!(matches!(server.authorize(&query, None).unwrap_err(), AuthorizeRefusal::Page(_)));
}

#[test]
fn only_native_clients_choose_the_port_of_a_loopback_uri() {
    // RU-008, RU-010, R-12, R-27
    for (application_type, port_status) in [("web", 400), ("native", 201)] {
        let registration = with(
            basic("basic"),
            json!({
                "application_type": application_type,
                "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]:1/cb", "http://localhost/cb", CALLBACK],
            }),
        );
        let server = Server::with(Policy::oauth(), [registration]);
        for (redirect_uri, status) in [
            ("http://127.0.0.1/cb", 201),
            ("http://[::1]:1/cb", 201),
            ("http://localhost/cb", 201),
            (CALLBACK, 201),
            ("http://127.0.0.1:51004/cb", port_status),
            ("http://[::1]:51004/cb", port_status),
            ("http://[::1]/cb", port_status),
            ("http://127.0.0.1:0/cb", 400),
            ("http://127.0.0.1:051004/cb", 400),
            ("http://127.0.0.1:80/cb", 400),
            ("http://127.0.0.1:51004/other", 400),
            ("http://127.0.0.1:51004/cb?x=1", 400),
            ("http://localhost:51004/cb", port_status),
            ("http://localhost:51004/other", 400),
            ("http://localhost:0/cb", 400),
            ("http://localhost.:51004/cb", 400),
            ("http://localhost.evil.example:51004/cb", 400),
            ("http://127.1:51004/cb", 400),
            ("https://app.example.com:51004/cb", 400),
        ] {
            let reply = server.push(&request(redirect_uri, &[]));
            assert_eq!(reply.status(), status, "{application_type} {redirect_uri}");
            if status == 201 {
                let pending = server.open(&crate::support::request_uri(&reply)).unwrap();
                let matched = pending.request().redirect_uri();
                assert_eq!(matched.as_str(), redirect_uri);
                assert!(matched.is_registered());
                assert_eq!(matched.is_loopback(), redirect_uri != CALLBACK, "{redirect_uri}");
            }
        }
    }
}

#[test]
fn a_command_line_tool_that_registers_no_application_type_chooses_its_port() {
    // RFC 8252 section 7.3
    let loopback = json!({ "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost:8080/cb"] });
    let tool = with(public("tool"), loopback.clone());
    let (native, web) = (json!({ "application_type": "native" }), json!({ "application_type": "web" }));
    let confidential = with(basic("tool"), loopback);
    for (registration, chooses) in [
        (tool.clone(), true),
        (with(tool.clone(), native.clone()), true),
        (with(tool, web.clone()), false),
        (confidential.clone(), false),
        (with(confidential.clone(), native), true),
        (with(confidential, web), false),
    ] {
        let mut policy = Policy::oauth();
        policy.danger_allow_unauthenticated_clients = true;
        let server = Server::with(policy, [registration.clone()]);
        for redirect_uri in ["http://127.0.0.1:51004/cb", "http://[::1]:51004/cb", "http://localhost:51004/cb"] {
            let body = request(redirect_uri, &[("client_id", "tool")]);
            let reply = match registration.get("client_secret") {
                Some(_) => server.push_as("tool", &body),
                None => server.push_form(&body),
            };
            assert_eq!(reply.status(), if chooses { 201 } else { 400 }, "{registration} {redirect_uri}");
        }
    }
}

#[test]
fn a_tool_that_registers_a_loopback_address_without_a_path_chooses_its_port() {
    // RFC 8252 section 7.3
    let uris = ["http://localhost", "http://127.0.0.1/", "http://[::1]:8080", "https://app.example.com/"];
    let mut policy = allowing();
    policy.danger_allow_unauthenticated_clients = true;
    let tool = json!({ "redirect_uris": uris, "application_type": "native" });
    let server = Server::with(policy, [with(per_request(json!({})), tool)]);
    for (redirect_uri, is_good) in [
        ("http://localhost:51004", true),
        ("http://127.0.0.1:51004/", true),
        ("http://[::1]:51004", true),
        ("http://[::1]", true),
        ("http://localhost:51004/", false),
        ("http://127.0.0.1:51004", false),
        ("http://localhost:51004?x=1", false),
        ("http://localhost:51004/cb", false),
        ("http://localhost:0", false),
        ("http://LOCALHOST:51004", false),
        // Elsewhere the slash counts.
        ("https://app.example.com", false),
    ] {
        let reply = server.push(&request(redirect_uri, &[]));
        assert_eq!(reply.status(), if is_good { 201 } else { 400 }, "{redirect_uri} {}", reply.body());
        if is_good {
            let pending = server.open(&crate::support::request_uri(&reply)).unwrap();
            assert_eq!(pending.request().redirect_uri().as_str(), redirect_uri);
        }
    }
}

#[test]
fn localhost_on_any_port_is_a_setting_that_oauth_and_oidc_have_on() {
    // RFC 9700 section 4.1.3, RFC 8252 section 8.3
    for profile in Profile::ALL {
        let expected = matches!(profile, Profile::Oauth | Profile::Oidc);
        assert_eq!(Policy::from(*profile).allow_localhost_redirect_uris_on_any_port, expected, "{profile}");
    }
    let native = with(
        basic("basic"),
        json!({ "application_type": "native", "redirect_uris": ["http://localhost/cb", "http://127.0.0.1/cb"] }),
    );
    for (setting, status) in [(true, 201), (false, 400)] {
        let mut policy = Policy::oauth();
        policy.allow_localhost_redirect_uris_on_any_port = setting;
        let server = Server::with(policy, [native.clone()]);
        assert_eq!(server.push(&request("http://localhost:51004/cb", &[])).status(), status);
        assert_eq!(server.push(&request("http://localhost/cb", &[])).status(), 201);
        assert_eq!(server.push(&request("http://127.0.0.1:51004/cb", &[])).status(), 201);
    }
}

#[test]
fn a_scheme_without_a_dot_takes_a_switch_and_gets_nothing_but_a_code_with_pkce() {
    // RFC 8252 sections 7.1 and 8.4
    const EDITOR: &str = "vscode://publisher.extension/cb";
    let registration = with(
        basic("basic"),
        json!({
            "redirect_uris": [EDITOR, "haip://cb", "openid4vp:cb"], "response_types": ["code", "code id_token"],
            "grant_types": ["authorization_code", "implicit"],
        }),
    );
    let server = |allowed: bool| {
        let mut policy = Policy::oauth();
        policy.danger_allow_redirect_uri_schemes_without_dot = allowed;
        policy.danger_allow_plain_code_challenge = true;
        policy.response_types_supported.push(parjar::ResponseType::CODE_ID_TOKEN);
        Server::with(policy, [registration.clone()])
    };
    let (open, closed) = (server(true), server(false));
    let reason = |server: &Server, body: &str| server.try_push(body.as_bytes()).map(|_| ()).map_err(|it| it.reason());
    for redirect_uri in [EDITOR, "haip://cb", "openid4vp:cb"] {
        assert_eq!(reason(&open, &request(redirect_uri, &[])), Ok(()), "{redirect_uri}");
        let refused = Err(Reason::RedirectUri(RedirectUriError::Scheme));
        assert_eq!(reason(&closed, &request(redirect_uri, &[])), refused, "{redirect_uri}");
    }
    let pending = open.open(&open.pushed(&request(EDITOR, &[]))).unwrap();
    assert!(pending.request().redirect_uri().is_registered());
    for other in ["vscode://publisher.extension/other", "VSCODE://publisher.extension/cb", "vscode:cb"] {
        assert_eq!(
            reason(&open, &request(other, &[])),
            Err(Reason::RedirectUri(RedirectUriError::Different)),
            "{other}"
        );
    }
    let base = [("redirect_uri", EDITOR), ("response_type", "code")];
    assert_eq!(reason(&open, &form(base)), Err(Reason::MissingCodeChallenge));
    let plain = "p".repeat(43);
    let with_plain = base.into_iter().chain([("code_challenge", &*plain)]);
    assert_eq!(reason(&open, &form(with_plain)), Err(Reason::ChallengeMethod));
    for (more, expected) in [
        (&[("response_mode", "fragment")][..], Reason::PerRequestRedirectUriMode),
        (&[("response_type", "code id_token"), ("nonce", "n")], Reason::PerRequestRedirectUriFlow),
    ] {
        assert_eq!(reason(&open, &request(EDITOR, more)), Err(expected), "{more:?}");
    }
    // Switched off in between.
    let handle = open.pushed(&request(EDITOR, &[]));
    let mut policy = open.par.policy().clone();
    policy.danger_allow_redirect_uri_schemes_without_dot = false;
    let later = parjar::ParEndpoint::builder(crate::support::ISSUER)
        .policy(policy)
        .clients(open.registry.clone())
        .store(open.store.clone())
        .clock(open.clock.clone())
        .build()
        .unwrap();
    let refused =
        pollster::block_on(later.authorize(&format!("client_id=basic&request_uri={handle}"), browser_with(None)))
            .unwrap_err();
    assert_eq!(refused.refusal().reason(), Reason::RedirectUriWithdrawn);
    // The only one, and left out of the request.
    let only = with(basic("basic"), json!({ "redirect_uris": [EDITOR] }));
    let server = Server::with(Policy::oauth(), [only]);
    let refused = Err(Reason::RedirectUri(RedirectUriError::Scheme));
    assert_eq!(reason(&server, &form([("response_type", "code")])), refused);
}

#[test]
fn schemes_that_browsers_answer_themselves_are_no_private_ones() {
    //
    for text in [
        "javascript:alert(1)",
        "JavaScript://x/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example.com/x",
        "filesystem:https://a.example/x",
        "about:blank",
        "view-source:x",
        "ftp://a.example/",
        "ws://127.0.0.1/",
        "wss://a.example/",
        "http://app.example.com/cb",
        "mailto:a@b.example",
        "tel:1",
        "sms:1",
        "intent://x/#Intent;end",
        "chrome://settings/",
        "chrome-extension://x/cb",
        "jar:x",
        "ms-msdt:/x",
        "search-ms:x",
    ] {
        let outcome = RegisteredRedirectUri::parse_with_any_private_scheme(text);
        assert!(matches!(outcome, Err(RedirectUriError::Scheme | RedirectUriError::Fragment)), "{text}: {outcome:?}");
    }
    for text in ["vscode://x/cb", "cursor://x/cb", "openid4vp:cb", "myapp:/cb", "ms-app://s-1-15-2/"] {
        assert_eq!(RegisteredRedirectUri::parse(text), Err(RedirectUriError::Scheme), "{text}");
        assert!(RegisteredRedirectUri::parse_with_any_private_scheme(text).is_ok(), "{text}");
    }
}

#[test]
fn a_redirect_uri_may_be_left_out_by_a_client_with_one_and_only_in_plain_oauth() {
    // RU-003, OIDC-002, R-24
    let two = with(basic("basic"), json!({ "redirect_uris": [CALLBACK, "https://b.example/cb"] }));
    for (policy, registration, scope, status) in [
        (Policy::oauth(), basic("basic"), "profile", 201),
        (Policy::oauth(), basic("basic"), "profile openid", 400),
        (Policy::oauth(), two, "profile", 400),
        (Policy::oidc(), basic("basic"), "profile", 400),
    ] {
        let server = Server::with(policy, [registration]);
        for redirect_uri in [&[][..], &[("redirect_uri", "")]] {
            let body = [("response_type", "code"), ("scope", scope)].into_iter().chain(redirect_uri.iter().copied());
            let reply = server.push(&form(body));
            assert_eq!(reply.status(), status, "{scope}");
            if status == 201 {
                let pending = server.open(&crate::support::request_uri(&reply)).unwrap();
                assert_eq!(pending.request().redirect_uri().as_str(), CALLBACK);
                assert_eq!(pending.request().parameters().get("redirect_uri"), None);
            } else {
                assert_eq!(error(&reply), "invalid_request");
            }
        }
    }
}

#[test]
fn a_wrong_redirect_uri_is_an_invalid_request_that_says_no_more() {
    // PAR-034, RU-001, O-02
    let server = Server::new();
    let long = format!("{CALLBACK}/{}", "a".repeat(RegisteredRedirectUri::MAX_LENGTH));
    let replies: Vec<_> = ["https://evil.example/canary", "https://app.example.com/cb#", "x", "/cb", &*long]
        .into_iter()
        .map(|redirect_uri| server.push(&request(redirect_uri, &[])))
        .collect();
    for reply in &replies {
        assert_eq!((reply.status(), &*error(reply)), (400, "invalid_request"));
        assert!(*reply == replies[0]);
    }
}

/// Texts near a URL: pieces that parsers stumble over, put together at random.
fn url_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "https",
        "http",
        "HTTPS",
        "com.app",
        "javascript",
        "blob:",
        ":",
        "/",
        "//",
        "\\",
        "@",
        "?",
        "#",
        "&",
        "=",
        ";",
        ".",
        "..",
        "%2f",
        "%2e",
        "%5c",
        "%00",
        "%25",
        "%3b",
        "%zz",
        "%",
        "*",
        "[",
        "]",
        "[::1]",
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "app.example.com",
        "APP.example.com",
        "app.example.com.",
        "evil.example",
        ":443",
        ":8443",
        ":0",
        ":",
        "cb",
        "code=x",
        "state",
        "\t",
        "\n",
        " ",
        "\u{e4}",
        "\u{3002}",
        "\u{ad}",
        "~",
        "+",
        ",",
        "'",
        "(",
        "$",
    ]);
    let start = prop::sample::select(vec![
        "",
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/cb?",
        "http://127.0.0.1:",
        "https://",
    ]);
    (start, prop::collection::vec(piece, 0..8)).prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
}

const REGISTERED: [&str; 5] =
    [CALLBACK, "https://app.example.com:8443/a?b=c", "http://127.0.0.1/cb", "http://localhost/cb", "com.app:/cb"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_matches_is_canonical_and_as_close_as_its_rule_says(requested in url_like()) {
        // R-19, RU-032, RU-034
        let _ = RegisteredRedirectUri::parse(&requested);
        for registered in REGISTERED {
            let url = Url::parse(registered).unwrap();
            let registered = RegisteredRedirectUri::parse(registered).unwrap();
            let exact = registered.matches(RedirectUriRule::Exact, &requested);
            prop_assert_eq!(exact.is_ok(), requested == registered.as_str());
            if exact.is_ok() {
                continue;
            }
            let same_origin = registered.matches(SAME_ORIGIN, &requested);
            let below = registered.matches(RedirectUriRule::SameOrigin { below_registered_path: true }, &requested);
            prop_assert!(below.is_err() || same_origin.is_ok());
            if let Ok(matched) = same_origin {
                let parsed = Url::parse(&requested).unwrap();
                prop_assert_eq!(parsed.as_str(), &requested);
                prop_assert_eq!(matched.as_str(), &requested);
                prop_assert_eq!(parsed.scheme(), "https");
                prop_assert_eq!(parsed.origin(), url.origin());
                prop_assert!(requested.bytes().all(|byte| byte.is_ascii_graphic()) && !requested.contains(['#', '\\']));
                let reserved = ["code", "state", "iss", "error"];
                prop_assert!(!parsed.query_pairs().any(|(name, _)| reserved.contains(&&*name)));
            }
            if let Ok(matched) = registered.matches(RedirectUriRule::Loopback, &requested) {
                let mut parsed = Url::parse(&requested).unwrap();
                prop_assert_eq!(matched.as_str(), &requested);
                prop_assert!(matched.is_loopback());
                parsed.set_port(url.port()).unwrap();
                prop_assert_eq!(parsed, url);
            }
        }
    }

    #[test]
    fn arbitrary_text_never_panics(requested in any::<String>()) {
        let _ = RegisteredRedirectUri::parse(&requested);
        let registered = RegisteredRedirectUri::parse(CALLBACK).unwrap();
        for rule in [RedirectUriRule::Exact, RedirectUriRule::Loopback, SAME_ORIGIN] {
            prop_assert!(registered.matches(rule, &requested).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_accepted_is_emitted_byte_for_byte(tail in "[/a-zA-Z0-9._~!$&'()*+,;=:?%-]{0,30}") {
        // RU-001, RU-002
        let server = Server::with(allowing(), [per_request(json!({}))]);
        for redirect_uri in [format!("https://app.example.com/{tail}"), CALLBACK.to_owned()] {
            let reply = server.push(&request(&redirect_uri, &[]));
            if reply.status() != 201 {
                prop_assert_eq!(error(&reply), "invalid_request");
                continue;
            }
            let pending = server.open(&crate::support::request_uri(&reply)).unwrap();
            prop_assert_eq!(pending.request().redirect_uri().as_str(), &redirect_uri);
            let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
            let redirect = crate::host::respond(&granted, [("code", "c")]);
            let location = redirect.location().unwrap();
            let added = location.strip_prefix(&*redirect_uri).unwrap();
            let separator = match redirect_uri.split_once('?') {
                None => "?",
                Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
                Some(_) => "&",
            };
            prop_assert_eq!(added, format!("{separator}code=c&iss=https%3A%2F%2Fas.example.com"));
        }
    }
}
