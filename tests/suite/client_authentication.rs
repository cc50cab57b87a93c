//! Client authentication, at the PAR endpoint and at the token endpoint.

use std::{
    error::Error as _,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parjar::{
    AuthenticationMethod, Client, ClientRegistration, ClientRegistry, FormRequest, InMemoryRegistry, ManualClock,
    ParEndpoint, Policy, Reason, Refusal, RegistryError, Reply, SecretVerifier, VerifierError,
};
use serde_json::{Value, json};

use crate::{
    host::pause,
    support::{
        CALLBACK, FORM, ISSUER, Server, authorization, basic, body, browser_with, client, code_request, error, form,
        post, public, with,
    },
    tokens::{LONG_SECRET, asserter, assertion, with_assertion},
};

/// The one answer to every failure of authentication.
fn assert_failed(reply: &Reply) {
    assert_eq!(reply.status(), 401);
    assert!(reply.header("www-authenticate").unwrap().starts_with("Basic realm="));
    assert_eq!(body(reply), json!({ "error": "invalid_client", "error_description": "client authentication failed" }));
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-store"));
}

fn send(server: &Server, authorization: &str, body: &str) -> Reply {
    server.send(&[("content-type", FORM), ("authorization", authorization)], body)
}

/// The header for user and password that are form-encoded first, as RFC 6749 section 2.3.1 has it.
fn encoded(user: &str, password: &str) -> String {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    authorization(&encode(user), &encode(password))
}

#[test]
fn basic_credentials_are_form_decoded_and_split_at_the_first_colon() {
    // CA-021, CA-020, C-19
    let cases = [
        ("my::id", "s", authorization("my%3A%3Aid", "s")),
        ("my::id", "s", authorization("my%3a%3aid", "s")),
        ("c1", "a:b+c d", authorization("c1", "a:b%2Bc+d")),
        ("c1", "a:b+c d", authorization("c1", "a%3Ab%2Bc%20d")),
        ("c1", "::", authorization("c1", "::")),
        ("c 1", "%zz", authorization("c+1", "%25zz")),
        ("https://c.example/?a=b&c", "~!@#$%^&*()_+|", encoded("https://c.example/?a=b&c", "~!@#$%^&*()_+|")),
        ("c1", "=&=", authorization("c1", "=&=")),
    ];
    for (client_id, secret, header) in cases {
        let registration = with(basic(client_id), json!({ "client_secret": secret }));
        let server = Server::with(Policy::oauth(), [registration]);
        assert_eq!(send(&server, &header, &code_request(&[])).status(), 201, "{client_id} {secret}");
    }
}

#[test]
fn a_secret_sent_raw_is_decoded_and_nothing_else_is_tried() {
    // N-15, C-19
    for (secret, raw) in [("a+b", "a+b"), ("a%41", "a%41"), ("a%zz", "a%zz")] {
        let server = Server::with(Policy::oauth(), [with(basic("c1"), json!({ "client_secret": secret }))]);
        assert_failed(&send(&server, &authorization("c1", raw), &code_request(&[])));
    }
}

#[test]
fn a_secret_sent_raw_is_accepted_where_a_switch_is_on() {
    // RFC 6749 section 2.3.1, as many clients get it wrong
    const SWITCH: &str = "accept_unencoded_basic_secrets";
    for secret in ["a+b", "a%41", "a%zz", "100%", "%", "a+%+b", "a:b+c", " + "] {
        let registration = with(basic("c1"), json!({ "client_secret": secret }));
        let mut policy = Policy::oauth();
        policy.accept_unencoded_basic_secrets = true;
        let off = Server::with(Policy::oauth(), [registration.clone()]);
        let on_in_policy = Server::with(policy, [registration.clone()]);
        let on_in_client = Server::with(Policy::oauth(), [with(registration, json!({ SWITCH: true })), basic("other")]);
        assert_failed(&send(&off, &authorization("c1", secret), &code_request(&[])));
        for server in [&on_in_policy, &on_in_client] {
            assert_eq!(send(server, &authorization("c1", secret), &code_request(&[])).status(), 201, "{secret}");
            assert_eq!(send(server, &encoded("c1", secret), &code_request(&[])).status(), 201, "{secret}");
            for wrong in [format!("{secret}x"), secret.replace('+', " "), secret.replace("%41", "A"), String::new()] {
                if wrong != secret {
                    assert_failed(&send(server, &authorization("c1", &wrong), &code_request(&[])));
                }
            }
            assert_failed(&send(server, &authorization("nobody", secret), &code_request(&[])));
        }
        // What is in the form is encoded by whoever writes forms.
        let by_post = form([("client_id", "c1"), ("client_secret", secret)]);
        assert_failed(&on_in_policy.push_form(&by_post));
        // The switch of one client is not that of another.
        assert_failed(&send(&on_in_client, &authorization("other", "s3cret%"), &code_request(&[])));
    }
    // What neither reading could be.
    let mut policy = Policy::oauth();
    policy.accept_unencoded_basic_secrets = true;
    let server = Server::with(policy, [basic("basic")]);
    for raw in [&b"basic:%\n"[..], b"basic:%\xFF", b"basic:", b"%:s3cret"] {
        let header = format!("Basic {}", STANDARD.encode(raw));
        assert_failed(&send(&server, &header, &code_request(&[])));
    }
}

#[test]
fn malformed_authorization_headers_are_refused() {
    // C-19, C-20, CA-025
    let good = STANDARD.encode("basic:s3cret");
    let raw = |halves: &[u8]| format!("Basic {}", STANDARD.encode(halves));
    let cases = [
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        format!("Basic\t{good}"),
        format!("Basic  {good}"),
        format!("Basic {good} "),
        format!(" Basic {good}"),
        format!("Basic{good}"),
        format!("Basic {good}, Basic {good}"),
        format!("Basic {good},"),
        format!("Basic \"{good}\""),
        format!("Basic credentials={good}"),
        format!("Bearer {good}"),
        format!("Digest {good}"),
        format!("Basic {good}="),
        format!("Basic {}\n{}", &good[..8], &good[8..]),
        raw(b"basic"),
        raw(b":s3cret"),
        raw(b"basic:s3cret\0"),
        raw(b"basic\0:s3cret"),
        raw(b"basic:\xFF"),
        raw(b"basic:%FF"),
        raw(b"basic:%"),
        raw(b"basic:%0a"),
        raw(b"\xEF\xBB\xBFbasic:s3cret"),
        raw("b\u{e4}sic:s3cret".as_bytes()),
        raw(&[b"basic:".as_slice(), &[b'x'; 513]].concat()),
        raw(&[&[b'x'; 257], b":s3cret".as_slice()].concat()),
        raw(&[b"basic:".as_slice(), &[b'x'; 1_000_000]].concat()),
        format!("Basic {}", "A".repeat(4096)),
    ];
    for header in cases {
        let shown: String = header.chars().take(60).collect();
        let reply = send(&Server::new(), &header, &code_request(&[]));
        assert_eq!(reply.status(), 401, "{shown}");
        assert_failed(&reply);
    }
    for scheme in ["basic", "BASIC", "bAsIc"] {
        assert_eq!(send(&Server::new(), &format!("{scheme} {good}"), &code_request(&[])).status(), 201);
    }
}

#[test]
fn base64_is_read_in_its_one_canonical_form() {
    // C-19. In the last text there are bits after the last byte, and they are not zero.
    let server = Server::with(Policy::oauth(), [basic("c12")]);
    for (credentials, status) in
        [("YzEyOnMzY3JldA==", 201), ("YzEyOnMzY3JldA", 401), ("YzEyOnMzY3JldA=", 401), ("YzEyOnMzY3JldB==", 401)]
    {
        assert_eq!(
            send(&server, &format!("Basic {credentials}"), &code_request(&[])).status(),
            status,
            "{credentials}"
        );
    }
}

#[test]
fn base64_is_read_in_the_standard_alphabet_only() {
    // C-19
    let secret = "~~~???";
    let header = authorization("c1", secret);
    assert!(header.contains('/') || header.contains('+'), "{header}");
    let server = Server::with(Policy::oauth(), [with(basic("c1"), json!({ "client_secret": secret }))]);
    assert_eq!(send(&server, &header, &code_request(&[])).status(), 201);
    let url_safe = header.replace('+', "-").replace('/', "_");
    assert_failed(&send(&server, &url_safe, &code_request(&[])));
}

#[test]
fn every_failure_gets_the_same_answer() {
    // HTTP-002, CA-010, C-18, C-37, O2-015
    let mut policy = Policy::oauth();
    policy.token_endpoint_auth_methods_supported = vec![AuthenticationMethod::ClientSecretBasic];
    let expired = with(basic("expired"), json!({ "client_secret_expires_at": 1_600_000_000 }));
    let server = Server::with(policy, [basic("basic"), post("not offered"), public("public"), expired]);
    let by_form = |client_id: &str, secret: &str| form([("client_id", client_id), ("client_secret", secret)]);
    let replies = [
        send(&server, &authorization("nobody", "s3cret"), ""),
        send(&server, &authorization("basic", "wrong"), ""),
        send(&server, &authorization("basic", ""), ""),
        send(&server, &authorization("Basic", "s3cret"), ""),
        send(&server, &authorization("basic+", "s3cret"), ""),
        send(&server, &authorization("expired", "s3cret"), ""),
        send(&server, &authorization("public", ""), ""),
        send(&server, &authorization("basic", "s3cret"), "client_id=other"),
        send(&server, "Bearer x", "client_id=basic"),
        server.push_form(&by_form("nobody", "s3cret")),
        server.push_form(&by_form("not offered", "s3cret")),
        server.push_form(&by_form("basic", "s3cret")),
        server.push_form(&by_form("basic", &"x".repeat(8192))),
        server.push_form(&by_form("public", "s3cret")),
        server.push_form(&by_form("b\u{e4}sic", "s3cret")),
        server.push_form("client_id=basic"),
        server.push_form("client_id=nobody"),
        server.push_form("client_id=public"),
        server.push_form("client_id=basic&client_secret="),
        server.push_form(&form(with_assertion("x").into_iter().chain([("client_id", "basic")]))),
        server.push_form(&form(with_assertion(&assertion("basic", json!({}))))),
        server.push_form(&form(with_assertion(&assertion("nobody", json!({}))))),
    ];
    for reply in &replies {
        assert_failed(reply);
        assert!(*reply == replies[0], "{}", reply.body());
    }
}

#[test]
fn a_request_without_any_client_is_malformed() {
    // PAR-011
    for body in ["", "response_type=code", "client_id=", "client_secret=s3cret"] {
        let reply = Server::new().push_form(body);
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{body}");
    }
}

#[test]
fn no_more_than_one_method_may_be_used() {
    // CA-001, CA-003, C-12, C-13, C-30
    let good = authorization("basic", "s3cret");
    for (authorization, body) in [
        (Some(&good), "client_secret=s3cret"),
        (Some(&good), "client_secret="),
        (Some(&good), "client_assertion=x"),
        (Some(&good), "client_assertion_type=x"),
        (Some(&good), "client_assertion=&client_assertion_type="),
        (None, "client_id=post&client_secret=s3cret&client_assertion=x&client_assertion_type=y"),
        (None, "client_id=post&client_secret=&client_assertion_type=y"),
        (None, "client_id=post&client_assertion=x"),
        (None, "client_id=post&client_assertion_type=y"),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(authorization.map(|value| ("authorization", &**value)));
        let server = Server::new();
        let reply = server.send(&headers, &format!("{body}&{}", code_request(&[])));
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{body}");
        assert!(server.store.is_empty());
    }
}

#[test]
fn only_the_registered_method_is_good() {
    // PAR-015, CA-023, CA-007, CA-026, N-14, C-14, C-15
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    let server = Server::with(policy, [basic("basic"), post("post"), public("public")]);
    let challenge = [("code_challenge", crate::support::CHALLENGE), ("code_challenge_method", "S256")];
    for client_id in ["basic", "post", "public"] {
        let named: Vec<_> = challenge.into_iter().chain([("client_id", client_id)]).collect();
        let with_secret: Vec<_> = named.iter().copied().chain([("client_secret", "s3cret")]).collect();
        let outcomes = [
            ("basic", server.push_as(client_id, &code_request(&named))),
            ("post", server.push_form(&code_request(&with_secret))),
            ("public", server.push_form(&code_request(&named))),
        ];
        for (method, reply) in outcomes {
            assert_eq!(reply.status(), if method == client_id { 201 } else { 401 }, "{client_id} by {method}");
        }
    }
}

#[test]
fn the_client_in_the_form_must_be_the_one_that_authenticates() {
    // CA-005, P-07, C-10
    let server = Server::new();
    for (client_id, status) in [("basic", 201), ("other", 401), ("Basic", 401), ("nobody", 401), ("basic ", 401)] {
        assert_eq!(server.push(&code_request(&[("client_id", client_id)])).status(), status, "{client_id}");
    }
    assert_eq!(server.store.len(), 1);
}

#[test]
fn public_clients_push_only_behind_the_danger_switch() {
    // CA-002, CA-009, PAR-016, CA-026
    let body = code_request(&[
        ("client_id", "public"),
        ("code_challenge", crate::support::CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut policy = Policy::oauth();
    assert_failed(&Server::with(policy.clone(), [public("public")]).push_form(&body));
    policy.danger_allow_unauthenticated_clients = true;
    let server = Server::with(policy, [public("public")]);
    assert_eq!(server.push_form(&body).status(), 201);
    assert_failed(&server.push_form(&form([("client_id", "nobody")])));
}

#[test]
fn secrets_are_compared_whole() {
    // C-16, C-17
    let registration = with(basic("c1"), json!({ "client_secret": "secret-of-c1" }));
    let server = Server::with(Policy::oauth(), [registration]);
    for wrong in ["Xecret-of-c1", "secret-of-cX", "secret-of-c", "secret-of-c11", "SECRET-OF-C1", " secret-of-c1", "x"]
    {
        assert_failed(&send(&server, &encoded("c1", wrong), &code_request(&[])));
    }
    assert_eq!(send(&server, &encoded("c1", "secret-of-c1"), &code_request(&[])).status(), 201);
}

#[test]
fn every_byte_of_the_longest_secret_counts() {
    // C-21
    let secret = "x".repeat(512);
    let server = Server::with(Policy::oauth(), [with(post("c1"), json!({ "client_secret": secret }))]);
    let push = |secret: &str| server.push_form(&code_request(&[("client_id", "c1"), ("client_secret", secret)]));
    assert_eq!(push(&secret).status(), 201);
    assert_failed(&push(&secret[..511]));
    assert_failed(&push(&format!("{}y", &secret[..511])));
    assert_failed(&push(&format!("{secret}x")));
}

#[test]
fn secrets_rotate_and_expire() {
    // CA-011, CM-010, C-22. The clock starts at 1 700 000 000.
    let registration = with(
        basic("c1"),
        json!({
            "client_secret": "old",
            "client_secret_expires_at": 1_700_000_060,
            "client_secrets": [
                { "client_secret": "new" },
                { "client_secret": "forever", "client_secret_expires_at": 0 },
                // printf %s digested | sha256sum
                { "client_secret_sha256": "62f2b4a72d1b5d56ccac2eea669989c3ae07badc27c3022910f5a9fa9c219ab2" },
                { "client_secret": "gone", "client_secret_expires_at": 1_699_999_999 },
                { "client_secret": "twice", "client_secret_expires_at": 1 },
                { "client_secret": "twice" },
            ],
        }),
    );
    let server = Server::with(Policy::oauth(), [registration]);
    let status = |secret: &str| send(&server, &encoded("c1", secret), &code_request(&[])).status();
    let statuses = || ["old", "new", "forever", "digested", "gone", "twice", "none"].map(status);
    assert_eq!(statuses(), [201, 201, 201, 201, 401, 201, 401]);
    server.pass(59);
    assert_eq!(status("old"), 201);
    server.pass(1);
    assert_eq!(statuses(), [401, 201, 201, 201, 401, 201, 401]);
    let header = authorization("c1", "old");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
    let refusal = pollster::block_on(server.par.push(&FormRequest::new("POST", headers, b""))).unwrap_err();
    assert_eq!(refusal.reason(), Reason::ExpiredSecret);
}

#[test]
fn a_digest_stands_for_its_secret() {
    // CA-024. printf %s s3cret | sha256sum
    let digest = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
    for digest in [digest.to_owned(), digest.to_uppercase()] {
        let registration = json!({
            "client_id": "c1", "redirect_uris": [CALLBACK], "client_secrets": [{ "client_secret_sha256": digest }],
        });
        let server = Server::with(Policy::oauth(), [registration]);
        assert_eq!(server.push_as("c1", &code_request(&[])).status(), 201);
        assert_failed(&send(&server, &authorization("c1", &digest), &code_request(&[])));
    }
}

/// Accepts one secret and notes whom it was asked about.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<(String, usize)>>,
}

impl SecretVerifier for Recorder {
    async fn verify(&self, client_id: &str, secret: &[u8]) -> Result<bool, VerifierError> {
        // As another thread takes its time.
        pause().await;
        self.calls.lock().unwrap().push((client_id.to_owned(), secret.len()));
        Ok(secret == b"s3cret")
    }
}

fn verified(registration: Value, verifier: impl SecretVerifier) -> Client {
    let mut registration = registration;
    registration.as_object_mut().unwrap().remove("client_secret");
    let registration: ClientRegistration = serde_json::from_value(registration).unwrap();
    Client::with_secret_verifier(registration, verifier).unwrap()
}

/// Clients, and one to verify in place of one that does not exist.
struct Slow {
    clients: InMemoryRegistry,
    stand_in: Arc<Client>,
}

impl ClientRegistry for Slow {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        self.clients.client(client_id).await
    }

    fn stand_in(&self) -> Option<Arc<Client>> {
        Some(self.stand_in.clone())
    }
}

fn slow() -> (ParEndpoint<Slow>, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let jwt = json!({ "token_endpoint_auth_method": "client_secret_jwt", "client_secret": LONG_SECRET });
    let clients = [
        verified(basic("basic"), recorder.clone()),
        verified(post("post"), recorder.clone()),
        client(with(basic("jwt"), jwt)),
        client(public("public")),
    ];
    let registry = Slow {
        clients: InMemoryRegistry::new(clients).unwrap(),
        stand_in: Arc::new(verified(basic("stand-in"), recorder.clone())),
    };
    (ParEndpoint::builder(ISSUER).clients(registry).build().unwrap(), recorder)
}

fn send_slow(par: &ParEndpoint<Slow>, authorization: Option<&str>, body: &str) -> Reply {
    let headers = [("content-type", FORM)].into_iter().chain(authorization.map(|value| ("authorization", value)));
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, body))))
}

#[test]
fn a_host_can_verify_secrets_itself() {
    // CA-024
    let (par, recorder) = slow();
    assert_eq!(send_slow(&par, Some(&authorization("basic", "s3cret")), &code_request(&[])).status(), 201);
    assert_failed(&send_slow(&par, Some(&authorization("basic", "wrong")), &code_request(&[])));
    assert_eq!(*recorder.calls.lock().unwrap(), [("basic".to_owned(), 6), ("basic".to_owned(), 5)]);
}

#[test]
fn a_verifier_may_wait_and_the_thread_is_free_in_between() {
    // CA-024
    let (par, recorder) = slow();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let body = code_request(&[]);
    let request = FormRequest::new("POST", headers, &body);
    let mut pushing = Box::pin(par.push(&request));
    assert!(pushing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(recorder.calls.lock().unwrap().is_empty());
    assert!(pollster::block_on(pushing).is_ok());
}

#[test]
fn a_verifier_that_cannot_tell_is_no_reason_to_refuse_for_good_and_does_not_tell_which_clients_exist() {
    // O-02, CA-010, C-18
    struct Down;
    impl SecretVerifier for Down {
        async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
            Err(VerifierError::new("canary: the pool of threads is full"))
        }
    }
    let down = Arc::new(Down);
    let registry = Slow {
        clients: InMemoryRegistry::new([verified(basic("basic"), Arc::clone(&down))]).unwrap(),
        stand_in: Arc::new(verified(basic("stand-in"), down)),
    };
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let observer = move |event: &parjar::Event<'_>| {
        if let parjar::Event::Refused { reason, client_id, .. } = event {
            seen.lock().unwrap().push((*reason, client_id.map(str::to_owned)));
        }
    };
    let par = ParEndpoint::builder(ISSUER).clients(registry).observer(observer).build().unwrap();
    let mut replies = Vec::new();
    for (client_id, by_basic) in [("basic", true), ("basic", false), ("nobody", true), ("nobody", false)] {
        let authorization = authorization(client_id, "s3cret");
        let in_body = form([("client_id", client_id), ("client_secret", "s3cret")]);
        let headers =
            [("content-type", FORM)].into_iter().chain(by_basic.then_some(("authorization", &*authorization)));
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        let request = FormRequest::new("POST", headers, if by_basic { "" } else { &in_body });
        let refusal = pollster::block_on(par.push(&request)).unwrap_err();
        assert_eq!(refusal.reason(), Reason::SecretVerifierUnavailable);
        assert!(refusal.source().unwrap().to_string().contains("canary"));
        assert!(!format!("{refusal} {refusal:?}").contains("canary"));
        replies.push(Reply::from(refusal));
    }
    assert!(replies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!((replies[0].status(), &*error(&replies[0])), (503, "temporarily_unavailable"));
    assert!(replies[0].header("retry-after").is_some());
    let nameless = vec![(Reason::SecretVerifierUnavailable, None); 4];
    assert_eq!(*log.lock().unwrap(), nameless);
}

#[test]
fn a_verifier_never_sees_an_oversized_secret() {
    // C-21
    let (par, recorder) = slow();
    for length in [513, 8192] {
        let secret = "x".repeat(length);
        assert_failed(&send_slow(&par, None, &form([("client_id", "post"), ("client_secret", &secret)])));
    }
    assert!(recorder.calls.lock().unwrap().is_empty());
}

#[test]
fn the_empty_secret_is_nobodys_and_no_verifier_is_asked_about_it() {
    // C-21
    struct Anything(Mutex<usize>);
    impl SecretVerifier for Anything {
        async fn verify(&self, _: &str, _: &[u8]) -> Result<bool, VerifierError> {
            *self.0.lock().unwrap() += 1;
            Ok(true)
        }
    }
    let asked = Arc::new(Anything(Mutex::new(0)));
    let client = |registration: Value| {
        let mut registration = registration;
        registration.as_object_mut().unwrap().remove("client_secret");
        let registration: ClientRegistration = serde_json::from_value(registration).unwrap();
        Client::with_secret_verifier(registration, asked.clone()).unwrap()
    };
    let registry = Slow {
        clients: InMemoryRegistry::new([client(basic("basic")), client(post("post"))]).unwrap(),
        stand_in: Arc::new(client(basic("stand-in"))),
    };
    let mut policy = Policy::oauth();
    for unencoded in [false, true] {
        policy.accept_unencoded_basic_secrets = unencoded;
        let registry = Slow { clients: registry.clients.clone(), stand_in: registry.stand_in.clone() };
        let par = ParEndpoint::builder(ISSUER).clients(registry).policy(policy.clone()).build().unwrap();
        for client_id in ["basic", "post", "nobody"] {
            assert_failed(&send_slow(&par, Some(&authorization(client_id, "")), &code_request(&[])));
            let by_post = code_request(&[("client_id", client_id), ("client_secret", "")]);
            assert_failed(&send_slow(&par, None, &by_post));
        }
        assert_eq!(*asked.0.lock().unwrap(), usize::from(unencoded));
        assert_eq!(send_slow(&par, Some(&authorization("basic", "x")), &code_request(&[])).status(), 201);
    }
}

#[test]
fn a_wrong_secret_takes_one_verification_whatever_else_is_wrong() {
    // CA-010, C-18: the work tells neither which clients exist nor which method they registered.
    for (client_id, by_basic) in [
        ("basic", true),
        ("post", false),
        ("nobody", true),
        ("nobody", false),
        ("post", true),
        ("basic", false),
        ("jwt", true),
        ("jwt", false),
        ("public", true),
    ] {
        let (par, recorder) = slow();
        let reply = if by_basic {
            send_slow(&par, Some(&authorization(client_id, "wrong")), "")
        } else {
            send_slow(&par, None, &form([("client_id", client_id), ("client_secret", "wrong")]))
        };
        assert_failed(&reply);
        assert_eq!(recorder.calls.lock().unwrap().len(), 1, "{client_id}, by Basic: {by_basic}");
    }
}

#[test]
fn a_stand_in_never_lets_anybody_in() {
    let (par, _) = slow();
    for client_id in ["nobody", "stand-in"] {
        assert_failed(&send_slow(&par, Some(&authorization(client_id, "s3cret")), &code_request(&[])));
    }
}

#[test]
fn a_registry_that_finds_another_client_has_found_none() {
    // C-32
    struct Insensitive(Arc<Client>);
    impl ClientRegistry for Insensitive {
        async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
            Ok(Some(self.0.clone()))
        }
    }
    let registry = Insensitive(Arc::new(client(basic("basic"))));
    let par = ParEndpoint::builder(ISSUER).clients(registry).build().unwrap().boxed();
    for (client_id, status) in [("basic", 201), ("BASIC", 201), ("basic+", 401), ("bas", 401), ("ba%C5%BFic", 401)] {
        let authorization = authorization(client_id, "s3cret");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let body = code_request(&[]);
        let reply = Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, &body))));
        assert_eq!(reply.status(), status, "{client_id}");
    }
}

#[test]
fn a_registry_that_cannot_be_asked_is_no_reason_to_refuse_for_good() {
    // O-02, O2-018
    struct Down;
    impl ClientRegistry for Down {
        async fn client(&self, _: &str) -> Result<Option<Arc<Client>>, RegistryError> {
            Err(RegistryError::new("canary: db1.internal"))
        }
    }
    let par = ParEndpoint::builder(ISSUER).clients(Down).build().unwrap();
    let authorization = authorization("basic", "s3cret");
    let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
    let reply = Reply::from(pollster::block_on(par.push(&FormRequest::new("POST", headers, b""))));
    assert_eq!((reply.status(), &*error(&reply)), (503, "temporarily_unavailable"));
    assert!(reply.header("retry-after").is_some());
    assert!(!reply.body().contains("canary"));
}

fn at_token_endpoint(
    server: &Server,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(String, AuthenticationMethod), Refusal> {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let request = FormRequest::new("POST", headers, body);
    let authenticated = pollster::block_on(server.par.authenticate_client(&request))?;
    let client = authenticated.client();
    Ok((client.client().client_id().to_owned(), client.method()))
}

#[test]
fn the_token_endpoint_authenticates_by_the_same_rules() {
    // PAR-006, PAR-014
    let mut policy = Policy::oauth();
    policy.danger_allow_unauthenticated_clients = true;
    policy.pushed_authorization_requests = false;
    let server = Server::with(policy, [basic("basic"), post("post"), public("public")]);
    let token = "grant_type=authorization_code&code=x&code_verifier=y&redirect_uri=z";
    let good = authorization("basic", "s3cret");
    let wrong = authorization("basic", "wrong");
    let authorized = |value| [("content-type", FORM), ("authorization", value)];
    assert_eq!(
        at_token_endpoint(&server, &authorized(&good), token).unwrap(),
        ("basic".to_owned(), AuthenticationMethod::ClientSecretBasic)
    );
    assert_eq!(
        at_token_endpoint(&server, &[("content-type", FORM)], &format!("{token}&client_id=post&client_secret=s3cret"))
            .unwrap(),
        ("post".to_owned(), AuthenticationMethod::ClientSecretPost)
    );
    assert_eq!(
        at_token_endpoint(&server, &[("content-type", FORM)], &format!("{token}&client_id=public")).unwrap(),
        ("public".to_owned(), AuthenticationMethod::None)
    );
    assert_failed(&Reply::from(at_token_endpoint(&server, &authorized(&wrong), token).unwrap_err()));
    for (headers, body) in [
        (&authorized(&good)[..], "grant_type=a&grant_type=a"),
        (&authorized(&good)[..], "client_secret=s3cret"),
        (&[("authorization", &*good)], token),
        (&[("content-type", FORM)], token),
    ] {
        let reply = Reply::from(at_token_endpoint(&server, headers, body).unwrap_err());
        assert_eq!((reply.status(), &*error(&reply)), (400, "invalid_request"), "{body}");
    }
}

#[test]
fn the_token_endpoint_gets_the_parameters_without_credentials() {
    // PAR-006, P-01
    let server = Server::with(Policy::oauth(), [post("post"), asserter("keyed")]);
    let parameters = |body: &str| {
        let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], body);
        pollster::block_on(server.par.authenticate_client(&request)).unwrap().into_parts().1
    };
    let others = [("grant_type", "authorization_code"), ("code", "a b"), ("x", "ü"), ("x-empty", "")];
    let secret = [("client_id", "post"), ("client_secret", "s3cret")];
    let read = parameters(&form(others.into_iter().chain(secret)));
    let expected = [("grant_type", "authorization_code"), ("code", "a b"), ("x", "ü"), ("client_id", "post")];
    assert!(read.iter().eq(expected));
    let jwt = assertion("keyed", json!({}));
    let read = parameters(&form(others.into_iter().chain(with_assertion(&jwt))));
    assert!(read.iter().eq(expected[..3].iter().copied()));
}

#[test]
fn failures_are_reported_to_observers_with_reason_and_registered_client() {
    // C-33
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let par = ParEndpoint::builder(ISSUER)
        .clients(InMemoryRegistry::new([client(basic("basic"))]).unwrap())
        .clock(ManualClock::default())
        .observer(move |event: &parjar::Event<'_>| {
            if let parjar::Event::Refused { stage, reason, client_id, .. } = event {
                log.lock().unwrap().push((stage.as_str(), *reason, client_id.map(str::to_owned)));
            }
        })
        .build()
        .unwrap();
    let push = |header: &str| {
        let headers = [("content-type", FORM.as_bytes()), ("authorization", header.as_bytes())];
        pollster::block_on(par.push(&FormRequest::new("POST", headers, b""))).unwrap_err()
    };
    for _ in 0..100 {
        push(&authorization("basic", "wrong"));
    }
    push(&authorization("nobody", "x"));
    push("Basic x");
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 102);
    assert_eq!(seen[99], ("push", Reason::WrongSecret, Some("basic".to_owned())));
    assert_eq!(seen[100], ("push", Reason::UnknownClient, None));
    assert_eq!(seen[101], ("push", Reason::MalformedAuthorization, None));
}

#[test]
fn what_cannot_be_a_client_id_never_reaches_the_registry() {
    // C-32: a database may choke on it, and a log may be forged with it
    struct Asked(Arc<Mutex<Vec<String>>>);
    impl ClientRegistry for Asked {
        async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
            self.0.lock().unwrap().push(client_id.to_owned());
            Ok(None)
        }
    }
    let asked = Arc::new(Mutex::new(Vec::new()));
    let par = ParEndpoint::builder(ISSUER).clients(Asked(asked.clone())).clock(ManualClock::default()).build().unwrap();
    let long = "x".repeat(2049);
    for client_id in ["", "a\0b", "a\nb", "é", &*long] {
        let bodies = [form(with_assertion(&assertion(client_id, json!({})))), form([("client_id", client_id)])];
        for body in bodies {
            let request = FormRequest::new("POST", [("content-type", FORM.as_bytes())], &body);
            assert!(pollster::block_on(par.push(&request)).is_err());
        }
        let query = form([("client_id", client_id), ("response_type", "code")]);
        assert!(pollster::block_on(par.authorize(&query, browser_with(None))).is_err());
    }
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}
