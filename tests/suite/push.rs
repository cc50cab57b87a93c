//! The push as an HTTP exchange: what is taken, what is answered, and what happens when store or generator fail.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use parjar::{
    ErrorCode, FormRequest, InMemoryRegistry, ParEndpoint, Policy, Profile, RandomSource, Reason, Reply,
    store::{MemoryLimits, MemoryStore, RequestStore, StoreError},
};

use serde_json::{Value, json};

use crate::{
    store_double::{Call, Disturbance, StoreDouble},
    support::{FORM, ISSUER, Server, authorization, basic, body, client, code_request, error, form, with},
};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

fn assert_not_stored(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

/// Sends a good body with a good `Authorization`, and these as method, further headers and query.
fn exchange(server: &Server, method: &str, headers: &[(&str, &[u8])], query: Option<&str>) -> Reply {
    let authorization = authorization("basic", "s3cret");
    let headers = headers.iter().copied().chain([("authorization", authorization.as_bytes())]);
    let body = code_request(&[]);
    let request = FormRequest::new(method, headers, &body).with_query(query);
    Reply::from(pollster::block_on(server.par.push(&request)))
}

#[test]
fn a_push_is_answered_with_201_and_a_handle() {
    // PAR-028, PAR-070, JAR-022, JAR-023, PAR-025, PAR-027, PAR-029, PAR-032
    let reply = Server::new().push(&code_request(&[]));
    assert_eq!(reply.status(), 201);
    assert_not_stored(&reply);
    let body = body(&reply);
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_eq!(body["expires_in"], 60);
    let reference = body["request_uri"].as_str().unwrap().strip_prefix(PREFIX).unwrap();
    assert_eq!(reference.len(), 43);
}

#[test]
fn a_client_may_have_a_shorter_lifetime_of_its_own_within_the_policy() {
    let expires_in = |policy: Policy, lifetime: Value| {
        let registration = with(basic("basic"), json!({ "request_uri_lifetime": lifetime }));
        let server = Server::with(policy, [registration]);
        let handle = server.push(&code_request(&[]));
        let expires_in = body(&handle)["expires_in"].as_u64().unwrap();
        // And it is gone when it says so.
        server.pass(expires_in);
        assert!(server.open(&crate::support::request_uri(&handle)).is_err());
        expires_in
    };
    let mut long = Policy::oauth();
    long.request_uri_lifetime = 300;
    for (lifetime, expected) in
        [(json!(null), 300), (json!(1), 1), (json!(90), 90), (json!(300), 300), (json!(600), 300)]
    {
        assert_eq!(expires_in(long.clone(), lifetime.clone()), expected, "{lifetime}");
    }
    assert_eq!(expires_in(Policy::oauth(), json!(90)), 60);
    // A profile has a least one.
    let mut brazil = Policy::oauth();
    (brazil.profile, brazil.request_uri_lifetime) = (Profile::Brazil, 300);
    assert_eq!(expires_in(brazil, json!(10)), 60);
}

#[test]
fn expires_in_is_the_lifetime_of_the_policy() {
    // JAR-046, PAR-027, PAR-076, P-22
    for lifetime in [1, 90, 600] {
        let mut policy = Policy::oauth();
        policy.request_uri_lifetime = lifetime;
        let server = Server::with(policy, [basic("basic")]);
        let reply = server.push(&code_request(&[]));
        assert_eq!(body(&reply)["expires_in"], lifetime);
        let request_uri = body(&reply)["request_uri"].as_str().unwrap().to_owned();
        server.pass(u64::from(lifetime));
        let refused = server.open(&request_uri).unwrap_err();
        assert_eq!(refused.refusal().reason(), Reason::UnknownRequestUri);
    }
}

#[test]
fn every_push_gets_a_handle_of_its_own() {
    // P-02, P-39, P-42
    let server = Server::new();
    let handles: std::collections::BTreeSet<_> = (0..1000).map(|_| server.pushed(&code_request(&[]))).collect();
    assert_eq!(handles.len(), 1000);
}

#[test]
fn only_post_is_taken() {
    // PAR-031, PAR-043, PAR-040, HTTP-001, P-32
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "POST ", ""] {
        let reply = exchange(&Server::new(), method, &[("content-type", FORM.as_bytes())], None);
        assert_eq!(reply.status(), 405, "{method}");
        assert_eq!(reply.header("allow"), Some("POST"), "{method}");
        assert_eq!(error(&reply), "invalid_request", "{method}");
        assert_not_stored(&reply);
    }
}

#[test]
fn only_a_form_in_utf_8_is_taken() {
    // HTTP-003, PAR-001, N-17, P-32, HTTP-011
    let form = "application/x-www-form-urlencoded";
    let taken = [
        form.to_owned(),
        form.to_uppercase(),
        format!("{form};charset=utf-8"),
        format!("{form}; charset=UTF-8"),
        format!("{form} ; Charset=\"utf-8\""),
        format!("{form}; boundary=x"),
        format!("{form};"),
    ];
    for value in taken {
        let reply = exchange(&Server::new(), "POST", &[("Content-Type", value.as_bytes())], None);
        assert_eq!(reply.status(), 201, "{value}");
    }
    let refused: [&[&[u8]]; 15] = [
        &[],
        &[b""],
        &[b"application/json"],
        &[b"multipart/form-data; boundary=x"],
        &[b"text/plain"],
        &[b"application/x-www-form-urlencodedx"],
        &[b"application/x-www-form-urlencoded, text/plain"],
        &[b"application/x-www-form-urlencoded; charset=utf-7"],
        &[b"application/x-www-form-urlencoded; charset=iso-8859-1"],
        &[b"application/x-www-form-urlencoded; charset=utf-8; charset=utf-16"],
        &[b"application/x-www-form-urlencoded; charset="],
        &[b"application/x-www-form-urlencoded; charset='utf-8'"],
        &[b"\xFFapplication/x-www-form-urlencoded"],
        &[b"application/x-www-form-urlencoded", b"application/x-www-form-urlencoded"],
        &[b"application/x-www-form-urlencoded", b"text/plain"],
    ];
    for values in refused {
        let headers: Vec<_> = values.iter().map(|value| ("content-type", *value)).collect();
        let reply = exchange(&Server::new(), "POST", &headers, None);
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{values:?}");
        assert_not_stored(&reply);
    }
}

#[test]
fn an_encoded_body_is_refused() {
    // P-32
    for (values, status) in [
        (&["identity"][..], 201),
        (&["Identity"], 201),
        (&["gzip"], 400),
        (&["identity, gzip"], 400),
        (&[""], 400),
        (&["identity", "identity"], 400),
    ] {
        let mut headers = vec![("content-type", FORM.as_bytes())];
        headers.extend(values.iter().map(|value| ("Content-Encoding", value.as_bytes())));
        assert_eq!(exchange(&Server::new(), "POST", &headers, None).status(), status, "{values:?}");
    }
}

#[test]
fn a_repeated_authorization_header_is_refused() {
    // C-13, H-03, HTTP-011
    let good = authorization("basic", "s3cret");
    let server = Server::new();
    for second in [&*good, "Bearer x", ""] {
        let headers = [("content-type", FORM), ("authorization", &*good), ("AUTHORIZATION", second)];
        let reply = server.send(&headers, &code_request(&[]));
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{second}");
    }
    assert!(server.store.is_empty());
}

#[test]
fn parameters_in_the_url_are_refused() {
    // CA-022, P-09, HTTP-006, HTTP-007
    for query in ["redirect_uri=https://evil.example", "client_secret=s3cret", "x", "&"] {
        let reply = exchange(&Server::new(), "POST", &[("content-type", FORM.as_bytes())], Some(query));
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{query}");
    }
    for query in [None, Some("")] {
        assert_eq!(exchange(&Server::new(), "POST", &[("content-type", FORM.as_bytes())], query).status(), 201);
    }
}

#[test]
fn a_body_above_the_limit_is_refused_with_413() {
    // PAR-043, HTTP-004, PAR-041, P-26, H-01
    let mut policy = Policy::oauth();
    policy.limits.body = 1000;
    policy.limits.value = 1000;
    let server = Server::with(policy, [basic("basic")]);
    let padded = |length: usize| {
        let body = code_request(&[("x", "")]);
        let missing = length - body.len();
        body + &"x".repeat(missing)
    };
    assert_eq!(server.push(&padded(1000)).status(), 201);
    let reply = server.push(&padded(1001));
    assert_eq!((reply.status(), &*error(&reply)), (413, "invalid_request"));
    assert_not_stored(&reply);

    let server = Server::new();
    assert_eq!(server.push(&format!("{}&{}", code_request(&[]), "&".repeat(70_000))).status(), 413);
}

#[test]
fn a_pushed_request_uri_is_refused() {
    // PAR-020, PAR-021, P-08
    let server = Server::new();
    let earlier = server.pushed(&code_request(&[]));
    for request_uri in ["", "https://x.example/y", &*earlier] {
        let reply = server.push(&code_request(&[("request_uri", request_uri)]));
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{request_uri}");
    }
    assert_eq!(server.store.len(), 1);
}

#[test]
fn request_objects_can_be_switched_off() {
    // PAR-005, OIDC-020
    let mut policy = Policy::oauth();
    policy.request_parameter_supported = false;
    let server = Server::with(policy, [basic("basic")]);
    let reply = server.push("request=eyJhbGciOiJub25lIn0.e30.");
    assert_eq!((reply.status(), &*error(&reply)), (400, "request_not_supported"));
}

#[test]
fn an_empty_request_counts_as_omitted() {
    // O2-002
    assert_eq!(Server::new().push(&code_request(&[("request", "")])).status(), 201);
}

#[test]
fn the_client_is_authenticated_before_its_request_is_looked_at() {
    // PAR-014
    let server = Server::new();
    let bodies = [code_request(&[("request", "x")]), form([("response_type", "nonsense")]), "scope=%22".to_owned()];
    for body in bodies {
        let wrong = authorization("basic", "wrong");
        let reply = server.send(&[("content-type", FORM), ("authorization", &wrong)], &body);
        assert_eq!((reply.status(), &*error(&reply)), (401, "invalid_client"), "{body}");
    }
}

#[test]
fn a_refused_push_stores_nothing() {
    // P-14
    let server = Server::new();
    for body in [
        form([("response_type", "code"), ("redirect_uri", "https://evil.example/cb")]),
        form([("response_type", "foo"), ("redirect_uri", "https://app.example.com/cb")]),
        code_request(&[("code_challenge", "short"), ("code_challenge_method", "S256")]),
    ] {
        assert_eq!(server.push(&body).status(), 400);
    }
    assert!(server.store.is_empty());
}

#[test]
fn an_endpoint_that_is_switched_off_is_not_there() {
    let mut policy = Policy::oauth();
    policy.pushed_authorization_requests = false;
    let reply = Server::with(policy, [basic("basic")]).push(&code_request(&[]));
    assert_eq!((reply.status(), &*error(&reply)), (404, "invalid_request"));
    assert_not_stored(&reply);
}

#[test]
fn a_client_with_too_many_requests_has_to_wait_and_others_have_not() {
    // PAR-043, HTTP-005, PAR-042, P-25
    let mut limits = MemoryLimits::default();
    limits.requests_per_client = 2;
    limits.requests = 3;
    let server = Server::new();
    let par = ParEndpoint::builder(ISSUER)
        .clients(server.registry.clone())
        .store(MemoryStore::new(limits).with_clock(server.clock.clone()))
        .clock(server.clock.clone())
        .build()
        .unwrap();
    let push = |client_id: &str| {
        let authorization = authorization(client_id, "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let body = code_request(&[]);
        Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))))
    };
    for (client_id, status) in [("basic", 201), ("basic", 201), ("basic", 429), ("other", 201), ("other", 503)] {
        let reply = push(client_id);
        assert_eq!(reply.status(), status);
        assert_not_stored(&reply);
        if status != 201 {
            assert_eq!(error(&reply), "temporarily_unavailable");
            assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
        }
    }
    server.pass(60);
    assert_eq!(push("basic").status(), 201);
}

/// Counts inserts, and makes them fail with this.
#[derive(Clone, Default)]
struct Inserts {
    count: Arc<AtomicUsize>,
    failure: Option<StoreError>,
}

impl Disturbance for Inserts {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        if let Call::Insert(_) = call {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
        self.failure.clone().map_or(Ok(()), Err)
    }
}

/// Fills everything with the same byte.
struct Constant;

impl RandomSource for Constant {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), parjar::RandomError> {
        bytes.fill(7);
        Ok(())
    }
}

fn push_into(store: impl RequestStore, random: impl RandomSource) -> Reply {
    let par = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .store(store)
        .random(random)
        .build()
        .unwrap();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let body = code_request(&[]);
    Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))))
}

#[test]
fn no_handle_leaves_when_the_store_fails() {
    // PAR-077, P-41, O2-018
    let failure = StoreError::new(std::io::Error::other("canary: node 7 is down"));
    let store = StoreDouble::new(Inserts { failure: Some(failure), ..Inserts::default() });
    let reply = push_into(store, parjar::SystemRandom);
    assert_eq!((reply.status(), &*error(&reply)), (503, "temporarily_unavailable"));
    assert!(reply.header("retry-after").is_some());
    assert!(!reply.body().contains(PREFIX) && !reply.body().contains("canary"));
}

#[test]
fn a_generator_that_fails_is_an_error_and_no_fallback() {
    // O-07
    struct Empty;
    impl RandomSource for Empty {
        fn fill(&self, _: &mut [u8]) -> Result<(), parjar::RandomError> {
            Err(parjar::RandomError::new("no entropy"))
        }
    }
    let store = MemoryStore::default();
    let reply = push_into(store.clone(), Empty);
    assert_eq!((reply.status(), &*error(&reply)), (500, "server_error"));
    assert!(store.is_empty());
}

#[test]
fn a_taken_handle_is_drawn_again_three_times_at_most_and_never_overwritten() {
    // P-40
    let store = StoreDouble::<Inserts>::default();
    assert_eq!(push_into(store.clone(), Constant).status(), 201);
    assert_eq!(store.count.swap(0, Ordering::SeqCst), 1);
    let reply = push_into(store.clone(), Constant);
    assert_eq!((reply.status(), &*error(&reply)), (500, "server_error"));
    assert_eq!(store.count.load(Ordering::SeqCst), 3);
    assert_not_stored(&reply);
    assert_eq!(store.memory.len(), 1);
}

#[test]
fn the_codes_of_host_rules_come_with_their_statuses() {
    // Section M, O2-018
    const CASES: [(ErrorCode, u16); 5] = [
        (ErrorCode::InvalidRequest, 400),
        (ErrorCode::AccessDenied, 400),
        (ErrorCode::InvalidTarget, 400),
        (ErrorCode::ServerError, 500),
        (ErrorCode::TemporarilyUnavailable, 503),
    ];
    for (code, status) in CASES {
        let rejection = parjar::Rejection::new(code, "host_rule", "the host said no");
        let par = ParEndpoint::builder(ISSUER)
            .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
            .rule(move |_: &parjar::AuthorizationRequest| Err(rejection))
            .build()
            .unwrap();
        let authorization = authorization("basic", "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let body = code_request(&[]);
        let reply = Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))));
        assert_eq!((reply.status(), &*error(&reply)), (status, code.as_str()));
    }
}

#[cfg(feature = "http")]
#[test]
fn requests_and_replies_of_the_http_crate_are_taken_whole() {
    let server = Server::new();
    let build = |uri: &str, second: Option<&str>| {
        let mut request = http::Request::post(uri)
            .header("content-type", FORM)
            .header("authorization", authorization("basic", "s3cret"));
        if let Some(second) = second {
            request = request.header("authorization", second);
        }
        request.body(code_request(&[])).unwrap()
    };
    let push = |request: &http::Request<String>| {
        let outcome = pollster::block_on(server.par.push(&FormRequest::from(request)));
        http::Response::<String>::from(Reply::from(outcome))
    };
    let response = push(&build("/par", None));
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["cache-control"], "no-cache, no-store");
    assert_eq!(push(&build("/par?scope=x", None)).status(), 400);
    assert_eq!(push(&build("/par", Some("Bearer x"))).status(), 400);
}
