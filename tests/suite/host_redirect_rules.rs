//! A host with redirect rules of its own: from the push to the code, at the second look, and within the checks that hold in any case.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parjar::{
    AuthorizeRefusal, Browser, Client, ClientRegistration, Policy, Profile, Reason, RedirectUriError, RedirectUriMatch,
    RedirectUriPattern, RedirectUriRule, RegisteredRedirectUri, RequestedRedirectUri, ResponseType, Severity,
    store::MemoryLimits,
};
use serde_json::{Value, json};

use crate::{
    support::{CALLBACK, CHALLENGE, Server, basic, client, form, with},
    tokens::LONG_SECRET,
};

const PATTERN: &str = "https://app.example.com/cb/*";

/// The rules of a server that was there before this library, for every client.
fn rules(client: &Client, requested: &RequestedRedirectUri<'_>) -> RedirectUriMatch {
    let localhost = RedirectUriRule::LoopbackOrLocalhost;
    let is_registered = |uri: &RegisteredRedirectUri| {
        requested.is_equivalent_to(uri) || uri.matches(localhost, requested.as_str()).is_ok()
    };
    if client.redirect_uris().iter().any(is_registered) {
        RedirectUriMatch::AsRegistered
    } else if requested.is_loopback() || client.redirect_uri_patterns().iter().any(|it| it.matches(requested)) {
        RedirectUriMatch::CodeWithPkce
    } else {
        RedirectUriMatch::No
    }
}

/// A confidential client of the web, which may use none of the wider rules of this library.
fn registration() -> Value {
    with(
        basic("basic"),
        json!({
            "redirect_uris": [CALLBACK, "https://root.example.com/", "http://localhost:8080/cb"],
            "danger_redirect_uri_patterns": [PATTERN], "application_type": "web",
        }),
    )
}

fn server() -> Server {
    Server::built(Policy::oauth(), [registration()], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(rules)
    })
}

fn request(redirect_uri: &str, more: &[(&str, &str)]) -> String {
    form([("response_type", "code"), ("redirect_uri", redirect_uri)].into_iter().chain(more.iter().copied()))
}

const PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

fn push(server: &Server, redirect_uri: &str, more: &[(&str, &str)]) -> Result<String, Reason> {
    let pushed = server.try_push(request(redirect_uri, more).as_bytes());
    pushed.map(|pushed| pushed.request_uri().to_owned()).map_err(|refusal| refusal.reason())
}

#[test]
fn each_rule_of_the_host_leads_from_the_push_to_the_code() {
    let server = server();
    for (redirect_uri, is_registered) in [
        // As this library has it.
        (CALLBACK, true),
        // The same URL.
        ("https://app.example.com:443/cb", true),
        ("https://root.example.com", true),
        ("https://root.example.com:443", true),
        // Any port on localhost.
        ("http://localhost:51004/cb", true),
        ("http://localhost/cb", true),
        // Loopback URIs that are not registered.
        ("http://127.0.0.1:51004/other", false),
        ("http://[::1]/", false),
        ("http://localhost:80/x", false),
        // A beginning with `*`.
        ("https://app.example.com/cb/1", false),
        ("https://app.example.com/cb/", false),
        ("https://app.example.com:443/cb/1/2?tenant=a", false),
    ] {
        let request_uri =
            push(&server, redirect_uri, &PKCE).unwrap_or_else(|reason| panic!("{redirect_uri}: {reason}"));
        let pending = server.open(&request_uri).unwrap();
        assert_eq!(pending.request().redirect_uri().as_str(), redirect_uri);
        assert_eq!(pending.request().redirect_uri().is_registered(), is_registered, "{redirect_uri}");
        assert_eq!(pending.request().redirect_uri().is_loopback(), redirect_uri.starts_with("http:"), "{redirect_uri}");
        let granted = pollster::block_on(server.par.complete(&pending)).unwrap();
        let response = pollster::block_on(granted.respond([("code", "c")])).unwrap();
        let location = response.location().unwrap();
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        let expected = format!("{redirect_uri}{separator}code=c&iss=https%3A%2F%2Fas.example.com");
        assert_eq!(location, expected);
        // In the query as well, where the client need not push.
        let query = format!("client_id=basic&{}", request(redirect_uri, &PKCE));
        assert_eq!(server.authorize(&query, None).unwrap().request().redirect_uri().as_str(), redirect_uri);
    }
}

#[test]
fn what_is_not_registered_needs_a_code_with_pkce() {
    let mut policy = Policy::oidc();
    policy.response_types_supported = vec![ResponseType::CODE, ResponseType::CODE_ID_TOKEN];
    policy.danger_allow_plain_code_challenge = true;
    let hybrid = json!({ "response_types": ["code", "code id_token"] });
    let server = Server::built(policy, [with(registration(), hybrid)], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(rules)
    });
    let below = "https://app.example.com/cb/1";
    assert_eq!(push(&server, below, &[]), Err(Reason::MissingCodeChallenge));
    assert_eq!(push(&server, below, &[("code_challenge", CHALLENGE)]), Err(Reason::ChallengeMethod));
    let fragment = [PKCE[0], PKCE[1], ("response_mode", "fragment")];
    assert_eq!(push(&server, below, &fragment), Err(Reason::PerRequestRedirectUriMode));
    let id_token =
        form([("response_type", "code id_token"), ("redirect_uri", below), ("nonce", "n"), ("scope", "openid")]);
    let refused = server.try_push(id_token.as_bytes()).unwrap_err();
    assert_eq!(refused.reason(), Reason::PerRequestRedirectUriFlow);
    // What is as good as registered needs no more than what is registered.
    assert!(push(&server, "https://app.example.com:443/cb", &[]).is_ok());
    assert!(push(&server, "http://localhost:51004/cb", &[("response_mode", "fragment")]).is_ok());
}

#[test]
fn a_kept_grant_is_not_answered_in_the_fragment_once_its_uri_is_good_for_a_code_alone() {
    let is_strict = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_strict);
    let changing = move |_: &Client, _: &RequestedRedirectUri<'_>| match seen.load(Ordering::SeqCst) {
        true => RedirectUriMatch::CodeWithPkce,
        false => RedirectUriMatch::AsRegistered,
    };
    let server = Server::built(Policy::oauth(), [registration()], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(changing)
    });
    let kept = |mode| {
        let handle = push(&server, "https://app.example.com/cb/1", &[("response_mode", mode)]).unwrap();
        let pending = server.open(&handle).unwrap();
        pollster::block_on(server.par.complete(&pending)).unwrap().target()
    };
    let [in_query, in_fragment] = ["query", "fragment"].map(kept);
    let respond = |target| pollster::block_on(server.par.respond(target, [("code", "c")]));
    assert!(respond(&in_query).is_ok() && respond(&in_fragment).is_ok());
    is_strict.store(true, Ordering::SeqCst);
    assert!(respond(&in_query).is_ok());
    match respond(&in_fragment) {
        Err(AuthorizeRefusal::Page(refusal)) => assert_eq!(refusal.reason(), Reason::RedirectUriWithdrawn),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_rule_of_the_host_gets_around_the_checks_of_the_text() {
    // RU-*: a host that accepts everything
    let asked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&asked);
    let everything = move |_: &Client, _: &RequestedRedirectUri<'_>| {
        seen.store(true, Ordering::SeqCst);
        RedirectUriMatch::AsRegistered
    };
    let server = Server::built(Policy::oauth(), [basic("basic")], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(everything)
    });
    for redirect_uri in [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.example.com/cb",
        "http://localhost.evil.example/cb",
        "https://app.example.com/cb#",
        "https://app.example.com/cb#x",
        "https://user@app.example.com/cb",
        "https://@app.example.com/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com\\@evil.example/cb",
        "https://app.example.com/cb/../x",
        "https://app.example.com/cb/%2e%2e/x",
        "https://app.example.com/cb/..;/x",
        "https://app.example.com/cb%2F..%2Fx",
        "https://app.example.com/cb//x",
        "https://app.example.com/%c0%af",
        "https://app.example.com/cb?code=x",
        "https://app.example.com/cb?State=x",
        "https://app.example.com./cb",
        "https://*.example.com/cb",
        "https://APP.example.com/cb",
        "HTTPS://app.example.com/cb",
        "https:app.example.com/cb",
        "https:///app.example.com/cb",
        "https://app.example.com:0443/cb",
        "https://app.example.com:0/cb",
        "https://app.example.com:80:443/cb",
        "https://app.example.com?x",
        "https://app.example.com:443?x",
        "http://127.1/cb",
        "http://0x7f.0.0.1/cb",
        "http://127.0.0.1:0/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "https://ex\u{e4}mple.com/cb",
        "https://app.example.com/ cb",
        "https://app.example.com/c\tb",
        "//app.example.com/cb",
        "vscode://app/cb",
    ] {
        let outcome = push(&server, redirect_uri, &PKCE);
        assert!(outcome.is_err(), "{redirect_uri}");
        assert!(!asked.swap(false, Ordering::SeqCst), "{redirect_uri}");
    }
    let long = format!("https://app.example.com/{}", "x".repeat(2048));
    assert!(push(&server, &long, &PKCE).is_err() && !asked.load(Ordering::SeqCst));
    // What is left is up to the host, and what is registered never is.
    assert!(push(&server, CALLBACK, &PKCE).is_ok() && !asked.load(Ordering::SeqCst));
    for redirect_uri in ["https://other.example.com/", "https://other.example.com:8443", "com.example.app:/cb"] {
        assert!(push(&server, redirect_uri, &PKCE).is_ok() && asked.swap(false, Ordering::SeqCst), "{redirect_uri}");
    }
}

#[test]
fn a_uri_that_the_host_no_longer_accepts_is_withdrawn() {
    // RFC 9126 section 7.4
    let open = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&open);
    let rule = move |_: &Client, _: &RequestedRedirectUri<'_>| match state.load(Ordering::SeqCst) {
        true => RedirectUriMatch::CodeWithPkce,
        false => RedirectUriMatch::No,
    };
    let server = Server::built(Policy::oauth(), [basic("basic")], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(rule)
    });
    let request_uri = push(&server, "https://app.example.com/elsewhere", &PKCE).unwrap();
    let registered = push(&server, CALLBACK, &PKCE).unwrap();
    open.store(false, Ordering::SeqCst);
    let query = format!("client_id=basic&request_uri={request_uri}");
    let refused = pollster::block_on(server.par.authorize(&query, Browser::danger_unbound())).unwrap_err();
    assert!(
        matches!(&refused, AuthorizeRefusal::Page(page) if page.reason() == Reason::RedirectUriWithdrawn),
        "{refused}"
    );
    assert!(server.open(&registered).is_ok());
    let different = Err(Reason::RedirectUri(RedirectUriError::Different));
    assert_eq!(push(&server, "https://app.example.com/elsewhere", &PKCE), different);
    open.store(true, Ordering::SeqCst);
    assert!(server.open(&request_uri).is_ok());
}

#[test]
fn a_uri_with_a_star_is_never_registered_in_silence() {
    let read = |members: Value| {
        Client::try_from(serde_json::from_value::<ClientRegistration>(with(basic("c1"), members)).unwrap())
    };
    let star = "https://app.example.com/*";
    let alone = read(json!({ "redirect_uris": [star] })).unwrap_err();
    assert_eq!(alone.member(), "redirect_uris");
    assert!(alone.to_string().contains("danger_redirect_uri_patterns"), "{alone}");
    for star in [star, "https://app.example.com/cb*", "https://app.example.com/cb?a=*", "com.example.app:/*"] {
        let beside = read(json!({ "redirect_uris": [star, CALLBACK] })).unwrap();
        assert_eq!(beside.redirect_uris().len(), 1);
        let ignored: Vec<_> = beside.ignored().iter().map(|it| (it.member(), it.reason().to_owned())).collect();
        assert!(matches!(&ignored[..], [("redirect_uris", reason)] if reason.contains("number 1")), "{ignored:?}");
    }
    // As a pattern it is all that the client needs.
    let pattern = read(json!({ "redirect_uris": [], "danger_redirect_uri_patterns": [star, null] })).unwrap();
    assert_eq!(pattern.redirect_uri_patterns().iter().map(RedirectUriPattern::as_str).collect::<Vec<_>>(), [star]);
    let ignored: Vec<_> = pattern.ignored().iter().map(|it| it.member()).collect();
    assert_eq!(ignored, ["danger_redirect_uri_patterns"]);
    assert!(read(json!({ "danger_redirect_uri_patterns": ["https://*.example.com/"] })).is_err());
}

#[test]
fn a_pattern_never_ends_within_the_authority() {
    for good in ["https://a.example/*", "https://a.example:8443/cb*", "http://localhost:3000/*", "com.example.app:/cb*"]
    {
        assert_eq!(RedirectUriPattern::parse(good).unwrap().as_str(), good);
    }
    for (bad, fault) in [
        ("https://a.example*", RedirectUriError::Wildcard),
        ("https://a.example:84*", RedirectUriError::Wildcard),
        ("https://*", RedirectUriError::Wildcard),
        ("https*", RedirectUriError::Wildcard),
        ("*", RedirectUriError::Empty),
        ("https://a.example/", RedirectUriError::Wildcard),
        ("https://a.example/*/cb", RedirectUriError::Wildcard),
        ("https://a.example/*/*", RedirectUriError::Wildcard),
        ("https://*.a.example/*", RedirectUriError::Wildcard),
        ("com.example.app:*", RedirectUriError::Wildcard),
        ("com.example.app://host*", RedirectUriError::Wildcard),
        ("https://a.example./*", RedirectUriError::UnregistrableHost),
        ("https://A.example/*", RedirectUriError::NotCanonical),
        ("https://a.example:443/*", RedirectUriError::NotCanonical),
        ("https://a.example/a/../*", RedirectUriError::NotCanonical),
        ("https://a.example/%2e*", RedirectUriError::NotCanonical),
        ("https://a.example/%2E%2e/*", RedirectUriError::NotCanonical),
        ("https://a.example/../*", RedirectUriError::NotCanonical),
        ("https://a.example:443*", RedirectUriError::Wildcard),
        ("https://a.example?x=/*", RedirectUriError::Wildcard),
        ("com.example.app:?/*", RedirectUriError::Wildcard),
        ("com.example.app://host?x=/*", RedirectUriError::Wildcard),
        ("https:///a.example/*", RedirectUriError::NotCanonical),
        ("https://a.example/a//*", RedirectUriError::AmbiguousPath),
        ("https://a.example/cb?code=*", RedirectUriError::ResponseParameter),
        ("https://a.example/#*", RedirectUriError::Fragment),
        ("https://u@a.example/*", RedirectUriError::UserInfo),
        ("http://a.example/*", RedirectUriError::Scheme),
        ("vscode://a/*", RedirectUriError::Scheme),
    ] {
        let outcome = RedirectUriPattern::parse(bad);
        let is_refused = outcome.as_ref().is_err_and(|it| *it == fault || *it == RedirectUriError::Unparsable);
        assert!(is_refused, "{bad}: {outcome:?}");
    }
}

#[test]
fn rules_and_patterns_are_found_and_patterns_without_a_rule_too() {
    let client = client(with(registration(), json!({ "client_secret": LONG_SECRET })));
    let found = |server: &Server| {
        let findings = server.par.lint(Profile::Oauth, [&client]);
        findings
            .into_iter()
            .map(|it| (it.label(), it.severity()))
            .filter(|(label, _)| label.contains("_uri_"))
            .collect::<Vec<_>>()
    };
    let with_rule = found(&server());
    assert!(with_rule.contains(&("redirect_uri_matcher", Severity::Dangerous)), "{with_rule:?}");
    assert!(with_rule.contains(&("redirect_uri_patterns", Severity::Dangerous)));
    assert!(!with_rule.contains(&("redirect_uri_patterns_without_effect", Severity::Note)));
    let without = Server::with(Policy::oauth(), [registration()]);
    assert!(found(&without).contains(&("redirect_uri_patterns_without_effect", Severity::Note)));
    // And so it is: nothing matches them.
    let different = Err(Reason::RedirectUri(RedirectUriError::Different));
    assert_eq!(push(&without, "https://app.example.com/cb/1", &PKCE), different);
    assert_eq!(push(&without, PATTERN, &PKCE), different);
}

#[test]
fn a_client_with_patterns_names_its_redirect_uri() {
    // RFC 6749 section 3.1.2.3
    let one = with(basic("basic"), json!({ "danger_redirect_uri_patterns": [PATTERN] }));
    let server = Server::with(Policy::oauth(), [one]);
    assert_eq!(server.try_push(b"response_type=code").unwrap_err().reason(), Reason::MissingRedirectUri);
    assert!(Server::new().try_push(b"response_type=code").is_ok());
}

#[test]
fn null_in_a_list_is_skipped_and_reported() {
    for (member, listed) in [
        ("redirect_uris", json!([null, CALLBACK, "", {}])),
        ("response_types", json!([null, "code", "", []])),
        ("response_modes", json!(["query", null, null, null])),
    ] {
        let read = client(with(basic("c1"), json!({ member: listed })));
        let ignored: Vec<_> = read.ignored().iter().map(|it| it.member()).collect();
        assert_eq!(ignored, [member; 3]);
        assert_eq!(read.redirect_uris().len(), 1);
    }
    let nothing = with(basic("c1"), json!({ "redirect_uris": [null] }));
    let refused = Client::try_from(serde_json::from_value::<ClientRegistration>(nothing).unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "redirect_uris: number 1 is unusable: empty");
}

/// URIs that differ in each part, most of them odd.
fn odd_uris() -> Vec<String> {
    let authorities = [
        "https://a.example",
        "https://a.example:443",
        "https://a.example:80",
        "https://a.example:0443",
        "https://A.example",
        "https://a.example.",
        "https://*.a.example",
        "https://u@a.example",
        "http://127.0.0.1",
        "http://127.0.0.1:80",
        "http://127.0.0.1:443",
        "http://[::1]:80",
        "http://localhost:65535",
        "http://localhost:65536",
        "http://a.example",
        "https:/a.example",
        "https:a.example",
        "com.example.app:",
        "com.example.app://a",
        "com.example.app:443",
    ];
    let paths = [
        "", "/", "//", "/a", "/a/", "/a//b", "/a/./b", "/a/../b", "/%2e%2e", "/a;b", "/a%2fb", "/a%", "/*", "/a@b",
        "/:443",
    ];
    let queries = ["", "?", "?a=b", "?code=c", "?%63ode=c", "?a;state=x", "?a=//b/../c", "#", "#f"];
    let mut all = Vec::new();
    for authority in authorities {
        for path in paths {
            all.extend(queries.iter().map(|query| format!("{authority}{path}{query}")));
        }
    }
    all
}

#[test]
fn what_a_host_is_asked_about_means_the_same_to_every_parser() {
    // RU-*: over all combinations
    let seen: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    let matcher = move |_: &Client, requested: &RequestedRedirectUri<'_>| {
        log.lock().unwrap().push(requested.as_str().to_owned());
        RedirectUriMatch::CodeWithPkce
    };
    let server = Server::built(Policy::oauth(), [basic("basic")], MemoryLimits::default(), |builder| {
        builder.danger_redirect_uri_matcher(matcher)
    });
    for uri in odd_uris() {
        let is_accepted = push(&server, &uri, &PKCE).is_ok();
        let asked = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(is_accepted, asked == [uri.clone()], "{uri}");
        if !is_accepted {
            continue;
        }
        let url = url::Url::parse(&uri).unwrap();
        // Written with and without what goes without saying, and with nothing else.
        let default = if url.scheme() == "https" { ":443" } else { ":80" };
        let shorter = match url.port() {
            None if !url.scheme().contains('.') => {
                uri.replacen(&format!("{}{default}", url.host_str().unwrap()), url.host_str().unwrap(), 1)
            }
            _ => uri.clone(),
        };
        assert!(url.as_str() == shorter || url.as_str() == format!("{shorter}/"), "{uri} is {url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{uri}");
        assert!(
            url.scheme() == "https"
                || url.scheme().contains('.')
                || matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
        );
        assert!(!url.path().contains("//") && !url.path().contains("/.") && !url.path().contains('%'), "{uri}");
        assert!(
            url.query_pairs().all(|(name, _)| name != "code" && name != "state") && !uri.contains("state="),
            "{uri}"
        );
    }
}
