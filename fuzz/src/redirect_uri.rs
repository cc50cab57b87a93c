//! Two redirect URIs, one on each line: the registered one and the requested one, held against each other by every rule.

use parjar::{Policy, RedirectUri, RedirectUriError, RedirectUriRule, RegisteredRedirectUri};
use serde_json::json;
use url::{Host, Url};

use super::server::{Server, encode, registration};

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (registered, requested) = text.split_once('\n').unwrap_or((text, ""));
    match RegisteredRedirectUri::parse(registered) {
        Ok(uri) => {
            check_registered(registered, &uri);
            check_pair(&uri, requested);
        }
        Err(fault) => check_fault(fault),
    }
}

fn check_registered(text: &str, registered: &RegisteredRedirectUri) {
    assert_eq!(registered.as_str(), text);
    let url = Url::parse(text).expect("a URI");
    check_harmless(text, &url);
    match url.scheme() {
        "https" => assert!(url.has_host()),
        "http" => assert!(is_loopback(&url), "{text}"),
        scheme => assert!(scheme.contains('.'), "{text}"),
    }
    assert!(registered.matches(RedirectUriRule::Exact, text).is_ok_and(|matched| matched.is_registered()));
}

fn check_pair(registered: &RegisteredRedirectUri, requested: &str) {
    let exact = matched(registered, RedirectUriRule::Exact, requested);
    let loopback = matched(registered, RedirectUriRule::Loopback, requested);
    let localhost = matched(registered, RedirectUriRule::LoopbackOrLocalhost, requested);
    let same_origin = matched(registered, RedirectUriRule::SameOrigin { below_registered_path: false }, requested);
    let below_path = matched(registered, RedirectUriRule::SameOrigin { below_registered_path: true }, requested);
    assert_eq!(exact.is_some(), registered.as_str() == requested);
    if exact.is_some() {
        assert!(loopback == exact && localhost == exact && same_origin == exact && below_path == exact);
    } else {
        if loopback.is_some() {
            assert!(localhost == loopback, "{requested}");
        }
        if localhost.is_some() {
            check_loopback(registered.as_str(), requested, loopback.is_none());
        }
        if same_origin.is_some() {
            check_same_origin(registered.as_str(), requested);
        }
        if below_path.is_some() {
            assert!(same_origin == below_path, "{requested}");
            check_below_path(registered.as_str(), requested);
        }
    }
    // An empty one counts as left out, and is then the one that is registered.
    if !requested.is_empty() {
        check_response(registered.as_str(), requested, localhost.is_some() || same_origin.is_some());
    }
}

fn matched(registered: &RegisteredRedirectUri, rule: RedirectUriRule, requested: &str) -> Option<RedirectUri> {
    let outcome = registered.matches(rule, requested).inspect_err(|fault| check_fault(*fault)).ok()?;
    assert_eq!(outcome.as_str(), requested, "what was requested is what is used");
    Some(outcome)
}

fn check_fault(fault: RedirectUriError) {
    let text = fault.to_string();
    assert!(!text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && byte != b'"'), "{text}");
}

/// What holds for every URI that is ever used.
fn check_harmless(text: &str, url: &Url) {
    assert!((1..=RegisteredRedirectUri::MAX_LENGTH).contains(&text.len()));
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}#"#.contains(&byte)), "{text}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
    for name in ["code", "state", "iss", "error", "response", "id_token", "access_token"] {
        assert!(url.query_pairs().all(|(other, _)| as_php_reads(&other) != name), "{name} in {text}");
    }
}

/// In any letter case, with `_` for what cannot be in the name of a variable.
fn as_php_reads(name: &str) -> String {
    name.to_ascii_lowercase().replace(['.', ' '], "_")
}

fn check_loopback(registered: &str, requested: &str, is_localhost: bool) {
    let (mut known, mut asked) = (parsed(registered), parsed(requested));
    // An authority at the end of both may do without the slash after it.
    let ends_with_slash = asked.as_str() == requested;
    assert!(ends_with_slash || asked.as_str().strip_suffix('/') == Some(requested), "{requested}");
    assert!(ends_with_slash || !registered.ends_with('/'), "{requested}");
    check_harmless(requested, &asked);
    assert_eq!((known.scheme(), asked.scheme()), ("http", "http"));
    assert!(is_loopback(&asked) && (asked.host_str() == Some("localhost")) == is_localhost, "{requested}");
    assert_ne!(asked.port(), Some(0));
    for url in [&mut known, &mut asked] {
        url.set_port(None).expect("a host");
    }
    assert_eq!(known, asked, "more than the port differs");
}

fn check_same_origin(registered: &str, requested: &str) {
    let (known, asked) = (parsed(registered), canonical(requested));
    check_harmless(requested, &asked);
    assert_eq!((known.scheme(), asked.scheme()), ("https", "https"));
    assert_eq!(known.host(), asked.host(), "{requested}");
    assert_eq!(known.port_or_known_default(), asked.port_or_known_default(), "{requested}");
    assert_eq!(known.origin(), asked.origin(), "{requested}");
    let path = asked.path().to_ascii_lowercase();
    for ambiguous in ["//", "%2f", "%5c", "%2e", "%00", "%25", "%0a", "%0d", "/../", "/./"] {
        assert!(!path.contains(ambiguous), "{ambiguous} in {requested}");
    }
}

fn check_below_path(registered: &str, requested: &str) {
    let (known, asked) = (parsed(registered), parsed(requested));
    let rest = asked.path().strip_prefix(known.path()).unwrap_or_else(|| panic!("{requested} is elsewhere"));
    assert!(rest.is_empty() || rest.starts_with('/') || known.path().ends_with('/'), "{requested}");
}

/// Goes the whole way, as a client that may use all rules.
fn check_response(registered: &str, requested: &str, is_good: bool) {
    let mut policy = Policy::oauth();
    policy.allow_per_request_redirect_uris = true;
    let members = json!({
        "redirect_uris": [registered], "application_type": "native",
        "allow_per_request_redirect_uris": true, "require_pushed_authorization_requests": true,
    });
    let server = Server::try_new(policy, [registration("c1", members)]);
    // A registration with `*` may mean a pattern, and does not count.
    if registered.contains('*') {
        assert!(server.is_none(), "{registered}");
        return;
    }
    let server = server.expect("a URI that can be registered");
    let body = format!(
        "response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&\
         redirect_uri={}",
        encode(requested)
    );
    let pushed = server.push("c1", body.as_bytes());
    assert_eq!(pushed.is_ok(), is_good, "{requested}");
    if is_good {
        let pending = server.open("c1").expect("what was accepted can be opened");
        assert_eq!(pending.request().redirect_uri().as_str(), requested);
        server.complete(&pending);
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn parsed(uri: &str) -> Url {
    Url::parse(uri).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

/// A URL that parsing does not change.
fn canonical(uri: &str) -> Url {
    let url = parsed(uri);
    assert_eq!(url.as_str(), uri);
    url
}
