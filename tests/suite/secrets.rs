//! What must never be seen: credentials, handles and values of requests, in no `Debug`, no error text, no event and no reply.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use parjar::{
    AuthorizeRefusal, ClientCertificate, ClientRegistration, DenialCode, ErrorCode, Event, FormError, FormRequest,
    InMemoryRegistry, ParEndpoint, Parameters, Policy, Reason, RedirectUriError, Rejection, Reply, store::StoreError,
};
use serde_json::{Value, json};

use crate::{
    store_double::{Call, Disturbance, StoreDouble},
    support::{
        CALLBACK, CHALLENGE, FORM, ISSUER, Server, authorization, basic, body, browser_with, client, code_request,
        form, request_uri, with,
    },
};

const CANARY: &str = "cAnArY";

/// Notes how everything looks that passes through a store, and what of it is bytes.
#[derive(Clone, Default)]
struct Watch {
    shown: Arc<Mutex<Vec<String>>>,
    payloads: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Disturbance for Watch {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreError> {
        let shown = match call {
            Call::Insert(request) => {
                self.payloads.lock().unwrap().push(request.payload.to_vec());
                format!("{request:?}")
            }
            Call::Claim(claim) | Call::Consume(claim) => format!("{claim:?}"),
            Call::Annotate(annotation) => format!("{annotation:?}"),
            Call::Extend | Call::Remember => return Ok(()),
        };
        self.shown.lock().unwrap().push(shown);
        Ok(())
    }
}

/// A canary as it looks when its bytes are printed as a list of numbers.
fn as_numbers(text: &str) -> String {
    text.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")
}

fn assert_hidden(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!shown.contains(&as_numbers(secret)), "{shown}");
    }
}

#[test]
fn nothing_that_passes_through_shows_a_secret_a_handle_or_a_value() {
    // P-01, P-36, O-01
    let watched = StoreDouble::<Watch>::default();
    let shown = watched.shown.clone();
    let registration = with(
        basic("post"),
        json!({ "token_endpoint_auth_method": "client_secret_post", "client_secret": "cAnArY-secret" }),
    );
    let registry = InMemoryRegistry::new([client(registration)]).unwrap();
    let log = shown.clone();
    let builder = ParEndpoint::builder(ISSUER)
        .clients(registry.clone())
        .store(watched.clone())
        .observer(move |event: &Event<'_>| log.lock().unwrap().push(format!("{event:?}")));
    let show = |value: &dyn Debug| shown.lock().unwrap().push(format!("{value:?}\n{value:#?}"));
    show(&builder);
    let par = builder.build().unwrap();
    show(&par);
    show(&registry);
    show(&watched.memory);

    let form_body = code_request(&[
        ("client_id", "post"),
        ("client_secret", "cAnArY-secret"),
        ("login_hint", "cAnArY@x.example"),
        ("state", "cAnArY-state"),
        ("nonce", "cAnArY-nonce"),
        ("cAnArY-name", "cAnArY-unknown"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("claims", r#"{"id_token":{"cAnArY":null}}"#),
    ]);
    let headers = [("content-type", FORM.as_bytes()), ("x-forwarded-for", b"cAnArY")];
    let certificate = ClientCertificate::with_verified_chain(CANARY.as_bytes());
    show(&certificate);
    let request = FormRequest::new("POST", headers, &form_body).with_client_certificate(certificate);
    show(&request);
    let authenticated = pollster::block_on(par.authenticate_client(&request)).unwrap();
    show(&authenticated);
    show(authenticated.client());
    show(authenticated.client().client());
    show(authenticated.parameters());
    let pushed = pollster::block_on(par.push(&request)).unwrap();
    show(&pushed);
    let handle = pushed.request_uri().to_owned();
    show(&parjar::RequestUri::parse(&handle).unwrap());
    let reply = Reply::from(pushed);
    show(&reply);

    let query = format!("client_id=post&request_uri={handle}");
    let pending = pollster::block_on(par.authorize(&query, browser_with(Some("cAnArY-cookie")))).unwrap();
    show(&pending);
    show(pending.request());
    show(pending.request().parameters());
    show(pending.request().redirect_uri());
    show(&pending.request().code_challenge());
    let granted = pollster::block_on(par.complete(&pending)).unwrap();
    show(&granted);
    let redirect = crate::host::respond(&granted, [("code", "cAnArY-code")]);
    show(&redirect);
    show(&Reply::from(redirect));
    let refused = pollster::block_on(par.complete(&pending)).unwrap_err();
    show(&refused);
    show(&refused.refusal());
    show(&par.clone().boxed());
    show(&Parameters::parse(form_body.as_bytes(), &Policy::oauth().limits).unwrap());

    let reference = handle.rsplit(':').next().unwrap();
    for shown in shown.lock().unwrap().iter() {
        assert_hidden(shown, &[CANARY, CHALLENGE, CALLBACK, reference]);
    }
    for payload in watched.payloads.lock().unwrap().iter() {
        let payload = String::from_utf8_lossy(payload);
        assert!(
            !payload.contains("cAnArY-secret") && !payload.contains("client_secret") && !payload.contains(reference)
        );
        assert!(payload.contains("cAnArY-state"));
    }
}

#[test]
fn a_registration_shows_neither_secrets_nor_their_digests() {
    // O-01
    let digest = "1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
    let document = with(
        basic("c1"),
        json!({
            "client_secret": "cAnArY-1",
            "client_secrets": [{ "client_secret": "cAnArY-2" }, { "client_secret_sha256": digest }],
        }),
    );
    let registration: ClientRegistration = serde_json::from_value(document).unwrap();
    let shown = format!("{registration:?}{:?}{:?}", registration.client_secret, registration.client_secrets);
    assert_hidden(&shown, &[CANARY, digest]);
    assert_hidden(&format!("{:?}", client(serde_json::to_value(registration).unwrap())), &[CANARY, digest]);
}

const FAULTS: [RedirectUriError; 18] = [
    RedirectUriError::Empty,
    RedirectUriError::TooLong,
    RedirectUriError::Lexical,
    RedirectUriError::Fragment,
    RedirectUriError::Unparsable,
    RedirectUriError::UserInfo,
    RedirectUriError::Scheme,
    RedirectUriError::NotCanonical,
    RedirectUriError::Different,
    RedirectUriError::NotLoopback,
    RedirectUriError::OtherHost,
    RedirectUriError::PortZero,
    RedirectUriError::OtherPath,
    RedirectUriError::OtherQuery,
    RedirectUriError::OtherOrigin,
    RedirectUriError::AmbiguousPath,
    RedirectUriError::ResponseParameter,
    RedirectUriError::UnregistrableHost,
];

const REASONS: [Reason; 69] = [
    Reason::MethodNotAllowed,
    Reason::ContentType,
    Reason::ContentEncoding,
    Reason::RepeatedHeader,
    Reason::QueryNotEmpty,
    Reason::Form(FormError::TooLarge),
    Reason::Form(FormError::MalformedEncoding),
    Reason::Form(FormError::NotUtf8),
    Reason::Form(FormError::ControlCharacter),
    Reason::Form(FormError::MalformedName),
    Reason::Form(FormError::DuplicateParameter),
    Reason::Form(FormError::TooManyParameters),
    Reason::Form(FormError::NameTooLong),
    Reason::Form(FormError::ValueTooLong),
    Reason::PushSwitchedOff,
    Reason::RequestUriPushed,
    Reason::MissingClientId,
    Reason::SeveralMethods,
    Reason::HalfAssertion,
    Reason::MalformedAuthorization,
    Reason::UnknownClient,
    Reason::ClientMismatch,
    Reason::WrongMethod,
    Reason::MethodNotOffered,
    Reason::WrongSecret,
    Reason::ExpiredSecret,
    Reason::MissingCredentials,
    Reason::RequestNotSupported,
    Reason::SignatureRequired,
    Reason::EncryptionRequired,
    Reason::NoAuthorizationFlow,
    Reason::MissingResponseType,
    Reason::ResponseTypeNotOffered,
    Reason::ResponseTypeNotRegistered,
    Reason::ResponseMode,
    Reason::MissingRedirectUri,
    Reason::MalformedScope,
    Reason::ScopeNotOffered,
    Reason::ScopeNotRegistered,
    Reason::MalformedState,
    Reason::MissingNonce,
    Reason::MissingCodeChallenge,
    Reason::ChallengeMethodAlone,
    Reason::ChallengeMethod,
    Reason::MalformedCodeChallenge,
    Reason::PromptNone,
    Reason::MalformedMaxAge,
    Reason::MalformedClaims,
    Reason::RegistrationNotSupported,
    Reason::MalformedResource,
    Reason::MalformedAuthorizationDetails,
    Reason::DetailTypeNotOffered,
    Reason::DetailTypeNotRegistered,
    Reason::PerRequestRedirectUriFlow,
    Reason::PerRequestRedirectUriMode,
    Reason::PushRequired,
    Reason::ExternalRequestUri,
    Reason::MalformedRequestUri,
    Reason::UnknownRequestUri,
    Reason::SpentRequestUri,
    Reason::ForeignRequestUri,
    Reason::OtherBrowser,
    Reason::UnreadableRecord,
    Reason::RedirectUriWithdrawn,
    Reason::ClientLimit,
    Reason::StoreFull,
    Reason::StoreUnavailable,
    Reason::RegistryUnavailable,
    Reason::RandomSource,
];

#[test]
fn every_public_text_is_printable_ascii_that_needs_no_escaping() {
    // O2-017, O-02, HTTP-010
    let hosts = ["", "fine", "tab\t", "quote\"", "back\\slash", "caf\u{e9}", "line\n"]
        .map(|text| Reason::Host(Rejection::new(ErrorCode::InvalidScope, "label", text)));
    let mut labels = std::collections::BTreeSet::new();
    for reason in REASONS.into_iter().chain(FAULTS.map(Reason::RedirectUri)).chain(hosts) {
        let good = |text: &str| text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        assert!(good(reason.description()) && good(reason.code().as_str()), "{reason}");
        let snake_case = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!(reason.label().bytes().all(snake_case), "{reason}");
        assert_eq!(reason.to_string(), reason.label());
        labels.insert(reason.label());
    }
    assert_eq!(labels.len(), REASONS.len() + FAULTS.len() + 1, "labels are distinct");
}

#[test]
fn codes_and_statuses_are_those_of_their_specifications() {
    // Section M, O2-013, PAR-033, PAR-037
    for reason in REASONS.into_iter().chain(FAULTS.map(Reason::RedirectUri)) {
        let statuses: &[u16] = match reason.code().as_str() {
            "invalid_request" => &[400, 404, 405, 413],
            "invalid_client" => &[401],
            "server_error" => &[500],
            "temporarily_unavailable" => &[429, 503],
            "unauthorized_client" | "unsupported_response_type" | "invalid_scope" | "invalid_request_uri" => &[400],
            "request_not_supported" | "request_uri_not_supported" | "registration_not_supported" => &[400],
            "invalid_target" | "invalid_authorization_details" => &[400],
            other => panic!("{other}"),
        };
        assert!(statuses.contains(&reason.status()), "{reason}");
    }
}

#[test]
fn no_reply_repeats_what_was_sent() {
    // HTTP-010, O-02, O-03
    let evil = "cAnArY\"}<script>";
    let canary = json!({ CANARY: CANARY }).to_string();
    let bodies = [
        code_request(&[(evil, evil), (evil, "x")]),
        form([("response_type", evil), ("redirect_uri", CALLBACK)]),
        form([("response_type", "code"), ("redirect_uri", evil)]),
        form([("response_type", "code"), ("redirect_uri", "https://canary.example/cAnArY")]),
        code_request(&[("scope", evil)]),
        code_request(&[("state", "cAnArY\u{e9}")]),
        code_request(&[("response_mode", evil)]),
        code_request(&[("code_challenge", evil), ("code_challenge_method", "S256")]),
        code_request(&[("code_challenge", CHALLENGE), ("code_challenge_method", evil)]),
        code_request(&[("prompt", "none cAnArY")]),
        code_request(&[("max_age", evil)]),
        code_request(&[("claims", evil)]),
        code_request(&[("claims", &format!("{{\"id_token\":{canary}}}"))]),
        code_request(&[("resource", evil)]),
        code_request(&[("authorization_details", &format!("[{canary}]"))]),
        code_request(&[("authorization_details", r#"[{"type":"cAnArY"}]"#)]),
        code_request(&[("registration", evil)]),
        code_request(&[("request", evil)]),
        code_request(&[("request_uri", evil)]),
        code_request(&[("client_id", evil)]),
        code_request(&[("client_secret", evil)]),
        format!("cAnArY=%zz&{}", code_request(&[])),
        format!("{}=1", CANARY.repeat(20)),
    ];
    let shown = Arc::new(Mutex::new(String::new()));
    let server = Server::new();
    for body_text in bodies {
        let refusal = server.try_push(body_text.as_bytes()).unwrap_err();
        shown.lock().unwrap().push_str(&format!("{refusal}\n{refusal:?}\n"));
        let reply = Reply::from(&refusal);
        let members: Vec<_> = body(&reply).as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["error", "error_description"]);
        assert_eq!(body(&reply)["error_description"], refusal.description());
        shown.lock().unwrap().push_str(reply.body());
        for (name, value) in reply.headers() {
            shown.lock().unwrap().push_str(&format!("{name}: {value}"));
            assert!(value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)));
        }
    }
    for header in [authorization(CANARY, CANARY), format!("Basic {CANARY}"), format!("Bearer {CANARY}")] {
        let reply = server.send(&[("content-type", FORM), ("authorization", &header)], "");
        shown.lock().unwrap().push_str(reply.body());
    }
    assert!(!shown.lock().unwrap().contains(CANARY));
}

#[test]
fn what_a_store_says_stays_out_of_replies_but_not_of_the_error_chain() {
    // O-02
    let refused = AuthorizeRefusal::from(Server::new().try_push(b"x=%zz").unwrap_err());
    assert_eq!(refused.to_string(), "invalid_request (malformed_encoding)");
    assert!(std::error::Error::source(&refused).is_none());
}

#[test]
fn an_authorization_error_is_no_answer_to_a_push() {
    // PAR-037
    for error in [
        DenialCode::LoginRequired,
        DenialCode::ConsentRequired,
        DenialCode::InteractionRequired,
        DenialCode::AccountSelectionRequired,
        DenialCode::UnmetAuthenticationRequirements,
    ] {
        assert!(REASONS.iter().all(|reason| reason.code().as_str() != error.as_str()));
    }
}

#[test]
fn a_handle_says_nothing_about_its_request() {
    // PK-007, P-39
    let server = Server::new();
    let handles: Vec<String> = (0..2).map(|_| request_uri(&server.push(&code_request(&[])))).collect();
    let common = handles[0].bytes().rev().zip(handles[1].bytes().rev()).take_while(|(a, b)| a == b).count();
    assert!(common < 5);
    let value: Value = serde_json::to_value(&handles).unwrap();
    assert!(!value.to_string().contains("basic"));
}
