//! From a `request_uri` to a granted or denied authorization.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parjar::{DenialCode, ErrorCode, FormError, Policy, Reason, Refusal, RequestUri, store::StoreError};

use crate::{
    host::{endpoint, open, page, push},
    store_double::{Call, Disturbance, StoreDouble},
    support::{CALLBACK, CHALLENGE, Server, basic, browser_with, code_request, form, request_uri, with},
};
use serde_json::json;

const PREFIX: &str = RequestUri::PREFIX;

/// Counts how often a store is asked for a request.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Counting {
    fn claims(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Disturbance for Counting {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        if let Call::Claim(_) = call {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// All that the outside sees of a refusal.
fn seen(refusal: &Refusal) -> (ErrorCode, u16, &'static str, Option<u32>) {
    (refusal.code(), refusal.status(), refusal.description(), refusal.retry_after())
}

fn complete(server: &Server, pending: &parjar::Pending) -> Result<parjar::Granted, parjar::AuthorizeRefusal> {
    pollster::block_on(server.par.complete(pending))
}

#[test]
fn what_is_opened_is_what_was_pushed() {
    // PAR-062, JAR-014
    let server = Server::new();
    let claims = r#"{"userinfo":{"name":null},"n":1.0000000000000000000001}"#;
    let pushed = [
        ("response_type", "code"),
        ("x_first", "é \u{1F600} + % & ="),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "a b+c%20&~\"<>"),
        ("nonce", "n-ü"),
        ("resource", "https://b.example"),
        ("resource", "https://a.example"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("claims", claims),
        ("max_age", "0"),
        ("prompt", "login consent"),
        ("login_hint", "x@y"),
        ("acr_values", "high low"),
        ("ui_locales", "de en"),
    ];
    let pending = server.open(&server.pushed(&form(pushed))).unwrap();
    let request = pending.request();
    let opened: Vec<_> = request.parameters().iter().collect();
    let expected: Vec<_> = pushed.into_iter().chain([("client_id", "basic")]).collect();
    assert_eq!(opened, expected);
    assert_eq!(request.client_id(), "basic");
    assert_eq!(request.redirect_uri().as_str(), CALLBACK);
    assert_eq!(request.state(), Some("a b+c%20&~\"<>"));
    assert_eq!(request.nonce(), Some("n-ü"));
    assert_eq!(request.scopes().collect::<Vec<_>>(), ["openid", "email"]);
    assert_eq!(request.resources().collect::<Vec<_>>(), ["https://b.example", "https://a.example"]);
    assert_eq!(request.prompts().collect::<Vec<_>>(), ["login", "consent"]);
    assert_eq!(request.acr_values().collect::<Vec<_>>(), ["high", "low"]);
    assert_eq!(request.ui_locales().collect::<Vec<_>>(), ["de", "en"]);
    assert_eq!((request.max_age(), request.login_hint()), (Some(0), Some("x@y")));
    assert_eq!(request.code_challenge().unwrap().as_str(), CHALLENGE);
    assert!(request.claims().is_some());
}

#[test]
fn credentials_are_not_in_what_is_opened() {
    // P-36
    let server = Server::new();
    let body = form([
        ("client_id", "post"),
        ("client_secret", "s3cret"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", "canary-verifier"),
        ("password", "canary-password"),
    ]);
    let handle = request_uri(&server.push_form(&body));
    let pending = server.authorize(&format!("client_id=post&request_uri={handle}"), None).unwrap();
    let names: Vec<_> = pending.request().parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "response_type", "redirect_uri"]);
}

#[test]
fn opening_can_be_repeated_until_the_end() {
    // PAR-060, PAR-074, P-19
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("state", "s")]));
    let tabs: Vec<_> = (0..5).map(|_| server.open(&handle).unwrap()).collect();
    assert!(tabs.iter().all(|tab| tab.request().state() == Some("s") && tab.request_uri() == Some(&handle)));
    assert!(complete(&server, &tabs[2]).is_ok());
    for tab in &tabs {
        assert_eq!(page(complete(&server, tab)).reason(), Reason::SpentRequestUri);
    }
}

#[test]
fn a_request_is_completed_once() {
    // PAR-026, PAR-071, P-18
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let pending = server.open(&handle).unwrap();
    let granted = complete(&server, &pending.clone()).unwrap();
    assert_eq!(granted.request().client_id(), "basic");
    assert_eq!(page(complete(&server, &pending)).reason(), Reason::SpentRequestUri);
    assert_eq!(page(complete(&server, &pending.clone())).code(), ErrorCode::InvalidRequestUri);
    assert_eq!(page(server.open(&handle)).reason(), Reason::SpentRequestUri);
}

#[test]
fn a_denial_spends_the_request() {
    // PAR-026, design: denial spends the handle as completion does
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let pending = server.open(&handle).unwrap();
    let deny = || pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied));
    assert!(deny().is_ok());
    assert_eq!(page(deny()).reason(), Reason::SpentRequestUri);
    assert_eq!(page(complete(&server, &pending)).reason(), Reason::SpentRequestUri);
    assert_eq!(page(server.open(&handle)).reason(), Reason::SpentRequestUri);
}

#[test]
fn a_completed_request_cannot_be_denied() {
    let server = Server::new();
    let pending = server.open(&server.pushed(&code_request(&[]))).unwrap();
    assert!(complete(&server, &pending).is_ok());
    let denied = pollster::block_on(server.par.deny(&pending, DenialCode::AccessDenied));
    assert_eq!(page(denied).reason(), Reason::SpentRequestUri);
}

#[test]
fn a_wrong_client_neither_spends_nor_reveals_nor_destroys() {
    // PAR-030, P-04, P-05
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("login_hint", "canary")]));
    let foreign = |client_id: &str| {
        let refusal = page(server.authorize(&format!("client_id={client_id}&request_uri={handle}"), Some("x")));
        assert_eq!(refusal.code(), ErrorCode::InvalidRequestUri, "{client_id}");
        assert!(!format!("{refusal:?}{refusal}").contains("canary"));
        refusal.reason()
    };
    let everybody_else = || {
        for client_id in ["other", "post"] {
            assert_eq!(foreign(client_id), Reason::ForeignRequestUri);
        }
        for client_id in ["nobody", "BASIC", "basic%20", "basic%2E", "b%C3%A4sic"] {
            assert_eq!(foreign(client_id), Reason::RequestUriOfUnknownClient);
        }
    };
    everybody_else();
    let pending = server.open(&handle).expect("still there");
    everybody_else();
    assert!(complete(&server, &pending).is_ok());
    everybody_else();
}

#[test]
fn values_beside_a_request_uri_have_no_effect() {
    // JAR-014, JAR-036, P-11, N-26, F2-027
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("state", "pushed"), ("scope", "openid")]));
    let beside = form([
        ("redirect_uri", "https://evil.example/cb"),
        ("state", "evil"),
        ("scope", "admin"),
        ("nonce", "evil"),
        ("response_type", "token"),
        ("response_mode", "bogus"),
        ("prompt", "none login"),
        ("max_age", "-1"),
        ("claims", "{"),
        ("code_challenge", "short"),
        ("login_hint", "evil"),
        ("resource", "evil"),
        ("resource", "evil"),
        ("client_secret", "evil"),
        ("client_assertion", "evil"),
        ("code_verifier", "evil"),
        ("x", "evil"),
    ]);
    let expected = server.open(&handle).unwrap().request().parameters().clone();
    for query in [
        format!("client_id=basic&request_uri={handle}&{beside}"),
        format!("{beside}&request_uri={handle}&client_id=basic"),
        format!("&&client_id=basic&&request_uri={handle}&"),
    ] {
        let pending = server.authorize(&query, None).unwrap();
        assert!(*pending.request().parameters() == expected);
        assert_eq!(pending.request().response_mode().as_str(), "query");
        let granted = pending.request();
        assert_eq!((granted.state(), granted.nonce(), granted.login_hint()), (Some("pushed"), None, None));
    }
}

#[test]
fn an_error_of_a_pushed_request_goes_where_the_push_said() {
    // P-13: the parameters beside the handle are evil, and the scope has been withdrawn
    let server = Server::new();
    let handle = server.pushed(&code_request(&[("scope", "email"), ("state", "pushed")]));
    server.registry.replace([crate::support::client(with(basic("basic"), json!({ "scope": "openid" })))]).unwrap();
    let query = format!(
        "client_id=basic&request_uri={handle}&redirect_uri=https://evil.example&state=evil&response_mode=fragment"
    );
    let (refusal, location) = crate::host::redirected(server.authorize(&query, None));
    assert_eq!(refusal.code(), ErrorCode::InvalidScope);
    assert!(location.starts_with("https://app.example.com/cb?error=invalid_scope"), "{location}");
    assert!(location.contains("state=pushed") && !location.contains("evil"), "{location}");
}

#[test]
fn request_beside_request_uri_is_invalid() {
    // JAR-011
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let refusal = page(server.authorize(&format!("client_id=basic&request_uri={handle}&request=e30.e30."), None));
    assert_eq!(refusal.code(), ErrorCode::InvalidRequest);
    assert!(server.open(&handle).is_ok());
}

#[test]
fn an_empty_parameter_counts_as_omitted() {
    // O2-002
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    assert!(server.authorize(&format!("client_id=basic&request_uri={handle}&request="), None).is_ok());
    let plain = code_request(&[("client_id", "basic")]);
    assert!(server.authorize(&format!("{plain}&request_uri="), None).is_ok_and(|it| it.request_uri().is_none()));
    assert!(server.authorize(&format!("{plain}&request="), None).is_ok());
    let missing = page(server.authorize(&format!("client_id=&request_uri={handle}"), None));
    assert_eq!(missing.reason(), Reason::MissingClientId);
}

#[test]
fn client_id_is_required_beside_a_request_uri() {
    // N-25, JAR-012
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let refusal = page(server.authorize(&format!("request_uri={handle}"), None));
    assert_eq!((refusal.code(), refusal.reason()), (ErrorCode::InvalidRequest, Reason::MissingClientId));
    assert!(server.open(&handle).is_ok());
}

#[test]
fn a_malformed_handle_never_reaches_the_store() {
    // P-03, PAR-079, JAR-015
    let counting = StoreDouble::<Counting>::default();
    let par = endpoint(counting.clone());
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    let reference = handle.strip_prefix(PREFIX).unwrap();
    let mut malformed: Vec<String> = [
        "URN:IETF:params:oauth:request_uri:R",
        "Urn:ietf:params:oauth:request_uri:R",
        "urn:ietf:params:oauth:request_uri:XR",
        "urn:ietf:params:oauth:request_uri:R%23",
        "urn:ietf:params:oauth:request_uri:R%20",
        "urn:ietf:params:oauth:request_uri:R+",
        "%20urn:ietf:params:oauth:request_uri:R",
        "urn:ietf:params:oauth:request_uri:%20R",
        "urn:ietf:params:oauth:request_uri:urn:ietf:params:oauth:request_uri:R",
        "urn:ietf:params:oauth:request_uri:",
        "urn:ietf:params:oauth:request_uri",
        "urn:ietf:params:oauth:request_uri%253AR",
        "urn:ietf:params:oauth:request_uri:R%253D",
        "urn:ietf:params:oauth:request_uri:R%3D",
        "urn:ietf:params:oauth:request_uri:R:1700000000",
        "urn:ietf:params:oauth:request_uri:R/../R",
        "urn:ietf:params:oauth:request-uri:R",
        "urn:example:R",
        "R",
        "ftp://c1.example/R",
        "data:,R",
        "%C3%A9",
        "0",
    ]
    .map(|text| text.replace('R', reference))
    .into();
    malformed.extend([
        format!("{PREFIX}{}", &reference[1..]),
        format!("{PREFIX}{reference}A"),
        format!("{PREFIX}{}%C3%A9", &reference[..41]),
        format!("{PREFIX}{}%2B", &reference[..42]),
        format!("{PREFIX}{}%2F", &reference[..42]),
        format!("{PREFIX}{}.", &reference[..42]),
        format!("{PREFIX}{}%E2%80%8B", &reference[..40]),
        format!("{PREFIX}{}", reference.repeat(20)),
    ]);
    for text in malformed {
        let refusal = page(open(&par, &text, None));
        assert_eq!(refusal.code(), ErrorCode::InvalidRequestUri, "{text}");
        assert_eq!(refusal.reason(), Reason::MalformedRequestUri, "{text}");
    }
    for text in [
        format!("{PREFIX}{}", "A".repeat(10_000)),
        format!("{handle}%00"),
        format!("{handle}%0A"),
        format!("{PREFIX}%FF"),
        format!("{handle}%2"),
    ] {
        assert_eq!(page(open(&par, &text, None)).status(), 400, "{text}");
    }
    assert_eq!(counting.claims(), 0);
    assert!(open(&par, &handle, None).is_ok());
    assert_eq!(counting.claims(), 1);
}

#[test]
fn no_other_handle_opens_a_request() {
    // P-02
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    for index in PREFIX.len()..handle.len() {
        for replacement in ['A', 'B', 'a', '0', '-', '_'] {
            let mut guess: Vec<char> = handle.chars().collect();
            if guess[index] != replacement {
                guess[index] = replacement;
                let guess: String = guess.into_iter().collect();
                assert_eq!(page(server.open(&guess)).reason(), Reason::UnknownRequestUri);
            }
        }
    }
    assert!(server.open(&handle).is_ok());
}

#[test]
fn a_request_waits_to_the_millisecond() {
    // PAR-061, P-22
    let server = Server::new();
    let [early, late] = [0, 1].map(|_| server.pushed(&code_request(&[])));
    server.clock.advance(Duration::from_millis(59_999));
    assert!(server.open(&early).is_ok());
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(page(server.open(&late)).reason(), Reason::UnknownRequestUri);
    assert!(server.open(&early).is_ok());
}

#[test]
fn a_slow_login_outlives_the_handle() {
    // P-21
    let mut policy = Policy::oauth();
    policy.request_uri_lifetime = 5;
    let server = Server::with(policy, [basic("basic")]);
    let handle = server.pushed(&code_request(&[]));
    server.pass(4);
    let pending = server.open(&handle).unwrap();
    server.pass(56);
    assert!(server.open(&handle).is_ok());
    assert!(complete(&server, &pending).is_ok());
}

#[test]
fn a_login_ends_to_the_millisecond_however_often_it_is_reloaded() {
    // PAR-061, P-21, P-22
    let mut policy = Policy::oauth();
    policy.login_lifetime = 100;
    let server = Server::with(policy, [basic("basic")]);
    let [done, late] = [0, 1].map(|_| server.pushed(&code_request(&[])));
    let (done, late_tab) = (server.open(&done).unwrap(), server.open(&late).unwrap());
    for _ in 0..9 {
        server.pass(10);
        assert!(server.open(&late).is_ok());
    }
    server.clock.advance(Duration::from_millis(9_999));
    assert!(complete(&server, &done).is_ok());
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(page(complete(&server, &late_tab)).reason(), Reason::UnknownRequestUri);
    assert_eq!(page(server.open(&late)).reason(), Reason::UnknownRequestUri);
}

#[test]
fn a_spent_request_is_remembered_for_its_time_and_refused_for_ever() {
    // PAR-026, P-18
    let mut policy = Policy::oauth();
    policy.spent_lifetime = 1;
    let server = Server::with(policy, [basic("basic")]);
    let handle = server.pushed(&code_request(&[]));
    let pending = server.open(&handle).unwrap();
    assert!(complete(&server, &pending).is_ok());
    server.clock.advance(Duration::from_millis(999));
    assert_eq!(page(complete(&server, &pending)).reason(), Reason::SpentRequestUri);
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(page(complete(&server, &pending)).reason(), Reason::UnknownRequestUri);
    assert_eq!(page(server.open(&handle)).reason(), Reason::UnknownRequestUri);
}

#[test]
fn the_form_of_a_post_is_read_like_a_query() {
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let body = form([("csrf", "x"), ("request_uri", handle.as_str()), ("client_id", "basic"), ("password", "hunter2")]);
    let pending = server.authorize(&body, Some("cookie")).unwrap();
    assert_eq!(pending.request_uri(), Some(handle.as_str()));
    assert!(complete(&server, &pending).is_ok());
}

#[test]
fn a_repeated_parameter_is_refused_on_a_page() {
    // O2-001, P-10
    let counting = StoreDouble::<Counting>::default();
    let par = endpoint(counting.clone());
    let handle = request_uri(&push(&par, "basic", &code_request(&[])));
    for query in [
        format!("client_id=basic&client_id=basic&request_uri={handle}"),
        format!("client_id=basic&client%5Fid=other&request_uri={handle}"),
        format!("client_id=basic&client_id=&request_uri={handle}"),
        format!("client_id=basic&request_uri={handle}&request_uri={handle}"),
        format!("client_id=basic&request_uri=&request_uri={handle}"),
        format!("client_id=basic&request_uri={handle}&%72equest_uri=https://evil.example"),
        format!("client_id=basic&request_uri={handle}&state=a&state=b"),
    ] {
        let refusal = page(pollster::block_on(par.authorize(&query, browser_with(None))));
        assert_eq!(
            (refusal.code(), refusal.reason()),
            (ErrorCode::InvalidRequest, Reason::Form(FormError::DuplicateParameter)),
            "{query}"
        );
    }
    assert_eq!(counting.claims(), 0);
}

#[test]
fn a_request_object_by_reference_is_not_supported() {
    // OIDC-021
    let server = Server::new();
    for reference in ["https://c1.example/ro.jwt", "HTTPS://c1.example/ro.jwt%23x", "http://127.0.0.1/", "https://"] {
        let query = format!("{}&client_id=basic&request_uri={reference}", code_request(&[]));
        let refusal = page(server.authorize(&query, None));
        assert_eq!(refusal.code(), ErrorCode::RequestUriNotSupported, "{reference}");
    }
}

#[test]
fn all_bad_handles_get_the_same_answer() {
    // PAR-078
    let server = Server::new();
    let pushed = || server.pushed(&code_request(&[]));
    let refused = |handle: &str| page(server.open(handle));

    let expired = pushed();
    server.pass(60);
    let spent = pushed();
    let tab = server.open(&spent).unwrap();
    assert!(complete(&server, &tab).is_ok());
    let bound = pushed();
    assert!(server.authorize(&format!("client_id=basic&request_uri={bound}"), Some("first")).is_ok());
    let foreign = request_uri(&server.push_as("other", &code_request(&[])));
    let refusals = [
        refused("x"),
        refused(&format!("{PREFIX}{}", "A".repeat(43))),
        refused(&expired),
        refused(&spent),
        refused(&bound),
        refused(&foreign),
        page(complete(&server, &tab)),
        page(server.authorize(&format!("client_id=nobody&request_uri={spent}"), None)),
    ];
    let reasons: Vec<_> = refusals.iter().map(|refusal| refusal.reason().label()).collect();
    assert_eq!(
        reasons,
        [
            "malformed_request_uri",
            "unknown_request_uri",
            "unknown_request_uri",
            "spent_request_uri",
            "other_browser",
            "foreign_request_uri",
            "spent_request_uri",
            "request_uri_of_unknown_client",
        ]
    );
    for refusal in &refusals {
        assert_eq!(seen(refusal), seen(&refusals[0]));
    }
}

#[test]
fn equal_pushes_are_separate_requests() {
    // P-42
    let server = Server::new();
    let [one, two] = [0, 1].map(|_| server.pushed(&code_request(&[])));
    assert_ne!(one, two);
    let first = server.open(&one).unwrap();
    assert!(complete(&server, &first).is_ok());
    let second = server.open(&two).unwrap();
    assert!(complete(&server, &second).is_ok());
}

#[test]
fn what_arrives_is_bounded_like_a_push() {
    // P-26: 64 KiB of body, whichever endpoint it comes to
    let server = Server::new();
    let handle = server.pushed(&code_request(&[]));
    let query = |padding: usize| {
        let start = format!("client_id=basic&request_uri={handle}");
        let fill = padding - start.len();
        start + &"&".repeat(fill)
    };
    assert!(server.authorize(&query(64 * 1024), None).is_ok());
    assert_eq!(page(server.authorize(&query(64 * 1024 + 1), None)).reason(), Reason::Form(FormError::TooLarge));
}

#[test]
fn a_pending_of_another_deployment_cannot_be_completed() {
    let (here, there) = (Server::new(), Server::new());
    let pending = there.open(&there.pushed(&code_request(&[]))).unwrap();
    assert_eq!(page(complete(&here, &pending)).reason(), Reason::UnknownRequestUri);
    assert!(complete(&there, &pending).is_ok());
}

#[test]
fn the_futures_can_be_spawned() {
    fn spawnable<T: Send>(_: &T) {}
    let server = Server::new();
    let pending = server.open(&server.pushed(&code_request(&[]))).unwrap();
    let boxed = server.par.clone().boxed();
    spawnable(&server.par.authorize("", browser_with(None)));
    spawnable(&server.par.complete(&pending));
    spawnable(&server.par.deny(&pending, DenialCode::ServerError));
    spawnable(&boxed.authorize("", browser_with(None)));
    spawnable(&boxed.complete(&pending));
}

#[test]
fn a_boxed_endpoint_is_the_same_endpoint() {
    let server = Server::new();
    let boxed = server.par.clone().boxed();
    let handle = server.pushed(&code_request(&[]));
    let pending = open(&boxed, &handle, None).unwrap();
    assert!(complete(&server, &pending).is_ok());
    assert_eq!(page(pollster::block_on(boxed.complete(&pending))).reason(), Reason::SpentRequestUri);
}
