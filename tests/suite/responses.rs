//! What goes back to the client through the browser.

use parjar::{AuthorizationResponse, DenialCode, Granted, Policy, Reply, ResponseType};
use serde_json::json;

use crate::{
    host::{answer, redirected, respond},
    support::{CALLBACK, ISSUER, Server, basic, client, code_request, form, with},
};

const STATE: &str = " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~";

fn grant(server: &Server, body: &str) -> Granted {
    let pending = server.open(&server.pushed(body)).unwrap();
    pollster::block_on(server.par.complete(&pending)).unwrap()
}

fn deny(server: &Server, body: &str, error: DenialCode) -> AuthorizationResponse {
    let pending = server.open(&server.pushed(body)).unwrap();
    pollster::block_on(server.par.deny(&pending, error)).unwrap()
}

fn with_redirect_uri(redirect_uri: &str) -> Server {
    Server::with(Policy::oauth(), [with(basic("basic"), json!({ "redirect_uris": [redirect_uri] }))])
}

/// The pairs of an expected response, `iss` added.
fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().chain(&[("iss", ISSUER)]).map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn a_code_goes_back_in_the_query() {
    // ISS-001, ISS-002, F2-017
    let redirect = respond(&grant(&Server::new(), &code_request(&[("state", "af0")])), [("code", "abc")]);
    let expected = "https://app.example.com/cb?code=abc&state=af0&iss=https%3A%2F%2Fas.example.com";
    assert_eq!(redirect.location(), Some(expected));
    let reply = Reply::from(redirect);
    assert_eq!((reply.status(), reply.body()), (303, ""));
    assert_eq!(reply.header("location"), Some(expected));
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[test]
fn the_location_starts_with_the_redirect_uri_byte_for_byte() {
    let cases = [
        ("https://app.example.com/cb", "?"),
        ("https://app.example.com", "?"),
        ("https://APP.example.com:443/a/../%7Ecb/", "?"),
        ("https://app.example.com/cb?a=%2f&b=c+d", "&"),
        ("https://app.example.com/cb?a", "&"),
        ("https://app.example.com/cb?a=b&", ""),
        ("https://app.example.com/cb?", ""),
        ("https://app.example.com/cb?x=https://a.example/?y=1", "&"),
        ("http://127.0.0.1:49152/cb", "?"),
        ("http://[::1]/cb", "?"),
        ("com.example.app:/cb", "?"),
        ("com.example.app:cb", "?"),
        ("com.example.app://cb/x?y", "&"),
    ];
    for (redirect_uri, separator) in cases {
        let server = with_redirect_uri(redirect_uri);
        let body = form([("response_type", "code"), ("redirect_uri", redirect_uri)]);
        let granted = grant(&server, &body);
        let location = respond(&granted, [("code", "c")]).location().unwrap().to_owned();
        assert_eq!(location, format!("{redirect_uri}{separator}code=c&iss=https%3A%2F%2Fas.example.com"));

        let query = form([("client_id", "basic"), ("redirect_uri", redirect_uri)]);
        let (_, location) = redirected(server.authorize(&query, None));
        assert!(location.starts_with(&format!("{redirect_uri}{separator}error=invalid_request&")), "{location}");

        let fragment = respond(&grant(&server, &format!("{body}&response_mode=fragment")), [("code", "c")]);
        let expected = format!("{redirect_uri}#code=c&iss=https%3A%2F%2Fas.example.com");
        assert_eq!(fragment.location(), Some(expected.as_str()));
    }
}

#[test]
fn state_comes_back_as_it_was_sent() {
    // O2-005, OIDC-015
    let server = Server::new();
    for state in [STATE, "%41", "a+b", " ", "a\u{20}b", "&iss=https://evil.example", "#x", &"s".repeat(8192)] {
        for (mode, separator) in [("query", "?"), ("fragment", "#")] {
            let body = code_request(&[("state", state), ("response_mode", mode)]);
            let redirect = respond(&grant(&server, &body), [("code", "c")]);
            let location = redirect.location().unwrap();
            assert!(location[CALLBACK.len()..].starts_with(separator));
            assert_eq!(answer(location, CALLBACK), pairs(&[("code", "c"), ("state", state)]));
        }
    }
}

#[test]
fn without_state_there_is_none() {
    let server = Server::new();
    for body in [code_request(&[]), code_request(&[("state", "")])] {
        let redirect = respond(&grant(&server, &body), [("code", "c")]);
        assert_eq!(answer(redirect.location().unwrap(), CALLBACK), pairs(&[("code", "c")]));
    }
}

#[test]
fn whatever_a_host_responds_is_encoded() {
    let server = Server::new();
    let code = "a\r\nSet-Cookie: x=y\0é&iss=https://evil.example#\u{1F600}";
    let redirect = respond(&grant(&server, &code_request(&[])), [("code", code), ("näme", "")]);
    let location = redirect.location().unwrap();
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
    assert_eq!(answer(location, CALLBACK), pairs(&[("code", code), ("näme", "")]));
}

#[test]
fn a_denial_carries_the_error_and_nothing_else() {
    // ISS-001, OIDC-012, OIDC-015
    let server = Server::new();
    for error in [
        DenialCode::AccessDenied,
        DenialCode::LoginRequired,
        DenialCode::ConsentRequired,
        DenialCode::InteractionRequired,
        DenialCode::AccountSelectionRequired,
        DenialCode::UnmetAuthenticationRequirements,
        DenialCode::ServerError,
        DenialCode::TemporarilyUnavailable,
    ] {
        let redirect = deny(&server, &code_request(&[("state", STATE)]), error);
        let expected = pairs(&[("error", error.as_str()), ("state", STATE)]);
        assert_eq!(answer(redirect.location().unwrap(), CALLBACK), expected);
    }
}

#[test]
fn tokens_go_back_in_the_fragment() {
    let mut policy = Policy::oauth();
    policy.response_types_supported = vec![ResponseType::ID_TOKEN];
    let implicit = json!({ "grant_types": ["implicit"], "response_types": ["id_token"] });
    let server = Server::with(policy, [with(basic("basic"), implicit)]);
    let body = form([("response_type", "id_token"), ("redirect_uri", CALLBACK), ("nonce", "n"), ("state", "s")]);
    let redirect = respond(&grant(&server, &body), [("id_token", "a.b.c")]);
    let expected = "https://app.example.com/cb#id_token=a.b.c&state=s&iss=https%3A%2F%2Fas.example.com";
    assert_eq!(redirect.location(), Some(expected));
    let denied = deny(&server, &body, DenialCode::AccessDenied);
    assert!(denied.location().unwrap().starts_with("https://app.example.com/cb#error=access_denied&state=s&iss="));
}

#[test]
fn a_form_post_is_a_page_that_posts_itself() {
    // OAuth 2.0 Form Post Response Mode
    let server = Server::new();
    let body = code_request(&[("response_mode", "form_post"), ("state", "s")]);
    let redirect = respond(&grant(&server, &body), [("code", "c")]);
    assert_eq!(redirect.location(), None);
    let reply = Reply::from(redirect);
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("origin"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("location"), None);
    let policy = reply.header("content-security-policy").unwrap();
    for directive in ["default-src 'none'", "script-src 'sha256-", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("form-action"), "the form goes to the client, and may be redirected from there");
    assert_eq!(action(reply.body()), CALLBACK);
    assert_eq!(inputs(reply.body()), pairs(&[("code", "c"), ("state", "s")]));
}

#[test]
fn a_form_post_escapes_what_it_carries() {
    let hostile = "\"><script>alert(1)</script><input value='&amp;";
    let redirect_uri = "https://app.example.com/cb?a='b'&copy=1&amp;=2";
    let server = with_redirect_uri(redirect_uri);
    let body = form([
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("response_mode", "form_post"),
        ("state", hostile),
    ]);
    let reply = Reply::from(respond(&grant(&server, &body), [("code", hostile), (hostile, "é\u{1F600}")]));
    assert_eq!(reply.body().matches("<script").count(), 1);
    assert_eq!(reply.body().matches("<input").count(), 4);
    assert_eq!(action(reply.body()), redirect_uri);
    let expected = pairs(&[("code", hostile), (hostile, "é\u{1F600}"), ("state", hostile)]);
    assert_eq!(inputs(reply.body()), expected);
}

#[test]
fn errors_are_posted_where_a_form_post_was_asked_for() {
    // ISS-001
    let server = Server::new();
    let body = code_request(&[("response_mode", "form_post"), ("state", STATE), ("scope", "email")]);
    let reply = Reply::from(deny(&server, &body, DenialCode::AccessDenied));
    assert_eq!(inputs(reply.body()), pairs(&[("error", "access_denied"), ("state", STATE)]));

    let handle = server.pushed(&body);
    server.registry.replace([client(with(basic("basic"), json!({ "scope": "openid" })))]).unwrap();
    let Err(parjar::AuthorizeRefusal::Redirect(refused)) = server.open(&handle) else { panic!() };
    let reply = Reply::from(refused.response().clone());
    assert_eq!(reply.status(), 200);
    assert_eq!(inputs(reply.body())[0], ("error".into(), "invalid_scope".into()));
}

#[test]
fn every_header_is_printable_ascii() {
    let server = Server::new();
    for mode in ["query", "fragment", "form_post"] {
        let body = code_request(&[("response_mode", mode), ("state", STATE)]);
        let reply = Reply::from(respond(&grant(&server, &body), [("code", "\r\n\u{e9}")]));
        for (name, value) in reply.headers() {
            assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)), "{name}: {value}");
        }
    }
}

#[test]
fn debug_keeps_back_what_it_carries() {
    // O-01, P-01
    let server = Server::new();
    let more = [
        ("state", "canary"),
        ("login_hint", "canary"),
        ("nonce", "canary"),
        ("claims", r#"{"canary":1}"#),
        ("x_canary", "canary"),
        ("scope", "canary"),
    ];
    for mode in ["query", "form_post"] {
        let body = code_request(&[&more[..], &[("response_mode", mode)]].concat());
        let handle = server.pushed(&body);
        let pending = server.authorize(&format!("client_id=basic&request_uri={handle}"), Some("canary")).unwrap();
        let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
        let redirect = respond(&granted, [("code", "canary")]);
        let reply = Reply::from(redirect.clone());
        let texts = [
            format!("{pending:?}"),
            format!("{granted:?}"),
            format!("{redirect:?}"),
            format!("{reply:?}"),
            format!("{:?}", pending.request()),
            format!("{:?}", pending.request().parameters()),
            format!("{:?} {:?}", server.par, server.store),
        ];
        for text in texts {
            assert!(!text.contains("canary") && !text.contains(&handle[40..]), "{text}");
        }
    }
    let refused = server.authorize(&format!("client_id=basic&{}&max_age=x", code_request(&more)), None).unwrap_err();
    let text = format!("{refused:?} {refused} {:?}", refused.refusal());
    assert!(!text.contains("canary"), "{text}");
}

fn action(html: &str) -> String {
    let (_, rest) = html.split_once("action=\"").unwrap();
    unescape(rest.split_once('"').unwrap().0)
}

fn inputs(html: &str) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!("{name}=\"")).unwrap();
        unescape(rest.split_once('"').unwrap().0)
    };
    html.split("<input ").skip(1).map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
}

fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[test]
fn a_refused_login_turns_into_a_reply() {
    let server = Server::new();
    let reply = |query: &str| Reply::from(server.authorize(query, None).unwrap_err());
    let page = reply("client_id=nobody&response_type=code");
    assert_eq!(page.status(), 400);
    assert_eq!(page.header("www-authenticate"), None, "a page must not make a browser ask for a password");
    assert_eq!(page.header("cache-control"), Some("no-cache, no-store"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert!(page.body().contains("<code>invalid_client</code>"));
    assert!(!page.body().contains("nobody"));

    let redirect = reply(&format!("client_id=basic&response_type=foo&redirect_uri={CALLBACK}&state=x"));
    assert_eq!(redirect.status(), 303);
    assert!(
        redirect.header("location").unwrap().starts_with("https://app.example.com/cb?error=unsupported_response_type")
    );
}

#[test]
fn a_host_cannot_add_a_second_state_or_issuer() {
    // RFC 6749 3.1, ISS-001
    let server = Server::new();
    let pending = server.open(&server.pushed(&code_request(&[("state", "x")]))).unwrap();
    let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
    let redirect = respond(&granted, [("iss", "https://evil.example"), ("code", "c"), ("state", "y")]);
    assert_eq!(redirect.location(), Some("https://app.example.com/cb?code=c&state=x&iss=https%3A%2F%2Fas.example.com"));
}
